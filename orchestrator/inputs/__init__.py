"""What `analyze` is given, when it is given much: several inputs on all cores, within the memory there is."""

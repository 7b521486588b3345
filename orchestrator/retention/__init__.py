"""What is kept for how long: which files go, in which order, and which never do."""

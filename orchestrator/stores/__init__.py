"""One contract for keeping requests, and the stores behind it."""

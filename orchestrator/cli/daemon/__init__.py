"""Commands of the daemon."""

"""Commands about what is stored, and where."""

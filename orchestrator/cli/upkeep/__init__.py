"""Commands that look after a home, and after whoever must know."""

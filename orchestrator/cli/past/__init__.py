"""Commands that look back over campaigns."""

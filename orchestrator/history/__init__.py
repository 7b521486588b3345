"""What Runs came to over weeks: their figures kept, gathered, and the last good night among them."""

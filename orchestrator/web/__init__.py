"""The read-only web page of `stallwatch serve`: a process of its own that shows what is stored."""

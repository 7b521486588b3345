"""From what k6 writes to the request table: blocks, samples, rows."""

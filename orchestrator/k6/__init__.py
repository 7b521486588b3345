"""k6: find and version the binary, wrap the script, launch it, decode its samples."""

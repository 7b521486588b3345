"""What commands show: lines, tables, progress, and where a crash is written."""

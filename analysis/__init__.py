"""Pure functions over arrays and frames: no file, clock, network or log."""

"""Files of samples that were made elsewhere: read for `analyze`, or kept as Runs."""

"""What is normal: the samples, their baseline, where Episodes can be, what the load explains."""

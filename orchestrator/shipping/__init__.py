"""From what is on disk to InfluxDB: in order, again and again until it is there, and never in a Run's way."""

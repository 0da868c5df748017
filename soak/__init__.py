"""Many scrapes of a fleet of which half fails: does the exporter stay as it was? `make soak`."""

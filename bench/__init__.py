"""What the exporter costs, measured side by side on real Kea; `make bench`."""

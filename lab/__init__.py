"""Real Kea, Prometheus and certificates on loopback, for the tests and the demo (never shipped)."""

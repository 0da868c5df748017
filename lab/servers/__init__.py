"""Real servers: Kea, Prometheus and Alertmanager in chroots, and DHCP clients."""

"""Dashboards for Grafana: `src` is what they are written from, `dashboards` what Grafana reads."""

"""The dashboards as code; `python -m grafana.src` writes them anew."""

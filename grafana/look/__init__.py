"""The dashboards in the parts of Grafana that come by npm; `make look`."""

"""`make demo`: the exporter on a fleet of real servers, with faults to inject."""

"""Tests of the exporter's own pages and of how they are served."""

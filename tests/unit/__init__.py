"""Tests of the exporter's parts."""

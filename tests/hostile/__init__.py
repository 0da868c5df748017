"""Tests with peers and clients that break every rule."""

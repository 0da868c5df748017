"""Tests on real servers from the lab."""

"""Tests of documents, rules, dashboards and workflows."""

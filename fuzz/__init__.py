"""Fuzzing, guided by coverage (atheris): `make fuzz`. What is found becomes a case of tests/hostile/test_fuzz.py."""

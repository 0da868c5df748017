"""A simulated Kea, for people without root or Debian, and for tests: what it answers is held to what real Kea does."""

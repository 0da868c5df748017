"""What is learnt about a daemon: frozen values, with a `Failure` in the place of each that could not be learnt."""

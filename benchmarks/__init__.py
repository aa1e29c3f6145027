"""Measurements: each a command of its own, with a goal and an exit status."""

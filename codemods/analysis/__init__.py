"""Answers questions about a module: names, lives, effects.  Builds nothing, decides nothing."""

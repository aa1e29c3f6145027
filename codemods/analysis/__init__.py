"""Answers questions about a module: names, lifetimes, effects.  Builds nothing, decides nothing."""

"""Blocks that are open while control is elsewhere: of generators, and of fixtures."""

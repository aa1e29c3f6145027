"""The way back: blocks as the legacy calls that they stand for."""

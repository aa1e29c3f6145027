"""Blocks that may be open while control is elsewhere."""

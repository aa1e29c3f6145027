"""Trackers that objects keep in fields, and how they come to be there."""

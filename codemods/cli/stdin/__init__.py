"""Runs on a text that is read, as editors and hooks have one that is on no disk yet."""

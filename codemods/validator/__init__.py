"""Checks each rewritten file against the original, without knowing how it was rewritten."""

"""Rewrites that reach over several files: made in all of them or in none."""

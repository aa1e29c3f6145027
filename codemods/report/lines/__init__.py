"""Lines for a person: one a place, or the source around it."""

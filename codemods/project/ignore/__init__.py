"""Which files git would take."""

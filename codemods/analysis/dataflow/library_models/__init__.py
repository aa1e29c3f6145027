"""What functions that are not in sight do with an argument: one table, with its sources."""

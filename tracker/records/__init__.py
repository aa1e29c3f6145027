"""Records of calls: accepted, made free of what no store may have, built into metrics."""

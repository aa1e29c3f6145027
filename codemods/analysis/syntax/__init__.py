"""What stands in one module: its tree, scopes, names, and calls."""

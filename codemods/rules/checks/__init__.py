"""What stands against a rewrite: each check is one question."""

"""What stands against a rewrite because of others: of the same run, or there already."""

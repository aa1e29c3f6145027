"""Ids that set calls give in other ways than by plain arguments: by tests, twice, unpacked."""

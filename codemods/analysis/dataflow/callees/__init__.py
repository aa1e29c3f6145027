"""Which functions in sight a call may be a call of."""

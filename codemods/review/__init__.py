"""A person says of each proposal whether it is made; what depended on one goes with it."""

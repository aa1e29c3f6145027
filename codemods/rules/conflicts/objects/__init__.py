"""Objects that have the tracker of a block, and which of them work in it."""

"""The original application on our runtime: each of its modules is the documented line."""

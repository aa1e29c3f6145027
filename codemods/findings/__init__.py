"""What becomes of findings: which rules are selected, which comments silence, what was known."""

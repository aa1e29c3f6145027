"""What is written because of findings: comments that silence, and rewrites of what is told of."""

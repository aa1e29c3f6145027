"""Where a program looks at what its tracker has stored."""

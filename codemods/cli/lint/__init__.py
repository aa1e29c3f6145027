"""The options of lint, and what it does with them beside linting."""

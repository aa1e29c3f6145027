"""The parts of a rewrite: its block, header, imports, and what becomes needless."""

"""Names across files: who speaks of them, who replaces them, and what they stand for."""

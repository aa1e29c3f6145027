"""Breaks the rewriter on purpose, many small ways, and asks whether somebody notices."""

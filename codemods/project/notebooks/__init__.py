"""Jupyter notebooks: their code cells as one module, and rewritten code back in its cells."""

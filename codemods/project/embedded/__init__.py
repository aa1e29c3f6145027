"""Code that stands in another text: documents, examples in docstrings, and notebooks."""

"""Changes of a program that mean nothing to Python, and so must mean nothing to the tools.

Each kind of change is a function, listed in ``kinds.py``: it takes the files of a project and a
random generator, and returns a ``Variation``.  ``check.py`` migrates both forms, and tells where
the outcomes differ.
"""

"""The files of a run: found, read, written, and put back."""

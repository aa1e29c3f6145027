"""The undo journal: what the files of a run were before it, and putting them back."""

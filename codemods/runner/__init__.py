"""The middle of a run: from files to outcomes, in order, and what several files share."""

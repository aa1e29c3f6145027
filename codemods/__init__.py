"""Moves code from hand-configured AI usage trackers to context managers."""

from codemods.startup import keep_out_the_current_folder

# Here, because nothing of this package is imported earlier.
keep_out_the_current_folder()

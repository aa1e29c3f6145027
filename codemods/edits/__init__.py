"""Builds the edited text with LibCST, at the places that a proposal names.  Decides nothing."""

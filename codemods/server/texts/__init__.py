"""The open texts, the places in them, and what changes them."""

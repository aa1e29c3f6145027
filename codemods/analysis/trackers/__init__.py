"""Trackers: their lifetimes, owners, contexts and batches, and what they are replaced by."""

"""Rules that report and never rewrite."""

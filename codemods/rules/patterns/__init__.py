"""The legacy patterns, one file each: each is rewritten, or refused with a reason."""

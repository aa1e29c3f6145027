"""Records that are on disk and not yet in every store they are meant for."""

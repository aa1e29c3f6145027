"""Where a tracker goes: what holds it, what is called with it, and what lets it out."""

"""Work that is done later: callbacks, generators, tasks, and whatever waits for them."""

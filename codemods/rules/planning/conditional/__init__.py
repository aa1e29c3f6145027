"""One block for ids that several calls set, under conditions, twice, or later in the block."""

"""Reading stored metrics back: sums by one dimension, as a table, JSON or CSV."""

"""What providers say that was used and paid, beside what was recorded here."""

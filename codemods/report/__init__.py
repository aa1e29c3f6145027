"""What a run says about itself: text, diff, JSON and the exit status."""

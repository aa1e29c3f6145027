"""One page about a run, to be opened in a browser, sent, and printed: it loads nothing."""

"""One file a rule: each asks the analysis, and proposes a rewrite or refuses it with a reason."""

"""One migration of many repositories: a clone, a branch and a patch of each."""

"""The language server: what editors are told of a text while it is typed, and offered to do."""

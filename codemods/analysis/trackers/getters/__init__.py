"""Functions of the project that give one tracker, the same for all who ask."""

"""A stand-in of the original, written from its description, with the faults it was known for."""

"""How far a project has come: what is left of legacy calls, where, whose, and since when."""

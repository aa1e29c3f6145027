"""Budgets: what calls may cost, asked before each of them and settled after it."""

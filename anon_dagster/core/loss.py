"""How losses are compared."""

TIE = 1e-12
"""Losses this close are equal; the lexicographically smallest levels win."""

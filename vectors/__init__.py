"""Hostile tables with the right answers of every privacy model, for any tool; see README.md."""

"""Scorers of a class with attributes beside it."""

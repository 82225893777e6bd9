"""Scores from the labels of nearest neighbors."""

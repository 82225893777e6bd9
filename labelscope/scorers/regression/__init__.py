"""Scorers of continuous targets."""

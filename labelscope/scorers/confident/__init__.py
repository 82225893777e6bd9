"""Confident learning and the label quality scores of its family."""

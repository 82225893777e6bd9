"""Data in: datasets, labels, media, frames and the readers of every source."""

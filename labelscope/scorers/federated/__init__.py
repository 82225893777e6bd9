"""Methods for data of several parties, which share parameters and never rows."""

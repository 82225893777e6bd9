"""Methods that compare the given label with what several people answered."""

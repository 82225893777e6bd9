"""Methods that look at where rows lie in a representation that was made without labels."""

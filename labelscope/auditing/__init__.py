"""From a dataset to an audit: which evidence is missing, in what order it is made, and what it says."""

"""Review: what people decide about labels, on disk before it is acknowledged, and the labels that follow from it."""

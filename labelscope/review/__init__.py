"""Review: what people decide about labels, on disk before it is acknowledged, and what follows from it."""

"""The modules of the nutrition label: one file makes one part of its document, others show it."""

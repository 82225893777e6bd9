"""Probabilities of several models made one; it lives with the labels, which read lists of models by it."""

from __future__ import annotations

from labelscope.data.model_mixture import combine_models

__all__ = ["combine_models"]

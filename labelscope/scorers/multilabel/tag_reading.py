"""What methods for tags read from evidence: tags, probabilities and neighbors, validated once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError, InvalidTypeError, MissingEvidenceError
from labelscope.evidence.given_tags import as_tags
from labelscope.types import Array, BoolArray, Evidence, FloatArray, IntArray

_EDGE = 1e-6


@dataclass(frozen=True)
class TagEvidence:
    """Tags and what is known about them.

    Attributes
    ----------
    tags : (n, K) int8
        1 present, 0 absent, -1 unknown.
    probs : (n, K) float32 or None
    knn_ids : (n, k) int or None
    """

    tags: IntArray
    probs: FloatArray | None = None
    knn_ids: IntArray | None = None

    @property
    def labelled(self) -> BoolArray:
        """(n,) bool: rows of which something is known."""
        return np.asarray((self.tags >= 0).any(axis=1))


def read_tags(evidence: Evidence, by: str, *, needs: tuple[str, ...] = ()) -> TagEvidence:
    """Read and validate tags and what stands beside them.

    Parameters
    ----------
    evidence : Evidence
        ``given_labels`` (n, K); ``pred_probs`` (n, K) and ``knn_ids`` (n, k) where there are any.
    by : str
        Name of the scorer, for messages.
    needs : tuple of str
        What must be there.

    Raises
    ------
    MissingEvidenceError
        Something needed is absent.
    InvalidInputError, InvalidTypeError
        Shapes or values do not fit.
    """
    for name in ("given_labels", *needs):
        if name not in evidence:
            raise MissingEvidenceError.of(name, by, evidence)
    tags = as_tags(evidence["given_labels"])
    probs = None
    if "pred_probs" in evidence:
        probs = check_tag_probs(evidence["pred_probs"], tags.shape)
    return TagEvidence(tags, probs, _neighbors(evidence, len(tags)))


def check_tag_probs(given: Any, shape: tuple[int, ...], name: str = "pred_probs") -> FloatArray:
    """Return probabilities (n, K) float32; raises InvalidInputError where they do not fit the tags."""
    try:
        probs = np.asarray(given, dtype=np.float32)
    except (TypeError, ValueError):
        raise InvalidTypeError(
            f"{name} holds something that is no number.", "Pass an (n, K) array of probabilities."
        ) from None
    if probs.shape != tuple(shape):
        raise InvalidInputError(
            f"{name} has the shape {probs.shape}, but the tags have {tuple(shape)}.",
            "Pass one probability for each row and tag, with columns in the order of the tags.",
        )
    if probs.size and not (np.isfinite(probs).all() and probs.min() >= -_EDGE and probs.max() <= 1 + _EDGE):
        bad = int((~(np.isfinite(probs) & (probs >= 0) & (probs <= 1))).sum())
        raise InvalidInputError(
            f"{name} holds {bad:,} entries that are no probabilities of a tag: NaN, below 0 or above 1.",
            "Each entry is the probability that the row has the tag; rows need not sum to 1.",
        )
    return np.clip(probs, 0, 1)


def _neighbors(evidence: Evidence, n: int) -> IntArray | None:
    if "knn_ids" not in evidence:
        return None
    ids: Array = np.asarray(evidence["knn_ids"])
    if ids.ndim != 2 or len(ids) != n:
        raise InvalidInputError(
            f"knn_ids has shape {ids.shape}, but there are {n:,} rows.",
            "Pass an (n, k) array of row positions, the row itself left out.",
        )
    if ids.size and (ids.min() < -1 or ids.max() >= n):
        raise InvalidInputError(
            f"knn_ids holds positions from {ids.min()} to {ids.max()}, but rows go from 0 to {n - 1}.",
            "Pass row positions; -1 stands for a neighbor that is not there.",
        )
    return ids


def shares(tags: IntArray, knn_ids: IntArray) -> tuple[FloatArray, IntArray]:
    """Count who among the neighbors has each tag, and how many have an opinion on it.

    Parameters
    ----------
    tags : (n, K) int8
    knn_ids : (n, k) int
        -1 stands for a neighbor that is not there.

    Returns
    -------
    counts : (n, K) float32
    votes : (n, K) int32
    """
    n, n_tags = tags.shape
    counts = np.zeros((n, n_tags), dtype=np.float32)
    votes = np.zeros((n, n_tags), dtype=np.int32)
    for column in knn_ids.T:
        there = (column >= 0)[:, None]
        heard = tags[column]
        counts += (heard == 1) & there
        votes += (heard >= 0) & there
    return counts, votes

"""What judges are shown: texts or features, the names of the classes, and for those that learn, labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.errors import InvalidInputError, MissingEvidenceError, UnreadableMediaError
from labelscope.evidence.feature_checks import check_features
from labelscope.evidence.given import given_codes, group_codes
from labelscope.types import Array, Evidence, FloatArray, IntArray

if TYPE_CHECKING:
    from labelscope.data.dataset import Dataset


@dataclass(frozen=True)
class Cases:
    """Rows to be judged.

    Attributes
    ----------
    n : int
        Number of rows.
    classes : tuple of str
        Names of the K classes.
    texts : tuple of str or None
        What a row says; unreadable rows are empty.
    features : (n, d) float32 or None
    codes : (n,) int64 or None
        Given labels, -1 for unlabelled rows; None in `blind` cases.
    groups : (n,) int64 or None
        Rows that must not learn from each other.
    random_state : int
    """

    n: int
    classes: tuple[str, ...]
    texts: tuple[str, ...] | None = None
    features: FloatArray | None = None
    codes: IntArray | None = None
    groups: IntArray | None = None
    random_state: int = 0

    def blind(self) -> Cases:
        """Return the same cases without given labels: all that a judge may see that does not learn."""
        return replace(self, codes=None)

    def items(self, by: str) -> Sequence[Any] | Array:
        """Return texts where there are any, else rows of features.

        Raises
        ------
        MissingEvidenceError
            There are neither.
        """
        if self.texts is not None:
            return self.texts
        if self.features is not None:
            return self.features
        raise MissingEvidenceError.of("texts", by)


def cases_of(dataset: Dataset | None, evidence: Evidence, *, by: str, random_state: int = 0) -> Cases:
    """Gather what judges are shown.

    Parameters
    ----------
    dataset : Dataset or None
        Its texts, labels and class names, where the evidence does not say otherwise.
    evidence : Evidence
        ``given_labels`` (n,), ``classes`` (K,), ``texts`` (n,) str, ``features`` (n, d), ``groups`` (n,).
    by : str
        Who asks, for messages.
    random_state : int
        Seed of folds.

    Returns
    -------
    Cases

    Raises
    ------
    MissingEvidenceError
        No labels, whose values are the names of the classes.
    InvalidInputError
        Lengths that do not fit.
    """
    codes, classes = given_codes(dataset, evidence, by=by)
    n = len(codes)
    labels = getattr(dataset, "labels", None)
    names = [str(value) for value in np.asarray(classes).tolist()]
    if labels is not None and len(labels.names) == len(names):
        names = list(labels.names)
    texts = _texts(dataset, evidence.get("texts"), n)
    features = None if evidence.get("features") is None else check_features(evidence["features"], n)
    groups = group_codes(dataset, evidence, n)
    return Cases(n, tuple(names), texts, features, codes, groups, random_state)


def _texts(dataset: Dataset | None, given: Any, n: int) -> tuple[str, ...] | None:
    if given is not None:
        if isinstance(given, str) or len(given) != n:
            raise InvalidInputError.wrong_length("texts", 1 if isinstance(given, str) else len(given), n)
        values: Array = np.asarray(given, dtype=object)
        return tuple("" if one is None or one != one else str(one) for one in values.tolist())
    media: Any = getattr(dataset, "media", None)
    if getattr(media, "kind", "") != "text":
        return None
    texts = []
    for row in range(n):
        try:
            texts.append(media.text(row))
        except UnreadableMediaError:
            texts.append("")
    return tuple(texts)

"""Rows that occur more than once, and those of them whose labels differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from labelscope.evidence.duplicates import Duplicates
from labelscope.evidence.folds import content_keys, matrix_keys
from labelscope.reports.nutrition.columns import Column
from labelscope.reports.nutrition.subject import Subject
from labelscope.types import Array, BoolArray, Evidence, IntArray

_FEW_COLUMNS = 8


@dataclass(frozen=True, eq=False)
class Repeats:
    """Sets of rows that are the same.

    Attributes
    ----------
    n_exact : int
        Rows that an earlier row repeats.
    n_conflicting : int
        Those of them whose label is not that of the first row of the set that has one.
    in_sets, in_conflict : (n,) bool
        Rows of sets of at least two, and of sets whose labels differ.
    n_near : int or None
        Rows that are nearly an earlier one, by features; None where that was not looked for.
    in_near : (n,) bool
    n_features : int
        Columns of the features that nearness was measured in.
    expected : float
        Pairs that independent columns would give by chance.
    basis : str
        What was compared.
    """

    n_exact: int
    n_conflicting: int
    in_sets: BoolArray
    in_conflict: BoolArray
    n_near: int | None
    in_near: BoolArray
    n_features: int
    expected: float
    basis: str

    @property
    def beyond_chance(self) -> bool:
        """Whether there are more exact repeats than columns with few values give by chance."""
        return bool(self.n_exact > 0 and self.n_exact > self.expected + 4 * np.sqrt(self.expected))

    @property
    def near_is_telling(self) -> bool:
        """Whether nearness is no matter of chance: in few columns some rows are always close."""
        return bool(self.n_near) and self.n_features > _FEW_COLUMNS


def find_repeats(subject: Subject) -> Repeats | None:
    """Look for rows that occur more than once.

    Parameters
    ----------
    subject : Subject

    Returns
    -------
    Repeats or None
        None where contents cannot be compared without reading files, and there are no features.

    Notes
    -----
    Columns in which every row has a value of its own, such as ids, are left out of the comparison: with them
    no two rows could be the same.
    """
    keys, basis, expected = _keys(subject)
    features = _features(subject)
    if keys is None and features is None:
        return None
    n = subject.n
    sets = np.arange(n) if keys is None else np.unique(keys, return_inverse=True)[1]
    sizes = np.bincount(sets, minlength=1)
    n_near, in_near = None, np.zeros(n, dtype=bool)
    if features is not None:
        made = Duplicates().make(None, features)
        near = np.asarray(made.arrays["duplicates"])
        n_near = int(made.facts["n_near_duplicates"])
        if keys is None:
            keys = matrix_keys(np.asarray(features["features"], dtype=np.float32))
            sets, basis = np.unique(keys, return_inverse=True)[1], "features"
            sizes = np.bincount(sets, minlength=1)
        in_near = (np.bincount(near)[near] > 1) & (sizes[sets] == 1) if n else in_near
    n_conflicting, in_conflict = _conflicts(sets, subject.codes)
    n_sets = int((sizes > 0).sum())
    n_features = 0 if features is None else int(np.shape(features["features"])[1])
    exact = (n - n_sets, n_conflicting, sizes[sets] > 1, in_conflict)
    return Repeats(*exact, n_near, in_near, n_features, expected, basis)


def _keys(subject: Subject) -> tuple[Array | None, str, float]:
    """Return one key per row, equal for equal contents, what was compared, and pairs expected by chance."""
    media = subject.dataset.media
    own = [c for c in subject.columns.values() if not c.derived and c.role != "identifier"]
    if media.kind in ("table", "features"):
        used = [c for c in own if c.role != "empty"]
        if not used:
            return None, "", 0.0
        return _of_columns(used), "all columns but those that name rows", _by_chance(used, subject.n)
    items: Any = getattr(media, "_items", None)
    if isinstance(items, np.ndarray) and items.dtype != object and items.ndim > 1:
        return matrix_keys(items.reshape(len(items), -1).astype(np.float32)), f"{media.kind} contents", 0.0
    if isinstance(items, Sequence) and items and all(isinstance(one, bytes) for one in items):
        return content_keys(items), f"{media.kind} contents", 0.0
    if media.kind == "text" and items is not None and all(isinstance(one, str) for one in items):
        return content_keys([" ".join(one.split()) for one in items]), "texts", 0.0
    return None, "", 0.0


def _of_columns(columns: Sequence[Column]) -> Array:
    """Hash the codes of all columns; missing values are equal to each other."""
    sets = np.zeros(len(columns[0].codes), dtype=np.int64)
    for column in columns:
        pairs = sets * (len(column.categories) + 1) + column.codes + 1
        sets = np.unique(pairs, return_inverse=True)[1].astype(np.int64)
    return sets


def _by_chance(columns: Sequence[Column], n: int) -> float:
    alike = 1.0
    for column in columns:
        shares = np.append(column.counts, int(column.missing.sum())) / max(n, 1)
        alike *= float(shares @ shares)
    return n * (n - 1) / 2 * alike


def _features(subject: Subject) -> Evidence | None:
    if subject.audit is None or "features" not in subject.audit.evidence:
        return None
    found = subject.audit.evidence
    names = [name for name in ("features", "knn_ids", "knn_distances") if name in found]
    return Evidence({name: found[name] for name in names})


def _conflicts(sets: IntArray, codes: IntArray) -> tuple[int, BoolArray]:
    """Count rows whose label is not that of the first labeled row of their set, and mark such sets."""
    labeled = np.flatnonzero(codes >= 0)
    first = np.full(int(sets.max(initial=0)) + 1, -1, dtype=np.int64)
    first[sets[labeled][::-1]] = codes[labeled][::-1]
    differs = (codes >= 0) & (codes != first[sets])
    marked = np.zeros(len(first), dtype=bool)
    marked[sets[differs]] = True
    return int(differs.sum()), marked[sets] & (codes >= 0)

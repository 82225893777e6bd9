"""The seven rules by which confident learning selects rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.scorers.confident.joint import round_rows
from labelscope.scorers.confident.margins import Margins, lowest
from labelscope.types import BoolArray, FloatArray, IntArray

SELECTIONS = (
    "prune_by_noise_rate",
    "prune_by_class",
    "both",
    "confident_learning",
    "predicted_neq_given",
    "low_normalized_margin",
    "low_self_confidence",
)
_SORT_UP_TO = 4096


@dataclass(frozen=True)
class Pruning:
    """Settings of the three rules that prune by counts.

    Attributes
    ----------
    frac_noise : float
        Share of the estimated errors to select, in (0, 1].
    min_per_class : int
        Rows of each class that the estimate leaves alone; classes no larger than this are not pruned.
    remove_per_class : sequence of int, optional
        How many rows to select in each given class, instead of the estimate.
    """

    frac_noise: float = 1.0
    min_per_class: int = 1
    remove_per_class: Sequence[int] | None = None

    def counts(self, calibrated: IntArray) -> IntArray:
        """Return how many rows of given class k (column) to take as true class j (row)."""
        matrix = calibrated.T.astype(np.float64)
        diagonal = np.diag(matrix).copy()
        if self.remove_per_class is not None:
            return self._asked_for(matrix, calibrated.sum(axis=1))
        raised = np.maximum(diagonal, self.min_per_class)
        n_nonzero = np.maximum(np.count_nonzero(matrix, axis=0) - 1.0, 1.0)
        pruned = np.maximum(matrix - (raised - diagonal) / n_nonzero, 0.0)
        np.fill_diagonal(pruned, 0.0)
        kept = pruned * self.frac_noise
        np.fill_diagonal(kept, raised + (pruned - kept).sum(axis=0))
        return np.asarray(np.trunc(kept), dtype=np.int64)

    def _asked_for(self, matrix: FloatArray, n_given: IntArray) -> IntArray:
        asked = np.asarray(self.remove_per_class)
        n_classes = len(matrix)
        if asked.shape != (n_classes,) or asked.dtype.kind not in "iu" or (asked < 0).any():
            raise InvalidInputError(
                f"remove_per_class is {self.remove_per_class!r}.",
                f"Pass one whole number ≥ 0 for each of the {n_classes} classes.",
            )
        asked = np.minimum(asked, n_given)
        others = matrix.copy()
        np.fill_diagonal(others, 0.0)
        mass = others.sum(axis=0)
        evenly = (1.0 - np.eye(n_classes)) / max(n_classes - 1, 1)
        shares = np.where(mass > 0, others / np.where(mass > 0, mass, 1.0), evenly)
        counts = round_rows((shares * asked).T).T
        np.fill_diagonal(counts, n_given - asked)
        return counts


def prune_by_class(
    rows: IntArray, code: int, given: FloatArray, other: FloatArray, counts: IntArray, pruning: Pruning
) -> IntArray:
    """Return the rows of one given class with the lowest probability of it."""
    if len(rows) <= pruning.min_per_class and pruning.remove_per_class is None:
        return rows[:0]
    n_wrong = len(rows) - int(counts[code, code])
    return rows[lowest(given[rows], n_wrong, then_by=-other[rows])]


def prune_by_noise_rate(
    rows: IntArray, code: int, pred_probs: FloatArray, others: FloatArray, counts: IntArray, pruning: Pruning
) -> IntArray:
    """Return the rows of one given class with the largest margin to each other class, as many as counted."""
    if len(rows) <= pruning.min_per_class and pruning.remove_per_class is None:
        return rows[:0]
    wanted = counts[:, code].copy()
    wanted[code] = 0
    targets = np.flatnonzero(wanted)
    if not len(targets):
        return rows[:0]
    own = pred_probs[rows, code].astype(np.float64)
    wanted_here = np.minimum(wanted[targets], len(rows))
    marked = np.zeros(len(rows), dtype=bool)
    # Only rows with a larger rival have a positive margin, and mostly the cut lies among those.
    rivaled = np.flatnonzero(others[rows] > own)
    ahead = pred_probs[rows[rivaled]][:, targets] - own[rivaled, None]
    within = (ahead > 0).sum(axis=0) >= wanted_here
    marked[rivaled] = _top_of_columns(ahead[:, within], wanted_here[within])
    for target, n_top in zip(targets[~within], wanted_here[~within], strict=True):
        marked |= lowest(own - pred_probs[rows, target], int(n_top))
    if pruning.remove_per_class is not None:
        # One row may lead in several columns; honoring the request means filling up by the best margin.
        best = own - others[rows]
        rest = np.flatnonzero(~marked)
        marked[rest[lowest(best[rest], int(wanted.sum()) - int(marked.sum()))]] = True
    return rows[marked]


def _top_of_columns(values: FloatArray, n_top: IntArray) -> BoolArray:
    """Mark rows among the ``n_top[j]`` largest of any column j; ties as in `lowest`."""
    m, width = values.shape
    if m > _SORT_UP_TO:
        marked = np.zeros(m, dtype=bool)
        for column, n in enumerate(n_top):
            marked |= lowest(-values[:, column], int(n))
        return marked
    cut = np.sort(values, axis=0)[m - n_top, np.arange(width)]
    above, tied = values > cut, values == cut
    still, n_tied = n_top - above.sum(axis=0), tied.sum(axis=0)
    return np.asarray((above | (tied & (2 * still >= n_tied))).any(axis=1))


def select(
    how: str,
    *,
    codes: IntArray,
    pred_probs: FloatArray,
    rows: Margins,
    guess: IntArray,
    calibrated: IntArray,
    n_errors: int,
    pruning: Pruning,
) -> BoolArray:
    """Apply one of the seven rules.

    Parameters
    ----------
    how : str
        One of `SELECTIONS`.
    codes : (n,) int
        Given labels; unlabelled rows are never selected.
    pred_probs : (n, K) float
        Probabilities.
    rows : Margins
        Margins of every row.
    guess : (n,) int
        Confident guesses.
    calibrated : (K, K) int
        Calibrated joint.
    n_errors : int
        Estimated number of errors; the two ``low_`` rules select so many.
    pruning : Pruning
        Settings of the ``prune_`` rules.

    Returns
    -------
    (n,) bool
        But for the ``low_`` rules, no row is selected that the model agrees with.
    """
    if how not in SELECTIONS:
        raise InvalidInputError.unknown("selection rule", how, SELECTIONS)
    labelled = codes >= 0
    if how.startswith("low_"):
        quality = rows.given - rows.other if how == "low_normalized_margin" else rows.given
        then_by = rows.given if how == "low_normalized_margin" else -rows.other
        chosen = np.zeros(len(codes), dtype=bool)
        chosen[labelled] = lowest(quality[labelled], n_errors, then_by=then_by[labelled])
        return chosen
    if how == "predicted_neq_given":
        chosen = labelled.copy()
    elif how == "confident_learning":
        chosen = labelled & (guess >= 0) & (guess != codes)
    else:
        chosen = _prune(how, codes, pred_probs, rows, calibrated, pruning)
    return np.asarray(chosen & ~rows.agrees)


def _prune(
    how: str, codes: IntArray, pred_probs: FloatArray, rows: Margins, calibrated: IntArray, pruning: Pruning
) -> BoolArray:
    counts = pruning.counts(calibrated)
    n_classes = len(calibrated)
    chosen = np.zeros(len(codes), dtype=bool)
    order = np.argsort(codes.astype(np.int32) if n_classes > 32767 else codes.astype(np.int16), kind="stable")
    ends = np.searchsorted(codes[order], np.arange(n_classes + 1))
    for code in range(n_classes):
        members = order[ends[code] : ends[code + 1]]
        if pruning.remove_per_class is not None:
            # Only rows that the model doubts can be selected, so the request is filled among them.
            members = members[~rows.agrees[members]]
            counts[code, code] = max(len(members) - int(pruning.remove_per_class[code]), 0)
        if not len(members):
            continue
        picked = []
        if how in ("prune_by_class", "both"):
            picked.append(prune_by_class(members, code, rows.given, rows.other, counts, pruning))
        if how in ("prune_by_noise_rate", "both"):
            picked.append(prune_by_noise_rate(members, code, pred_probs, rows.other, counts, pruning))
        chosen[picked[0] if len(picked) == 1 else np.intersect1d(picked[0], picked[1])] = True
    return chosen

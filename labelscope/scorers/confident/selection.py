"""The seven rules by which confident learning selects rows."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.scorers.blockwise import Step, Stepped
from labelscope.scorers.confident.groups import bound_kth_highest, lowest_of_groups
from labelscope.scorers.confident.joint import round_rows
from labelscope.scorers.confident.margins import Margins, chunks, lowest
from labelscope.scorers.confident.noise_rate import Wanted, leaders
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
        """Return how many rows of given class k (row) to take as true class j (column)."""
        if self.remove_per_class is not None:
            return self._asked_for(calibrated.astype(np.float64))
        matrix = calibrated.astype(np.float64)
        diagonal = np.diag(matrix).copy()
        raised = np.maximum(diagonal, self.min_per_class)
        added = raised - diagonal
        if added.any():
            n_nonzero = np.maximum(np.count_nonzero(matrix, axis=1) - 1.0, 1.0)
            matrix -= (added / n_nonzero)[:, None]
            np.maximum(matrix, 0.0, out=matrix)
        np.fill_diagonal(matrix, 0.0)
        if self.frac_noise < 1:
            kept = matrix * self.frac_noise
            raised += (matrix - kept).sum(axis=1)
            matrix = kept
        np.fill_diagonal(matrix, raised)
        return matrix.astype(np.int64)

    def _asked_for(self, matrix: FloatArray) -> IntArray:
        asked, n_given = np.asarray(self.remove_per_class), matrix.sum(axis=1).astype(np.int64)
        n_classes = len(matrix)
        if asked.shape != (n_classes,) or asked.dtype.kind not in "iu" or (asked < 0).any():
            raise InvalidInputError(
                f"remove_per_class is {self.remove_per_class!r}.",
                f"Pass one whole number ≥ 0 for each of the {n_classes} classes.",
            )
        asked = np.minimum(asked, n_given)
        np.fill_diagonal(matrix, 0.0)
        mass = matrix.sum(axis=1, keepdims=True)
        evenly = (1.0 - np.eye(n_classes)) / max(n_classes - 1, 1)
        shares = np.where(mass > 0, matrix / np.where(mass > 0, mass, 1.0), evenly)
        counts = round_rows(shares * asked[:, None])
        np.fill_diagonal(counts, n_given - asked)
        return counts


@dataclass(frozen=True)
class Counted:
    """What the rules select from.

    Attributes
    ----------
    codes : (n,) int
        Given labels; unlabelled rows are never selected.
    rows : Margins
        Margins of every row.
    agrees : (n,) bool
        Rows where the model agrees with the given label.
    guess : (n,) int
        Confident guesses.
    n_given : (K,) int
        Rows by given label.
    calibrated : (K, K) int
        Calibrated joint.
    n_errors : int
        Estimated number of errors; the two ``low_`` rules select so many.
    """

    codes: IntArray
    rows: Margins
    agrees: BoolArray
    guess: IntArray
    n_given: IntArray
    calibrated: IntArray
    n_errors: int

    def members(self, code: int) -> IntArray:
        """Return the rows of one class that the model doubts."""
        return np.flatnonzero((self.codes == code) & ~self.agrees)


def select(
    rules: Sequence[str], counted: Counted, pruning: Pruning, off: IntArray
) -> Generator[Step, Stepped, dict[str, BoolArray]]:
    """Apply some of the seven rules.

    Parameters
    ----------
    rules : sequence of str
        Of `SELECTIONS`.
    counted : Counted
        Margins, guesses and counts.
    pruning : Pruning
        Settings of the ``prune_`` rules.
    off : (m,) int
        Rows of the matrix that need repair.

    Returns
    -------
    dict of str to (n,) bool
        But for the ``low_`` rules, no row is selected that the model agrees with.
    """
    codes, rows = counted.codes, counted.rows
    pruned = yield from _pruned(rules, counted, pruning, off)
    found: dict[str, BoolArray] = {}
    for how in rules:
        if how not in SELECTIONS:
            raise InvalidInputError.unknown("selection rule", how, SELECTIONS)
        if how.startswith("low_"):
            found[how] = _low(how, codes, rows, counted.n_errors)
            continue
        if how == "predicted_neq_given":
            chosen = codes >= 0
        elif how == "confident_learning":
            chosen = (codes >= 0) & (counted.guess >= 0)
            chosen &= counted.guess != codes
        elif how == "both":
            chosen = pruned["prune_by_class"] & pruned["prune_by_noise_rate"]
        else:
            chosen = pruned[how].copy()
        chosen &= ~counted.agrees
        found[how] = chosen
    return found


def _low(how: str, codes: IntArray, rows: Margins, n_errors: int) -> BoolArray:
    """Mark the lowest few of all labelled rows."""
    labelled = np.flatnonzero(codes >= 0) if codes.min(initial=0) < 0 else slice(None)
    given, other = rows.given[labelled], rows.other[labelled]
    if how == "low_self_confidence":
        marked = lowest(given, n_errors, then_by=-other)
    else:
        margin = given.astype(np.float64)
        margin -= other
        marked = lowest(margin, n_errors, then_by=given)
    chosen = np.zeros(len(codes), dtype=bool)
    chosen[labelled] = marked
    return chosen


def _pruned(
    rules: Sequence[str], counted: Counted, pruning: Pruning, off: IntArray
) -> Generator[Step, Stepped, dict[str, BoolArray]]:
    """Apply the rules that prune by counts, as far as any of them is asked for."""
    by_class = bool({"prune_by_class", "both"} & set(rules))
    by_rate = bool({"prune_by_noise_rate", "both"} & set(rules))
    found: dict[str, BoolArray] = {}
    if not (by_class or by_rate):
        return found
    counts = pruning.counts(counted.calibrated)
    n_given, asked = counted.n_given, pruning.remove_per_class
    if asked is None:
        counts[n_given <= pruning.min_per_class] = 0
        n_wrong = np.where(n_given > pruning.min_per_class, n_given - np.diag(counts), 0)
    else:
        n_wrong = np.asarray(asked)
    if by_class:
        found["prune_by_class"] = _lowest_of_classes(counted, n_wrong, only_doubted=asked is not None)
    if by_rate:
        np.fill_diagonal(counts, 0)
        doubted = np.flatnonzero(~counted.agrees & (counted.codes >= 0))
        wanted = Wanted(counted.codes, counted.rows, doubted, counts, asked is not None)
        chosen = yield from leaders(wanted, off)
        found["prune_by_noise_rate"] = chosen
        if asked is not None:
            _fill_up(chosen, counted, counts.sum(axis=1))
    return found


def _lowest_of_classes(counted: Counted, n_wrong: IntArray, *, only_doubted: bool) -> BoolArray:
    """Mark the rows of each class with the lowest probability of it."""
    codes, rows = counted.codes, counted.rows
    doubted = np.flatnonzero(~counted.agrees & (codes >= 0))
    if not only_doubted:
        # Rows that the model doubts bound the cut from above; whoever is below the bound is looked at.
        bounds = -bound_kth_highest(codes[doubted], -rows.given[doubted], n_wrong)
        below = [
            part.start
            + np.flatnonzero((codes[part] >= 0) & (rows.given[part] <= bounds[np.maximum(codes[part], 0)]))
            for part in chunks(len(codes))
        ]
        doubted = np.concatenate([doubted[:0], *below])
    chosen = np.zeros(len(codes), dtype=bool)
    marked = lowest_of_groups(codes[doubted], rows.given[doubted], n_wrong, then_by=-rows.other[doubted])
    chosen[doubted[marked]] = True
    return chosen


def _fill_up(chosen: BoolArray, counted: Counted, wanted: IntArray) -> None:
    """One row may lead in several columns; honoring a request means filling up by the best margin."""
    for code in np.flatnonzero(wanted):
        rest = counted.members(int(code))
        marked = rest[chosen[rest]]
        rest = rest[~chosen[rest]]
        here = counted.rows.at(rest)
        chosen[rest[lowest(here.given - here.other, int(wanted[code]) - len(marked))]] = True

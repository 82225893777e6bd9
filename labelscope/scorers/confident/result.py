"""From margins and a suspicion to a `Score`, the same way for the whole family."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from labelscope.scorers.blockwise import Block, Partial, Shape, Step, Stepped
from labelscope.scorers.confident import row_sums
from labelscope.scorers.confident.joint import thresholds
from labelscope.scorers.confident.kernels import matrix, probabilities, summarize, tiles
from labelscope.scorers.confident.margins import Margins, chunks
from labelscope.scorers.inputs import labels_of
from labelscope.types import Array, BoolArray, FloatArray, IntArray, Score

_SMALLEST = 1e-300


@dataclass(frozen=True)
class Summary:
    """One pass over the rows, and what all methods make of it; each thing is made once.

    Attributes
    ----------
    shape : Shape
        Labels and classes.
    rows : Margins
        Margins of every row.
    off : (m,) int
        Rows of the matrix that needed repair.
    """

    shape: Shape
    rows: Margins
    off: IntArray

    @property
    def codes(self) -> IntArray:
        """(n,) given labels."""
        return self.shape.codes

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.shape.classes)

    @cached_property
    def agrees(self) -> BoolArray:
        """(n,) bool, rows where the model agrees with the given label."""
        return self.rows.agrees

    @cached_property
    def predicted(self) -> IntArray:
        """(n,) most probable classes."""
        return self.rows.predicted(self.codes)

    @cached_property
    def _same_as_codes(self) -> bool:
        classes = np.asarray(self.shape.classes)
        return classes.dtype == np.int64 and bool((classes == np.arange(len(classes))).all())

    def labels(self, codes: IntArray) -> Array:
        """Return label values of (n,) codes ≥ 0; codes themselves, where they are the labels."""
        return codes if self._same_as_codes and self.n_classes else labels_of(codes, self.shape.classes)

    @cached_property
    def suggested(self) -> Array:
        """(n,) label values of the most probable classes."""
        return self.labels(self.predicted)

    @cached_property
    def details(self) -> dict[str, Array]:
        """``log_odds`` and ``rival``, as `SelfConfidence` describes them."""
        n, odds = len(self.codes), np.zeros(len(self.codes))
        if self.n_classes > 1:
            for part in chunks(n):
                here = log_odds(self.rows.at(part))
                odds[part] = here if self.codes[part].min() >= 0 else np.where(self.codes[part] >= 0, here, 0)
        rival = self.rows.rival.astype(np.int64) if self.n_classes > 1 else np.full(n, -1)
        return {"log_odds": odds, "rival": rival}


def summary_plan(shape: Shape, *, entropy: bool = False) -> Generator[Step, Stepped, Summary]:
    """Take one pass over the rows; refuse probabilities that are none."""
    function = partial(summarize, entropy=True) if entropy else summarize
    made = yield Step(function, row_sums.joined)
    made.reduced.settle(len(shape.codes))
    return Summary(shape, Margins.of(made), made.reduced.repaired)


def log_odds(rows: Margins) -> FloatArray:
    """Return (n,) float64 log(rival / given), finite where float32 suspicion saturates."""
    odds: FloatArray = np.log(np.maximum(rows.other, _SMALLEST))
    odds -= np.log(np.maximum(rows.given, _SMALLEST))
    return odds


def margin_suspicion(rows: Margins) -> FloatArray:
    """Return (rival - given + 1) / 2 of margins in float64."""
    return np.asarray((rows.other - rows.given + 1.0) / 2.0)


def offsets(summary: Summary) -> FloatArray:
    """Return (K,) confident thresholds, 0 for absent classes, which shift nothing."""
    limits = thresholds(summary.codes, summary.rows.given, summary.n_classes)
    return np.asarray(np.where(np.isfinite(limits), limits, 0.0))


def rank_score(
    summary: Summary,
    suspicion: Callable[[slice], FloatArray] | FloatArray,
    *,
    suggested: IntArray | None = None,
    flagged: BoolArray | None = None,
    more: dict[str, Array] | None = None,
    **meta: Any,
) -> Score:
    """Build the score of a method whose suspicion is an order.

    Parameters
    ----------
    summary : Summary
        What was seen of every row.
    suspicion : callable or (n,) float32
        Returns float64 suspicion of a slice of rows; set to 0 for unlabelled rows and where there is only
        one class. Suspicion that another score has already is taken as it is.
    suggested : (n,) int, optional
        Codes of the suggested classes; by default the most probable ones.
    flagged : (n,) bool, optional
        By default the rows where another class is more probable.
    more : dict of str to (n,) array, optional
        Further details.
    **meta
        Facts to keep.

    Returns
    -------
    Score
    """
    codes, several = summary.codes, summary.n_classes > 1
    found = np.zeros(len(codes), dtype=np.float32) if callable(suspicion) else suspicion
    if several and callable(suspicion):
        for part in chunks(len(codes)):
            here = np.clip(suspicion(part), 0.0, 1.0)
            found[part] = here if codes[part].min() >= 0 else np.where(codes[part] >= 0, here, 0.0)
    if flagged is None:
        flagged = (codes >= 0) & several
        flagged &= ~summary.agrees
    return Score(
        suspicion=found,
        suggested=summary.suggested if suggested is None else summary.labels(suggested),
        flagged=flagged,
        details={**summary.details, **(more or {})},
        meta={"scale": "rank", **meta},
    )


def adjusted_step(limits: FloatArray, off: IntArray) -> Step:
    """Return the step that finds (n,) ``difference``: rival - given after subtracting thresholds."""
    return Step(partial(_adjusted, limits=limits, off=off))


def _adjusted(block: Block, *, limits: FloatArray, off: IntArray) -> Partial:
    n, n_classes = matrix(block).shape
    difference = np.zeros(n)
    for part in tiles(n, n_classes):
        shifted = probabilities(block, np.arange(part.start, part.stop), off).astype(np.float64)
        shifted -= limits
        own = block.codes[part]
        labelled = np.flatnonzero(own >= 0)
        given = shifted[labelled, own[labelled]]
        shifted[labelled, own[labelled]] = -np.inf
        difference[part][labelled] = shifted[labelled].max(axis=1) - given if n_classes > 1 else -1.0
    return Partial(rows={"difference": difference})

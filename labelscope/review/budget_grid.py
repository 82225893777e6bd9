"""The pilot of a labeling budget: probes trained on so many cheap and verified labels, scored on others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelscope.review.two_stage import anchor_of, default_penalty, moved, scaled
from labelscope.types import Array, BoolArray, FloatArray, IntArray

#: Ways to train on both kinds of labels.
METHODS = ("sequential", "pooled")
_MOST_CHEAP, _MOST_VERIFIED = 10_000, 4_000
_LEVELS = 4
_FEWEST_CHEAP, _FEWEST_VERIFIED = 8, 4
#: Shares of the money spent on cheap labels that are tried.
FRACTIONS = (0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0)


@dataclass(frozen=True)
class Pilot:
    """Rows by what is known of them.

    Attributes
    ----------
    inputs : (n, d + 1) float32
        From `labelscope.review.two_stage.scaled`.
    cheap : (n,) int64
        Codes of cheap labels; -1 where there is none.
    verified : (n,) int64
        Codes of verified labels; -1 where there is none.
    tested : (n,) bool
        Verified rows that accuracy may be measured on.
    weights : (n,) float64
        What each of them counts for.
    n_classes : int
    prior : (n, K) float32 or None
        Logits known beforehand.
    """

    inputs: FloatArray
    cheap: IntArray
    verified: IntArray
    tested: BoolArray
    weights: FloatArray
    n_classes: int
    prior: FloatArray | None = None

    @classmethod
    def of(
        cls,
        features: FloatArray,
        cheap: IntArray,
        verified: IntArray,
        n_classes: int,
        *,
        tested: BoolArray | None = None,
        weights: FloatArray | None = None,
        prior_probs: FloatArray | None = None,
    ) -> Pilot:
        """Scale features; ``tested`` are all verified rows, and ``weights`` 1, unless they are given."""
        return cls(
            scaled(features),
            cheap,
            verified,
            np.asarray(verified >= 0) if tested is None else np.asarray(tested, dtype=bool),
            np.ones(len(cheap)) if weights is None else np.asarray(weights, dtype=np.float64),
            n_classes,
            None if prior_probs is None else np.log(np.clip(prior_probs, 1e-3, 1.0)).astype(np.float32),
        )


@dataclass(frozen=True)
class Deal:
    """Rows of one repeat; no row is in two of the parts.

    Attributes
    ----------
    test, cheap, verified : (m,) int64
        Rows to score on, and rows to train on in an order by chance.
    """

    test: IntArray
    cheap: IntArray
    verified: IntArray


@dataclass(frozen=True)
class Grid:
    """What the probes got right.

    Attributes
    ----------
    cells : (c, 2) int64
        Cheap and verified labels.
    right : list of (c, m) bool
        One a repeat, over its rows to score on.
    weights : list of (m,) float64
    floor : float
        Accuracy without any label: chance, or that of the prior probabilities.
    """

    cells: IntArray
    right: list[BoolArray]
    weights: list[FloatArray]
    floor: float

    @property
    def accuracy(self) -> FloatArray:
        """(c,) float64: weighted share of right predictions over all repeats."""
        hits = sum(right @ own for right, own in zip(self.right, self.weights, strict=True))
        return np.asarray(hits / sum(own.sum() for own in self.weights))

    def resampled(self, n: int, random_state: int) -> FloatArray:
        """Return (n, c) accuracies under random weights of rows and repeats: a Bayesian bootstrap."""
        rng = np.random.default_rng(random_state)
        top, total = np.zeros((n, len(self.cells))), np.zeros(n)
        for right, own in zip(self.right, self.weights, strict=True):
            drawn = rng.exponential(size=(n, right.shape[1])) * own * rng.exponential(size=(n, 1))
            top += drawn @ right.T
            total += drawn.sum(axis=1)
        return np.asarray(top / total[:, None])


def deal(pilot: Pilot, n_repeats: int, random_state: int) -> list[Deal]:
    """Deal rows for each repeat.

    Parameters
    ----------
    pilot : Pilot
    n_repeats : int
        2 or more; each tested row is scored once.
    random_state : int

    Returns
    -------
    list of Deal
        Cheap labels come from rows that are not verified.
    """
    rng = np.random.default_rng([random_state, 0xB0D])
    tested = rng.permutation(np.flatnonzero(pilot.tested & (pilot.verified >= 0)))
    cheap = np.flatnonzero((pilot.cheap >= 0) & (pilot.verified < 0))
    dealt = []
    for test in np.array_split(tested, n_repeats):
        rest = np.setdiff1d(np.flatnonzero(pilot.verified >= 0), test)
        dealt.append(Deal(test, rng.permutation(cheap), rng.permutation(rest)))
    return dealt


def pilot_cells(deals: list[Deal], wanted: IntArray) -> IntArray:
    """Choose sizes to train at: those wanted that there are rows for, and a coarse grid over all sizes.

    Parameters
    ----------
    deals : list of Deal
    wanted : (m, 2) int
        Cheap and verified labels.

    Returns
    -------
    (c, 2) int64
        At most 10,000 cheap and 4,000 verified labels; never (0, 0).
    """
    n_cheap = min(*(len(one.cheap) for one in deals), _MOST_CHEAP)
    n_verified = min(*(len(one.verified) for one in deals), _MOST_VERIFIED)
    cheap, verified = _levels(_FEWEST_CHEAP, n_cheap), _levels(_FEWEST_VERIFIED, n_verified)
    grid = np.array([(c, v) for c in cheap for v in verified], dtype=np.int64).reshape(-1, 2)
    fits = wanted[(wanted[:, 0] <= n_cheap) & (wanted[:, 1] <= n_verified)]
    cells = np.unique(np.vstack([grid, fits]), axis=0)
    return np.asarray(cells[cells.sum(axis=1) > 0])


def run(pilot: Pilot, deals: list[Deal], cells: IntArray, method: str = "sequential") -> Grid:
    """Train at every size in every repeat.

    Parameters
    ----------
    pilot : Pilot
    deals : list of Deal
    cells : (c, 2) int
    method : {"sequential", "pooled"}
        Cheap labels first and verified ones from there, or both at once.

    Returns
    -------
    Grid
    """
    right = [_repeat(pilot, one, cells, method) for one in deals]
    weights = [pilot.weights[one.test] for one in deals]
    floor = 1.0 / max(pilot.n_classes, 1)
    if pilot.prior is not None:
        test = np.concatenate([one.test for one in deals])
        hit = pilot.prior[test].argmax(axis=1) == pilot.verified[test]
        floor = float(np.average(hit, weights=pilot.weights[test]))
    return Grid(cells, right, weights, floor)


def _repeat(pilot: Pilot, dealt: Deal, cells: IntArray, method: str) -> BoolArray:
    nothing = np.zeros((pilot.n_classes, pilot.inputs.shape[1]), dtype=np.float32)
    penalty = default_penalty(pilot.inputs)
    right = np.zeros((len(cells), len(dealt.test)), dtype=bool)
    base, latest = nothing, -1
    for place in np.lexsort((cells[:, 1], cells[:, 0])).tolist():
        n_cheap, n_verified = cells[place].tolist()
        cheap, verified = dealt.cheap[:n_cheap], dealt.verified[:n_verified]
        if method == "pooled":
            rows = np.concatenate([cheap, verified])
            codes = np.concatenate([pilot.cheap[cheap], pilot.verified[verified]])
            weights = _moved(pilot, rows, codes, nothing, penalty, base)
            base = weights
        else:
            if n_cheap != latest:
                base, latest = _moved(pilot, cheap, pilot.cheap[cheap], nothing, penalty, base), n_cheap
            weights = _moved(pilot, verified, pilot.verified[verified], base, anchor_of(penalty))
        logits = pilot.inputs[dealt.test] @ weights.T
        if pilot.prior is not None:
            logits += pilot.prior[dealt.test]
        right[place] = logits.argmax(axis=1) == pilot.verified[dealt.test]
    return right


def _moved(
    pilot: Pilot,
    rows: IntArray,
    codes: IntArray,
    start: FloatArray,
    penalty: float,
    first: FloatArray | None = None,
) -> FloatArray:
    prior = None if pilot.prior is None else pilot.prior[rows]
    return moved(pilot.inputs[rows], codes, start, penalty=penalty, prior=prior, first=first)


def _levels(fewest: int, most: int) -> Array:
    if most < fewest:
        return np.array([0])
    return np.unique(np.append(0, np.geomspace(fewest, most, _LEVELS).round())).astype(np.int64)

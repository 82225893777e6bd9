"""For every row, which rows with like targets pull it and which look-alikes with other targets push it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelscope.types import BoolArray, FloatArray, IntArray

N_SHOWN = 5
ALL_PAIRS = 5_000
_NEAR = 256
_BLOCK_CELLS = 1 << 20
_STRONGEST = 60.0


@dataclass(frozen=True)
class Confusions:
    """What the pairs of every anchor add up to.

    Attributes
    ----------
    share : (n,) float64
        Part of the anchor's denominator that comes from its negatives; 0 without negatives.
    log_odds : (n,) float64
        Log of negatives over positives; infinite where one is absent.
    loss : (n,) float64
        Loss of the anchor, its weight included; 0 without negatives or without positives.
    suggested : (n, d) float64
        Similarity-weighted mean target of the negatives; NaN without negatives.
    negatives, positives : (n, 5) int64
        The strongest ones, strongest first; -1 where there are fewer.
    negative_weights, positive_weights : (n, 5) float64
        Their parts of the denominator.
    """

    share: FloatArray
    log_odds: FloatArray
    loss: FloatArray
    suggested: FloatArray
    negatives: IntArray
    negative_weights: FloatArray
    positives: IntArray
    positive_weights: FloatArray


@dataclass(frozen=True)
class Pairing:
    """What pairs are made of.

    Attributes
    ----------
    unit : (n, c) float32
        Features of length 1.
    targets, predictions : (n, d) float64
        In units of the window.
    weights : (n,) float64
        Weights of the anchors.
    temperature, e : float
        As for `labelscope.scorers.regression.conr_loss.conr_loss`.
    """

    unit: FloatArray
    targets: FloatArray
    predictions: FloatArray
    weights: FloatArray
    temperature: float
    e: float


def find_confusions(pairing: Pairing, near: IntArray | None = None) -> Confusions:
    """Go through all pairs, or through those of each row and its neighbors, block by block.

    Parameters
    ----------
    pairing : Pairing
        n rows, all labelled.
    near : (n, k) int, optional
        Nearest rows by features, the only ones that can be negatives. Positives are then up to 256 rows with
        the nearest targets, counted for all within the window.

    Returns
    -------
    Confusions
    """
    n, d = pairing.targets.shape
    parts = _empty(n, d)
    step = max(1, _BLOCK_CELLS // max(n if near is None else 2 * _NEAR, 1))
    everyone = np.arange(n)
    like, n_like = (None, None) if near is None else _alike(pairing.targets)
    for start in range(0, n, step):
        rows = everyone[start : start + step]
        if near is None:
            _fill(parts, pairing, rows, _all_pairs(pairing, rows))
        else:
            assert like is not None and n_like is not None
            _fill(parts, pairing, rows, _near_pairs(pairing, rows, near[rows], like[rows], n_like[rows]))
    return parts


@dataclass(frozen=True)
class _Pairs:
    """Pairs of some anchors: log-weights, minus infinity where the pair is not in the set."""

    ids: IntArray | None
    similar: FloatArray
    push: FloatArray
    pull: FloatArray
    # Mean similarity to the positives, and by how much a sample of them stands for all.
    pulled: FloatArray
    lift: FloatArray


def _all_pairs(pairing: Pairing, rows: IntArray) -> _Pairs:
    similar = (pairing.unit[rows] @ pairing.unit.T) / np.float32(pairing.temperature)
    apart = _gaps(pairing.targets[rows], pairing.targets[None])
    alike = apart <= 1.0
    negative = ~alike & (_gaps(pairing.predictions[rows], pairing.predictions[None]) <= 1.0)
    alike[np.arange(len(rows)), rows] = False
    return _weighed(pairing, rows, None, similar, apart, negative, alike, np.zeros(len(rows)))


def _near_pairs(pairing: Pairing, rows: IntArray, near: IntArray, like: IntArray, n_like: IntArray) -> _Pairs:
    """Look-alikes that may push, beside rows with like targets that pull."""
    ids = np.hstack([near, like])
    there = (ids >= 0) & (ids != rows[:, None])
    safe = np.maximum(ids, 0)
    similar = np.einsum("ic,ijc->ij", pairing.unit[rows], pairing.unit[safe]) / np.float32(
        pairing.temperature
    )
    apart = _gaps(pairing.targets[rows], pairing.targets[safe])
    guessed = _gaps(pairing.predictions[rows], pairing.predictions[safe])
    first = np.arange(ids.shape[1]) < near.shape[1]
    negative = there & first & (apart > 1.0) & (guessed <= 1.0)
    positive = there & ~first & (apart <= 1.0)
    found = np.maximum(positive.sum(axis=1), 1)
    lift = np.log(np.maximum(n_like, 1) / found)
    return _weighed(pairing, rows, ids, similar, apart, negative, positive, np.maximum(lift, 0.0))


def _weighed(
    pairing: Pairing,
    rows: IntArray,
    ids: IntArray | None,
    similar: FloatArray,
    apart: FloatArray,
    negative: BoolArray,
    positive: BoolArray,
    lift: FloatArray,
) -> _Pairs:
    eta = np.minimum(pairing.e * apart, _STRONGEST) + np.log(pairing.weights[rows])[:, None]
    push = np.where(negative, similar + eta, -np.inf)
    pull = np.where(positive, similar, -np.inf)
    n_positive = positive.sum(axis=1)
    pulled = np.where(positive, similar, 0.0).sum(axis=1) / np.maximum(n_positive, 1)
    return _Pairs(ids, similar, push, pull, np.where(n_positive > 0, pulled, np.nan), lift)


def _fill(parts: Confusions, pairing: Pairing, rows: IntArray, pairs: _Pairs) -> None:
    log_push, log_pull = _log_sum(pairs.push), _log_sum(pairs.pull) + pairs.lift
    any_push, any_pull = np.isfinite(log_push), np.isfinite(log_pull)
    with np.errstate(invalid="ignore"):
        odds = np.where(any_push, np.where(any_pull, log_push - log_pull, np.inf), -np.inf)
        parts.log_odds[rows] = odds
        parts.share[rows] = np.where(odds < 0, np.exp(odds), 1.0) / (1.0 + np.exp(-np.abs(odds)))
        total = np.logaddexp(log_push, log_pull)
        loss = np.where(any_push & any_pull, total - pairs.pulled, 0.0)
    parts.loss[rows] = loss * pairing.weights[rows]
    # Similarity alone weighs the suggestion: what lies farther away pushes harder, but is no better advice.
    base = np.where(np.isfinite(pairs.push), pairs.similar, -np.inf)
    top = np.where(any_push, base.max(axis=1, initial=-np.inf), 0.0)
    shares = np.exp(base - top[:, None])
    sums = np.where(any_push, shares.sum(axis=1), 1.0)
    values = (
        shares @ pairing.targets
        if pairs.ids is None
        else np.einsum("ij,ijd->id", shares, pairing.targets[np.maximum(pairs.ids, 0)])
    )
    parts.suggested[rows] = np.where(any_push[:, None], values / sums[:, None], np.nan)
    for logs, ids, weights in (
        (pairs.push, parts.negatives, parts.negative_weights),
        (pairs.pull, parts.positives, parts.positive_weights),
    ):
        ids[rows], weights[rows] = _strongest(logs, pairs.ids, total)


def _strongest(logs: FloatArray, ids: IntArray | None, total: FloatArray) -> tuple[IntArray, FloatArray]:
    m, width = logs.shape
    k = min(N_SHOWN, width)
    found, weights = np.full((m, N_SHOWN), -1, dtype=np.int64), np.zeros((m, N_SHOWN))
    if k == 0:
        return found, weights
    best = np.argpartition(-logs, k - 1, axis=1)[:, :k]
    values = np.take_along_axis(logs, best, axis=1)
    order = np.lexsort((best, -values), axis=1)
    best, values = np.take_along_axis(best, order, axis=1), np.take_along_axis(values, order, axis=1)
    there = np.isfinite(values)
    named = best if ids is None else np.take_along_axis(ids, best, axis=1)
    found[:, :k] = np.where(there, named, -1)
    safe = np.where(np.isfinite(total), total, 0.0)[:, None]
    weights[:, :k] = np.where(there, np.exp(np.minimum(values - safe, 0.0)), 0.0)
    return found, weights


def _log_sum(logs: FloatArray) -> FloatArray:
    """Log-sums of exponentials; minus infinity for rows of nothing."""
    top = logs.max(axis=1, initial=-np.inf).astype(np.float64)
    safe = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        return np.asarray(safe + np.log(np.exp(logs - safe[:, None]).sum(axis=1, dtype=np.float64)))


def _gaps(own: FloatArray, others: FloatArray) -> FloatArray:
    """Largest difference over the columns: (m, d) against (1 or m, k, d) gives (m, k)."""
    gaps = np.abs(own[:, None, 0] - others[..., 0])
    for column in range(1, own.shape[1]):
        np.maximum(gaps, np.abs(own[:, None, column] - others[..., column]), out=gaps)
    return gaps


def _alike(targets: FloatArray) -> tuple[IntArray, IntArray]:
    """Rows with the nearest targets, (n, 257) with the row itself, and how many others lie in the window."""
    from scipy.spatial import cKDTree

    # Many equal targets are common; a little noise draws from them by chance instead of by row.
    noise = np.random.default_rng(0).uniform(-1e-4, 1e-4, targets.shape)
    tree = cKDTree(targets + noise)
    like = tree.query(targets + noise, min(_NEAR + 1, len(targets)), p=np.inf)[1].reshape(len(targets), -1)
    counts = tree.query_ball_point(targets, 1.0 + 1e-4, p=np.inf, return_length=True) - 1
    return like.astype(np.int64), np.asarray(counts, dtype=np.int64)


def _empty(n: int, d: int) -> Confusions:
    shown = (n, N_SHOWN)
    return Confusions(
        share=np.zeros(n),
        log_odds=np.full(n, -np.inf),
        loss=np.zeros(n),
        suggested=np.full((n, d), np.nan),
        negatives=np.full(shown, -1, dtype=np.int64),
        negative_weights=np.zeros(shown),
        positives=np.full(shown, -1, dtype=np.int64),
        positive_weights=np.zeros(shown),
    )


def n_near(n: int) -> int:
    """How many nearest rows may be negatives when not all pairs are looked at."""
    return min(_NEAR, n - 1)

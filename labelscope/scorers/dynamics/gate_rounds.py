"""Rounds of a loss gate: a model's word on every row, a gate, and what the next round may learn from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from labelscope.scorers.dynamics.mixture import TwoNormals, fit_two_normals
from labelscope.types import BoolArray, FloatArray, IntArray

RELIABLE, CORRECTED, UNDECIDED = 0, 1, 2
STATES = np.array(["reliable", "corrected", "undecided"])
STATISTICS = ("log_ratio", "log_loss")


@dataclass(frozen=True)
class GateRules:
    """What decides on a row.

    Attributes
    ----------
    statistic : str
        One of `STATISTICS`.
    confidence : float
        Least probability of a prediction that corrects (tau2).
    cap : bool
        Whether no more rows pass than confident counting estimates errors.
    """

    statistic: str
    confidence: float
    cap: bool


@dataclass(frozen=True)
class Round:
    """One round.

    Attributes
    ----------
    judged : (n,) bool
        Labelled rows that are not trusted and that a model spoke of.
    values : (v, n) float64
        Statistic of each row by view.
    fits : tuple of TwoNormals or None
        By view.
    log_odds : (n,) float64
        That the label is wrong, the mean of the views with two modes.
    threshold : float
        Log-odds above which a row is over the gate; infinite where no view has two modes.
    above : (n,) bool
        Rows over the gate whose likeliest class is another one.
    best : (n,) int64
        Likeliest class.
    top : (n,) float64
        Its probability.
    states : (n,) int8
        `RELIABLE`, `CORRECTED` or `UNDECIDED`.
    n_estimated : int
        Errors by confident counting.
    """

    judged: BoolArray
    values: FloatArray
    fits: tuple[TwoNormals | None, ...]
    log_odds: FloatArray
    threshold: float
    above: BoolArray
    best: IntArray
    top: FloatArray
    states: IntArray
    n_estimated: int

    @property
    def separated(self) -> bool:
        """Whether any view has a clear second mode."""
        return bool(np.isfinite(self.threshold))

    def targets(self, codes: IntArray) -> IntArray:
        """Return what the next round learns, always starting from the given labels.

        Parameters
        ----------
        codes : (n,) int
            Given labels.

        Returns
        -------
        (n,) int64
            The given label of reliable rows, the prediction for corrected ones, and -1, which trains
            nothing, for undecided and unlabelled ones.
        """
        taught = np.where(self.states == CORRECTED, self.best, codes)
        return np.where((self.states == UNDECIDED) | (codes < 0), -1, taught)

    def facts(self, number: int, before: Round | None) -> list[dict[str, Any]]:
        """Describe the gates, one entry for each view."""
        crossed = 0 if before is None else int((self.above != before.above).sum())
        told = {
            "round": number,
            "threshold": self.threshold if self.separated else None,
            "n_estimated": self.n_estimated,
            "n_above": int(self.above.sum()),
            "n_corrected": int((self.states == CORRECTED).sum()),
            "n_undecided": int((self.states == UNDECIDED).sum()),
            "n_crossed": crossed,
        }
        return [
            {**told, "view": view, **(fit.facts() if fit is not None else {"separated": False, "gate": None})}
            for view, fit in enumerate(self.fits)
        ]


def statistic_of(log_probs: FloatArray, codes: IntArray, name: str) -> FloatArray:
    """How little a row's label is believed.

    Parameters
    ----------
    log_probs : (n, K) float
        Normalized.
    codes : (n,) int
        Given labels; for unlabelled rows the number means nothing.
    name : {"log_ratio", "log_loss"}
        Log of the largest other probability over the given label's; or the log of the cross-entropy.

    Returns
    -------
    (n,) float64

    Examples
    --------
    >>> logs = np.log([[0.8, 0.2], [0.2, 0.8]])
    >>> statistic_of(logs, np.array([0, 0]), "log_ratio").round(2).tolist()
    [-1.39, 1.39]
    """
    rows, given = np.arange(len(codes)), np.maximum(codes, 0)
    own = log_probs[rows, given]
    others = log_probs.copy()
    others[rows, given] = -np.inf
    rival = others.max(axis=1)
    if name == "log_ratio":
        return np.asarray(rival - own)
    # -log p is log(1 + others / p): exact where p rounds to 1.
    rest = rival + np.log(np.exp(others - rival[:, None]).sum(axis=1))
    return np.asarray(np.log(np.logaddexp(0.0, rest - own) + 1e-300))


def confident_errors(probs: FloatArray, codes: IntArray) -> int:
    """Count wrong labels by confident learning, calibrated to the class counts (Northcutt et al. 2021).

    Parameters
    ----------
    probs : (n, K) float
        Out of sample.
    codes : (n,) int
        Given labels, -1 for unlabelled rows.

    Returns
    -------
    int
    """
    rows = np.flatnonzero(codes >= 0)
    n_classes, given = probs.shape[1], codes[rows]
    counts = np.bincount(given, minlength=n_classes)
    sums = np.bincount(given, weights=probs[rows, given], minlength=n_classes)
    limits = np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)
    confident = probs[rows] >= limits - 1e-9
    guess = np.where(confident, probs[rows], -1.0).argmax(axis=1)
    counted = confident.any(axis=1)
    joint = np.zeros((n_classes, n_classes))
    np.add.at(joint, (given[counted], guess[counted]), 1.0)
    share_off = 1 - np.diag(joint) / np.maximum(joint.sum(axis=1), 1)
    return round(float((share_off * counts)[joint.sum(axis=1) > 0].sum()))


def gated(logs: list[FloatArray], codes: IntArray, trusted: BoolArray, rules: GateRules) -> Round:
    """Fit the gates to what the views' models say, and part the rows.

    Parameters
    ----------
    logs : list of (n, K) float
        Log-probabilities by view, of models that have not seen the row; NaN where there are none.
    codes : (n,) int
        Given labels, -1 for unlabelled rows.
    trusted : (n,) bool
        Rows whose label is known to be right.
    rules : GateRules

    Returns
    -------
    Round
    """
    unknown = np.any([np.isnan(one[:, 0]) for one in logs], axis=0)
    judged = np.asarray((codes >= 0) & ~trusted & ~unknown)
    known = [np.where(np.isnan(one), -np.log(one.shape[1]), one) for one in logs]
    values = np.stack([statistic_of(one, codes, rules.statistic) for one in known])
    fits = tuple(fit_two_normals(own[judged]) for own in values)
    mean = np.mean(known, axis=0)
    mean -= mean.max(axis=1, keepdims=True)
    probs = np.exp(mean)
    probs /= probs.sum(axis=1, keepdims=True)
    best, top = probs.argmax(axis=1), probs.max(axis=1)
    clear = [fit.log_odds(own) for fit, own in zip(fits, values, strict=True) if fit and fit.separated]
    n_estimated = confident_errors(probs, np.where(judged, codes, -1))
    log_odds, threshold = _unparted(values, judged), np.inf
    if clear and (n_estimated or not rules.cap):
        log_odds, threshold = np.mean(clear, axis=0), 0.0
        over = np.sort(log_odds[judged & (log_odds > 0) & (best != codes)])[::-1]
        if rules.cap and len(over) > n_estimated:
            threshold = float(over[n_estimated - 1] + over[n_estimated]) / 2
    above = np.asarray(judged & (log_odds > threshold) & (best != codes))
    states = np.full(len(codes), RELIABLE, dtype=np.int8)
    states[above] = np.where(top[above] > rules.confidence, CORRECTED, UNDECIDED)
    states[~judged & ~trusted] = UNDECIDED
    return Round(judged, values, fits, log_odds, threshold, above, best, top, states, n_estimated)


def _unparted(values: FloatArray, judged: BoolArray) -> FloatArray:
    """Where there is one mode only: the order of the statistic, all of it below the gate."""
    total = np.zeros(values.shape[1])
    for own in values:
        middle, spread = (float(own[judged].mean()), float(own[judged].std())) if judged.any() else (0.0, 1.0)
        total += (own - middle) / max(spread, 1e-12) / len(values)
    return np.asarray(total - max(float(total[judged].max(initial=0.0)), 0.0) - 0.1)


def run_rounds(
    models: list[Callable[[IntArray, int], FloatArray]],
    codes: IntArray,
    n_classes: int,
    trusted: BoolArray,
    rules: GateRules,
    n_rounds: int,
) -> list[Round]:
    """Fit, gate and correct, round after round, as long as anything changes.

    Parameters
    ----------
    models : list of callable
        For each view, what gives (n, K) log-probabilities, each row's by a model that has not seen it, when
        taught (n,) targets, -1 for rows that do not train.
    codes : (n,) int
        Given labels, -1 for unlabelled rows.
    n_classes : int
    trusted : (n,) bool
    rules : GateRules
    n_rounds : int

    Returns
    -------
    list of Round
        At least one.
    """
    targets, rounds = codes, list[Round]()
    for _ in range(n_rounds):
        found = gated([model(targets, n_classes) for model in models], codes, trusted, rules)
        rounds.append(found)
        taught = found.targets(codes)
        if np.array_equal(taught, targets) or len(np.unique(taught[taught >= 0])) < 2:
            break
        targets = taught
    return rounds

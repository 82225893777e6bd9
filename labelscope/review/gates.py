"""The gate: the suspicion above which rows are worth a look."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.review.events import Draft, Event
from labelscope.review.state import UNREVIEWED
from labelscope.types import BoolArray, FloatArray, Score

if TYPE_CHECKING:
    from labelscope.review.session import Session

BINS = 64
LOSS_GATE = "dynamic_loss_gate"
_STEPS = 200
_LEAST_WEIGHT = 5.0


@dataclass(frozen=True)
class Gate:
    """The gate and what it parts.

    Attributes
    ----------
    at : float
    counts : tuple of int
        Labeled rows without a decision in 64 bins of suspicion.
    clean, wrong : tuple of float
        Fitted number of right and of wrong rows in each bin; empty where two groups cannot be told apart. Of
        the loss gate's two normal distributions, where the audit has that score.
    n_above : int
        Rows at or above the gate.
    expected_right : float
        Rows above it whose label is expected to be right, that is looks in vain.
    """

    at: float
    counts: tuple[int, ...]
    clean: tuple[float, ...]
    wrong: tuple[float, ...]
    n_above: int
    expected_right: float


def gate_of(session: Session) -> Gate:
    """Return the gate as it was set last, or where the flags put it.

    Parameters
    ----------
    session : Session

    Returns
    -------
    Gate

    Examples
    --------
    >>> import labelscope as ls
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> found = gate_of(ls.Session(ls.audit(X, y), journal=None))
    >>> sum(found.counts), 0 <= found.at <= 1
    (150, True)
    """
    state = session.state
    rows = (state.state == UNREVIEWED) & (state.given >= 0)
    values = np.asarray(session.suspicion, dtype=np.float64)[rows]
    at = gate_at(session)
    counts = np.histogram(values, bins=BINS, range=(0.0, 1.0))[0]
    clean, wrong = _parted(session, rows, values, counts)
    above = values >= at
    if len(wrong) and not session.audit.has_probability:
        share = clean / np.maximum(clean + wrong, 1e-12)
        right = float(share[np.minimum((values[above] * BINS).astype(int), BINS - 1)].sum())
    else:
        right = float((1.0 - values[above]).sum())
    return Gate(
        at, tuple(counts.tolist()), tuple(clean.tolist()), tuple(wrong.tolist()), int(above.sum()), right
    )


def gate_at(session: Session) -> float:
    """Return where the gate is: as set last, until the loss gate is fitted anew, else where it was fitted."""
    fitted = fitted_gate(session)
    for event in reversed(session.state.events):
        if event.kind != "gate_set":
            continue
        before = event.data.get("fitted")
        if event.data.get("reset") is True or (before is not None and before != _fit_of(session)):
            return fitted
        at = event.data.get("at")
        if isinstance(at, int | float) and not isinstance(at, bool) and 0 <= at <= 1:
            return float(at)
    return fitted


def fitted_gate(session: Session) -> float:
    """Return where the gate is as long as nobody moves it.

    Parameters
    ----------
    session : Session

    Returns
    -------
    float
        Where the audit has the score of `labelscope.scorers.DynamicLossGate` with two modes, that gate; in an
        audit that another score orders, the suspicion that as many rows reach. Else the least suspicion that
        is flagged, else one half.
    """
    score = _loss_gate(session)
    if score is not None:
        if session.audit.main is score:
            return float(score.meta["gate"])
        n_above = int(np.asarray(score.flagged, dtype=bool).sum())
        order = np.sort(np.asarray(session.audit.suspicion, dtype=np.float64))[::-1]
        return float(order[n_above - 1]) if n_above else 1.0
    flagged = np.asarray(session.audit.flagged, dtype=bool)
    values = np.asarray(session.audit.suspicion, dtype=np.float64)[flagged]
    return float(values.min()) if len(values) else 0.5


def gate_history(session: Session) -> list[dict[str, Any]]:
    """List the gates of all rounds and views with their mixtures, and what was set since, in order.

    Parameters
    ----------
    session : Session

    Returns
    -------
    list of dict
        Fitted ones as in ``meta["history"]`` of the loss gate, with ``"kind": "fitted"``; those that somebody
        set with ``"kind": "set"`` or ``"reset"``, ``at``, ``before``, ``reviewer`` and the time ``when``.
    """
    score = session.audit.scores.get(LOSS_GATE)
    fitted = [{"kind": "fitted", **entry} for entry in (score.meta.get("history", []) if score else [])]
    moved = [
        {
            "kind": "reset" if event.data.get("reset") is True else "set",
            "at": event.data.get("at"),
            "before": event.data.get("before"),
            "reviewer": event.reviewer,
            "when": str(event.at),
        }
        for event in session.state.events
        if event.kind == "gate_set"
    ]
    return [*fitted, *moved]


def reset_gate(session: Session) -> tuple[Event, ...]:
    """Put the gate back to where it was fitted; recorded like `set_gate`, and no undo step.

    Parameters
    ----------
    session : Session

    Returns
    -------
    tuple of Event
    """
    data = {"at": fitted_gate(session), "before": gate_at(session), "reset": True}
    return session.ledger.record(lambda: [Draft("gate_set", [], data=data)], "widget")


def set_gate(session: Session, at: Any) -> tuple[Event, ...]:
    """Move the gate; labels stay, and it is no undo step.

    Parameters
    ----------
    session : Session
    at : float
        From 0 to 1.

    Returns
    -------
    tuple of Event

    Raises
    ------
    InvalidTypeError, InvalidInputError
        Not a number from 0 to 1.
    """
    if isinstance(at, bool) or not isinstance(at, int | float | np.floating | np.integer):
        raise InvalidTypeError(f"The gate is {at!r:.40}.", "Give a number from 0 to 1.")
    if not 0 <= at <= 1:  # NaN, too
        raise InvalidInputError(f"The gate is {at!r:.40}.", "Give a number from 0 to 1.")
    data: dict[str, Any] = {"at": float(at), "before": gate_at(session)}
    if _loss_gate(session) is not None:
        # What was set by hand holds until the gate is fitted anew.
        data["fitted"] = _fit_of(session)
    return session.ledger.record(lambda: [Draft("gate_set", [], data=data)], "widget")


def _loss_gate(session: Session) -> Score | None:
    score = session.audit.scores.get(LOSS_GATE)
    if score is None or not score.meta.get("second_mode") or score.meta.get("gate") is None:
        return None
    return score


def _fit_of(session: Session) -> list[float | None]:
    """Tell one fit of the loss gate from another by where its last gates are."""
    score = _loss_gate(session)
    if score is None:
        return []
    last = [entry for entry in score.meta["history"] if entry["round"] == score.meta["n_rounds"] - 1]
    # Other processors and thread counts move the last digits.
    return [None if entry["gate"] is None else round(float(entry["gate"]), 3) for entry in last]


def _parted(
    session: Session, rows: BoolArray, values: FloatArray, counts: Any
) -> tuple[FloatArray, FloatArray]:
    """Right and wrong rows by bin: as the loss gate's distributions have it, else by two of its own."""
    score = _loss_gate(session)
    if score is None:
        return fit_mixture(counts)
    posterior = np.asarray(score.details["posterior"], dtype=np.float64)[rows]
    bins = np.minimum((values * BINS).astype(np.int64), BINS - 1)
    wrong = np.bincount(bins, weights=posterior, minlength=BINS).astype(np.float64)
    return np.maximum(np.asarray(counts) - wrong, 0.0), wrong


def fit_mixture(counts: Any) -> tuple[FloatArray, FloatArray]:
    """Fit two groups to a histogram of suspicion.

    Parameters
    ----------
    counts : (b,) int
        Rows by bin of [0, 1].

    Returns
    -------
    clean, wrong : (b,) float64
        Expected rows of each group by bin; both empty where one group explains the counts as well.

    Notes
    -----
    Two beta distributions by expectation-maximization with moments (Arazo et al. 2019), on the bins. They
    are told apart when the second one lowers the BIC by more than 10, and their means are more than the
    sum of the deviations apart, so that there is a valley for a gate.
    """
    counts = np.asarray(counts, dtype=np.float64)
    n, bins = counts.sum(), len(counts)
    none = np.empty(0)
    if n < 4 * _LEAST_WEIGHT or (counts > 0).sum() < 4:
        return none, none
    x = (np.arange(bins) + 0.5) / bins
    one = counts @ _log_mass(x, *_moments(x, counts))
    belongs = np.clip((x - x[0]) / (x[-1] - x[0]), 0.02, 0.98)
    last, both = -math.inf, -math.inf
    for _ in range(_STEPS):
        weight = float((counts * belongs).sum() / n)
        if not _LEAST_WEIGHT / n < weight < 1 - _LEAST_WEIGHT / n:
            return none, none
        low = _log_mass(x, *_moments(x, counts * (1 - belongs))) + math.log(1 - weight)
        high = _log_mass(x, *_moments(x, counts * belongs)) + math.log(weight)
        mixed = np.logaddexp(low, high)
        both = float(counts @ mixed)
        belongs = np.exp(high - mixed)
        if both - last < 1e-7 * n:
            break
        last = both
    clean, wrong = n * np.exp(low), n * np.exp(high)
    means = [float(g @ x / g.sum()) for g in (clean, wrong)]
    spread = [
        math.sqrt(float(g @ (x - m) ** 2 / g.sum())) for g, m in zip((clean, wrong), means, strict=True)
    ]
    better = 2 * (both - one) - 3 * math.log(n)
    if better < 10 or means[1] - means[0] < sum(spread):
        return none, none
    return clean, wrong


def _moments(x: FloatArray, weight: FloatArray) -> tuple[float, float]:
    total = max(float(weight.sum()), 1e-12)
    mean = float(np.clip(weight @ x / total, 1e-3, 1 - 1e-3))
    # No narrower than a bin.
    spread = max(float(weight @ (x - mean) ** 2 / total), (0.5 / len(x)) ** 2)
    size = max(mean * (1 - mean) / spread - 1.0, 0.05)
    return mean * size, (1 - mean) * size


def _log_mass(x: FloatArray, a: float, b: float) -> FloatArray:
    level = (a - 1) * np.log(x) + (b - 1) * np.log1p(-x)
    level -= level.max()
    return np.asarray(level - math.log(float(np.exp(level).sum())))

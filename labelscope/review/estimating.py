"""How many errors are left, what looking costs, and whether to go on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from labelscope.auditing.audit import Audit
from labelscope.review.confidence import Draws, total_interval
from labelscope.review.learning import wrong_rows
from labelscope.review.progress import seen_rows
from labelscope.review.state import UNREVIEWED, UNSURE, ReviewState
from labelscope.types import Estimate, FloatArray, IntArray

if TYPE_CHECKING:
    from labelscope.review.ledger import Ledger
    from labelscope.review.session import Session

_PAUSE_SECONDS = 60.0
_POINTS = 100
#: Looks by chance that the audit's own expectation counts for in the estimate (not in its interval).
_PRIOR_DRAWS = 20.0


@dataclass(frozen=True)
class LeftEstimate:
    """Errors left among the labeled rows without a decision.

    Attributes
    ----------
    left, low, high : float
        The estimate and an interval that holds at every look, all looks of a review taken together.
    level : float
        Coverage of the interval.
    measured : bool
        Whether looks by chance support it; else it is the audit's expectation and the interval is certain.
    looks, random_looks : int
        Rows that were decided about one at a time, and those of them drawn by chance.
    per_minute : float or None
        Errors found per minute, pauses of more than a minute cut; None until there is enough to say.
    next_100 : float
        Errors that the next 100 looks are expected to find.
    effort : tuple of (int, int)
        Rows decided about and errors found, at most 100 points.
    advice : str
        What that means, in a sentence or two.
    """

    left: float
    low: float
    high: float
    level: float
    measured: bool
    looks: int
    random_looks: int
    per_minute: float | None
    next_100: float
    effort: tuple[tuple[int, int], ...]
    advice: str


def left_estimate(session: Session, *, level: float = 0.9) -> LeftEstimate:
    """Estimate the errors that are left.

    Parameters
    ----------
    session : Session
    level : float
        Coverage of the interval.

    Returns
    -------
    LeftEstimate

    Notes
    -----
    Verdicts of looks by chance are what the estimate rests on: each is a uniform draw from all rows without a
    decision, flagged or not (see `labelscope.review.sampling`). The audit's suspicion is a prediction in the
    sense of prediction-powered inference (Angelopoulos et al. 2023): where it is right the interval is
    narrower, and where it is wrong the interval still holds (see `labelscope.review.confidence`). Decisions
    about many rows at once, and those that a judge or a teacher took, are taken at their word.

    Examples
    --------
    >>> import labelscope as ls
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> left_estimate(ls.Session(ls.audit(X, y), journal=None)).measured
    False
    """
    with session.ledger.lock:
        left, low, high, measured = errors_left(session.audit, session.ledger, session.suspicion, level)
        next_100 = _next_100(session)
        state = session.ledger.state
        effort = effort_curve(state)
        found = effort[-1][1] if effort else 0
        sampler = session.ledger.sampler
        return LeftEstimate(
            left,
            low,
            high,
            level,
            measured,
            sampler.looks,
            sampler.drawn,
            _per_minute(state, found),
            next_100,
            effort,
            _advice(left, low, high, next_100, measured),
        )


def errors_left(
    audit: Audit, ledger: Ledger, suspicion: FloatArray, level: float = 0.9
) -> tuple[float, float, float, bool]:
    """Return estimate, low and high end of the errors left, and whether looks by chance support them.

    Parameters
    ----------
    audit : Audit
        Its suspicion is the prediction.
    ledger : Ledger
    suspicion : (n,) float
        As it is now: what is expected where nothing was drawn.
    level : float

    Returns
    -------
    left, low, high : float
    measured : bool
    """
    state = ledger.state
    labeled = state.given >= 0
    open_rows = labeled & (state.state == UNREVIEWED)
    expected = float(np.asarray(suspicion, dtype=np.float64)[open_rows].sum())
    n_open = float(open_rows.sum())
    draws, found = draws_of(audit, ledger)
    if not len(draws.wrong):
        return min(expected, n_open), 0.0, n_open, False
    low, high = total_interval(draws, found, found + n_open, level)
    low, high = max(0.0, low - found), min(n_open, high - found)
    # Each draw's own unbiased guess of the total; draws from fewer rows vary less.
    guesses = draws.found + draws.predicted + draws.n_left * (draws.wrong - draws.said)
    share = 1.0 / draws.n_left**2
    measured = float(share @ guesses / share.sum()) - found
    weight = len(guesses) / (len(guesses) + _PRIOR_DRAWS)
    left = float(np.clip(weight * measured + (1 - weight) * expected, low, high))
    return left, low, high, True


def draws_of(audit: Audit, ledger: Ledger) -> tuple[Draws, float]:
    """Return the looks by chance, in order, and the number of errors found so far, by any look."""
    state = ledger.state
    labeled = state.given >= 0
    said = np.asarray(audit.suspicion, dtype=np.float64) if audit.has_probability else np.zeros(state.n)
    judged = np.flatnonzero(labeled & (state.state != UNREVIEWED))
    first = state.first
    wrong = wrong_rows(state).astype(np.float64)
    wrong[state.state == UNSURE] = 0.5
    order = judged[np.argsort(first[judged], kind="stable")]
    places = first[order]
    drawn = [(row, place) for row, place in _drawn(ledger, first) if labeled[row]]
    marked, at = (
        np.array(side, dtype=np.int64) for side in (zip(*drawn, strict=True) if drawn else ((), ()))
    )
    before = np.searchsorted(places, at)
    wrongs = np.concatenate([[0.0], np.cumsum(wrong[order])])
    saids = np.concatenate([[0.0], np.cumsum(said[order])])
    total, n_labeled = float(said[labeled].sum()), float(labeled.sum())
    draws = Draws(
        wrong[marked],
        said[marked],
        n_labeled - before,
        wrongs[before],
        total - saids[before],
        float(said[labeled].min(initial=0.0)),
        float(said[labeled].max(initial=0.0)),
    )
    return draws, float(wrongs[-1])


def _drawn(ledger: Ledger, first: IntArray) -> list[tuple[int, int]]:
    """Rows whose first decision was a look by chance, with its place, in order."""
    events = ledger.state.events
    found = []
    for row in ledger.sampler.drawn_rows:
        place = int(first[row])
        if place >= 0 and len(events[place].rows) == 1 and events[place].data.get("drawn") == "random":
            found.append((place, row))
    return [(row, place) for place, row in sorted(found)]


def effort_curve(state: ReviewState) -> tuple[tuple[int, int], ...]:
    """Return at most 100 points (rows that people decided about, errors found)."""
    judged = np.flatnonzero((state.given >= 0) & seen_rows(state))
    order = judged[np.argsort(state.first[judged], kind="stable")]
    if not len(order):
        return ()
    found = np.cumsum(wrong_rows(state)[order])
    at = np.unique(np.linspace(1, len(order), min(_POINTS, len(order))).round().astype(int))
    return tuple((int(k), int(found[k - 1])) for k in at)


def noise_rate_of(audit: Audit, ledger: Ledger, suspicion: FloatArray) -> Estimate:
    """Return the share of given labels that are wrong: found ones and those estimated to be left."""
    n_labeled = int((ledger.state.given >= 0).sum())
    left, low, high, measured = errors_left(audit, ledger, suspicion)
    if not measured or not n_labeled:
        return audit.noise_rate
    found = float(wrong_rows(ledger.state).sum())
    value, least, most = (min(1.0, (found + one) / n_labeled) for one in (left, low, high))
    return Estimate(value, least, most, level=0.9, measured=True)


def _next_100(session: Session) -> float:
    open_rows = session.ledger.state.state == UNREVIEWED
    values = np.asarray(session.suspicion)[open_rows]
    return float(values.sum() if len(values) <= 100 else np.partition(values, -100)[-100:].sum())


def _per_minute(state: ReviewState, found: int) -> float | None:
    """Errors found per minute of work: pauses between two gestures of a person are left out."""
    times: dict[str, list[datetime]] = {}
    for event in state.events:
        try:
            at = datetime.fromisoformat(event.at)
        except ValueError:
            continue
        times.setdefault(event.reviewer, []).append(at if at.tzinfo else at.replace(tzinfo=UTC))
    # Dates are subtracted as dates: as seconds, floats of a far future could not tell two events apart.
    pauses = [(b - a).total_seconds() for own in times.values() for a, b in pairwise(sorted(own))]
    gaps = [pause for pause in pauses if 0 < pause <= _PAUSE_SECONDS]
    if len(gaps) < 5:
        return None
    return found / (sum(gaps) / 60.0)


def _advice(left: float, low: float, high: float, next_100: float, measured: bool) -> str:
    more = f"Reviewing more finds about {next_100:.0f} per 100."
    if not measured:
        return f"{more} How many errors are left is not measured yet."
    return f"{more} About {left:,.0f} errors are left, between {low:,.0f} and {high:,.0f}."

"""How many errors are left, what looking costs, and whether to go on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from labelscope.auditing.audit import Audit
from labelscope.review.confidence import Draws
from labelscope.review.learning import wrong_rows
from labelscope.review.populations import Places, decided_unseen, guess_of_decided, undecided
from labelscope.review.progress import never_seen_rows, seen_rows
from labelscope.review.state import EXCLUDED, UNREVIEWED, ReviewState
from labelscope.types import Estimate, FloatArray

if TYPE_CHECKING:
    from labelscope.review.ledger import Ledger
    from labelscope.review.session import Session

_PAUSE_SECONDS = 60.0
_POINTS = 100


@dataclass(frozen=True)
class LeftEstimate:
    """Wrong labels left among the labeled rows that nobody looked at.

    Attributes
    ----------
    left, low, high : float
        The estimate and an interval that holds at every look, all looks of a review taken together: those
        before methods decide about rows, and those after.
    level : float
        Coverage of the interval.
    measured : bool
        Whether looks by chance support it; else it is the audit's expectation and the interval is certain.
    unseen, unseen_looks : int
        Rows in it that methods decided about, or that were accepted in one go, and that nobody looked at; and
        looks by chance at such rows.
    assumed : bool
        Whether there are such rows and no such looks: how many of their labels are wrong is then what the
        audit suspects, and the interval allows for none and all.
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
    unseen: int = 0
    unseen_looks: int = 0
    assumed: bool = False


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
    narrower, and where it is wrong the interval still holds (see `labelscope.review.confidence`).

    Rows that a judge, a teacher or a propagation decided about, and those that were accepted in one go, stay
    in it until somebody looks at them. Their labels are a population of their own: looks at rows drawn from
    it (``session.queue("random")`` hands them out among the others) measure how many are wrong; without any
    this is assumed, and ``advice`` says so.

    Examples
    --------
    >>> import labelscope as ls
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> left_estimate(ls.Session(ls.audit(X, y), journal=None)).measured
    False
    """
    with session.ledger.lock:
        found = _left(session.audit, session.ledger, session.suspicion, level)
        next_100 = _next_100(session)
        state = session.ledger.state
        effort = effort_curve(state)
        n_found = effort[-1][1] if effort else 0
        sampler = session.ledger.sampler
        return LeftEstimate(
            found.left,
            found.low,
            found.high,
            level,
            found.measured,
            sampler.looks,
            sampler.drawn,
            _per_minute(state, n_found),
            next_100,
            effort,
            _advice(found, next_100),
            found.n_decided,
            found.n_drawn,
            found.assumed,
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
    found = _left(audit, ledger, suspicion, level)
    return found.left, found.low, found.high, found.measured


@dataclass(frozen=True)
class _Left:
    """Errors left among rows without a decision, and among those with one that nobody looked at."""

    undecided: tuple[float, float, float]
    decided: tuple[float, float, float]
    n_decided: int
    n_drawn: int
    n_drawn_wrong: float
    measured: bool

    @property
    def left(self) -> float:
        return self.undecided[0] + self.decided[0]

    @property
    def low(self) -> float:
        return self.undecided[1] + self.decided[1]

    @property
    def high(self) -> float:
        return self.undecided[2] + self.decided[2]

    @property
    def assumed(self) -> bool:
        """Whether how many labels of decided rows are wrong is not measured."""
        return bool(self.n_decided) and not self.n_drawn


def _left(audit: Audit, ledger: Ledger, suspicion: FloatArray, level: float) -> _Left:
    state, places = ledger.state, Places.of(ledger.state)
    said = np.asarray(audit.suspicion, dtype=np.float64)
    apart = bool((places.decided & (state.given >= 0)).any())
    # Two intervals that hold each with half of what both may err.
    each = 1.0 - (1.0 - level) / 2 if apart else level
    open_rows = undecided(state, places, _prediction(audit), np.asarray(suspicion, dtype=np.float64))
    ends = open_rows.interval(each)
    first = _between(open_rows.guess(), ends)
    if not apart:
        return _Left(first, (0.0, 0.0, 0.0), 0, 0, 0.0, len(open_rows.draws.wrong) > 0)
    closed = decided_unseen(state, places, np.clip(said, 0.0, 1.0))
    second = _between(guess_of_decided(closed), closed.interval(each))
    n_drawn = len(closed.draws.wrong)
    # What is assumed may be as much as what looks leave open, and no more.
    small = bool(n_drawn) or closed.n <= ends[1] - ends[0]
    looked = len(open_rows.draws.wrong) > 0 or (open_rows.n == 0 and n_drawn > 0)
    wrong = float(closed.draws.wrong.sum())
    return _Left(first, second, closed.n, n_drawn, wrong, looked and small)


def _between(value: float, ends: tuple[float, float]) -> tuple[float, float, float]:
    return float(np.clip(value, *ends)), *ends


def _prediction(audit: Audit) -> FloatArray:
    """Suspicion as a prediction, made before the review; none where it is no probability."""
    return np.asarray(audit.suspicion, dtype=np.float64) if audit.has_probability else np.zeros(audit.n)


def draws_of(audit: Audit, ledger: Ledger) -> tuple[Draws, float]:
    """Return the looks by chance at rows without a decision, in order, and the errors found among such."""
    said = _prediction(audit)
    found = undecided(ledger.state, Places.of(ledger.state), said, said)
    return found.draws, found.found


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
    """Return the share of given labels that are wrong: found ones and those estimated to be left.

    A given label that a method changed is wrong where the method was right; where it was not, it counts as
    right, and the interval allows for either.
    """
    state = ledger.state
    labeled = state.given >= 0
    n_labeled = int(labeled.sum())
    left = _left(audit, ledger, suspicion, 0.9)
    if not left.measured or not n_labeled:
        return audit.noise_rate
    unseen = labeled & never_seen_rows(state)
    changed = float((unseen & ((state.current != state.given) | (state.state == EXCLUDED))).sum())
    kept = left.n_decided - changed
    found = float((wrong_rows(state) & ~unseen).sum())
    value, _, most = left.decided
    mended = changed + value * (kept - changed) / max(left.n_decided, 1)
    ends = (mended, max(0.0, changed - most), changed + min(kept, most))
    value, low, high = (
        min(1.0, (found + one + more) / n_labeled) for one, more in zip(left.undecided, ends, strict=True)
    )
    return Estimate(value, low, high, level=0.9, measured=True)


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


def _advice(found: _Left, next_100: float) -> str:
    said = [f"Reviewing more finds about {next_100:.0f} per 100."]
    if not found.measured:
        said.append("How many errors are left is not measured yet.")
    else:
        said.append(
            f"About {found.left:,.0f} errors are left, between {found.low:,.0f} and {found.high:,.0f}."
        )
    rows = f"{found.n_decided:,} rows that methods decided about or that were accepted in one go"
    if found.assumed:
        said.append(
            f"That {found.decided[0]:,.0f} labels are wrong among {rows} is an assumption: nobody looked at"
            " any of these by chance, as with the random queue."
        )
    elif found.n_decided:
        said.append(
            f"Among {rows} it rests on {found.n_drawn:,} looks by chance, which found"
            f" {found.n_drawn_wrong:,.0f} wrong."
        )
    return " ".join(said)

"""Check a few rows of a cell at random, then accept the rest in one reversible step."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from labelscope.errors import InvalidInputError, RefusedError
from labelscope.review.events import Event
from labelscope.review.new_labels import LabelReader
from labelscope.review.state import UNREVIEWED, UNSURE
from labelscope.review.tokens import Tokens
from labelscope.scorers.proportions import exact_lower
from labelscope.types import BoolArray, IntArray

if TYPE_CHECKING:
    from labelscope.review.session import Session

#: The bound may be wrong once in twenty: this much if all rows checked are right, and of what is left half
#: with one miss, a quarter with two, and so on. So one may look at the bound after every row.
_ALPHA, _FIRST_ALPHA = 0.05, 0.0486
_CHECKS: WeakKeyDictionary[Session, Tokens[Check]] = WeakKeyDictionary()


@dataclass(frozen=True)
class CheckState:
    """How far a check is.

    Attributes
    ----------
    checked, right : int
        Rows checked, in the order drawn, and those whose suggestion was right.
    lower : float
        Lower bound of the share of right suggestions, at 95 %, however often one looks.
    precision : float
        The share asked for.
    ready : bool
        Whether the rest may be accepted.
    expected_wrong : float
        Wrong edits to expect if the rest is accepted.
    n_rest : int
        Rows that would be accepted.
    more : tuple of int
        Rows to check next, as long as no further miss turns up; empty when ready.
    """

    checked: int
    right: int
    lower: float
    precision: float
    ready: bool
    expected_wrong: float
    n_rest: int
    more: tuple[int, ...]


@dataclass(eq=False)
class Check:
    """A random sample of the rows given one label and suggested another.

    Attributes
    ----------
    token : str
    rows : tuple of int
        The first ``k`` rows to check.
    k, n : int
        Rows to check if all are right, and rows of the cell.
    needed : str
        Such as ``"29 of 29"``.
    expected_wrong : float
        Wrong edits that the audit expects in the cell.
    """

    session: Session = field(repr=False)
    order: IntArray = field(repr=False)
    suggested: int
    precision: float
    expected_wrong: float
    token: str = ""

    @property
    def n(self) -> int:
        """Rows of the cell."""
        return len(self.order)

    @property
    def k(self) -> int:
        """Rows to check if all of them are right."""
        return min(needed(self.precision), self.n)

    @property
    def rows(self) -> tuple[int, ...]:
        """The rows to check first."""
        return tuple(self.order[: self.k].tolist())

    @property
    def needed(self) -> str:
        """What the bound asks for, in words."""
        return f"{self.k} of {self.k}"

    def state(self) -> CheckState:
        """Return how far the check is.

        Returns
        -------
        CheckState
        """
        seen = self.seen()
        # Rows that are passed over end the sample: the others may have been chosen.
        open_places = np.flatnonzero(~seen)
        checked = int(open_places[0]) if len(open_places) else self.n
        right = int(self.is_right()[:checked].sum())
        misses = checked - right
        lower = lower_bound(right, misses)
        rest = self.rest()
        ready = lower >= self.precision and len(rest) > 0
        expected = (misses + 0.5) / (checked + 1) * len(rest) if checked else self.expected_wrong
        goal = min(wanted(self.precision, misses), self.n)
        more = self.order[checked:goal]
        return CheckState(
            checked, right, lower, self.precision, ready, float(expected), len(rest),
            () if ready else tuple(more.tolist()),
        )  # fmt: skip

    def rest(self) -> IntArray:
        """Return the rows of the cell without a decision."""
        return np.asarray(self.order[self.session.state.state[self.order] == UNREVIEWED])

    def seen(self) -> BoolArray:
        """Return (n,) bool, in the order drawn: rows that somebody decided about."""
        state = self.session.state.state[self.order]
        return np.asarray((state != UNREVIEWED) & (state != UNSURE))

    def is_right(self) -> BoolArray:
        """Return (n,) bool, in the order drawn: rows that are now as suggested."""
        return np.asarray(self.session.state.current[self.order] == self.suggested)

    def accept(self) -> tuple[Event, ...]:
        """Give the rest what is suggested, as one step."""
        label = self.session.state.classes[self.suggested]
        return self.session.relabel(self.rest(), label, source="suggestion")

    def opened(self) -> Check:
        """Give the check a token and return it."""
        self.token = _tokens(self.session).add(self)
        return self


def needed(precision: float) -> int:
    """Return how many rows must be right in a row for the bound to reach a precision.

    Examples
    --------
    >>> needed(0.9), needed(0.95)
    (29, 59)
    """
    return wanted(checked_precision(precision), 0)


def wanted(precision: float, misses: int) -> int:
    """Return how many rows must be checked in all if there are so many misses among them."""
    low = high = misses + max(1, math.ceil(math.log(_alpha(misses)) / math.log(precision)))
    while lower_bound(high - misses, misses) < precision:
        low, high = high, 2 * high
    while low < high:
        middle = (low + high) // 2
        if lower_bound(middle - misses, misses) >= precision:
            high = middle
        else:
            low = middle + 1
    return low


def lower_bound(right: int, misses: int) -> float:
    """Return the lower bound of the share of right suggestions; holds at every look with 95 %.

    Notes
    -----
    With j misses, the exact binomial bound (Clopper and Pearson) at a level that is set aside for j. For each
    j the bound first passes a given precision at a number of rows that is fixed in advance, so that looking
    after every row adds nothing to its level, and the levels of all j add up to 5 %. Rows are drawn without
    replacement, which makes the binomial bound careful.
    """
    return exact_lower(right, right + misses, _alpha(misses))


def _alpha(misses: int) -> float:
    return float(_FIRST_ALPHA if misses == 0 else (_ALPHA - _FIRST_ALPHA) * 0.5**misses)


def start_check(
    session: Session, given: Any, suggested: Any, precision: float = 0.95, seed: int | None = None
) -> Check:
    """Draw rows of a cell to check.

    Parameters
    ----------
    session : Session
    given, suggested : label
        The cell: rows without a decision that have one label and are suggested the other.
    precision : float
        Share of right suggestions that the bound must reach, from .5 to below 1.
    seed : int, optional
        By default every check draws other rows.

    Returns
    -------
    Check

    Raises
    ------
    InvalidInputError
        The cell is empty, a label is none, or the precision cannot be had.
    """
    checked_precision(precision)
    state, audit = session.state, session.audit
    reader = LabelReader(audit.dataset.labels, state.classes, False)
    from_code, to_code = reader.code(given), reader.code(suggested)
    codes = np.asarray(session.suggested_codes)
    cell = (state.state == UNREVIEWED) & (state.current == from_code) & (codes == to_code)
    rows = np.flatnonzero(cell & (state.current >= 0))
    if not len(rows):
        raise InvalidInputError(
            f"No row without a decision is labelled {given!r:.60} and suggested {suggested!r:.60}.",
            "Choose a cell of the matrix that is not empty.",
        )
    order = np.random.default_rng(seed).permutation(rows)
    suspicion = np.asarray(session.suspicion, dtype=np.float64)[rows]
    expected = float((suspicion if from_code == to_code else 1.0 - suspicion).sum())
    return Check(session, order, to_code, float(precision), expected).opened()


def open_check(session: Session, token: str) -> Check:
    """Return a check of this session by its token; raises InvalidInputError for any other token."""
    return _tokens(session).look(token)


def accept_rest(session: Session, check: Check | str) -> tuple[Event, ...]:
    """Give the rows of a cell that were not checked their suggested label, as one undo step.

    Parameters
    ----------
    session : Session
    check : Check or str
        The check or its token; it is closed by this.

    Returns
    -------
    tuple of Event

    Raises
    ------
    RefusedError
        ``code`` is ``"bound_not_met"``: too few rows were checked, or too many were wrong.
    InvalidInputError
        Not a check of this session, or closed already.
    """
    token = check if isinstance(check, str) else check.token
    with session.ledger.lock:
        check = open_check(session, token)
        found = check.state()
        if not found.ready:
            raise RefusedError(
                "bound_not_met",
                f"The lower bound is {found.lower:.3f} after {found.right} of {found.checked} right, below"
                f" {found.precision:g}.",
                f"Check {len(found.more)} more rows." if found.more else "Nothing is left to accept.",
            )
        happened = check.accept()
        _tokens(session).use(token)
    return happened


def checked_precision(precision: Any) -> float:
    """Return a precision that a check can reach, or say what is wrong with it."""
    if isinstance(precision, bool) or not isinstance(precision, int | float) or not 0.5 <= precision <= 0.999:
        raise InvalidInputError(f"precision is {precision!r:.40}.", "Give a share from 0.5 to 0.999.")
    return float(precision)


def _tokens(session: Session) -> Tokens[Check]:
    return _CHECKS.setdefault(session, Tokens("check"))

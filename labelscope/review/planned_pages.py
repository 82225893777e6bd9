"""Pages of a plan as one person sees them: what is on them, and how far off they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.errors import InvalidInputError, RefusedError
from labelscope.review.controls import Controls
from labelscope.review.events import scalar_key
from labelscope.review.looks import looks_of
from labelscope.review.pages import Page, opened
from labelscope.review.planned import Turn, withdrawals_of
from labelscope.review.reviewers import Pairs, pairs_of
from labelscope.types import BoolArray, IntArray

if TYPE_CHECKING:
    from labelscope.review.session import Session

#: What was said of a row when its page was closed before: wrong without a label, and left open.
UNKNOWN, OPEN = -1, -2


@dataclass(frozen=True, eq=False)
class ShownPage:
    """A page of a plan, opened.

    Attributes
    ----------
    page : Page
        With the token, and the control.
    rows : (m,) int64
        In the plan's order.
    labels : (m,) int64
        Codes that untouched rows say.
    others : (m,) int64
        What a row may be instead, as far as the plan knows: its given label or its suggestion; else -1.
    left_out : int
        Rows that somebody decided about elsewhere.
    marks : dict of int to int
        Where this person closed the page before: rows that were not agreed to, and the code of the label
        they got, ``UNKNOWN`` or ``OPEN``.
    """

    page: Page
    rows: IntArray
    labels: IntArray
    others: IntArray
    left_out: int
    marks: dict[int, int]


def open_planned(session: Session, turn: Turn, number: int, controls: Controls) -> ShownPage:
    """Open a page of a plan.

    Parameters
    ----------
    session : Session
    turn : Turn
        Of `review.planned.turn_of`.
    number : int
        Which of the person's pages, from 0.
    controls : Controls
        With a rate of 0 a page has no control.

    Returns
    -------
    ShownPage
        ``review.pages.page_done`` closes it, by the token of its ``page``. Nothing in it tells copies from
        others: what was said of a row on another page is not in here.

    Raises
    ------
    RefusedError
        ``code`` is ``"no_seat"``: it is not settled whose pages this person takes.
    InvalidInputError
        There is no such page, or nothing is left to see on it.
    """
    if turn.seat is None:
        raise RefusedError(
            "no_seat",
            f"The plan is for {', '.join(turn.plan.reviewers)}, and {session.reviewer} is none of them.",
            "Choose whose pages to take.",
        )
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < len(turn.pages):
        raise InvalidInputError(
            f"There is no page {number!r:.20}.", f"{turn.seat} has the pages 0 to {len(turn.pages) - 1}."
        )
    planned, shown = turn.pages[number], turn.shown[number]
    if not shown.any():
        raise InvalidInputError(
            "All rows of this page were decided about meanwhile.", "Go on with the next one."
        )
    rows = planned.rows[shown]
    labels, others = _labels(session, turn, planned.label, rows)
    order = np.argsort(rows, kind="stable")
    common = int(np.bincount(labels).argmax())
    page = Page(
        rows[order],
        turn.plan.mean,
        controls.for_page(planned.rows, turn.plan.mean, common) if controls.rate else None,
        controls,
        labels=labels[order],
        plan=turn.plan,
        number=number,
        replaces=turn.batches[number],
        withdrawals=withdrawals_of(session, turn.plan),
    )
    marks = _marks(session, turn.batches[number], rows, labels)
    return ShownPage(opened(session, page), rows, labels, others, int((~shown).sum()), marks)


def _labels(session: Session, turn: Turn, label: int, rows: IntArray) -> tuple[IntArray, IntArray]:
    """Codes that rows of a page say untouched, and what else they may be; both as the plan had them."""
    given = np.asarray(session.state.given, dtype=np.int64)[rows]
    suggested = np.full(session.audit.n, -1, dtype=np.int64)
    suggested[turn.plan.rows] = turn.plan.suggested
    suggested = suggested[rows]
    by_row = suggested if turn.plan.mean == "suggested" else given
    labels = np.where(label >= 0, label, np.where(by_row >= 0, by_row, given))
    others = np.where(given != labels, given, np.where(suggested != labels, suggested, -1))
    return labels.astype(np.int64), others.astype(np.int64)


def _marks(session: Session, batch: str, rows: IntArray, labels: IntArray) -> dict[int, int]:
    if not batch:
        return {}
    says = dict(zip(rows.tolist(), labels.tolist(), strict=True))
    found = dict.fromkeys(says, OPEN)
    code_of = {scalar_key(value): code for code, value in enumerate(session.state.classes)}
    for event in session.state.events:
        if event.batch != batch:
            continue
        if event.kind == "unsure":
            found.update({row: UNKNOWN for row in event.rows if row in found})
        elif event.kind in ("relabelled", "kept"):
            for row, value in zip(event.rows, event.after, strict=False):
                if row in found:
                    found[row] = code_of.get(scalar_key(value), UNKNOWN)
    return {row: code for row, code in found.items() if code != says[row]}


@dataclass(frozen=True)
class Ending:
    """What a person's answers came to, held against others' and against themselves.

    Attributes
    ----------
    n_others, same_others : int
        Rows that somebody else answered, too, and those that got the same answer.
    n_own, same_own : int
        The same of rows that came back to this person.
    differ : tuple of int
        Rows that got different answers, sorted; the later one is in force there.
    """

    n_others: int
    same_others: int
    n_own: int
    same_own: int
    differ: tuple[int, ...]


def ending_of(session: Session) -> Ending:
    """Hold this person's answers against others'; the same pairs as those of `reports.effort`."""
    looks = looks_of(session.state)
    if session.reviewer not in looks.reviewers:
        return Ending(0, 0, 0, 0, ())
    me = looks.reviewers.index(session.reviewer)

    def mine(pairs: Pairs) -> BoolArray:
        own = (looks.reviewer[pairs.first] == me) | (looks.reviewer[pairs.second] == me)
        return np.asarray(own & (pairs.agree | pairs.differ))

    between, within = pairs_of(looks), pairs_of(looks, same=True)
    others, own = mine(between), mine(within)
    apart: list[Any] = [between.row[others & between.differ], within.row[own & within.differ]]
    return Ending(
        int(others.sum()),
        int((others & between.agree).sum()),
        int(own.sum()),
        int((own & within.agree).sum()),
        tuple(np.unique(np.concatenate(apart)).tolist()),
    )

"""Pages of the grid: many rows at a glance, where untouched means agreed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from labelscope.errors import InvalidInputError, RefusedError
from labelscope.review.controls import Control, Controls
from labelscope.review.drafting import label_drafts
from labelscope.review.events import Draft, Event
from labelscope.review.new_labels import LabelReader
from labelscope.review.planned import record_plan, withdrawals_of
from labelscope.review.rows import as_rows
from labelscope.review.state import ReviewState
from labelscope.review.suggestions import suggested_labels
from labelscope.review.tokens import Tokens
from labelscope.types import IntArray

if TYPE_CHECKING:
    from labelscope.review.plans import Plan
    from labelscope.review.session import Session

MEANINGS = ("suggested", "given")
_PAGES: WeakKeyDictionary[Session, Tokens[Page]] = WeakKeyDictionary()


@dataclass(eq=False)
class Page:
    """A page that was opened.

    Attributes
    ----------
    token : str
    rows : (m,) int64
        Rows shown, without the control's.
    mean : {"suggested", "given"}
        What an untouched row says.
    control : Control or None
        A row to show among the others; it must be called wrong.
    labels : (m,) int64, optional
        Codes that untouched rows say, where a plan settled them.
    plan : Plan, optional
        Whose page this is.
    number : int
        Which of the reviewer's pages, from 0.
    replaces : str
        The step by which the reviewer closed it before; closing it again takes that back.
    withdrawals : frozenset of str
        Events by which the reviewer had withdrawn the plan when it was opened.
    """

    rows: IntArray
    mean: str
    control: Control | None
    controls: Controls
    token: str = ""
    labels: IntArray | None = None
    plan: Plan | None = None
    number: int = 0
    replaces: str = ""
    withdrawals: frozenset[str] = frozenset()


def open_page(session: Session, rows: Any, mean: str, controls: Controls) -> Page:
    """Open a page of the grid and draw its control.

    Parameters
    ----------
    session : Session
    rows : ints
        At least one.
    mean : {"suggested", "given"}
    controls : Controls
        With a rate of 0 a page has no control.

    Returns
    -------
    Page

    Raises
    ------
    InvalidInputError
        No rows, rows that do not exist, or another meaning.
    """
    shown = np.unique(as_rows(rows, session.audit.n))
    if not len(shown):
        raise InvalidInputError("The page is empty.", "Open a page with at least one row.")
    if mean not in MEANINGS:
        raise InvalidInputError.unknown("meaning of untouched", mean, MEANINGS)
    control = controls.for_page(shown, mean) if controls.rate else None
    return opened(session, Page(shown, mean, control, controls))


def opened(session: Session, page: Page) -> Page:
    """Give a page its token, by which it is closed."""
    page.token = _tokens(session).add(page)
    return page


def page_done(
    session: Session,
    rows: Any,
    wrong: Mapping[Any, Any],
    mean: str,
    seconds: float,
    token: str,
    idle: float = 0.0,
) -> tuple[Event, ...]:
    """Close a page: untouched rows are agreed to and the others get their labels, as one undo step.

    Parameters
    ----------
    session : Session
    rows : ints
        All rows shown; those of the page, with or without the control's.
    wrong : mapping of row to label
        Rows that were called wrong, and their label; None: wrong, but which label is right is not known.
    mean : {"suggested", "given"}
        As the page was opened.
    seconds : float
        How long the page took.
    token : str
        Of the page.
    idle : float
        Seconds besides, in which nobody was there.

    Returns
    -------
    tuple of Event
        The last one is ``page_timed``.

    Raises
    ------
    RefusedError
        ``code`` is ``"control_failed"``: the control was passed over. Nothing is recorded but that. Or
        ``"plan_withdrawn"``: since it was opened. Nothing is recorded.
    InvalidInputError
        The page is not open, or rows, labels or seconds do not fit.
    """
    page = _tokens(session).look(token)
    marked = _wrong(wrong)
    shown = set(as_rows(rows, session.audit.n).tolist())
    control = page.control
    extra = {control.row} if control is not None else set()
    if (shown | set(marked)) - set(page.rows.tolist()) - extra or mean != page.mean:
        raise InvalidInputError("These rows are not the page that was opened.", "Open the page again.")
    if page.plan is not None and withdrawals_of(session, page.plan) - page.withdrawals:
        raise RefusedError(
            "plan_withdrawn",
            "The plan of this page was withdrawn. Nothing was recorded.",
            "Go on with other pages, or undo the withdrawal.",
        )
    spent = _seconds(seconds), _seconds(idle)
    labels = {row: label for row, label in marked.items() if row not in extra}
    _check_labels(session, labels)
    _tokens(session).use(token)
    if control is not None:
        # Told of as wrong, whatever label it was given: that is what the control asks.
        passed = control.row in marked
        page.controls.answer(control.id, "keep" if passed else "accept")
        if not passed:
            raise RefusedError(
                "control_failed",
                "A row of this page does not belong there, and nobody marked it. Nothing was recorded.",
                "Look at the page once more; rows that do not fit are to be marked before it is closed.",
            )
    if page.plan is not None:
        record_plan(session, page.plan, again=False)
    untouched = np.array(sorted((shown & set(page.rows.tolist())) - set(marked)), dtype=np.int64)
    return session.ledger.record(lambda: _drafts(session, page, untouched, labels, spent), "widget")


def _drafts(
    session: Session, page: Page, untouched: IntArray, labels: dict[int, Any], spent: tuple[float, float]
) -> list[Draft]:
    state = session.state
    reader = LabelReader(session.audit.dataset.labels, state.classes, False)
    agreed = state.current[untouched].astype(np.int64)
    if page.labels is not None:
        agreed = page.labels[np.searchsorted(page.rows, untouched)].astype(np.int64)
    elif page.mean == "suggested":
        suggested = suggested_labels(session.audit, session.suggested_codes, state, untouched)
        for place, label in enumerate(suggested):
            if label is not None:
                agreed[place] = reader.code(label)
    named = {row: label for row, label in labels.items() if label is not None}
    rows = np.concatenate([untouched, np.fromiter(named, np.int64, len(named))])
    codes = np.concatenate([agreed, np.fromiter(map(reader.code, named.values()), np.int64, len(named))])
    drafts = label_drafts(state, rows, codes, session.suspicion, reader.classes)
    unknown = [row for row, label in labels.items() if label is None]
    if unknown:
        drafts.append(Draft("unsure", unknown))
    seconds, idle = spent
    data = {"seconds": seconds, "n": len(rows) + len(unknown), "wrong": len(labels), "mean": page.mean}
    data |= {"idle": idle} if idle else {}
    if page.plan is not None:
        data |= {"plan": page.plan.id, "page": page.number}
    before = _events_of(state, page.replaces)
    if before:
        earlier = sum(_earlier(event) for event in before)
        data |= {"seconds": round(seconds + earlier, 3), "earlier": earlier}
        reverted = list(dict.fromkeys(row for event in before for row in event.rows))
        # Last: a step that begins with a revert would be taken for an undo.
        drafts.append(Draft("page_timed", [], data=data))
        return [*drafts, Draft("reverted", reverted, data={"reverts": page.replaces})]
    return [*drafts, Draft("page_timed", [], data=data)]


def _events_of(state: ReviewState, batch: str) -> list[Event]:
    if not batch or not state.is_active(batch):
        return []
    return [event for event in state.events if event.batch == batch]


def _earlier(event: Event) -> float:
    found = event.data.get("seconds") if event.kind == "page_timed" else None
    usable = isinstance(found, int | float) and not isinstance(found, bool) and math.isfinite(found)
    return float(found) if usable and found is not None else 0.0


def _wrong(wrong: Mapping[Any, Any]) -> dict[int, Any]:
    if not isinstance(wrong, Mapping):
        raise InvalidInputError(f"wrong is {wrong!r:.40}.", "Pass a mapping of rows to labels.")
    found = {}
    for row, label in wrong.items():
        try:
            found[int(row)] = label
        except (TypeError, ValueError):
            raise InvalidInputError(f"wrong names the row {row!r:.40}.", "Rows are whole numbers.") from None
    return found


def _seconds(seconds: Any) -> float:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not math.isfinite(seconds):
        raise InvalidInputError(f"seconds is {seconds!r:.40}.", "Give a number of seconds.")
    return round(max(0.0, float(seconds)), 3)


def _check_labels(session: Session, labels: Mapping[int, Any]) -> None:
    """Refuse labels that are no classes before anything is recorded."""
    reader = LabelReader(session.audit.dataset.labels, session.state.classes, False)
    for label in labels.values():
        reader.code(label)


def _tokens(session: Session) -> Tokens[Page]:
    return _PAGES.setdefault(session, Tokens("page"))

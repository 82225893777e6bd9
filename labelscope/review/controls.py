"""Controls against nodding through: rows with a known answer among the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.data.labels import Labels
from labelscope.errors import InvalidInputError
from labelscope.review.events import DECISIONS, Draft, Event, scalar_key, to_scalar
from labelscope.review.new_labels import LabelReader
from labelscope.review.records import target_values
from labelscope.review.state import KEPT, RELABELLED, UNREVIEWED, ReviewState
from labelscope.review.tokens import Tokens
from labelscope.scorers.proportions import exact_interval
from labelscope.types import IntArray

if TYPE_CHECKING:
    from labelscope.review.session import Session

PLANTED, KNOWN, HIDDEN = "planted_suggestion", "known_label", "hidden_suggestion"
VERDICTS = ("accept", "keep", "relabel", "unsure")
#: The first comes early: who nods through from the start is noticed before much is done.
_FIRST = (10, 26)
#: A control that was passed over is followed by another one soon.
_SOON = (4, 10)
# Evidence that wrong suggestions are accepted half of the time, rather than once in twenty.
_AGAINST, _FOR = float(np.log(0.5 / 0.05)), float(np.log(0.5 / 0.95))
_NOTICED, _CAP = 6.0, 8.0


@dataclass(frozen=True)
class Control:
    """A row to show as any other, with a suggestion that is wrong, or without one.

    Attributes
    ----------
    id : str
    row : int
    suggested : label value or None
        What to show as the suggestion.
    kind : str
        ``"planted_suggestion"``, ``"known_label"`` or ``"hidden_suggestion"``; not for the reviewer's eyes.
    """

    id: str
    row: int
    suggested: Any
    kind: str


@dataclass(frozen=True)
class Acceptance:
    """How often wrong suggestions were accepted, with an exact 95 % interval."""

    wrong_accepted: int
    n: int
    low: float
    high: float


@dataclass(frozen=True)
class ControlResult:
    """What an answer to a control says.

    Attributes
    ----------
    kind : str
    row : int
    passed : bool
    right : label value
        The answer that was known.
    acceptance : Acceptance or None
    """

    kind: str
    row: int
    passed: bool
    right: Any
    acceptance: Acceptance | None


class Controls:
    """Hands out controls and keeps count; what happened before a restart is read from the journal.

    A control never changes a label: its answer is an event ``voted``. Of the reviewer's decisions a share
    of ``rate`` is followed by a control, the first one early, and after a control that was passed over the
    next one comes soon. Three wrong suggestions accepted in a row are noticed; a slip now and then is not.

    Parameters
    ----------
    session : Session
    rate : float
        Controls per decision; 0 switches them off.
    seed : int

    Notes
    -----
    What is noticed is a cumulative sum (Page 1954) of the log likelihood ratio of accepting wrong
    suggestions half of the time against once in twenty; it starts again at 0, so that someone who tires late
    is noticed as fast as someone who nods from the start.

    Examples
    --------
    >>> import labelscope as ls
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> controls = Controls(ls.Session(ls.audit(X, y), journal=None), rate=0.03, seed=0)
    >>> controls.next() is None, controls.acceptance() is None, controls.noticed is None
    (True, True, True)
    """

    def __init__(self, session: Session, rate: float = 0.03, seed: int = 0) -> None:
        self.session = session
        self.rate = checked_rate(rate)
        self.seed = seed
        self._open: Tokens[tuple[Control, int]] = Tokens("control")
        self._pending: Control | None = None

    def next(self) -> Control | None:
        """Return the control that is due after the last decision, or None.

        A control that was not answered is returned again.
        """
        if self._pending is not None:
            return self._pending
        if not self.rate or not self._due():
            return None
        votes = len(self._votes())
        rng = np.random.default_rng([self.seed, votes, 1])
        # The first ones catch a nodding reviewer whatever was decided so far.
        kinds = (PLANTED,) if votes < 3 else (PLANTED, PLANTED, KNOWN, HIDDEN)
        kind = kinds[int(rng.integers(len(kinds)))]
        rows = self._trusted() if kind == PLANTED else self._confirmed()
        if not len(rows):
            kind, rows = PLANTED, self._trusted()
        if not len(rows):
            return None
        row = int(rows[rng.integers(len(rows))])
        wrong = self._wrong_code(row, rng)
        if wrong is None:
            return None
        suggested = None if kind == HIDDEN else to_scalar(self.session.state.classes[wrong])
        self._pending = self._opened(row, suggested, kind)
        return self._pending

    def answer(self, id: str, verdict: str, to: Any = None) -> ControlResult:
        """Record the reviewer's answer to a control.

        Parameters
        ----------
        id : str
        verdict : {"accept", "keep", "relabel", "unsure"}
        to : label, optional
            The label, for ``"relabel"``.

        Returns
        -------
        ControlResult

        Raises
        ------
        InvalidInputError
            There is no such control, it was answered before, or the verdict is none.
        """
        if verdict not in VERDICTS:
            raise InvalidInputError.unknown("verdict", verdict, VERDICTS)
        control, right = self._open.look(id)
        state = self.session.state
        code = {"accept": -1, "keep": right, "unsure": -1}.get(verdict, -1)
        classes: Sequence[Any] = state.classes
        if verdict == "relabel":
            reader = LabelReader(self.session.audit.dataset.labels, state.classes, False)
            code, classes = reader.code(to), reader.classes
        elif verdict == "accept" and control.suggested is not None:
            code = state.classes.index(control.suggested)
        passed = verdict in ("keep", "unsure") or (verdict == "relabel" and code == right)
        if verdict == "relabel" and not passed and control.kind != HIDDEN:
            # Another label than the suggested one is a matter of opinion, not of nodding.
            passed = scalar_key(to_scalar(to)) != scalar_key(control.suggested)
        self._open.use(id)
        if self._pending is not None and self._pending.id == id:
            self._pending = None
        after = None if code < 0 else to_scalar(classes[code])
        self._vote(control, verdict, after, passed)
        return ControlResult(
            control.kind, control.row, passed, to_scalar(state.classes[right]), self.acceptance()
        )

    def for_page(self, rows: Any, mean: str, label: int | None = None) -> Control | None:
        """Return a control to show among the rows of a page where untouched means agreed.

        Parameters
        ----------
        rows : ints
            Rows of the page.
        mean : {"suggested", "given"}
            What an untouched row says.
        label : int, optional
            Code of the page's label; by default what most of its rows say.

        Returns
        -------
        Control or None
            Its row is not of the page; its suggestion is the page's label and wrong. None when no row is
            sure enough.
        """
        shown = np.asarray(rows, dtype=np.int64)
        state = self.session.state
        if label is None:
            codes = self.session.suggested_codes if mean == "suggested" else state.current
            page = np.asarray(codes)[shown]
            page = page[page >= 0]
            if not len(page):
                return None
            label = int(np.bincount(page).argmax())
        trusted = np.setdiff1d(self._trusted(), shown)
        trusted = trusted[state.current[trusted] != label]
        if not len(trusted):
            return None
        rng = np.random.default_rng([self.seed, len(self._votes()), 2])
        row = int(trusted[rng.integers(len(trusted))])
        return self._opened(row, to_scalar(state.classes[label]), PLANTED)

    def acceptance(self) -> Acceptance | None:
        """Return how often this reviewer accepted wrong suggestions; None before the first control."""
        asked = [event for event in self._votes() if event.data.get("control") != HIDDEN]
        if not asked:
            return None
        accepted = sum(not event.data.get("passed") for event in asked)
        low, high = exact_interval(accepted, len(asked))
        return Acceptance(accepted, len(asked), low, high)

    @property
    def noticed(self) -> str | None:
        """What to say to a reviewer who nods through, or None."""
        level = 0.0
        for event in self._votes():
            level = min(_CAP, max(0.0, level + (_FOR if event.data.get("passed") else _AGAINST)))
        if level < _NOTICED:
            return None
        found = self.acceptance()
        counted = f" ({found.wrong_accepted} of {found.n})" if found else ""
        return (
            f"Suggestions that are known to be wrong were accepted{counted}. Look at each row before you"
            " decide; hiding suggestions until you answered may help."
        )

    # -- what the journal says ----------------------------------------------------------------------------

    def _votes(self) -> list[Event]:
        me = self.session.reviewer
        return [
            event
            for event in self.session.state.events
            if event.kind == "voted" and event.reviewer == me and "control" in event.data
        ]

    def _due(self) -> bool:
        me, since, votes, failed = self.session.reviewer, 0, 0, False
        for event in self.session.state.events:
            if event.reviewer != me:
                continue
            if event.kind == "voted" and "control" in event.data:
                since, votes, failed = 0, votes + 1, not event.data.get("passed")
            elif event.kind in DECISIONS:
                since += 1
        rng = np.random.default_rng([self.seed, votes, 0])
        usual = (0.7 / self.rate, 1.3 / self.rate)
        low, high = _SOON if failed else (_FIRST if votes == 0 else usual)
        return since >= round(float(rng.uniform(low, high)))

    # -- which rows -----------------------------------------------------------------------------------------

    def _trusted(self) -> IntArray:
        """Rows that nobody doubts: no decision, no flag, suggested as given, of the less suspected half."""
        session, state = self.session, self.session.state
        sure = (state.state == UNREVIEWED) & (state.given >= 0) & ~session.flagged
        sure &= session.suggested_codes == state.current
        rows = np.setdiff1d(np.flatnonzero(sure), self._asked())
        values = session.suspicion[rows]
        return rows[values <= np.median(values)] if len(rows) else rows

    def _confirmed(self) -> IntArray:
        state = self.session.state
        known = np.isin(state.state, (KEPT, RELABELLED)) & (state.current >= 0)
        return np.setdiff1d(np.flatnonzero(known), self._asked())

    def _asked(self) -> list[int]:
        return [row for event in self._votes() for row in event.rows]

    def _wrong_code(self, row: int, rng: np.random.Generator) -> int | None:
        """Draw a class that the row surely is not of."""
        state, audit = self.session.state, self.session.audit
        if audit.dataset.labels.is_open:
            others = unlike(state, audit.dataset.labels, row)
            return int(others[rng.integers(len(others))]) if len(others) else None
        others = np.setdiff1d(np.arange(len(audit.classes)), [state.current[row], state.given[row]])
        if not len(others):
            others = np.setdiff1d(np.arange(len(audit.classes)), [state.current[row]])
        return int(others[rng.integers(len(others))]) if len(others) else None

    def _opened(self, row: int, suggested: Any, kind: str) -> Control:
        right = int(self.session.state.current[row])
        control = Control("", row, suggested, kind)
        token = self._open.add((control, right))
        control = Control(token, row, suggested, kind)
        self._open.add((control, right), token)
        return control

    def _vote(self, control: Control, verdict: str, after: Any, passed: bool) -> None:
        state = self.session.state
        before = to_scalar(state.classes[state.current[control.row]])
        data = {"control": control.kind, "passed": passed, "verdict": verdict, "suggested": control.suggested}
        suspicion = round(float(self.session.suspicion[control.row]), 6)
        draft = Draft("voted", [control.row], [before], [after], [suspicion], data)
        self.session.ledger.record(lambda: [draft], "widget")


def unlike(state: ReviewState, labels: Labels, row: int) -> IntArray:
    """Return codes of given labels that are far from a row's: no tag in common, or a number far away."""
    code = int(state.current[row])
    if labels.tags is not None and state.sets is not None:
        table = state.sets.table(state.classes)
        own, others = table[code] == 1, table[: labels.n_classes] == 1
        return np.flatnonzero(~(others & own).any(axis=1) & (others.any(axis=1) | own.any()))
    numbers = target_values(state.classes, np.array([code, *range(labels.n_classes)]))
    low, high = np.quantile(numbers[1:], [0.1, 0.9])
    return np.flatnonzero(np.abs(numbers[1:] - numbers[0]) > (high - low) / 2)


def checked_rate(rate: Any) -> float:
    """Return a share, or say what is wrong with it."""
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate <= 0.5:
        raise InvalidInputError(f"control_rate is {rate!r:.40}.", "Give a share from 0 (none) to 0.5.")
    return float(rate)

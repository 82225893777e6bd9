"""What methods, judges and reports know about each row, as columns; their names begin with a colon.

The color menu, filters and queries read the same columns from here. A query writes them as plain words:
``:gate state`` is ``gate_state``, ``:score margin`` is ``score_margin``.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.review.judges import Judges, judges_of
from labelscope.review.suggestions import shown_labels
from labelscope.review.task_values import CONTRADICTION
from labelscope.types import Array, BoolArray, FloatArray, Score

if TYPE_CHECKING:
    from labelscope.auditing.audit import Audit
    from labelscope.review.session import Session

_LOSS_GATE = "dynamic_loss_gate"
EXPERT, DISAGREE, GATE = ":expert", ":experts disagree", ":gate state"
FOREIGN, WEIGHT, PSEUDO = ":foreign", ":weight", ":pseudo-label"
#: How the column of one scorer begins.
SCORE = ":score "
#: Where rows come from: the evidence that says it. What its codes stand for is called ``group_names``.
_ORIGINS = {":group": "groups", ":site": "sites"}
_STATES = ("reliable", "corrected", "undecided")


@dataclass(frozen=True, eq=False)
class Fact:
    """A column.

    Attributes
    ----------
    kind : {"number", "truth", "category"}
    values : (n,) array
        float64 with NaN, bool, or int64 codes into ``names`` with -1 for none.
    names : tuple of str
        Of categories.
    """

    kind: str
    values: Array
    names: tuple[str, ...] = ()

    @property
    def missing(self) -> BoolArray:
        """(n,) bool."""
        if self.kind == "number":
            return np.isnan(self.values)
        return np.asarray(self.values < 0) if self.kind == "category" else np.zeros(len(self.values), bool)


def number(values: Any) -> Fact:
    """Hold numbers; what is not finite is missing."""
    found = np.asarray(values, dtype=np.float64)
    return Fact("number", np.where(np.isfinite(found), found, np.nan))


def category(values: Any, order: tuple[str, ...] = ()) -> Fact:
    """Hold texts, None where there is none: those of ``order`` first, then as they appear."""
    array = np.asarray(values)
    if array.dtype.kind in "US":
        seen, inverse = np.unique(array, return_inverse=True)
        place = {text: code for code, text in enumerate(dict.fromkeys([*order, *seen.tolist()]))}
        return Fact("category", np.array([place[t] for t in seen.tolist()], np.int64)[inverse], tuple(place))
    texts = [None if value is None or value != value else str(value) for value in array.tolist()]
    known = dict.fromkeys([*order, *(text for text in texts if text is not None)])
    place = {text: code for code, text in enumerate(known)}
    codes = np.array([-1 if text is None else place[text] for text in texts], dtype=np.int64)
    return Fact("category", codes, tuple(known))


def _truth(values: Any) -> Fact:
    return Fact("truth", np.asarray(values, dtype=bool))


def _untruth(values: Any) -> Fact:
    return _truth(~np.asarray(values, dtype=bool))


#: Column, key that a score's details must hold, how it is read, and the scorer that says it.
_KNOWN: tuple[tuple[str, str, Callable[[Any], Fact], str], ...] = (
    (EXPERT, "expert", lambda values: category(np.asarray(values, str), ("local", "global")), "LocalGlobal"),
    (DISAGREE, "agree", _untruth, "LocalGlobal"),
    (":local confidence", "local_confidence", number, "LocalGlobal"),
    (":global confidence", "global_confidence", number, "LocalGlobal"),
    (FOREIGN, "foreign", number, "WeightAware"),
    (WEIGHT, "weight", number, "WeightAware"),
    (":tail", "tail", _truth, "ImbalanceAware"),
    (":value", "influence", number, "NeighborShapley"),
)
#: Other scores use these words for something else: what stands beside it, or its type, tells them apart.
_BESIDE = {"weight": "pseudo_label"}
_FLAGS = frozenset(key for _, key, read, _ in _KNOWN if read in (_truth, _untruth))
_OF_JUDGES: dict[str, Callable[[Judges], FloatArray]] = {
    ":judge confidence": lambda judges: judges.confidence,
    ":judge disagreement": lambda judges: judges.disagreement,
    ":judge suspicion": lambda judges: np.asarray(judges.score.suspicion, dtype=np.float64),
}
_VERDICT = ":judge verdict"


def query_name(column: str) -> str:
    """Return how a query writes a column.

    Examples
    --------
    >>> query_name(":gate state, round 1"), query_name(":pseudo-label")
    ('gate_state_round_1', 'pseudo_label')
    """
    return re.sub(r"\W+", "_", column).strip("_")


class Derived:
    """The derived columns of a session; each is made when first asked for, and kept.

    Parameters
    ----------
    session : Session
        Its audit's scores are read; :func:`derived_of` makes one of these for each session.
    """

    def __init__(self, session: Session) -> None:
        # No reference to the session itself: it would keep alive what is kept for its sake.
        self._audit: Audit = session.audit
        self._given = session.state.given
        self._kept: dict[str, Fact] = {}
        self._added: dict[str, Array] = {}
        self._lock = threading.RLock()

    def add(self, columns: Mapping[str, Array]) -> None:
        """Keep columns that a report or a queue made, in place of those of the same names."""
        with self._lock:
            self._added = {**self._added, **columns}
            self._kept = {name: fact for name, fact in self._kept.items() if name not in columns}

    def names(self, session: Session) -> list[str]:
        """Return the names of the columns to color by, one scorer's suspicion left out."""
        found = [name for name, key, _, _ in _KNOWN if self._score(key) is not None]
        if self._score("pseudo_label") is not None:
            found.append(PSEUDO)
        gate = self._audit.scores.get(_LOSS_GATE)
        if gate is not None and "state" in gate.details:
            found += [GATE, *_rounds(gate)]
        if judges_of(session) is not None:
            found += [_VERDICT, *_OF_JUDGES]
        return list(dict.fromkeys([*found, *self._added]))

    def queried(self, session: Session) -> dict[str, str]:
        """Return all columns by the names that a query writes."""
        audit = self._audit
        known = audit.evidence
        origins = [name for name, key in _ORIGINS.items() if np.shape(known.get(key, ())) == (audit.n,)]
        scores = [f"{SCORE}{name}" for name in audit.scores] if len(audit.scores) > 1 else []
        found: dict[str, str] = {}
        for column in (*self.names(session), *origins, *scores):
            found.setdefault(query_name(column), column)
        return found

    def truths(self, session: Session) -> list[str]:
        """Return the names that a query writes of columns that are true or false; nothing is read for it."""
        known = {name for name, _, read, _ in _KNOWN if read in (_truth, _untruth)}
        known |= {name for name, values in self._added.items() if np.asarray(values).dtype == bool}
        return [word for word, column in self.queried(session).items() if column in known]

    def fact(self, session: Session, name: str) -> Fact:
        """Return a column.

        Raises
        ------
        KeyError
            There is none of that name.
        """
        if name == _VERDICT or name in _OF_JUDGES:  # judges may be handed over at any time
            judges = judges_of(session)
            if judges is None:
                raise KeyError(name)
            if name in _OF_JUDGES:
                return number(_OF_JUDGES[name](judges))
            return Fact("category", judges.verdict, labels_of(session))
        with self._lock:
            if name not in self._kept:
                self._kept[name] = self._made(session, name)
            return self._kept[name]

    def _made(self, session: Session, name: str) -> Fact:
        audit = self._audit
        if name in self._added:
            values = np.asarray(self._added[name])
            if values.dtype == bool:
                return _truth(values)
            return number(values) if values.dtype.kind in "fiu" else _as_labels(session, category(values))
        if name.startswith(SCORE):
            return number(suspicion_of(audit, name.removeprefix(SCORE)))
        if name in _ORIGINS and _ORIGINS[name] in audit.evidence:
            return _origin(audit, _ORIGINS[name])
        gate = audit.scores.get(_LOSS_GATE)
        if gate is not None and name == GATE:
            return category(np.asarray(gate.details["state"], dtype=str), _STATES)
        if gate is not None and name in _rounds(gate):
            codes = np.asarray(gate.details["state_by_round"])[:, _rounds(gate)[name]]
            return Fact("category", codes.astype(np.int64), _STATES)
        pseudo = self._score("pseudo_label")
        if name == PSEUDO and pseudo is not None:
            codes = np.asarray(pseudo.details["pseudo_label"], dtype=np.int64)
            return Fact("category", np.where(self._given < 0, codes, -1), labels_of(session))
        for known, key, read, _ in _KNOWN:
            score = self._score(key)
            if known == name and score is not None:
                return read(score.details[key])
        raise KeyError(name)

    def _score(self, key: str) -> Score | None:
        """The first score whose details say it of each row."""
        for score in self._audit.scores.values():
            found = score.details.get(key)
            if found is None or np.shape(found) != (self._audit.n,):
                continue
            if _BESIDE.get(key, key) not in score.details:
                continue
            if key not in _FLAGS or np.asarray(found).dtype == bool:
                return score
        return None


_DERIVED: WeakKeyDictionary[Session, Derived] = WeakKeyDictionary()
_making = threading.Lock()


def derived_of(session: Session) -> Derived:
    """Return the derived columns of a session; made once."""
    with _making:
        found = _DERIVED.get(session)
        if found is None:
            found = _DERIVED[session] = Derived(session)
        return found


def maker_of(name: str) -> str:
    """Say what would make a column that a query asks for in vain; empty for a name of none."""
    for column, _, _, scorer in _KNOWN:
        if query_name(column) == name:
            return f'It comes with ls.scorers.{scorer}(): pass scorers=["auto", …] to ls.audit. '
    if name in map(query_name, (_VERDICT, *_OF_JUDGES)):
        return "It comes with judges: write view.give(judges=answers), or audit with JudgeEnsemble. "
    if name == CONTRADICTION:
        return 'It comes with evidence={"taxonomy": …} of ls.audit, for tags. '
    for column, key in _ORIGINS.items():
        if query_name(column) == name:
            return f'It comes with evidence={{"{key}": …}} of ls.audit, one value a row. '
    return ""


def suspicion_of(audit: Audit, name: str) -> FloatArray:
    """Return (n,) float64 suspicion of one scorer.

    Raises
    ------
    InvalidInputError
        The audit has no such score; the near miss is named.
    """
    for known, score in audit.scores.items():
        if str(known) == name:
            return np.nan_to_num(np.asarray(score.suspicion, dtype=np.float64))
    raise InvalidInputError.unknown("scorer", name, [str(known) for known in audit.scores])


def labels_of(session: Session) -> tuple[str, ...]:
    """Return the names of all classes as they are shown, those added in review included."""
    return tuple(map(str, shown_labels(session.state, session.audit.dataset)))


def _as_labels(session: Session, found: Fact) -> Fact:
    """Number categories as the labels that they all are, so that a class has one color; others stay."""
    shown = labels_of(session)
    for known in (shown, tuple(map(str, session.state.classes))):
        place = {name: code for code, name in enumerate(known)}
        if len(place) == len(known) and place.keys() >= set(found.names):
            codes = np.array([*(place[name] for name in found.names), -1], dtype=np.int64)
            return Fact("category", codes[found.values], shown)
    return found


def _origin(audit: Audit, key: str) -> Fact:
    values, word = np.asarray(audit.evidence[key]), key.removesuffix("s")
    called = audit.evidence.get(f"{word}_names")
    if called is None or values.dtype.kind not in "iu":
        return category(values.astype(object))
    # An audit makes a row without one a part of its own, and names it so.
    known = np.array([not str(name).startswith(f"no {word} (row ") for name in called], dtype=bool)
    table = np.append(np.where(known, np.cumsum(known) - 1, -1), -1)
    return Fact("category", table[values], tuple(str(n) for n, one in zip(called, known, strict=True) if one))


def _rounds(score: Score) -> dict[str, int]:
    """Columns of the rounds of the loss gate before the last one, by name."""
    states = score.details.get("state_by_round")
    n = 0 if states is None else int(np.shape(states)[1])
    return {f"{GATE}, round {k + 1}": k for k in range(n)} if n > 1 else {}

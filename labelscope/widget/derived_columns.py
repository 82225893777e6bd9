"""What methods know about each row, as columns to color and filter by; their names begin with a colon."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.types import Array
from labelscope.widget.messages import plain_number

if TYPE_CHECKING:
    from labelscope.review.session import Session
    from labelscope.types import Score

Json = dict[str, Any]

#: Code of a missing value among categories, as of columns of the user's frame.
_MISSING = 65_535
_LOSS_GATE, _LOCAL_GLOBAL = "dynamic_loss_gate", "local_global"
EXPERT, AGREE, GATE = ":expert", ":experts", ":gate state"
FOREIGN, WEIGHT, PSEUDO = ":foreign", ":weight", ":pseudo-label"

Make = Callable[["Session", "Score"], Array]


def _categories(name: str, values: Array, order: tuple[str, ...] = ()) -> tuple[Json, Array]:
    """Describe texts, None where there is none."""
    texts = [None if value is None else str(value) for value in values.tolist()]
    seen = list(dict.fromkeys(text for text in texts if text is not None))
    names = [text for text in order if text in seen] or seen
    place = {text: code for code, text in enumerate(names)}
    codes = np.array([_MISSING if text is None else place[text] for text in texts], dtype=np.uint16)
    counts = [int((codes == code).sum()) for code in range(len(names))]
    info = {
        "name": name,
        "kind": "categorical",
        "format": "text",
        "n_missing": int((codes == _MISSING).sum()),
        "categories": names,
        "counts": counts,
    }
    return info, codes


def _numbers(name: str, values: Array) -> tuple[Json, Array]:
    found = np.asarray(values, dtype=np.float64)
    present = found[np.isfinite(found)]
    info: Json = {"name": name, "kind": "numeric", "format": "number", "n_missing": len(found) - len(present)}
    if len(present):
        info["min"], info["max"] = float(present.min()), float(present.max())
    return info, found


def _agree(session: Session, score: Score) -> Array:
    agree = np.asarray(score.details["agree"], dtype=bool)
    return np.where(agree, "experts agree", "experts disagree").astype(object)


def _pseudo(session: Session, score: Score) -> Array:
    found = np.full(session.audit.n, None, dtype=object)
    names = np.array([*map(str, session.audit.dataset.labels.names)], dtype=object)
    rows = np.flatnonzero((session.state.given < 0) & (np.asarray(score.details["pseudo_label"]) >= 0))
    found[rows] = names[np.asarray(score.details["pseudo_label"], dtype=np.int64)[rows]]
    return found


def _detail(key: str) -> Make:
    return lambda session, score: np.asarray(score.details[key])


def _rounds(score: Score) -> dict[str, int]:
    """Columns of the rounds of the loss gate before the last one, by name."""
    states = score.details.get("state_by_round")
    n = 0 if states is None else int(np.shape(states)[1])
    return {f"{GATE}, round {k + 1}": k for k in range(n)} if n > 1 else {}


#: Column, key that a score's details must hold, whether it is a number, and how it is made.
_KNOWN: tuple[tuple[str, str, bool, Make], ...] = (
    (EXPERT, "expert", False, _detail("expert")),
    (AGREE, "agree", False, _agree),
    (FOREIGN, "foreign", True, _detail("foreign")),
    (WEIGHT, "weight", True, _detail("weight")),
    (PSEUDO, "pseudo_label", False, _pseudo),
)
_STATES = ("reliable", "corrected", "undecided")


class DerivedColumns:
    """Columns from details of scores, and those that reports made.

    Parameters
    ----------
    session : Session
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._added: dict[str, Array] = {}

    def add(self, columns: Mapping[str, Array]) -> None:
        """Keep columns that a report or a queue made, in place of those of the same names."""
        self._added = {**self._added, **columns}

    @property
    def names(self) -> list[str]:
        """Names of all columns."""
        found = [name for name, key, _, _ in _KNOWN if self._score(key) is not None]
        gate = self._session.audit.scores.get(_LOSS_GATE)
        if gate is not None and "state" in gate.details:
            found += [GATE, *_rounds(gate)]
        return list(dict.fromkeys([*found, *self._added]))

    def values(self, name: str) -> tuple[Json, Array]:
        """Return what a column is, and its values: numbers, or uint16 codes.

        Raises
        ------
        KeyError
            There is none of that name.
        """
        if name in self._added:
            values = self._added[name]
            numeric = values.dtype.kind in "fiub"
            return _numbers(name, values) if numeric else _categories(name, values)
        gate = self._session.audit.scores.get(_LOSS_GATE)
        if gate is not None and name == GATE:
            return _categories(name, np.asarray(gate.details["state"]).astype(object), _STATES)
        if gate is not None and name in _rounds(gate):
            codes = np.asarray(gate.details["state_by_round"])[:, _rounds(gate)[name]]
            states = np.array([*_STATES, None], dtype=object)
            return _categories(name, states[np.where(codes < 0, len(_STATES), codes)], _STATES)
        for known, key, numeric, make in _KNOWN:
            score = self._score(key)
            if known == name and score is not None:
                values = make(self._session, score)
                order = ("local", "global", "experts agree", "experts disagree")
                return _numbers(name, values) if numeric else _categories(name, values, order)
        raise KeyError(name)

    def _score(self, key: str) -> Score | None:
        """The first score whose details say it of each row."""
        for score in self._session.audit.scores.values():
            found = score.details.get(key)
            if found is not None and np.shape(found) == (self._session.audit.n,):
                return score
        return None


def expert_json(session: Session, row: int) -> Json:
    """Return which expert answers for a row, with the confidence and the label of both; empty without any."""
    score = session.audit.scores.get(_LOCAL_GLOBAL)
    if score is None:
        return {}
    told = score.details
    return {
        "expert": {
            "used": str(told["expert"][row]),
            "agree": bool(told["agree"][row]),
            "local": plain_number(told["local_confidence"][row]),
            "global": plain_number(told["global_confidence"][row]),
            "local_label": str(told["local_suggested"][row]),
            "global_label": str(told["global_suggested"][row]),
        }
    }

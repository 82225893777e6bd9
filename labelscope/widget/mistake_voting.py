"""People judge predictions that are outside the labels: the cases of a row for a page, and what was said."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.errors import InvalidInputError, LabelscopeError
from labelscope.review.events import to_scalar
from labelscope.review.learned_severity import FEWEST, Severities
from labelscope.review.severity import CATEGORIES, CORRECT, SEVERITIES, UNCLEAR, USUAL_SEVERITY, VERDICTS
from labelscope.review.state import ACCEPTED_SET, EXCLUDED
from labelscope.widget.beside import free_name, write_beside

if TYPE_CHECKING:
    from labelscope.review.events import Event
    from labelscope.review.findings import Findings, Opinion
    from labelscope.review.mistakes import MistakeReview
    from labelscope.review.severity import CategoryHints
    from labelscope.types import Array, IntArray
    from labelscope.widget.messages import Json
    from labelscope.widget.shared import Shared

Answer = tuple["Json", list[bytes]]

#: What to do where there is nothing to judge.
MODELS = 'Give predictions in the next cell: view.give(models={"resnet": predictions, ...}).'
#: Seconds that a page waits for a suggested category.
_AT_ONCE = 0.2
_EXEMPLARS = 8
#: More rows make no filter that a person could read.
_MOST_IN_FILTER = 1_000
_MAX_NAME = 60


@dataclass(frozen=True)
class _Now:
    """A review, and what was said by now."""

    review: MistakeReview
    opinions: tuple[Opinion, ...]
    found: Findings
    version: int


class MistakeVoting:
    """Answers for all views of a session.

    Parameters
    ----------
    shared : Shared
    """

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._made: tuple[Any, list[Array], MistakeReview] | None = None
        self._seen: _Now | None = None
        self._hinted: tuple[MistakeReview, threading.Event, list[CategoryHints]] | None = None
        self._files: dict[str, Path] = {}
        self._lock = threading.Lock()

    def models(self) -> dict[str, Any] | None:
        """Return predictions by model: those that were given, or those of the audit; None without any."""
        given = self._shared.given.get("models")
        if given is None:
            probs = self._shared.session.audit.evidence.get("pred_probs")
            given = None if probs is None else {"the audit's model": np.asarray(probs)}
        if given is None:
            return None
        k = len(self._shared.session.state.classes)
        return {name: _padded(said, k) for name, said in given.items()}

    @property
    def review(self) -> MistakeReview:
        """The review that is given, or one of the current labels.

        Raises
        ------
        InvalidInputError
            There are no predictions.
        """
        from labelscope.review.mistakes import MistakeReview

        shared = self._shared
        given: MistakeReview | None = shared.given.get("mistakes")
        if given is not None:
            return given
        with self._lock, shared.session.ledger.lock:
            models = self.models()
            if models is None:
                raise InvalidInputError("There are no predictions to judge.", MODELS)
            source, basis = shared.given.get("models"), _basis(shared)
            made = self._made
            if made is None or made[0] is not source or not all(map(np.array_equal, made[1], basis)):
                made = self._made = source, basis, MistakeReview(shared.session, models)
            return made[2]

    def queue(self, discuss: bool = False) -> IntArray:
        """Return the rows that this person has to judge, then those that are judged; or the disputed ones."""
        now = self._now()
        order, rows = now.review.order(), now.review.mistakes.rows
        if discuss:
            return _first(rows[order[now.found.disputed[order]]])
        return _first(np.concatenate([rows[now.review.left(now.opinions, now.found)], rows[order]]))

    def mistake(self, row: int, discuss: bool) -> Answer:
        """Return the predictions of a row that are outside its labels, and what was said of them."""
        from labelscope.review.exemplars import exemplars_of

        now, session = self._now(), self._shared.session
        review, made = now.review, now.review.mistakes
        left = review.left(now.opinions, now.found)
        disputed = np.flatnonzero(now.found.disputed)
        places = np.arange(*np.searchsorted(made.rows, (row, row + 1)))
        hints = self._hints(review)
        kinds = [""] * len(places) if hints is None else hints.of(places)
        todo = disputed if discuss else left
        cases = []
        for place, kind in zip(places.tolist(), kinds, strict=True):
            code = int(made.predictions[place])
            shown = exemplars_of(session, code, _EXEMPLARS, but=row)
            case = self._case(now, place) | {"category": kind, "open": bool((todo == place).any())}
            cases.append(case | {"exemplars": shown.tolist()} | _likely(now, place))
        sets, own = review.sets, int(review.sets.original[row])
        right, unclear = sets.correct[row].copy(), sets.unclear[row].copy()
        right[made.predictions[places[now.found.verdict[places] == CORRECT]]] = True
        unclear[made.predictions[places[now.found.verdict[places] == UNCLEAR]]] = True
        return {
            "row": row,
            "given": to_scalar(sets.classes[own]) if own >= 0 else None,
            "labels": _values(review, right),
            "unclear": _values(review, unclear),
            "exemplars": exemplars_of(session, own, _EXEMPLARS, but=row).tolist() if own >= 0 else [],
            "cases": cases,
            "severities": USUAL_SEVERITY,
            "busy": self._hinted is not None and not self._hinted[1].is_set(),
            "total": len(made),
            "left": len(left),
            "to_discuss": len(disputed),
            "next": _next(review, todo, row),
        }, []

    def judge(
        self, row: int, prediction: Any, verdict: str, category: Any, severity: Any, settled: bool
    ) -> tuple[Event, ...]:
        """Record what this person says of a prediction, or what the panel agreed on; no label changes.

        Saying the same again records nothing.
        """
        now = self._now()
        place = now.review.place_of(row, prediction)
        said = [one for one in now.opinions if one.place == place]
        mine = next((one for one in said if not one.settled and one.reviewer == self._who(now.review)), None)
        ended = next((one for one in said if one.settled), None)
        if settled and mine is None:
            raise InvalidInputError(
                "You have not judged this prediction yourself.",
                "Say first what you think of it; then the opinions of the others show.",
            )
        if settled and ended is None and not now.found.disputed[place]:
            raise InvalidInputError(
                "Nobody differs on this prediction, so that there is nothing to settle.",
                "Change your own verdict instead.",
            )
        last = ended if settled else mine
        if last is not None and _words(last) == {
            "verdict": verdict, "category": category, "severity": severity
        }:  # fmt: skip
            return ()
        return now.review.vote(
            row, prediction, verdict, category=category, severity=severity, settled=settled, source="widget"
        )

    def major_slice(self, slice: str, min_models: int) -> Answer:
        """Write the rows with a major mistake of enough models as a regression set, and return it."""
        name = slice.strip()
        if not 1 <= len(name) <= _MAX_NAME:
            raise InvalidInputError(
                f"The name of a regression set has 1 to {_MAX_NAME} characters, but this has {len(name)}.",
                "Name it in a word or two.",
            )
        found = self._now().found
        chosen = found.major_slice(min_models=min_models or None, name=name)
        if not chosen.rows:
            raise InvalidInputError(
                f"No row is a major mistake of {chosen.min_models} of the {len(chosen.builders)} models.",
                "Judge predictions as wrong and major first, or ask for fewer models in the report.",
            )
        target = self._files.get(name)
        if target is None:
            target = free_name(self._shared.session.audit.dataset.name, ".json", name)
        path, data = write_beside(target, chosen.save)
        if path is not None:
            self._files[name] = target
        short = len(chosen.rows) <= _MOST_IN_FILTER
        return {
            "path": path,
            "filename": target.name,
            "mime": "application/json",
            "rows": len(chosen.rows),
            "query": f"row in ({', '.join(map(str, chosen.rows))})" if short else None,
            "builders": list(chosen.builders),
            "min_models": chosen.min_models,
        }, [data]

    # -- what was said by now -----------------------------------------------------------------------------

    def _now(self) -> _Now:
        review = self.review
        version = self._shared.session.state.version
        seen = self._seen
        if seen is None or seen.review is not review or seen.version != version:
            opinions = review.opinions(quiet=True)
            seen = self._seen = _Now(review, opinions, review.findings(opinions), version)
        return seen

    def _case(self, now: _Now, place: int) -> Json:
        """One prediction; what others say is told to those only who have said something themselves."""
        review, made = now.review, now.review.mistakes
        said = [one for one in now.opinions if one.place == place]
        own = [one for one in said if not one.settled]
        mine = next((one for one in own if one.reviewer == self._who(review)), None)
        ended = next((one for one in said if one.settled), None)
        told = mine is not None
        return {
            "prediction": to_scalar(review.sets.classes[int(made.predictions[place])]),
            "models": [
                name for name, makes in zip(made.names, made.made[place].tolist(), strict=True) if makes
            ],
            "mine": _words(mine),
            "others": len(own) - told,
            "opinions": [{"reviewer": one.reviewer, **(_words(one) or {})} for one in own] if told else [],
            "disputed": told and bool(now.found.disputed[place]),
            "settled": _words(ended) if told else None,
        }

    def _who(self, review: MistakeReview) -> str:
        return str(review.session.reviewer).strip()

    def _hints(self, review: MistakeReview) -> CategoryHints | None:
        """What suggests categories, once it is made; None while that takes its time, or without features."""
        hinted = self._hinted
        if "features" not in review.session.audit.evidence:
            return None
        if hinted is None or hinted[0] is not review:
            hinted = self._hinted = review, threading.Event(), []
            thread = threading.Thread(target=_hint, args=hinted, name="labelscope-categories", daemon=True)
            thread.start()
            hinted[1].wait(_AT_ONCE)
        return hinted[2][0] if hinted[1].is_set() and hinted[2] else None


def _hint(review: MistakeReview, done: threading.Event, found: list[CategoryHints]) -> None:
    try:
        hints = review.hints()
        if hints is not None:
            found.append(hints)
    except LabelscopeError:
        pass  # features that do not fit: a person chooses without a suggestion
    finally:
        done.set()


def _words(one: Opinion | None) -> Json | None:
    if one is None:
        return None
    return {
        "verdict": VERDICTS[one.verdict],
        "category": CATEGORIES[one.category] if one.category >= 0 else None,
        "severity": SEVERITIES[one.severity] if one.severity >= 0 else None,
    }


def _likely(now: _Now, place: int) -> Json:
    """How bad a mistake likely is, by kind, with the reason; empty until that is learned."""
    if int((now.found.severity >= 0).sum()) < FEWEST:
        return {}
    found = Severities(now.review, now.found)
    if not found.table.learned:
        return {}
    hints = found.of(place)
    return {"likely": {kind: {"severity": one.severity, "why": one.why} for kind, one in hints.items()}}


def _values(review: MistakeReview, chosen: Array) -> list[Any]:
    return [to_scalar(review.sets.classes[code]) for code in np.flatnonzero(chosen).tolist()]


def _first(rows: IntArray) -> IntArray:
    """Rows where they come first."""
    kept, places = np.unique(rows, return_index=True)
    return np.asarray(kept[np.argsort(places)], dtype=np.int64)


def _next(review: MistakeReview, todo: IntArray, row: int) -> int | None:
    """The row after this one, in the order of the queue and round its end, where something is to be done."""
    rank = np.empty(len(review.mistakes), dtype=np.int64)
    rank[review.order()] = np.arange(len(rank))
    rows = review.mistakes.rows
    others = np.asarray(todo[rows[todo] != row], dtype=np.int64)
    if not len(others):
        return None
    here = rank[rows == row]
    others = others[np.argsort(rank[others])]
    later = others[rank[others] > here.min()] if len(here) else others
    return int(rows[later[0] if len(later) else others[0]])


def _padded(said: Any, k: int) -> Any:
    """Probabilities with a column for each class: nobody predicts those that are new since."""
    if not isinstance(said, np.ndarray) or said.ndim != 2 or said.shape[1] >= k:
        return said
    return np.pad(said, ((0, 0), (0, k - said.shape[1])))


def _basis(shared: Shared) -> list[Array]:
    """What label sets are made from: labels, classes, and rows that are left out or have several labels."""
    state = shared.session.state
    several = np.flatnonzero(state.state == ACCEPTED_SET)
    parts = (state.current, [len(state.classes)], state.state == EXCLUDED, several, state.last[several])
    return [np.array(part) for part in parts]

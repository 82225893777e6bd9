"""Answers about tags as a whole: counts, histograms, cuts, and what one fix makes likely elsewhere."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.errors import TaskError
from labelscope.review.events import to_scalar
from labelscope.review.proposals import record_proposals
from labelscope.review.state import EXCLUDED
from labelscope.widget.messages import plain_number
from labelscope.widget.task_cards import suspicion_now

if TYPE_CHECKING:
    from labelscope.review.session import Session
    from labelscope.types import FloatArray, IntArray
    from labelscope.widget.messages import Json
    from labelscope.widget.shared import Shared

_BINS = 20

Answer = tuple["Json", list[bytes]]


class Tagging:
    """Answers for all views of a session.

    Parameters
    ----------
    shared : Shared
    """

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @property
    def session(self) -> Session:
        """The session that is reviewed."""
        return self._shared.session

    # -- requests ---------------------------------------------------------------------------------------

    def tag_counts(self) -> Answer:
        """Return for each tag how many rows have it, and how suspicious its rows are."""
        state = self.session.state
        names = self._names()
        inside = state.state != EXCLUDED
        given, current = state.given_tags, state.tags
        left = suspicion_now(self.session)
        tags = []
        for place, name in enumerate(names):
            found: Json = {
                "tag": name,
                "given": int((given[:, place] == 1).sum()),
                "current": int((current[inside, place] == 1).sum()),
                "missing_histogram": [0] * _BINS,
                "spurious_histogram": [0] * _BINS,
                "estimated": None,
            }
            if left is not None:
                missing, spurious = left.at(np.s_[:, place])
                missing = missing[inside & (current[:, place] != 1)]
                spurious = spurious[inside & (current[:, place] == 1)]
                found["missing_histogram"] = _histogram(missing)
                found["spurious_histogram"] = _histogram(spurious)
                found["estimated"] = plain_number(found["current"] + missing.sum() - spurious.sum())
            tags.append(found)
        return {"tags": tags}, []

    def accept_tag_cut(self, tag: str, side: str, threshold: float) -> Answer:
        """Return the rows that a cut would change: where the tag is missing, or spurious, above a threshold.

        Nothing is changed; the rows go into ``add_tags`` or ``remove_tags``.
        """
        from labelscope.review.tag_checking import cut_rows

        left = suspicion_now(self.session)
        rows, doubts = cut_rows(self.session, tag, side, threshold, left=left)
        wrong = float((1.0 - doubts).sum())
        answer = {"tag": tag, "side": side, "threshold": plain_number(threshold), "rows": len(rows)}
        return {**answer, "expected_wrong": plain_number(wrong)}, [rows.astype("<u4").tobytes()]

    def propagate(self, row: int, fix: Json) -> Answer:
        """Return what a fix of a row makes likely for its other labels, and record that it was proposed."""
        try:
            propose: Any = import_module("labelscope.review.propagation").propose
        except (ImportError, AttributeError):
            raise TaskError(
                "Fixes cannot be propagated in this version.", "Change the other labels by hand."
            ) from None
        proposals = [_proposal(found) for found in propose(self.session, row, fix)]
        if proposals:
            record_proposals(self.session, row, fix, proposals)
        return {"row": row, "proposals": proposals}, []

    def tag_check(self, tag: str, side: str, threshold: float, precision: float) -> Answer:
        """Draw rows above a cut to look at, so that the rest may be accepted."""
        from labelscope.review.tag_checking import start_tag_check

        check = start_tag_check(self.session, tag, side, threshold=threshold, precision=precision)
        return {
            "token": check.token,
            "given": None,
            "suggested": None,
            "tag": tag,
            "side": side,
            "precision": plain_number(precision),
            "rows": [int(row) for row in check.rows],
            "k": int(check.k),
            "n": int(check.n),
            "needed": str(check.needed),
            "expected_wrong": plain_number(check.expected_wrong),
        }, []

    def conditionals(self) -> Answer:
        """Return p(attribute | class) with the labels as they are now, smoothed, and the rows behind it."""
        state = self.session.state
        names = self._names()
        if state.sets is not None:
            raise TaskError("Sets of tags have no class beside them.", "Look at tag_counts instead.")
        inside = (state.state != EXCLUDED) & (state.current >= 0)
        tags, codes = state.tags[inside], state.current[inside]
        n_classes = len(state.classes)
        known, hits = (np.zeros((n_classes, len(names))) for _ in range(2))
        np.add.at(known, codes, tags >= 0)
        np.add.at(hits, codes, tags == 1)
        share = hits.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        table = (hits + share) / (known + 1)
        return {
            "attributes": list(names),
            "probabilities": np.round(table, 6).tolist(),
            "rows": known.astype(int).tolist(),
            "present": hits.astype(int).tolist(),
        }, []

    def accept_preview(self, rows: IntArray) -> Answer:
        """Return what accepting the suggestions of rows would change, and which tags stay as decided."""
        from labelscope.review.staying import preview_accept

        found = preview_accept(self.session, rows)
        stay = [[name, count] for name, count in found.stay.items()]
        return {"n": found.n, "changes": found.changes, "without": found.without, "stay": stay}, []

    def similar_fixes(self, rows: IntArray, row: int, fix: Json) -> Answer:
        """Return the rows that a fix would be given to as well, and how many of them change in what."""
        from labelscope.review.propagation import apply_to_similar
        from labelscope.review.similar_fixes import changed_variables

        found = {k: made for k, made in apply_to_similar(self.session, rows, row, fix).items() if made}
        alike = np.array(sorted(found), dtype="<u4")
        changes = [{**one, "new": to_scalar(one["new"])} for one in changed_variables(found)]
        return {"rows": len(alike), "changes": changes}, [alike.tobytes()]

    def _names(self) -> tuple[str, ...]:
        names = self.session.state.tag_names
        if not names:
            raise TaskError(
                f"There are no tags: the task is {self.session.audit.dataset.task}.",
                "Tags are there for multi-label data and for concepts.",
            )
        return names


def _histogram(values: FloatArray) -> list[int]:
    counts, _ = np.histogram(values, bins=_BINS, range=(0, 1))
    return [int(count) for count in counts]


def _proposal(found: Any) -> Json:
    def get(name: str) -> Any:
        return found.get(name) if isinstance(found, dict) else getattr(found, name, None)

    variable = str(get("variable"))
    return {
        "variable": variable,
        "kind": str(get("kind") or "attribute"),
        "old": to_scalar(get("old")),
        "new": to_scalar(get("new")),
        "p_old": plain_number(get("p_old") or 0.0),
        "p_new": plain_number(get("p_new") or 0.0),
    }

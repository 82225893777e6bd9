"""More about one row for the inspector: what it surely is not, thresholds, people, similar texts."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.errors import LabelscopeError
from labelscope.review.events import scalar_key, to_scalar
from labelscope.types import Array, FloatArray, IntArray
from labelscope.widget.messages import plain_number

if TYPE_CHECKING:
    from labelscope.auditing.audit import Audit

Json = dict[str, Any]

#: Fewer classes than this can be seen at a glance.
_MIN_CLASSES = 4
_MAX_SURELY_NOT = 8
_SURELY = 0.002
_MAX_PEOPLE = 50
_MAX_TEXTS = 3
_TEXT = 200


class RowFacts:
    """Facts that need a look over all rows first, gathered on the first question and kept.

    Parameters
    ----------
    audit : Audit

    Examples
    --------
    >>> import labelscope as ls
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> RowFacts(ls.audit(X, y)).of(0)["surely_not"]
    []
    """

    def __init__(self, audit: Audit) -> None:
        self._audit = audit
        self._lock = threading.Lock()
        self._thresholds: FloatArray | None = None
        self._people: tuple[list[str], IntArray] | None = None

    def of(self, row: int) -> Json:
        """Return the further fields of ``Detail`` of ``protocol.ts``."""
        return {
            "surely_not": self.surely_not(row),
            "threshold": self.threshold(row),
            "annotators": self.annotators(row),
            "similar_text": self.similar_text(row),
        }

    def surely_not(self, row: int) -> list[Json]:
        """Return at most 8 classes with a probability below .002, least likely first."""
        probabilities = self._probabilities()
        if probabilities is None or probabilities.shape[1] < _MIN_CLASSES:
            return []
        found = np.asarray(probabilities[row], dtype=np.float64)
        order = np.argsort(found, kind="stable")[:_MAX_SURELY_NOT]
        given = int(self._audit.given_codes[row])
        return [
            {"code": int(code), "probability": plain_number(found[code])}
            for code in order
            if found[code] < _SURELY and int(code) != given
        ]

    def threshold(self, row: int) -> Json | None:
        """Return the class whose threshold the row passed, another one than given, and by how much.

        The threshold of a class is the mean of its probability over the rows that have it as their label
        (Northcutt et al. 2021, Confident learning); it is passed by the class that exceeds its own most.
        """
        probabilities = self._probabilities()
        if probabilities is None:
            return None
        passed = np.asarray(probabilities[row], dtype=np.float64) - self._class_thresholds(probabilities)
        passed[np.isnan(passed)] = -np.inf
        given = int(self._audit.given_codes[row])
        if given >= 0:
            passed[given] = -np.inf
        code = int(passed.argmax())
        return {"code": code, "passed_by": plain_number(passed[code])} if passed[code] >= 0 else None

    def annotators(self, row: int) -> list[Json]:
        """Return what each person answered; codes of answers that are no class of the dataset are -1."""
        if self._audit.dataset.annotators is None:
            return []
        with self._lock:
            if self._people is None:
                self._people = _people(self._audit)
        names, codes = self._people
        found = codes[row] if len(names) else np.empty(0, dtype=np.int64)
        said = np.flatnonzero(found != -2)[:_MAX_PEOPLE]
        return [{"name": names[place], "code": int(found[place])} for place in said]

    def similar_text(self, row: int) -> list[str]:
        """Return the texts of the three nearest rows, shortened."""
        media: Any = self._audit.dataset.media
        if media.kind != "text":
            return []
        found = []
        for near in self._audit.neighbors(row, k=_MAX_TEXTS):
            try:
                text = str(media.text(int(near)))
            except LabelscopeError:
                continue
            found.append(text if len(text) <= _TEXT else text[: _TEXT - 1] + "…")
        return found

    def _probabilities(self) -> Array | None:
        found = self._audit.evidence.get("pred_probs")
        if found is None or self._audit.dataset.labels.is_open:
            return None
        array = np.asarray(found)
        array = array.mean(axis=0) if array.ndim == 3 else array
        return array if array.ndim == 2 and array.shape[1] == len(self._audit.classes) else None

    def _class_thresholds(self, probabilities: Array) -> FloatArray:
        with self._lock:
            if self._thresholds is None:
                codes = self._audit.given_codes
                n_classes = probabilities.shape[1]
                found = np.full(n_classes, np.nan)
                for code in np.unique(codes[codes >= 0]):
                    found[code] = float(probabilities[codes == code, code].mean())
                self._thresholds = found
            return self._thresholds


def _people(audit: Audit) -> tuple[list[str], IntArray]:
    """Return names and (n, people) codes; -2 where a person did not answer, -1 for another label."""
    from labelscope.evidence.annotators.answers import read_answers

    nobody: tuple[list[str], IntArray] = ([], np.empty((audit.n, 0), dtype=np.int64))
    try:
        answers = read_answers(audit.dataset.annotators)
    except LabelscopeError:
        return nobody
    said = answers.matrix()
    if len(said) != audit.n:
        return nobody
    place = {scalar_key(to_scalar(value)): code for code, value in enumerate(audit.classes.tolist())}
    codes = [place.get(scalar_key(to_scalar(value)), -1) for value in answers.classes.tolist()]
    return [str(name) for name in answers.annotators], np.array([*codes, -2], dtype=np.int64)[said]

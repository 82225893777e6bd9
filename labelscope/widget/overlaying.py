"""What is drawn over the map: an ellipse a class, whom a small one borrows its shape from, and tail marks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.errors import InvalidInputError, TaskError
from labelscope.types import BoolArray, FloatArray, Score
from labelscope.widget.columns import scale_map
from labelscope.widget.report_kinds import evidence_missing, of_classes

if TYPE_CHECKING:
    from labelscope.review.session import Session
    from labelscope.widget.messages import Json
    from labelscope.widget.shared import Shared

Answer = tuple["Json", list[bytes]]

_CALIBRATION = "representation_calibration"
#: Ellipses of more classes hide the map.
_MOST = 60
_UNIT = 65_535.0
SAYS = (
    "An ellipse is two deviations of a class's rows on the map, without outliers and the farthest tenth. It"
    " is fitted on the map, and shows the calibrated Gaussian of feature space only as well as the map does."
    " Dashed: a small class whose shape is borrowed from the large ones that the lines lead to."
)


class Overlaying:
    """Answers for all views of a session.

    Parameters
    ----------
    shared : Shared
    """

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._score: tuple[int, Score] | None = None

    def overlay(self) -> Answer:
        """Return the ellipses of all classes on the map, and who borrows from whom.

        Raises
        ------
        TaskError, InvalidInputError
            Labels are no classes, there is no map yet, or there are no features.
        """
        session = self._shared.session
        if not of_classes(self._shared):
            raise TaskError(f"Ellipses are for classes, but the task is {session.audit.task}.")
        if not session.audit.has_map:
            raise InvalidInputError("The map is still being made.", "Try again when it is there.")
        score = self._calibration()
        return {**overlay_of(session, score), "says": SAYS}, []

    def _calibration(self) -> Score:
        found = self._shared.session.audit.scores.get(_CALIBRATION)
        if found is not None:
            return found
        missing = evidence_missing(self._shared, "features")
        if missing:
            raise InvalidInputError("There are no features to fit classes in.", missing)
        version = len(self._shared.session.events)
        if self._score is None or self._score[0] != version:
            from labelscope.review.current_evidence import current_evidence
            from labelscope.scorers.representation.calibration import RepresentationCalibration

            evidence = current_evidence(self._shared.session)
            self._score = version, RepresentationCalibration().score(evidence)
        return self._score[1]


def overlay_of(session: Session, score: Score) -> Json:
    """Project the calibrated classes onto the map.

    Parameters
    ----------
    session : Session
    score : Score
        Of `scorers.RepresentationCalibration`.

    Returns
    -------
    dict
        ``classes``: for each with rows ``code``, ``mean`` (2), ``covariance`` (2, 2) in units of the map's
        square, ``n``, ``tail``, and ``from``, the lenders' codes and weights. ``more``: classes left out.
    """
    x, y = scale_map(session.audit.map)
    points = np.stack([x, y], axis=1) / _UNIT
    codes = np.asarray(session.state.current)
    inside = ~np.asarray(score.details["outlier"], dtype=bool)
    k = len(session.state.classes)
    heads = list(score.meta.get("is_head", [True] * k))
    place = {str(value): code for code, value in enumerate(session.state.classes)}
    lent = {
        place[str(name)]: [(place[str(one["class"])], float(one["weight"])) for one in lenders]
        for name, lenders in score.meta.get("borrowed_from", {}).items()
    }
    fits = {code: fit for code in range(k) if (fit := _fitted(points, (codes == code) & inside)) is not None}
    shown = []
    for code, (mean, covariance, n) in fits.items():
        lenders = [(other, weight) for other, weight in lent.get(code, []) if other in fits]
        if lenders:
            total = sum(weight for _, weight in lenders)
            borrowed = [weight / total * fits[other][1] for other, weight in lenders]
            covariance = np.asarray(np.sum(borrowed, axis=0))
        shown.append(
            {
                "code": code,
                "mean": mean.round(5).tolist(),
                "covariance": np.asarray(covariance).round(8).tolist(),
                "n": n,
                "tail": not (heads[code] if code < len(heads) else True),
                "from": [[other, round(weight, 4)] for other, weight in lenders],
            }
        )
    shown.sort(key=_size, reverse=True)
    return {"classes": shown[:_MOST], "more": max(0, len(shown) - _MOST)}


def _size(one: dict[str, Any]) -> int:
    return int(one["n"])


def _fitted(points: FloatArray, rows: BoolArray) -> tuple[FloatArray, FloatArray, int] | None:
    """Mean and covariance of rows on the map, the farthest tenth left out; None without rows."""
    own = points[rows]
    if not len(own):
        return None
    middle = np.median(own, axis=0)
    away = ((own - middle) ** 2).sum(axis=1)
    core = own[away <= np.quantile(away, 0.9)]
    mean = core.mean(axis=0)
    # One row has no spread of its own; a dot shows where it is.
    spread = np.cov(core.T, bias=True) if len(core) > 1 else np.zeros((2, 2))
    return mean, spread + 1e-6 * np.eye(2), int(rows.sum())

"""What looking brings: accuracy per item and per hour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelscope.types import Array, FloatArray

_POINTS = 100


@dataclass(frozen=True)
class EffortPoint:
    """Where a review is after some items.

    Attributes
    ----------
    items : int
        Rows reviewed, in the order of suspicion.
    hours : float or None
        At the measured seconds per item; None without times.
    corrected : int
        Rows whose label was changed; measured.
    gained_if_right : float
        Accuracy gained if every correction is right; measured in that sense.
    gained : float or None
        Accuracy gained after the reviewers' own errors; estimated, None where these are not measured.
    per_item, per_hour : float or None
        Accuracy gained by one more item, or one more hour, around this rank; of ``gained`` where it is known,
        else of ``gained_if_right``.
    """

    items: int
    hours: float | None
    corrected: int
    gained_if_right: float
    gained: float | None
    per_item: float
    per_hour: float | None


def effort_points(
    changed: Array,
    n_labelled: int,
    *,
    seconds_per_item: float | None = None,
    reviewer_error: float | None = None,
) -> tuple[EffortPoint, ...]:
    """Compute the accuracy gained as a function of the rank.

    Parameters
    ----------
    changed : (m,) bool
        Whether the review changed the label, of reviewed rows, most suspicious first.
    n_labelled : int
        Labelled rows of the data set.
    seconds_per_item : float, optional
    reviewer_error : float, optional
        Share of looks that end with a wrong label.

    Returns
    -------
    tuple of EffortPoint
        At most 100, at equal distances.

    Notes
    -----
    Of k rows reviewed, c were changed. Reviewers change right labels, too, with the probability e, so that
    (c - k e) / (1 - e) labels were wrong; k e are wrong afterwards.

    Examples
    --------
    >>> points = effort_points([True, True, False, False], 100, reviewer_error=0.0)
    >>> [(point.items, round(point.gained, 3)) for point in points]
    [(1, 0.01), (2, 0.02), (3, 0.02), (4, 0.02)]
    """
    flags = np.asarray(changed, dtype=np.float64)
    if not len(flags):
        return ()
    n = max(int(n_labelled), 1)
    k = np.arange(1, len(flags) + 1)
    count = np.cumsum(flags)
    raw = count / n
    net = None if reviewer_error is None else net_gain(count, k, reviewer_error) / n
    best = raw if net is None else net
    at = np.unique(np.linspace(1, len(flags), min(_POINTS, len(flags))).round().astype(int)) - 1
    before = np.concatenate([[0], at[:-1] + 1])
    start = np.where(before > 0, best[np.maximum(before - 1, 0)], 0.0)
    slope = (best[at] - start) / (at + 1 - before)
    points = []
    for place, here in enumerate(at.tolist()):
        step = float(slope[place])
        points.append(
            EffortPoint(
                here + 1,
                None if seconds_per_item is None else (here + 1) * seconds_per_item / 3600,
                int(count[here]),
                float(raw[here]),
                None if net is None else float(net[here]),
                step,
                None if not seconds_per_item else step * 3600 / seconds_per_item,
            )
        )
    return tuple(points)


def net_gain(changed: Array, looked: Array, reviewer_error: float) -> FloatArray:
    """Return labels mended less labels broken, from how many of those looked at were changed."""
    wrong = true_wrong(np.asarray(changed, dtype=np.float64), np.asarray(looked), reviewer_error)
    return np.asarray(wrong - np.asarray(looked) * reviewer_error)


def true_wrong(changed: Array, looked: Array, reviewer_error: float) -> FloatArray:
    """Return how many labels were wrong, if reviewers change right ones, too."""
    found = (np.asarray(changed) - np.asarray(looked) * reviewer_error) / max(1 - reviewer_error, 1e-9)
    return np.asarray(np.clip(found, 0, looked))

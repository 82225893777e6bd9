"""Why a target is suspicious, in words."""

from __future__ import annotations

import numpy as np

from labelscope.scorers.candidates import check_row
from labelscope.types import Evidence, FloatArray, Score

_SUSPECT, _LITTLE = 0.25, 2.0


def target_reasons(row: int, evidence: Evidence, score: Score) -> tuple[str, ...]:
    """Say how far a target is from what rows like it have.

    Parameters
    ----------
    row : int
        Row position.
    evidence : Evidence
        ``given_labels`` (n,) numbers; ``knn_ids`` (n, k) where there are any.
    score : Score
        With ``suggested_value`` and ``scale`` (n,) among its details.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> evidence = Evidence(given_labels=np.array([9.0, 14.0]), knn_ids=np.array([[1], [0]]))
    >>> details = {"suggested_value": np.array([14.2, 14.0]), "scale": np.array([1.1, 1.1])}
    >>> target_reasons(0, evidence, Score(np.array([0.9, 0]), details=details))[0]
    'Given 9, predicted 14.2 ± 1.1: 4.7 times the usual error too low.'
    """
    targets = np.asarray(evidence["given_labels"], dtype=np.float64)
    check_row(row, len(targets))
    if targets.ndim != 1:
        return ("Reasons are given for one target at a time.",)
    given = float(targets[row])
    if np.isnan(given):
        return ("This row has no target yet.",)
    said = _distance(given, row, score) + _neighbors(targets, evidence, row)
    if "contrast" in score.meta.get("parts", []) and "negative_share" in evidence:
        share = float(evidence["negative_share"][row])
        if share > 0.5:
            said.append(f"{100 * share:.0f} % of what rows alike have in common pulls to another value.")
    if float(score.suspicion[row]) < _SUSPECT:
        return ("Nothing speaks against the given target.", *said)
    return tuple(said) or ("This method gives an order of the rows and no reasons.",)


def _distance(given: float, row: int, score: Score) -> list[str]:
    if "suggested_value" not in score.details or "scale" not in score.details:
        return []
    predicted, scale = (float(np.asarray(score.details[n])[row]) for n in ("suggested_value", "scale"))
    if np.isnan(predicted):
        return []
    times = abs(given - predicted) / scale
    how = "high" if given > predicted else "low"
    text = f"Given {given:.6g}, predicted {_at(predicted, scale)} ± {_at(scale, scale)}"
    return [f"{text}: {times:.1f} times the usual error too {how}." if times >= _LITTLE else f"{text}."]


def _neighbors(targets: FloatArray, evidence: Evidence, row: int) -> list[str]:
    if "knn_ids" not in evidence:
        return []
    ids = np.asarray(evidence["knn_ids"][row])
    heard = targets[ids[ids >= 0]]
    heard = heard[~np.isnan(heard)]
    if len(heard) < 3:
        return []
    low, middle, high = np.quantile(heard, [0.25, 0.5, 0.75])
    step = max(float(high - low), 1e-12)
    return [
        f"Half of the {len(heard)} nearest rows lie between {_at(low, step)} and {_at(high, step)} "
        f"(median {_at(middle, step)})."
    ]


def _at(value: float, scale: float) -> str:
    """Write a number with the digits that a scale leaves meaning to: two of the scale."""
    digits = int(np.clip(1 - np.floor(np.log10(max(scale, 1e-12))), 0, 12))
    return f"{value:.{digits}f}" if abs(value) < 1e9 else f"{value:.4g}"

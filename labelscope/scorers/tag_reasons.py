"""Why a row's tags are suspicious, in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from labelscope.scorers.candidates import check_row
from labelscope.types import Evidence, Score

_FIRES_AT = 0.25
_MOST = 4


def tag_reasons(row: int, evidence: Evidence, score: Score, names: Sequence[str]) -> tuple[str, ...]:
    """Say which tags of a row are probably missing or wrong, the surest first.

    Parameters
    ----------
    row : int
        Row position.
    evidence : Evidence
        ``given_labels`` (n, K); ``pred_probs`` (n, K) and ``knn_ids`` (n, k) where there are any.
    score : Score
        With ``missing`` and ``spurious`` (n, K) among its details.
    names : sequence of str
        K names of tags.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> ids = np.array([[1, 2], [2, 0], [1, 0]])
    >>> evidence = Evidence(given_labels=np.array([[0], [1], [1]]), knn_ids=ids)
    >>> details = {"missing": np.array([[0.92], [0], [0]]), "spurious": np.zeros((3, 1))}
    >>> tag_reasons(0, evidence, Score(np.zeros(3), details=details), ["joy"])[:1]
    ('"joy" is probably missing: 92 %; 2 of 2 neighbors have it.',)
    """
    tags = np.asarray(evidence["given_labels"])
    check_row(row, len(tags))
    given = np.where(np.isnan(tags[row].astype(np.float64)), -1, tags[row])
    if (given < 0).all():
        return ("This row has no tags yet: nobody said which it has and which not.",)
    if "missing" not in score.details or "spurious" not in score.details:
        return ("This method gives an order of the rows and no reasons.",)
    missing, spurious = score.details["missing"][row], score.details["spurious"][row]
    wrong = np.maximum(missing, spurious)
    said = []
    for tag in np.argsort(-wrong, kind="stable")[:_MOST].tolist():
        if wrong[tag] < _FIRES_AT:
            break
        what = "probably missing" if given[tag] == 0 else "probably wrong"
        why = [_percent(float(wrong[tag])), _neighbors(evidence, row, tag), _model(evidence, row, tag)]
        said.append(f'"{names[tag]}" is {what}: {"; ".join(text for text in why if text)}.')
    if said and (given <= 0).all():
        said.append("The row has no tag at all.")
    return tuple(said) or ("Nothing speaks against the given tags.",)


def _neighbors(evidence: Evidence, row: int, tag: int) -> str:
    if "knn_ids" not in evidence:
        return ""
    ids = np.asarray(evidence["knn_ids"][row])
    heard = np.asarray(evidence["given_labels"])[ids[ids >= 0], tag]
    known = int((heard >= 0).sum())
    if not known:
        return ""
    have = int((heard == 1).sum())
    return f"{have} of {known} neighbors {'has' if have == 1 else 'have'} it"


def _model(evidence: Evidence, row: int, tag: int) -> str:
    if "pred_probs" not in evidence:
        return ""
    return f"the model gives it {_percent(float(evidence['pred_probs'][row][tag]))}"


def _percent(value: float) -> str:
    if 0 < value < 0.005:
        return "under 1 %"
    if 0.995 < value < 1:
        return "over 99 %"
    return f"{100 * value:.0f} %"

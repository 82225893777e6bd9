"""The classes that a row may belong to, for the palette of the widget."""

from __future__ import annotations

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.scorers.inputs import Inputs
from labelscope.scorers.neighbors.votes import count_votes
from labelscope.scorers.remembered import remembered
from labelscope.types import Evidence, FloatArray, Score


def class_probabilities(inputs: Inputs, row: int) -> FloatArray:
    """Return the (K,) normalized product of the model's probabilities and the neighbor votes of one row."""
    level = np.zeros(inputs.n_classes)
    if inputs.pred_probs is not None:
        level += np.log(np.maximum(inputs.pred_probs[row].astype(np.float64), 1e-8))
    if inputs.knn_ids is not None and inputs.knn_ids.shape[1]:
        votes = count_votes(inputs.knn_ids[row : row + 1], inputs.codes, inputs.n_classes)[0]
        level += np.log((votes + 0.5) / (votes.sum() + 0.5 * inputs.n_classes))
    shares = np.exp(level - level.max()) if len(level) else level
    return np.asarray(shares / shares.sum()) if len(level) else shares


def candidates(
    row: int, evidence: Evidence, score: Score | None = None, top: int = 4
) -> list[tuple[int, float]]:
    """Rank the classes that a row may belong to.

    Parameters
    ----------
    row : int
        Row position.
    evidence : Evidence
        ``given_labels`` with ``pred_probs``, ``knn_ids`` or both.
    score : Score, optional
        The default mix's score; its suggestion is then listed first.
    top : int
        How many to return.

    Returns
    -------
    list of (int, float)
        Class code and probability, most probable first; ties by code.

    Examples
    --------
    >>> evidence = Evidence(given_labels=np.array([0, 1]), pred_probs=np.array([[.2, .8], [.4, .6]]))
    >>> [code for code, _ in candidates(0, evidence)]
    [1, 0]
    """
    inputs = remembered(evidence).inputs
    check_row(row, inputs.n)
    shares = class_probabilities(inputs, row)
    first = -1
    if score is not None and score.suggested is not None:
        named = np.flatnonzero(inputs.classes == score.suggested[row])
        if len(named):
            first = int(named[0])
            shares = _as_scored(shares, first, int(inputs.codes[row]), row, score)
    order = sorted(range(len(shares)), key=lambda code: (code != first, -shares[code], code))
    return [(int(code), float(shares[code])) for code in order[:top]]


def _as_scored(shares: FloatArray, suggested: int, given: int, row: int, score: Score) -> FloatArray:
    """Take the score's own probabilities where it names them, and share out the rest by the plain product.

    The score also knows which classes are confused with which; a palette that ranked without it would
    contradict the suggestion beside it.
    """
    if "p_suggested" not in score.details or "p_given" not in score.details:
        return shares
    named = {suggested: float(score.details["p_suggested"][row])}
    if given >= 0:
        named[given] = float(score.details["p_given"][row])
    others = np.ones(len(shares), dtype=bool)
    others[list(named)] = False
    rest = max(0.0, 1.0 - sum(named.values()))
    total = float(shares[others].sum())
    scored = shares.copy()
    if total > 0:
        scored[others] = np.minimum(shares[others] * (rest / total), named[suggested])
    for code, probability in named.items():
        scored[code] = probability
    return scored


def check_row(row: int, n: int) -> None:
    """Refuse positions that are not rows."""
    if not 0 <= row < n:
        raise InvalidInputError(f"There is no row {row}.", f"Rows go from 0 to {n - 1}.")

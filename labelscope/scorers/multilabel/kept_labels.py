"""How well tags are predicted when only a share of them is kept: the table of the partial-label setting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.evidence.feature_checks import check_features
from labelscope.evidence.given_tags import as_tags
from labelscope.evidence.tag_probs import TagProbabilities
from labelscope.scorers.multilabel.positive_unlabeled import PositiveUnlabeled
from labelscope.types import BoolArray, Evidence, FloatArray

_STREAM = 0x4B455054
_KEPT = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def kept_labels_table(
    features: Any,
    tags: Any,
    *,
    kept: Sequence[float] = _KEPT,
    scorer: PositiveUnlabeled | None = None,
    random_state: int = 0,
) -> list[dict[str, float]]:
    """Hide tags at random and measure how well all of them are predicted from those that are kept.

    Parameters
    ----------
    features : (n, d) array
    tags : (n, K) array of 1, 0 and NaN or -1
        Taken as the truth; unknown entries are not judged.
    kept : sequence of float
        Shares of the given tags that are kept.
    scorer : PositiveUnlabeled, optional
    random_state : int
        Seed of what is hidden.

    Returns
    -------
    list of dict
        One per share: ``kept``, ``n_kept``, ``positive_unlabeled`` and ``one_vs_rest``, the mean average
        precision over tags of out-of-fold probabilities; the latter is one logistic regression per tag that
        reads zeros as negatives.

    Raises
    ------
    InvalidInputError
        A share is not between 0 and 1, or no tag is given.

    Notes
    -----
    The partial-label setting of PU-MLC, with 10 to 90 % of the labels.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> tags = rng.random((300, 2)) < 0.4
    >>> X = tags @ [[3.0, 0.0], [0.0, 3.0]] + rng.normal(size=(300, 2))
    >>> (row,) = kept_labels_table(X, tags, kept=[0.5])
    >>> row["kept"], row["positive_unlabeled"] > 0.8
    (0.5, True)
    """
    if not len(kept) or not all(0 < share <= 1 for share in kept):
        raise InvalidInputError(f"kept is {list(kept)}.", "Pass shares above 0 and up to 1.")
    truth = as_tags(tags, "tags")
    present = np.asarray(truth == 1)
    if not present.any():
        raise InvalidInputError("No row has any tag, so there is none to hide.", "Pass tags with some ones.")
    points = check_features(features, len(truth))
    # A stream of its own: data drawn with the same seed must not decide what is hidden.
    chosen, rng = scorer or PositiveUnlabeled(), np.random.default_rng([random_state, _STREAM])
    # One draw for all shares: what is kept at 10 % is kept at 20 % as well.
    luck = rng.random(present.shape)
    table = []
    for share in kept:
        given = (present & (luck < share)).astype(np.int8)
        evidence = Evidence(given_labels=given, features=points)
        row = {"kept": float(share), "n_kept": float(given.sum())}
        found = chosen.score(evidence).details["probability"]
        row["positive_unlabeled"] = mean_average_precision(found, present, truth >= 0)
        made = TagProbabilities().make(None, evidence, random_state=random_state)
        row["one_vs_rest"] = mean_average_precision(made.arrays["pred_probs"], present, truth >= 0)
        table.append(row)
    return table


def mean_average_precision(scores: FloatArray, present: BoolArray, judged: BoolArray | None = None) -> float:
    """Mean over tags of the average precision; tags that no row has are left out.

    Parameters
    ----------
    scores : (n, K) float
        High where a tag is likely; equal scores count together.
    present : (n, K) bool
    judged : (n, K) bool, optional
        Entries that count.

    Returns
    -------
    float
        NaN without any tag.

    Examples
    --------
    >>> round(mean_average_precision(np.array([[0.9], [0.8], [0.1]]), np.array([[True], [False], [True]])), 3)
    0.833
    """
    found = []
    for column in range(present.shape[1]):
        rows = slice(None) if judged is None else judged[:, column]
        hit, score = present[rows, column], np.asarray(scores)[rows, column]
        if hit.any():
            found.append(_average_precision(score, hit))
    return float(np.mean(found)) if found else float("nan")


def _average_precision(scores: FloatArray, present: BoolArray) -> float:
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(present[order])
    last = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    precision = hits[last] / (last + 1)
    gained = np.diff(np.append(0, hits[last]))
    return float((precision * gained).sum() / hits[-1])


__all__ = ["kept_labels_table", "mean_average_precision"]

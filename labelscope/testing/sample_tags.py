"""Small evidence about tags, with tags that were forgotten and tags that do not belong."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from labelscope.testing.sample_rows import nearest, rows_of
from labelscope.types import Evidence, FloatArray, IntArray

N_TAGS = 5
# Tags from common to rare, as the share of rows that have each.
_SHARES = (0.5, 0.4, 0.3, 0.2, 0.15)
# A forgotten tag is the usual mistake.
_SHARE_MISSING = 2 / 3


def planted(n: int = 240, *, seed: int = 0, rate: float = 0.1) -> tuple[Evidence, npt.NDArray[np.int8]]:
    """Make tags that depend on features, with one wrong tag in a share of the rows.

    Parameters
    ----------
    n : int
        Rows.
    seed : int
        Seed.
    rate : float
        Share of rows of which a tag is forgotten (two thirds of them) or one is put in that does not belong.

    Returns
    -------
    evidence : Evidence
        ``given_labels`` (n, 5) int8, ``pred_probs`` (n, 5) of a model that did not see them, ``features``,
        ``knn_ids``, ``knn_distances``, ``groups``, ``duplicates``, ``map``, ``model_probs`` of three models,
        and ``tag_negatives`` (n, 5) bool.
    true : (n, 5) int8
        The right tags.
    """
    rng = np.random.default_rng([seed, 20])
    features = rng.normal(size=(n, 6))
    directions = np.linalg.qr(rng.normal(size=(6, 6)))[0][:, :N_TAGS]
    directions[:, 3] = 0.8 * directions[:, 3] + 0.6 * directions[:, 0]  # tags that go together
    levels = features @ directions
    cuts = np.quantile(levels, 1 - np.array(_SHARES), axis=0).diagonal() if n > 1 else np.zeros(N_TAGS)
    true = (levels > cuts).astype(np.int8)
    given = true.copy()
    for row in rng.choice(n, round(rate * n), replace=False):
        present, absent = np.flatnonzero(true[row]), np.flatnonzero(true[row] == 0)
        forget = len(present) and (not len(absent) or rng.random() < _SHARE_MISSING)
        tag = rng.choice(present if forget else absent)
        given[row, tag] = 1 - given[row, tag]
    ids, lengths = nearest(features, min(10, max(n - 1, 0)))
    logits = 4.0 * (levels - cuts)
    evidence = Evidence(
        given_labels=given,
        pred_probs=_probs(logits + rng.normal(scale=0.8, size=logits.shape)),
        features=features.astype(np.float32),
        knn_ids=ids,
        knn_distances=lengths,
        groups=np.arange(n) % 7,
        duplicates=(np.arange(n) // 3).astype(np.int32),
        map=features[:, :2].astype(np.float32),
        model_probs=tuple(
            _probs(boldness * (logits + rng.normal(scale=noise, size=logits.shape)))
            for noise, boldness in ((0.5, 1.0), (1.0, 2.0), (2.0, 0.5))
        ),
        tag_negatives=(true == 0) & (given == 0) & (rng.random(given.shape) < 0.3),
    )
    return evidence, true


def _probs(logits: FloatArray) -> FloatArray:
    return np.asarray(1 / (1 + np.exp(-logits)))


def renamed(evidence: Evidence, order: IntArray) -> Evidence:
    """Put the tags into another order: column j of the result is column ``order[j]``."""
    changed = {
        name: np.asarray(evidence[name])[:, order]
        for name in ("given_labels", "pred_probs", "tag_negatives")
        if name in evidence
    }
    if "model_probs" in evidence:
        changed["model_probs"] = tuple(model[:, order] for model in evidence["model_probs"])  # type: ignore[assignment]
    return evidence.including(**changed)


def sliced(evidence: Evidence, rows: slice) -> Evidence:
    """Keep some rows."""
    return Evidence({name: rows_of(array, rows) for name, array in evidence.items()})


def with_unlabelled(evidence: Evidence, rows: IntArray) -> Evidence:
    """Make all tags of some rows unknown."""
    tags = np.array(evidence["given_labels"])
    tags[rows] = -1
    return evidence.including(given_labels=tags)


def _columns(columns: list[int]) -> Evidence:
    evidence = planted(60)[0]
    return renamed(evidence, np.array(columns))


def _with_tags(change: Callable[[npt.NDArray[np.int8]], None]) -> Evidence:
    evidence = planted(60)[0]
    tags = np.array(evidence["given_labels"])
    change(tags)
    return evidence.including(given_labels=tags)


def _no_tags(tags: npt.NDArray[np.int8]) -> None:
    tags[:] = 0


def _everywhere(tags: npt.NDArray[np.int8]) -> None:
    tags[:, 0] = 1


def _unknown_tag(tags: npt.NDArray[np.int8]) -> None:
    tags[:, 1] = -1


def _partly_unknown(tags: npt.NDArray[np.int8]) -> None:
    tags[np.random.default_rng(4).random(tags.shape) < 0.3] = -1


def _never_used(tags: npt.NDArray[np.int8]) -> None:
    tags[:, 2] = 0


def constant_features(evidence: Evidence) -> Evidence:
    """Make all rows look alike."""
    n = len(evidence["given_labels"])
    zeros = np.zeros(np.shape(evidence["knn_distances"]), dtype=np.float32)
    return evidence.including(features=np.ones((n, 4), dtype=np.float32), knn_distances=zeros)


def nan_features(evidence: Evidence) -> Evidence:
    """Lose a number in every seventh row."""
    features = np.array(evidence["features"])
    features[::7, 0] = np.nan
    return evidence.including(features=features)


def _certain() -> Evidence:
    evidence = planted(60)[0]
    certain = (np.asarray(evidence["pred_probs"]) > 0.5).astype(np.float64)
    return evidence.including(pred_probs=certain, model_probs=(certain, 1 - certain, certain))


EDGE_CASES: dict[str, Callable[[], Evidence]] = {
    "one row": lambda: planted(1)[0],
    "no tags at all": lambda: _with_tags(_no_tags),
    "one tag": lambda: _columns([1]),
    "tag in every row": lambda: _with_tags(_everywhere),
    "tag in no row": lambda: _with_tags(_never_used),
    "tag unknown everywhere": lambda: _with_tags(_unknown_tag),
    "partly unknown tags": lambda: _with_tags(_partly_unknown),
    "constant features": lambda: constant_features(planted(60)[0]),
    "NaN features": lambda: nan_features(planted(60)[0]),
    "probabilities of exactly 0 and 1": _certain,
}

"""What a taxonomy of tags says of a score: contradictions are certain errors, and suggestions are closed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from labelscope.data.tag_tree import TagTree
from labelscope.scorers.multilabel.tag_rows import counted
from labelscope.scorers.tag_ensemble import joint_counts
from labelscope.scorers.whole import overall
from labelscope.types import Array, BoolArray, FloatArray, IntArray, Score

_HALF = 0.5


def under_taxonomy(score: Score, tags: IntArray, tree: TagTree) -> Score:
    """Let a score of tags know which tag implies which.

    A row with a tag, but without the one above it, is wrong as it is given: its suspicion is 1. Whether the
    upper tag is missing or the lower one is too much is what the score's own probabilities say once sets that
    contradict the taxonomy are ruled out. Elsewhere a suggested tag brings those above it along.

    Parameters
    ----------
    score : Score
        With ``suggested`` (n, K), or without suggestions, which is returned as it is.
    tags : (n, K) int8
        As given; -1 is unknown and contradicts nothing.
    tree : TagTree

    Returns
    -------
    Score
        ``meta["contradictions"]`` counts the rows.

    Examples
    --------
    >>> tree = TagTree(("animal", "dog"), np.array([-1, 0]), np.array([[True, False], [True, True]]))
    >>> details = {"missing": np.array([[0.4, 0.0]]), "spurious": np.array([[0.0, 0.1]])}
    >>> before = Score(np.array([0.4]), np.array([[0, 1]]), np.array([False]), details)
    >>> found = under_taxonomy(before, np.array([[0, 1]], np.int8), tree)
    >>> found.suggested.tolist(), found.details["missing"].round(2).tolist(), found.suspicion.tolist()
    ([[1, 1]], [[0.87, 0.0]], [1.0])
    """
    suggested = None if score.suggested is None else np.asarray(score.suggested)
    if suggested is None or suggested.shape != tags.shape or tree.flat:
        return score
    given = tree.violations(tags)
    wanted = (suggested > 0).astype(np.int8)
    rows = np.flatnonzero((given | tree.violations(wanted)).any(axis=1))
    if not len(rows):
        return replace(score, meta={**score.meta, "contradictions": 0})
    before = _present(score, tags, wanted, rows)
    likely, sets = _settled(before, wanted[rows], tags[rows], tree)
    wanted[rows] = sets
    wrong = given.any(axis=1)
    details = _details(score, tags, rows, likely != before, likely)
    if "flagged_tags" in details:
        turned = tree.trees(given) & (tags >= 0) & (wanted != tags)
        details["flagged_tags"] = np.asarray(details["flagged_tags"], dtype=bool) | turned
    suspicion = np.where(wrong, np.float32(1), np.asarray(score.suspicion, dtype=np.float32))
    flagged = None if score.flagged is None else np.asarray(score.flagged, dtype=bool) | wrong
    meta = {**score.meta, "contradictions": int(wrong.sum()), **_of_all(score, suspicion, tags, details)}
    return Score(suspicion, wanted, flagged, details, meta)


def _settled(
    before: FloatArray, wanted: IntArray, tags: IntArray, tree: TagTree
) -> tuple[FloatArray, IntArray]:
    """Return how probable tags are and closed sets (m, K); trees that contradict nothing stay."""
    inside = tree.trees(tree.violations(tags))
    asked = (tags == 1) | (wanted == 1)
    # Others of the tree are as they were: that one tag is absent says nothing against another.
    concerned = inside & (asked.astype(np.float32) @ tree.ancestors.astype(np.float32) > 0)
    likely = np.where(concerned, tree.given_closed(np.where(concerned, before, 0)), before)
    sets = np.where(concerned, likely >= _HALF, wanted).astype(np.int8)
    for child in np.argsort(-tree.ancestors.sum(axis=1), kind="stable").tolist():
        parent = int(tree.parents[child])
        if parent >= 0:
            brings = (sets[:, child] == 1) & (sets[:, parent] == 0)
            sets[brings, parent] = 1
            likely[brings, parent] = np.maximum(likely[brings, parent], likely[brings, child])
    return likely, sets


def contradiction_reasons(row: int, tags: IntArray, tree: TagTree) -> tuple[str, ...]:
    """Say which tags of a row are there without what they imply."""
    found = np.flatnonzero(tree.violations(tags[[row]])[0]).tolist()
    return tuple(
        f'"{tree.names[child]}" is there without "{tree.names[int(tree.parents[child])]}", which it implies.'
        for child in found
    )


def _present(score: Score, tags: IntArray, wanted: IntArray, rows: IntArray) -> FloatArray:
    """Probability that each tag should be there: by the score, else by what it suggests."""
    missing, spurious = (_detail(score, name, tags.shape, rows) for name in ("missing", "spurious"))
    if missing is None or spurious is None:
        return np.where(wanted[rows] == 1, 0.75, 0.25)
    unknown = _detail(score, "tag_probs", tags.shape, rows)
    unknown = np.where(wanted[rows] == 1, 0.75, 0.25) if unknown is None else unknown
    own = tags[rows]
    return np.asarray(np.where(own == 1, 1 - spurious, np.where(own == 0, missing, unknown)))


def _detail(score: Score, name: str, shape: tuple[int, ...], rows: IntArray) -> Array | None:
    found = score.details.get(name)
    return None if found is None or np.shape(found) != shape else np.asarray(found)[rows]


def _details(
    score: Score, tags: IntArray, rows: IntArray, where: BoolArray, likely: FloatArray
) -> dict[str, Array]:
    details = dict(score.details)
    for name, value, doubt in (("missing", 0, likely), ("spurious", 1, 1 - likely)):
        if name in details and np.shape(details[name]) == tags.shape:
            made = np.array(details[name])
            made[rows] = np.where(where & (tags[rows] == value), doubt, made[rows])
            details[name] = made
    return details


def _of_all(score: Score, suspicion: FloatArray, tags: IntArray, details: dict[str, Array]) -> dict[str, Any]:
    """What follows for all rows together, where the score is a probability."""
    if score.meta.get("scale") != "probability" or not {"missing", "spurious"} <= details.keys():
        return {}
    meta: dict[str, Any] = {}
    missing, spurious = np.asarray(details["missing"]), np.asarray(details["spurious"])
    if "tag_counts" in score.meta:
        meta["tag_counts"] = counted(tags, missing, spurious)
    if "joint" in score.meta:
        meta["joint"] = joint_counts(tags, missing, spurious)
    if "noise_rate" in score.meta:
        labelled = np.asarray((tags >= 0).any(axis=1))
        meta |= overall(suspicion, labelled, float(score.meta["noise_rate"].get("level", 0.9)))
    return meta


__all__ = ["contradiction_reasons", "under_taxonomy"]

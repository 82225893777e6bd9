"""What a method is given in one call: what it lacks is made of features; labels and columns are looked at."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.auditing.given import given_evidence
from labelscope.auditing.plan import Workbench
from labelscope.data.dataset import Dataset
from labelscope.data.matrices import as_source, is_file_backed
from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.evidence import Duplicates, NeighborGraph, PredictedProbabilities, warn_about_columns
from labelscope.types import Array, Evidence, Scorer

# Nobody but the user knows them.
_NEVER_MADE = frozenset({"groups", "sites"})
# Cells and rows of a large matrix that are looked at for notices about its columns.
_LOOKED_AT, _FEWEST_ROWS, _RUNS = 1 << 18, 4096, 32


def fill_evidence(scorer: Scorer, evidence: Evidence, random_state: int) -> Evidence:
    """Make what a scorer needs and the evidence lacks, from the features given.

    Parameters
    ----------
    scorer : Scorer
    evidence : Evidence
        With ``given_labels`` as the user writes them. Files only where there are no ``features``.
    random_state : int

    Returns
    -------
    Evidence
        With ``given_labels`` as codes into ``classes``, where anything was lacking.

    Raises
    ------
    InvalidTypeError, InvalidInputError
        What is given does not fit together.
    """
    if not _lacks(scorer, evidence):
        return evidence
    name = "features" if evidence.get("features") is not None else "pred_probs"
    sized = hasattr(evidence["given_labels"], "__len__")
    if name == "pred_probs" and is_file_backed(evidence[name]):
        shape: tuple[int, ...] = as_source(evidence[name], name).shape
        fits = sized and len(evidence["given_labels"]) == shape[0]
        return _labels_read(evidence, shape) if fits else evidence
    basis = _basis(evidence)
    if np.ndim(basis) == 0 or not sized:
        raise InvalidTypeError(
            f"{name} is a {type(evidence[name]).__name__} and given_labels a "
            f"{type(evidence['given_labels']).__name__}.",
            "Pass features as an (n, d) array, pred_probs as (n, K), and one label per row.",
        )
    if len(evidence["given_labels"]) != len(basis):
        raise InvalidInputError.wrong_length("given_labels", len(evidence["given_labels"]), len(basis), name)
    probs = evidence.get("pred_probs")
    if name == "pred_probs" and isinstance(probs, np.ndarray) and probs.ndim == 2:
        return _labels_read(evidence, probs.shape)
    # Columns of pred_probs say which ints are classes, so labels are read with them at hand.
    dataset = Dataset(
        basis, evidence["given_labels"], evidence=None if probs is None else {"pred_probs": probs}
    )
    more = {k: v for k, v in evidence.items() if k in ("groups", "duplicates", "knn_ids", "knn_distances")}
    given = given_evidence(
        dataset, features=evidence.get("features"), pred_probs=evidence.get("pred_probs"), more=more
    )
    bench = Workbench(dataset, given.evidence.including(**_others(evidence, given.evidence)), random_state)
    if "features" in evidence:
        bench.run(Duplicates())
        bench.run(NeighborGraph())
        bench.run(PredictedProbabilities())
    return bench.evidence


def look_at_columns(scorer: Scorer, given: Evidence, filled: Evidence) -> None:
    """Raise the notices about the columns of one matrix; of a large one, evenly spread rows are looked at.

    Parameters
    ----------
    scorer : Scorer
    given : Evidence
        As the user passed it; where a method lacks nothing, it was not looked at.
    filled : Evidence
        What `fill_evidence` made of it, and whose values the method has checked.
    """
    probs = given.get("pred_probs")
    if not _lacks(scorer, given) or given.get("features") is not None or "classes" not in filled:
        return
    if is_file_backed(probs):
        read = as_source(probs, "pred_probs").read
    elif isinstance(probs, np.ndarray) and probs.ndim == 2:
        matrix: Array = probs

        def read(start: int, stop: int) -> Array:
            return matrix[start:stop]

    else:
        return  # looked at when it was read
    codes, classes = np.asarray(filled["given_labels"]), np.asarray(filled["classes"])
    n, most = len(codes), max(_LOOKED_AT // max(len(classes), 1), _FEWEST_ROWS)
    spans = [(0, n)]
    if n > 2 * most:
        spans = [(start, start + most // _RUNS) for start in np.linspace(0, n - most, _RUNS).astype(int)]
    rows = np.concatenate([np.arange(*span) for span in spans])
    seen = np.concatenate([np.asarray(read(int(start), int(stop))) for start, stop in spans])
    warn_about_columns(seen, codes[rows], classes, rows=None if len(rows) == n else rows)


def _lacks(scorer: Scorer, evidence: Evidence) -> bool:
    """Whether a method uses something that is not there but could be made, or at least looked for."""
    if evidence.get("features") is None and evidence.get("pred_probs") is None:
        return False
    wanted = {*scorer.needs, *getattr(scorer, "uses", ())} - _NEVER_MADE
    return bool(wanted - set(evidence))


def _labels_read(evidence: Evidence, shape: tuple[int, ...]) -> Evidence:
    """Read labels beside probabilities, of which only the shape matters, with the notices about labels."""
    labels, n_classes = evidence["given_labels"], shape[-1]
    if evidence.get("classes") is not None:
        return evidence
    nothing = {"pred_probs": np.broadcast_to(np.float32(0), shape)}
    whole = isinstance(labels, np.ndarray) and labels.ndim == 1 and labels.dtype.kind in "iu" and len(labels)
    if whole and labels.min() >= 0 and labels.max() < n_classes:
        counts = np.bincount(labels, minlength=n_classes)
        if np.count_nonzero(counts) > 1 and not (counts == 1).any():  # else there are notices
            return evidence.including(given_labels=labels, classes=np.arange(n_classes))
    dataset = Dataset(np.zeros((len(labels), 1), dtype=np.float32), labels, evidence=nothing)
    return evidence.including(given_labels=dataset.labels.codes, classes=dataset.labels.classes)


def _basis(evidence: Evidence) -> Any:
    """Return a matrix with one row per row of the evidence."""
    features = evidence.get("features")
    if features is not None:
        matrix = np.asarray(features) if not hasattr(features, "toarray") else features
        return matrix[:, None] if getattr(matrix, "ndim", 2) == 1 else matrix
    probs = evidence["pred_probs"]
    several = (isinstance(probs, (list, tuple)) and len(probs) and np.ndim(probs[0]) == 2) or np.ndim(
        probs
    ) == 3
    return np.zeros((len(probs[0] if several else probs), 1), dtype=np.float32)


def _others(evidence: Evidence, named: Evidence) -> dict[str, Any]:
    return {k: v for k, v in evidence.items() if k not in named and k not in ("given_labels", "classes")}

"""What scorers read from evidence, validated once: codes, classes, probabilities and neighbors."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from labelscope.data.labels import encode_evidence
from labelscope.errors import MissingEvidenceError
from labelscope.evidence.neighbor_checks import check_neighbors
from labelscope.evidence.pred_probs_checks import check_pred_probs
from labelscope.scorers.blockwise import Plan, Shape, Step, Stepped, drive, in_memory
from labelscope.types import Array, Evidence, FloatArray, IntArray, Score

T = TypeVar("T")
_BLOCK_CELLS = 1 << 19
_ROUNDING = 1e-5
# Rounding to float16 moves a row sum by up to half a unit in the last place of each large entry.
_HALF_ROUNDING = 4e-3


@dataclass(frozen=True)
class Inputs:
    """Evidence in the shape in which scorers compute.

    Attributes
    ----------
    codes : (n,) int64
        Given labels as positions in ``classes``; -1 is unlabelled.
    classes : (K,) array
        Label values in the user's own type.
    pred_probs : (n, K) float or None
        Checked probabilities, as given.
    knn_ids : (n, k) int or None
        Neighbors of each row, nearest first.
    knn_distances : (n, k) float or None
        Their distances.
    """

    codes: IntArray
    classes: Array
    pred_probs: FloatArray | None = None
    knn_ids: IntArray | None = None
    knn_distances: FloatArray | None = None

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.codes)

    @property
    def n_classes(self) -> int:
        """Number of classes, absent ones included."""
        return len(self.classes)

    @property
    def labelled(self) -> Array:
        """(n,) bool, True where there is a given label."""
        return np.asarray(self.codes >= 0)

    def probabilities(self) -> FloatArray:
        """Return ``pred_probs``, which the caller knows to be there."""
        if self.pred_probs is None:
            raise MissingEvidenceError.of("pred_probs")
        return self.pred_probs


def read(evidence: Evidence, by: str, *, probs: bool = False, neighbors: bool = False) -> Inputs:
    """Read and validate what a scorer needs.

    Parameters
    ----------
    evidence : Evidence
        Named arrays.
    by : str
        Name of the scorer, for messages.
    probs, neighbors : bool
        Whether ``pred_probs`` (or ``knn_ids``) must be there.

    Returns
    -------
    Inputs

    Raises
    ------
    MissingEvidenceError
        Something needed is absent.
    InvalidInputError
        Lengths, widths or values do not fit.
    """
    needed = ["given_labels", *(["pred_probs"] if probs else []), *(["knn_ids"] if neighbors else [])]
    for name in needed:
        if name not in evidence:
            raise MissingEvidenceError.of(name, by, evidence)
    codes, classes, pred_probs = _encoded(evidence)
    if pred_probs is not None and pred_probs.size:
        half = getattr(evidence["pred_probs"], "dtype", None) == np.float16
        tolerance = _HALF_ROUNDING if half else _ROUNDING
        pred_probs = _checked_probs(pred_probs, codes, classes, tolerance)
    ids, distances = _checked_neighbors(evidence, len(codes))
    return Inputs(codes, np.asarray(classes), pred_probs, ids, distances)


def run_here(plan: Callable[[Shape], Generator[Step, Stepped, T]], evidence: Evidence, by: str) -> T:
    """Drive a plan over evidence that is in memory.

    Parameters
    ----------
    plan : callable
        Returns a fresh plan for a `Shape`.
    evidence : Evidence
        ``given_labels`` (n,) and ``pred_probs`` (n, K), which the plan checks as it goes.
    by : str
        Name of the scorer, for messages.

    Returns
    -------
    What the plan returns.

    Raises
    ------
    MissingEvidenceError
        Something needed is absent.
    InvalidInputError
        Lengths, widths or values do not fit.
    """
    for name in ("given_labels", "pred_probs"):
        if name not in evidence:
            raise MissingEvidenceError.of(name, by, evidence)
    held = hold(evidence, by, names=("pred_probs",))
    shape = Shape(held.codes, held.classes, frozenset(held.matrices), held.dtype)
    return drive(plan(shape), in_memory(shape, held.matrices))


@dataclass(frozen=True)
class Held:
    """Evidence in memory as plans are driven over it: values are looked at by their steps.

    Attributes
    ----------
    codes : (n,) int64
    classes : (K,) array
    matrices : dict
        ``pred_probs``, ``knn_ids`` and ``knn_distances``, whichever there are.
    """

    codes: IntArray
    classes: Array
    matrices: dict[str, Array]

    @property
    def dtype(self) -> str:
        """Of ``pred_probs``, where there is one."""
        return str(self.matrices["pred_probs"].dtype) if "pred_probs" in self.matrices else "float64"


def hold(
    evidence: Evidence, by: str, names: tuple[str, ...] = ("pred_probs", "knn_ids", "knn_distances")
) -> Held:
    """Read labels and the shapes of matrices.

    Parameters
    ----------
    evidence : Evidence
        ``given_labels`` (n,), and matrices.
    by : str
        Name of the scorer, for messages.
    names : tuple of str
        Matrices that are wanted.

    Raises
    ------
    MissingEvidenceError
        No labels.
    InvalidInputError
        Lengths or widths do not fit.
    """
    if "given_labels" not in evidence:
        raise MissingEvidenceError.of("given_labels", by, evidence)
    probs = evidence.get("pred_probs")
    half = isinstance(probs, np.ndarray) and probs.dtype == np.float16 and probs.ndim == 2
    # Half precision is widened block by block; until then only the shape matters.
    seen = evidence
    if half and probs is not None:
        seen = evidence.including(pred_probs=np.broadcast_to(np.float32(0), probs.shape))
    codes, classes, wide = _encoded(seen)
    matrices: dict[str, Array] = {}
    if wide is not None:
        matrices["pred_probs"] = np.asarray(probs if half else wide)
    if "knn_ids" in names:
        ids, distances = _checked_neighbors(evidence, len(codes))
        found = {"knn_ids": ids, "knn_distances": distances}
        matrices |= {name: one for name, one in found.items() if one is not None}
    return Held(codes, np.asarray(classes), matrices)


def score_here(plan: Callable[[Shape], Plan], evidence: Evidence, by: str) -> Score:
    """Drive a scorer's plan over evidence that is in memory; see `run_here`."""
    return run_here(plan, evidence, by)


def _encoded(evidence: Evidence) -> tuple[IntArray, Array, FloatArray | None]:
    """Read labels as codes; ints in range(K) beside K columns are codes already."""
    if "classes" not in evidence and _are_codes(evidence["given_labels"], evidence.get("pred_probs")):
        evidence = evidence.including(classes=np.arange(evidence["pred_probs"].shape[1]))
    return encode_evidence(evidence)


def _are_codes(labels: object, probs: object) -> bool:
    if not (isinstance(labels, np.ndarray) and isinstance(probs, np.ndarray)):
        return False
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or probs.ndim != 2 or not len(labels):
        return False
    fits = len(labels) == len(probs)
    return bool(fits and labels.min() >= 0 and labels.max() < probs.shape[1])


def _checked_probs(pred_probs: FloatArray, codes: IntArray, classes: Array, tolerance: float) -> FloatArray:
    """Look at every block once; only matrices with something wrong go through the thorough checks."""
    n, n_classes = pred_probs.shape
    ones = np.ones(n_classes, dtype=pred_probs.dtype)
    for rows in blocks(n, n_classes):
        sums = pred_probs[rows] @ ones
        # Not "worst > tolerance": NaN must end up here as well.
        if not (float(np.abs(sums - 1.0).max()) <= tolerance and float(pred_probs[rows].min()) >= 0.0):
            return check_pred_probs(pred_probs, codes, classes)
    return pred_probs


def _checked_neighbors(evidence: Evidence, n: int) -> tuple[IntArray | None, FloatArray | None]:
    if "knn_ids" not in evidence:
        return None, None
    return check_neighbors(evidence["knn_ids"], evidence.get("knn_distances"), n)


def blocks(n: int, width: int) -> list[slice]:
    """Cut rows into slices of half a million cells: temporaries stay in cache and memory is bounded."""
    step = max(1, _BLOCK_CELLS // max(width, 1))
    return [slice(start, min(start + step, n)) for start in range(0, n, step)]


def labels_of(codes: IntArray, classes: Array, *, own: bool = False) -> Array:
    """Turn class positions into label values; None where there are no classes at all.

    Positions that are the caller's own may be returned themselves, where labels are positions.
    """
    if len(classes) == 0:
        return np.full(len(codes), None, dtype=object)
    values = np.asarray(classes)
    if len(codes) and codes.min() < 0:
        codes = np.maximum(codes, 0)
    if values.dtype.kind == "i" and np.array_equal(values, np.arange(len(values))):
        return codes.astype(values.dtype, copy=not own)
    return np.asarray(values[codes])

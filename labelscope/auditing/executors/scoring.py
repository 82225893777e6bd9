"""One method on matrices that lie in files or that a cluster's workers read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from labelscope.auditing.executors import Cluster, Executor, Local, Matrices
from labelscope.auditing.executors.cut import MATRICES
from labelscope.data.label_evidence import encode_evidence
from labelscope.data.matrices import ArrayMatrix, MappedMatrix, MatrixSource, as_source, is_file_backed
from labelscope.errors import InvalidInputError, InvalidTypeError, MissingEvidenceError, notify
from labelscope.scorers.blockwise import Plan, Shape
from labelscope.scorers.ensemble import Ensemble
from labelscope.types import Array, Evidence, IntArray, Score, Scorer

_NAMES = (*MATRICES, "features")


def has_plan(scorer: Scorer, evidence: Mapping[str, Any]) -> bool:
    """Whether a scorer's work on this evidence can be driven block by block."""
    if isinstance(scorer, Ensemble):
        # Which neighbors may vote follows from clusters of the features, which need all rows.
        return evidence.get("features") is None
    return callable(getattr(scorer, "plan", None))


def on_disk(evidence: Mapping[str, Any]) -> bool:
    """Whether one of the matrices lies in a file."""
    return any(is_file_backed(evidence.get(name)) for name in _NAMES)


def score_in_blocks(scorer: Scorer, evidence: Evidence, executor: Executor) -> Score:
    """Run one method block by block.

    Parameters
    ----------
    scorer : Scorer
        Best one that has a ``plan``; another one is given whole matrices, in this process only.
    evidence : Evidence
        ``given_labels`` (n,), and matrices as arrays, memory maps, paths or Zarr arrays.
    executor : Local or Cluster

    Returns
    -------
    Score
        The same to the last bit as with all matrices in memory, whichever executor is used.

    Raises
    ------
    InvalidInputError
        Shapes or values do not fit, or the method cannot run in blocks on a cluster.
    ExecutorError
        Workers died again and again.
    """
    if not has_plan(scorer, evidence):
        if not isinstance(executor, Local):
            raise InvalidInputError(
                f"{type(scorer).__name__} looks at all rows at once, so that it cannot run in blocks on a "
                "cluster.",
                "Leave executor out to run it in this process, or choose another method, such as "
                "'self_confidence' or 'neighbor_agreement'.",
            )
        _warn_about_memory(scorer, evidence)
        return scorer.score(Evidence(in_memory(evidence, type(scorer).__name__)))
    _check_needs(scorer, evidence)
    sources = {name: _source(evidence, name) for name in MATRICES if name in evidence}
    codes, classes = _labels(evidence, sources.get("pred_probs"))
    _check_graph(sources, len(codes))
    dtype = sources["pred_probs"].dtype.name if "pred_probs" in sources else "float64"
    blockwise: Any = scorer
    plan: Plan = blockwise.plan(Shape(codes, classes, frozenset(sources), dtype))
    return executor.drive(plan, Matrices(codes, len(classes), sources), scorer.name)


def score_known(scorer: Scorer, evidence: Evidence, executor: Executor) -> Score:
    """Run one method of an audit, whose evidence is known in this process too.

    Parameters
    ----------
    scorer : Scorer
        Without a ``plan`` it runs in this process, wherever the others do; a notice says so.
    evidence : Evidence
        Arrays, which may be memory-mapped.
    executor : Local or Cluster

    Returns
    -------
    Score
    """
    if has_plan(scorer, evidence) and (isinstance(executor, Cluster) or on_disk(evidence)):
        return score_in_blocks(scorer, evidence, executor)
    if isinstance(executor, Cluster):
        notify(
            "scorer_not_in_blocks",
            f"{type(scorer).__name__} looks at all rows at once, so it runs in this process, not on the "
            "cluster.",
        )
    return scorer.score(evidence)


def in_memory(evidence: Mapping[str, Any], by: str) -> dict[str, Any]:
    """Return evidence with arrays in place of files, and say how much memory that takes.

    Parameters
    ----------
    evidence : mapping
    by : str
        Who needs whole matrices, for the notice.

    Returns
    -------
    dict
        The same names; ``.npy`` files are memory-mapped, others are read.

    Raises
    ------
    InvalidInputError
        A matrix is larger than this machine's memory.
    """
    return {
        name: whole(value, name, by) if name in _NAMES and is_file_backed(value) else value
        for name, value in evidence.items()
    }


def whole(given: Any, name: str, by: str) -> Array:
    """Return a matrix in a file as one array, with a notice where reading it takes more than a block.

    Files whose rows can be mapped are, and take no memory of their own.
    """
    source = as_source(given, name)
    size = source.shape[0] * source.shape[1] * source.dtype.itemsize
    if isinstance(source, MappedMatrix):
        return source.mapped()
    if size > _memory():
        raise InvalidInputError(
            f"{by} needs all of {name} at once, {size / 2**30:,.1f} GiB, but this machine has "
            f"{_memory() / 2**30:,.1f} GiB of memory.",
            "Save it as .npy, which can be memory-mapped, or choose a method that runs in blocks, such as "
            "ls.score('self_confidence', ...).",
        )
    if size > Local().block_bytes:
        notify(
            "matrix_read_whole",
            f"{by} needs {name} as a whole: reading {source.name!r} takes {size / 2**20:,.0f} MiB of memory.",
            "Save it as .npy, which is memory-mapped and takes none.",
        )
    return source.read(0, source.shape[0])


def _warn_about_memory(scorer: Scorer, evidence: Evidence) -> None:
    """Mapped files take no memory by themselves, but arrays that are made of all their rows do."""
    mapped = [as_source(evidence[name], name) for name in MATRICES if is_file_backed(evidence.get(name))]
    size = sum(one.shape[0] * one.shape[1] * one.dtype.itemsize for one in mapped)
    if size > Local().block_bytes:
        notify(
            "scorer_not_in_blocks",
            f"{type(scorer).__name__} looks at all rows at once, so it may take as much memory as the "
            f"matrices, {size / 2**20:,.0f} MiB, or more.",
            "Methods that run in blocks, such as 'self_confidence', need little memory at any size.",
        )


def _memory() -> float:
    try:
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, OSError, ValueError):
        return float("inf")  # not on this system; the allocation itself will fail


def _check_needs(scorer: Scorer, evidence: Evidence) -> None:
    """Say what is missing before any file is opened, and what a plan cannot be given."""
    needed = [tuple(scorer.needs), *getattr(scorer, "enough", ())]
    if not any(all(name in evidence for name in names) for names in needed):
        fewest = min(needed, key=lambda names: sum(name not in evidence for name in names))
        missing = next(name for name in fewest if name not in evidence)
        raise MissingEvidenceError.of(missing, type(scorer).__name__, evidence)
    if "confident_joint" in evidence:
        raise InvalidInputError(
            f"{type(scorer).__name__} reads no confident_joint when it runs in blocks.",
            "Leave confident_joint out, or pass pred_probs as an array and no executor.",
        )


def _source(evidence: Evidence, name: str) -> MatrixSource:
    given = evidence[name]
    if name == "pred_probs" and not is_file_backed(given):
        if isinstance(given, (list, tuple)) and any(is_file_backed(one) for one in given):
            raise InvalidInputError(
                "pred_probs is a list with files in it; blocks are cut from one matrix.",
                "Average the models first, or pass arrays.",
            )
        probs = encode_evidence(evidence)[2]  # several models are averaged, rows become a matrix
        return ArrayMatrix(np.asarray(probs), name) if np.ndim(given) != 2 else as_source(given, name)
    return as_source(given, name)


def _labels(evidence: Evidence, probs: MatrixSource | None) -> tuple[IntArray, Array]:
    """Read labels by the rule for evidence in memory, for which only the shape of pred_probs matters."""
    known = {name: evidence.get(name) for name in ("given_labels", "classes")}
    if probs is not None:
        known["pred_probs"] = np.broadcast_to(np.float32(0), probs.shape)
    codes, classes, _ = encode_evidence(known)
    return codes, np.asarray(classes)


def _check_graph(sources: Mapping[str, MatrixSource], n: int) -> None:
    ids, distances = sources.get("knn_ids"), sources.get("knn_distances")
    if ids is None:
        return
    if ids.shape[0] != n:
        raise InvalidInputError(
            f"knn_ids has shape {ids.shape}, but there are {n:,} rows.",
            "Pass an (n, k) array of row positions, the row itself left out.",
        )
    if ids.dtype.kind not in "iu":
        raise InvalidTypeError(
            f"knn_ids has entries of type {ids.dtype}, but positions of rows are needed.",
            "Save it as int32 or int64.",
        )
    if distances is not None and distances.shape != ids.shape:
        raise InvalidInputError(
            f"knn_distances has shape {distances.shape}, but knn_ids has {ids.shape}.",
            "Pass one distance for each entry of knn_ids.",
        )

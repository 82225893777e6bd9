"""What a provider reads about the labels, groups, sites and duplicates, wherever they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.types import Array, Evidence, IntArray

if TYPE_CHECKING:
    from labelscope.data.dataset import Dataset


def given_codes(dataset: Dataset | None, evidence: Evidence, *, by: str) -> tuple[IntArray, Array]:
    """Read the given labels as codes.

    Parameters
    ----------
    dataset : Dataset or None
        Asked when the evidence holds no labels.
    evidence : Evidence
        ``given_labels`` are codes when ``classes`` is present, else labels as the user has them.
    by : str
        Who asks, for the error message.

    Returns
    -------
    codes : (n,) int64
        Positions in ``classes``, -1 for unlabelled rows.
    classes : (K,) array
        Label values.

    Raises
    ------
    MissingEvidenceError
        There are no labels anywhere.
    """
    if "given_labels" in evidence:
        if "classes" in evidence:
            codes = np.asarray(evidence["given_labels"], dtype=np.int64)
            return codes, np.asarray(evidence["classes"])
        from labelscope.data.labels import encode_evidence

        found, classes, _ = encode_evidence(evidence)
        return np.asarray(found, dtype=np.int64), np.asarray(classes)
    labels = getattr(dataset, "labels", None)
    if labels is None:
        raise MissingEvidenceError.of("given_labels", by=by, present=evidence)
    return np.asarray(labels.codes, dtype=np.int64), np.asarray(labels.classes)


def maybe_codes(dataset: Dataset | None, evidence: Evidence) -> tuple[IntArray, Array] | None:
    """Read the given labels like :func:`given_codes`, or return None where there are no classes."""
    given = evidence.get("given_labels")
    several = isinstance(given, np.ndarray) and (given.ndim == 2 or given.dtype == np.float64)
    if several and "classes" not in evidence:
        return None  # tags or targets
    try:
        return given_codes(dataset, evidence, by="")
    except MissingEvidenceError:
        return None


def group_codes(dataset: Dataset | None, evidence: Evidence, n: int) -> IntArray | None:
    """Read the groups that must stay together, as int codes (n,), or None where there are none.

    A missing group (None or NaN) is a group of its own.
    """
    groups = evidence["groups"] if "groups" in evidence else getattr(dataset, "groups", None)
    return None if groups is None else _coded(groups, "groups", n)


def site_codes(evidence: Evidence, n: int) -> IntArray | None:
    """Read the sites that rows come from, as int codes (n,); groups stand in where there are no sites.

    A missing site (None or NaN) is a site of its own.
    """
    name = site_name(evidence)
    return None if name is None else _coded(evidence[name], name, n)


def site_name(evidence: Evidence) -> str | None:
    """Say which evidence tells where rows come from: ``"sites"``, else ``"groups"``, or None."""
    return next((name for name in ("sites", "groups") if evidence.get(name) is not None), None)


def _coded(given: object, name: str, n: int) -> IntArray:
    values = np.asarray(given)
    if values.shape != (n,):
        raise InvalidInputError.wrong_length(name, len(values), n)
    if values.dtype.kind in "iu":
        return np.unique(values, return_inverse=True)[1].astype(np.int64)
    codes = np.empty(n, dtype=np.int64)
    seen: dict[object, int] = {}
    for row, value in enumerate(values.tolist()):
        missing = value is None or value != value
        codes[row] = seen.setdefault(("missing", row) if missing else value, len(seen))
    return codes


def row_count(dataset: Dataset | None, evidence: Evidence) -> int:
    """Count the rows from the dataset or from any aligned evidence."""
    if dataset is not None:
        return int(dataset.n)
    for name in ("features", "given_labels", "pred_probs", "knn_ids"):
        if name in evidence:
            return len(evidence[name])
    raise MissingEvidenceError.of("features", present=evidence)

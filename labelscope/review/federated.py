"""Several people's reviews, merged without their rows: sessions export parameters and counts only.

Each party labels rows of its own. What leaves it is a linear probe on a shared embedding and how many labels
of each class it learned from; averaging these, round after round, is federated averaging.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError, InvalidTypeError, MissingEvidenceError
from labelscope.evidence import check_features, left_out
from labelscope.evidence.federated_probe import Update, average, local_update
from labelscope.evidence.weighted_probe import Standardized, predict
from labelscope.review.current_evidence import current_evidence
from labelscope.review.events import scalar_key, to_scalar
from labelscope.review.files import replacing
from labelscope.review.session import Session
from labelscope.review.state import UNSURE
from labelscope.types import Array, Evidence, FloatArray, IntArray

_FORMAT = 1
_ABSENT = -1e9
MIN_ROWS, MIN_CLASS = 20, 3


@dataclass(frozen=True)
class SessionUpdate:
    """What one session tells the others, or what all of them made together.

    Attributes
    ----------
    weights : (K, d + 1) float64
        Of a linear probe on the features as they are; the last column holds the intercepts.
    counts : (K,) int64
        Labels of each class that it was learned from.
    classes : tuple of K labels
    embedding : str
        What made the features: all parties must use the same model.
    constants : (d,) float64, optional
        What columns hold that have one value for all rows here, and of whose weight nothing can be known; NaN
        for all others.
    """

    weights: FloatArray
    counts: IntArray
    classes: tuple[Any, ...]
    embedding: str = ""
    constants: FloatArray | None = None

    @property
    def n_features(self) -> int:
        """Width of the features."""
        return int(self.weights.shape[1]) - 1

    def pred_probs(self, features: Any) -> FloatArray:
        """Predict rows of one's own: (n, K) float64, 0 for classes that nobody has labels of.

        Parameters
        ----------
        features : (n, d) array
            Of the same embedding.

        Raises
        ------
        InvalidInputError
            Another width.
        """
        matrix = _matrix(features)
        if matrix.shape[1] != self.n_features:
            raise InvalidInputError(
                f"The features have {matrix.shape[1]:,} columns, but this update is of {self.n_features:,}.",
                "Use the embedding that the update was made with.",
            )
        weights = np.array(self.weights)
        if self.counts.any():
            weights[self.counts == 0, -1] = _ABSENT
        inputs = np.ones((len(matrix), self.n_features + 1))
        inputs[:, :-1] = matrix
        return predict(inputs, weights)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a ``.npz`` file of parameters, counts and class names.

        Parameters
        ----------
        path : path

        Returns
        -------
        Path

        Raises
        ------
        ExportError
            It cannot be written.
        """
        target = Path(path).expanduser()
        if target.suffix.lower() != ".npz":
            raise InvalidInputError(f"{target.name} does not end in .npz.", "Name it, say, 'site-a.npz'.")
        facts = {"format": _FORMAT, "classes": list(self.classes), "embedding": self.embedding}
        with replacing(target) as file:
            arrays = {"weights": self.weights, "counts": self.counts, "facts": np.array(json.dumps(facts))}
            if self.constants is not None:
                arrays["constants"] = self.constants
            np.savez(file, allow_pickle=False, **arrays)
        return target


def export_update(
    session: Session | Evidence,
    path: str | os.PathLike[str] | None = None,
    *,
    start: SessionUpdate | None = None,
    embedding: str = "",
    penalty: float = 0.1,
    n_steps: int = 100,
    min_rows: int = MIN_ROWS,
    min_class: int = MIN_CLASS,
) -> SessionUpdate:
    """Learn a probe from a session's labels as they are now; no row, id or label of a row is in the result.

    Columns that an audit leaves out, because they are constant here, are in it with a weight of 0: another
    party may know what they say.

    Parameters
    ----------
    session : Session or Evidence
        Excluded and unsure rows do not take part. Evidence holds ``features`` and ``given_labels``, codes
        where there are ``classes``.
    path : path, optional
        Where to write it, ``.npz``.
    start : SessionUpdate, optional
        What was merged in the last round, to go on from.
    embedding : str
        Name of what made the features; merging refuses others.
    penalty : float
        Strength of the squared penalty.
    n_steps : int
        Most steps; some 10 where many rounds are made.
    min_rows, min_class : int
        Fewest labelled rows of all and of a class: parameters learned from very few rows can tell about them.
        Smaller classes are left out.

    Returns
    -------
    SessionUpdate

    Raises
    ------
    InvalidInputError
        Too few labelled rows or classes, or ``start`` does not fit.
    MissingEvidenceError
        No features.

    Notes
    -----
    Even so, parameters are not anonymous: whoever must prevent any inference from them adds noise or a secure
    sum on top. Of columns that are constant, the value goes along.
    """
    features, codes, classes = _labelled(session)
    counts = np.bincount(codes[codes >= 0], minlength=len(classes))
    codes = np.where((codes >= 0) & (counts[np.maximum(codes, 0)] >= min_class), codes, -1)
    used = np.flatnonzero(codes >= 0)
    if len(used) < min_rows or len(np.unique(codes[used])) < 2:
        raise InvalidInputError(
            f"There are {len(used):,} labelled rows of {len(np.unique(codes[used]))} classes with"
            f" {min_class} rows or more, but {min_rows} of two classes are needed.",
            "Label more rows first; of so few, parameters could tell too much.",
        )
    names = tuple(classes) if start is None else _union([start.classes, classes])
    if start is not None and start.n_features != features.shape[1]:
        raise InvalidInputError(
            f"The update to start from is about {start.n_features:,} features, but there are"
            f" {features.shape[1]:,}.",
            "Use the same embedding everywhere.",
        )
    place = np.array([_places(names)[scalar_key(one)] for one in classes], dtype=np.int64)
    own = features[used].astype(np.float64)
    scaling = Standardized.of(own)
    first = np.zeros((len(names), own.shape[1] + 1))
    if start is not None:
        first[[_places(names)[scalar_key(one)] for one in start.classes]] = start.weights
    found = local_update(
        scaling.apply(own), place[codes[used]], _into(first, scaling), penalty=penalty, n_steps=n_steps
    )
    weights = np.where(found.counts[:, None] > 0, _out_of(found.weights, scaling), first)
    constants = np.where(scaling.scale > 0, np.nan, scaling.mean)
    update = SessionUpdate(
        weights,
        found.counts,
        names,
        embedding or (start.embedding if start else ""),
        None if np.isnan(constants).all() else constants,
    )
    if path is not None:
        update.save(path)
    return update


def read_update(path: str | os.PathLike[str]) -> SessionUpdate:
    """Read what :meth:`SessionUpdate.save` wrote.

    Raises
    ------
    InvalidInputError
        It is no such file; nothing in it is executed.
    """
    target = Path(path).expanduser()
    try:
        with np.load(target, allow_pickle=False) as file:
            weights, counts = file["weights"], file["counts"]
            facts = json.loads(str(file["facts"]))
            constants = file["constants"].astype(np.float64) if "constants" in file.files else None
        classes = tuple(facts["classes"])
        fits = facts["format"] == _FORMAT and weights.ndim == 2 and weights.shape[1] > 1
        fits = fits and (constants is None or constants.shape == (weights.shape[1] - 1,))
        if not (fits and len(weights) == len(classes) == len(counts) and np.isfinite(weights).all()):
            raise ValueError("its parts do not fit")
    except (OSError, KeyError, ValueError, TypeError, zipfile.BadZipFile) as problem:
        raise InvalidInputError(
            f"{target.name} is no update of a session ({problem}).",
            "Write one with export_update(session, path).",
        ) from problem
    return SessionUpdate(
        weights.astype(np.float64),
        counts.astype(np.int64),
        classes,
        str(facts.get("embedding", "")),
        constants,
    )


def merge_updates(updates: Sequence[SessionUpdate | str | os.PathLike[str]]) -> SessionUpdate:
    """Average updates, each in proportion to the labels that it was learned from.

    A column that is constant at a party has the average weight of the others, and the party's intercepts make
    up for it with the constant, so that it predicts its own rows as before.

    Parameters
    ----------
    updates : sequence of SessionUpdate or paths
        Class lists may differ: the result has all classes, in order of appearance.

    Returns
    -------
    SessionUpdate
        Predict with ``merged.pred_probs(features)``, or go on with ``export_update(session, start=merged)``.

    Raises
    ------
    InvalidInputError
        There are none, or they are of different embeddings.

    Examples
    --------
    >>> one = SessionUpdate(np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([2, 1]), ("cat", "dog"))
    >>> other = SessionUpdate(np.array([[4.0, 0.0]]), np.array([3]), ("dog",))
    >>> merged = merge_updates([one, other])
    >>> merged.weights[:, 0].tolist(), merged.counts.tolist()
    ([0.5, 2.0], [2, 4])
    """
    if isinstance(updates, str | os.PathLike | SessionUpdate) or not len(updates):
        raise InvalidInputError("A list of one or more updates is needed.", "Pass [update, other].")
    read = [one if isinstance(one, SessionUpdate) else read_update(one) for one in updates]
    widths, makers = {one.n_features for one in read}, {one.embedding for one in read if one.embedding}
    if len(widths) > 1 or len(makers) > 1:
        raise InvalidInputError(
            f"The updates are of different embeddings: widths {sorted(widths)}, names {sorted(makers)}.",
            "Make the features of all parties with the same model.",
        )
    names = _union([one.classes for one in read])
    parts = []
    for one in read:
        at = [_places(names)[scalar_key(value)] for value in one.classes]
        weights, counts = np.zeros((len(names), one.n_features + 1)), np.zeros(len(names), dtype=np.int64)
        weights[at], counts[at] = one.weights, one.counts
        parts.append(Update(weights, counts))
    constants = np.array([_constants(one) for one in read])
    total = np.sum([part.counts for part in parts], axis=0)
    same = np.where((constants == constants[0]).all(axis=0), constants[0], np.nan)
    return SessionUpdate(
        average(_told(parts, constants)),
        total,
        names,
        next(iter(makers), ""),
        None if np.isnan(same).all() else same,
    )


def _constants(update: SessionUpdate) -> FloatArray:
    return np.full(update.n_features, np.nan) if update.constants is None else update.constants


def _told(parts: Sequence[Update], constants: FloatArray) -> list[Update]:
    """Give parties the others' average weight of columns that are constant with them."""
    if np.isnan(constants).all():
        return list(parts)
    sizes = np.array([float(part.counts.sum()) for part in parts])
    share = np.where(np.isnan(constants), sizes[:, None], 0.0)
    share /= np.maximum(share.sum(axis=0), 1e-300)
    known = np.sum([part.weights[:, :-1] * own for part, own in zip(parts, share, strict=True)], axis=0)
    told = []
    for part, held in zip(parts, constants, strict=True):
        weights, column = np.array(part.weights), np.flatnonzero(~np.isnan(held))
        weights[:, -1] -= (known - weights[:, :-1])[:, column] @ held[column]
        weights[:, column] = known[:, column]
        told.append(Update(weights, part.counts))
    return told


def _labelled(source: Any) -> tuple[FloatArray, IntArray, list[Any]]:
    """Features, codes without excluded and unsure rows, and class values."""
    left: FloatArray | None = None
    if isinstance(source, Session):
        left, source = _columns_left_out(source), current_evidence(source)
    if not isinstance(source, Evidence):
        raise InvalidTypeError(
            f"An update is of a Session or of Evidence, but this is a {type(source).__name__}.",
            "Pass the session.",
        )
    if "features" not in source:
        raise MissingEvidenceError.of("features", "export_update", source)
    from labelscope.data.labels import encode_evidence

    codes, classes, _ = encode_evidence(source)
    codes = np.asarray(codes, dtype=np.int64)
    state = np.asarray(source.get("state", np.zeros(len(codes))))
    excluded = np.asarray(source.get("excluded", np.zeros(len(codes), dtype=bool)), dtype=bool)
    codes = np.where(excluded | (state == UNSURE), -1, codes)
    matrix = _matrix(source["features"], len(codes))
    if left is not None:
        wide = np.tile(np.where(np.isfinite(left), left, 0.0), (len(matrix), 1))
        wide[:, np.isnan(left)] = matrix
        matrix = wide
    return (
        matrix,
        codes,
        [to_scalar(one) for one in np.asarray(classes).tolist()],
    )


def _columns_left_out(session: Session) -> FloatArray | None:
    """Return what columns hold that the audit left out, (d,) and NaN for those it kept; None for none."""
    evidence, media = session.audit.evidence, session.audit.dataset.media
    held = evidence.get("columns_left_out")
    if held is None and media.kind == "features":
        raw = np.asarray(media.raw())
        held = left_out(raw) if raw.ndim == 2 and raw.dtype.kind in "biuf" else None
    features = np.asarray(evidence.get("features", np.zeros((0, 0))))
    return held if held is not None and np.isnan(held).sum() == features.shape[1] else None


def _matrix(features: Any, n: int | None = None) -> FloatArray:
    """Features of full width: a column that is constant here may vary elsewhere."""
    check_features(features, n)  # refuses what is no matrix of numbers, and tells of rows that are not finite
    matrix = np.asarray(features, dtype=np.float64).reshape(len(features), -1)
    bad = ~np.isfinite(matrix)
    if bad.any():
        kept = np.where(bad, 0.0, matrix)
        center = kept.sum(axis=0) / np.maximum((~bad).sum(axis=0), 1)
        matrix = np.where(bad, center, matrix)
    return matrix


def _union(lists: Sequence[Sequence[Any]]) -> tuple[Any, ...]:
    found = {scalar_key(value): value for values in reversed(lists) for value in reversed(list(values))}
    order = {scalar_key(value): None for values in lists for value in values}
    return tuple(found[key] for key in order)


def _places(names: Sequence[Any]) -> dict[Any, int]:
    return {scalar_key(value): place for place, value in enumerate(names)}


def _into(weights: FloatArray, scaling: Standardized) -> Array:
    """Weights on features as weights on standardized features that predict the same."""
    inner = np.array(weights)
    inner[:, -1] += weights[:, :-1] @ scaling.mean
    inner[:, :-1] = weights[:, :-1] / np.where(scaling.scale > 0, scaling.scale, 1.0)
    return inner


def _out_of(weights: FloatArray, scaling: Standardized) -> Array:
    """Weights on standardized features as weights on the features themselves."""
    outer = np.array(weights)
    outer[:, :-1] = weights[:, :-1] * scaling.scale
    outer[:, -1] -= outer[:, :-1] @ scaling.mean
    return outer

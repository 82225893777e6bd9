"""What a label is compared with: a second labelling, a trusted part, another dataset, or published shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from labelscope.auditing.audit import Audit
from labelscope.data.arguments import is_listed
from labelscope.data.dataset import Dataset
from labelscope.data.labels import encode
from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.reports.nutrition.columns import Column, read_columns
from labelscope.reports.nutrition.subject import Subject
from labelscope.review.events import scalar_key, to_scalar
from labelscope.review.session import Session
from labelscope.types import Array, FloatArray, IntArray

#: Code of a label of the reference that is no class here.
FOREIGN = -2


@dataclass(frozen=True, eq=False)
class Reference:
    """A reference as read.

    Attributes
    ----------
    name : str
    codes : (n,) int64 or None
        Labels of the same rows: positions in the classes here, -1 unknown, -2 no class here.
    targets : (n,) float64 or None
        Of a regression.
    tags : (n, K) int8 or None
        Of tags; -1 where unknown.
    counts : (K,) float64 or None
        Rows, or shares, of each class here.
    exact : bool
        Whether ``counts`` are shares that are known, and no sample.
    foreign : dict of str to float
        Classes of the reference that there are not here.
    columns : dict of str to Column
    """

    name: str
    codes: IntArray | None = None
    targets: FloatArray | None = None
    tags: Array | None = None
    counts: FloatArray | None = None
    exact: bool = False
    foreign: dict[str, float] | None = None
    columns: dict[str, Column] | None = None

    @property
    def is_aligned(self) -> bool:
        """Whether it is about the same rows."""
        return self.codes is not None or self.targets is not None or self.tags is not None


def read_reference(subject: Subject, reference: Any) -> Reference | None:
    """Read a reference.

    Parameters
    ----------
    subject : Subject
    reference : (n,) labels, Dataset, Audit, Session, mapping, or None
        Labels of the same rows, None or NaN where there is none; a dataset of the same rows (by ids) or of
        others; or the number or share of rows of each class. ``{"name": "census", "labels": …}`` or
        ``{"name": "census", "shares": {…}}`` gives it a name.

    Returns
    -------
    Reference or None

    Raises
    ------
    InvalidInputError
        Another number of rows, or classes none of which there is here.
    InvalidTypeError
        Something else.
    """
    if reference is None:
        return None
    name = "the reference"
    if isinstance(reference, Mapping) and set(reference) & {"labels", "shares"}:
        unknown = [key for key in reference if key not in ("name", "labels", "shares")]
        if unknown or {"labels", "shares"} <= set(reference):
            raise InvalidInputError(
                f"reference has the keys {sorted(map(str, reference))}.",
                'Pass {"name": …, "labels": …} or {"name": …, "shares": …}.',
            )
        name = str(reference.get("name") or name)
        reference = reference.get("labels", reference.get("shares"))
    if isinstance(reference, Mapping):
        return _of_shares(subject, name, reference)
    if isinstance(reference, Session | Audit | Dataset):
        return _of_dataset(subject, name, reference)
    if not is_listed(reference) or not hasattr(reference, "__len__"):
        raise InvalidTypeError(
            f"reference is {reference!r:.60}.",
            "Pass one label per row, another dataset, or shares of classes by name.",
        )
    if len(reference) != subject.n:
        raise InvalidInputError.wrong_length("reference", len(reference), subject.n)
    return _of_labels(subject, name, reference)


def _of_labels(subject: Subject, name: str, labels: Any) -> Reference:
    if subject.task == "regression":
        read = encode(labels, task="regression", n=subject.n)
        return Reference(name, targets=read.targets)
    if subject.task == "multilabel":
        return Reference(name, tags=_matched_tags(subject, encode(labels, task="multilabel", n=subject.n)))
    read = encode(labels, task="classification", n=subject.n)
    return _of_codes(subject, name, read.classes.tolist(), np.asarray(read.codes), aligned=True)


def _of_codes(
    subject: Subject, name: str, classes: Sequence[Any], codes: IntArray, *, aligned: bool
) -> Reference:
    places = np.array([*_places(subject, classes), -1], dtype=np.int64)
    found = places[codes]
    if (codes >= 0).any() and not (found >= 0).any():
        raise InvalidInputError(
            f"No label of {name} is a class here: {', '.join(map(str, list(classes)[:5]))}.",
            f"Classes are {', '.join(subject.class_names[:8])}.",
        )
    counts = np.bincount(found[found >= 0], minlength=len(subject.class_names)).astype(np.float64)
    of_own = np.bincount(codes[codes >= 0], minlength=len(classes))
    foreign = {str(classes[k]): float(of_own[k]) for k in np.flatnonzero(places[:-1] == FOREIGN).tolist()}
    return Reference(name, codes=found if aligned else None, counts=counts, foreign=foreign)


def _places(subject: Subject, classes: Sequence[Any]) -> list[int]:
    known = {scalar_key(to_scalar(value)): code for code, value in enumerate(subject.state.classes)}
    for code, said in enumerate(subject.class_names):
        known.setdefault(said, code)
    return [known.get(scalar_key(to_scalar(value)), FOREIGN) for value in classes]


def _matched_tags(subject: Subject, labels: Any) -> Array:
    assert subject.tags is not None  # of a task with tags
    names, _ = subject.tags
    found = np.full((subject.n, len(names)), -1, dtype=np.int8)
    place = {said: k for k, said in enumerate(labels.tags.names)}
    shared = [name for name in names if name in place]
    if names and not shared:
        raise InvalidInputError(
            "The reference has none of the tags here.", f"Tags are {', '.join(names[:8])}."
        )
    for k, said in enumerate(names):
        if said in place:
            found[:, k] = labels.tags.matrix[:, place[said]]
    found[np.asarray(labels.codes) < 0] = -1
    return found


def _of_dataset(subject: Subject, name: str, reference: Any) -> Reference:
    session = reference if isinstance(reference, Session) else None
    dataset = reference if isinstance(reference, Dataset) else getattr(reference, "dataset", None)
    dataset = session.audit.dataset if session is not None else dataset
    assert isinstance(dataset, Dataset)
    same = dataset.n == subject.n and np.array_equal(dataset.ids, subject.dataset.ids)
    if same:
        held = dataset.labels.original if session is None else session.labels()
        found = _of_labels(subject, name, held)
    elif subject.task in ("classification", "concepts") and dataset.labels.task == "classification":
        codes = np.asarray(dataset.labels.codes if session is None else session.state.current, np.int64)
        classes = dataset.labels.classes.tolist() if session is None else list(session.state.classes)
        found = _of_codes(subject, name, classes, codes, aligned=False)
    else:
        raise InvalidInputError(
            f"{name} has other rows, and labels of the task {dataset.labels.task!r}.",
            "Datasets of other rows are compared by classes; pass labels of the same rows.",
        )
    own = set(subject.columns)
    columns = {key: value for key, value in read_columns(dataset, (), {})[0].items() if key in own or same}
    return Reference(
        name,
        found.codes,
        found.targets,
        found.tags,
        found.counts,
        foreign=found.foreign,
        columns=columns,
    )


def _of_shares(subject: Subject, name: str, shares: Mapping[Any, Any]) -> Reference:
    if subject.task not in ("classification", "concepts"):
        raise InvalidInputError(
            f"Shares of classes do not fit labels of the task {subject.task!r}.", "Pass one label per row."
        )
    values: dict[Any, float] = {}
    for key, value in shares.items():
        good = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        if not good or not np.isfinite(float(value)) or float(value) < 0:
            raise InvalidInputError(
                f"The share of {key!r} is {value!r:.40}.", "Pass a number from 0, a count or a share."
            )
        values[key] = float(value)
    total = sum(values.values())
    places = _places(subject, list(values))
    if not total or all(place < 0 for place in places):
        raise InvalidInputError(
            f"{name} names no class that there is here: {', '.join(map(str, list(values)[:5]))}.",
            f"Classes are {', '.join(subject.class_names[:8])}.",
        )
    counts = np.zeros(len(subject.class_names))
    foreign = {}
    for (key, value), place in zip(values.items(), places, strict=True):
        if place >= 0:
            counts[place] += value
        else:
            foreign[str(key)] = value
    return Reference(
        name, counts=counts, exact=abs(total - 1.0) < 0.02 or abs(total - 100.0) < 1e-6, foreign=foreign
    )

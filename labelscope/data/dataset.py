"""The dataset: rows, given labels, class names, media, ids. It never changes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from labelscope.data import dataset_notices, frames
from labelscope.data.concepts import check_with_concepts, held_concepts, named_columns, read_concepts
from labelscope.data.ids import make_groups, make_ids
from labelscope.data.label_tasks import holds_several
from labelscope.data.labels import Labels, encode
from labelscope.data.media import Media
from labelscope.data.readers import Source, read
from labelscope.data.tags import Tags
from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.types import Array, Evidence

ROWS_OF_EVIDENCE = (
    "features",
    "map",
    "knn_ids",
    "knn_distances",
    "pred_probs",
    "concepts",
    "concept_probs",
    "predictions",
    "tag_negatives",
    "groups",
)


class Dataset:
    """Rows and their given labels, read from whatever holds them.

    Parameters
    ----------
    data : array, list, frame, dataset, path or media
        Numpy array of images (n, h, w[, c]) or features (n, d), tensor, sparse matrix; list of texts,
        paths, bytes (encoded images or sounds), PIL images or arrays; pandas, polars or pyarrow frame;
        path of a Parquet, CSV, TSV or JSON Lines file, of ``.npy``, or of a folder with one subfolder per
        class; Hugging Face dataset; torch-style dataset; or media such as ``AudioMedia(arrays, rate=8000)``.
    labels : column name or sequence, optional
        One label per row: int, str, bool, categorical; None or NaN where there is none. For tags a set or
        list per row, a 0/1/NaN matrix, joined texts, or a list of column names; for a regression numbers.
        Not needed when the data brings its labels.
    ids : column name or (n,) sequence, optional
        Unique names of rows; by default a pandas index that was set, a folder's file names, or 0…n-1.
    class_names : sequence or mapping, optional
        Names of int labels 0…K-1, or all label values in order, or a mapping from label to name.
    task : str, optional
        ``"classification"``, ``"multilabel"`` (several tags a row), ``"regression"`` or ``"concepts"``
        settles what could be read in two ways; ``"annotators"`` says that ``labels`` is a matrix with one
        column per person.
    media : str or list of str, optional
        Column or columns that show what a row is, or a kind: image, text, audio, table, features.
    groups : column name or (n,) sequence, optional
        Rows that belong together, such as frames of one film: they share a fold of cross-validation. Where
        rows come from, such as a hospital, is ``evidence={"sites": ...}`` of an audit.
    annotators : (n, people) array or frame, optional
        Answers of several people, None or NaN where a person did not answer; kept as given. Without
        ``labels``, an audit takes their consensus.
    concepts : (n, C) array or frame, mapping, list of sets, or list of column names, optional
        Attributes that each row has or not: 1, 0, NaN where unknown. Makes the task ``"concepts"``.
    evidence : mapping, optional
        Arrays about the rows that exist already: ``pred_probs``, ``features``, ``map`` …

    Attributes
    ----------
    media : Media
        Decodes one row at a time.
    labels : Labels
        Codes, classes, and the way back to the caller's container.
    ids : (n,) array
        Read-only.
    n : int
    name : str
        Of the file or folder, else ``"dataset"``.
    task : str
    class_names : tuple of str
    groups : (n,) int64 or None
        Codes into ``group_names``.
    group_names : tuple of str
        In the order of first appearance; empty without groups.
    annotators : object
    concepts : Tags or None
    concepts_original : object
        The concepts in the caller's own container.
    evidence : Evidence
        Holds ``concepts`` (n, C) float64 as well.
    frame : native frame or None
    fingerprint : str
        16 hex digits of ids and given labels.

    Raises
    ------
    InvalidInputError, InvalidTypeError, UnknownColumnError, TaskError
        The message says what was given, what is needed and how to fix it.

    Examples
    --------
    >>> import labelscope as ls
    >>> dataset = ls.Dataset(["good film", "bad film", "bad cut", "good cut"], ["+", "-", "-", "+"])
    >>> dataset.n, dataset.media.kind, dataset.class_names
    (4, 'text', ('+', '-'))
    """

    __slots__ = (
        "annotators",
        "class_names",
        "concepts",
        "concepts_original",
        "evidence",
        "fingerprint",
        "frame",
        "group_names",
        "groups",
        "ids",
        "labels",
        "media",
        "n",
        "name",
        "task",
    )
    media: Media
    labels: Labels
    ids: Array
    n: int
    name: str
    task: str
    class_names: tuple[str, ...]
    groups: npt.NDArray[np.int64] | None
    group_names: tuple[str, ...]
    annotators: Any
    concepts: Tags | None
    concepts_original: Any
    evidence: Evidence
    frame: Any
    fingerprint: str

    def __init__(
        self,
        data: Any,
        labels: Any = None,
        *,
        ids: Any = None,
        class_names: Iterable[Any] | Mapping[Any, str] | None = None,
        task: str | None = None,
        media: Any = None,
        groups: Any = None,
        annotators: Any = None,
        concepts: Any = None,
        evidence: Mapping[str, Any] | None = None,
    ) -> None:
        if task == "annotators":
            labels, annotators, task = _people(labels, annotators)
        taken = tuple(name for name in (ids, groups) if isinstance(name, str))
        source = read(data, labels, media=media, taken=(*taken, *named_columns(concepts)), task=task)
        n = len(source.media)
        if not n:
            raise InvalidInputError("data has no rows.", "Pass at least one row.")
        dataset_notices.check_index(source.index, source.labels)
        held = held_concepts(concepts, source.frame)
        attributes = read_concepts(held, n)
        known = _evidence(evidence, attributes, n)
        task = check_with_concepts(task) if attributes is not None else task
        encoded = _encoded(source, n, class_names, task, known)
        if annotators is not None and hasattr(annotators, "__len__") and len(annotators) != n:
            raise InvalidInputError.wrong_length("annotators", len(annotators), n)
        own_ids = source.ids if ids is None else _column(source, ids, "ids")
        implicit = own_ids is None and source.index is not None
        row_ids = make_ids(source.index if implicit else own_ids, n, implicit=implicit)
        row_ids.flags.writeable = False
        group_codes, group_names = make_groups(_column(source, groups, "groups"), n)
        self._fill(
            media=source.media,
            labels=encoded,
            ids=row_ids,
            n=n,
            name=source.name or "dataset",
            task=encoded.task,
            class_names=encoded.names,
            groups=group_codes,
            group_names=group_names,
            annotators=annotators,
            concepts=attributes,
            concepts_original=held,
            evidence=known,
            frame=source.frame,
            fingerprint=_fingerprint(row_ids, encoded, attributes),
        )
        dataset_notices.raise_notices(self)

    @classmethod
    def from_folder(cls, path: str | os.PathLike[str], **options: Any) -> Dataset:
        """Read a folder with one subfolder per class; options are those of the class."""
        if not Path(path).is_dir():
            raise InvalidInputError(
                f"{os.fspath(path)!r} is not a folder.", "Pass a folder with one subfolder per class."
            )
        return cls(path, **options)

    @classmethod
    def from_frame(cls, frame: Any, label: Any = None, **options: Any) -> Dataset:
        """Read a pandas, polars or pyarrow frame, or the path of a table, by the name of its label column."""
        if not isinstance(frame, (str, os.PathLike)) and not frames.is_frame(frame):
            raise InvalidTypeError(
                f"A {type(frame).__name__} is not a frame.", "Pass a pandas, polars or pyarrow frame."
            )
        return cls(frame, label, **options)

    @classmethod
    def from_huggingface(cls, dataset: Any, label: Any = None, **options: Any) -> Dataset:
        """Read a Hugging Face dataset; its ClassLabel column is the label unless another is named."""
        from labelscope.data.readers.hf import is_hugging_face

        if not is_hugging_face(dataset):
            raise InvalidTypeError(
                f"A {type(dataset).__name__} is not a Hugging Face dataset.", "Pass one split of it."
            )
        return cls(dataset, label, **options)

    @classmethod
    def from_torch(cls, dataset: Any, labels: Any = None, **options: Any) -> Dataset:
        """Read a map-style dataset such as torchvision's; it is gone through unless it shows its parts."""
        from labelscope.data.readers.torch_dataset import is_dataset

        if not is_dataset(dataset):
            raise InvalidTypeError(
                f"A {type(dataset).__name__} is not a map-style dataset.",
                "It needs len(dataset) and dataset[row].",
            )
        return cls(dataset, labels, **options)

    def with_labels(self, labels: Labels) -> Dataset:
        """Return the same rows with other encoded labels, e.g. ``dataset.labels.aligned_to(10)``."""
        if labels.n != self.n:
            raise InvalidInputError.wrong_length("labels", labels.n, self.n)
        other = object.__new__(type(self))
        fields = {name: getattr(self, name) for name in self.__slots__}
        fields.update(labels=labels, class_names=labels.names, task=labels.task)
        fields["fingerprint"] = _fingerprint(self.ids, labels, self.concepts)
        other._fill(**fields)
        return other

    def column(self, name: Any) -> Array:
        """Return a column of the frame as a numpy array; raises UnknownColumnError."""
        if self.frame is None:
            raise InvalidInputError(
                f"There is no column {name!r}: the data is not a frame.", "Pass an array."
            )
        return frames.column_values(self.frame, name)

    def __len__(self) -> int:
        return self.n

    def __repr__(self) -> str:
        held = self.labels.tags or self.concepts
        kind = "tags" if self.labels.tags is not None else "concepts"
        tags = f" {kind}={held.n_tags}," if held is not None else ""
        return (
            f"Dataset({self.name!r}, n={self.n:,}, media={self.media.kind!r},"
            f"{tags} classes={self.labels.n_classes}, unlabelled={int(self.labels.missing.sum()):,},"
            f" fingerprint={self.fingerprint!r})"
        )

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"Dataset is immutable; {name!r} cannot be set. Make a new Dataset.")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"Dataset is immutable; {name!r} cannot be deleted.")

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._fill(**state)
        for array in (self.ids, self.groups):
            if array is not None:  # pickling forgets that an array is read-only
                array.flags.writeable = False

    def _fill(self, **fields: Any) -> None:
        for name, value in fields.items():
            object.__setattr__(self, name, value)


def _people(labels: Any, annotators: Any) -> tuple[None, Any, str]:
    """Read ``task="annotators"``: the labels are the answers of several people."""
    if labels is None or annotators is not None or isinstance(labels, str):
        raise InvalidInputError(
            'task="annotators" says that labels is a matrix of answers, one column per person.',
            "Pass labels=answers with this task, or Dataset(..., annotators=answers) without it.",
        )
    return None, labels, "classification"


def _encoded(source: Source, n: int, class_names: Any, task: str | None, evidence: Evidence) -> Labels:
    names = class_names if class_names is not None else source.class_names
    given: Any = source.labels
    if given is None:
        given = [None] * n
    probs = evidence.get("pred_probs")
    # Probabilities of K classes settle that whole numbers are classes, and predictions that they are amounts.
    if task is None and not holds_several(given):
        if probs is not None:
            task = "classification"
        elif evidence.get("predictions") is not None:
            task = "regression"
    labels = encode(given, class_names=names, task=task, n=n, missing=source.missing)
    shape = np.shape(probs[0] if isinstance(probs, list) else probs) if probs is not None else ()
    width = shape[-1] if len(shape) in (2, 3) else 0
    return labels.aligned_to(width) if width else labels


def _evidence(given: Mapping[str, Any] | None, concepts: Tags | None, n: int) -> Evidence:
    items = dict(given or {})
    if concepts is not None:
        items["concepts"] = concepts.as_float()
    for name in ROWS_OF_EVIDENCE:
        value: Any = items.get(name)
        if (
            hasattr(value, "shape")
            and len(value.shape)
            and not (name == "pred_probs" and len(value.shape) == 3)
        ):
            if len(value) != n:
                raise InvalidInputError.wrong_length(name, len(value), n)
        elif name == "pred_probs" and isinstance(value, (list, tuple)):
            items[name] = _models(value)
    return Evidence(items)


def _models(given: Any) -> Any:
    """A list of arrays means several models; a list of rows is one of them."""
    return list(given) if np.ndim(given[0]) == 2 else np.asarray(given)


def _column(source: Source, given: Any, what: str) -> Any:
    if not isinstance(given, str):
        return given
    if source.frame is None:
        raise InvalidTypeError(
            f"{what}={given!r} names a column, but the data is not a frame.", f"Pass one of {what} per row."
        )
    return frames.column_list(source.frame, given)


def _fingerprint(ids: Array, labels: Labels, concepts: Tags | None) -> str:
    digest = hashlib.blake2b(digest_size=8)
    if ids.dtype == object:
        texts = [str(v).encode("utf-8", "surrogatepass") for v in ids.tolist()]
        digest.update(np.array([len(t) for t in texts], dtype="<i8").tobytes() + b"".join(texts))
    else:
        digest.update(ids.astype("<i8").tobytes())
    digest.update(labels.fingerprint_bytes())
    if concepts is not None:
        digest.update(concepts.fingerprint_bytes())
    return digest.hexdigest()


__all__ = ["Dataset"]

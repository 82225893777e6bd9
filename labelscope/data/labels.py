"""Labels in: what a user gives becomes codes, classes and names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from labelscope.data.label_codes import Labels, class_array, frozen
from labelscope.data.label_evidence import encode_evidence
from labelscope.data.label_output import snapshot
from labelscope.data.label_tasks import decide_task, settle
from labelscope.data.label_values import LabelValues, is_missing, objects, plain
from labelscope.data.tag_output import listed, snapshot_rows
from labelscope.data.tag_values import read_tags
from labelscope.data.tags import Tags, shown
from labelscope.data.targets import number_names, targets_of
from labelscope.data.taxonomy import Taxonomy
from labelscope.data.trie import LabelTrie
from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.types import Array

__all__ = ["LabelTrie", "Labels", "Tags", "Taxonomy", "decide_task", "encode", "encode_evidence"]


def encode(
    labels: Any,
    *,
    class_names: Iterable[Any] | Mapping[Any, str] | None = None,
    task: str | None = None,
    n: int | None = None,
    missing: npt.ArrayLike | None = None,
) -> Labels:
    """Encode labels of any task.

    Parameters
    ----------
    labels : list, array, pandas, polars or pyarrow column, tensor; for tags also a matrix or frame
        Classification: one label per row, int, str, bool or integral float. Multi-label: a set or list of
        str or int per row, a matrix of 0/1/NaN, or joined texts. Regression: a finite number per row,
        shape (n,) or (n, 1). None or NaN where there is none.
    class_names : sequence or mapping, optional
        For int labels in range(K), the name of each (``class_names[j]`` names label j); a mapping from
        label to name; otherwise all label values, in the order wanted. For multi-label, of the tags.
    task : str, optional
        Settles what labels mean that could be read in two ways: ``"classification"``, ``"multilabel"``,
        ``"regression"`` or ``"concepts"`` (a class beside concepts).
    n : int, optional
        Number of rows needed.
    missing : (n,) bool, optional
        Further rows to take as unlabelled.

    Returns
    -------
    Labels

    Raises
    ------
    InvalidInputError
        Wrong length, mixed types, labels outside ``class_names``, infinite targets, or an ambiguous array.
    InvalidTypeError
        Not a container of labels.
    TaskError
        Labels of parts of a row (boxes, masks, spans, tokens), or several targets a row.

    Examples
    --------
    >>> encode([2, 0, None], class_names=["cat", "dog", "fox"]).names
    ('cat', 'dog', 'fox')
    >>> encode([{"joy"}, {"joy", "awe"}, set()]).names
    ('(no tags)', 'awe|joy', 'joy')
    """
    task, read = settle(labels, task, settled=class_names is not None)
    if read is None:
        return _encode_tags(labels, class_names, n, missing)
    if n is not None and len(read.missing) != n:
        raise InvalidInputError.wrong_length("labels", len(read.missing), n)
    if missing is not None:
        read = replace(read, missing=read.missing | np.asarray(missing, dtype=bool))
    if task == "regression":
        numbers = targets_of(read)
        classes, codes = np.unique(numbers[~read.missing]), np.full(len(numbers), -1, dtype=np.int64)
        codes[~read.missing] = np.searchsorted(classes, numbers[~read.missing])
        return Labels(frozen(codes), frozen(classes), snapshot(labels), number_names(classes), task)
    codes, classes = _factorize(read)
    if class_names is None and read.declared is not None:
        class_names = read.declared
    names: tuple[str, ...] | None = None
    if class_names is not None:
        codes, classes, names = _apply_names(codes, classes, class_names)
    names = names if names is not None else tuple(str(c) for c in classes)
    return Labels(frozen(codes), frozen(classes), snapshot(labels), names, task)


def _encode_tags(labels: Any, class_names: Any, n: int | None, missing: npt.ArrayLike | None) -> Labels:
    tags = read_tags(labels, class_names=class_names)
    if n is not None and tags.n != n:
        raise InvalidInputError.wrong_length("labels", tags.n, n)
    if missing is not None:
        tags = tags.with_matrix(np.where(np.asarray(missing, dtype=bool)[:, None], -1, tags.matrix))
    codes, texts = tags.codes()
    if not tags.n_tags:  # then the matrix cannot say which rows are unlabelled
        codes[[is_missing(row) for row in listed(labels)]] = -1
        texts = texts if (codes >= 0).any() else texts[:0]
    names = tuple(shown(text) for text in texts.tolist())
    return Labels(frozen(codes), frozen(texts), snapshot_rows(labels), names, "multilabel", tags)


def _factorize(read: LabelValues) -> tuple[npt.NDArray[np.int64], Array]:
    codes = np.full(len(read.missing), -1, dtype=np.int64)
    present = read.values[~read.missing]
    if read.kind == "none" or not len(present):
        return codes, np.empty(0, dtype=object)
    if read.kind != "str":
        classes, inverse = np.unique(present, return_inverse=True)
        codes[~read.missing] = inverse
        return codes, classes
    items = present.tolist()
    classes = objects(sorted(set(items)))
    index = {value: i for i, value in enumerate(classes)}
    codes[~read.missing] = np.fromiter((index[v] for v in items), dtype=np.int64, count=len(items))
    return codes, classes


def _apply_names(
    codes: npt.NDArray[np.int64], found: Array, class_names: Iterable[Any] | Mapping[Any, str]
) -> tuple[npt.NDArray[np.int64], Array, tuple[str, ...]]:
    """Order the classes by ``class_names``, which hold the label values or name int labels 0…K-1."""
    if isinstance(class_names, (str, bytes)) or not hasattr(class_names, "__iter__"):
        raise InvalidTypeError(
            f"class_names is {class_names!r}, but the names of all classes are needed.",
            "Pass a list such as ['cat', 'dog'], or a mapping from label to name.",
        )
    if isinstance(class_names, Mapping):
        given, shown = [plain(k) for k in class_names], tuple(str(v) for v in class_names.values())
    else:
        given = [plain(c) for c in class_names]
        shown = tuple(str(c) for c in given)
        whole = found.dtype.kind in "ib"
        if whole and all(isinstance(c, str) for c in given):
            if len(found) and (int(found.min()) < 0 or int(found.max()) >= len(given)):
                raise InvalidInputError(
                    f"{len(given)} class_names name the labels 0 to {len(given) - 1}, but labels range from"
                    f" {found.min()} to {found.max()}.",
                    "Pass a mapping such as class_names={1: 'cat', 2: 'dog'}.",
                )
            given = [False, True][: len(given)] if found.dtype.kind == "b" else list(range(len(given)))
    for names in (given, list(shown)):
        if len(set(names)) != len(names):
            twice = next(c for c in names if names.count(c) > 1)
            raise InvalidInputError(f"class_names holds {twice!r} twice.", "Name every class once.")
    table = {c: i for i, c in enumerate(given)}
    for value in found.tolist():
        if value not in table or isinstance(value, bool) != isinstance(given[table[value]], bool):
            raise InvalidInputError.unknown("class", value, given)
    recode = np.append([table[v] for v in found.tolist()], -1).astype(np.int64)
    kind = {"i": "int", "b": "bool", "f": "float"}.get(found.dtype.kind, "")
    return recode[codes], class_array(given, kind), shown

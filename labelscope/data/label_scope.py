"""What is not a label of a whole row: boxes, outlines, masks, spans and tokens are named and refused."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from typing import Any

import numpy as np

from labelscope.data.label_values import library_of, plain
from labelscope.errors import InvalidTypeError, TaskError

COLLECTIONS = (Set, list, tuple, np.ndarray)
_NESTED = ("object", "list", "struct", "large_list", "fixed_size_list")
ABOUT = "labelscope checks labels of whole rows: a class, tags, a number, or a class with concepts."
PICTURES = "CVAT and FiftyOne show and correct boxes, outlines and masks."
TEXTS = "Argilla, doccano and Prodigy show and correct spans and tokens."
_PARTS = (
    ({"bbox", "bboxes", "box", "boxes", "xmin", "x_min"}, "bounding boxes", PICTURES),
    (
        {"segmentation", "polygon", "polygons", "points", "mask", "masks", "rle"},
        "outlines or masks",
        PICTURES,
    ),
    ({"start", "end", "start_offset", "span", "spans", "entities", "offset"}, "spans of a text", TEXTS),
    ({"tokens", "ner_tags", "pos_tags"}, "labels of tokens", TEXTS),
)
_BIO = re.compile(r"^(O|[BILSEU]-.+)$")


def rows_of(labels: Any) -> list[Any] | None:
    """Return the rows of a container in which some row is itself a collection, else None."""
    library = library_of(labels)
    if isinstance(labels, np.ndarray):
        items = labels.tolist() if labels.dtype == object and labels.ndim == 1 else []
    elif library == "pandas":
        nested = str(getattr(labels, "dtype", "")).startswith(_NESTED)
        items = labels.astype(object).tolist() if nested and getattr(labels, "ndim", 1) == 1 else []
    elif library == "polars":
        nested = str(getattr(labels, "dtype", "")).startswith(("List", "Array", "Struct", "Object"))
        items = labels.to_list() if nested else []
    elif library == "pyarrow":
        import pyarrow as pa

        nested = pa.types.is_nested(labels.type) if hasattr(labels, "type") else False
        items = labels.to_pylist() if nested else []
    else:
        items = list(labels) if isinstance(labels, (list, tuple)) else []
    kinds = set(map(type, items))
    several = any(issubclass(kind, (*COLLECTIONS, Mapping)) for kind in kinds)
    return items if several else None


def check_scope(labels: Any, rows: Sequence[Any] | None) -> None:
    """Refuse labels of parts of a row.

    Parameters
    ----------
    labels : container of labels
    rows : sequence or None
        As `rows_of` returns them.

    Raises
    ------
    TaskError
        Boxes, outlines, masks, spans or tokens; the message names tools for them.
    """
    shape = getattr(labels, "shape", None)
    if shape is not None and not callable(shape) and len(shape) > 2:
        raise _refused(f"labels have the shape {tuple(shape)}: a label of every pixel", PICTURES)
    if rows is None:
        if isinstance(labels, (list, tuple)) and labels and hasattr(labels[0], "getbands"):
            raise _refused("labels are pictures: masks", PICTURES)
        return
    for row, value in enumerate(rows):
        found = _part(value)
        if found is not None:
            raise _refused(f"labels are {found[0]} (row {row})", found[1])
    _check_tokens(rows)


def _part(value: Any) -> tuple[str, str] | None:
    """Name what the label of one row describes, if it is a part of the row."""
    if isinstance(value, Mapping):
        keys = {str(key).lower() for key in value}
        for names, what, tools in _PARTS:
            if keys & names:
                return what, tools
        raise InvalidTypeError(
            f"labels are mappings with the entries {', '.join(sorted(keys)[:6])}, which cannot name classes.",
            "Pass the one entry that is the label: [row['label'] for row in labels].",
        )
    if isinstance(value, np.ndarray) and value.ndim > 1:
        return "masks", PICTURES
    if not isinstance(value, (list, tuple)):
        return None
    for one in value:
        if isinstance(one, Mapping):
            return _part(one)
        if isinstance(one, (list, tuple, np.ndarray)):
            inner = [plain(v) for v in one]
            numbers = sum(isinstance(v, (int, float)) and not isinstance(v, bool) for v in inner)
            if numbers == len(inner) == 4:
                return "bounding boxes", PICTURES
            if numbers == 2 and len(inner) in (2, 3):
                return "spans of a text", TEXTS
            return "lists within lists", TEXTS if numbers < len(inner) else PICTURES
    return None


def _check_tokens(rows: Sequence[Any]) -> None:
    ordered = [row for row in rows if isinstance(row, (list, tuple)) and len(row)]
    texts = {v for row in ordered[:1000] for v in row if isinstance(v, str)}
    if ordered and "O" in texts and all(_BIO.match(text) for text in texts):
        raise _refused("labels are one per token, with O for none", TEXTS)


def _refused(what: str, tools: str) -> TaskError:
    return TaskError(f"{what}, which is out of scope. {ABOUT}", tools)


__all__ = ["COLLECTIONS", "check_scope", "rows_of"]

"""Readers: one kind of source a file, and the choice between them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from labelscope.data import frames
from labelscope.data.label_values import library_of
from labelscope.data.labels import encode
from labelscope.data.media import is_media
from labelscope.data.readers import arrays, hf, paths, sequences, tables, torch_dataset
from labelscope.data.readers.source import Source
from labelscope.errors import InvalidInputError, InvalidTypeError, LabelscopeError

ACCEPTED = (
    "Pass an array of images or features; a list of texts, paths, bytes or PIL images; a pandas, polars or"
    " pyarrow frame; a Hugging Face or torch dataset; or the path of a table or of a folder by class."
)


def read(
    data: Any,
    labels: Any = None,
    *,
    media: Any = None,
    taken: tuple[Any, ...] = (),
    task: str | None = None,
) -> Source:
    """Read data of any supported kind.

    Parameters
    ----------
    data : object
        See :class:`labelscope.Dataset`.
    labels : str, container or None
        A column name for frames, files and Hugging Face datasets; else the labels themselves.
    media : str or sequence of str, optional
        A kind, or names of columns.
    taken : tuple of column names
        Columns that hold ids or groups, not media.
    task : str, optional
        As given by the user; a file of text does not say whether digits are names or amounts.

    Returns
    -------
    Source
        ``labels`` is the container of labels, from the column or from the data itself when there is one.

    Raises
    ------
    InvalidTypeError, InvalidInputError, UnknownColumnError
        The data cannot be read.
    """
    if isinstance(data, (str, os.PathLike)):
        return _read_path(data, labels, media, taken, task)
    if hf.is_hugging_face(data):
        source = hf.read(data, labels, media=media, taken=taken)
        own = labels is not None and source.labels is labels
        return _with_labels(source, labels) if own else source
    if isinstance(data, Mapping) and not is_media(data):
        return tables.read(tables.of_mapping(data), labels, media=media, taken=taken)
    if frames.is_frame(data):
        return tables.read(data, labels, media=media, taken=taken)
    if sequences.are_records(data):
        return tables.read(tables.of_records(data), labels, media=media, taken=taken)
    if isinstance(labels, str):
        raise InvalidTypeError(
            f"labels={labels!r} names a column, but data is a {type(data).__name__}.",
            "Pass a frame or a file that has this column, or one label per row.",
        )
    if is_media(data):
        return Source(data, labels)
    source = _read_rows(data, media, labelled=labels is not None)
    return source if labels is None else _with_labels(source, labels)


def _read_rows(data: Any, media: Any, *, labelled: bool) -> Source:
    if library_of(data) in ("pandas", "polars", "pyarrow"):  # a column
        values = data.to_pylist() if hasattr(data, "to_pylist") else data.to_list()
        return replace(sequences.read(values, media=media), index=frames.index_of(data))
    if isinstance(data, np.ndarray) and data.dtype.kind in "OUSVT" and data.ndim == 1:
        return sequences.read(data.tolist(), media=media)
    if arrays.is_array(data):
        return arrays.read(data, media=media)
    if isinstance(data, (list, tuple)):
        return sequences.read(data, media=media)
    if torch_dataset.is_dataset(data):
        return torch_dataset.read(data, media=media, labelled=labelled)
    if isinstance(data, Iterator) or not hasattr(data, "__len__"):
        raise InvalidTypeError(
            f"data is a {type(data).__name__}, which has no length and no order to come back to.", ACCEPTED
        )
    raise InvalidTypeError(f"data is a {type(data).__name__}, which cannot be read.", ACCEPTED)


def _with_labels(source: Source, labels: Any) -> Source:
    """The user's labels go before those that the data brings; its class names hold if they fit these."""
    names = source.class_names
    if names is not None:
        try:
            encode(labels, class_names=names)
        except LabelscopeError:
            names = None
    return replace(source, labels=labels, class_names=names, missing=None)


def _read_path(data: Any, labels: Any, media: Any, taken: tuple[Any, ...], task: str | None) -> Source:
    text = os.fspath(data)
    if "://" in text:
        raise InvalidInputError(
            f"{text!r} is an address, but only local files are read.", "Download it and pass the path."
        )
    path = Path(text).expanduser()
    if not path.exists():
        raise paths.not_found(path)
    if path.is_dir():
        if isinstance(labels, str):
            raise InvalidTypeError(
                f"labels={labels!r} names a column, but {text!r} is a folder.",
                "Leave labels out: the subfolders are the classes. Or pass the path of a table.",
            )
        source = paths.read_folder(path, media=media)
        return source if labels is None else _with_labels(source, labels)
    if path.suffix.lower() in (".npy", ".npz"):
        if isinstance(labels, str):
            raise InvalidTypeError(
                f"labels={labels!r} names a column, but {text!r} holds an array.", ACCEPTED
            )
        source = arrays.read_file(path, media=media)
        return source if labels is None else _with_labels(source, labels)
    return tables.read_file(path, labels, media=media, taken=taken, task=task)


__all__ = ["ACCEPTED", "Source", "read"]

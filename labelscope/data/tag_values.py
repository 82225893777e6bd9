"""Tags in: sets, matrices and joined texts of any container become one matrix of tags."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from labelscope.data import frames
from labelscope.data.label_scope import COLLECTIONS, rows_of
from labelscope.data.label_values import is_missing, kind_of_type, library_of, plain, read_values
from labelscope.data.printed_lists import check_not_printed
from labelscope.data.tags import JOIN, Tags
from labelscope.errors import InvalidInputError, InvalidTypeError, notify
from labelscope.types import Array, FloatArray

SEPARATORS = ("|", ";", ",", "\t")
# Marks that names hold as well: they separate nothing unless asked.
_PERHAPS = ("/", "+", "&", "\n")
_OFTEN = 1 / 3
Names = Iterable[Any] | Mapping[Any, str] | None


def read_tags(labels: Any, *, class_names: Names = None, separator: str | None = None) -> Tags:
    """Read several labels a row.

    Parameters
    ----------
    labels : container
        A set, frozenset, list, tuple or array of str or int per row, None or NaN where a row is
        unlabelled; a matrix of 0/1/NaN or bool (array, tensor, sparse matrix, frame, list of lists) with
        one column per tag; or a column of texts in which tags are joined.
    class_names : sequence or mapping, optional
        The tags in the order wanted, a name for each int tag 0…K-1 or each column, or a mapping from tag
        to name.
    separator : str, optional
        Between the tags of a joined text; by default the one of ``|``, ``;``, ``,`` and tab that occurs.

    Returns
    -------
    Tags

    Raises
    ------
    InvalidInputError
        Values other than 0, 1 and NaN; tags of mixed types; tags outside ``class_names``; texts in which
        several separators occur; texts that are printed lists.
    InvalidTypeError
        Not a container of tags.

    Examples
    --------
    >>> tags = read_tags([{"joy", "awe"}, set(), None])
    >>> tags.names, tags.matrix.tolist()
    (('awe', 'joy'), [[1, 1], [0, 0], [-1, -1]])
    """
    matrix = as_matrix(labels)
    if matrix is not None:
        return _of_matrix(matrix, _columns_of(labels), class_names)
    rows = rows_of(labels)
    if rows is not None:
        return _of_sets(rows, class_names)
    read = read_values(labels)
    if read.kind not in ("str", "none"):
        raise InvalidInputError(
            f"labels hold one {read.kind} per row, but multi-label needs all tags of a row.",
            'Pass a list of sets or a matrix of 0 and 1; for one class per row write task="classification".',
        )
    texts = [None if gone else v for v, gone in zip(read.values.tolist(), read.missing, strict=True)]
    return _of_texts(texts, class_names, separator)


def as_matrix(labels: Any) -> FloatArray | None:
    """Return labels with several columns as (n, K) float64 with NaN for unknown; None for other labels."""
    if library_of(labels) in ("pandas", "polars", "pyarrow") and frames.is_frame(labels):
        frames.check_columns(labels)
        columns = [_numbers(frames.column_values(labels, c), c) for c in frames.column_names(labels)]
        return np.stack(columns, axis=1) if columns else np.zeros((frames.n_rows(labels), 0))
    if hasattr(labels, "toarray"):
        return np.asarray(labels.toarray(), dtype=np.float64)
    if hasattr(labels, "detach"):
        labels = np.asarray(labels.detach().cpu().numpy())
    if isinstance(labels, np.ndarray) and labels.ndim == 2:
        if isinstance(labels, np.ma.MaskedArray):
            return np.asarray(np.ma.filled(labels.astype(np.float64), np.nan))
        if not labels.size or labels.dtype.kind in "biuf":
            return labels.astype(np.float64)
        return np.stack([_numbers(column, j) for j, column in enumerate(labels.T)], axis=1)
    rows = rows_of(labels)
    return _of_vectors(rows) if rows is not None else None


def _of_vectors(rows: Sequence[Any]) -> FloatArray | None:
    """Stack rows that are equally long vectors of 0, 1 and NaN; None when they are not."""
    first = next((row for row in rows if not is_missing(row)), None)
    if not isinstance(first, (list, tuple, np.ndarray)) or not len(first):
        return None
    matrix = np.full((len(rows), len(first)), np.nan)
    for i, row in enumerate(rows):
        if row is None or (isinstance(row, float) and is_missing(row)):
            continue
        if not isinstance(row, (list, tuple, np.ndarray)) or len(row) != len(first):
            return None
        for j, value in enumerate(row):
            if is_missing(value):
                continue
            if isinstance(value, str) or value not in (0, 1):
                return None
            matrix[i, j] = value
    return matrix


def _columns_of(labels: Any) -> list[Any] | None:
    if library_of(labels) in ("pandas", "polars", "pyarrow") and frames.is_frame(labels):
        return [plain(name) for name in frames.column_names(labels)]
    return None


def _numbers(column: Array, name: Any) -> FloatArray:
    if column.dtype.kind in "biuf":
        return np.asarray(column, dtype=np.float64)
    values = [np.nan if is_missing(v) else plain(v) for v in column.tolist()]
    odd = next((i for i, v in enumerate(values) if not isinstance(v, (int, float))), None)
    if odd is not None:
        raise InvalidInputError(
            f"Column {name!r} of the tags holds {values[odd]!r} in row {odd}, but 0, 1 or nothing is needed.",
            "Pass one column per tag: 1 where a row has it, 0 where not, NaN where unknown.",
        )
    return np.array(values, dtype=np.float64)


def _of_matrix(matrix: FloatArray, columns: list[Any] | None, class_names: Names) -> Tags:
    known = ~np.isnan(matrix)
    odd = np.argwhere(known & (matrix != 0) & (matrix != 1))
    if len(odd):
        row, column = (int(v) for v in odd[0])
        value = matrix[row, column]
        hint = (
            "If -1 means unknown: np.where(labels < 0, np.nan, labels); if it means absent: labels > 0."
            if value == -1
            else "Pass pred_probs= if these are probabilities; labels > 0.5 if they are amounts."
        )
        raise InvalidInputError(
            f"The matrix of tags holds {value:g} in row {row}, column {column}, but 0, 1 or NaN is needed.",
            hint,
        )
    values = columns if columns is not None else list(range(matrix.shape[1]))
    names = [str(v) for v in values]
    if class_names is not None:
        names = _renamed(values, names, class_names)
    ternary = np.where(known, np.nan_to_num(matrix), -1.0).astype(np.int8)
    return Tags(tuple(names), ternary, "matrix", negatives=bool((~known).any()), values=tuple(values))


def _renamed(values: list[Any], names: list[str], class_names: Any) -> list[str]:
    if isinstance(class_names, Mapping):
        for key in class_names:
            if plain(key) not in values:
                raise InvalidInputError.unknown("tag", plain(key), values)
        table = {plain(k): str(v) for k, v in class_names.items()}
        return [table.get(v, name) for v, name in zip(values, names, strict=True)]
    given = [str(plain(c)) for c in _several(class_names)]
    if len(given) != len(names):
        raise InvalidInputError(
            f"{len(given)} class_names are given, but the matrix of tags has {len(names)} columns.",
            "Name every column once, in its order.",
        )
    if set(given) == set(names) and given != names:
        raise InvalidInputError(
            "class_names holds the columns of the tags in another order.",
            "Leave class_names out: the columns have their names.",
        )
    return given


def _several(class_names: Any) -> list[Any]:
    if isinstance(class_names, (str, bytes)) or not hasattr(class_names, "__iter__"):
        raise InvalidTypeError(
            f"class_names is {class_names!r}, but the names of all tags are needed.",
            "Pass a list such as ['joy', 'anger'], or a mapping from tag to name.",
        )
    return list(class_names)


def _of_sets(rows: Sequence[Any], class_names: Names) -> Tags:
    missing = np.array([not isinstance(v, COLLECTIONS) and is_missing(v) for v in rows], dtype=bool)
    held: list[Any] = [() if gone else v for v, gone in zip(rows, missing, strict=True)]
    odd = next((i for i, v in enumerate(held) if not isinstance(v, COLLECTIONS)), None)
    if odd is not None:
        raise InvalidInputError(
            f"labels hold a {type(rows[odd]).__name__} in row {odd}, but sets or lists in other rows.",
            "Pass a set or a list in every row: {'joy'} rather than 'joy', None where it is unlabelled.",
        )
    tags = [plain_tags(v) for v in held]
    flat = list(itertools.chain.from_iterable(tags))
    _check_kinds(tags, set(map(type, flat)))
    values, names = _order(set(flat), class_names)
    place = {value: j for j, value in enumerate(values)}
    matrix = np.zeros((len(rows), len(values)), dtype=np.int8)
    at = np.repeat(np.arange(len(rows)), [len(v) for v in tags])
    where = np.fromiter((place[v] for v in flat), dtype=np.int64, count=len(flat))
    matrix[at, where] = 1
    n_repeated = len(flat) - int(matrix.sum())
    if n_repeated:
        notify("repeated_tags", f"{n_repeated:,} tags are listed twice in their row; they count once.")
    matrix[missing] = -1
    return Tags(tuple(names), matrix, "sets", values=tuple(values))


def plain_tags(row: Any) -> list[Any]:
    """List the tags of one row as plain Python values."""
    return [str.__str__(v) if isinstance(v, str) else plain(v) for v in row]


def _check_kinds(tags: Sequence[Sequence[Any]], types: set[type]) -> None:
    kinds = set()
    for kind in types:
        if kind is type(None) or kind is float:
            row = next(i for i, held in enumerate(tags) if kind in map(type, held))
            raise InvalidInputError(
                f"Row {row} holds {tags[row]!r}, but tags must be str or int.",
                "Leave out what is no tag; None in place of the whole set means unlabelled.",
            )
        kinds.add(kind_of_type(kind))
    if len(kinds) > 1 or kinds & {"bool"}:
        raise InvalidInputError(
            f"Tags are of the types {', '.join(sorted(kinds))}, but must be all str or all int.",
            "Make them one type, e.g. [{str(tag) for tag in tags} for tags in labels].",
        )


def _order(used: set[Any], class_names: Any) -> tuple[list[Any], list[str]]:
    """Put tags in order: sorted, or as ``class_names`` has them."""
    if class_names is None:
        values = sorted(used)
        return values, [str(v) for v in values]
    if isinstance(class_names, Mapping):
        values, names = [plain(k) for k in class_names], [str(v) for v in class_names.values()]
    else:
        values = plain_tags(_several(class_names))
        names = [str(v) for v in values]
        if used and all(isinstance(v, int) for v in used) and all(isinstance(v, str) for v in values):
            if min(used) < 0 or max(used) >= len(values):
                raise InvalidInputError(
                    f"{len(values)} class_names name the tags 0 to {len(values) - 1}, but tags range from"
                    f" {min(used)} to {max(used)}.",
                    "Pass a mapping such as class_names={1: 'joy', 2: 'anger'}.",
                )
            values = list(range(len(values)))
    for listed in (values, names):
        if len(set(listed)) != len(listed):
            twice = next(v for v in listed if listed.count(v) > 1)
            raise InvalidInputError(f"class_names holds {twice!r} twice.", "Name every tag once.")
    for value in sorted(used - set(values)):
        raise InvalidInputError.unknown("tag", value, values)
    return values, names


def _of_texts(texts: Sequence[str | None], class_names: Names, separator: str | None) -> Tags:
    check_not_printed(texts)
    mark = separator if separator is not None else find_separator(texts)
    held = [[] if text is None else split_text(text, mark) for text in texts]
    values, names = _order(set(itertools.chain.from_iterable(held)), class_names)
    place = {value: j for j, value in enumerate(values)}
    matrix: npt.NDArray[np.int8] = np.zeros((len(texts), len(values)), dtype=np.int8)
    for row, (text, tags) in enumerate(zip(texts, held, strict=True)):
        matrix[row, [place[tag] for tag in tags]] = 1
        if text is None:
            matrix[row] = -1
    spaced = sum(f"{mark} " in text for text in texts if text)
    marked = sum(mark in text for text in texts if text)
    written = f"{mark} " if mark.strip() == mark and spaced * 2 > marked else mark
    return Tags(tuple(names), matrix, "column", separator=written, values=tuple(values))


def split_text(text: str, separator: str) -> list[str]:
    """Take a joined text apart; blanks around tags and empty tags do not count."""
    mark = separator.strip() or separator
    return [part.strip() for part in text.split(mark) if part.strip()]


def find_separator(texts: Iterable[str | None]) -> str:
    """Return the separator that occurs in joined texts; raises InvalidInputError when several do."""
    present = [text for text in texts if text]
    counts = {mark: sum(mark in text for text in present) for mark in SEPARATORS}
    found = [mark for mark in SEPARATORS if counts[mark]]
    if len(found) > 1:
        shown = ", ".join(f"{mark!r} in {counts[mark]:,} rows" for mark in found)
        raise InvalidInputError(
            f"Several separators occur in the texts of tags: {shown}.",
            f"Split them yourself: [text.split({found[0]!r}) for text in labels].",
        )
    if not found:
        _tell_unread(present)
    return found[0] if found else JOIN


def _tell_unread(texts: Sequence[str]) -> None:
    """Say when another mark than the usual ones seems to separate tags."""
    counts = {mark: sum(mark in text for text in texts) for mark in _PERHAPS}
    mark = max(_PERHAPS, key=counts.__getitem__)
    if counts[mark] >= max(2, _OFTEN * len(texts)):
        notify(
            "separator_not_read",
            f"No separator of tags is in the texts, but {mark!r} in {counts[mark]:,} of {len(texts):,} rows;"
            " every text was read as one tag.",
            f"If it separates tags, split them: [text.split({mark!r}) for text in labels].",
        )


__all__ = ["SEPARATORS", "as_matrix", "find_separator", "plain_tags", "read_tags", "split_text"]

"""Exports: the labels as they are now, one writer a file."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Any

from labelscope.auditing.audit import Audit
from labelscope.data.arguments import check_choice, check_flags
from labelscope.data.frames import column_list, column_names
from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.exports.cleanlab import issues_frame
from labelscope.exports.csv import write_csv
from labelscope.exports.jsonl import write_jsonl
from labelscope.exports.npy import label_array, write_npy
from labelscope.exports.parquet import write_parquet
from labelscope.exports.table import Table, label_table, state_of
from labelscope.review.files import replacing
from labelscope.review.session import Session

__all__ = ["FORMATS", "check_path", "issues_frame", "write", "write_issues"]

#: Formats by name, with the suffix of each.
FORMATS = {
    "parquet": ".parquet",
    "csv": ".csv",
    "jsonl": ".jsonl",
    "npy": ".npy",
    "cleanlab": ".cleanlab.csv",
}

_TABLES = {"parquet": write_parquet, "csv": write_csv, "jsonl": write_jsonl}
_SUFFIXES = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".npy": "npy",
}


def write(
    source: Audit | Session,
    path: str | os.PathLike[str],
    format: str | None = None,
    *,
    drop_excluded: bool = False,
) -> Path:
    """Write the labels as they are now; a file of that name is replaced as a whole or not at all.

    Parameters
    ----------
    source : Audit or Session
        An audit has its given labels and no decisions.
    path : path
        The suffix chooses the format.
    format : str, optional
        ``"parquet"``, ``"csv"``, ``"jsonl"`` (columns id, given, current, state, reviewer, time, source),
        ``"npy"`` (the array of current labels) or ``"cleanlab"`` (a frame of label issues, by suffix as CSV,
        Parquet or JSONL).
    drop_excluded : bool
        Whether to leave excluded rows out.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    InvalidTypeError
        ``source`` is neither.
    InvalidInputError
        Unknown format, a folder that does not exist, or labels that the format cannot hold.
    ExportError
        The file cannot be written.

    Examples
    --------
    >>> import tempfile, labelscope as ls
    >>> dataset = ls.Dataset(["good film", "bad film", "bad cut"], ["+", "-", "+"])
    >>> audit = ls.Audit.from_arrays(dataset, suspicion=[0, 0, 0.9], suggested_codes=[0, 1, 1])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(audit, f"{folder}/labels.csv").read_text().splitlines()[1]
    '0,+,+,unreviewed,,,'
    """
    if not isinstance(source, Audit | Session):
        raise _no_source(source)
    check_flags(drop_excluded=drop_excluded)
    try:
        target = Path(path).expanduser()
    except TypeError:
        raise InvalidTypeError(
            f"path is a {type(path).__name__}, but the name of a file is needed.",
            "Write ls.export(session, 'labels.parquet').",
        ) from None
    kind = _format_of(target, format)
    if kind == "npy":
        array = label_array(source, drop_excluded)
        with replacing(target) as file:
            write_npy(array, file)
        return target
    if kind == "cleanlab":
        table = _table_of(issues_frame(source, drop_excluded=drop_excluded))
        kind = _SUFFIXES.get(target.suffix.lower(), "csv")
    else:
        table = label_table(source, drop_excluded)
    with replacing(target) as file:
        if kind == "parquet":
            write_parquet(table, file, original=state_of(source)[0].dataset.labels.original)
        else:
            _TABLES[kind](table, file)
    return target


def write_issues(audit: Audit, path: str | os.PathLike[str], *, top: int | None = None) -> Path:
    """Write the list of suspected rows, most suspicious first.

    Parameters
    ----------
    audit : Audit
    path : path
        ``.parquet``, ``.csv`` or ``.jsonl``.
    top : int, optional
        How many rows, flagged or not; by default all flagged rows.

    Returns
    -------
    Path
        The file that was written; columns row, id, given, suggested, suspicion, reasons.

    Raises
    ------
    InvalidInputError, ExportError
        As for :func:`write`.
    """
    target = Path(path).expanduser()
    kind = _format_of(target, None, tables_only=True)
    table = _table_of(audit.issues(top))
    with replacing(target) as file:
        _TABLES[kind](table, file)
    return target


def check_path(path: str | os.PathLike[str], *, tables_only: bool = False) -> None:
    """Refuse a path that cannot be written to by its name, before work is done for it.

    Raises
    ------
    InvalidInputError
        A suffix that names no format, a folder, or a folder that does not exist.
    """
    target = Path(path).expanduser()
    _format_of(target, None, tables_only=tables_only)
    if not target.parent.is_dir():
        raise InvalidInputError(
            f"There is no folder {target.parent}.", "Make it first, or choose another one."
        )


def _no_source(given: Any) -> InvalidTypeError:
    held = "view.session" if isinstance(getattr(given, "session", None), Session) else "session"
    return InvalidTypeError(
        f"An export writes an Audit or a Session, but this is a {type(given).__name__}.",
        f"Write ls.export({held}, 'labels.parquet').",
    )


def _table_of(frame: Any) -> Table:
    return {name: column_list(frame, name) for name in column_names(frame)}


def _format_of(path: Path, given: str | None, tables_only: bool = False) -> str:
    known = list(_TABLES) if tables_only else list(FORMATS)
    if path.is_dir():
        raise InvalidInputError(f"{path} is a folder.", f"Name a file, such as {path / 'labels.parquet'}.")
    said = _SUFFIXES.get(path.suffix.lower())
    if given is None:
        stem = path.name.lower()
        if said in _TABLES and not tables_only and Path(stem).with_suffix("").suffix == ".cleanlab":
            return "cleanlab"
        if said in known:
            return str(said)
        suffixes = [suffix for suffix, kind in _SUFFIXES.items() if kind in known]
        near = difflib.get_close_matches(path.suffix.lower(), suffixes, n=1, cutoff=0.5)
        raise InvalidInputError(
            f"{path.name} has {f'the suffix {path.suffix!r}' if path.suffix else 'no suffix'}, which names no"
            " format.",
            f"{f'Did you mean {near[0]!r}? ' if near else ''}Known: {', '.join(suffixes)}"
            f"{'' if tables_only else '; or pass format='}.",
        )
    check_choice("format", given, known)
    fits = said is None or said == given or (given == "cleanlab" and said in _TABLES)
    if not fits:
        raise InvalidInputError(
            f"format={given!r} is given, but the suffix of {path.name} means {said}.",
            f"Name the file {path.with_suffix(FORMATS[given]).name}, or leave format out.",
        )
    return given

"""Errors and notices: every message says what was given, what is needed and how to fix it."""

from __future__ import annotations

import difflib
import inspect
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any


class LabelscopeError(Exception):
    """Root of all errors raised on purpose.

    Parameters
    ----------
    message : str
        What was given and what is needed.
    hint : str, optional
        How to fix it; shown on its own line and, in the widget, below the message.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        self.message = message
        self.hint = hint
        super().__init__(f"{message}\n  Hint: {hint}" if hint else message)

    def __str__(self) -> str:
        return f"{self.message}\n  Hint: {self.hint}" if self.hint else self.message


class InvalidInputError(LabelscopeError, ValueError):
    """A value that cannot be used: wrong length, range, shape or content."""

    @classmethod
    def wrong_length(cls, name: str, given: int, needed: int, of: str = "the data") -> InvalidInputError:
        """Build the error for an argument that is not aligned with the rows."""
        return cls(
            f"{name} has {given:,} entries, but {of} has {needed:,} rows.",
            f"Pass one entry of {name} per row, in the same order; use None or NaN where there is none.",
        )

    @classmethod
    def unknown(cls, kind: str, given: object, known: Iterable[object]) -> InvalidInputError:
        """Build the error for a name that is not among the known ones, with the near miss named."""
        return cls(*_unknown(kind, given, known))


class InvalidTypeError(LabelscopeError, TypeError):
    """An argument of a type that is not accepted here."""


class UnknownColumnError(LabelscopeError, KeyError):
    """A column name that the frame does not have."""

    @classmethod
    def of(cls, given: object, known: Iterable[object]) -> UnknownColumnError:
        """Build the error with the near miss named."""
        return cls(*_unknown("column", given, known))


class MissingEvidenceError(LabelscopeError, KeyError):
    """A scorer or provider needs an array that is not there."""

    @classmethod
    def of(cls, needed: str, by: str = "", present: Iterable[str] = ()) -> MissingEvidenceError:
        """Build the error for evidence ``needed`` that ``by`` asked for."""
        have = ", ".join(sorted(present)) or "nothing"
        return cls(
            f"{by or 'This step'} needs the evidence {needed!r}, but only {have} is given.",
            f"Pass {needed}=..., or use ls.score(...) or ls.audit(...), which make missing evidence.",
        )


class MissingExtraError(LabelscopeError, ImportError):
    """An optional package is not installed."""

    @classmethod
    def of(cls, package: str, extra: str, purpose: str) -> MissingExtraError:
        """Build the error that names the ``pip install`` to run."""
        return cls(f"{purpose} needs the package {package!r}.", f"pip install 'labelscope[{extra}]'")


class UnreadableMediaError(LabelscopeError, ValueError):
    """One row's image, text or sound cannot be decoded."""


class JournalError(LabelscopeError, OSError):
    """The journal cannot be read or written; nothing was recorded."""


class WrongJournalError(LabelscopeError, ValueError):
    """The journal belongs to another dataset."""


class ExportError(LabelscopeError, PermissionError):
    """A file cannot be written; what was there before is untouched."""


class ExecutorError(LabelscopeError, RuntimeError):
    """Workers of a cluster could not do their part; the inputs are not to blame."""


class MissingBundleError(LabelscopeError, FileNotFoundError):
    """The widget's JavaScript has not been built into this copy of the package."""


class RefusedError(LabelscopeError, RuntimeError):
    """A step that is possible but not allowed yet.

    Parameters
    ----------
    code : str
        Stable name of the reason, such as ``"bound_not_met"``.
    message, hint : str
    """

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        self.code = code
        super().__init__(message, hint)


class TaskError(LabelscopeError, NotImplementedError):
    """The labels are of a kind that this call does not handle."""


@dataclass(frozen=True)
class Notice:
    """Something the user should know that does not stop the work.

    Attributes
    ----------
    code : str
        Stable, machine-readable name such as ``"pred_probs_renormalized"``.
    message, hint : str
        What was found, and what to do about it.
    rows : tuple of int
        Row positions concerned (at most 1,000 are kept).
    """

    code: str
    message: str
    hint: str = ""
    rows: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class LabelscopeWarning(UserWarning):
    """Category of every notice; ``filterwarnings`` can select it."""


# Everyone who collects right now, the innermost first.
_collected: ContextVar[tuple[list[Notice], ...]] = ContextVar("labelscope_notices", default=())


@contextmanager
def collect_notices() -> Iterator[list[Notice]]:
    """Gather the notices that are raised inside the block, outer collectors included.

    Yields
    ------
    list of Notice
        Filled while the block runs.
    """
    notices: list[Notice] = []
    token = _collected.set((notices, *_collected.get()))
    try:
        yield notices
    finally:
        _collected.reset(token)


def notify(code: str, message: str, hint: str = "", rows: Iterable[Any] = ()) -> Notice:
    """Raise a notice: a Python warning, and an entry for whoever collects.

    Parameters
    ----------
    code : str
        Stable name of the notice.
    message, hint : str
        What was found and how to act on it.
    rows : iterable of int, optional
        Row positions concerned.

    Returns
    -------
    Notice
    """
    notice = Notice(code, message, hint, tuple(int(r) for _, r in zip(range(1000), rows, strict=False)))
    collectors = _collected.get()
    # Several steps look at the same array; one word about it is enough.
    said = any(notice in collected for collected in collectors)
    for collected in collectors:
        if notice not in collected:
            collected.append(notice)
    if said:
        return notice
    warnings.warn(str(notice), LabelscopeWarning, stacklevel=_levels_to_the_caller())
    return notice


def _levels_to_the_caller() -> int:
    """Count the calls up to the line that called labelscope: the one that its reader wrote and can change."""
    level, frame = 1, inspect.currentframe()
    frame = frame and frame.f_back
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "labelscope":
        level, frame = level + 1, frame.f_back
    return level


def _unknown(kind: str, given: object, known: Iterable[object]) -> tuple[str, str]:
    names = [str(name) for name in known]
    near = difflib.get_close_matches(str(given), names, n=1, cutoff=0.5)
    shown = ", ".join(names[:12]) + (f", … ({len(names):,} in all)" if len(names) > 12 else "")
    hint = f"Did you mean {near[0]!r}? " if near else ""
    return f"There is no {kind} {given!r}.", f"{hint}Known: {shown or 'none'}."

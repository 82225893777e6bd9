"""Which reports a view offers: what each needs, what can be set, and how it is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

from labelscope.errors import InvalidInputError
from labelscope.reports.report import Report
from labelscope.types import Array
from labelscope.widget.report_rows import More

if TYPE_CHECKING:
    from labelscope.widget.shared import Shared

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Option:
    """Something that can be set.

    Attributes
    ----------
    name, label, hint : str
    kind : {"number", "range", "choice", "toggle", "text"}
    value : float, str or bool
    choices : tuple of (value, label)
    low, high, step : float
        Of a number.
    """

    name: str
    label: str
    kind: str
    value: Any
    choices: tuple[tuple[str, str], ...] = ()
    low: float = 0.0
    high: float = 1e9
    step: float = 0.0
    hint: str = ""

    def read(self, given: Any) -> Any:
        """Return a value that came from a page, checked.

        Raises
        ------
        InvalidInputError
            It is out of range, or no choice.
        """
        if self.kind == "toggle":
            return bool(given)
        if self.kind == "text":
            return str(given)[:500]
        if self.kind == "choice":
            known = [value for value, _ in self.choices]
            if given not in known:
                raise InvalidInputError.unknown(self.label, given, known)
            return given
        number = isinstance(given, int | float) and not isinstance(given, bool)
        if not number or not self.low <= given <= self.high:
            raise InvalidInputError(
                f"{self.label} is {given!r:.40}.", f"Give a number from {self.low:g} to {self.high:g}."
            )
        return int(given) if float(self.step).is_integer() and self.step >= 1 else float(given)

    def to_json(self, value: Any) -> Json:
        """Return what a page shows."""
        return {
            "name": self.name,
            "label": self.label,
            "kind": self.kind,
            "value": value,
            "choices": [list(choice) for choice in self.choices],
            "low": self.low,
            "high": self.high,
            "step": self.step,
            "hint": self.hint,
        }


@dataclass(frozen=True, kw_only=True)
class Made:
    """A report as a view shows it.

    Attributes
    ----------
    report : Report
    lines : tuple of dict
        Curves: ``heading``, ``title``, ``x``, ``y``, ``points`` and ``mark``.
    plots : tuple of dict
        Shares with intervals against confidence: ``heading``, ``title``, ``x``, ``y``, and ``series`` of a
        ``name`` and ``points`` (confidence, share, low, high, rows).
    actions : tuple of dict
        What can be done with it: ``do`` is ``"queue"``, ``"color"`` or ``"bulk"``, with ``name`` and
        ``label``.
    rows_of : callable
        Of a heading, a column and a table's row: which rows the number stands for, or None.
    find : callable, optional
        Returns the rows of a key of the report's own cells.
    to_html : callable, optional
        Page of its own, where that is another one than the report's.
    policies : dict of str to Policy
        Queues that it makes, by the name in its actions.
    columns : dict of str to array
        Columns to color and filter by that it makes, by name.
    plans : dict of str to BulkPlan
        Changes of many rows that it makes, by the name in its actions.
    """

    report: Report
    lines: tuple[Json, ...] = ()
    plots: tuple[Json, ...] = ()
    actions: tuple[Json, ...] = ()
    rows_of: More = field(default=lambda *_: None)
    find: Callable[[str], Array] | None = None
    to_html: Callable[[], str] | None = None
    policies: dict[str, Any] = field(default_factory=dict)
    columns: dict[str, Any] = field(default_factory=dict)
    plans: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of report.

    Attributes
    ----------
    name, title, about : str
    missing : callable
        What it still needs, in words; empty when it can be made.
    make : callable
        Of what views share and the options.
    options : callable
    offered : callable
        Whether it makes sense for this session at all.
    """

    name: str
    title: str
    about: str
    make: Callable[[Shared, Json], Made]
    missing: Callable[[Shared], str] = lambda _: ""
    options: Callable[[Shared], tuple[Option, ...]] = lambda _: ()
    offered: Callable[[Shared], bool] = lambda _: True


def optional(module: str, name: str) -> Callable[..., Any] | None:
    """Return a function of a module that a version may not have."""
    try:
        found = getattr(import_module(module), name, None)
    except ImportError:
        return None
    return found if callable(found) else None


def of_classes(shared: Shared) -> bool:
    """Whether labels are one class a row."""
    return shared.session.audit.task in ("classification", "concepts")


def evidence_missing(shared: Shared, *names: str) -> str:
    """Say which evidence is not there."""
    evidence = shared.session.audit.evidence
    lacking = [name for name in names if name not in evidence]
    if not lacking:
        return ""
    return f"Needs {' and '.join(lacking)}: pass {', '.join(f'{name}=' for name in lacking)} to ls.audit."


def kinds() -> tuple[Kind, ...]:
    """Return all kinds of reports, in the order in which a view lists them."""
    from labelscope.widget import reports_of_judges, reports_of_labels, reports_of_people, reports_of_plans

    people = (*reports_of_people.KINDS, *reports_of_judges.KINDS)
    return (*reports_of_labels.KINDS, *people, *reports_of_plans.KINDS)

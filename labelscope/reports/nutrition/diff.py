"""Before and after: what changed between two labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labelscope.errors import InvalidTypeError
from labelscope.reports.nutrition.figures import number
from labelscope.reports.nutrition.text import is_share
from labelscope.reports.report import Report, Section, Table, number_text

if TYPE_CHECKING:
    from labelscope.reports.nutrition_label import NutritionLabel


@dataclass(frozen=True)
class Change:
    """One number, before and after.

    Attributes
    ----------
    name : str
        Part of the label and name of the number.
    before, after : float, int or None
        None where the label did not have it.
    basis_before, basis_after : {"measured", "estimated"} or None
        What each rests on; a measured number and an estimated one are not the same.
    interval_before, interval_after : (low, high) or None
        None where the number has no interval: it was counted.
    beyond_interval : bool or None
        Whether the intervals are apart; None without intervals.
    """

    name: str
    before: Any
    after: Any
    basis_before: str | None
    basis_after: str | None
    interval_before: tuple[float, float] | None
    interval_after: tuple[float, float] | None
    beyond_interval: bool | None

    @property
    def difference(self) -> Any:
        """After less before; None where one of them is missing."""
        return None if self.before is None or self.after is None else number(self.after - self.before)


@dataclass(frozen=True)
class LabelDiff:
    """What changed between two labels.

    Attributes
    ----------
    changes : tuple of Change
        Numbers that differ; numbers that are the same are left out.
    resolved, new, remaining : tuple of dict
        Alerts that the later label has no more, has in addition, and still has.
    same_data : bool
        Whether both are about the same contents.
    stated : tuple of (field, before, after)
        What people stated differently.
    """

    changes: tuple[Change, ...]
    resolved: tuple[dict[str, Any], ...]
    new: tuple[dict[str, Any], ...]
    remaining: tuple[dict[str, Any], ...]
    same_data: bool
    stated: tuple[tuple[str, Any, Any], ...]

    def to_report(self) -> Report:
        """Return the difference as sections of text and tables."""
        said = (
            "Both labels are about the same contents."
            if self.same_data
            else "The two labels are about different contents: numbers differ for that reason, too."
        )
        rows = tuple(
            (c.name, _said(c.name, c.before, c.interval_before), _said(c.name, c.after, c.interval_after),
             _said(c.name, c.difference), _basis(c), {None: "", True: "yes", False: "no"}[c.beyond_interval])
            for c in self.changes
        )  # fmt: skip
        header = ("number", "before", "after", "difference", "basis", "intervals apart")
        sections = [Section("What changed", (said,), tables=(Table(header, rows),) if rows else ())]
        kinds = {
            "Alerts resolved": self.resolved,
            "New alerts": self.new,
            "Alerts that remain": self.remaining,
        }
        for heading, found in kinds.items():
            listed: tuple[tuple[Any, ...], ...] = tuple((a["severity"], a["message"]) for a in found)
            if found:
                sections.append(Section(heading, tables=(Table(("severity", "what"), listed),)))
        if self.stated:
            listed = tuple((name, str(before), str(after)) for name, before, after in self.stated)
            sections.append(Section("Stated", tables=(Table(("field", "before", "after"), listed),)))
        return Report("Nutrition label, before and after", tuple(sections))

    def to_dict(self) -> dict[str, Any]:
        """Return the difference as plain JSON."""
        return {
            "same_data": self.same_data,
            "changes": [{**vars(c), "difference": c.difference} for c in self.changes],
            "resolved": list(self.resolved),
            "new": list(self.new),
            "remaining": list(self.remaining),
            "stated": [list(entry) for entry in self.stated],
        }

    def to_html(self) -> str:
        """Return a page of its own."""
        return self.to_report().to_html()

    def to_markdown(self) -> str:
        """Return Markdown with tables."""
        return self.to_report().to_markdown()

    def _repr_html_(self) -> str:
        return self.to_report()._repr_html_()


def diff(before: NutritionLabel, after: NutritionLabel) -> LabelDiff:
    """Compare two labels.

    Parameters
    ----------
    before, after : NutritionLabel

    Returns
    -------
    LabelDiff

    Raises
    ------
    InvalidTypeError
        One of them is no label.
    """
    from labelscope.reports.nutrition_label import NutritionLabel

    for label in (before, after):
        if not isinstance(label, NutritionLabel):
            raise InvalidTypeError(
                f"A {type(label).__name__} is no nutrition label.", "Pass two labels, the earlier one first."
            )
    first, second = _figures(before.document), _figures(after.document)
    changes = []
    for name in [*first, *(name for name in second if name not in first)]:
        old, new = first.get(name), second.get(name)
        if (old or {}).get("value") == (new or {}).get("value") and (old or {}).get("basis") == (
            new or {}
        ).get("basis"):
            continue
        changes.append(_change(name, old, new))
    had, has = ({(a["code"], a["subject"]): a for a in label.alerts} for label in (before, after))
    hashes = [label.document["modules"]["metadata"]["data_hash"] for label in (before, after)]
    return LabelDiff(
        tuple(changes),
        tuple(alert for key, alert in had.items() if key not in has),
        tuple(alert for key, alert in has.items() if key not in had),
        tuple(alert for key, alert in has.items() if key in had),
        hashes[0] == hashes[1],
        _stated(before.document, after.document),
    )


def _change(name: str, old: dict[str, Any] | None, new: dict[str, Any] | None) -> Change:
    before, after = _interval(old), _interval(new)
    apart = None if before is None or after is None else before[1] < after[0] or after[1] < before[0]
    values = [None if side is None else side["value"] for side in (old, new)]
    bases = [None if side is None else side["basis"] for side in (old, new)]
    return Change(name, values[0], values[1], bases[0], bases[1], before, after, apart)


def _interval(figure: dict[str, Any] | None) -> tuple[float, float] | None:
    low, high = (None if figure is None else figure.get(end) for end in ("low", "high"))
    return None if low is None or high is None else (low, high)


def _figures(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """All numbers that have a name, by part and name."""
    modules = document["modules"]
    found: dict[str, dict[str, Any]] = {}
    for part, figures in (
        ("label quality", document["label_quality"]["figures"]),
        ("counted", modules["metadata"]["counted"]),
        ("labels", modules["statistics"]["labels"]["figures"]),
        ("reference", modules["ground_truth"]["figures"]),
    ):
        found |= {f"{part}: {name}": figure for name, figure in figures.items()}
    for part in ("classes", "tags"):
        word = part.removesuffix("es") if part == "classes" else "tag"
        found |= {f"{word} {entry['name']}": entry["rows"] for entry in modules["variables"][part]}
    for kind in ("ordinal", "nominal", "continuous", "discrete"):
        for entry in modules["statistics"][kind]:
            share = {"value": entry["missing_share"], "basis": "measured"}
            found[f"column {entry['name']}: missing share"] = share
    return found


def _stated(first: dict[str, Any], second: dict[str, Any]) -> tuple[tuple[str, Any, Any], ...]:
    def said(document: dict[str, Any]) -> dict[str, Any]:
        modules = document["modules"]
        return {
            **modules["metadata"]["stated"],
            **modules["provenance"]["stated"],
            **document["responsible_use"],
        }

    old, new = said(first), said(second)
    return tuple((name, old.get(name), new.get(name)) for name in new if old.get(name) != new.get(name))


def _said(name: str, value: Any, interval: tuple[float, float] | None = None) -> Any:
    if value is None or not (interval or is_share(name)):
        return value
    found = [
        f"{100 * one:.2f} %" if is_share(name) else number_text(one, digits=4)
        for one in (value, *(interval or ()))
    ]
    return f"{found[0]} ({found[1]} to {found[2]})" if interval else found[0]


def _basis(change: Change) -> str:
    both = [basis for basis in (change.basis_before, change.basis_after) if basis]
    return " → ".join(dict.fromkeys(both))

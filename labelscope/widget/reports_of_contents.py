"""The nutrition label in a view: what people state can be typed there, and its numbers select rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labelscope.widget.report_kinds import Kind, Made, Option, optional

if TYPE_CHECKING:
    from labelscope.widget.shared import Shared

_NUTRITION = ("labelscope.reports.nutrition_label", "nutrition_label")
#: What people state first; `View.give` takes the other fields as well.
_FIELDS = {
    "source": "source",
    "author": "author",
    "license": "license",
    "description": "description",
    "data_limitations": "limitations",
}
# A page sends no longer texts.
_LONGEST = 500


def _nutrition(shared: Shared, options: dict[str, Any]) -> Made:
    make = optional(*_NUTRITION)
    assert make is not None  # not offered otherwise
    stated = dict(shared.given.get("metadata") or {})
    for name in _FIELDS:
        # A field that nobody touched keeps what was given, a list of authors for instance.
        if options[name] != _shown(stated.get(name)):
            stated[name] = options[name].strip()
    stated = {name: value for name, value in stated.items() if value not in (None, "")}
    label = make(shared.session, metadata=stated, reference=shared.given.get("reference"))
    return Made(report=label.to_report(), find=label.rows, to_html=label.to_html)


def _fields(shared: Shared) -> tuple[Option, ...]:
    stated = shared.given.get("metadata") or {}
    return tuple(
        Option(name=name, label=label, kind="text", value=_shown(stated.get(name)))
        for name, label in _FIELDS.items()
    )


def _shown(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value or "")
    return text[:_LONGEST]


NUTRITION = Kind(
    name="nutrition_label",
    title="Nutrition label",
    about="what is in the dataset, with alerts",
    make=_nutrition,
    options=_fields,
    offered=lambda _: optional(*_NUTRITION) is not None,
)

"""Fields that people fill in after a label was made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from labelscope.errors import InvalidInputError
from labelscope.reports.nutrition.metadata import FIELDS, ORIGIN, STATED, checked


def restated(document: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with stated fields filled in or emptied.

    Parameters
    ----------
    document : dict
        Not changed.
    fields : mapping

    Returns
    -------
    dict

    Raises
    ------
    InvalidInputError, InvalidTypeError
        An unknown field, column or class, or a value that is no text.
    """
    if "kinds" in fields:
        raise InvalidInputError(
            "Kinds of columns decide how they are counted.", "Pass them to nutrition_label(metadata=...)."
        )
    emptied = [name for name, value in fields.items() if value is None]
    for name in emptied:
        if name not in FIELDS:
            raise InvalidInputError.unknown("field of metadata", name, FIELDS)
    values = checked({name: value for name, value in fields.items() if value is not None})
    values |= dict.fromkeys(emptied)
    found: dict[str, Any] = json.loads(json.dumps(document))
    modules = found["modules"]
    variables = modules["variables"]
    for name, value in values.items():
        if name == "variables":
            _describe(variables["columns"], value or {}, "column")
        elif name == "classes":
            _describe([*variables["classes"], *variables["tags"]], value or {}, "class")
        elif name in STATED:
            modules["metadata"]["stated"][name] = value
        elif name in ORIGIN:
            modules["provenance"]["stated"][name] = value
        else:
            found["responsible_use"][name] = value
    found["title"] = modules["metadata"]["stated"]["file"] or modules["metadata"]["name"]
    return found


def _describe(entries: list[dict[str, Any]], said: Mapping[str, str], what: str) -> None:
    held = {entry["name"]: entry for entry in entries}
    for name, text in said.items():
        if name not in held:
            raise InvalidInputError.unknown(what, name, held)
        held[name]["description"] = text or None

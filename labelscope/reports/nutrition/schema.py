"""The format of a label on disk and on the wire, as a JSON Schema with a version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from labelscope.errors import InvalidInputError

FORMAT, VERSION = "labelscope.nutrition-label", 1
MODULES = (
    "metadata",
    "provenance",
    "variables",
    "statistics",
    "pair_plots",
    "probabilistic_model",
    "ground_truth",
)

_TEXT: dict[str, Any] = {"type": "string"}
_WORD: dict[str, Any] = {"type": ["string", "null"]}
_NUMBER: dict[str, Any] = {"type": ["number", "null"]}
_COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
_BASIS: dict[str, Any] = {"enum": ["measured", "estimated"]}
_STATED: dict[str, Any] = {
    "type": "object",
    "additionalProperties": {
        "anyOf": [{"type": ["string", "null"]}, {"type": "array", "items": {"type": "string"}}]
    },
}


def _object(needed: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(needed), "properties": {**needed, **more}}


def _list(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


FIGURE = _object({"value": _NUMBER, "basis": _BASIS}, low=_NUMBER, high=_NUMBER, level=_NUMBER, rows=_WORD)
_FIGURES: dict[str, Any] = {"type": "object", "additionalProperties": FIGURE}
_NAMED = _object({"name": _TEXT, "rows": FIGURE}, description=_WORD)
_EXTREME = _object({"value": _TEXT, "count": {"type": ["integer", "null"]}}, rows=_WORD)
_ABOUT = {"name": _TEXT, "count": _COUNT, "missing": _COUNT, "missing_share": _NUMBER, "missing_rows": _TEXT}
_VALUES = _list(_object({**_ABOUT, "unique": _COUNT, "most_frequent": _EXTREME, "least_frequent": _EXTREME}))
_NUMBERS = _list(
    _object({**_ABOUT, **dict.fromkeys(("min", "median", "max", "mean", "std", "zeros_share"), _NUMBER)})
)
_TEST = {"column": _TEXT, "bits": _NUMBER, "threshold": _NUMBER, "p": _NUMBER, "q": _NUMBER}
_ALERT = _object(
    {
        "code": _TEXT,
        "severity": {"enum": ["high", "medium", "low"]},
        "subject": _TEXT,
        "message": _TEXT,
        "value": _NUMBER,
        "basis": _BASIS,
        "rows": _WORD,
        "action": _TEXT,
    }
)
_METADATA = _object(
    {
        "stated": _STATED,
        "counted": _FIGURES,
        "name": _TEXT,
        "task": {"enum": ["classification", "multilabel", "regression", "concepts"]},
        "modality": _TEXT,
        "data_hash": _TEXT,
        "labels_hash": _TEXT,
        "created": _TEXT,
    }
)
_STEP = _object(
    {"step": _TEXT, "who": _STATED["additionalProperties"], "how": _STATED["additionalProperties"]},
    rows={"anyOf": [FIGURE, {"type": "null"}]},
)
_PLOT = _object(
    {
        "x": _TEXT,
        "y": _TEXT,
        "x_bins": _list(_TEXT),
        "y_bins": _list(_TEXT),
        "x_counts": _list(_COUNT),
        "y_counts": _list(_COUNT),
        "counts": _list(_list(_COUNT)),
        "rows": _list(_list(_WORD)),
        "association": _NUMBER,
    }
)
_MODULES = {
    "metadata": _METADATA,
    "provenance": _object({"stated": _STATED, "steps": _list(_STEP)}),
    "variables": _object(
        {"columns": _list(_object({"name": _TEXT})), "classes": _list(_NAMED), "tags": _list(_NAMED)}
    ),
    "statistics": _object(
        {
            "basis": _BASIS,
            "ordinal": _VALUES,
            "nominal": _VALUES,
            "continuous": _NUMBERS,
            "discrete": _NUMBERS,
            "labels": _object({"figures": _FIGURES, "tail": _list(_NAMED)}),
        }
    ),
    "pair_plots": _object(
        {
            "basis": _BASIS,
            "variables": _list(_TEXT),
            "plots": _list(_PLOT),
            "association": _object({"names": _list(_TEXT), "values": _list(_list(_NUMBER))}),
        }
    ),
    "probabilistic_model": _object(
        {
            "errors_by_column": _list(
                _object({**_TEST, "groups": _list(_object({"value": _TEXT, "n": _COUNT, "rate": FIGURE}))})
            ),
            "labels_by_column": _list(_object(_TEST)),
            "true_given_label": _list(
                _object({"given": _TEXT, "true": _TEXT, "share": FIGURE, "rows": FIGURE})
            ),
            "not_tested": _list(_object({"column": _TEXT, "why": _TEXT})),
        }
    ),
    "ground_truth": _object(
        {
            "given": {"type": "boolean"},
            "name": _WORD,
            "caution": _TEXT,
            "figures": _FIGURES,
            "confusion": _list(_object({"label": _TEXT, "reference": _TEXT, "rows": FIGURE})),
            "classes": _list(_object({"name": _TEXT, "share": _NUMBER, "reference_share": _NUMBER})),
        }
    ),
}
#: JSON Schema (2020-12) of the document of a label.
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "labelscope nutrition label, version 1",
    **_object(
        {
            "format": {"const": FORMAT},
            "version": {"const": VERSION},
            "title": _TEXT,
            "modules": _object(_MODULES),
            "responsible_use": _STATED,
            "label_quality": _object({"figures": _FIGURES, "basis": _TEXT}),
            "alerts": _list(_ALERT),
            "selections": {
                "type": "object",
                "additionalProperties": _object({"n": _COUNT, "query": _WORD}),
            },
        }
    ),
}


def check_document(text: Any) -> dict[str, Any]:
    """Read a document and check it against the schema.

    Parameters
    ----------
    text : str, bytes or mapping

    Returns
    -------
    dict

    Raises
    ------
    InvalidInputError
        No JSON, another format or version, or a damaged document; the place is named.
    """
    from jsonschema import Draft202012Validator

    if isinstance(text, str | bytes):
        try:
            found = json.loads(text)
        except ValueError as error:
            raise InvalidInputError(
                f"This is no JSON: {error}.", "Pass what label.to_json() wrote."
            ) from None
    else:
        found = text
    if not isinstance(found, Mapping) or found.get("format") != FORMAT:
        raise InvalidInputError("This is no nutrition label.", "Pass what label.to_json() wrote.")
    if found.get("version") != VERSION:
        raise InvalidInputError(
            f"The label has the version {found.get('version')!r}, but {VERSION} is read here.",
            "Make it again, or update labelscope.",
        )
    document = dict(found)
    problem = next(iter(sorted(Draft202012Validator(SCHEMA).iter_errors(document), key=str)), None)
    if problem is not None:
        place = "/".join(map(str, problem.absolute_path)) or "the top"
        raise InvalidInputError(
            f"The label is damaged at {place}: {problem.message[:200]}.", "Make it again from the data."
        )
    return document

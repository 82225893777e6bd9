"""Module 1, metadata: what a person stated, and what can be counted."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.reports.nutrition.figures import Selections, figure
from labelscope.reports.nutrition.subject import Subject

#: What people state about the data, shown as "not stated" where they do not.
STATED = (
    "file", "format", "url", "domain", "keywords", "type", "license", "version", "released", "time_range",
    "language", "citation", "description",
)  # fmt: skip
#: What people state about where the data come from.
ORIGIN = ("source", "source_contact", "author", "author_contact")
#: What people state about responsible use, by the names of the Croissant RAI vocabulary in snake case.
RESPONSIBLE = (
    "data_collection", "data_collection_type", "data_collection_missing_data", "data_collection_raw_data",
    "data_collection_timeframe", "data_imputation_protocol", "data_manipulation_protocol",
    "data_preprocessing_protocol", "data_annotation_protocol", "data_annotation_platform",
    "data_annotation_analysis", "annotations_per_item", "annotator_demographics", "machine_annotation_tools",
    "data_biases", "data_limitations", "data_use_cases", "data_social_impact",
    "personal_sensitive_information", "data_release_maintenance_plan",
)  # fmt: skip
#: Where the file lies, for Croissant alone.
PLACE = ("content_url", "encoding_format", "sha256")
#: What is stated of columns or classes, by their names.
BY_NAME = ("variables", "classes", "kinds")
FIELDS = (*STATED, *ORIGIN, *RESPONSIBLE, *PLACE, *BY_NAME)
_KINDS = ("ordinal", "nominal", "continuous", "discrete")


def checked(metadata: Any) -> dict[str, Any]:
    """Check what was stated.

    Parameters
    ----------
    metadata : mapping of str to str, or None
        Keywords and some others may be lists; ``variables``, ``classes`` and ``kinds`` are mappings.

    Returns
    -------
    dict

    Raises
    ------
    InvalidTypeError
        No mapping, or a value that is no text.
    InvalidInputError
        An unknown field, with the near miss named, or an unknown kind.
    """
    if metadata is None:
        return {}
    if not isinstance(metadata, Mapping):
        raise InvalidTypeError(
            f"metadata is a {type(metadata).__name__}.", 'Pass a dict: {"license": "CC BY 4.0", ...}.'
        )
    found: dict[str, Any] = {}
    for name, value in metadata.items():
        if name not in FIELDS:
            raise InvalidInputError.unknown("field of metadata", name, FIELDS)
        found[str(name)] = _checked_value(str(name), value)
    for column, kind in found.get("kinds", {}).items():
        if kind not in _KINDS:
            raise InvalidInputError.unknown(f"kind of the column {column!r}:", kind, _KINDS)
    return {name: value for name, value in found.items() if value not in (None, "", [], {})}


def _checked_value(name: str, value: Any) -> Any:
    if name in BY_NAME:
        if not isinstance(value, Mapping):
            raise InvalidTypeError(f"metadata[{name!r}] is {value!r:.60}.", "Pass a dict of text by name.")
        return {str(key): str(said) for key, said in value.items()}
    if value is None or isinstance(value, str):
        return value.strip() if isinstance(value, str) else None
    if isinstance(value, list | tuple | set) and all(isinstance(one, str) for one in value):
        return sorted(value) if isinstance(value, set) else list(value)
    if isinstance(value, datetime) or hasattr(value, "isoformat"):
        return str(value.isoformat())
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise InvalidTypeError(
        f"metadata[{name!r}] is a {type(value).__name__}.", "Pass text, or a list of texts."
    )


def _data_hash(subject: Subject) -> str:
    """Digest the contents: 32 hex digits that do not depend on labels and ids."""
    media = subject.dataset.media
    if media.kind not in ("table", "features"):
        return str(media.content_key())
    digest = hashlib.blake2b(digest_size=16)
    for column in subject.columns.values():
        digest.update(f"{column.name}\0{len(column.codes)}\0".encode("utf-8", "surrogatepass"))
        if column.is_number:
            digest.update(column.values.astype("<f8").tobytes())
        else:
            said = "\0".join(map(str, column.categories))
            digest.update(column.codes.astype("<i8").tobytes() + said.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def metadata_module(subject: Subject, stated: Mapping[str, Any], selections: Selections) -> dict[str, Any]:
    """Make the module.

    Parameters
    ----------
    subject : Subject
    stated : mapping
        As from :func:`checked`.
    selections : Selections

    Returns
    -------
    dict
    """
    n, columns = subject.n, list(subject.columns.values())
    own = [column for column in columns if not column.derived]
    gaps = sum(int(column.missing.sum()) for column in own)
    any_gap = np.zeros(n, dtype=bool)
    for column in own:
        any_gap |= column.missing
    media = subject.dataset.media
    counted = {
        "rows": figure(n, measured=True, rows=selections.add("rows", lambda: np.arange(n), n, "")),
        "columns": figure(subject.n_columns, measured=True),
        "classes": figure(len(subject.class_names) if subject.task != "regression" else None, measured=True),
        "share missing": figure(
            gaps / (n * len(own)) if own else None,
            measured=True,
            rows=selections.add("rows with a gap", any_gap, int(any_gap.sum())) if own else None,
        ),
    }
    return {
        "stated": {name: stated.get(name) for name in STATED},
        "counted": counted,
        "name": subject.dataset.name,
        "task": subject.task,
        "modality": media.kind,
        "data_hash": _data_hash(subject),
        "labels_hash": subject.dataset.fingerprint,
        "created": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
    }

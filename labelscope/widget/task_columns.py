"""Columns that a task brings with it, for colors and filters; as the labels are now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.review.task_values import task_names, task_value
from labelscope.types import Array
from labelscope.widget.derived_columns import DerivedColumns
from labelscope.widget.score_columns import COLUMN, score_info

if TYPE_CHECKING:
    from labelscope.auditing.audit import Audit
    from labelscope.data.dataset import Dataset
    from labelscope.review.session import Session

Json = dict[str, Any]

#: What a tag says of a row, in the order of its codes.
ANSWERS = ("yes", "no", "unknown")
#: Code of 0, 1 and -1, by position.
_CODES = np.array([1, 0, 2], dtype=np.uint16)


class TaskColumns:
    """Tags, probabilities and targets as columns; never kept, since they change with each decision.

    Parameters
    ----------
    session : Session
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.derived = DerivedColumns(session)

    @property
    def names(self) -> list[str]:
        """Names such as ``"tag: joy"``, ``"P(joy)"`` and ``"target"``."""
        return [*task_names(self._session), *self.derived.names]

    def values(self, name: str) -> tuple[Json, Array]:
        """Return what a column is, and its values: float32, or uint16 codes of yes, no and unknown."""
        if name.startswith(COLUMN):
            return score_info(self._session.audit, name)
        if name in self.derived.names:
            return self.derived.values(name)
        found = task_value(self._session, name)
        if found is None:
            raise KeyError(name)
        if found.kind == "tag":
            return tag_info(name, found.values), _CODES[found.values]
        return number_info(name, found.values), found.values


def tag_info(name: str, values: Array) -> Json:
    """Describe a tag: ``ColumnInfo`` of ``protocol.ts``."""
    counts = [int((values == value).sum()) for value in (1, 0, -1)]
    shown = 3 if counts[2] else 2
    return {
        "name": name,
        "kind": "categorical",
        "format": "boolean",
        "n_missing": 0,
        "categories": list(ANSWERS[:shown]),
        "counts": counts[:shown],
    }


def number_info(name: str, values: Array) -> Json:
    """Describe numbers: ``ColumnInfo`` of ``protocol.ts``."""
    present = values[np.isfinite(values)]
    info: Json = {
        "name": name,
        "kind": "numeric",
        "format": "number",
        "n_missing": len(values) - len(present),
    }
    if len(present):
        info["min"], info["max"] = float(present.min()), float(present.max())
    return info


def task_json(dataset: Dataset) -> Json:
    """Return what a page must know of the task: its name, and the tags that there are.

    Returns
    -------
    dict
        ``task``; with tags or concepts also ``tags``, and ``tags_unknown``, whether the labels can say of
        one tag of a row that it is unknown.
    """
    found: Json = {"task": str(dataset.task)}
    tags = dataset.labels.tags
    if tags is not None:
        found |= {"tags": list(tags.names), "tags_unknown": bool(tags.knows_unknown)}
    elif dataset.concepts is not None:
        found |= {"tags": list(dataset.concepts.names), "tags_unknown": True}
    return found


def taxonomy_json(audit: Audit) -> Json:
    """Return ``taxonomy`` of a picture: what is above each tag, or class; empty without a taxonomy.

    Returns
    -------
    dict
        ``parents``: place of what is above each, -1 for nothing; first all tags, or classes, then what is
        above them and none itself, which ``upper`` names.
    """
    taxonomy = audit.evidence.get("taxonomy")
    if taxonomy is None:
        return {}
    tags = audit.dataset.labels.tags
    names = [str(name) for name in (audit.dataset.labels.names if tags is None else tags.names)]
    place: dict[str | None, int] = {None: -1, **{name: at for at, name in enumerate(names)}}
    upper: dict[str, None] = {}
    for name in names:
        above = taxonomy.parent(name)
        while above is not None and above not in upper:
            if above not in place:
                upper[above] = None
            above = taxonomy.parent(above)
    place |= {name: len(names) + at for at, name in enumerate(upper)}
    parents = [place[taxonomy.parent(name)] for name in (*names, *upper)]
    return {"taxonomy": {"parents": parents, "upper": list(upper)}}


def pack_attributes(dataset: Dataset) -> bytes | None:
    """Return the given concepts row by row, four to a byte from its lowest bits on; 2 is unknown."""
    if dataset.concepts is None:
        return None
    cells = np.where(dataset.concepts.matrix < 0, 2, dataset.concepts.matrix).astype(np.uint8).reshape(-1)
    padded = np.zeros(-(-len(cells) // 4) * 4, dtype=np.uint8)
    padded[: len(cells)] = cells
    quads = padded.reshape(-1, 4) << np.array([0, 2, 4, 6], dtype=np.uint8)
    return bytes(np.bitwise_or.reduce(quads, axis=1).astype(np.uint8).tobytes())

"""Derived columns as a page colors and filters by them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.review.derived import FOREIGN, Fact, derived_of, labels_of
from labelscope.types import Array
from labelscope.widget.messages import plain_number

if TYPE_CHECKING:
    from labelscope.review.session import Session

__all__ = ["FOREIGN", "DerivedColumns", "expert_json"]

Json = dict[str, Any]

#: Code of a missing value among categories, as of columns of the user's frame.
_MISSING = 65_535
_LOCAL_GLOBAL = "local_global"


class DerivedColumns:
    """Columns from details of scores, from judges, and those that reports made.

    Parameters
    ----------
    session : Session
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._derived = derived_of(session)

    def add(self, columns: Mapping[str, Array]) -> None:
        """Keep columns that a report or a queue made, in place of those of the same names."""
        self._derived.add(columns)

    @property
    def names(self) -> list[str]:
        """Names of all columns."""
        return self._derived.names(self._session)

    def values(self, name: str) -> tuple[Json, Array]:
        """Return what a column is, and its values: numbers, or uint16 codes.

        Raises
        ------
        KeyError
            There is none of that name.
        """
        fact = self._derived.fact(self._session, name)
        if fact.kind == "number":
            return _numbers(name, fact)
        labels = labels_of(self._session)[: len(fact.names)]
        return _categories(name, fact, every=fact.names == labels and len(labels) < _MISSING)


def _numbers(name: str, fact: Fact) -> tuple[Json, Array]:
    present = fact.values[~fact.missing]
    info: Json = {
        "name": name,
        "kind": "numeric",
        "format": "number",
        "n_missing": len(fact.values) - len(present),
    }
    if len(present):
        info["min"], info["max"] = float(present.min()), float(present.max())
    return info, fact.values


def _categories(name: str, fact: Fact, *, every: bool) -> tuple[Json, Array]:
    """Describe the categories that a row has, or every one, and truth values as yes and no."""
    truth = fact.kind == "truth"
    names = ("yes", "no") if truth else fact.names
    codes = np.where(fact.values, 0, 1) if truth else fact.values
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    # A class keeps its number, and so its color, where another one has no row.
    seen = np.arange(len(names)) if every and not truth else np.flatnonzero(counts)
    place = np.full(len(names) + 1, _MISSING, dtype=np.uint16)
    place[seen] = np.arange(len(seen), dtype=np.uint16)
    info = {
        "name": name,
        "kind": "categorical",
        "format": "boolean" if truth else "text",
        "n_missing": int((codes < 0).sum()),
        "categories": [names[code] for code in seen.tolist()],
        "counts": counts[seen].tolist(),
    }
    return info, place[codes]


def expert_json(session: Session, row: int) -> Json:
    """Return which expert answers for a row, with the confidence and the label of both; empty without any."""
    score = session.audit.scores.get(_LOCAL_GLOBAL)
    if score is None:
        return {}
    told = score.details
    return {
        "expert": {
            "used": str(told["expert"][row]),
            "agree": bool(told["agree"][row]),
            "local": plain_number(told["local_confidence"][row]),
            "global": plain_number(told["global_confidence"][row]),
            "local_label": str(told["local_suggested"][row]),
            "global_label": str(told["global_suggested"][row]),
        }
    }

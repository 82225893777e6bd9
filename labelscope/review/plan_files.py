"""Plans as JSON: the same object in a file and in the journal."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.review.dealing import PlannedPage
from labelscope.review.events import to_scalar
from labelscope.review.plans import Plan
from labelscope.types import Estimate, IntArray

FORMAT = 1
MEANINGS = ("suggested", "given")


def content(plan: Plan) -> dict[str, Any]:
    """Return what a plan says: pages, and the labels on them. Its id is made of this."""
    used = {page.label for page in plan.pages} | set(plan.suggested.tolist())
    values = {code: to_scalar(plan.classes[code]) if plan.classes else code for code in used if code >= 0}
    # By value: who knows other classes besides has other codes, and the same plan.
    order = sorted(values, key=lambda code: (type(values[code]).__name__, str(values[code])))
    place = {code: at for at, code in enumerate(order)} | {-1: -1}
    reviewers = list(plan.reviewers)
    return {
        "fingerprint": plan.fingerprint,
        "n": plan.n,
        "mean": plan.mean,
        "classes": [values[code] for code in order],
        "reviewers": reviewers,
        "pages": [
            {
                "reviewer": reviewers.index(page.reviewer),
                "label": place[page.label],
                "rows": page.rows.tolist(),
                "copies": np.flatnonzero(page.copies).tolist(),
            }
            for page in plan.pages
        ],
        "rows": plan.rows.tolist(),
        "suggested": [place[code] for code in plan.suggested.tolist()],
    }


def plan_json(plan: Plan) -> dict[str, Any]:
    """Return a plan as JSON."""
    found = content(plan)
    for page, shown in zip(plan.pages, found["pages"], strict=True):
        shown["errors"] = round(page.expected_errors, 6)
    return {
        "labelscope_plan": FORMAT,
        "id": plan.id,
        **found,
        "counts": [plan.n_copies, plan.n_self, plan.n_tail],
        "caught": asdict(plan.caught),
        "accuracy": [plan.accuracy_before, plan.accuracy_after],
        "curve": [list(point) for point in plan.curve],
        "parameters": _plain(dict(plan.parameters)),
    }


def read_plan(found: Any, where: str) -> Plan:
    """Read a plan from JSON, trusted in nothing.

    Parameters
    ----------
    found : object
    where : str
        What it was read from, for messages.

    Returns
    -------
    Plan

    Raises
    ------
    InvalidInputError
        It is no plan, of a later version, or was changed since it was made.
    """
    version = found.get("labelscope_plan") if isinstance(found, dict) else None
    if isinstance(version, int) and version > FORMAT:
        raise InvalidInputError(
            f"The plan in {where} is of format {version}, but this version reads format {FORMAT}.",
            "Update with: pip install -U labelscope",
        )
    try:
        if version != FORMAT:
            raise ValueError
        plan = _plan(found)
        same = plan.id == found["id"]
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError):
        raise InvalidInputError(
            f"There is no plan in {where}.", "Give what plan.save(path) wrote, or make a plan anew."
        ) from None
    if not same:
        raise InvalidInputError(
            f"The plan in {where} was changed after it was made.",
            "Reviewers would get other pages: get the file once more from whoever made the plan.",
        )
    return plan


def _plan(found: dict[str, Any]) -> Plan:
    n, reviewers, classes = int(found["n"]), found["reviewers"], found["classes"]
    scalars = (str, int, float, bool)
    if found["mean"] not in MEANINGS or not all(isinstance(name, str) and name for name in reviewers):
        raise ValueError
    if not all(isinstance(value, scalars) for value in classes) or not isinstance(found["fingerprint"], str):
        raise ValueError
    rows = _whole(found["rows"], n)
    suggested = _whole(found["suggested"], len(classes), low=-1)
    if len(np.unique(rows)) < len(rows) or len(suggested) != len(rows):
        raise ValueError
    n_copies, n_self, n_tail = (int(count) for count in found["counts"])
    before, after = (_finite(share) for share in found["accuracy"])
    caught = found["caught"]
    value, low, high, level = (_finite(caught[name]) for name in ("value", "low", "high", "level"))
    return Plan(
        tuple(_page(page, n, reviewers, len(classes)) for page in found["pages"]),
        found["mean"],
        rows,
        n_copies,
        n_self,
        n_tail,
        Estimate(value, low, high, level, bool(caught["measured"])),
        before,
        after,
        tuple((int(m), _finite(share), _finite(right)) for m, share, right in found["curve"]),
        suggested,
        dict(found["parameters"]),
        found["fingerprint"],
        n,
        tuple(classes),
    )


def _page(found: dict[str, Any], n: int, reviewers: list[str], n_classes: int) -> PlannedPage:
    rows = _whole(found["rows"], n)
    at, label = found["reviewer"], found["label"]
    if len(np.unique(rows)) < len(rows) or not len(rows):
        raise ValueError
    _whole([at], len(reviewers))
    _whole([label], n_classes, low=-1)
    copies = np.zeros(len(rows), dtype=bool)
    copies[_whole(found["copies"], len(rows))] = True
    return PlannedPage(reviewers[at], label, rows, copies, _finite(found["errors"]))


def _whole(values: Any, end: int, low: int = 0) -> IntArray:
    """Read whole numbers from ``low`` to below ``end``."""
    if not isinstance(values, list) or not set(map(type, values)) <= {int}:
        raise TypeError
    if values and not low <= min(values) <= max(values) < end:
        raise ValueError
    return np.array(values, dtype=np.int64)


def _finite(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError
    return float(value)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value

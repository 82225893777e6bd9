"""Which rows a budget plan learns from and is measured on: of a session, of evidence, or of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.data.arguments import as_array
from labelscope.data.labels import encode
from labelscope.errors import InvalidInputError, InvalidTypeError, MissingEvidenceError, TaskError, notify
from labelscope.evidence import check_features
from labelscope.review.budget import LEAST_VERIFIED
from labelscope.review.budget_grid import Pilot
from labelscope.review.session import Session
from labelscope.review.teaching import teaching_evidence
from labelscope.types import Array, BoolArray, Evidence, FloatArray, IntArray

#: What is said of verified rows that came as arrays: if suspicion chose them, accuracy on all rows differs.
UNKNOWN_CHOICE = "it is not known how they were chosen"


def evidence_of(source: Any, given: tuple[Any, Any, Any, Any]) -> Evidence:
    """Return the evidence of a source, or of arrays: features, cheap and verified labels, and which count."""
    if source is None:
        return _from_arrays(*given)
    if any(one is not None for one in given):
        raise InvalidTypeError("Both a source and arrays are given.", "Pass one or the other.")
    if isinstance(source, Evidence):
        return source
    if not isinstance(source, Session):
        raise InvalidTypeError(
            f"A budget is planned for a Session or Evidence, but this is a {type(source).__name__}.",
            "Write reports.plan_budget(session), or pass features=, cheap_labels= and verified_labels=.",
        )
    if source.audit.dataset.labels.is_open:
        raise TaskError(
            f"Budgets are planned for classes, but the task is {source.audit.task}.",
            "Plan for one tag at a time: pass features=, cheap_labels= and verified_labels= of that tag.",
        )
    evidence = teaching_evidence(source)
    return evidence.including(given_labels=evidence["first_labels"])


def _from_arrays(features: Any, cheap: Any, checked: Any, verified: Any) -> Evidence:
    for name, value in (("features", features), ("cheap_labels", cheap), ("verified_labels", checked)):
        if value is None:
            raise MissingEvidenceError.of(name, "plan_budget")
    quick, sure = encode(cheap), encode(checked)
    if quick.is_open or sure.is_open:
        raise TaskError("Budgets are planned for classes, one a row.", "Pass one label a row.")
    n = len(quick.codes)
    if len(sure.codes) != n:
        raise InvalidInputError.wrong_length("verified_labels", len(sure.codes), n, "cheap_labels")
    values = list(dict.fromkeys([*quick.classes.tolist(), *sure.classes.tolist()]))
    values.sort(key=lambda value: (isinstance(value, str), value))
    place = {value: code for code, value in enumerate(values)}
    classes = np.empty(len(values), dtype=object)
    classes[:] = values
    codes = [_placed(one.codes, one.classes.tolist(), place) for one in (quick, sure)]
    mask = codes[1] >= 0 if verified is None else np.asarray(verified)
    return Evidence(
        features=features, classes=classes, given_labels=codes[0], current=codes[1], verified=mask
    )


def _placed(codes: IntArray, own: list[Any], place: dict[Any, int]) -> IntArray:
    table = np.array([place[value] for value in own] + [-1], dtype=np.int64)
    return table[np.where(codes < 0, len(own), codes)]


def pilot_of(evidence: Evidence, prior_probs: Any) -> tuple[Pilot, str]:
    """Return the rows of a pilot, and what its accuracies are measured on."""
    for name in ("features", "classes", "given_labels", "current", "verified"):
        if name not in evidence:
            raise MissingEvidenceError.of(name, "plan_budget", evidence)
    cheap = np.asarray(evidence["given_labels"], dtype=np.int64)
    n, k = len(cheap), len(evidence["classes"])
    features = check_features(evidence["features"], n)
    excluded = _mask(evidence, "excluded", n)
    sure = _mask(evidence, "verified", n) & ~excluded
    checked = np.where(sure, np.asarray(evidence["current"], dtype=np.int64), -1)
    lucky = _mask(evidence, "verified_by_chance", n) & (checked >= 0)
    by_chance = int(lucky.sum()) >= LEAST_VERIFIED
    measured_on = "drawn by chance" if by_chance else "chosen by people"
    if "verified_by_chance" not in evidence:
        measured_on = UNKNOWN_CHOICE
    elif not by_chance:
        notify(
            "budget_not_by_chance",
            "Fewer than twenty verified rows were drawn by chance, so accuracies are measured on rows that"
            " people chose, which may be harder or easier than others.",
            'Verify some rows of session.queue("random") and plan again.',
        )
    weights = _inverse(evidence, checked >= 0)
    pilot = Pilot.of(
        features,
        np.where(excluded, -1, cheap),
        checked,
        k,
        tested=lucky if by_chance else checked >= 0,
        weights=weights,
        prior_probs=None if prior_probs is None else _checked_probs(prior_probs, n, k),
    )
    return pilot, measured_on


def _mask(evidence: Evidence, name: str, n: int) -> BoolArray:
    if evidence.get(name) is None:
        return np.zeros(n, dtype=bool)
    mask = np.asarray(evidence[name])
    if mask.shape != (n,):
        raise InvalidInputError(f"{name} has the shape {mask.shape}.", f"Pass ({n},) bool, one a row.")
    return mask.astype(bool)


def _inverse(evidence: Evidence, checked: BoolArray) -> FloatArray | None:
    if evidence.get("inclusion") is None:
        return None
    chances = np.asarray(evidence["inclusion"], dtype=np.float64)
    if chances.shape != checked.shape or not bool(((chances > 0) & (chances <= 1))[checked].all()):
        raise InvalidInputError(
            "inclusion must be a probability above 0 and up to 1 for each verified row.",
            "Pass the chance with which each row was chosen to be verified.",
        )
    return np.where(checked, 1.0 / np.where(checked, chances, 1.0), 1.0)


def _checked_probs(given: Any, n: int, k: int) -> Array:
    probs = as_array("prior_probs", given, np.float64)
    if probs.shape != (n, k) or not np.isfinite(probs).all() or (probs < 0).any():
        raise InvalidInputError(
            f"prior_probs has the shape {probs.shape}, or entries that are no probabilities.",
            f"Pass ({n}, {k}), a column for each class in sorted order.",
        )
    return probs

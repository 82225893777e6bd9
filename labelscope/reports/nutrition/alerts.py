"""Alerts: what somebody should know before using the data, how severe it is, and what to do about it."""

from __future__ import annotations

from typing import Any

from labelscope.reports.nutrition.figures import Selections, number
from labelscope.reports.nutrition.quality import WORTH_AN_ALERT
from labelscope.reports.nutrition.repeats import Repeats
from labelscope.reports.nutrition.subject import Subject

SEVERITIES = ("high", "medium", "low")
_GAPS, _MANY_GAPS = 0.05, 0.3
_SURE = 0.01
_TELLS_ALL = 0.98
_AGREES = 0.6


def alerts_of(
    subject: Subject, document: dict[str, Any], repeats: Repeats | None, selections: Selections
) -> list[dict[str, Any]]:
    """Name what is wrong.

    Parameters
    ----------
    subject : Subject
    document : dict
        The modules and the label-quality block.
    repeats : Repeats or None
    selections : Selections

    Returns
    -------
    list of dict
        Most severe first: ``code``, ``severity``, ``subject`` (what it is about), ``message``, ``value``,
        ``basis``, ``rows`` (a key, or None), ``action``.
    """
    found = [
        *_of_columns(subject, document["modules"]["statistics"]),
        *_of_labels(subject, document["modules"]["statistics"]["labels"]),
        *_of_repeats(repeats),
        *_of_quality(document["label_quality"]),
        *_of_dependence(document["modules"]["probabilistic_model"], subject),
        *_of_reference(document["modules"]["ground_truth"]),
    ]
    order = {severity: place for place, severity in enumerate(SEVERITIES)}
    return sorted(found, key=lambda alert: order[alert["severity"]])


def _alert(
    code: str,
    severity: str,
    about: str,
    message: str,
    action: str,
    *,
    value: Any,
    rows: str | None = None,
    measured: bool = True,
) -> dict[str, Any]:
    return {
        "code": code,
        "severity": severity,
        "subject": about,
        "message": message,
        "value": number(value),
        "basis": "measured" if measured else "estimated",
        "rows": rows,
        "action": action,
    }


def _of_columns(subject: Subject, statistics: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    entries = {
        entry["name"]: entry
        for kind in ("ordinal", "nominal", "continuous", "discrete")
        for entry in statistics[kind]
    }
    for name, column in subject.columns.items():
        entry = entries[name]
        share, key = entry["missing_share"], entry["missing_rows"]
        if column.role == "empty":
            found.append(
                _alert("empty_column", "high", name, f"Column {name!r} has no value at all.",
                       "Drop it, or find out why nothing was recorded.", value=1.0, rows=key)
            )  # fmt: skip
            continue
        if share >= _GAPS:
            found.append(
                _alert("missing_values", "high" if share >= _MANY_GAPS else "medium", name,
                       f"{100 * share:.1f} % of column {name!r} is missing.",
                       "Find out whether values are missing by chance before rows are dropped or filled in.",
                       value=share, rows=key)
            )  # fmt: skip
        if column.role == "constant":
            found.append(
                _alert("constant_column", "low", name, f"Column {name!r} has one value throughout.",
                       "Leave it out: it tells nothing.", value=1)
            )  # fmt: skip
        if column.role == "identifier":
            found.append(
                _alert("identifier_column", "low", name,
                       f"Column {name!r} names rows: {len(column.counts):,} of {column.n_present:,} values"
                       " differ.",
                       "Leave it out of models, and look whether it names people.",
                       value=len(column.counts))
            )  # fmt: skip
        if entry.get("infinite"):
            found.append(
                _alert("infinite_values", "medium", name,
                       f"Column {name!r} has {entry['infinite']:,} infinite values.",
                       "Replace them; means and deviations are of the finite values.",
                       value=entry["infinite"], rows=entry["infinite_rows"])
            )  # fmt: skip
    return found


def _of_labels(subject: Subject, labels: dict[str, Any]) -> list[dict[str, Any]]:
    figures = labels["figures"]
    found = []
    gone = figures["unlabelled"]
    n = max(subject.n, 1)
    if gone["value"] == subject.n:
        found.append(
            _alert("no_labels", "high", "labels", "No row has a label.", "Label some rows first.",
                   value=gone["value"], rows=gone["rows"])
        )  # fmt: skip
    elif gone["value"]:
        found.append(
            _alert("unlabelled_rows", "medium" if gone["value"] / n >= _GAPS else "low", "labels",
                   f"{gone['value']:,} of {subject.n:,} rows have no label.",
                   "Label them, or leave them out.", value=gone["value"], rows=gone["rows"])
        )  # fmt: skip
    distinct = figures.get("distinct targets", figures.get("classes", {})).get("value")
    if subject.task != "multilabel" and distinct == 1 and gone["value"] < subject.n:
        found.append(
            _alert("one_class", "high", "labels", "All labels are the same.",
                   "There is nothing to learn or to compare; add rows of other classes.", value=1)
        )  # fmt: skip
    for entry in labels["tail"]:
        word = "tag" if subject.task == "multilabel" else "class"
        found.append(
            _alert("rare_class", "medium", entry["name"],
                   f"The {word} {entry['name']!r} has {entry['rows']['value']:,} rows,"
                   f" {100 * entry['share']:.2g} % of all.",
                   "Accuracy hides how models do on it: report it by class, and collect more rows of it.",
                   value=entry["share"], rows=entry["rows"]["rows"])
        )  # fmt: skip
    single = figures.get("classes with one row", {}).get("value") or 0
    if single:
        found.append(
            _alert("single_rows", "medium", "labels", f"{single:,} classes have a single row.",
                   "They cannot be both trained and tested: merge them, or collect more rows.", value=single)
        )  # fmt: skip
    return found


def _of_repeats(repeats: Repeats | None) -> list[dict[str, Any]]:
    if repeats is None:
        return []
    found = []
    if repeats.n_conflicting and repeats.beyond_chance:
        found.append(
            _alert("conflicting_duplicates", "high", "rows",
                   f"{repeats.n_conflicting:,} repeated rows have another label than the row they repeat.",
                   "At most one of the labels is right: review these rows first.",
                   value=repeats.n_conflicting, rows="duplicates in conflict")
        )  # fmt: skip
    if repeats.beyond_chance:
        found.append(
            _alert("exact_duplicates", "medium", "rows",
                   f"{repeats.n_exact:,} rows repeat an earlier one ({repeats.basis}).",
                   "Keep all copies on one side of a split, or drop them.",
                   value=repeats.n_exact, rows="duplicates")
        )  # fmt: skip
    if repeats.near_is_telling:
        found.append(
            _alert("near_duplicates", "low", "rows",
                   f"{repeats.n_near:,} rows are nearly the same as an earlier one.",
                   "Keep them on one side of a split.", value=repeats.n_near, rows="near duplicates",
                   measured=False)
        )  # fmt: skip
    return found


def _of_quality(quality: dict[str, Any]) -> list[dict[str, Any]]:
    figures = quality["figures"]
    name = "wrong labels after review"
    rate = figures.get(name) or figures.get("wrong labels before review")
    name = name if name in figures else "wrong labels before review"
    if rate is None or (rate["low"] or 0.0) < WORTH_AN_ALERT:
        return []
    return [
        _alert("wrong_labels", "high" if rate["low"] >= 5 * WORTH_AN_ALERT else "medium", "labels",
               f"Between {100 * rate['low']:.1f} % and {100 * rate['high']:.1f} % of the labels are wrong.",
               "Review what is flagged; errors in a test set move rankings of models.",
               value=rate["value"], rows="flags left", measured=rate["basis"] == "measured")
    ]  # fmt: skip


def _of_dependence(model: dict[str, Any], subject: Subject) -> list[dict[str, Any]]:
    found = []
    reviewed = subject.session is not None and bool(len(subject.session.events))
    for entry in model["errors_by_column"]:
        if not _depends(entry) or not entry["groups"]:
            continue
        worst = entry["groups"][0]
        least = WORTH_AN_ALERT * worst["n"]
        if worst["left"] < least or (reviewed and worst["flags_left"] < least):  # the review has mended them
            continue
        hard = _depends(entry["of_flags_and_verdicts"])
        where = f"{entry['column']!r}: about {100 * worst['shrunk']:.1f} % where it is {worst['value']!r}"
        tested = f"(p = {entry['q']:.2g} after correction for the number of columns)"
        found.append(
            _alert("errors_depend_on_column", "high" if hard else "low", entry["column"],
                   f"Labels are wrong more often for some values of {where} {tested}."
                   if hard else
                   f"The model hesitates along {where} {tested}; its flags and verdicts do not depend on it.",
                   "Look how these rows were labeled; a model would learn the pattern."
                   if hard else
                   "Look at some of these rows: they may be harder to tell apart, and labeled well.",
                   value=worst["rate"]["value"], rows=worst["rate"].get("rows"),
                   measured=bool(model["errors_measured"]))
        )  # fmt: skip
    telling = [
        entry
        for entry in model["labels_by_column"]
        if entry["share_of_label"] >= _TELLS_ALL and entry["q"] < _SURE
    ]
    return found + [
        _alert("column_tells_label", "medium", entry["column"],
               f"Column {entry['column']!r} all but determines the label.",
               "Find out whether it is known when a model is used, or is the label in disguise.",
               value=entry["share_of_label"])
        for entry in telling
    ]  # fmt: skip


def _depends(test: dict[str, Any]) -> bool:
    return bool(test["q"] < _SURE and test["bits"] > test["threshold"])


def _of_reference(truth: dict[str, Any]) -> list[dict[str, Any]]:
    found = [
        _alert("class_share_shifted", "medium", entry["name"],
               f"Class {entry['name']!r} makes up {100 * entry['share']:.1f} % here and"
               f" {100 * entry['reference_share']:.1f} % in {truth['name']}.",
               "Weight rows, or find out which of the two is what a model will meet.",
               value=entry["share"] - entry["reference_share"], rows=entry["rows"]["rows"])
        for entry in truth["classes"] if entry["shifted"]
    ]  # fmt: skip
    kappa = truth["figures"].get("kappa") or {}
    if kappa.get("value") is not None and kappa.get("high") is not None and kappa["high"] < _AGREES:
        found.append(
            _alert("little_agreement", "high", "labels",
                   f"Labels and {truth['name']} agree little (kappa {kappa['value']:.2f}).",
                   "Find out whether both mean the same by the classes.", value=kappa["value"],
                   rows="reference differs")
        )  # fmt: skip
    return found

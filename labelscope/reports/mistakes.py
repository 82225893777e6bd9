"""What is left of the mistakes of models: which are mistakes, of what kind, and how bad."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from labelscope.auditing.audit import Audit
from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.reports.mistakes_text import sections_of
from labelscope.reports.report import Report
from labelscope.review.agreement import Agreement
from labelscope.review.findings import Findings, Opinion, settled_findings
from labelscope.review.label_sets import collapsed_codes, find_mistakes, label_sets_of
from labelscope.review.mistakes import MistakeReview
from labelscope.review.predictions import read_models
from labelscope.review.session import Session
from labelscope.review.severity import (
    CATEGORIES,
    SEVERITIES,
    VERDICTS,
    category_of,
    severity_of,
    verdict_of,
)
from labelscope.review.slices import RegressionSet
from labelscope.scorers.proportions import exact_interval
from labelscope.types import BoolArray, Estimate, IntArray

_MOST_PAIRS = 20
_MAJOR = SEVERITIES.index("major")


@dataclass(frozen=True, repr=False)
class MistakeReport(Report):
    """The report, with its numbers.

    Attributes
    ----------
    facts : dict
        ``n_mistakes`` (each row and prediction once), ``n_rows``, ``n_sum`` (of all models),
        ``n_shared_rows`` (rows that all models get wrong), ``n_same`` (by the same prediction),
        ``verdicts`` (mistakes by verdict, ``"open"`` included), ``n_disputed``;
        ``non_mistakes``: share of reviewed predictions that are right or unclear, Estimate or None;
        ``n_major_rows``: rows with a major mistake of every model;
        ``set_size`` before and after: right labels a row; ``agreement``.
    models : dict of str to dict
        ``apparent`` and ``remaining`` mistakes, ``categories`` and ``severities`` (counts by name), ``table``
        (counts by (category, severity)), ``accuracy_before`` and ``accuracy_after``, ``slice``: what
        `review.slices.evaluate_slice` says.
    pairs : list of tuple
        (label, prediction, mistakes) of what is confused most, of remaining mistakes.
    regression_set : RegressionSet or None
        Rows with a major mistake of every model, all of them its builders.
    kinds : dict
        As ``categories``, ``severities`` and ``table`` of a model, with ``n``: remaining mistakes of all
        models, each row and prediction once.
    findings : Findings
    """

    facts: dict[str, Any] = field(default_factory=dict)
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    pairs: list[tuple[Any, Any, int]] = field(default_factory=list)
    regression_set: RegressionSet | None = None
    kinds: dict[str, Any] = field(default_factory=dict)
    findings: Findings | None = None


def mistakes(
    source: MistakeReview | Session | Audit | None = None,
    predictions: Mapping[str, Any] | None = None,
    *,
    given_labels: Any = None,
    label_sets: Any = None,
    unclear_sets: Any = None,
    verdicts: Iterable[Mapping[str, Any]] | None = None,
    collapsed: Iterable[Any] = (),
    raters_per_item: int = 1,
    study: str = "mistakes",
    level: float = 0.95,
) -> MistakeReport:
    """Report on the predictions that are outside the label sets.

    Parameters
    ----------
    source : MistakeReview, Session or Audit, optional
        Whose journal holds what people said; an audit has the labels only.
    predictions : mapping of str to (n,) labels or (n, K) probabilities, optional
        By the name of the model; a review has them.
    given_labels : (n,) labels, optional
        Without a source.
    label_sets, unclear_sets : n sets of labels or (n, K) 0/1, optional
        Labels that are right, and those of which nobody is sure, before the review.
    verdicts : iterable of mapping, optional
        Without a journal: ``row``, ``prediction`` (label), ``verdict``, and where it is wrong ``category``
        and ``severity``; ``reviewer`` where several people judged the same.
    collapsed : pairs of labels
        Classes that count as one.
    raters_per_item : int
        People who have to judge a mistake.
    study : str
    level : float
        Coverage of intervals.

    Returns
    -------
    MistakeReport

    Raises
    ------
    InvalidInputError, InvalidTypeError
        Predictions, sets or verdicts that do not fit.

    Notes
    -----
    A set of rows that models fail on says nothing of these models: they are marked as its builders. Growing
    label sets raise every accuracy, so that their size is given beside it. Vasudevan, Caine, Gontijo-Lopes,
    Fridovich-Keil, Roelofs: When does dough become a bagel? NeurIPS 2022.

    Examples
    --------
    >>> said = [
    ...     {"row": 0, "prediction": "bagel", "verdict": "correct"},
    ...     {"row": 2, "prediction": "dough", "verdict": "wrong", "category": "other", "severity": "major"},
    ... ]
    >>> vit = ["bagel", "bagel", "dough"]
    >>> report = mistakes(predictions={"vit": vit}, given_labels=["dough", "bagel", "bread"], verdicts=said)
    >>> report.facts["non_mistakes"].value, report.models["vit"]["severities"]["major"]
    (0.5, 1)
    """
    if isinstance(level, bool) or not isinstance(level, float) or not 0 < level < 1:
        raise InvalidInputError(f"level is {level!r}.", "Give a share between 0 and 1, such as 0.95.")
    agreement: dict[str, Agreement | None] = {}
    if isinstance(source, MistakeReview):
        found, agreement = source.findings(), source.agreement()
    elif isinstance(source, Session):
        if verdicts is not None:
            raise InvalidInputError("verdicts go with arrays.", "A Session has them in its journal.")
        review = MistakeReview(
            source,
            _needed(predictions),
            label_sets=label_sets,
            unclear_sets=unclear_sets,
            collapsed=collapsed,
            raters_per_item=raters_per_item,
            study=study,
        )
        found, agreement = review.findings(), review.agreement()
    else:
        sets = (label_sets, unclear_sets, tuple(collapsed))
        found = _from_arrays(source, predictions, given_labels, sets, verdicts or (), raters_per_item)
    return mistake_report(found, agreement, level)


def _needed(predictions: Any) -> Mapping[str, Any]:
    if predictions is None:
        raise InvalidInputError("There are no predictions.", 'Pass them by name: {"resnet": y_pred, ...}.')
    return predictions  # type: ignore[no-any-return]


def _from_arrays(
    source: Any, predictions: Any, given: Any, sets: tuple[Any, ...], verdicts: Iterable[Any], raters: int
) -> Findings:
    if isinstance(source, Audit):
        labels = source.dataset.labels
    elif source is None and given is not None:
        from labelscope.data.labels import encode

        labels = encode(given, task="classification")
    else:
        what = "None" if source is None else f"a {type(source).__name__}"
        raise InvalidTypeError(f"source is {what}.", "Pass a review, a Session, an Audit, or given_labels.")
    if labels.is_open:
        raise InvalidInputError("Labels are sets of tags or numbers.", "Mistakes are about one class a row.")
    classes = labels.classes.tolist()
    names, codes = read_models(_needed(predictions), len(labels.codes), classes, labels.names)
    partners = collapsed_codes(sets[2], classes)
    table = label_sets_of(labels.codes, classes, correct=sets[0], unclear=sets[1])
    made = find_mistakes(names, codes, table, partners)
    pairs = zip(made.rows.tolist(), made.predictions.tolist(), strict=True)
    place = {(row, classes[code]): at for at, (row, code) in enumerate(pairs)}
    opinions = [_opinion(one, place) for one in verdicts]
    ids = np.arange(len(labels.codes)) if source is None else source.dataset.ids
    mark = "" if source is None else source.dataset.fingerprint
    return settled_findings(
        opinions, made, table, codes, collapsed=partners, raters_per_item=raters, ids=ids, fingerprint=mark
    )


def _opinion(one: Any, place: Mapping[Any, int]) -> Opinion:
    if not isinstance(one, Mapping):
        raise InvalidTypeError(f"A verdict is a {type(one).__name__}.", "Pass a mapping a verdict.")
    at = place.get((one.get("row"), one.get("prediction")))
    if at is None:
        raise InvalidInputError(
            f"No model makes the mistake {one.get('prediction')!r:.40} on row {one.get('row')!r:.20}.",
            "Judge predictions that are outside the label sets.",
        )
    kind, bad = one.get("category"), one.get("severity")
    return Opinion(
        at,
        str(one.get("reviewer", "")),
        VERDICTS.index(verdict_of(one.get("verdict"))),
        -1 if kind is None else CATEGORIES.index(category_of(kind)),
        -1 if bad is None else SEVERITIES.index(severity_of(bad)),
    )


def mistake_report(
    found: Findings,
    agreement: dict[str, Agreement | None],
    level: float = 0.95,
    *,
    min_models: int | None = None,
    name: str = "major",
) -> MistakeReport:
    """Report on what a review found.

    Parameters
    ----------
    found : Findings
    agreement : dict of str to Agreement or None
        As from ``MistakeReview.agreement``.
    level : float
    min_models, name
        Of the regression set; see ``Findings.major_slice``.

    Returns
    -------
    MistakeReport
    """
    made, remaining = found.mistakes, found.remaining()
    some = len(made.names) and (found.severity == _MAJOR).any()
    chosen = found.major_slice(min_models=min_models, name=name) if some else None
    scored = {} if chosen is None else _slice_scores(found, chosen)
    accuracy = found.accuracy()
    models = {}
    for m, name in enumerate(made.names):
        mine = made.made[:, m]
        before, after = accuracy[name]
        models[name] = {
            "apparent": int(mine.sum()),
            "remaining": int((mine & remaining).sum()),
            **_counted(found, mine & remaining),
            "accuracy_before": before,
            "accuracy_after": after,
            "slice": scored.get(name),
        }
    facts = _facts(found, agreement, level) | {"n_major_rows": 0 if chosen is None else len(chosen.rows)}
    pairs = _confused(found, remaining)
    report = MistakeReport(
        "What is left of the mistakes",
        facts=facts,
        models=models,
        pairs=pairs,
        regression_set=chosen,
        kinds={**_counted(found, remaining), "n": int(remaining.sum()), "level": level},
        findings=found,
    )
    return replace(report, sections=sections_of(report))


def _slice_scores(found: Findings, chosen: RegressionSet) -> dict[str, dict[str, Any]]:
    rows = np.array(chosen.rows, dtype=np.int64)
    accepted = found.label_sets().accepted(found.collapsed)[rows]
    scored = {}
    for name, codes in zip(found.mistakes.names, found.codes[:, rows], strict=True):
        hits = accepted[np.arange(len(rows)), np.maximum(codes, 0)] & (codes >= 0)
        share = float(hits.mean()) if len(rows) else float("nan")
        scored[name] = {"accuracy": share, "n_right": int(hits.sum()), "n": len(rows), "builder": True}
    return scored


def _counted(found: Findings, chosen: BoolArray) -> dict[str, Any]:
    """Counts of mistakes by category, by severity and by both; "" where nothing was said."""
    kinds, bad = (*CATEGORIES, ""), (*SEVERITIES, "")
    table = {(a, b): 0 for a in kinds for b in bad}
    for kind, severity in zip(found.category[chosen].tolist(), found.severity[chosen].tolist(), strict=True):
        table[kinds[kind], bad[severity]] += 1
    return {
        "categories": {a: sum(table[a, b] for b in bad) for a in kinds},
        "severities": {b: sum(table[a, b] for a in kinds) for b in bad},
        "table": table,
    }


def _facts(found: Findings, agreement: dict[str, Agreement | None], level: float) -> dict[str, Any]:
    made = found.mistakes
    wrong = np.zeros((found.sets.n, len(made.names)), dtype=bool)
    np.logical_or.at(wrong, made.rows, made.made)
    verdicts = {name: int((found.verdict == code).sum()) for code, name in enumerate(VERDICTS)}
    harmless = verdicts["correct"] + verdicts["unclear"]
    n = harmless + verdicts["wrong"]
    low, high = exact_interval(harmless, n, level)
    return {
        "n_mistakes": len(made),
        "n_rows": made.n_rows,
        "n_sum": made.n_sum,
        "n_shared_rows": int(wrong.all(axis=1).sum()) if made.names else 0,
        "n_same": int(made.made.all(axis=1).sum()) if made.names else 0,
        "verdicts": verdicts | {"open": int((found.verdict < 0).sum())},
        "n_disputed": int(found.disputed.sum()),
        "non_mistakes": Estimate(harmless / n, low, high, level, measured=True) if n else None,
        "set_size": (found.sets.mean_size, found.label_sets().mean_size),
        "agreement": agreement,
    }


def _confused(found: Findings, remaining: BoolArray) -> list[tuple[Any, Any, int]]:
    k = max(len(found.sets.classes), 1)
    made: IntArray = found.mistakes.rows[remaining]
    keys = found.sets.original[made] * k + found.mistakes.predictions[remaining]
    pairs, counts = np.unique(keys, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:_MOST_PAIRS]
    classes = found.sets.classes
    return [(classes[pairs[at] // k], classes[pairs[at] % k], int(counts[at])) for at in order.tolist()]

"""Experts, crowd and judges side by side: how far they agree, how good they are, what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from labelscope.data.arguments import check_counts, check_numbers, check_rows, check_seed
from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.evidence.agreement.answers import as_objects, read
from labelscope.reports.labels_against import decimal, f1_estimate, percent, share_estimate, weighted_f1
from labelscope.reports.report import Report, Section, Table
from labelscope.review.agreement import Agreement, fleiss_kappa, krippendorff_alpha, percent_agreement
from labelscope.review.session import Session
from labelscope.types import Array, Estimate, FloatArray, IntArray

SOURCES = ("experts", "crowd", "judges")
_RULES = {"majority": "most answers, ties left open", "strict": "all answers the same", "single": "one rater"}


@dataclass(frozen=True)
class RuleQuality:
    """Labels of a source by one rule.

    Attributes
    ----------
    rule : {"majority", "strict", "single"}
    labels : (n,) int64
        Codes into ``AnnotationQuality.values``; -1 where the rule leaves the item open.
    n_measured : int
        Items with a label and a reference.
    coverage : float
        Share of all items that get a label.
    accuracy, f1 : Estimate or None
        Against the reference; F1 is weighted by class. None where nothing can be measured.
    right_of_all : Estimate or None
        Share of all items with a reference that get the right label: an item that is left open is not right.
    cost_per_right : float or None
        Cost of the whole source over the items that it gets right.
    """

    rule: str
    labels: IntArray
    n_measured: int
    coverage: float
    accuracy: Estimate | None
    f1: Estimate | None
    right_of_all: Estimate | None
    cost_per_right: float | None


@dataclass(frozen=True)
class SourceQuality:
    """One source of labels.

    Attributes
    ----------
    name : str
    n_raters, n_answers, n_missing : int
        Raters, their answers, and answers that are not there, abstentions for instance.
    kappa, alpha, agreement : Agreement
        Fleiss' kappa, Krippendorff's alpha (nominal), and agreement with chance left in.
    rules : dict of str to RuleQuality
    cost, cost_per_item : float or None
        Of all answers; None where no price is known.
    """

    name: str
    n_raters: int
    n_answers: int
    n_missing: int
    kappa: Agreement
    alpha: Agreement
    agreement: Agreement
    rules: dict[str, RuleQuality]
    cost: float | None
    cost_per_item: float | None

    @property
    def main(self) -> RuleQuality:
        """The rule that a source is compared by: majority, or its one rater."""
        return self.rules.get("majority") or self.rules["single"]


@dataclass(frozen=True, repr=False)
class AnnotationQuality(Report):
    """The report, with its numbers.

    Attributes
    ----------
    sources : dict of str to SourceQuality
    values : (K,) array
        Label values that codes stand for.
    reference : {"truth", "experts", "none"}
        What quality is measured against.
    pairwise_f1 : (S, S) float64
        Weighted F1 of the column's labels with the row's as truth; NaN where there is no common item.
    """

    sources: dict[str, SourceQuality] = field(default_factory=dict)
    values: Array = field(default_factory=lambda: np.zeros(0, dtype=object))
    reference: str = "none"
    pairwise_f1: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))


def annotation_quality(
    experts: Any = None,
    crowd: Any = None,
    judges: Any = None,
    truth: Any = None,
    *,
    costs: Mapping[str, float] | None = None,
    missing: Any = -1,
    level: float = 0.95,
    n_bootstrap: int = 500,
    random_state: int = 0,
) -> AnnotationQuality:
    """Compare sources of labels.

    Parameters
    ----------
    experts, crowd, judges : (n, raters) or (n,) arrays, optional
        Answers to the same items, at least one source. None, NaN and ``missing`` are no answer, and are
        counted as such.
    truth : (n,) labels, optional
        Where there is none, quality is measured against the majority of the experts, and theirs is not
        measured at all.
    costs : mapping, optional
        Cost of one answer by source, such as ``{"experts": 1.5, "judges": 0.002}``; 0 is a cost.
    missing : object
        Value that stands for no answer; None where -1 is a label.
    level : float
        Coverage of the intervals.
    n_bootstrap, random_state : int
        Resamples of F1, and their seed.

    Returns
    -------
    AnnotationQuality
        A report.

    Raises
    ------
    InvalidInputError
        No source, unequal lengths, unknown sources of costs, negative costs, labels of several types.

    Notes
    -----
    After the comparison of annotation sources in Nahum et al., Are LLMs better than reported?, 2024. Sources
    that took part in making the truth look better than they are.

    Examples
    --------
    >>> found = annotation_quality(experts=[["a", "a"], ["b", "b"]], judges=["a", "a"], costs={"judges": 0.1})
    >>> found.reference, found.sources["judges"].main.accuracy.value, found.sources["judges"].cost_per_item
    ('experts', 0.5, 0.1)
    """
    check_numbers(level=level)
    check_counts(1, n_bootstrap=n_bootstrap)
    check_seed(random_state)
    if missing is not None and np.ndim(missing):
        raise InvalidTypeError(f"missing is {missing!r:.60}.", "Pass the value that stands for no answer.")
    given = {
        name: one for name, one in zip(SOURCES, (experts, crowd, judges), strict=True) if one is not None
    }
    columns, n = _columns(given)
    prices = _prices(costs, given)
    codes, values, true = _coded(columns, truth, n, missing)
    kind = "truth" if truth is not None else "experts" if "experts" in codes else "none"
    labels = {name: _labels(answers) for name, answers in codes.items()}
    if kind == "experts":
        true = labels["experts"].get("majority", labels["experts"].get("single"))
    settings = level, n_bootstrap, random_state
    sources = {}
    for name, answers in codes.items():
        own = None if kind == "experts" and name == "experts" else true
        sources[name] = _source(name, answers, labels[name], own, prices.get(name), settings)
    f1 = _pairwise([one.main.labels for one in sources.values()])
    report = AnnotationQuality(
        "Quality of annotation", (), sources=sources, values=values, reference=kind, pairwise_f1=f1
    )
    return AnnotationQuality(
        report.title, _sections(report, n), sources=sources, values=values, reference=kind, pairwise_f1=f1
    )


def _columns(given: dict[str, Any]) -> tuple[dict[str, Array], int]:
    if not given:
        raise InvalidInputError("No answers are given.", "Pass experts=, crowd= or judges=.")
    columns: dict[str, Array] = {}
    for name, one in given.items():
        _check_answers(name, one)
        rows = one.to_numpy() if hasattr(one, "to_numpy") else one
        flat = np.ndim(rows) == 1 if isinstance(rows, np.ndarray) else not _nested(rows)
        listed = [[v] for v in rows] if flat else list(rows)
        for place, row in enumerate(listed):
            if not _nested([row]) or len(row) != len(listed[0]):
                raise InvalidInputError(
                    f"{name}[{place}] has not as many answers as {name}[0]: no shape (items, raters).",
                    "Pass one answer per rater, and None where there is none.",
                )
        matrix = np.array([as_objects(row) for row in listed], dtype=object)
        if matrix.ndim != 2 or matrix.shape[1] == 0:
            raise InvalidInputError(
                f"{name} has the shape {matrix.shape}.", "Pass (items, raters), or one answer per item."
            )
        columns[name] = matrix
    sizes = {name: len(one) for name, one in columns.items()}
    first = next(iter(sizes))
    for name, size in sizes.items():
        if size != sizes[first]:
            raise InvalidInputError.wrong_length(name, size, sizes[first], first)
    return columns, sizes[first]


def _check_answers(name: str, given: Any) -> None:
    if isinstance(given, Session):
        raise InvalidTypeError(
            f"{name} is a Session, but the answers of raters are needed.",
            "Pass the answers (items, raters). reports.effort(session) says how far reviewers agree.",
        )
    check_rows(name, given)


def _nested(rows: Any) -> bool:
    return len(rows) > 0 and hasattr(rows[0], "__len__") and not isinstance(rows[0], str | bytes)


def _prices(costs: Mapping[str, float] | None, given: dict[str, Any]) -> dict[str, float]:
    prices = {}
    if costs is not None and not isinstance(costs, Mapping):
        raise InvalidTypeError(f"costs is {costs!r:.60}.", 'Pass costs by source: {"judges": 0.002}.')
    for name, price in (costs or {}).items():
        if name not in given:
            raise InvalidInputError.unknown("source of answers in costs", name, given)
        number = isinstance(price, int | float | np.integer | np.floating) and not isinstance(price, bool)
        if not number or not float(price) >= 0:
            raise InvalidInputError(
                f"The cost of {name} is {price!r:.60}.", "Pass the cost of one answer, 0 or more."
            )
        prices[name] = float(price)
    return prices


def _coded(
    columns: dict[str, Array], truth: Any, n: int, missing: Any
) -> tuple[dict[str, IntArray], Array, IntArray | None]:
    """Read all answers as codes into the same values."""
    parts = list(columns.values())
    if truth is not None:
        _check_answers("truth", truth)
        held = as_objects(truth.to_numpy() if hasattr(truth, "to_numpy") else truth)
        if len(held) != n:
            raise InvalidInputError.wrong_length("truth", len(held), n, "the answers")
        parts.append(held[:, None])
    every = read(np.hstack(parts), missing)
    ends = np.cumsum([part.shape[1] for part in parts])[:-1]
    pieces = np.split(every.codes, ends, axis=1)
    codes = dict(zip(columns, pieces, strict=False))
    return codes, every.values, None if truth is None else pieces[-1][:, 0]


def _labels(answers: IntArray) -> dict[str, IntArray]:
    """Labels of a source by each rule."""
    if answers.shape[1] == 1:
        return {"single": answers[:, 0]}
    k = int(answers.max(initial=0)) + 1
    rows, raters = np.nonzero(answers >= 0)
    votes = np.bincount(rows * k + answers[rows, raters], minlength=len(answers) * k).reshape(-1, k)
    top, many = votes.max(axis=1), votes.sum(axis=1)
    alone = (votes == top[:, None]).sum(axis=1) == 1
    best = votes.argmax(axis=1)
    return {
        "majority": np.where((many > 0) & alone, best, -1),
        "strict": np.where((many > 1) & (top == many), best, -1),
    }


def _source(
    name: str,
    answers: IntArray,
    labels: dict[str, IntArray],
    true: IntArray | None,
    price: float | None,
    settings: tuple[float, int, int],
) -> SourceQuality:
    level, n_bootstrap, random_state = settings
    n_answers = int((answers >= 0).sum())
    cost = None if price is None else price * n_answers
    rules = {rule: _rule(rule, one, true, cost, settings) for rule, one in labels.items()}
    return SourceQuality(
        name,
        answers.shape[1],
        n_answers,
        answers.size - n_answers,
        fleiss_kappa(answers, level=level),
        krippendorff_alpha(answers, level=level, n_bootstrap=n_bootstrap, random_state=random_state),
        percent_agreement(answers, level=level),
        rules,
        cost,
        None if cost is None or not len(answers) else cost / len(answers),
    )


def _rule(
    rule: str,
    labels: IntArray,
    true: IntArray | None,
    cost: float | None,
    settings: tuple[float, int, int],
) -> RuleQuality:
    level, n_bootstrap, random_state = settings
    coverage = float((labels >= 0).mean()) if len(labels) else 0.0
    if true is None:
        return RuleQuality(rule, labels, 0, coverage, None, None, None, None)
    known = true >= 0
    both = known & (labels >= 0)
    right = int((labels[both] == true[both]).sum())
    f1 = f1_estimate(
        true[both], labels[both], level=level, n_bootstrap=n_bootstrap, random_state=random_state
    )
    accuracy = share_estimate(right, int(both.sum()), level)
    of_all = share_estimate(right, int(known.sum()), level)
    per_right = cost / right if cost is not None and right else None
    return RuleQuality(rule, labels, int(both.sum()), coverage, accuracy, f1, of_all, per_right)


def _pairwise(labels: list[IntArray]) -> FloatArray:
    made = np.full((len(labels), len(labels)), np.nan)
    for row, true in enumerate(labels):
        for column, said in enumerate(labels):
            both = (true >= 0) & (said >= 0)
            made[row, column] = weighted_f1(true[both], said[both])
    return made


_AGAINST = {
    "truth": "Quality is measured against the truth that was given.",
    "experts": "There is no truth: quality is measured against the majority of the experts, and theirs is not"
    " measured.",
    "none": "There is neither truth nor experts: quality is not measured, only agreement and cost.",
}


def _sections(report: AnnotationQuality, n: int) -> tuple[Section, ...]:
    sources = report.sources.values()
    agreement = Table(
        ("source", "raters", "answers", "missing", "Fleiss' kappa", "Krippendorff's alpha", "agreement"),
        tuple(
            (one.name, one.n_raters, one.n_answers, one.n_missing, *map(_beyond_chance, _measures(one)))
            for one in sources
        ),
    )
    quality = Table(
        ("source", "rule", "labels for (share)", "measured on", "accuracy", "weighted F1", "right of all"),
        tuple((one.name, *_rule_cells(rule)) for one in sources for rule in one.rules.values()),
        "; ".join(f"{name}: {what}" for name, what in _RULES.items()),
    )
    cost = Table(
        ("source", "cost", "per item", "per right label"),
        tuple((one.name, one.cost, one.cost_per_item, one.main.cost_per_right) for one in sources),
        "Measured from the costs that were given; – where a cost is not known.",
    )
    between = Table(
        ("as truth", *report.sources),
        tuple(
            (name, *(None if np.isnan(value) else float(value) for value in row))
            for name, row in zip(report.sources, report.pairwise_f1, strict=True)
        ),
        "Weighted F1 of one source with another one taken for the truth.",
    )
    figures = (("items", f"{n:,}"), *((one.name, f"{one.n_raters:,}") for one in sources))
    return (
        Section("Overview", (_AGAINST[report.reference],), figures),
        Section("Agreement", tables=(agreement,)),
        Section("Quality", tables=(quality, between) if len(report.sources) > 1 else (quality,)),
        Section("Cost", tables=(cost,)),
    )


def _measures(source: SourceQuality) -> tuple[Agreement, ...]:
    return source.kappa, source.alpha, source.agreement


def _beyond_chance(found: Agreement) -> str:
    return decimal(found.estimate()) if found.defined else found.note


def _rule_cells(one: RuleQuality) -> tuple[Any, ...]:
    said = percent(one.accuracy), decimal(one.f1), percent(one.right_of_all)
    return (one.rule, one.coverage, one.n_measured, *said)

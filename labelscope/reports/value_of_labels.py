"""What labels are worth under imbalance: regimes side by side, and whether the unlabelled rows help."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from labelscope.auditing.audit import Audit
from labelscope.errors import InvalidInputError, InvalidTypeError, TaskError
from labelscope.evidence.imbalance import Setting
from labelscope.evidence.pool_relevance import RELEVANT_ENOUGH, trusted_weight
from labelscope.evidence.self_training import OutOfFold, out_of_fold
from labelscope.reports.report import Report, Section, Table
from labelscope.review.current_evidence import current_evidence
from labelscope.review.session import Session
from labelscope.scorers.confident.imbalance_aware import (
    ImbalanceAware,
    imbalance_of,
    tail_classes,
    warn_of_pool,
)
from labelscope.scorers.inputs import Inputs, labels_of
from labelscope.types import Array, BoolArray, Evidence, FloatArray

#: Name of each regime: whether it balances, uses the pool, and uses the kernel representation.
REGIMES = {
    "plain": (False, False, False),
    "pool": (False, True, False),
    "balanced": (True, False, False),
    "balanced + pool": (True, True, False),
    "kernel": (True, False, True),
    "kernel + pool": (True, True, True),
}
# A regime must be better by so much to be recommended over a simpler one.
_WORTH = 0.005
# So many times as imbalanced as the labels is worth a warning; the pool's classes are guesses.
_CLEARLY = 1.5


@dataclass(frozen=True)
class RegimeScore:
    """One regime's view of the rows.

    Attributes
    ----------
    suspicion : (n,) float32
        1 minus the out-of-fold probability of the label; 0 for unlabelled rows.
    suggested : (n,) labels
        Pseudo-labels for unlabelled rows.
    flagged : (n,) bool
    figures : dict
        ``balanced_accuracy``, ``tail_recall``, ``tail_false_alarms`` and ``flag_rate``, shares from 0 to 1;
        None where there is nothing to measure them on.
    """

    suspicion: FloatArray
    suggested: Array
    flagged: BoolArray
    figures: dict[str, float | None]


@dataclass(frozen=True, repr=False)
class ValueOfLabels(Report):
    """The report, with what a picture of it needs.

    Attributes
    ----------
    regimes : dict of str to RegimeScore
    recommended : str
        Name of a regime.
    omega : float
        Weight that the pool got; 0 where it was refused.
    relevance : float
        Estimated share of the pool that belongs to labelled classes; NaN without a pool.
    imbalance, pool_imbalance : float
        Largest class over the smallest; the pool's by pseudo-labels.
    pool : (n,) bool
    tail : (n,) bool
        Rows with a label of a small class.
    measured_on : {"verified", "given"}
        Whose labels the figures are measured against.
    """

    regimes: dict[str, RegimeScore] = field(default_factory=dict)
    recommended: str = "plain"
    omega: float = 0.0
    relevance: float = float("nan")
    imbalance: float = 1.0
    pool_imbalance: float = 1.0
    pool: BoolArray = field(default_factory=lambda: np.zeros(0, dtype=bool))
    tail: BoolArray = field(default_factory=lambda: np.zeros(0, dtype=bool))
    measured_on: str = "given"

    def changes(self, before: str = "plain", after: str | None = None) -> Array:
        """Return the rows that are flagged under one regime and not under the other.

        Parameters
        ----------
        before, after : str
            Names of regimes; ``after`` is the recommended one by default.

        Returns
        -------
        (m,) int64
        """
        names = before, self.recommended if after is None else after
        for name in names:
            if name not in self.regimes:
                raise InvalidInputError.unknown("regime", name, self.regimes)
        return np.flatnonzero(self.regimes[names[0]].flagged != self.regimes[names[1]].flagged)


def value_of_labels(
    source: Audit | Session | Evidence | None = None,
    *,
    given_labels: Any = None,
    features: Any = None,
    verified: Any = None,
    scorer: ImbalanceAware | None = None,
) -> ValueOfLabels:
    """Compare plain, balanced and self-trained heads on labels that are unequally many.

    Parameters
    ----------
    source : Audit, Session or Evidence, optional
        A session adds what people decided: its labels as they are now, and rows out of scope.
    given_labels, features, verified : (n,), (n, d), (n,) arrays
        Instead of a source. Unlabelled rows are the pool; verified ones are what regimes are measured on.
    scorer : ImbalanceAware, optional
        Settings of the heads.

    Returns
    -------
    ValueOfLabels
        A report. The pool is refused, or its weight lowered, where part of it seems to belong to no labelled
        class: below 60 % relevant rows it can hurt, and so it can where it is more imbalanced than the
        labels.

    Raises
    ------
    InvalidTypeError
        ``source`` is none of these.
    TaskError
        Labels are sets of tags or numbers.
    InvalidInputError
        Fewer than two labelled classes, or arrays that do not fit.
    MissingEvidenceError
        No labels or no features.

    Notes
    -----
    ``tail_false_alarms`` is the share of rows with a label of a small class that are flagged although the
    label is right: of verified rows where five or more of the tail are verified, else of all of them, which
    counts found mistakes in. Yang, Xu: Rethinking the value of labels for improving class-imbalanced
    learning, NeurIPS 2020.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat([0, 1], [90, 10])
    >>> X = rng.normal(size=(100, 2)) + 2 * y[:, None]
    >>> found = value_of_labels(given_labels=y, features=X)
    >>> sorted(found.regimes)[:2], found.omega
    (['balanced', 'kernel'], 0.0)
    """
    evidence = _evidence(source, given_labels, features, verified)
    if scorer is not None and not isinstance(scorer, ImbalanceAware):
        raise InvalidTypeError(f"scorer is {scorer!r:.60}.", "Pass a scorers.ImbalanceAware(), or None.")
    chosen = replace(scorer or ImbalanceAware(), representation="auto")
    inputs, found = chosen.setting(evidence)
    if found is None:
        raise InvalidInputError(
            "Fewer than two classes have labelled rows, so there is nothing to compare.",
            "Label some rows of two or more classes first.",
        )
    omega = trusted_weight(chosen.omega, found.relevance) if len(found.pool) else 0.0
    if len(found.pool):
        warn_of_pool(found, omega)
    judged, basis = _measured(evidence, inputs, found)
    regimes, probs = _scored(chosen, inputs, found, omega, judged)
    counts = np.bincount(found.codes[found.codes >= 0], minlength=inputs.n_classes)
    head = probs.get("balanced + pool", probs["balanced"]).argmax(axis=1)
    pooled = np.bincount(head[found.pool], minlength=inputs.n_classes)
    is_tail = tail_classes(counts)
    report = ValueOfLabels(
        "Value of labels under imbalance",
        (),
        regimes=regimes,
        recommended=_recommended(regimes),
        omega=omega,
        relevance=found.relevance,
        imbalance=imbalance_of(counts),
        pool_imbalance=imbalance_of(pooled),
        pool=np.isin(np.arange(inputs.n), found.pool),
        tail=np.asarray((found.codes >= 0) & is_tail[np.maximum(found.codes, 0)]),
        measured_on=basis,
    )
    return replace(report, sections=_sections(report, inputs, counts, pooled, is_tail))


def _evidence(source: Any, given_labels: Any, features: Any, verified: Any) -> Evidence:
    if source is None:
        return Evidence(given_labels=given_labels, features=features, verified=verified)
    if given_labels is not None or features is not None or verified is not None:
        raise InvalidTypeError("Both a source and arrays are given.", "Pass one or the other.")
    if isinstance(source, Audit | Session):
        _check_classes(source if isinstance(source, Audit) else source.audit)
    if isinstance(source, Session):
        return current_evidence(source)
    if isinstance(source, Audit):
        return source.evidence.including(given_labels=source.given_codes, classes=source.classes)
    if isinstance(source, Evidence):
        return source
    raise InvalidTypeError(
        f"This report is about an Audit, a Session or Evidence, but this is a {type(source).__name__}.",
        "Write reports.value_of_labels(ls.audit(data, labels)), or pass given_labels= and features=.",
    )


def _check_classes(audit: Audit) -> None:
    labels = audit.dataset.labels
    if labels.is_open:
        raise TaskError(
            f"The value of labels is that of classes, but the task is {labels.task}.",
            "Take one tag at a time: pass given_labels= (1 where a row has it, else 0) and features=.",
        )


def _measured(evidence: Evidence, inputs: Inputs, found: Setting) -> tuple[BoolArray, str]:
    """Rows whose labels are taken for the truth."""
    labelled = np.asarray(found.codes >= 0)
    if evidence.get("verified") is None:
        return labelled, "given"
    mask = np.asarray(evidence["verified"])
    if mask.shape != (inputs.n,):
        raise InvalidInputError(f"verified has the shape {mask.shape}.", f"Pass ({inputs.n},) bool.")
    sure = labelled & mask.astype(bool)
    counts = np.bincount(found.codes[labelled], minlength=inputs.n_classes)
    enough = tail_classes(counts)[np.maximum(found.codes, 0)] & sure
    many = enough.sum() >= 5 or (not tail_classes(counts).any() and sure.sum() >= 20)
    return (sure, "verified") if many else (labelled, "given")


def _scored(
    scorer: ImbalanceAware, inputs: Inputs, found: Setting, omega: float, judged: BoolArray
) -> tuple[dict[str, RegimeScore], dict[str, FloatArray]]:
    regimes, probs = {}, {}
    for name, (balanced, pool, kernel) in REGIMES.items():
        if (pool and not len(found.pool)) or (kernel and len(found.spaces) < 2):
            continue
        space = found.spaces[-1:] if kernel else found.spaces[:1]
        regime = scorer.regime(omega if pool else 0.0, balanced=balanced)
        made = out_of_fold(space, found.codes, found.folds, found.pool, inputs.n_classes, regime)
        regimes[name], probs[name] = _one(inputs, found, made, judged), made.pred_probs
    return regimes, probs


def _one(inputs: Inputs, found: Setting, made: OutOfFold, judged: BoolArray) -> RegimeScore:
    rows, labelled = np.arange(inputs.n), found.codes >= 0
    given, best = np.maximum(found.codes, 0), made.pred_probs.argmax(axis=1)
    doubt = np.where(made.unseen, 0.5, 1.0 - made.pred_probs[rows, given])
    flagged = np.asarray(labelled & ~made.unseen & (best != given))
    counts = np.bincount(found.codes[labelled], minlength=inputs.n_classes)
    is_tail, recalls = tail_classes(counts), np.full(inputs.n_classes, np.nan)
    for code in np.unique(found.codes[judged]).tolist():
        recalls[code] = (best[judged & (found.codes == code)] == code).mean()
    tail = judged & is_tail[given]
    return RegimeScore(
        np.where(labelled, np.clip(doubt, 0, 1), 0).astype(np.float32),
        labels_of(best, inputs.classes),
        flagged,
        {
            "balanced_accuracy": _mean(recalls[np.isfinite(recalls)]),
            "tail_recall": _mean(recalls[is_tail & np.isfinite(recalls)]),
            "tail_false_alarms": _mean(flagged[tail]),
            "flag_rate": _mean(flagged[labelled]),
        },
    )


def _mean(values: Array) -> float | None:
    return float(np.mean(values)) if len(values) else None


def _recommended(regimes: dict[str, RegimeScore]) -> str:
    """The first regime that none of the later, costlier ones clearly beats."""
    best, reached = "plain", regimes["plain"].figures["balanced_accuracy"] or 0.0
    for name, one in regimes.items():
        value = one.figures["balanced_accuracy"] or 0.0
        if value > reached + _WORTH:
            best, reached = name, value
    return best


def _sections(
    report: ValueOfLabels, inputs: Inputs, counts: Array, pooled: Array, is_tail: BoolArray
) -> tuple[Section, ...]:
    names = ("balanced_accuracy", "tail_recall", "tail_false_alarms", "flag_rate")
    header = (
        "regime",
        "balanced accuracy (share)",
        "tail recall (share)",
        "tail false alarm rate",
        "flag rate",
    )
    rows = tuple((name, *(one.figures[key] for key in names)) for name, one in report.regimes.items())
    against = "verified labels" if report.measured_on == "verified" else "the given labels, mistakes included"
    said = [f"Recommended: {report.recommended}. Figures are out of sample, against {against}."]
    compared = Section("Regimes", tuple(said), tables=(Table(header, rows),))
    classes = tuple(
        (str(value), int(counts[code]), int(pooled[code]), bool(is_tail[code]))
        for code, value in enumerate(np.asarray(inputs.classes).tolist())
    )
    table = Table(("class", "labelled", "in the pool, by pseudo-labels", "tail"), classes)
    return (compared, _pool_section(report), Section("Classes", tables=(table,)))


def _pool_section(report: ValueOfLabels) -> Section:
    n = int(report.pool.sum())
    if not n:
        return Section(
            "Unlabelled rows", ("There are no unlabelled rows in scope, so no pool to learn from.",)
        )
    figures = [("unlabelled rows", f"{n:,}"), ("weight", f"{report.omega:.2f}")]
    said = []
    if np.isfinite(report.relevance):
        figures.insert(1, ("relevant, estimated", f"{100 * report.relevance:.0f} %"))
    if report.relevance < RELEVANT_ENOUGH:
        done = "refused" if report.omega == 0 else f"given a weight of {report.omega:.2f}"
        said.append(
            f"Warning: under {100 * RELEVANT_ENOUGH:.0f} % of the unlabelled rows seem to belong to a"
            f" labelled class, so the pool is {done}."
        )
    if report.pool_imbalance > _CLEARLY * report.imbalance:
        said.append(
            f"Warning: the pool is more imbalanced ({report.pool_imbalance:.0f} to 1, by pseudo-labels) than"
            f" the labels ({report.imbalance:.0f} to 1), where it can hurt."
        )
    return Section("Unlabelled rows", tuple(said or ["The pool fits the labelled classes."]), tuple(figures))

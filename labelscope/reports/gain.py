"""What a review is worth: the same probe on given, cleaned and dropped labels, on rows verified blind."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from labelscope.errors import (
    InvalidInputError,
    InvalidTypeError,
    LabelscopeWarning,
    MissingEvidenceError,
    TaskError,
    notify,
)
from labelscope.evidence import check_features
from labelscope.evidence.folds import matrix_keys
from labelscope.evidence.given import group_codes
from labelscope.evidence.pred_probs import PredictedProbabilities
from labelscope.reports.report import Report, Section, Table
from labelscope.review.blind import BlindSample, blind_sample
from labelscope.review.learning import wrong_rows
from labelscope.review.session import Session
from labelscope.review.state import EXCLUDED
from labelscope.types import BoolArray, Estimate, Evidence, FloatArray, IntArray

#: What is trained on. "dropped" leaves rows out whose given label was called wrong.
VARIANTS = ("given", "cleaned", "dropped")
LEAST_ROWS = 30
_OUTCOMES = {1: "gain", 0: "no difference shown", -1: "loss"}


@dataclass(frozen=True, repr=False)
class GainReport(Report):
    """The report, with its numbers.

    Attributes
    ----------
    measured : bool
        False where fewer than 30 rows were drawn uniformly and verified blind; then there are no numbers.
    accuracy : dict of str to Estimate
        Of the probe trained on ``"given"``, ``"cleaned"`` and ``"dropped"`` labels; measured.
    gains : dict of str to Estimate
        Accuracy of ``"cleaned"`` and of ``"dropped"`` less that of ``"given"``; measured, paired.
    outcome : str
        Of ``"cleaned"``: ``"gain"``, ``"loss"``, ``"no difference shown"`` or ``"not measured"``.
    n_verified, n_open : int
        Rows of the sample verified blind, and others, which count at their worst.
    basis : str
        Where the sample comes from, see `review.blind.BlindSample`.
    rows_to_verify : (q,) int64
        Rows to verify blind next.
    """

    measured: bool = False
    accuracy: dict[str, Estimate] = field(default_factory=dict)
    gains: dict[str, Estimate] = field(default_factory=dict)
    outcome: str = "not measured"
    n_verified: int = 0
    n_open: int = 0
    basis: str = "none"
    rows_to_verify: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


def gain(
    session: Session,
    model: Any = None,
    *,
    verified: Mapping[Any, Any] | None = None,
    n_bootstrap: int = 2000,
    level: float = 0.95,
    random_state: int = 0,
) -> GainReport:
    """Measure what the review is worth for a model that is trained on the labels.

    Parameters
    ----------
    session : Session
        Of classes.
    model : scikit-learn estimator, optional
        Trained afresh on each kind of labels; by default the probe that out-of-sample probabilities come
        from.
    verified : mapping of row to label, optional
        Rows that you drew uniformly from the labelled ones, and their labels, found without the model's
        help. By default the journal says: looks by chance that took over no suggestion, blind votes.
    n_bootstrap : int
        Resamples of the paired bootstrap.
    level : float
        Coverage of the intervals.
    random_state : int

    Returns
    -------
    GainReport
        "Not measured", and what to do about it, where fewer than 30 rows were drawn uniformly and verified
        blind.

    Raises
    ------
    InvalidTypeError
        ``session`` is none.
    TaskError
        Labels are sets of tags or numbers.
    MissingEvidenceError
        No features, by which rows that equal those of the sample are found.
    InvalidInputError
        ``verified``, ``n_bootstrap`` or ``level`` make no sense.

    Notes
    -----
    Agreement with labels that a model helped to change is never looked at: accepting every suggestion raises
    it while the labels get worse. Rows of the sample, and rows equal to them or of the same group, train no
    model. Rows of the sample that nobody verified blind count for nothing where the two models say the same,
    and else at their worst in each end of the interval. Rows of a study are weighed by one over the
    probability with which they were drawn. The interval counts one more row each way than was seen.

    Examples
    --------
    >>> import labelscope as ls
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> session = ls.Session(ls.audit(X, y), journal=None)
    >>> _ = session.accept(range(150))
    >>> gain(session).outcome
    'not measured'
    """
    _check(session, n_bootstrap, level)
    with session.ledger.lock:
        sample = blind_sample(session, verified, least=LEAST_ROWS)
        n_known = int(sample.known.sum())
        name = f"Gain of the review of {session.audit.dataset.name}"
        base = GainReport(
            name,
            n_verified=n_known,
            n_open=len(sample.rows) - n_known,
            basis=sample.basis,
            rows_to_verify=sample.to_verify,
        )
        if n_known < LEAST_ROWS:
            return replace(base, sections=(_not_measured(sample),))
        said = _predictions(session, model, sample, random_state)
    rng = np.random.default_rng(random_state)
    accuracy = {name: _accuracy(said[name], sample, n_bootstrap, level, rng) for name in VARIANTS}
    gains = {
        name: paired_gain(said["given"], said[name], sample, n_bootstrap=n_bootstrap, level=level, rng=rng)
        for name in VARIANTS[1:]
    }
    sign = int(gains["cleaned"].low > 0) - int(gains["cleaned"].high < 0)
    found = replace(base, measured=True, accuracy=accuracy, gains=gains, outcome=_OUTCOMES[sign])
    return replace(found, sections=(_measured(found, sample),))


def paired_gain(
    before: IntArray,
    after: IntArray,
    sample: BlindSample,
    *,
    n_bootstrap: int,
    level: float,
    rng: np.random.Generator,
) -> Estimate:
    """Compare two models' predictions on the same rows.

    Parameters
    ----------
    before, after : (m,) int
        Predicted codes of the sample's rows.
    sample : BlindSample
    n_bootstrap : int
    level : float
    rng : Generator

    Returns
    -------
    Estimate
        Accuracy after less before.
    """
    rows = np.arange(len(sample.rows))
    change = sample.right[rows, after].astype(float) - sample.right[rows, before]
    open_ = ~sample.known & (before != after)
    # Where both say the same there is no difference, whatever is right.
    change[~sample.known] = 0.0
    settled = ~open_
    value = float(np.average(change[settled], weights=sample.weights[settled]))
    worst, best = np.where(open_, -1.0, change), np.where(open_, 1.0, change)
    low = _resampled(worst, sample.weights, n_bootstrap, (1 - level) / 2, rng)
    high = _resampled(best, sample.weights, n_bootstrap, (1 + level) / 2, rng)
    return Estimate(value, min(low, value), max(high, value), level, measured=True)


def _resampled(
    values: FloatArray, weights: FloatArray, n_bootstrap: int, at: float, rng: np.random.Generator
) -> float:
    """Quantile of the weighted mean over resampled rows, with one row more each way than was seen."""
    every = np.concatenate([values, [-1.0, 1.0]])
    weight = np.concatenate([weights, np.full(2, weights.mean())])
    counts = rng.multinomial(len(every), np.full(len(every), 1 / len(every)), size=n_bootstrap)
    share = counts * weight
    return float(np.quantile((share @ every) / share.sum(axis=1), at))


def _accuracy(
    said: IntArray, sample: BlindSample, n_bootstrap: int, level: float, rng: np.random.Generator
) -> Estimate:
    hits = sample.right[np.arange(len(said)), said].astype(float)[sample.known]
    weights = sample.weights[sample.known]
    value = float(np.average(hits, weights=weights))
    ends = [
        _resampled(2 * hits - 1, weights, n_bootstrap, at, rng) / 2 + 0.5
        for at in ((1 - level) / 2, (1 + level) / 2)
    ]
    return Estimate(value, min(ends[0], value), max(ends[1], value), level, measured=True)


def _check(session: Any, n_bootstrap: Any, level: Any) -> None:
    if not isinstance(session, Session):
        raise InvalidTypeError(
            f"A gain is a Session's, but this is a {type(session).__name__}.",
            "Write reports.gain(ls.Session(audit, journal=path)).",
        )
    if session.audit.dataset.labels.is_open:
        raise TaskError(
            f"A gain in accuracy is for classes, but the task is {session.audit.dataset.labels.task}.",
            "Compare models on a test set that was verified by hand.",
        )
    if isinstance(n_bootstrap, bool) or not isinstance(n_bootstrap, int) or n_bootstrap < 100:
        raise InvalidInputError(f"n_bootstrap is {n_bootstrap!r}.", "Pass 100 or more, such as 2000.")
    if not isinstance(level, float) or not 0 < level < 1:
        raise InvalidInputError(f"level is {level!r}.", "Pass a coverage between 0 and 1, such as 0.95.")


def _predictions(session: Session, model: Any, sample: BlindSample, random_state: int) -> dict[str, IntArray]:
    """Train on each kind of labels without the sample's rows, and predict these."""
    evidence, state, dataset = session.audit.evidence, session.state, session.audit.dataset
    if "features" not in evidence:
        raise MissingEvidenceError.of("features", "reports.gain", evidence)
    features = check_features(evidence["features"], session.audit.n)
    out = _held_out(session, features, sample.rows)
    given = np.asarray(state.given, dtype=np.int64)
    scope = np.asarray(state.state == EXCLUDED)
    codes = {
        "given": given,
        "cleaned": np.where(scope, -1, state.current),
        "dropped": np.where(wrong_rows(state), -1, given),
    }
    provider = PredictedProbabilities(model=model)
    found = {}
    for name in VARIANTS:
        known = evidence.including(
            given_labels=np.where(out, -1, codes[name]).astype(np.int64),
            classes=np.arange(len(state.classes)),
        )
        with warnings.catch_warnings():
            # The audit has told of small classes already, and three times would be twice too often.
            warnings.simplefilter("ignore", LabelscopeWarning)
            made = provider.make(dataset, _without(known, "pred_probs"), random_state=random_state)
        found[name] = made.arrays["pred_probs"][sample.rows].argmax(axis=1).astype(np.int64)
    return found


def _without(evidence: Evidence, name: str) -> Evidence:
    return Evidence({key: value for key, value in evidence.items() if key != name})


def _held_out(session: Session, features: FloatArray, rows: IntArray) -> BoolArray:
    """Rows that no model learns from: the sample's, rows equal to one of these, and rows of their groups.

    A uniform sample meets every group where groups are few and large; then nothing would be left to learn
    from, and groups stay.
    """
    keys = matrix_keys(features)
    out = np.isin(keys, keys[rows])
    out[rows] = True
    groups = group_codes(session.audit.dataset, session.audit.evidence, session.audit.n)
    if groups is None:
        return np.asarray(out)
    whole = out | np.isin(groups, groups[rows])
    if (~whole).sum() * 2 >= (~out).sum():
        return np.asarray(whole)
    notify(
        "groups_not_held_out",
        "The rows verified blind lie in nearly all groups: their groups are learned from, too, so that the"
        " gain may look larger than on new groups.",
        "Verify rows of groups of their own, and pass them as verified={row: label}.",
    )
    return np.asarray(out)


def _not_measured(sample: BlindSample) -> Section:
    n = int(sample.known.sum())
    said = [
        f"Not measured: {n:,} rows were drawn uniformly and verified blind, and {LEAST_ROWS} or more are"
        " needed. How well a model agrees with labels that it helped to change says nothing."
    ]
    if sample.n_not_blind:
        said.append(
            f"{sample.n_not_blind:,} looks by chance took over a suggestion, so that they are not blind."
        )
    said.append(
        "To measure it: review in the order of session.queue(), which draws one row in twenty by chance, and"
        " decide about these without accepting a suggestion; or have the rows of rows_to_verify voted on"
        " blind, with reports.ValidationSession(session, blind=True).vote(rows, answers); or pass"
        " verified={row: label}."
    )
    return Section("Gain", tuple(said))


def _measured(report: GainReport, sample: BlindSample) -> Section:
    change = report.gains["cleaned"]
    words = {
        "gain": "The cleaned labels are worth more",
        "loss": "The cleaned labels are worth less",
        "no difference shown": "No difference is shown",
    }
    said = [
        f"{words[report.outcome]}: {_points(change)} of accuracy, measured on {report.n_verified:,} rows that"
        f" were drawn {'with known probabilities' if sample.basis == 'study' else 'uniformly'} and verified"
        " blind, and that trained no model."
    ]
    if report.n_open:
        said.append(f"{report.n_open:,} more rows of the sample are not verified; they count at their worst.")
    if sample.n_not_blind:
        said.append(f"{sample.n_not_blind:,} looks by chance took over a suggestion and are not used.")
    header = (
        "trained on",
        "accuracy (share)",
        "low (share)",
        "high (share)",
        "less that of given, in points",
    )
    rows = tuple(
        (
            name,
            report.accuracy[name].value,
            report.accuracy[name].low,
            report.accuracy[name].high,
            _points(report.gains[name]) if name in report.gains else None,
        )
        for name in VARIANTS
    )
    return Section("Gain", tuple(said), tables=(Table(header, rows, "Measured; paired bootstrap."),))


def _points(found: Estimate) -> str:
    return f"{100 * found.value:+.2f} points ({100 * found.low:+.2f} to {100 * found.high:+.2f})"

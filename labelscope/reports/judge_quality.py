"""What an ensemble of judges is worth: agreement beside confidence, precision by bin, error rate, cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from labelscope.data.arguments import check_numbers
from labelscope.errors import InvalidInputError, InvalidTypeError, MissingEvidenceError
from labelscope.reports.confidence_bins import ConfidenceBin, precision_by_confidence
from labelscope.reports.judge_table import judge_table, people_said
from labelscope.reports.labels_against import percent
from labelscope.reports.report import Report, Section, Table
from labelscope.review.judge_answers import heard
from labelscope.review.judges import judges_in
from labelscope.review.session import Session
from labelscope.scorers.proportions import exact_lower
from labelscope.types import BoolArray, Estimate, Score

_BLIND_SPOTS = (
    "Judges share blind spots: the average of judges that agree among themselves looks surer than it is, and"
    " an error that they all make is never flagged. Read their agreement beside their confidence."
)
_GUIDELINE = (
    "Judges were asked with words of their own: what they call an error may be another definition of the"
    " classes. Without the guideline of the labels this cannot be told apart."
)


@dataclass(frozen=True, repr=False)
class JudgeQuality(Report):
    """The report, with its numbers.

    Attributes
    ----------
    bins : tuple of ConfidenceBin
    error_rate : Estimate or None
        Of the given labels; only from rows drawn by chance of which all that were flagged are reviewed.
    """

    bins: tuple[ConfidenceBin, ...] = field(default_factory=tuple)
    error_rate: Estimate | None = None


def error_rate(n_errors: int, n_sampled: int, *, level: float = 0.95) -> Estimate:
    """Bound the share of wrong labels from a sample drawn by chance.

    Where judges agreed with the given label nobody looked, so that the count is a lower bound: the estimate's
    upper end is 1.

    Parameters
    ----------
    n_errors : int
        Flagged rows of the sample that people found wrong.
    n_sampled : int
        Rows drawn uniformly, flagged or not.
    level : float
        The lower end is below the truth with this probability (Clopper and Pearson, one-sided).

    Raises
    ------
    InvalidInputError
        No rows, or more errors than rows.

    Examples
    --------
    >>> found = error_rate(27, 160)
    >>> round(found.value, 3), round(found.low, 3)
    (0.169, 0.122)
    """
    if n_sampled < 1 or not 0 <= n_errors <= n_sampled:
        raise InvalidInputError(
            f"{n_errors} errors among {n_sampled} rows are given.",
            "Pass counts of a sample of some rows.",
        )
    low = exact_lower(n_errors, n_sampled, 1.0 - level)
    return Estimate(n_errors / n_sampled, low, 1.0, level, measured=True)


def judge_quality(
    score: Score,
    source: Session | None = None,
    *,
    is_error: Any = None,
    verified: Any = None,
    sampled: Any = None,
    level: float = 0.95,
) -> JudgeQuality:
    """Report on judges and on what people made of their flags.

    Parameters
    ----------
    score : Score
        Of ``scorers.JudgeEnsemble()``.
    source : Session, optional
        A review of the same rows: which ones people decided about, and which labels they found wrong. Each
        judge is measured on these; what judges or a teacher wrote themselves does not count.
    is_error, verified : (n,) bool, optional
        The same as arrays, instead of a session.
    sampled : (n,) bool, optional
        Rows drawn by chance before anyone looked. Without it no error rate is given: flags are looked at
        because they are suspicious, and say nothing about the other rows.
    level : float
        Coverage of intervals.

    Returns
    -------
    JudgeQuality
        A report.

    Raises
    ------
    MissingEvidenceError
        A score without votes and confidence.
    InvalidInputError
        Lengths that differ, or flagged rows of the sample without a verdict.

    Examples
    --------
    >>> from labelscope.scorers import JudgeEnsemble
    >>> from labelscope.types import Evidence
    >>> said = np.array([[0, 0], [1, 1], [1, 1]])
    >>> score = JudgeEnsemble().score(Evidence(given_labels=np.array([0, 0, 1]), judgements=said))
    >>> judge_quality(score, is_error=[0, 1, 0], verified=[0, 1, 0]).bins[0].n_errors
    1
    """
    if not isinstance(score, Score):
        raise InvalidTypeError(
            f"score is a {type(score).__name__}.", "Pass the Score that scorers.JudgeEnsemble() made."
        )
    if source is not None and not isinstance(source, Session):
        raise InvalidTypeError(f"source is a {type(source).__name__}.", "Pass the Session of the review.")
    check_numbers(level=level)
    if score.flagged is None or "votes" not in score.details or "confidence" not in score.details:
        raise MissingEvidenceError(
            "A score with flags, votes and confidence is needed.", "Pass that of scorers.JudgeEnsemble()."
        )
    n = len(score.flagged)
    seen, wrong = _verdicts(source, is_error, verified, n)
    flagged, sure = np.asarray(score.flagged, dtype=bool), score.details["confidence"]
    bins = precision_by_confidence(sure, flagged, wrong, verified=seen, level=level)
    rate = None if sampled is None else _rate(np.asarray(sampled), flagged, seen, wrong, level)
    table = _judges(score)
    if source is not None:
        table = judge_table(judges_in(heard(score, source.audit), source.audit), source.state, level)
    sections = (_overview(score, bins, rate, level), _agreement(score), _precision(bins), table, _why(score))
    kept = tuple(one for one in sections if one is not None)
    return JudgeQuality("Judges", kept, bins=bins, error_rate=rate)


def _verdicts(source: Session | None, is_error: Any, verified: Any, n: int) -> tuple[BoolArray, BoolArray]:
    if source is not None:
        state = source.state
        if state.n != n:
            raise InvalidInputError.wrong_length("the session", state.n, n, "the score")
        return people_said(state)
    wrong = np.zeros(n, dtype=bool) if is_error is None else np.asarray(is_error, dtype=bool)
    every = np.full(n, is_error is not None)
    seen = every if verified is None else np.asarray(verified, dtype=bool)
    for name, one in (("is_error", wrong), ("verified", seen)):
        if one.shape != (n,):
            raise InvalidInputError.wrong_length(name, len(one), n, "the score")
    return seen, wrong


def _rate(
    sampled: Any, flagged: BoolArray, seen: BoolArray, wrong: BoolArray, level: float
) -> Estimate | None:
    drawn = np.asarray(sampled, dtype=bool)
    if drawn.shape != flagged.shape:
        raise InvalidInputError.wrong_length("sampled", len(drawn), len(flagged), "the score")
    left = drawn & flagged & ~seen
    if left.any():
        raise InvalidInputError(
            f"{int(left.sum()):,} flagged rows of the sample have no verdict.",
            "Review all flagged rows of the sample first, or pass a smaller sample.",
        )
    return error_rate(int((drawn & seen & wrong).sum()), int(drawn.sum()), level=level)


def _overview(score: Score, bins: tuple[ConfidenceBin, ...], rate: Estimate | None, level: float) -> Section:
    said = [_BLIND_SPOTS]
    about = score.meta.get("judges", [])
    if about and not any(one.get("guideline") for one in about if not one.get("learns")):
        said += [_GUIDELINE] if any(not one.get("learns") for one in about) else []
    if any(one.get("learns") for one in about):
        said.append("Judges that learned from the given labels of other rows repeat systematic mistakes.")
    if rate is None:
        said.append("The share of wrong labels is not measured: no rows were drawn by chance.")
    else:
        said.append(
            f"At least {100 * rate.low:.1f} % of the given labels are wrong ({100 * level:.0f} % confidence;"
            f" {100 * rate.value:.1f} % of the sample)."
        )
    n_votes = score.details["votes"].shape[1]
    figures = (
        ("judges", f"{n_votes:,}"),
        ("flagged", f"{sum(one.n_flagged for one in bins):,}"),
        ("flags reviewed", f"{sum(one.n_reviewed for one in bins):,}"),
        ("rows without an answer", f"{score.meta.get('n_without_answers', 0):,}"),
    )
    return Section("Overview", tuple(said), figures)


def _agreement(score: Score) -> Section:
    rows = [("models", score.meta.get("kappa_models", {}))]
    rows += [(f"prompts of {name}", one) for name, one in score.meta.get("kappa_prompts", {}).items()]
    cells = tuple((name, *map(one.get, ("value", "low", "high", "note"))) for name, one in rows)
    return Section("Agreement", tables=(Table(("over", "Fleiss' kappa", "from", "to", "note"), cells),))


def _precision(bins: tuple[ConfidenceBin, ...]) -> Section:
    rows = tuple(
        (f"{one.low:g} to {one.high:g}", one.n_flagged, one.n_reviewed, one.n_errors, percent(one.precision))
        for one in bins
    )
    header = ("confidence", "flagged", "reviewed", "real errors", "precision")
    return Section("Precision by confidence", tables=(Table(header, rows),) if rows else ())


def _judges(score: Score) -> Section | None:
    rows = tuple(
        (one["name"], one["n_answered"], one["n_abstained"], one.get("cost"), one.get("latency_s"))
        for one in score.meta.get("judges", [])
    )
    header = ("judge", "answered", "abstained", "cost", "seconds")
    return Section("Judges", tables=(Table(header, rows),)) if rows else None


def _why(score: Score) -> Section | None:
    """Where judges were asked, and why they gave no answer."""
    rows = tuple(
        (
            one["name"],
            one.get("host", "this machine"),
            ", ".join(f"{reason} ({n:,})" for reason, n in list(one["reasons"].items())[:3]),
        )
        for one in score.meta.get("judges", [])
    )
    header = ("judge", "asked at", "why it gave no answer")
    return Section("Where they were asked", tables=(Table(header, rows),)) if rows else None

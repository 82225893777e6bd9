"""What people say about flagged labels: outcomes, error rates with intervals, and totals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from labelscope.auditing.audit import Audit
from labelscope.data.arguments import check_choice
from labelscope.errors import InvalidInputError, InvalidTypeError, notify
from labelscope.reports.report import Report, Section, Table
from labelscope.review.agreement import krippendorff_alpha
from labelscope.review.ballots import (
    NON_ERROR,
    OPEN,
    OUTCOMES,
    POLICIES,
    UNSURE,
    Vote,
    answers_table,
    checked_counts,
    count_votes,
    outcomes_of,
    rater_table,
    votes_of,
)
from labelscope.review.corrected import check_classes
from labelscope.review.extrapolating import (
    Checked,
    by_part,
    checked_of,
    error_rate,
    error_total,
    summed,
)
from labelscope.review.session import Session
from labelscope.review.validating import ValidationSession
from labelscope.types import Estimate, IntArray

_SAME_FROM = 20


@dataclass(frozen=True, repr=False)
class Validation(Report):
    """The report, with its numbers.

    Attributes
    ----------
    facts : dict
        ``outcomes`` (rows by outcome, without those of the hidden sample), ``n_voted``, ``n_open``,
        ``n_unsure``, ``n_flagged``, ``n_unflagged``, ``n_hidden``, ``n_raters``; ``error_rate`` and
        ``agreed_error_rate`` of flagged rows, ``flagged_errors``, ``hidden_rate``, ``unflagged_errors``,
        ``total_errors``: Estimate, or None where not measured; ``least_errors``, errors seen; ``n_picked``
        and ``picked_errors``, rows picked by hand; ``agreement``, or None.
    raters : list of dict
        As from `review.ballots.rater_table`.
    """

    facts: dict[str, Any] = field(default_factory=dict)
    raters: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class _Given:
    """Votes, whatever they came as."""

    outcomes: IntArray
    hidden: IntArray
    flagged: Checked
    unflagged: Checked
    picked: Checked
    cast: tuple[Vote, ...]
    n_flagged: int
    n_unflagged: int


def validation(
    source: Session | ValidationSession | Audit | None = None,
    *,
    votes: Any = None,
    hidden_votes: Any = None,
    n_flagged: int | None = None,
    n: int | None = None,
    raters_per_item: int | None = None,
    agree: int | None = None,
    policy: str | None = None,
    study: str = "validation",
    level: float = 0.95,
) -> Validation:
    """Report on what several people said about flagged rows.

    Parameters
    ----------
    source : Session, ValidationSession or Audit, optional
        Whose journal holds the votes; an audit says only how many rows there are and are flagged.
    votes : (m, 4) or (m, 5) int, optional
        Without a journal: for each checked row, drawn uniformly from the flagged ones or all of them, the
        number of votes for given, suggested, both, neither and unsure.
    hidden_votes : (h, 4) or (h, 5) int, optional
        The same for rows drawn uniformly from those that are not flagged.
    n_flagged, n : int, optional
        Rows that are flagged, and labelled rows in all; from the source where there is one.
    raters_per_item : int, optional
        People who were to vote about a row; by default as the study says, else the most who did.
    agree : int, optional
        Votes that an option needs; by default more than half.
    policy : {"majority", "unanimous"}, optional
        By default as the study says, else by majority.
    study : str
        Name of the study in the journal.
    level : float
        Coverage of the intervals.

    Returns
    -------
    Validation

    Raises
    ------
    InvalidInputError
        No votes, counts that are none, or numbers that do not fit.
    InvalidTypeError
        Another source.

    Notes
    -----
    As published, an error is a row whose given label did not get the votes, so that no agreement counts as
    one; ``agreed_error_rate`` counts those alone where people agree on something else. Without a sample of
    unflagged rows the errors found are a lower bound, and no total is given. Northcutt, Athalye, Mueller:
    Pervasive label errors in test sets destabilize machine learning benchmarks, NeurIPS 2021.

    Examples
    --------
    >>> report = validation(votes=[[5, 0, 0, 0], [1, 4, 0, 0], [2, 2, 1, 0], [0, 1, 4, 0]], n_flagged=8)
    >>> report.facts["outcomes"]["no_agreement"], report.facts["error_rate"].value
    (1, 0.75)
    >>> report.facts["total_errors"] is None
    True
    """
    if isinstance(level, bool) or not isinstance(level, float) or not 0 < level < 1:
        raise InvalidInputError(f"level is {level!r}.", "Give a share between 0 and 1, such as 0.95.")
    if policy is not None:
        check_choice("policy", policy, POLICIES)
    policy = policy or (source.policy if isinstance(source, ValidationSession) else "majority")
    rules: dict[str, Any] = {"raters_per_item": raters_per_item, "agree": agree, "policy": policy}
    if votes is not None:
        given = _from_counts(source, votes, hidden_votes, n_flagged, n, rules)
    else:
        if hidden_votes is not None or n_flagged is not None or n is not None:
            raise InvalidInputError(
                "hidden_votes, n_flagged and n go with votes, but there are none.",
                "Pass votes=..., or a session whose journal holds the votes.",
            )
        given = _from_journal(source, study, rules)
    facts = _facts(given, level)
    raters = rater_table(given.cast)
    _warn(given, facts, raters)
    sections = (_overview(facts), _outcomes(given), _total(facts), _people(facts, raters))
    filled = tuple(part for part in sections if part.paragraphs or part.figures or part.tables)
    return Validation("Human validation of flagged labels", filled, facts=facts, raters=raters)


def _from_counts(
    source: Any, votes: Any, hidden: Any, n_flagged: Any, n: Any, rules: dict[str, Any]
) -> _Given:
    counts = checked_counts(votes)
    more = checked_counts(np.zeros((0, 4)) if hidden is None else hidden, "hidden_votes")
    if not len(counts) + len(more):
        raise InvalidInputError("votes is empty.", "Pass one row of counts for each item checked.")
    if source is not None:
        audit = source.session.audit if isinstance(source, ValidationSession) else source
        audit = audit.audit if isinstance(audit, Session) else audit
        if not isinstance(audit, Audit):
            raise InvalidTypeError(f"source is a {type(source).__name__}.", "Pass an Audit or a Session.")
        labeled = np.asarray(audit.given_codes) >= 0
        n_flagged = int((np.asarray(audit.flagged) & labeled).sum()) if n_flagged is None else n_flagged
        n = int(labeled.sum()) if n is None else n
    for name, number in (("n_flagged", n_flagged), ("n", n)):
        if number is not None and (isinstance(number, bool) or not isinstance(number, int | np.integer)):
            raise InvalidTypeError(f"{name} is {number!r}.", "Give a number of rows.")
    if n is not None and n_flagged is not None and n < n_flagged:
        raise InvalidInputError(f"n is {n:,}, but {n_flagged:,} rows are flagged.", "n counts all rows.")
    raters = rules["raters_per_item"] or int(np.vstack([counts, more]).sum(axis=1).max())
    rules = {**rules, "raters_per_item": raters}
    said, extra = outcomes_of(counts, **rules), outcomes_of(more, **rules)
    flagged = int(n_flagged or 0)
    rest = int(n) - flagged if n is not None and n_flagged is not None else 0
    parts = (checked_of(said, flagged), checked_of(extra, rest), Checked(0, 0))
    return _Given(said, extra, *parts, (), flagged, rest)


def _from_journal(source: Any, study: str, rules: dict[str, Any]) -> _Given:
    session = source
    if isinstance(source, ValidationSession):
        session, study = source.session, source.study
        rules = {**rules, "raters_per_item": rules["raters_per_item"] or source.raters_per_item}
        rules["agree"] = rules["agree"] or (source.agree if rules["policy"] == "majority" else None)
    if isinstance(source, Audit) or source is None:
        raise InvalidInputError(
            "An audit holds no votes." if source is not None else "There are no votes.",
            "Pass a Session or a ValidationSession that people voted in, or votes=counts.",
        )
    check_classes(session)
    with session.ledger.lock:
        cast = votes_of(session, study)
    if not cast:
        raise InvalidInputError(
            f"The journal holds no votes of the study {study!r}.",
            "Vote with reports.ValidationSession(session).vote(row, answer), or name another study.",
        )
    rows, counts = count_votes(cast)
    raters = rules["raters_per_item"] or int(counts.sum(axis=1).max())
    said = outcomes_of(counts, **{**rules, "raters_per_item": raters})
    parts = by_part(cast, rows, said)
    hidden = {vote.row for vote in cast if vote.part == "unflagged"}
    is_hidden = np.array([row in hidden for row in rows.tolist()], dtype=bool)
    labeled = np.asarray(session.audit.given_codes) >= 0
    n_flagged = int((np.asarray(session.audit.flagged) & labeled).sum())
    return _Given(
        said[~is_hidden], said[is_hidden], parts["flagged"], parts["unflagged"], parts[""], cast,
        n_flagged, int(labeled.sum()) - n_flagged,
    )  # fmt: skip


def _facts(given: _Given, level: float) -> dict[str, Any]:
    said = given.outcomes
    counts = {name: int((said == code).sum()) for code, name in enumerate(OUTCOMES)}
    every = np.concatenate([said, given.hidden])
    errors = int((every >= 0).sum() - (every == NON_ERROR).sum())
    answers, people = answers_table(given.cast)
    agreement = krippendorff_alpha(answers, missing=None) if len(people) > 1 else None
    return {
        "outcomes": counts,
        "n_voted": len(every),
        "n_open": int((every == OPEN).sum()),
        "n_unsure": int((every == UNSURE).sum()),
        "n_hidden": len(given.hidden),
        "n_flagged": given.n_flagged,
        "n_unflagged": given.n_unflagged,
        "n_raters": len(people),
        "error_rate": error_rate(given.flagged, level),
        "agreed_error_rate": error_rate(given.flagged.agreed, level),
        "flagged_errors": error_total(given.flagged, level),
        "hidden_rate": error_rate(given.unflagged, level),
        "unflagged_errors": error_total(given.unflagged, level),
        "total_errors": summed([given.flagged, given.unflagged], level),
        "least_errors": errors,
        "n_picked": given.picked.n + given.picked.undecided,
        "picked_errors": given.picked.errors,
        "agreement": agreement if agreement is not None and agreement.defined else None,
    }


def _warn(given: _Given, facts: dict[str, Any], raters: list[dict[str, Any]]) -> None:
    if given.cast and facts["n_raters"] == 1:
        notify(
            "one_rater",
            "One person voted, so agreement cannot be measured and rows that need more votes stay open.",
            "Ask a second person, or set raters_per_item=1.",
        )
    same = [one["reviewer"] for one in raters if one["same_rate"] == 1.0 and one["n_votes"] >= _SAME_FROM]
    if same:
        notify(
            "same_answer_throughout",
            f"{', '.join(same)} gave one and the same answer to every row.",
            "The votes are counted; look at the table of people before you rely on them.",
        )
    if len(given.cast) and facts["n_raters"] > 1:
        rows = [vote.row for vote in given.cast]
        if len(set(rows)) == len(rows):
            notify(
                "no_overlap",
                "No row was voted on by two people, so agreement cannot be measured.",
                "Let people vote on the same rows.",
            )


def _overview(facts: dict[str, Any]) -> Section:
    figures = [("rows voted on", f"{facts['n_voted']:,}"), ("errors found", f"{facts['least_errors']:,}")]
    said = []
    if facts["error_rate"] is not None:
        figures.append(("error rate of flagged rows", _percent(facts["error_rate"])))
        said.append(
            f"Of the flagged rows that were checked {_interval(facts['error_rate'])} are errors, measured by"
            f" people; without rows on which nobody agrees {_interval(facts['agreed_error_rate'])}."
        )
    if facts["n_open"] or facts["n_unsure"]:
        said.append(
            f"{facts['n_open']:,} rows wait for votes and on {facts['n_unsure']:,} most people are unsure;"
            " the intervals take them both ways."
        )
    if facts["n_picked"]:
        said.append(
            f"Of {facts['n_picked']:,} rows that were picked by hand {facts['picked_errors']:,} are errors;"
            " nothing follows from them for other rows."
        )
    return Section("Overview", tuple(said), tuple(figures))


def _outcomes(given: _Given) -> Section:
    codes = [*range(len(OUTCOMES)), UNSURE, OPEN]
    words = ("given label is right", "suggested label is right", "both are right", "neither is right")
    names = (*words, "no agreement", "unsure", "open")
    rows = tuple(
        (name, int((given.outcomes == code).sum()), int((given.hidden == code).sum()))
        for name, code in zip(names, codes, strict=True)
    )
    return Section("Outcomes", tables=(Table(("outcome", "flagged", "not flagged"), rows),))


def _total(facts: dict[str, Any]) -> Section:
    said, rows = [], []
    for name, key, frame in (
        ("flagged", "flagged_errors", facts["n_flagged"]),
        ("not flagged", "unflagged_errors", facts["n_unflagged"]),
        ("all rows", "total_errors", facts["n_flagged"] + facts["n_unflagged"]),
    ):
        found: Estimate | None = facts[key]
        if found is not None:
            rows.append((name, frame, round(found.value), round(found.low), round(found.high)))
    if facts["total_errors"] is None:
        said.append(
            f"At least {facts['least_errors']:,} labels are wrong. This is a lower bound and no total: "
            + (
                "no sample of rows that are not flagged was looked at."
                if facts["unflagged_errors"] is None
                else "what the flagged rows were drawn from is not known."
            )
        )
    caption = "Extrapolated from the rows checked; the interval of all rows holds for both parts at once."
    header = ("rows", "rows in all", "errors", "low", "high")
    return Section(
        "How many in all", tuple(said), tables=(Table(header, tuple(rows), caption),) if rows else ()
    )


def _people(facts: dict[str, Any], raters: list[dict[str, Any]]) -> Section:
    if not raters:
        return Section("People")
    said = ["One person voted; agreement cannot be measured."] if facts["n_raters"] == 1 else []
    if facts["n_raters"] > 1:
        alpha = facts["agreement"]
        said.append(f"{alpha}." if alpha is not None else "Agreement is not defined for these votes.")
    header = tuple(name.replace("_", " ") for name in raters[0] if name != "with_others")
    header = (*header, "with others (share)")
    rows = tuple(tuple(one.values()) for one in raters)
    caption = "same rate: share of a person's commonest answer; with others: share equal to another's vote."
    return Section("People", tuple(said), tables=(Table(header, rows, caption),))


def _percent(found: Estimate) -> str:
    return f"{100 * found.value:.1f} %"


def _interval(found: Estimate | None) -> str:
    if found is None:
        return "an unknown share"
    return f"{_percent(found)} ({100 * found.low:.1f} to {100 * found.high:.1f} %)"

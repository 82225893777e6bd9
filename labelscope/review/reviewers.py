"""Reviewers side by side: how far they agree, with each other and with themselves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelscope.review.agreement import Agreement, cohen_kappa, krippendorff_alpha
from labelscope.review.looks import EDITED, NOTHING, Looks
from labelscope.scorers.proportions import measured_share
from labelscope.types import BoolArray, Estimate, IntArray


@dataclass(frozen=True, eq=False)
class Pairs:
    """Two looks at each of some rows.

    Attributes
    ----------
    row, first, second : (q,) int64
        The row, and the looks' positions.
    agree, differ, uncertain : (q,) bool
        Both gave an answer, and the same; both gave one, and another; at least one flagged a doubt. A doubt
        with a guess falls under two headings.
    """

    row: IntArray
    first: IntArray
    second: IntArray
    agree: BoolArray
    differ: BoolArray
    uncertain: BoolArray

    def __len__(self) -> int:
        return len(self.row)

    @property
    def n_both(self) -> int:
        """Pairs under two headings."""
        return int((self.uncertain & (self.agree | self.differ)).sum())

    @property
    def n_answered(self) -> int:
        """Pairs with two answers."""
        return int((self.agree | self.differ).sum())

    def error(self, level: float = 0.95) -> Estimate | None:
        """Estimate how often one look ends with a wrong label, from how often two looks differ.

        Parameters
        ----------
        level : float
            Coverage of the interval.

        Returns
        -------
        Estimate or None
            None without a pair of looks that both gave an answer and no doubt. If people err independently
            and never with the same wrong label, two looks agree with the probability (1 - e)² (solved for
            e); where they share mistakes, e is larger than this.
        """
        sure = ~self.uncertain & (self.agree | self.differ)
        n, apart = int(sure.sum()), int((sure & self.differ).sum())
        found = measured_share(apart, n, level)
        if found is None:
            return None
        value, low, high = (
            1 - float(np.sqrt(max(0.0, 1 - share))) for share in (found.value, found.low, found.high)
        )
        return Estimate(value, low, high, level, measured=True)


def pairs_of(looks: Looks, *, same: bool = False) -> Pairs:
    """Pair the first look at a row with another person's, or with the same person's next one.

    Parameters
    ----------
    looks : Looks
    same : bool
        Whether both looks are one person's.

    Returns
    -------
    Pairs
        One a row of two people (the two that came first), or one for each person who looked twice.
        Looks that changed tags are left out: what they say of the other tags is not known.
    """
    usable = np.flatnonzero(looks.answer != EDITED)
    row, who = looks.row[usable], looks.reviewer[usable]
    n_people = len(looks.reviewers) + 1
    if same:
        key = row * n_people + who
    else:
        usable = usable[np.sort(np.unique(row * n_people + who, return_index=True)[1])]
        key = looks.row[usable]
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    new = np.ones(len(order), dtype=bool)
    new[1:] = np.diff(ordered) != 0
    begin = np.flatnonzero(new)
    several = begin[np.diff(np.append(begin, len(order))) >= 2]
    first, second = usable[order[several]], usable[order[several + 1]]
    one, other = looks.answer[first], looks.answer[second]
    said = (one != NOTHING) & (other != NOTHING)
    return Pairs(
        looks.row[first],
        first,
        second,
        said & (one == other),
        said & (one != other),
        looks.unsure[first] | looks.unsure[second],
    )


def answer_table(looks: Looks) -> tuple[IntArray, IntArray]:
    """Return rows that several people answered and their answers.

    Returns
    -------
    rows : (q,) int64
    answers : (q, people) int64
        From 0; -1 where somebody gave no answer. Each person's first look counts.
    """
    n_people = max(len(looks.reviewers), 1)
    usable = np.flatnonzero((looks.answer != EDITED) & (looks.answer != NOTHING))
    first = np.unique(looks.row[usable] * n_people + looks.reviewer[usable], return_index=True)[1]
    usable = usable[first]
    rows, place, counts = np.unique(looks.row[usable], return_inverse=True, return_counts=True)
    table = np.full((len(rows), n_people), -1, dtype=np.int64)
    # Labels are from -1 (no label) on, and out of scope is -3.
    table[place, looks.reviewer[usable]] = looks.answer[usable] + 3
    shared = counts >= 2
    return rows[shared], table[shared]


@dataclass(frozen=True)
class AgreementOfPeople:
    """Agreement of people on rows that two or more of them answered.

    Attributes
    ----------
    alpha : Agreement
        Krippendorff's, nominal.
    kappa : Agreement
        Cohen's, of the first and the second look at each row.
    """

    alpha: Agreement
    kappa: Agreement


def agreement_of_people(looks: Looks, pairs: Pairs, *, level: float = 0.95) -> AgreementOfPeople:
    """Measure agreement beyond chance; see `labelscope.review.agreement`."""
    answers = answer_table(looks)[1]
    both = pairs.agree | pairs.differ
    one, other = looks.answer[pairs.first[both]] + 3, looks.answer[pairs.second[both]] + 3
    return AgreementOfPeople(
        krippendorff_alpha(answers, level=level, interval="analytic"),
        cohen_kappa(one, other, level=level),
    )


@dataclass(frozen=True)
class ReviewerRow:
    """What one person did.

    Attributes
    ----------
    reviewer : str
    n_looks, n_pages : int
    corrected, unsure : float
        Shares of the looks.
    commonest : float
        Share of the commonest answer among this person's answers.
    seconds_per_item : float or None
        Of pages without breaks; None without any.
    consistency : Estimate or None
        Share of rows seen twice that got the same answer.
    with_others : Estimate or None
        Share of rows seen by another person that got that person's answer.
    """

    reviewer: str
    n_looks: int
    n_pages: int
    corrected: float
    unsure: float
    commonest: float
    seconds_per_item: float | None
    consistency: Estimate | None
    with_others: Estimate | None


def reviewer_rows(
    looks: Looks,
    given: IntArray,
    *,
    between: Pairs,
    within: Pairs,
    timed: BoolArray,
    level: float = 0.95,
) -> tuple[ReviewerRow, ...]:
    """Say how each person reviewed.

    Parameters
    ----------
    looks : Looks
    given : (n,) int
        Codes of the given labels.
    between, within : Pairs
        Of two people, and of one person.
    timed : (p,) bool
        Pages whose time counts.
    level : float
        Coverage of the intervals.

    Returns
    -------
    tuple of ReviewerRow
        People without a look are left out.
    """
    changed, found = looks.called_wrong(given), []
    for who, name in enumerate(looks.reviewers):
        own = looks.reviewer == who
        if not own.any():
            continue
        pages = timed & (looks.pages.reviewer == who)
        items = int(looks.pages.n[pages].sum())
        answers = looks.answer[own & (looks.answer != NOTHING)]
        common = np.unique(answers, return_counts=True)[1].max() / len(answers) if len(answers) else 0.0
        met = (looks.reviewer[between.first] == who) | (looks.reviewer[between.second] == who)
        found.append(
            ReviewerRow(
                name,
                int(own.sum()),
                int((looks.pages.reviewer == who).sum()),
                float(changed[own].mean()),
                float(looks.unsure[own].mean()),
                float(common),
                float(looks.pages.seconds[pages].sum() / items) if items else None,
                _same(within, looks.reviewer[within.first] == who, level),
                _same(between, met, level),
            )
        )
    return tuple(found)


def _same(pairs: Pairs, chosen: BoolArray, level: float) -> Estimate | None:
    said = chosen & (pairs.agree | pairs.differ)
    return measured_share(int((said & pairs.agree).sum()), int(said.sum()), level)

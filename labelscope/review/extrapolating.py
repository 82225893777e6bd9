"""From a checked sample to all rows: shares with exact intervals, and totals that never claim too much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from labelscope.data.arguments import check_counts, check_numbers
from labelscope.errors import InvalidInputError, InvalidTypeError, notify
from labelscope.review.ballots import NO_AGREEMENT, NON_ERROR, OPEN, PARTS, UNSURE, Vote
from labelscope.scorers.proportions import exact_interval
from labelscope.types import Estimate, IntArray


@dataclass(frozen=True)
class Checked:
    """What a look at a sample of rows found.

    Attributes
    ----------
    errors, right : int
        Rows that came to an error, and to none.
    undecided : int
        Rows of the sample whose votes are missing, or say unsure: they may be either.
    frame : int
        Rows that the sample was drawn from; 0 where that is not known.
    no_agreement : int
        Errors on which people do not agree what else is right.
    """

    errors: int
    right: int
    undecided: int = 0
    frame: int = 0
    no_agreement: int = 0

    def __post_init__(self) -> None:
        check_counts(errors=self.errors, right=self.right, undecided=self.undecided)
        check_counts(frame=self.frame, no_agreement=self.no_agreement)

    @property
    def agreed(self) -> Checked:
        """The same, where no agreement is no error."""
        moved = self.no_agreement
        return Checked(self.errors - moved, self.right + moved, self.undecided, self.frame)

    @property
    def n(self) -> int:
        """Rows that came to an outcome."""
        return self.errors + self.right


def error_rate(checked: Checked, level: float = 0.95) -> Estimate | None:
    """Return the share of errors with its interval after Clopper and Pearson.

    Parameters
    ----------
    checked : Checked
        Undecided rows count as right for the lower end and as errors for the upper one.
    level : float

    Returns
    -------
    Estimate or None
        None where no row came to an outcome.

    Examples
    --------
    >>> found = error_rate(Checked(54, 221))
    >>> round(found.value, 3), round(found.low, 3), round(found.high, 3)
    (0.196, 0.151, 0.248)
    """
    if not isinstance(checked, Checked):
        raise InvalidTypeError(
            f"checked is a {type(checked).__name__}.",
            "Pass counts, such as reports.Checked(errors=3, right=97).",
        )
    check_numbers(level=level)
    if not 0 < level < 1:
        raise InvalidInputError(f"level is {level}.", "Pass a coverage between 0 and 1, such as 0.95.")
    if not checked.n:
        return None
    n = checked.n + checked.undecided
    low = exact_interval(checked.errors, n, level)[0]
    high = exact_interval(checked.errors + checked.undecided, n, level)[1]
    return Estimate(checked.errors / checked.n, low, high, level, measured=True)


def error_total(checked: Checked, level: float = 0.95) -> Estimate | None:
    """Return the number of errors among all rows that a sample was drawn from.

    Parameters
    ----------
    checked : Checked
    level : float

    Returns
    -------
    Estimate or None
        Never below the errors found nor above what is not known to be right, and so exact when every row was
        checked. None where no row came to an outcome, or nobody knows what was drawn from.

    Raises
    ------
    InvalidInputError
        More rows were checked than there are.

    Examples
    --------
    >>> error_total(Checked(732, 268, frame=533249)).value // 1
    390338.0
    """
    rate = error_rate(checked, level)
    if rate is None or not checked.frame:
        return None
    if checked.n + checked.undecided > checked.frame:
        raise InvalidInputError(
            f"{checked.n + checked.undecided:,} rows were checked of {checked.frame:,}.",
            "Give the number of rows that the sample was drawn from.",
        )
    low = max(float(checked.errors), rate.low * checked.frame)
    high = min(float(checked.frame - checked.right), rate.high * checked.frame)
    value = checked.errors / checked.n * checked.frame
    return Estimate(min(max(value, low), high), low, high, level, measured=True)


def summed(parts: Sequence[Checked], level: float = 0.95) -> Estimate | None:
    """Return the errors of several parts together; None where one of them cannot be estimated.

    Notes
    -----
    Each part's interval is so wide that all of them hold together (Bonferroni).
    """
    each = 1.0 - (1.0 - level) / max(len(parts), 1)
    totals = [error_total(part, each) for part in parts]
    known = [total for total in totals if total is not None]
    if len(known) < len(totals) or not known:
        return None
    value, low, high = (sum(getattr(total, name) for total in known) for name in ("value", "low", "high"))
    return Estimate(value, low, high, level, measured=True)


def checked_of(outcomes: IntArray, frame: int = 0, undecided: int = 0) -> Checked:
    """Count outcomes; ``undecided`` are rows passed over, of which there is no outcome at all."""
    settled = outcomes[(outcomes != OPEN) & (outcomes != UNSURE)]
    right = int((settled == NON_ERROR).sum())
    split = int((settled == NO_AGREEMENT).sum())
    return Checked(len(settled) - right, right, len(outcomes) - len(settled) + undecided, frame, split)


def by_part(votes: Sequence[Vote], rows: IntArray, outcomes: IntArray) -> dict[str, Checked]:
    """Sort the rows with votes by what they were drawn from.

    Parameters
    ----------
    votes : sequence of Vote
    rows : (m,) int
        Rows with a vote.
    outcomes : (m,) int
        What the votes about each come to.

    Returns
    -------
    dict of str to Checked
        ``"flagged"`` and ``"unflagged"``: a row passed over in the order by chance counts as undecided, since
        those after it may have been chosen. ``""``: rows picked by hand, of which nothing follows for others.
        ``frame`` is 0 where people voted in studies that were drawn differently.
    """
    part_of: dict[int, str] = {}
    places: dict[str, set[int]] = {part: set() for part in PARTS}
    frames: dict[str, set[int]] = {part: set() for part in PARTS}
    for vote in votes:
        if not vote.part:
            part_of.setdefault(vote.row, "")
            continue
        part_of[vote.row] = vote.part
        places[vote.part].add(vote.place)
        frames[vote.part].add(vote.frame)
    parts = np.array([part_of.get(row, "") for row in rows.tolist()], dtype=object)
    found: dict[str, Checked] = {}
    every: tuple[str, ...] = (*PARTS, "")
    for part in every:
        mine = outcomes[parts == part]
        if not part:
            found[part] = checked_of(mine)
            continue
        passed = max(places[part], default=-1) + 1 - len(places[part])
        frame = next(iter(frames[part])) if len(frames[part]) == 1 else 0
        if len(frames[part]) > 1 or passed < 0:
            notify(
                "votes_of_different_draws",
                f"The votes on {part} rows were drawn from {len(frames[part])} different sets of rows.",
                "They are counted, but nothing is said about rows that nobody looked at. Use one study name a"
                " draw.",
            )
            frame, passed = 0, 0
        found[part] = checked_of(mine, frame, max(passed, 0))
    return found

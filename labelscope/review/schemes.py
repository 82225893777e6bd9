"""One reviewer or two: what each way to spend the same looks is expected to leave wrong."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.review.break_even import SAME_MISTAKE
from labelscope.review.looks import NOTHING, Looks
from labelscope.review.reviewers import Pairs
from labelscope.types import Array, FloatArray

#: Ways to spend looks; see `Scheme`.
SINGLE, FLAGGED, DOUBLE = "single", "single + flag", "double + tie-break"
SCHEMES = (SINGLE, FLAGGED, DOUBLE)
#: Share of guesses on doubtful rows that are wrong, where nobody's guesses were compared (Pedersen et al.).
_GUESS_ERROR = 0.4


@dataclass(frozen=True, kw_only=True)
class ReviewerRates:
    """How people err: on clear rows, and on ambiguous ones that they may flag.

    Attributes
    ----------
    error : float
        Share of looks at clear rows that end with a wrong label.
    ambiguous : float
        Share of rows that are ambiguous.
    ambiguous_error : float
        Share of guesses at these that are wrong.
    flagged : float
        Share of looks at ambiguous rows that flag a doubt.
    same_mistake : float
        Share of pairs of mistakes about a row that are the same mistake.
    n_pairs : int
        Pairs of looks that the rates rest on; 0 where they are given.
    measured : dict of str to bool
        By name of the rate: whether pairs say so, or it is assumed.
    """

    error: float
    ambiguous: float = 0.0
    ambiguous_error: float = _GUESS_ERROR
    flagged: float = 0.0
    same_mistake: float = SAME_MISTAKE
    n_pairs: int = 0
    measured: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("error", "ambiguous", "ambiguous_error", "flagged", "same_mistake"):
            if not 0 <= getattr(self, name) <= 1:
                raise InvalidInputError(f"{name} is {getattr(self, name)!r}.", "Pass a share from 0 to 1.")

    @property
    def look_error(self) -> float:
        """Share of all looks that end with a wrong label, guesses included."""
        return (1 - self.ambiguous) * self.error + self.ambiguous * self.ambiguous_error

    def clear_cut_error(self) -> float:
        """Share of looks without a doubt that end with a wrong label."""
        hard = self.ambiguous * (1 - self.flagged)
        whole = 1 - self.ambiguous * self.flagged
        if whole <= 0:
            return self.ambiguous_error
        return ((1 - self.ambiguous) * self.error + hard * self.ambiguous_error) / whole


def differing(error: float, same_mistake: float) -> float:
    """Return how often two looks differ that are wrong with the probability ``error`` each."""
    return 2 * error - (1 + same_mistake) * error**2


def error_of(differ: float, same_mistake: float) -> float:
    """Return the share of wrong looks from how often two of them differ.

    Examples
    --------
    >>> round(error_of(differing(0.05, 0.3), 0.3), 6)
    0.05
    """
    return (1 - float(np.sqrt(max(0.0, 1 - (1 + same_mistake) * differ)))) / (1 + same_mistake)


def panel_error(error: float, same_mistake: float) -> float:
    """Return how often two looks, and a third where they differ, end with a wrong label.

    The majority counts; where all three differ, the third one does.

    Examples
    --------
    >>> round(panel_error(0.05, 0.3), 4)
    0.0056
    """
    same = error**2 * same_mistake
    one_wrong = 2 * error * (1 - error) * error
    return same + one_wrong + error**2 * (1 - same_mistake) * error


def rates_of(looks: Looks, between: Pairs, *, same_mistake: float = SAME_MISTAKE) -> ReviewerRates | None:
    """Measure the rates from rows that two people looked at.

    Parameters
    ----------
    looks : Looks
    between : Pairs
        Of two people.
    same_mistake : float
        Assumed: two people who share a mistake cannot be told from two who are right.

    Returns
    -------
    ReviewerRates or None
        None without a pair that gave two answers.

    Notes
    -----
    Rows are of two kinds; only ambiguous ones are flagged, each person deciding alone. How often both flag a
    row that one flags says how many ambiguous rows go unflagged; how often guesses differ from the other
    answer says how many are wrong; what is left of the differences is about clear rows.
    """
    one, other = looks.unsure[between.first], looks.unsure[between.second]
    said_one = looks.answer[between.first] != NOTHING
    said_other = looks.answer[between.second] != NOTHING
    guessed = (one | other) & said_one & said_other
    return rates_from_counts(
        plain=int((~one & ~other & (between.agree | between.differ)).sum()),
        plain_differ=int((~one & ~other & between.differ).sum()),
        one_flagged=int((one ^ other).sum()),
        both_flagged=int((one & other).sum()),
        guessed=int(guessed.sum()),
        guessed_differ=int((guessed & between.differ).sum()),
        same_mistake=same_mistake,
    )


def rates_from_counts(
    *,
    plain: int,
    plain_differ: int,
    one_flagged: int = 0,
    both_flagged: int = 0,
    guessed: int = 0,
    guessed_differ: int = 0,
    same_mistake: float = SAME_MISTAKE,
) -> ReviewerRates | None:
    """Measure the rates from counts of pairs of looks.

    Parameters
    ----------
    plain, plain_differ : int
        Pairs that nobody flagged, and those of them with different answers.
    one_flagged, both_flagged : int
        Pairs with a doubt.
    guessed, guessed_differ : int
        Pairs with a doubt and two answers, and those of them with different answers.
    same_mistake : float

    Returns
    -------
    ReviewerRates or None

    Examples
    --------
    >>> found = rates_from_counts(plain=900, plain_differ=36, one_flagged=60, both_flagged=40)
    >>> round(found.error, 3), round(found.ambiguous, 2), found.measured["ambiguous_error"]
    (0.013, 0.12, False)
    """
    n = plain + one_flagged + both_flagged
    if not plain:
        return None
    any_flag = one_flagged + both_flagged > 0
    # A pair's worth of prior knowledge keeps the shares off 0 and 1.
    flagged = (2 * both_flagged + 1) / (2 * both_flagged + one_flagged + 2) if any_flag else 0.0
    per_look = (one_flagged + 2 * both_flagged) / (2 * n)
    ambiguous = min(1.0, per_look / flagged) if any_flag else 0.0
    guess = _GUESS_ERROR
    if guessed >= 10:
        guess = min(0.9, error_of((guessed_differ + 0.5) / (guessed + 1), same_mistake))
    hard = ambiguous * (1 - flagged) ** 2
    hard = hard / max(hard + 1 - ambiguous, 1e-12)
    apart = plain_differ / plain
    clear = (apart - hard * differing(guess, same_mistake)) / max(1 - hard, 1e-12)
    # Unflagged rows cannot differ less than not at all: then fewer rows are ambiguous than it seems.
    return ReviewerRates(
        error=error_of(min(1.0, max(0.0, clear)), same_mistake),
        ambiguous=ambiguous,
        ambiguous_error=guess,
        flagged=flagged,
        same_mistake=same_mistake,
        n_pairs=n,
        measured={
            "error": True,
            "ambiguous": any_flag,
            "ambiguous_error": guessed >= 10,
            "flagged": any_flag,
            "same_mistake": False,
        },
    )


@dataclass(frozen=True)
class Scheme:
    """What one way to review is expected to come to.

    Attributes
    ----------
    name : str
        ``"single"``: one look a row, whatever it says counts. ``"single + flag"``: rows flagged as doubtful
        get a second look, and a third where the two differ. ``"double + tie-break"``: every row does.
    looks_per_row : float
    error : float
        Share of reviewed rows that end with a wrong label.
    n_rows : int
        Rows that the looks are enough for.
    accuracy : float
        Share of right labels when the looks are spent.
    stop_at : int
        Rows after which going on would do harm, as far as there are looks.
    accuracy_at_stop : float
    """

    name: str
    looks_per_row: float
    error: float
    n_rows: int
    accuracy: float
    stop_at: int
    accuracy_at_stop: float


@dataclass(frozen=True)
class Advice:
    """Which scheme to choose.

    Attributes
    ----------
    best : str
    schemes : tuple of Scheme
        All three, as in ``SCHEMES``.
    effort : int
        Looks to spend, the same for each.
    rates : ReviewerRates
    close : bool
        Whether the best and the second best are within a tenth of what the best one mends.
    """

    best: str
    schemes: tuple[Scheme, ...]
    effort: int
    rates: ReviewerRates
    close: bool

    def of(self, name: str) -> Scheme:
        """Return a scheme by name."""
        for scheme in self.schemes:
            if scheme.name == name:
                return scheme
        raise InvalidInputError.unknown("scheme", name, SCHEMES)


def advise(risk: Array, rates: ReviewerRates, effort: int, *, n_total: int | None = None) -> Advice:
    """Compare one look, one look with a flag, and two looks with a tie-break, at equal effort.

    Parameters
    ----------
    risk : (m,) float
        Probability that the label is wrong, of the rows that may be reviewed; taken from the largest on.
    rates : ReviewerRates
    effort : int
        Looks to spend.
    n_total : int, optional
        Rows of the data set, by default m.

    Returns
    -------
    Advice
        Estimated: as good as risk and rates are.

    Raises
    ------
    InvalidInputError
        Negative effort, or risk outside of [0, 1].

    Examples
    --------
    >>> risk = np.repeat([0.6, 0.01], [500, 9500])
    >>> careful, careless = ReviewerRates(error=0.005), ReviewerRates(error=0.1)
    >>> advise(risk, careful, 500).best, advise(risk, careless, 1200).best
    ('single', 'double + tie-break')
    """
    values = np.sort(np.asarray(risk, dtype=np.float64))[::-1]
    if isinstance(effort, bool) or effort < 0:
        raise InvalidInputError(f"effort is {effort!r}.", "Pass the number of looks to spend.")
    if len(values) and not (np.isfinite(values).all() and values[-1] >= 0 and values[0] <= 1):
        raise InvalidInputError("risk must lie in [0, 1] without NaN.", "Pass probabilities of being wrong.")
    n = max(len(values) if n_total is None else int(n_total), 1)
    found = tuple(_scheme(name, looks, error, values, int(effort), n) for name, looks, error in _costs(rates))
    ranked = sorted(found, key=lambda scheme: -scheme.accuracy)
    before = 1 - float(values.sum()) / n
    mended = max(ranked[0].accuracy - before, 1e-12)
    close = ranked[0].accuracy - ranked[1].accuracy < 0.1 * mended
    return Advice(ranked[0].name, found, int(effort), rates, close)


def _costs(rates: ReviewerRates) -> list[tuple[str, float, float]]:
    """Name, looks per row and share of rows left wrong, of each scheme."""
    a, hard, same = rates.ambiguous, rates.ambiguous_error, rates.same_mistake
    clear_panel, hard_panel = panel_error(rates.error, same), panel_error(hard, same)
    after_flag = rates.flagged * hard_panel + (1 - rates.flagged) * hard
    apart = (1 - a) * differing(rates.error, same) + a * differing(hard, same)
    return [
        (SINGLE, 1.0, rates.look_error),
        (
            FLAGGED,
            1 + a * rates.flagged * (1 + differing(hard, same)),
            (1 - a) * rates.error + a * after_flag,
        ),
        (DOUBLE, 2 + apart, (1 - a) * clear_panel + a * hard_panel),
    ]


def _scheme(name: str, looks: float, error: float, risk: FloatArray, effort: int, n: int) -> Scheme:
    size = min(int(effort / looks), len(risk))
    total = float(risk.sum())
    gained = np.concatenate([[0.0], np.cumsum(risk[:size] - error)])
    after = 1 - (total - gained) / n
    stop = int(gained.argmax())
    return Scheme(name, looks, error, size, float(after[-1]), stop, float(after[stop]))

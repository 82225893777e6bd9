"""Which kind of noise it is, and what follows for how the readings of the labels are weighed.

Given labels and evidence alone cannot say whether an ambiguous row was labelled wrongly or the model does
not know better: both readings explain the labels equally well. What can be seen is how many mistakes sit on
clear rows. Where these make up most of the mistakes under either reading, labelers slip whatever the row;
where they are few, people's mistakes gather on ambiguous rows. Whether mistakes go both ways between two
classes, and whether rows that no class fits are better explained, is seen too (see
`labelscope.scorers.reading_evidence`). The constants below were chosen on planted
noise of eight kinds (symmetric, asymmetric, instance-dependent, in clusters, by annotators with habits,
single and voting people who see less than the model, and rows of classes that are left out) over digits,
MNIST, intents of bank queries and drawn mixtures, with probabilities of three kinds of models.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from labelscope.types import FloatArray

# Only mistakes tell the readings apart, so a better fit counts by mistake and not by row: where a weak model
# is right to be unsure and labels are good, a mean over rows is near 0 whatever the few mistakes say. More
# rows do not add to it, because a model that is only a model does not become more telling with them.
_TELLING_MISTAKES, _FEWEST_MISTAKES = 10.0, 0.005
_CLEAR_STRENGTH, _CLEAR_MIDDLE = 4.5, 0.42
_GUESS_MOST, _GUESS_STRENGTH, _GUESS_MIDDLE = 0.4, 50.0, 0.29
_OUTSIDE_ROWS, _OUTSIDE_GAIN = 1500.0, 0.001
_FLATNESS_STRENGTH = 3.0
_LEAST_SPREAD, _MOST_SPREAD = 0.06, 0.25
_SPREAD_GROWTH, _SPREAD_END, _OVERCOUNT = 0.9, 0.85, 0.5


def followed(n_parts: int) -> float:
    """Return ``kappa`` of the reading in which mistakes follow the ambiguity.

    Parts overlap in what they say, so their sum is sharper than what a labeler sees.
    """
    return 0.4 if n_parts == 1 else 0.45


def clear_share(slips: float, everything: float) -> float:
    """Share of the mistakes that sits on clear rows.

    Parameters
    ----------
    slips, everything : float
        Expected mistakes where they do not follow the ambiguity, and where they do.

    Returns
    -------
    float
        In [0, 1].
    """
    return float(np.clip(slips / max(everything, 1e-12), 0.0, 1.0))


def weight_of_following(gain: float, clear: float, everything: float, odds: float = 1.0) -> float:
    """Weight of the reading in which mistakes follow the ambiguity.

    Parameters
    ----------
    gain : float
        Its mean log-likelihood less that of the reading in which they do not.
    clear : float
        As `clear_share` returns it.
    everything : float
        Expected share of mistakes where they follow the ambiguity.
    odds : float
        As `odds_of_following` returns them.

    Returns
    -------
    float
        In [0, 1].

    Notes
    -----
    Slips on five labels in a thousand are believed in anyway, so that a gain over no mistakes stays finite.

    Examples
    --------
    >>> weight_of_following(-0.02, 0.3, 0.03) < 0.05, weight_of_following(-0.02, 0.3, 0.3) > 0.4
    (True, True)
    """
    told = gain / (everything + _FEWEST_MISTAKES)
    level = _TELLING_MISTAKES * told - _CLEAR_STRENGTH * (clear - _CLEAR_MIDDLE)
    level += float(np.log(max(odds, 1e-12)))
    return float(1.0 / (1.0 + np.exp(np.clip(-level, -700.0, 700.0))))


def odds_of_following(one_way: float) -> float:
    """Odds, before the fit is looked at, that mistakes follow the ambiguity, against that they do not.

    Whoever cannot tell two classes apart takes either for the other; mistakes that go one way only are a
    habit, whatever the row looks like.

    Parameters
    ----------
    one_way : float
        How far mistakes go from one class to another and not back, in [0, 1].

    Returns
    -------
    float
        In [0, 1].

    Examples
    --------
    >>> odds_of_following(0.0), round(odds_of_following(0.9), 2)
    (1.0, 0.44)
    """
    return float(np.sqrt(max(1.0 - one_way * one_way, 0.0)))


def guessed() -> float:
    """Weight of the evidence in the reading in which the label says nothing.

    Probabilities that are learned from labels repeat part of their mistakes, and are the flatter for it.
    """
    return 2.0


def weight_of_guessing(clear: float) -> float:
    """Weight of the reading in which the label says nothing that the evidence does not.

    Where hardly any mistake sits on a clear row, both other readings take the labels for nearly right, and
    so they do where mistakes are systematic and the model has learned them: labels cannot tell the two
    apart. Then plain disagreement of model and label counts two fifths. Where labels are right and the model
    is weak, that is too much: of bank queries with right labels, one in eight is flagged where a model
    disagrees with one in seven; without this reading it is one in forty.

    Parameters
    ----------
    clear : float
        As `clear_share` returns it.

    Returns
    -------
    float
        In (0, .4).

    Examples
    --------
    >>> weight_of_guessing(0.6) < 0.001, weight_of_guessing(0.1) > 0.35
    (True, True)
    """
    return float(_GUESS_MOST / (1.0 + np.exp(_GUESS_STRENGTH * (clear - _GUESS_MIDDLE))))


def outside_share(gain: float, flat_gain: float, one_way: float) -> float:
    """How surely items from outside the class set are among the rows, in [0, 1].

    Where a row belongs to no class, the label says nothing about what the model sees, no class stands out,
    and on such rows the reading in which labels follow the ambiguity explains them better than slips do.
    Mistakes in clusters and habits may make that reading better as well, but not there, or one way only.

    Parameters
    ----------
    gain : float
        Mean log-likelihood where mistakes follow the ambiguity, less that where they do not.
    flat_gain : float
        What rows on which no class stands out contribute to it.
    one_way : float
        How far mistakes go from one class to another and not back.

    Examples
    --------
    >>> outside_share(0.004, 0.003, 0.1) > 0.8, outside_share(0.004, 0.0, 0.1) < 0.2
    (True, True)
    """
    level = -_OUTSIDE_ROWS * (min(gain, flat_gain) - _OUTSIDE_GAIN)
    return float((1.0 - one_way) / (1.0 + np.exp(np.clip(level, -700.0, 700.0))))


def flatness(part: FloatArray) -> FloatArray:
    """Entropy (n,) of log evidence (n, K), from 0 where one class stands out to 1 where none does."""
    shares = np.exp(part - part.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    entropy = -np.einsum("ij,ij->i", shares, np.log(np.maximum(shares, 1e-12)))
    return np.asarray(entropy / np.log(max(part.shape[1], 2)))


def tilted(doubt: FloatArray, flat: FloatArray, outside: float) -> FloatArray:
    """Raise doubt (n,) where the evidence is flat and lower it where it is not.

    Nothing is known about what an item from outside the class set looks like, except that no class fits.
    """
    factor = np.exp(_FLATNESS_STRENGTH * outside * (flat - 0.5))
    return np.asarray(doubt * factor / (1.0 - doubt + doubt * factor))


def count_interval(
    value: float, chance: float, clear: float, following: float, level: float
) -> tuple[float, float]:
    """Interval of the noise rate: quantiles of what both readings say, each with an error of its own.

    The readings differ by the factor ``clear``, and the fewer mistakes sit on clear rows, the less is either
    to be trusted; the lower end reaches further, because a model that knows little takes its own errors for
    the labelers'. ``tests/benchmarks/bench_interval.py`` measures how often the interval covers.

    Parameters
    ----------
    value : float
        The estimate, averaged over the readings.
    chance : float
        Relative standard deviation from chance alone.
    clear, following : float
        As `clear_share` and `weight_of_following` return them.
    level : float
        Coverage.

    Returns
    -------
    low, high : float

    Examples
    --------
    >>> [round(end, 3) for end in count_interval(0.1, 0.02, 0.9, 0.0, 0.9)]
    [0.09, 0.111]
    """
    if value <= 0.0:
        return 0.0, 0.0
    own = min(_LEAST_SPREAD + _SPREAD_GROWTH * max(_SPREAD_END - clear, 0.0) ** 2, _MOST_SPREAD)
    ratio = max(clear, 1e-3)
    slips = value / (1.0 - following + following / ratio)

    def quantile(share: float, spread: float) -> float:
        readings = (
            (1.0 - following, NormalDist(np.log(slips), spread)),
            (following, NormalDist(np.log(slips / ratio), spread)),
        )
        low, high = np.log(slips) - 9 * spread, np.log(slips / ratio) + 9 * spread
        for _ in range(60):
            middle = (low + high) / 2
            below = sum(weight * one.cdf(middle) for weight, one in readings)
            low, high = (middle, high) if below < share else (low, middle)
        return float(np.exp(high))

    # The estimate is a mean, which a very lopsided interval could leave out.
    below = own + _OVERCOUNT * max(_SPREAD_END - clear, 0.0)
    low = quantile(0.5 - level / 2, float(np.hypot(below, chance)))
    return min(value, low), max(value, quantile(0.5 + level / 2, float(np.hypot(own, chance))))


def described(clear: float, following: float, outside: float) -> dict[str, object]:
    """Say in words and shares which kind of noise is seen."""
    if outside >= 0.5:
        words = "guesses: items from outside the class set, or rows that nobody can tell"
    elif following >= 0.5:
        words = "confusions inside the class set, on ambiguous rows"
    else:
        words = "confusions inside the class set, on clear rows too"
    return {"seen": words, "clear": clear, "ambiguous": following, "outside": outside}

"""How often tags are really there, from positive and unlabelled rows, and probabilities that add up to it."""

from __future__ import annotations

import numpy as np

from labelscope.scorers.multilabel.heads import sigmoid
from labelscope.types import BoolArray, FloatArray

# Errors that the bound allows for, in standard errors: one is too bold for rare tags.
_ERRORS = 2.0
_FEW = 10
# No tag is taken to be given so many times more rarely than the median tag.
_ODD = 2.0
_NEWTON, _RIDGE = 60, 0.002
_FLATTEST, _STEEPEST = 0.05, 15.0


def estimate_prevalence(logits: FloatArray, positive: BoolArray) -> FloatArray:
    """Estimate the share of rows that really have each tag.

    If the given tags are a random sample of the true ones, the share of all rows above a cut is at least the
    prevalence times the share of given rows above it. The ratio of the two shares is therefore too high, and
    right at a cut above which only true rows lie. The cut with the lowest upper bound of the ratio is taken
    (after Garg et al. 2021, best bin estimation, with binomial errors). Where no cut is clean, because the
    features do not tell the tag apart, the estimate stays too high.

    Parameters
    ----------
    logits : (n, K) float
        Out of sample; NaN where a model had no opinion.
    positive : (n, K) bool
        Given tags.

    Returns
    -------
    (K,) float64
        Between the share given and 1; tags with fewer than ten given rows take the others' median share of
        true tags that are given, and no tag less than half of that. 0 where no row has the tag.
    """
    n, n_tags = positive.shape
    given = positive.sum(axis=0)
    share = given / max(n, 1)
    found = share.astype(np.float64)
    enough = np.array([_clear(logits[:, tag], positive[:, tag]) for tag in range(n_tags)], dtype=bool)
    for tag in np.flatnonzero(enough):
        found[tag] = max(share[tag], _lowest_ratio(logits[:, tag], positive[:, tag]))
    if enough.any():
        kept = float(np.median(share[enough] / found[enough]))
        found[~enough] = np.minimum(1.0, share[~enough] / kept)
        found = np.minimum(found, np.minimum(1.0, _ODD * share / kept))
    return np.asarray(found)


def _clear(logits: FloatArray, positive: BoolArray) -> bool:
    told = ~np.isnan(logits)
    return int((positive & told).sum()) >= _FEW


def _lowest_ratio(logits: FloatArray, positive: BoolArray) -> float:
    told = ~np.isnan(logits)
    everyone, own = np.sort(logits[told]), np.sort(logits[told & positive])
    n, k = len(everyone), len(own)
    above_own = 1.0 - np.searchsorted(own, own, side="left") / k
    above = 1.0 - np.searchsorted(everyone, own, side="left") / n
    error_own = np.sqrt(above_own * (1 - above_own) / k + 0.25 / k**2)
    error = np.sqrt(above * (1 - above) / n)
    room = above_own - _ERRORS * error_own
    bound = np.where(room > 0, (above + _ERRORS * error) / np.maximum(room, 1e-9), np.inf)
    best = int(bound.argmin())
    return float(min(1.0, above[best] / above_own[best]))


def posterior(logits: FloatArray, positive: BoolArray, prevalence: FloatArray) -> FloatArray:
    """Turn logits into probabilities of tags that add up to the prevalence.

    Each tag's logits are moved and stretched by the two numbers that minimize the unbiased log-loss of
    positive and unlabelled data (du Plessis et al. 2015): mean of log(1 + exp f) over all rows, minus the
    prevalence times the mean of f over given rows. It is convex, and needs no negatives.

    Parameters
    ----------
    logits : (n, K) float
        Out of sample; NaN where a model had no opinion.
    positive : (n, K) bool
        Given tags.
    prevalence : (K,) float

    Returns
    -------
    (n, K) float64
        0 where there is no opinion. What is said of a given tag does not look at its being given.
    """
    told = ~np.isnan(logits)
    count = np.maximum(told.sum(axis=0), 1)
    heard = np.where(told, logits, 0.0)
    center = heard.sum(axis=0) / count
    spread = np.sqrt((np.where(told, heard - center, 0.0) ** 2).sum(axis=0) / count)
    points = np.where(told, (heard - center) / np.maximum(spread, 1e-9), 0.0)
    goal = np.clip(prevalence, 1e-9, 1 - 1e-6)
    own = positive & told
    n_own = np.maximum(own.sum(axis=0), 1)
    pull = np.where(own, points, 0.0).sum(axis=0) / n_own
    ridge = _RIDGE * (1 + 2 * _FEW / n_own)
    slope, level = np.ones(len(goal)), np.log(goal / (1 - goal))
    for _ in range(_NEWTON):
        chance = np.where(told, sigmoid(slope * points + level), 0.0)
        weight = chance * (1 - chance)
        by_slope = (chance * points).sum(axis=0) / count - goal * pull + ridge * (slope - 1)
        by_level = chance.sum(axis=0) / count - goal
        both = (weight * points).sum(axis=0) / count
        first = (weight * points**2).sum(axis=0) / count + ridge
        second = weight.sum(axis=0) / count + 1e-12
        # With the ridge the two curvatures outweigh their product; the floor is for tags without spread.
        det = np.maximum(first * second - both**2, 1e-15)
        move, lift = (second * by_slope - both * by_level) / det, (first * by_level - both * by_slope) / det
        short = 1.0 / np.maximum(1.0, np.maximum(np.abs(move), np.abs(lift)))
        slope, level = np.clip(slope - short * move, _FLATTEST, _STEEPEST), level - short * lift
        if max(np.abs(move).max(initial=0), np.abs(lift).max(initial=0)) < 1e-6:
            break
    found = sigmoid(slope * points + level)
    return np.where(told & (prevalence > 0), found, 0.0)


def missing_given(probability: FloatArray, positive: BoolArray, prevalence: FloatArray) -> FloatArray:
    """Probability that a tag that is not given is there all the same.

    If a share c of the true tags is given at random, a row without it has the tag with probability
    p (1 - c) / (1 - c p) (Elkan and Noto 2008).

    Parameters
    ----------
    probability : (n, K) float
        Of the tag, whether it is given or not.
    positive : (n, K) bool
        Given tags.
    prevalence : (K,) float

    Returns
    -------
    (n, K) float64
        0 where the tag is given.
    """
    share = positive.mean(axis=0) if len(positive) else np.zeros(positive.shape[1])
    kept = np.clip(np.where(prevalence > 0, share / np.maximum(prevalence, 1e-12), 0.0), 0.0, 1.0)
    rest = 1 - kept * probability
    lost = probability * (1 - kept) / np.maximum(rest, 1e-12)
    return np.where(positive, 0.0, np.clip(lost, 0.0, 1.0))


def spurious(probability: FloatArray, positive: BoolArray, prevalence: FloatArray, rate: float) -> FloatArray:
    """Probability that a given tag is wrong, if a share ``rate`` of the given tags is.

    Parameters
    ----------
    probability : (n, K) float
        Of each tag, made without looking at the row's own; 0 where there is no opinion.
    positive : (n, K) bool
        Given tags.
    prevalence : (K,) float
    rate : float

    Returns
    -------
    (n, K) float64
        0 where a tag is not given, or where there is no opinion. Weaker than 1 minus the probability, which
        would call every given tag wrong that is rare.
    """
    told = positive & (probability > 0)
    chance = np.clip(probability, 1e-12, 1 - 1e-12)
    prior = np.clip(prevalence, 1e-9, 1 - 1e-9)
    odds = chance / (1 - chance) * (1 - prior) / prior
    return np.where(told, rate / (rate + (1 - rate) * odds), 0.0)


__all__ = ["estimate_prevalence", "missing_given", "posterior", "spurious"]

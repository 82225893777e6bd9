"""The latent-label model behind the default mix.

The true class z of a row follows ``softmax(S)``, where ``S`` is a weighted sum of log evidence (out-of-sample
probabilities, neighbor votes). The person who labels sees the same ambiguity, only less sharply, and
confuses some pairs more than others: ``P(given = j | z = a, row) ∝ tau[a, j] * exp(kappa * S[j])``. With
``kappa = 0`` this is class-conditional noise, where confident learning undercounts because people's
mistakes gather on ambiguous rows; ``kappa > 0`` lets the noise follow the ambiguity. All parameters are
found by penalized maximum likelihood of the given labels alone, except ``kappa``, which labels hardly tell:
two readings of the labels are averaged, and where neither finds mistakes on clear rows a third, in which the
label says nothing (``tau`` is 1), with weights from `labelscope.scorers.noise_kinds`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from labelscope.scorers import noise_kinds
from labelscope.scorers.latent_fit import Sideways, fitted, mean_doubt
from labelscope.scorers.reading_evidence import ReadingEvidence
from labelscope.types import FloatArray, IntArray

_NEGLIGIBLE = 0.01
FIRST_ROWS, _FEWEST_ROWS = 4000, 1000
_FIRST_CELLS = 1 << 16
_FIRST_STEPS, _LATER_STEPS, _LATER_PRECISION = 60, 15, 1e-6
_BLOCK_CELLS = 1 << 17


@dataclass(frozen=True)
class Component:
    """One fit at a fixed ``kappa``.

    Attributes
    ----------
    kappa : float
        How much the mistakes follow the ambiguity of a row, relative to the evidence.
    beta : (n_parts,) float64
        Weight of each part's log evidence.
    tau : (K, K) float64, or (1, 1)
        Odds that true class a is given as j, against a; 1 on the diagonal. (1, 1) is one odds for all pairs.
    log_likelihood : float
        Mean over the rows that were fitted.
    """

    kappa: float
    beta: FloatArray
    tau: FloatArray
    log_likelihood: float = -np.inf

    def scores(self, parts: Sequence[FloatArray]) -> FloatArray:
        """Return the (n, K) weighted sum of the parts, highest entry 0 in each row."""
        total = self.beta[0] * parts[0]
        for weight, part in zip(self.beta[1:], parts[1:], strict=True):
            total += weight * part
        total -= total.max(axis=1, keepdims=True)
        return np.asarray(total)

    def odds(self, codes: IntArray, n_classes: int) -> FloatArray:
        """Return (n, K) ``tau[a, given]`` for each true class a."""
        if self.tau.shape == (1, 1):
            picked = np.full((len(codes), n_classes), self.tau[0, 0])
            picked[np.arange(len(codes)), codes] = 1.0
            return picked
        return np.asarray(self.tau.T[codes])

    def spread(self, weights: FloatArray, *, over_true: bool = False) -> FloatArray:
        """Return ``weights @ tau.T`` (n, K), or ``weights @ tau``."""
        if self.tau.shape == (1, 1):
            rate = self.tau[0, 0]
            return np.asarray(rate * weights.sum(axis=1, keepdims=True) + (1.0 - rate) * weights)
        return np.asarray(weights @ (self.tau if over_true else self.tau.T))


@dataclass(frozen=True)
class Expectation:
    """What one component believes about a block of rows.

    Attributes
    ----------
    true : (n, K) float64
        P(true class | evidence, given label).
    prior : (n, K) float64
        P(true class | evidence).
    pull : (n, K) float64
        Pull of each class on the labeler.
    total : (n, K) float64
        Normalizer of the labeler's choice, for each true class.
    log_likelihood : float
        Mean log probability of the given labels.
    """

    true: FloatArray
    prior: FloatArray
    pull: FloatArray
    total: FloatArray
    log_likelihood: float


@dataclass(frozen=True)
class LatentModel:
    """A weighted average of components.

    Attributes
    ----------
    components : tuple of Component
        Fits for one or two values of ``kappa``, and the reading in which the label says nothing.
    weights : (n_components,) float64
        Weights of the components; they sum to one.
    clear : float
        Share of the mistakes that sits on clear rows, see `labelscope.scorers.noise_kinds`.
    outside : float
        How surely items from outside the class set are among the rows, in [0, 1].
    guessing : float
        Weight of the last component where it is the reading in which the label says nothing; below 1.
    """

    components: tuple[Component, ...]
    weights: FloatArray
    clear: float = 1.0
    outside: float = 0.0
    guessing: float = 0.0

    @property
    def pairwise(self) -> bool:
        """Whether pairs of classes have rates of their own, for which all classes must be there."""
        return any(one.tau.shape != (1, 1) for one in self.components)

    @property
    def kappa(self) -> float:
        """Weighted mean of ``kappa``."""
        return float(sum(w * one.kappa for w, one in zip(self.weights, self.components, strict=True)))

    @property
    def following(self) -> float:
        """Weight of the reading in which mistakes follow the ambiguity, of the two that were fitted."""
        followers = [one.kappa > 0 for one in self.components]
        return float(self.weights[followers].sum()) / (1.0 - self.guessing)

    @property
    def kind(self) -> dict[str, object]:
        """Which kind of noise is seen, in words and shares."""
        said = noise_kinds.described(self.clear, self.following, self.outside)
        return {**said, "untold": self.guessing}

    def posterior(self, parts: Sequence[FloatArray], codes: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return P(true class | evidence, given label) and every component's doubt about the given label.

        Parameters
        ----------
        parts : list of (n, K) float
            Log evidence of each part.
        codes : (n,) int
            Given labels; -1 means unlabelled, where only the evidence speaks and doubt is 0.

        Returns
        -------
        (n, K) float64, (n, n_components) float64
        """
        n, n_classes = parts[0].shape
        averaged = np.zeros((n, n_classes))
        doubts = np.zeros((n, len(self.components)))
        step = max(1, _BLOCK_CELLS // n_classes)
        for start in range(0, n, step):
            rows = slice(start, start + step)
            block, given = [part[rows] for part in parts], codes[rows]
            labelled = np.flatnonzero(given >= 0)
            flat = noise_kinds.flatness(block[0][labelled]) if self.outside >= _NEGLIGIBLE else None
            for index, (one, weight) in enumerate(zip(self.components, self.weights, strict=True)):
                believed = expectation(one, block, np.maximum(given, 0))
                true = believed.true
                true[given < 0] = believed.prior[given < 0]
                doubt = _doubt(true, labelled, given[labelled], flat, self.outside)
                doubts[start + labelled, index] = doubt
                averaged[rows] += weight * true
        return averaged, doubts

    def part(self, index: int) -> LatentModel:
        """Return the likeliest component alone, listening to one part with the weight of all parts."""
        one = self.components[int(self.weights.argmax())]
        if not 0 <= index < len(one.beta):
            raise IndexError(index)
        beta = np.array([max(float(one.beta[index]) * len(one.beta), 0.05)])
        return LatentModel((Component(one.kappa, beta, one.tau),), np.ones(1), self.clear, self.outside)


def _doubt(
    true: FloatArray, rows: IntArray, given: IntArray, flat: FloatArray | None, outside: float
) -> FloatArray:
    """Return each labelled row's doubt; where items from outside are seen, ``true`` is changed with it."""
    at = true[rows, given]
    true[rows, given] = 0.0
    others = true[rows].sum(axis=1)
    # Summing the others keeps tiny doubts that 1 - p would round away.
    doubt = np.clip(np.where(at < 0.5, 1.0 - at, others), 0, 1)
    if flat is not None:
        raised = noise_kinds.tilted(doubt, flat, outside)
        true[rows] *= np.divide(raised, others, out=np.zeros_like(others), where=others > 0)[:, None]
        doubt, at = raised, 1.0 - raised
    true[rows, given] = at
    return np.asarray(doubt)


def first_rows(n_classes: int) -> int:
    """Return how many rows are fitted to convergence before all of them."""
    return int(np.clip(_FIRST_CELLS // max(n_classes, 1), _FEWEST_ROWS, FIRST_ROWS))


def fit(parts: Sequence[FloatArray], codes: IntArray, *, pairwise: bool = True) -> LatentModel:
    """Fit the model on labelled rows.

    Parameters
    ----------
    parts : list of (n, K) float
        Log evidence of each part, one row per labelled row, in an order that means nothing: the first few
        thousand rows are fitted to convergence before all of them.
    codes : (n,) int
        Given labels, all ≥ 0.
    pairwise : bool
        Learn one confusion rate for each pair of classes instead of one for all.

    Returns
    -------
    LatentModel
        A component whose weight is under 1 % is left out.
    """
    n_classes = parts[0].shape[1]
    start, kappa = _start(n_classes, pairwise=pairwise), noise_kinds.followed(len(parts))
    mixed, shares = mixed_part(parts, codes, pairwise=pairwise)
    first = first_rows(n_classes)
    rows = Sideways.of(mixed, codes, pairwise=pairwise)
    more = len(codes) > first
    few = Sideways.of(mixed[:first], codes[:first], pairwise=pairwise) if more else rows
    component, readings, components, doubts = start, [], [], []
    # The way from one reading to the other leads through half of it.
    for value in (0.0, kappa / 2, kappa):
        component = fitted(replace(component, kappa=value), few, _FIRST_STEPS)
        if 0.0 < value < kappa:
            continue
        refined = fitted(component, rows, _LATER_STEPS, precision=_LATER_PRECISION) if more else component
        readings.append(refined)
        components.append(replace(refined, beta=refined.beta[0] * shares))
        doubts.append(mean_doubt(refined, rows))
    gain = components[1].log_likelihood - components[0].log_likelihood
    clear = noise_kinds.clear_share(*doubts)
    told = ReadingEvidence.of(readings[0], readings[1], rows)
    odds = noise_kinds.odds_of_following(told.one_way)
    following = noise_kinds.weight_of_following(gain, clear, doubts[1], odds)
    guessing = noise_kinds.weight_of_guessing(clear)
    outside = noise_kinds.outside_share(gain, told.flat_gain, told.one_way)
    components.append(Component(0.0, noise_kinds.guessed() * shares, np.ones((1, 1))))
    weights = np.array([(1.0 - guessing) * (1.0 - following), (1.0 - guessing) * following, guessing])
    kept = np.flatnonzero(weights >= _NEGLIGIBLE)
    weights = weights[kept] / weights[kept].sum()
    guessing = float(weights[-1]) if kept[-1] == 2 else 0.0
    chosen = tuple(components[i] for i in kept)
    return LatentModel(chosen, weights, clear, outside, guessing)


def _start(n_classes: int, *, pairwise: bool) -> Component:
    tau = np.full((n_classes, n_classes) if pairwise else (1, 1), 0.05 / max(n_classes - 1, 1))
    if pairwise:
        np.fill_diagonal(tau, 1.0)
    return Component(0.0, np.ones(1), tau)


def mixed_part(
    parts: Sequence[FloatArray], codes: IntArray, *, pairwise: bool
) -> tuple[FloatArray, FloatArray]:
    """Return the weighted sum (n, K) of all parts, and the weights.

    Parameters
    ----------
    parts : sequence of (n, K) float
    codes : (n,) int
        Given labels, all ≥ 0.
    pairwise : bool
        As `fit` takes it.
    """
    shares = _own_weights(_start(parts[0].shape[1], pairwise=pairwise), parts, codes)
    if len(parts) == 1:
        return parts[0], shares
    return np.sum([share * part for share, part in zip(shares, parts, strict=True)], axis=0), shares


def _own_weights(start: Component, parts: Sequence[FloatArray], codes: IntArray) -> FloatArray:
    """Weigh each part as it deserves alone, and in proportion to how much it tells about the labels at all.

    Weights that are fitted together would favor the part that best foretells the given labels, mistakes
    included: neighbors that share a mistake would silence whoever does not. In proportion, a part that tells
    nothing has no say, and parts that tell about as much are heard about equally.
    """
    if len(parts) == 1:
        return np.ones(1)
    first = first_rows(parts[0].shape[1])
    pairwise = start.tau.shape != (1, 1)
    few = [Sideways.of(part[:first], codes[:first], pairwise=pairwise) for part in parts]
    alone = [fitted(start, rows, _FIRST_STEPS) for rows in few]
    own = np.array([max(float(one.beta[0]), 0.01) for one in alone])
    shares = np.bincount(codes[:first]) / len(codes[:first])
    without = float((shares[shares > 0] * np.log(shares[shares > 0])).sum())
    told = np.array([max(one.log_likelihood - without, 1e-6) for one in alone])
    return np.asarray(own * told / told.sum())


def expectation(component: Component, parts: Sequence[FloatArray], codes: IntArray) -> Expectation:
    """Take the expectation of the true class under one component.

    Parameters
    ----------
    component : Component
        Parameters.
    parts : list of (n, K) float64
        Log evidence.
    codes : (n,) int
        Given labels, all ≥ 0.

    Returns
    -------
    Expectation
    """
    scores = component.scores(parts)
    pull = np.exp(component.kappa * scores)
    prior = np.exp(scores, out=scores)
    prior /= prior.sum(axis=1, keepdims=True)
    total = component.spread(pull)
    true = component.odds(codes, prior.shape[1])
    true *= prior
    true /= total
    true *= pull[np.arange(len(codes)), codes][:, None]
    evidence = np.maximum(true.sum(axis=1, keepdims=True), 1e-300)
    true /= evidence
    return Expectation(true, prior, pull, total, float(np.log(evidence).mean()))

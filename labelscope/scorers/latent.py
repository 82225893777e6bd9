"""The latent-label model behind the default mix.

The true class z of a row follows ``softmax(S)``, where ``S`` is a weighted sum of log evidence (out-of-sample
probabilities, neighbor votes). The person who labels sees the same ambiguity, only less sharply, and
confuses some pairs more than others: ``P(given = j | z = a, row) ∝ tau[a, j] * exp(kappa * S[j])``. With
``kappa = 0`` this is class-conditional noise, where confident learning undercounts because people's
mistakes gather on ambiguous rows; ``kappa > 0`` lets the noise follow the ambiguity. All parameters are
found by penalized maximum likelihood of the given labels alone, and ``kappa`` is averaged over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from labelscope.types import FloatArray, IntArray

_KAPPAS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
# Before the data speak, noise that follows the ambiguity is the less likely the more closely it does.
_KAPPA_PRIOR = 3.0
_DISCOUNT = 4.0
_NEGLIGIBLE = 0.01
_PRECISION = 1e-7
FIRST_ROWS = 4000
_FIRST_STEPS, _LATER_STEPS = 60, 15
_PAIR_STRENGTH = 10.0
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
        Fits for a grid of ``kappa``.
    weights : (n_components,) float64
        Posterior weights of the components; they sum to one.
    """

    components: tuple[Component, ...]
    weights: FloatArray

    @property
    def kappa(self) -> float:
        """Posterior mean of ``kappa``."""
        return float(sum(w * one.kappa for w, one in zip(self.weights, self.components, strict=True)))

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
            for index, (one, weight) in enumerate(zip(self.components, self.weights, strict=True)):
                believed = expectation(one, block, np.maximum(given, 0))
                true = believed.true
                true[given < 0] = believed.prior[given < 0]
                averaged[rows] += weight * true
                at = true[labelled, given[labelled]]
                true[labelled, given[labelled]] = 0.0
                # Summing the others keeps tiny doubts that 1 - p would round away.
                doubts[start + labelled, index] = np.clip(
                    np.where(at < 0.5, 1.0 - at, true[labelled].sum(axis=1)), 0, 1
                )
        return averaged, doubts

    def part(self, index: int) -> LatentModel:
        """Return the likeliest component alone, listening to one part with the weight of all parts."""
        one = self.components[int(self.weights.argmax())]
        beta = np.array([max(float(one.beta.sum()), 0.05)])
        if not 0 <= index < len(one.beta):
            raise IndexError(index)
        return LatentModel((Component(one.kappa, beta, one.tau),), np.ones(1))


def fit(parts: Sequence[FloatArray], codes: IntArray, *, pairwise: bool = True) -> LatentModel:
    """Fit the model on labelled rows.

    Parameters
    ----------
    parts : list of (n, K) float64
        Log evidence of each part, one row per labelled row, in an order that means nothing: the first few
        thousand rows are fitted to convergence before all of them.
    codes : (n,) int
        Given labels, all ≥ 0.
    pairwise : bool
        Learn one confusion rate for each pair of classes instead of one for all.

    Returns
    -------
    LatentModel
        Components whose weight is under 1 % are left out.
    """
    n_classes = parts[0].shape[1]
    tau = np.full((n_classes, n_classes) if pairwise else (1, 1), 0.05 / max(n_classes - 1, 1))
    if pairwise:
        np.fill_diagonal(tau, 1.0)
    few = [part[:FIRST_ROWS] for part in parts]
    component = Component(0.0, np.full(len(parts), 1.0 / len(parts)), tau)
    components = []
    for kappa in _KAPPAS:
        component = _fit_one(replace(component, kappa=kappa), few, codes[:FIRST_ROWS], _FIRST_STEPS)
        refined = component
        if len(codes) > FIRST_ROWS:
            refined = _fit_one(component, parts, codes, _LATER_STEPS)
        components.append(refined)
    # Rows are not independent and the model is only a model, hence the discount.
    level = np.array(
        [one.log_likelihood * len(codes) / _DISCOUNT - _KAPPA_PRIOR * one.kappa for one in components]
    )
    weights = np.exp(level - level.max())
    weights /= weights.sum()
    kept = np.flatnonzero(weights >= _NEGLIGIBLE)
    return LatentModel(tuple(components[i] for i in kept), weights[kept] / weights[kept].sum())


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


def _fit_one(component: Component, parts: Sequence[FloatArray], codes: IntArray, n_steps: int) -> Component:
    likelihood = -np.inf
    for _ in range(n_steps):
        believed = expectation(component, parts, codes)
        before, likelihood = likelihood, believed.log_likelihood
        component = replace(
            component, tau=_updated_tau(component, believed, codes), log_likelihood=likelihood
        )
        component = replace(component, beta=_updated_beta(component, believed, parts, codes))
        if abs(likelihood - before) < _PRECISION:
            break
    return component


def _updated_tau(component: Component, believed: Expectation, codes: IntArray) -> FloatArray:
    """One step of iterative scaling, each pair shrunk toward one noise rate for all pairs."""
    tau, n_classes = component.tau, believed.true.shape[1]
    shares = believed.true / believed.total
    if tau.shape == (1, 1):
        right = believed.true[np.arange(len(codes)), codes].sum()
        exposed = (shares * believed.pull).sum()
        others = (shares.sum(axis=1) * believed.pull.sum(axis=1)).sum() - exposed
        rate = (len(codes) - right + 1.0) / (others + 20.0) / ((right + 1.0) / (exposed + 1.0))
        return np.asarray(np.clip(np.array([[rate]]), 1e-9, 1e3))
    seen = np.stack(
        [np.bincount(codes, weights=believed.true[:, a], minlength=n_classes) for a in range(n_classes)]
    )
    exposed = shares.T @ believed.pull
    other = ~np.eye(n_classes, dtype=bool)
    # A weak belief of one mistake in twenty labels keeps tiny data sets away from 0 and from 1.
    common = (seen[other].sum() + 1.0) / (exposed[other].sum() + 20.0)
    rate = (seen + _PAIR_STRENGTH * common) / (exposed + _PAIR_STRENGTH)
    stay = (np.diag(seen) + 1.0) / (np.diag(exposed) + 1.0)
    updated = np.clip(rate / stay[:, None], 1e-9, 1e3)
    np.fill_diagonal(updated, 1.0)
    return np.asarray(updated)


def _updated_beta(
    component: Component, believed: Expectation, parts: Sequence[FloatArray], codes: IntArray
) -> FloatArray:
    """One Newton step on the weights of the parts, with a weak pull toward equal weights."""
    n_parts, kappa, rows = len(parts), component.kappa, np.arange(len(codes))
    total = component.spread(believed.pull)
    # (n, K): what the labeler is expected to choose.
    chosen = component.spread(believed.true / total, over_true=True) * believed.pull
    means = [np.einsum("ij,ij->i", believed.prior, part) for part in parts]
    picked = [np.einsum("ij,ij->i", chosen, part) for part in parts]
    gradient = np.zeros(n_parts)
    curvature = np.zeros((n_parts, n_parts))
    for p, part in enumerate(parts):
        gradient[p] = np.einsum("ij,ij->", believed.true, part) - means[p].sum()
        gradient[p] += kappa * (part[rows, codes] - picked[p]).sum()
        for o in range(p + 1):
            product = part * parts[o]
            value = np.einsum("ij,ij->", believed.prior, product) - means[p] @ means[o]
            value += kappa**2 * (np.einsum("ij,ij->", chosen, product) - picked[p] @ picked[o])
            curvature[p, o] = curvature[o, p] = value
    gradient -= 2.0 * (component.beta - 1.0 / n_parts)
    curvature += 2.0 * np.eye(n_parts)
    step = np.clip(np.linalg.solve(curvature, gradient), -0.5, 0.5)
    return np.asarray(np.clip(component.beta + step, 0.0, 20.0))

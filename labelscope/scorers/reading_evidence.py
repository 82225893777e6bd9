"""What the given labels say about two readings of them, on the rows that were fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from labelscope.types import FloatArray

if TYPE_CHECKING:
    from labelscope.scorers.latent import Component
    from labelscope.scorers.latent_fit import Sideways

_LOWEST = np.float32(-80.0)
_NOTHING = np.float32(1e-35)
# Half of the entropy that no class at all would have.
_FLAT = 0.5
# Of so many mistakes in one direction, half are believed to have one.
_FEW_MISTAKES = 5.0


@dataclass(frozen=True)
class ReadingEvidence:
    """What tells the readings apart.

    Attributes
    ----------
    flat_gain : float
        What rows on which no class stands out add to the mean log-likelihood where mistakes follow the
        ambiguity, beyond what they add where labelers slip whatever the row.
    one_way : float
        How far slips go from one class to another and not back, in [0, 1]; 0 where pairs of classes have no
        rates of their own.
    """

    flat_gain: float
    one_way: float

    @classmethod
    def of(cls, slips: Component, following: Component, rows: Sideways) -> ReadingEvidence:
        """Compare two readings.

        Parameters
        ----------
        slips, following : Component
            Of one part; fitted to the rows without and with a pull of the ambiguity.
        rows : Sideways
            Evidence and labels.

        Returns
        -------
        ReadingEvidence
        """
        n_classes, n = rows.part.shape
        level, joint = _read(slips, rows)
        gain = _read(following, rows)[0]
        gain -= level
        shares = np.exp(rows.part)
        total = shares.sum(axis=0)
        shares *= rows.part
        entropy = (np.log(total) - shares.sum(axis=0) / total) / np.log(max(n_classes, 2))
        flat_gain = float(gain[entropy > _FLAT].sum(dtype=np.float64)) / n
        return cls(flat_gain, 0.0 if joint is None else one_way(joint))


def one_way(joint: FloatArray) -> float:
    """Say how far mistakes go from one class to another and not back.

    Parameters
    ----------
    joint : (K, K) float
        Expected numbers of rows by true and given class, in either order; the diagonal does not count.

    Returns
    -------
    float
        Mean over classes, in [0, 1]: of every pair the squared difference of both directions, less what
        chance makes it, over the squared sum. A class with a handful of mistakes has no direction.

    Examples
    --------
    >>> habit = np.roll(np.eye(4), 1, axis=1) * 100
    >>> round(one_way(habit), 2), one_way(habit + habit.T)
    (0.99, 0.0)
    """
    both = joint + joint.T
    apart = np.maximum((joint - joint.T) ** 2 - both, 0.0)
    square = both**2
    np.fill_diagonal(apart, 0.0)
    np.fill_diagonal(square, 0.0)
    return float((apart.sum(axis=1) / (square.sum(axis=1) + _FEW_MISTAKES**2)).mean())


def _read(component: Component, rows: Sideways) -> tuple[FloatArray, FloatArray | None]:
    """Return log probabilities (n,) of the given labels and, where pairs have rates, the joint (K, K)."""
    kind = rows.part.dtype.type
    kappa, tau = kind(component.kappa), component.tau.astype(kind)
    scores = rows.part * kind(component.beta[0])
    np.clip(scores, _LOWEST, None, out=scores)
    pull = np.exp(scores * kappa)
    at = np.log(np.maximum(rows.at_given(pull), _NOTHING))
    prior = np.exp(scores, out=scores)
    prior /= prior.sum(axis=0)
    if rows.chosen is None:
        rate = tau[0, 0]
        prior /= rate * pull.sum(axis=0) + (1 - rate) * pull
        believed = rate * prior.sum(axis=0) + (1 - rate) * rows.at_given(prior)
        return np.log(np.maximum(believed, _NOTHING)) + at, None
    prior /= tau @ pull
    prior *= tau @ rows.chosen
    believed = np.maximum(prior.sum(axis=0), _NOTHING)
    prior /= believed
    return np.log(believed) + at, (prior @ rows.chosen.T).astype(np.float64)

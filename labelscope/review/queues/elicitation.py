"""Where to spend verified labels: rows that a model trained on cheap labels knows least about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from labelscope.data.arguments import check_numbers, check_seed
from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.types import Evidence, FloatArray, Ranking

_OPEN = (0, 3)  # nobody decided, or somebody was unsure


@dataclass(frozen=True, kw_only=True)
class Elicitation:
    """Rows without a decision by the entropy of the model that learned from cheap labels, softened by chance.

    Parameters
    ----------
    temperature : float
        Rows are drawn with odds of exp(entropy / temperature), the entropy in shares of its maximum; 0 takes
        the rows of largest entropy.
    uniform : float
        Share of the draws that go to any row alike, so that accuracy can be measured without bias later; 0
        with a temperature of 0.
    random_state : int

    Notes
    -----
    The order of two rows never changes while others are decided. Weights are the probabilities of the first
    draw among rows without a decision; ``meta`` holds ``entropy`` (n,), in [0, 1], and ``n_left``. All of it
    is computed from the model's probabilities; nothing is measured.

    Mallen, Belrose: Balancing label quantity and quality for scalable elicitation, 2024.

    Examples
    --------
    >>> probs = np.array([[0.9, 0.1], [0.5, 0.5], [0.7, 0.3]])
    >>> evidence = Evidence(pred_probs=probs, state=np.zeros(3, int))
    >>> Elicitation(temperature=0).order(evidence).rows.tolist()
    [1, 2, 0]
    """

    name: ClassVar[str] = "elicitation"

    temperature: float = 0.25
    uniform: float = 0.1
    random_state: int = 0

    def __post_init__(self) -> None:
        check_numbers(temperature=self.temperature, uniform=self.uniform)
        check_seed(self.random_state)
        if not (np.isfinite(self.temperature) and self.temperature >= 0):
            raise InvalidInputError(f"temperature is {self.temperature}.", "Pass a number of 0 or more.")
        if not 0 <= self.uniform <= 1:
            raise InvalidInputError(f"uniform is {self.uniform}.", "Pass a share from 0 to 1, such as 0.1.")

    def order(self, evidence: Evidence, n: int | None = None) -> Ranking:
        """Order rows.

        Parameters
        ----------
        evidence : Evidence
            ``cheap_probs`` (n, K) of a model that learned from cheap labels alone, or ``pred_probs``;
            ``state`` (n,) where there is one.
        n : int, optional
            How many rows; by default all without a decision.

        Returns
        -------
        Ranking

        Raises
        ------
        MissingEvidenceError
            No probabilities.
        InvalidInputError
            Probabilities that are not finite, or of another length than the states.
        """
        name = "cheap_probs" if "cheap_probs" in evidence else "pred_probs"
        if name not in evidence:
            raise MissingEvidenceError.of("pred_probs", type(self).__name__, evidence)
        probs = np.asarray(evidence[name], dtype=np.float64)
        if probs.ndim != 2 or not np.isfinite(probs).all():
            raise InvalidInputError(
                f"{name} of shape {probs.shape} must be finite, one row of (n, K) each.",
                "Take the out-of-sample probabilities of one model.",
            )
        state = np.asarray(evidence.get("state", np.zeros(len(probs))))
        if state.shape != (len(probs),):
            raise InvalidInputError.wrong_length("state", state.size, len(probs))
        entropy = shares_of_entropy(probs)
        rows = np.flatnonzero(np.isin(state, _OPEN))
        # Chance is dealt to all rows, so that it stays when others are decided.
        luck = np.random.default_rng([self.random_state, 0xE1]).gumbel(size=len(probs))
        odds = self._odds(entropy)
        order = np.lexsort((-entropy[rows], -(odds + luck if self.temperature else entropy)[rows]))
        first = rows[order][:n].astype(np.int64)
        shares = np.exp(odds - odds.max(initial=-np.inf)) if len(odds) else odds
        total = float(shares[rows].sum())
        weights = entropy[first] if not self.temperature else shares[first] / max(total, 1e-300)
        return Ranking(first, weights, {"n_left": len(rows), "entropy": entropy})

    def _odds(self, entropy: FloatArray) -> FloatArray:
        """Logarithms of the odds with which rows are drawn."""
        if not self.temperature or not len(entropy):
            return entropy
        logs = entropy / self.temperature
        logs = logs - logs.max()
        mean = np.exp(logs).mean()
        return np.asarray(np.log(np.maximum((1 - self.uniform) * np.exp(logs) / mean + self.uniform, 1e-300)))


def shares_of_entropy(pred_probs: FloatArray) -> FloatArray:
    """Return (n,) float64 entropies over log K; 0 where there is but one class.

    Examples
    --------
    >>> shares_of_entropy(np.array([[0.5, 0.5], [1.0, 0.0]])).tolist()
    [1.0, 0.0]
    """
    if pred_probs.shape[1] < 2:
        return np.zeros(len(pred_probs))
    safe = np.clip(pred_probs, 0.0, None)
    logs = np.log(np.where(safe > 0, safe, 1.0))
    entropy = np.abs((safe * logs).sum(axis=1)) / np.log(pred_probs.shape[1])
    return np.asarray(np.minimum(entropy, 1.0))

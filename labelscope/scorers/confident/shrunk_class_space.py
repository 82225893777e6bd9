"""Suspicion by exclusion: a given label is doubtful where it is surely none of the candidates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.scorers.confident.candidate_sets import candidate_sets
from labelscope.scorers.inputs import labels_of, read
from labelscope.types import Evidence, Score


@dataclass(frozen=True, kw_only=True)
class ShrunkClassSpace:
    """Doubt labels that lie outside of a row's minimal candidate set.

    Even where a model cannot tell two classes apart, it may be sure that it is none of the others. The set
    holds the likeliest class and the fewest runners-up without which it would be certain.

    Parameters
    ----------
    tau : float
        Certainty that the likeliest class must reach among the classes that are left.
    damping : float
        Factor for given labels that are candidates.

    Notes
    -----
    Suspicion is weight × rival / (rival + given), times ``damping`` when the given label is a candidate;
    the weight is the probability of the likeliest class, 0 where ``tau`` cannot be reached. ``flagged`` are
    given labels outside of the set. ``details`` holds ``candidates`` (n, K) bool, ``certain``, ``n_removed``,
    ``shrunk_confidence`` and ``weight``; ``meta`` holds ``tau``, ``mean_size`` and ``share_certain``.
    The sets say what a row surely is not; the likeliest class itself may be wrong, so nothing is corrected
    without a person.

    Examples
    --------
    >>> P = np.array([[0.50, 0.46, 0.02, 0.02], [0.50, 0.46, 0.02, 0.02]])
    >>> score = ShrunkClassSpace().score(Evidence(given_labels=np.array([1, 3]), pred_probs=P))
    >>> score.details["candidates"][0].tolist(), score.flagged.tolist()
    ([True, True, True, False], [False, True])
    """

    name: ClassVar[str] = "shrunk_class_space"
    family: ClassVar[str] = "confident"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "pred_probs")
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    reference: ClassVar[str] = "Yang et al.: Shrinking class space for enhanced certainty, ICCV 2023"
    fitted: ClassVar[bool] = False

    tau: float = 0.95
    damping: float = 0.25

    def __post_init__(self) -> None:
        if not 0.5 < self.tau < 1:
            raise InvalidInputError(f"tau is {self.tau}.", "Pass a certainty above 0.5 and below 1.")
        if not 0 <= self.damping <= 1:
            raise InvalidInputError(f"damping is {self.damping}.", "Pass a factor from 0 to 1.")

    def score(self, evidence: Evidence) -> Score:
        """Score every row.

        Parameters
        ----------
        evidence : Evidence
            ``given_labels`` (n,) and calibrated out-of-sample ``pred_probs`` (n, K): overconfident ones make
            the sets too small, which `labelscope.scorers.confident.candidate_sets.coverage` measures.

        Returns
        -------
        Score

        Raises
        ------
        MissingEvidenceError, InvalidInputError
            Evidence is absent or does not fit.
        """
        inputs = read(evidence, type(self).__name__, probs=True)
        probs, rows = inputs.probabilities(), np.arange(inputs.n)
        sets = candidate_sets(probs, self.tau)
        given, meaningful = np.maximum(inputs.codes, 0), inputs.labelled & (inputs.n_classes > 1)
        own = probs[rows, given].astype(np.float64) if inputs.n_classes else np.zeros(inputs.n)
        others = np.array(probs, dtype=np.float64)
        if inputs.n_classes:
            others[rows, given] = -1.0
        rival = others.max(axis=1, initial=0.0)
        among = sets.candidates[rows, given] if inputs.n_classes else np.ones(inputs.n, dtype=bool)
        doubt = sets.weight * rival / np.maximum(rival + own, 1e-300)
        doubt *= np.where(among, self.damping, 1.0)
        likeliest = probs.argmax(axis=1) if inputs.n_classes else given
        return Score(
            suspicion=np.where(meaningful, np.clip(doubt, 0, 1), 0).astype(np.float32),
            suggested=labels_of(likeliest, inputs.classes),
            flagged=np.asarray(meaningful & ~among & (sets.weight > 0)),
            details={
                "candidates": sets.candidates,
                "certain": sets.certain,
                "n_removed": sets.n_removed,
                "shrunk_confidence": sets.confidence,
                "weight": sets.weight,
            },
            meta={
                "scale": "rank",
                "tau": self.tau,
                "mean_size": float(sets.candidates.sum(axis=1).mean()) if inputs.n else 0.0,
                "share_certain": float(sets.certain.mean()) if inputs.n else 0.0,
            },
        )

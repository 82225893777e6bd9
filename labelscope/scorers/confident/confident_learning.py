"""Confident learning: count what is confidently something else, then select and rank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.scorers.confident import joint as counting
from labelscope.scorers.confident.margins import Margins, margins
from labelscope.scorers.confident.noise import PRIORS, class_health, noise, overlapping_classes
from labelscope.scorers.confident.result import rank_score
from labelscope.scorers.confident.selection import SELECTIONS, Pruning, select
from labelscope.scorers.confident.weighted_entropy import weighted_entropy_quality
from labelscope.scorers.inputs import Inputs, labels_of, read
from labelscope.types import BoolArray, Evidence, FloatArray, IntArray, Score

_RANKS = ("margin", "self_confidence", "confidence_weighted_entropy")
_SHORT = {"noise_rate": "prune_by_noise_rate", "by_class": "prune_by_class", "argmax": "predicted_neq_given"}


@dataclass(frozen=True, kw_only=True)
class ConfidentLearning:
    """Find label errors by confident counting.

    Parameters
    ----------
    select : str
        Selection rule: ``prune_by_noise_rate`` (default), ``prune_by_class``, ``both``,
        ``confident_learning``, ``predicted_neq_given``, ``low_normalized_margin`` or
        ``low_self_confidence``.
    rank : {"margin", "self_confidence", "confidence_weighted_entropy"}
        What orders the rows.
    rule : {"paper", "library"}
        Which class wins when several are confident; see `labelscope.scorers.confident.joint`.
    estimate : {"off_diagonal", "off_diagonal_calibrated", "off_diagonal_custom"}
        How the number of errors is estimated. The last reads ``confident_joint`` (K, K) from evidence.
    prior : {"count", "equation", "marginal", "marginal_given"}
        Formula for the prior of true labels.
    frac_noise : float
        Share of the estimated errors that the ``prune_`` rules select.
    min_examples_per_class : int
        The ``prune_`` rules leave at least so many rows of each class.
    remove_per_class : sequence of int, optional
        The ``prune_`` rules select exactly so many rows of each class, as far as the model doubts so many.

    Notes
    -----
    A ``confident_joint`` (K, K) in evidence replaces the counted one in the ``prune_`` rules. ``details``
    holds ``guess`` (n,) codes of the confident class or -1, ``log_odds`` and ``rival``. ``meta`` holds
    ``thresholds`` (None for absent classes), ``confident_joint``, ``joint`` (calibrated counts),
    ``n_errors``, ``noise_matrix``, ``inverse_noise_matrix``, ``prior``, ``class_health`` and ``pairs``.

    Examples
    --------
    >>> P = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.95, 0.05]])
    >>> evidence = Evidence(given_labels=np.array([0, 0, 1, 1, 1]), pred_probs=P)
    >>> ConfidentLearning(select="confident_learning").score(evidence).flagged.tolist()
    [False, False, False, False, True]
    """

    name: ClassVar[str] = "confident_learning"
    family: ClassVar[str] = "confident"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "pred_probs")
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    reference: ClassVar[str] = "Northcutt, Jiang, Chuang: Confident Learning, JAIR 2021"
    fitted: ClassVar[bool] = False

    select: str = "prune_by_noise_rate"
    rank: str = "margin"
    rule: counting.Rule = "paper"
    estimate: str = "off_diagonal"
    prior: str = "count"
    frac_noise: float = 1.0
    min_examples_per_class: int = 1
    remove_per_class: Sequence[int] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "select", _SHORT.get(self.select, self.select))
        known = (
            ("select", self.select, SELECTIONS),
            ("rank", self.rank, _RANKS),
            ("rule", self.rule, ("paper", "library")),
            ("estimate", self.estimate, counting.ESTIMATES),
            ("prior", self.prior, PRIORS),
        )
        for kind, given, names in known:
            if given not in names:
                raise InvalidInputError.unknown(kind, given, names)
        if not 0 < self.frac_noise <= 1:
            raise InvalidInputError(f"frac_noise is {self.frac_noise}.", "Pass a share above 0 and up to 1.")
        if self.min_examples_per_class < 0:
            raise InvalidInputError(
                f"min_examples_per_class is {self.min_examples_per_class}.", "Pass 0 or more."
            )

    def score(self, evidence: Evidence) -> Score:
        """Score every row.

        Parameters
        ----------
        evidence : Evidence
            ``given_labels`` (n,), out-of-sample ``pred_probs`` (n, K), optionally ``confident_joint`` (K, K).

        Returns
        -------
        Score

        Raises
        ------
        MissingEvidenceError, InvalidInputError
            Evidence is absent or does not fit.
        """
        inputs = read(evidence, type(self).__name__, probs=True)
        rows = margins(inputs)
        limits = counting.thresholds(inputs.codes, rows.given, inputs.n_classes)
        guess = counting.confident_guess(inputs.probabilities(), limits, rule=self.rule)
        counted = counting.confident_joint(inputs.codes, guess, inputs.n_classes)
        used = _supplied(evidence, inputs, required=self.estimate == "off_diagonal_custom")
        n_given = np.bincount(inputs.codes[inputs.labelled], minlength=inputs.n_classes)
        calibrated = counting.calibrate(counted if used is None else used, n_given)
        n_errors = counting.count_errors(
            self.estimate,
            off_diagonal=inputs.labelled & (guess >= 0) & (guess != inputs.codes),
            agrees=rows.agrees,
            calibrated=calibrated
            if self.estimate != "off_diagonal_calibrated"
            else counting.calibrate(counted, n_given),
            n_labelled=int(inputs.labelled.sum()),
        )
        flagged = select(
            self.select,
            codes=inputs.codes,
            pred_probs=inputs.probabilities(),
            rows=rows,
            guess=guess,
            calibrated=calibrated,
            n_errors=n_errors,
            pruning=Pruning(self.frac_noise, self.min_examples_per_class, self.remove_per_class),
        )
        return self._result(inputs, rows, guess, flagged, limits, counted, calibrated, n_errors)

    def _result(
        self,
        inputs: Inputs,
        rows: Margins,
        guess: IntArray,
        flagged: BoolArray,
        limits: FloatArray,
        counted: IntArray,
        calibrated: IntArray,
        n_errors: int,
    ) -> Score:
        score = rank_score(inputs, rows, self._suspicion(inputs, rows))
        flagged = flagged & (inputs.n_classes > 1)
        suggested = np.where(guess >= 0, guess, rows.predicted(inputs.codes))
        suggested = np.where(flagged & (suggested == inputs.codes), rows.rival, suggested)
        found = noise(calibrated, prior=self.prior)
        meta: dict[str, Any] = {
            "scale": "rank",
            "select": self.select,
            "rule": self.rule,
            "thresholds": [float(t) if np.isfinite(t) else None for t in limits],
            "confident_joint": counted,
            "joint": calibrated,
            "n_errors": n_errors,
            "noise_matrix": found.matrix,
            "inverse_noise_matrix": found.inverse,
            "prior": found.prior,
            "class_health": class_health(calibrated),
            "pairs": overlapping_classes(calibrated, top=20),
        }
        return Score(
            suspicion=score.suspicion,
            suggested=labels_of(suggested, inputs.classes),
            flagged=flagged,
            details={**score.details, "guess": guess},
            meta=meta,
        )

    def _suspicion(self, inputs: Inputs, rows: Margins) -> FloatArray:
        if self.rank == "margin":
            return np.asarray((rows.other - rows.given + 1.0) / 2.0)
        if self.rank == "self_confidence":
            return np.asarray(1.0 - rows.given)
        return np.asarray(1.0 - weighted_entropy_quality(inputs, rows))


def _supplied(evidence: Evidence, inputs: Inputs, *, required: bool) -> FloatArray | None:
    if "confident_joint" not in evidence:
        if required:
            raise InvalidInputError(
                "estimate='off_diagonal_custom' counts errors by a joint that was given, but there is none.",
                "Pass confident_joint=..., a (K, K) matrix of given × true counts.",
            )
        return None
    joint = np.asarray(evidence["confident_joint"], dtype=np.float64)
    needed = (inputs.n_classes, inputs.n_classes)
    if joint.shape != needed or not np.isfinite(joint).all() or (joint < 0).any():
        raise InvalidInputError(
            f"confident_joint has shape {joint.shape}.", f"Pass a matrix of shape {needed} of counts ≥ 0."
        )
    return joint

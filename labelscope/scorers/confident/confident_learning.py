"""Confident learning: count what is confidently something else, then select and rank."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.scorers.blockwise import Plan, Shape
from labelscope.scorers.confident.counting import Counts, whole_plan
from labelscope.scorers.confident.joint import ESTIMATES, Rule
from labelscope.scorers.confident.noise import PRIORS
from labelscope.scorers.confident.result import Summary, margin_suspicion, rank_score
from labelscope.scorers.confident.selection import SELECTIONS, Pruning, select
from labelscope.scorers.confident.weighted_entropy import weighted_entropy_quality
from labelscope.scorers.inputs import score_here
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
    rule: Rule = "paper"
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
            ("estimate", self.estimate, ESTIMATES),
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
        supplied = evidence.get("confident_joint")
        return score_here(partial(self._plan, supplied=supplied), evidence, type(self).__name__)

    def plan(self, shape: Shape) -> Plan:
        """Yield the steps of scoring; see `labelscope.scorers.blockwise`."""
        return self._plan(shape, supplied=None)

    def _plan(self, shape: Shape, *, supplied: Any) -> Plan:
        required = self.estimate == "off_diagonal_custom"
        entropy = self.rank == "confidence_weighted_entropy"
        own = _supplied(supplied, len(shape.classes), required=required)
        counts = yield from whole_plan(shape, entropy=entropy, rule=self.rule, supplied=own)
        return (yield from self.select_from(counts))

    def select_from(self, counts: Counts) -> Plan:
        """Yield the steps of selecting, once everything is counted."""
        pruning = Pruning(self.frac_noise, self.min_examples_per_class, self.remove_per_class)
        counted = counts.counted(counts.n_errors(self.estimate))
        flagged = (yield from select([self.select], counted, pruning, counts.summary.off))[self.select]
        return self.result(counts, flagged)

    def result(self, counts: Counts, flagged: BoolArray, suspicion: FloatArray | None = None) -> Score:
        """Build the score of rows that were selected; ``suspicion`` (n,) where another score has it."""
        summary = counts.summary
        if summary.n_classes < 2:
            flagged = np.zeros_like(flagged)
        return rank_score(
            summary,
            self._suspicion(summary) if suspicion is None else suspicion,
            suggested=suggestions(counts, flagged),
            flagged=flagged,
            more={"guess": counts.guess},
            select=self.select,
            rule=self.rule,
            n_errors=counts.n_errors(self.estimate),
            **counts.facts(self.prior),
        )

    def _suspicion(self, summary: Summary) -> Callable[[slice], FloatArray]:
        rows, n_classes = summary.rows, summary.n_classes
        if self.rank == "margin":
            return lambda part: margin_suspicion(rows.at(part))
        if self.rank == "self_confidence":
            return lambda part: 1.0 - rows.given[part].astype(np.float64)
        return lambda part: 1.0 - weighted_entropy_quality(rows.at(part), n_classes)


def suggestions(counts: Counts, flagged: BoolArray) -> IntArray:
    """Return (n,) codes: the guess, else the most probable class; never the given one of a flagged row."""
    rows = np.flatnonzero(flagged & counts.best_is_given)
    if not len(rows):
        return counts.best
    found = counts.best.copy()
    found[rows] = counts.summary.rows.rival[rows]
    return found


def _supplied(given: Any, n_classes: int, *, required: bool) -> FloatArray | None:
    if given is None:
        if required:
            raise InvalidInputError(
                "estimate='off_diagonal_custom' counts errors by a joint that was given, but there is none.",
                "Pass confident_joint=..., a (K, K) matrix of given × true counts.",
            )
        return None
    joint = np.asarray(given, dtype=np.float64)
    needed = (n_classes, n_classes)
    if joint.shape != needed or not np.isfinite(joint).all() or (joint < 0).any():
        raise InvalidInputError(
            f"confident_joint has shape {joint.shape}.", f"Pass a matrix of shape {needed} of counts ≥ 0."
        )
    return joint

"""The whole confident family in one call, sharing its passes over the matrix."""

from __future__ import annotations

from collections.abc import Generator

from labelscope.scorers.blockwise import Shape, Step, Stepped
from labelscope.scorers.confident.confident_learning import ConfidentLearning
from labelscope.scorers.confident.confusion_prior import ConfusionPairPrior
from labelscope.scorers.confident.counting import counts_plan
from labelscope.scorers.confident.joint import Rule
from labelscope.scorers.confident.log_ratio import LogRatio
from labelscope.scorers.confident.normalized_margin import NormalizedMargin
from labelscope.scorers.confident.result import summary_plan
from labelscope.scorers.confident.selection import SELECTIONS, Pruning, select
from labelscope.scorers.confident.self_confidence import SelfConfidence
from labelscope.scorers.confident.weighted_entropy import ConfidenceWeightedEntropy
from labelscope.scorers.inputs import run_here
from labelscope.types import Evidence, Score


def confident_family(evidence: Evidence, *, rule: Rule = "paper") -> dict[str, Score]:
    """Score rows by all seven selection rules and all quality scores of the confident family at once.

    Parameters
    ----------
    evidence : Evidence
        ``given_labels`` (n,) and out-of-sample ``pred_probs`` (n, K).
    rule : {"paper", "library"}
        Which class wins when several are confident.

    Returns
    -------
    dict of str to Score
        By name of the rule or the score; each is what the method alone returns. Arrays that are the same
        for several methods are shared between their scores.

    Raises
    ------
    MissingEvidenceError, InvalidInputError
        Evidence is absent or does not fit.

    Examples
    --------
    >>> import numpy as np
    >>> P = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.95, 0.05]])
    >>> found = confident_family(Evidence(given_labels=np.array([0, 0, 1, 1, 1]), pred_probs=P))
    >>> len(found), found["confident_learning"].flagged.tolist()
    (12, [False, False, False, False, True])
    """
    return run_here(lambda shape: family_plan(shape, rule=rule), evidence, "confident_family")


def family_plan(shape: Shape, *, rule: Rule = "paper") -> Generator[Step, Stepped, dict[str, Score]]:
    """Yield the steps of the whole family: one pass, and up to three looks at few rows."""
    summary = yield from summary_plan(shape, entropy=True)
    found = {
        scorer.name: scorer.of(summary)
        for scorer in (SelfConfidence(), NormalizedMargin(), ConfidenceWeightedEntropy(), LogRatio())
    }
    counts = yield from counts_plan(summary, rule=rule)
    found[ConfusionPairPrior.name] = ConfusionPairPrior(rule=rule).of(counts)
    counted = counts.counted(counts.n_errors("off_diagonal"))
    flags = yield from select(SELECTIONS, counted, Pruning(), summary.off)
    ranked = found[NormalizedMargin.name].suspicion
    for how, flagged in flags.items():
        found[how] = ConfidentLearning(select=how, rule=rule).result(counts, flagged, suspicion=ranked)
    return found

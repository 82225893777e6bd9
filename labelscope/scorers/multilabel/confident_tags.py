"""Confident learning for tags: every tag is a question with two answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.scorers.multilabel.tag_joint import leveled, log_odds, tag_joint
from labelscope.scorers.multilabel.tag_reading import read_tags
from labelscope.scorers.multilabel.tag_rows import POOLINGS, counted, judged, pooled
from labelscope.scorers.multilabel.tag_support import expected_errors
from labelscope.types import Evidence, Score


@dataclass(frozen=True, kw_only=True)
class ConfidentTags:
    """Estimate how many rows lack or wrongly have each tag, and find the likeliest ones.

    Parameters
    ----------
    pooling : {"moving_average", "max", "any"}
        How the suspicion of a row's entries becomes one for the row; see
        `labelscope.scorers.multilabel.tag_rows.pooled`.
    alpha : float
        Weight of the worst entry in the moving average.

    Notes
    -----
    The 2-by-2 joint of each tag says how many entries are wrong, as far as the model tells the tag at all
    (see `labelscope.scorers.multilabel.tag_support`); the log-odds of the model are then shifted, tag by
    tag, so that the probabilities add up to these numbers. Missing and spurious tags are kept apart. Without
    human verdicts this level is a model's assumption.

    ``details``: ``missing`` (n, K), the probability that an absent tag should be there, ``spurious`` (n, K),
    the probability that a present one should not, and ``flagged_tags`` (n, K) bool. Unknown entries have
    neither. ``meta``: ``tag_counts`` with ``given``, ``estimated``, ``missing`` and ``spurious`` by tag,
    ``joint`` (K, 2, 2) and ``thresholds`` (K, 2).

    Examples
    --------
    >>> tags = np.array([[1, 0]] * 20 + [[0, 1]] * 20); tags[0] = 0
    >>> probs = np.where(np.arange(40)[:, None] < 20, [0.9, 0.1], [0.1, 0.9])
    >>> score = ConfidentTags().score(Evidence(given_labels=tags, pred_probs=probs))
    >>> int(score.suspicion.argmax()), score.suggested[0].tolist()
    (0, [1, 0])
    """

    name: ClassVar[str] = "confident_tags"
    family: ClassVar[str] = "multilabel"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "pred_probs")
    tasks: ClassVar[tuple[str, ...]] = ("multilabel",)
    reference: ClassVar[str] = (
        "Northcutt, Jiang & Chuang: Confident learning, JAIR 2021; Thyagarajan et al.: Identifying incorrect "
        "annotations in multi-label classification data, 2022"
    )
    fitted: ClassVar[bool] = False

    pooling: str = "moving_average"
    alpha: float = 0.8

    def __post_init__(self) -> None:
        if self.pooling not in POOLINGS:
            raise InvalidInputError.unknown("pooling", self.pooling, POOLINGS)
        if not 0 < self.alpha <= 1:
            raise InvalidInputError(f"alpha is {self.alpha}, but a number above 0 and up to 1 is needed.")

    def score(self, evidence: Evidence) -> Score:
        """Score every row.

        Parameters
        ----------
        evidence : Evidence
            ``given_labels`` (n, K) of 1, 0 and -1 or NaN, ``pred_probs`` (n, K) of tag probabilities.

        Returns
        -------
        Score
            ``suggested`` is (n, K) int8, the set of tags that each row should have.

        Raises
        ------
        MissingEvidenceError, InvalidInputError
            Evidence is absent or does not fit.
        """
        read = read_tags(evidence, type(self).__name__, needs=("pred_probs",))
        assert read.probs is not None  # needed
        levels = log_odds(read.probs)
        joint = tag_joint(read.tags, read.probs)
        lacking, excess = expected_errors(read.tags, read.probs)
        missing = leveled(levels, read.tags == 0, lacking)
        spurious = leveled(-levels, read.tags == 1, excess)
        suggested, flagged, entries = judged(read.tags, missing, spurious, read.probs)
        return Score(
            suspicion=pooled(np.maximum(missing, spurious), self.pooling, self.alpha),
            suggested=suggested,
            flagged=flagged,
            details={"missing": missing, "spurious": spurious, "flagged_tags": entries},
            meta={
                "scale": "rank",
                "tag_counts": counted(read.tags, missing, spurious),
                "joint": joint.counts.tolist(),
                "thresholds": [[None if np.isnan(v) else float(v) for v in row] for row in joint.thresholds],
            },
        )

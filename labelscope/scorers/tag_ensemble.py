"""The default mix for tags: for each row and tag a probability that the given answer is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from labelscope.errors import MissingEvidenceError
from labelscope.scorers.multilabel.tag_joint import leveled, log_odds
from labelscope.scorers.multilabel.tag_reading import TagEvidence, check_tag_probs, read_tags, shares
from labelscope.scorers.multilabel.tag_rows import counted, judged, pooled
from labelscope.scorers.multilabel.tag_support import expected_errors
from labelscope.scorers.tag_fusion import fuse
from labelscope.scorers.whole import overall
from labelscope.types import Evidence, FloatArray, Score

# Votes that are spread as the tag is spread over all rows, so that few neighbors never make a tag certain.
_SMOOTHING = 2.0


@dataclass(frozen=True, kw_only=True)
class TagEnsemble:
    """Fuse tag probabilities, neighbor votes and what is learned from present tags alone.

    A small regression weighs the parts as they predict the given tags. Missing tags are judged in the context
    of the row's other tags, spurious ones without it (see `labelscope.scorers.tag_fusion`): a row that has no
    tag at all probably lacks one, but a tag is not right for being the only one. The level of the
    probabilities comes from the 2-by-2 joint of each tag, as far as the evidence tells the tag at all (see
    `labelscope.scorers.multilabel.tag_support`); without human verdicts it is a model's assumption.

    Parameters
    ----------
    context : bool
        Whether a row's other tags have a say.
    level : float
        Coverage of the interval of the noise rate.

    Notes
    -----
    Works with ``pred_probs``, with ``knn_ids``, or with both, and reads, where they are there,
    ``pu_posterior`` (n, K), what `PositiveUnlabeled` makes of each tag, and ``class_rates`` (n, K), how many
    of the other rows of the row's class have it. ``details`` holds ``missing`` and ``spurious``
    (n, K), ``tag_probs`` (n, K), the fused probability of each tag by its own evidence, and ``flagged_tags``.
    ``suspicion`` is the probability that a row has any wrong tag. ``meta`` holds ``scale``, ``parts`` and
    their ``weights``, ``tag_counts``, ``joint`` (K, 2, 2), ``noise_rate``, ``n_errors`` and
    ``expected_precision_100``.

    Examples
    --------
    >>> tags = np.array([[1, 0]] * 30 + [[0, 1]] * 30); tags[0] = 0
    >>> probs = np.where(np.arange(60)[:, None] < 30, [0.9, 0.1], [0.1, 0.9])
    >>> score = TagEnsemble().score(Evidence(given_labels=tags, pred_probs=probs))
    >>> int(score.suspicion.argmax()), score.suggested[0].tolist()
    (0, [1, 0])
    """

    name: ClassVar[str] = "auto_tags"
    family: ClassVar[str] = "ensemble"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "pred_probs", "knn_ids")
    enough: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("given_labels", "pred_probs"),
        ("given_labels", "knn_ids"),
    )
    uses: ClassVar[tuple[str, ...]] = ("pu_posterior", "class_rates")
    tasks: ClassVar[tuple[str, ...]] = ("multilabel",)
    reference: ClassVar[str] = "labelscope; Guo & Gu: Multi-label classification using CDNs, IJCAI 2011"
    fitted: ClassVar[bool] = True

    context: bool = True
    level: float = 0.9

    def score(self, evidence: Evidence) -> Score:
        """Score every row.

        Parameters
        ----------
        evidence : Evidence
            ``given_labels`` (n, K) and at least one of ``pred_probs`` (n, K) and ``knn_ids`` (n, k).

        Returns
        -------
        Score
            ``suggested`` is (n, K) int8, the set of tags that each row should have.

        Raises
        ------
        MissingEvidenceError
            Neither probabilities nor neighbors are given.
        InvalidInputError
            Shapes or values do not fit.
        """
        read = read_tags(evidence, type(self).__name__)
        if read.probs is None and read.knn_ids is None:
            raise MissingEvidenceError.of("pred_probs", type(self).__name__, evidence)
        parts = _parts(read, evidence)
        fused = fuse(list(parts.values()), read.tags)
        for_missing = fused.in_context if self.context else fused.plain
        tag_probs = _squashed(fused.plain)
        lacking, _ = expected_errors(read.tags, _squashed(for_missing))
        _, excess = expected_errors(read.tags, tag_probs)
        missing = leveled(for_missing, read.tags == 0, lacking)
        spurious = leveled(-fused.plain, read.tags == 1, excess)
        suggested, flagged, entries = judged(read.tags, missing, spurious, tag_probs)
        suspicion = pooled(np.maximum(missing, spurious), "any")
        meta: dict[str, Any] = {
            "scale": "probability",
            "parts": list(parts),
            "weights": list(fused.weights),
            "tag_counts": counted(read.tags, missing, spurious),
            "joint": joint_counts(read.tags, missing, spurious),
        }
        meta |= overall(suspicion, read.labelled, self.level)
        details = {"missing": missing, "spurious": spurious, "tag_probs": tag_probs, "flagged_tags": entries}
        return Score(suspicion, suggested, flagged, details, meta)


def _parts(read: TagEvidence, evidence: Evidence) -> dict[str, FloatArray]:
    parts: dict[str, FloatArray] = {}
    if read.probs is not None:
        parts["model"] = log_odds(read.probs)
    if read.knn_ids is not None:
        counts, votes = shares(read.tags, read.knn_ids)
        known = np.maximum((read.tags >= 0).sum(axis=0), 1)
        usual = ((read.tags == 1).sum(axis=0) + 0.5) / (known + 1.0)
        parts["neighbors"] = log_odds((counts + _SMOOTHING * usual) / (votes + _SMOOTHING))
    for name, called in (("pu_posterior", "positives alone"), ("class_rates", "class")):
        if name in evidence:
            parts[called] = log_odds(check_tag_probs(evidence[name], read.tags.shape, name))
    return parts


def _squashed(levels: FloatArray) -> FloatArray:
    return np.asarray(1 / (1 + np.exp(-levels)), dtype=np.float32)


def joint_counts(tags: Any, missing: FloatArray, spurious: FloatArray) -> list[list[list[float]]]:
    """Return the rows of each tag by given (row) and true value (column): 0 absent, 1 present."""
    absent, present = (tags == 0).sum(axis=0), (tags == 1).sum(axis=0)
    lacking, excess = missing.sum(axis=0, dtype=np.float64), spurious.sum(axis=0, dtype=np.float64)
    return [
        [[float(a - m), float(m)], [float(s), float(p - s)]]
        for a, p, m, s in zip(absent, present, lacking, excess, strict=True)
    ]

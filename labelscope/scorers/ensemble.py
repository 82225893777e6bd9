"""The default mix: one calibrated probability per row that its given label is wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

from labelscope.errors import MissingEvidenceError
from labelscope.scorers.blockwise import Plan, Shape, drive, in_memory
from labelscope.scorers.ensemble_plan import ensemble_plan
from labelscope.scorers.flagging import best_expected_f1
from labelscope.scorers.foreigners import raised_by_foreignness
from labelscope.scorers.inputs import hold, read
from labelscope.scorers.specialists import Specialist, doubt_of, facts_of, pooled, specialists
from labelscope.scorers.voters import heads, voters
from labelscope.types import Evidence, Score

__all__ = ["Ensemble", "best_expected_f1"]


@dataclass(frozen=True, kw_only=True)
class Ensemble:
    """Fuse out-of-sample probabilities and neighbor votes into a calibrated suspicion.

    The weights of both parts and the confusions between classes are fitted to the given labels by maximum
    likelihood (see `labelscope.scorers.latent`), under two readings of them: mistakes fall anywhere, or they
    gather on ambiguous rows. Where neither finds mistakes on clear rows, labels cannot tell good ones from
    mistakes that the model has learned, and plain disagreement of model and label is averaged in
    (``meta["noise_kind"]["untold"]`` is its weight). How the readings are weighed, and whether items from
    outside the class set are seen, follows from how many mistakes sit on clear rows (see
    `labelscope.scorers.noise_kinds`). Without human verdicts this calibration is a model's assumption, and
    ``meta["noise_rate"]`` says so; see `labelscope.scorers.calibration` for what verdicts do.

    Parameters
    ----------
    max_fit_rows : int
        Parameters are fitted on at most about this many rows, chosen by content and not by position.
    level : float
        Coverage of the interval of the noise rate.

    Notes
    -----
    Works with ``pred_probs``, with ``knn_ids``, or with both. Where there are ``features`` too, neighbors
    that share a row's label and its small cluster count for half in log votes, so that mistakes which come
    in clusters vouch less for each other (see `labelscope.scorers.voters`), and methods for noise that hides
    join where the data asks for them: class Gaussians where classes are very unequal, experts of groups that
    disagree, heads that learn from unlabelled rows, and foreignness where rows of no class are seen (see
    `labelscope.scorers.specialists`). ``details`` holds ``p_given``,
    ``p_suggested``, ``model`` and ``neighbors`` (suspicion by each part alone), ``neighbors_for`` and
    ``neighbors_against``. ``meta`` holds ``scale``, ``parts``, ``joint``, ``noise_rate``, ``n_errors``,
    ``expected_precision_100``, ``kappa`` and ``noise_kind``: in words which kind of noise is seen, and the
    shares that say so. Where methods joined, ``meta["joined"]`` names the scorer of each and why, and
    ``details`` holds their own doubts (``tail``, ``groups``, ``pool``) or ``foreign``, of which rows beyond
    ``meta["foreign_cut"]`` are suspected more.

    Examples
    --------
    >>> import numpy as np
    >>> from labelscope.types import Evidence
    >>> P = np.array([[0.95, 0.05], [0.9, 0.1], [0.1, 0.9], [0.02, 0.98]] * 20)
    >>> y = np.array([0, 0, 1, 1] * 20); y[0] = 1
    >>> int(Ensemble().score(Evidence(given_labels=y, pred_probs=P)).suspicion.argmax())
    0
    """

    name: ClassVar[str] = "auto"
    family: ClassVar[str] = "ensemble"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "pred_probs", "knn_ids", "knn_distances")
    enough: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("given_labels", "pred_probs"),
        ("given_labels", "knn_ids"),
    )
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    reference: ClassVar[str] = "labelscope; Dawid & Skene (1979) with a row-dependent labeler"
    fitted: ClassVar[bool] = False

    max_fit_rows: int = 20_000
    level: float = 0.9

    def score(self, evidence: Evidence) -> Score:
        """Score every row.

        Parameters
        ----------
        evidence : Evidence
            ``given_labels`` and at least one of ``pred_probs`` (n, K) and ``knn_ids`` (n, k).

        Returns
        -------
        Score

        Raises
        ------
        MissingEvidenceError
            Neither probabilities nor neighbors are given.
        """
        if "pred_probs" not in evidence and "knn_ids" not in evidence:
            raise MissingEvidenceError.of("pred_probs", type(self).__name__, evidence)
        held = hold(evidence, type(self).__name__)
        matrices, graph = dict(held.matrices), held.matrices.get("knn_ids")
        matrices.pop("knn_distances", None)
        codes, n_classes, features = held.codes, len(held.classes), evidence.get("features")
        silenced = graph is not None and graph.shape[1] > 0 and n_classes > 0 and features is not None
        if silenced and graph is not None and features is not None:
            matrices["knn_ids"] = voters(graph, codes, n_classes, features)
        joined: list[Specialist] = []
        if features is not None and "pred_probs" in matrices:
            joined = specialists(codes, n_classes, evidence)
        dtype = "float32" if joined else held.dtype
        if joined:
            matrices["pred_probs"] = pooled(read(evidence, type(self).__name__).probabilities(), joined)
        shape = Shape(codes, held.classes, frozenset(matrices), dtype)
        raised = partial(raised_by_foreignness, evidence=evidence) if features is not None else None
        plan = ensemble_plan(shape, self.max_fit_rows, self.level, raised)
        score = drive(plan, in_memory(shape, matrices))
        if silenced and graph is not None and "neighbors_for" in score.details:
            # Shown are all neighbors, also those that do not vote.
            both = zip(("neighbors_for", "neighbors_against"), heads(graph, codes), strict=True)
            score = replace(score, details={**score.details, **dict(both)})
        facts = facts_of(joined)
        if "foreign" in score.details:
            facts["foreign"] = {"scorer": "weight_aware", "why": "Rows that belong to no class are seen."}
        if facts:
            doubts = {one.name: doubt_of(one, codes) for one in joined}
            meta = {**score.meta, "joined": facts}
            score = replace(score, details={**score.details, **doubts}, meta=meta)
        return score

    def plan(self, shape: Shape) -> Plan:
        """Yield the steps of the work on rows, and make the score; see `labelscope.scorers.blockwise`."""
        return ensemble_plan(shape, self.max_fit_rows, self.level)

"""Build an audit: gather evidence, run the scorers, and say in one line how far it can be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from labelscope.auditing.arguments import checked_scorer
from labelscope.auditing.audit import Audit
from labelscope.auditing.cache import Cache
from labelscope.auditing.cleanlab_issues import score_of_issues
from labelscope.auditing.combining import lazy_map, mean_rank, nothing_known
from labelscope.auditing.executors import Executor, Local
from labelscope.auditing.executors.scoring import has_plan, in_memory, score_known
from labelscope.auditing.given import given_evidence, split_model
from labelscope.auditing.given_notices import notices_of_probabilities, warn_about_small_classes
from labelscope.auditing.people import people_evidence, with_consensus
from labelscope.auditing.plan import Workbench
from labelscope.auditing.summary import evidence_line, warn_when_weak
from labelscope.auditing.tasks import steps_of
from labelscope.auditing.tasks.building import Request, build_for_task
from labelscope.auditing.taxonomy import notice_of_contradictions
from labelscope.auditing.texts import text_evidence
from labelscope.data.dataset import Dataset
from labelscope.errors import (
    InvalidInputError,
    MissingEvidenceError,
    Notice,
    collect_notices,
)
from labelscope.evidence import (
    ClassStatistics,
    Duplicates,
    NeighborGraph,
    PredictedProbabilities,
    neighbor_accuracy,
)
from labelscope.evidence.embeddings import default_provider
from labelscope.scorers import Ensemble, by_name
from labelscope.types import Evidence, Score, Scorer

Scorers = str | Scorer | Sequence[str | Scorer]

# Parts of the default mix that are shown beside it, each made from evidence that the mix needs anyway.
_PARTS = (
    "confident_learning",
    "self_confidence",
    "normalized_margin",
    "neighbor_agreement",
    "model_disagreement",
)


def build_audit(
    dataset: Dataset,
    *,
    features: Any = None,
    pred_probs: Any = None,
    model: Any = None,
    scorers: Scorers = "auto",
    executor: Executor | None = None,
    evidence: Mapping[str, Any] | None = None,
    random_state: int = 0,
    early: Sequence[Notice] = (),
) -> Audit:
    """Audit a dataset; see :func:`labelscope.audit` for the arguments.

    Parameters
    ----------
    early : sequence of Notice
        Notices that were raised while the dataset was read.

    Returns
    -------
    Audit

    Raises
    ------
    LabelscopeError
        When an argument cannot be used; everything is validated before work starts.
    """
    with collect_notices() as notices:
        more = in_memory({**dataset.evidence, **(evidence or {})}, "An audit")
    steps = steps_of(dataset.labels.task if dataset.concepts is None else "concepts")
    if steps is not None:
        probs = more.get("pred_probs") if pred_probs is None else pred_probs
        asked = Request(
            dataset=_aligned(dataset, probs),
            features=features,
            pred_probs=pred_probs,
            model=model,
            scorers=scorers,
            executor=executor or Local(),
            more=more,
            random_state=random_state,
        )
        return build_for_task(asked, steps, (*early, *notices))
    early = (*early, *notices)
    with collect_notices() as notices:
        chosen = _resolve_scorers(scorers, more.get("cleanlab"))
        encoder, estimator = split_model(model)
        dataset = with_consensus(dataset)
        dataset = _aligned(dataset, more.get("pred_probs") if pred_probs is None else pred_probs)
        given = given_evidence(dataset, features=features, pred_probs=pred_probs, more=more)
        bench = Workbench(dataset, given.evidence, random_state, Cache())
        bench.facts.update(given.facts)
        _gather(bench, given.features_provider, encoder, estimator)
        if "pred_probs" in given.evidence:
            notices_of_probabilities(bench.evidence, random_state)
            bench.facts["model_accuracy"] = _agreement(bench.evidence)
        text_evidence(bench, chosen)
        scores = _run(chosen, bench.evidence, dataset, executor or Local())
        if given.issues is not None:
            scores["cleanlab"] = score_of_issues(given.issues, dataset)
        if not scores:
            scores["auto"] = nothing_known(dataset)
        if scorers == "cleanlab":
            scores = {"cleanlab": scores.pop("cleanlab"), **scores}
        main = next(iter(scores.values()))
        bench.facts["expected_precision_100"] = main.meta.get("expected_precision_100")
        warn_when_weak(bench.facts, dataset)
        warn_about_small_classes(dataset)
        bench.facts["taxonomy"] = notice_of_contradictions(bench.evidence, dataset)
        bench.facts["summary"] = evidence_line(bench.facts, main, dataset)
        lazy = lazy_map(bench)
    return Audit(
        dataset=dataset,
        evidence=bench.evidence,
        scores=scores,
        suspicion=np.asarray(main.suspicion, dtype=np.float32),
        suggested_codes=_codes(main, dataset),
        flagged=_flags(main, dataset),
        notices=(*early, *notices),
        facts=bench.facts,
        lazy_map=lazy,
    )


def _agreement(evidence: Evidence) -> float | None:
    """Share of labeled rows whose most probable class is the given label."""
    codes = np.asarray(evidence["given_labels"])
    labeled = codes >= 0
    if not labeled.any():
        return None
    likeliest = np.asarray(evidence["pred_probs"]).argmax(axis=1)  # no copy: it may be memory-mapped
    return float((likeliest == codes)[labeled].mean())


def _aligned(dataset: Dataset, pred_probs: Any) -> Dataset:
    """Let the columns of pred_probs say which classes there are, used or not."""
    shape = np.shape(pred_probs[0] if isinstance(pred_probs, (list, tuple)) else pred_probs)
    if len(shape) not in (1, 2):
        return dataset
    aligned = dataset.labels.aligned_to(shape[-1])
    return dataset if aligned is dataset.labels else dataset.with_labels(aligned)


def _resolve_scorers(scorers: Scorers, issues: Any) -> list[Scorer]:
    if isinstance(scorers, str) and scorers == "cleanlab":
        if issues is None:
            raise MissingEvidenceError(
                "scorers='cleanlab' orders the rows by a frame of cleanlab's issues, but none is given.",
                "Pass evidence={'cleanlab': lab.get_issues('label')}, or leave scorers out.",
            )
        return []
    several = isinstance(scorers, (list, tuple, set, frozenset))
    asked: list[Any] = list(scorers) if several else [scorers]  # type: ignore[arg-type]
    chosen: list[Any] = [by_name(item) if isinstance(item, str) else item for item in asked]
    for item in chosen:
        checked_scorer(item)
    if not chosen:
        raise InvalidInputError("scorers= is empty.", "Pass 'auto' or at least one scorer.")
    return chosen


def _gather(bench: Workbench, features_provider: Any, encoder: Any, estimator: Any) -> None:
    """Make what is missing; too little data for a step is a notice, and the next step works with less."""
    dataset = bench.dataset
    labeled = dataset.labels.codes[dataset.labels.codes >= 0]
    if "features" not in bench.evidence:
        provider = features_provider or default_provider(dataset, model=encoder)
        bench.run(provider, cacheable=encoder is None)
    if dataset.n > 1:
        bench.run(Duplicates())
        bench.run(NeighborGraph())
        # The graph may come from the cache; how well it predicts is a fact of the labels at hand.
        accuracy = neighbor_accuracy(dataset.labels.codes, bench.evidence["knn_ids"])
        bench.facts["neighbor_accuracy"] = None if np.isnan(accuracy) else accuracy
    if len(np.unique(labeled)) < 2:
        return  # the dataset's own notice says that nothing can contradict the labels
    bench.run(PredictedProbabilities(model=estimator))
    bench.run(ClassStatistics())
    people_evidence(bench)


def _run(chosen: list[Scorer], evidence: Evidence, dataset: Dataset, executor: Executor) -> dict[str, Score]:
    if len(np.unique(dataset.labels.codes[dataset.labels.codes >= 0])) < 2:
        return {}
    if "annotator_labels" in evidence and [scorer.name for scorer in chosen] == ["auto"]:
        # Those who looked at the rows know more than any model: their answers and the model's, together.
        chosen = [by_name("annotator_disagreement"), *chosen]
    scores = {scorer.name: score_known(scorer, evidence, executor) for scorer in chosen}
    if len(scores) > 1 and "auto" not in scores:
        scores = {"mean rank": mean_rank(scores, dataset), **scores}
    if any(isinstance(scorer, Ensemble) for scorer in chosen):
        mixed = scores[Ensemble.name]
        joined = [facts["scorer"] for facts in mixed.meta.get("joined", {}).values()]
        for name in (*_PARTS, *joined):
            part = by_name(name)
            if all(need in evidence for need in part.needs):
                where = executor if has_plan(part, evidence) else Local()
                scores.setdefault(name, score_known(part, evidence, where))
    return scores


def _codes(score: Score, dataset: Dataset) -> Any:
    if score.suggested is None:
        return dataset.labels.codes.copy()
    given, classes = dataset.labels.codes, dataset.labels.classes
    position = {value: code for code, value in enumerate(classes.tolist())}
    suggested = np.asarray(score.suggested)
    return np.array(
        [position.get(value, int(code)) for value, code in zip(suggested.tolist(), given, strict=True)],
        dtype=np.int64,
    )


def _flags(score: Score, dataset: Dataset) -> Any:
    if score.flagged is not None:
        return np.asarray(score.flagged, dtype=bool)
    # A bare order has no cut of its own: flag where the suggestion differs, in the upper half of suspicion.
    return (score.suspicion >= 0.5) & (_codes(score, dataset) != dataset.labels.codes)

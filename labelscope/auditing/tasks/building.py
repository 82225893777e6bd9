"""Build an audit of tags, targets or attributes: the same course as for classes, with a task's own steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from labelscope.auditing.arguments import checked_scorer
from labelscope.auditing.audit import Audit
from labelscope.auditing.cache import Cache
from labelscope.auditing.combining import lazy_map, mean_rank
from labelscope.auditing.executors import Executor
from labelscope.auditing.executors.scoring import score_known
from labelscope.auditing.given import KNOWN, Given, shared_evidence, split_model
from labelscope.auditing.plan import Workbench
from labelscope.auditing.summary import evidence_line, warn_when_weak
from labelscope.auditing.tasks.steps import Steps
from labelscope.auditing.taxonomy import notice_of_contradictions
from labelscope.auditing.texts import text_evidence
from labelscope.data.dataset import Dataset
from labelscope.errors import InvalidInputError, Notice, TaskError, collect_notices, notify
from labelscope.evidence import Duplicates, NeighborGraph
from labelscope.evidence.embeddings import default_provider
from labelscope.scorers import by_name
from labelscope.types import BoolArray, Evidence, Score, Scorer

_AUTO = "auto"


@dataclass(frozen=True)
class Request:
    """What was asked for; see :func:`labelscope.audit` for the arguments."""

    dataset: Dataset
    features: Any
    pred_probs: Any
    model: Any
    scorers: Any
    executor: Executor
    more: Mapping[str, Any]
    random_state: int


def build_for_task(request: Request, steps: Steps, early: Sequence[Notice] = ()) -> Audit:
    """Audit a dataset of another task than classification.

    Parameters
    ----------
    request : Request
    steps : Steps
    early : sequence of Notice
        Notices that were raised before.

    Returns
    -------
    Audit

    Raises
    ------
    LabelscopeError
        When an argument cannot be used; everything is validated before work starts.
    """
    with collect_notices() as notices:
        asked = chosen_scorers(request.scorers, steps)
        encoder, estimator = split_model(request.model, numbers=steps.task == "regression")
        given = _given(request, steps)
        bench = Workbench(request.dataset, given.evidence, request.random_state, Cache())
        _gather(bench, given, encoder, estimator, steps)
        teaches = steps.teaches(request.dataset)
        if teaches:
            make_predictions(bench, steps, estimator)
            text_evidence(bench, [scorer for _, scorer in asked])
            scores = _run(asked, bench, request, steps)
        else:
            scores = {_AUTO: steps.nothing(request.dataset)}
            if not early and not notices:
                notify(
                    "nothing_to_learn",
                    "Too few rows are labelled, or all of them alike, so that nothing can contradict them.",
                    "Label some more rows, in more than one way.",
                )
        scores = steps.constrained(request.dataset, bench.evidence, scores)
        main = next(iter(scores.values()))
        dataset, codes = steps.suggestions(request.dataset, main)
        bench.facts["expected_precision_100"] = main.meta.get("expected_precision_100")
        warn_when_weak(bench.facts, dataset)
        bench.facts["taxonomy"] = notice_of_contradictions(bench.evidence, dataset)
        bench.facts["summary"] = evidence_line(bench.facts, main, dataset)
        lazy = lazy_map(bench)
    return Audit(
        dataset=dataset,
        evidence=bench.evidence,
        scores=scores,
        suspicion=np.asarray(main.suspicion, dtype=np.float32),
        suggested_codes=codes,
        flagged=_flags(main, dataset, codes),
        notices=(*early, *notices),
        facts=bench.facts,
        lazy_map=lazy,
    )


def chosen_scorers(given: Any, steps: Steps) -> list[tuple[str, Scorer]]:
    """Return the scorers by name; refuse those that do not handle the task.

    Raises
    ------
    TaskError
        A scorer of another task.
    InvalidInputError
        None at all.
    """
    several = isinstance(given, (list, tuple, set, frozenset))
    chosen: list[tuple[str, Scorer]] = []
    for item in list(given) if several else [given]:
        scorer = steps.mix() if isinstance(item, str) and item == _AUTO else by_name(item)
        checked_scorer(scorer)
        if steps.task not in scorer.tasks:
            raise TaskError(
                f"{type(scorer).__name__} scores {' and '.join(scorer.tasks)}, but these labels are "
                f"{steps.task}.",
                "Leave scorers out for the default mix of the task.",
            )
        chosen.append((_AUTO if isinstance(scorer, type(steps.mix())) else scorer.name, scorer))
    if not chosen:
        raise InvalidInputError("scorers= is empty.", "Pass 'auto' or at least one scorer.")
    return chosen


def _given(request: Request, steps: Steps) -> Given:
    dataset, more = request.dataset, request.more
    if more.get("cleanlab") is not None:
        raise TaskError(
            f"A frame of cleanlab's issues is read for classification, but these labels are {steps.task}.",
            "Leave evidence['cleanlab'] out.",
        )
    known = dict.fromkeys((*(name for name in KNOWN if name != "concepts"), *steps.names))
    for name in more:
        if name not in known:
            raise InvalidInputError.unknown("evidence", name, known)
    items, provider = shared_evidence(dataset, request.features, more)
    probs = more.get("pred_probs") if request.pred_probs is None else request.pred_probs
    return Given(Evidence({**items, **steps.given(dataset, probs, more)}), provider, None)


def _gather(bench: Workbench, given: Given, encoder: Any, estimator: Any, steps: Steps) -> None:
    dataset = bench.dataset
    if "features" not in bench.evidence:
        provider = given.features_provider or default_provider(dataset, model=encoder)
        bench.run(provider, cacheable=encoder is None)
    if dataset.n > 1:
        bench.run(Duplicates())
        bench.run(NeighborGraph())


def make_predictions(bench: Workbench, steps: Steps, estimator: Any = None) -> None:
    """Make what the task's providers make, where what they need is there and can teach something."""
    for provider in steps.providers(estimator):
        if all(need in bench.evidence for need in provider.needs):
            if not _can_teach(bench.evidence, provider.needs):
                continue
            bench.run(provider)


def _can_teach(evidence: Evidence, needs: Sequence[str]) -> bool:
    """Whether what a provider learns from is known anywhere."""
    learned = "concepts" if "concepts" in needs else "given_labels"
    if learned not in needs:
        return True
    values = np.asarray(evidence[learned])
    if values.dtype.kind == "f":
        return bool((~np.isnan(values)).any())
    known = values[values >= 0]
    return len(known) > 0 if values.ndim > 1 else len(np.unique(known)) > 1


def _run(
    asked: list[tuple[str, Scorer]], bench: Workbench, request: Request, steps: Steps
) -> dict[str, Score]:
    beside: dict[str, Score] = {}
    if any(name == _AUTO for name, _ in asked):
        bench.evidence, beside = steps.second(bench.evidence, request.random_state)
    scores: dict[str, Score] = {}
    for name, scorer in asked:
        ready = beside.get(name)
        scores[name] = ready if ready is not None else score_known(scorer, bench.evidence, request.executor)
    if len(scores) > 1 and _AUTO not in scores:
        first = next(iter(scores.values()))
        mean = mean_rank(scores, request.dataset)
        scores = {"mean rank": replace(mean, details=first.details), **scores}
    if _AUTO in scores:
        scores = {_AUTO: scores.pop(_AUTO), **scores}
        for part in steps.parts():
            if all(need in bench.evidence for need in part.needs):
                scores.setdefault(part.name, part.score(bench.evidence))
        scores |= {name: score for name, score in beside.items() if name not in scores}
    return scores


def _flags(score: Score, dataset: Dataset, codes: Any) -> BoolArray:
    if score.flagged is not None:
        return np.asarray(score.flagged, dtype=bool)
    return np.asarray((score.suspicion >= 0.5) & (codes != dataset.labels.codes))

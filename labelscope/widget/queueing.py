"""Which queues a view offers, and how those are ordered that need more than the audit's evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.review.queues import TwoWayConfusion, by_name
from labelscope.types import IntArray
from labelscope.widget.derived_columns import FOREIGN
from labelscope.widget.report_kinds import evidence_missing, of_classes

if TYPE_CHECKING:
    from labelscope.types import Evidence, Policy, Ranking
    from labelscope.widget.messages import Json
    from labelscope.widget.shared import Shared

Answer = tuple["Json", list[bytes]]


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A queue as a menu shows it.

    Attributes
    ----------
    name, label, hint : str
    why : callable
        Why it cannot be had now; empty when it can.
    actions : tuple of str
        What can be done with its rows: ``"exclude"``, ``"new_class"``, ``"vote"``, ``"discuss"``, or the name
        of a report after ``"report:"``.
    offered : callable
        Whether it makes sense for this session at all.
    """

    name: str
    label: str
    hint: str
    why: Callable[[Shared], str] = lambda _: ""
    actions: tuple[str, ...] = ()
    offered: Callable[[Shared], bool] = of_classes


def _has_unlabelled(shared: Shared) -> bool:
    return of_classes(shared) and bool((shared.session.state.given < 0).any())


def _has_experts(shared: Shared) -> bool:
    return "local_global" in shared.session.audit.scores


def _no_spread(shared: Shared) -> str:
    missing = evidence_missing(shared, "features")
    if missing:
        return missing
    return "" if (shared.session.state.current < 0).any() else "All rows have a label already."


def _no_mistakes(shared: Shared) -> str:
    if shared.given.get("models") is not None or shared.given.get("mistakes") is not None:
        return ""
    missing = evidence_missing(shared, "pred_probs")
    return missing and f'{missing} Or write view.give(models={{"resnet": predictions}}).'


def _no_clusters(shared: Shared) -> str:
    return "" if "cluster" in shared.session.evidence() else "No score of this audit names clusters."


def _no_votes(shared: Shared) -> str:
    flagged = np.asarray(shared.session.audit.flagged, dtype=bool)
    return "" if flagged.any() else "No row is flagged, so there is nothing to vote on."


def _features(shared: Shared) -> str:
    return evidence_missing(shared, "features")


def _probs(shared: Shared) -> str:
    return evidence_missing(shared, "pred_probs")


def _always(shared: Shared) -> bool:
    return True


OFFERS = (
    Offer(name="most_suspicious", label="most suspicious", hint="suspects first", offered=_always),
    Offer(name="gate", label="above the gate", hint="moves with the gate", offered=_always,
          actions=("report:gate",)),
    Offer(name="random", label="random", hint="for honest estimates", offered=_always),
    Offer(name="review_plan", label="review plan", hint="pages by class", actions=("report:review_plan",)),
    Offer(name="class_pair", label="confused pairs", hint="given and suggested, pair by pair"),
    Offer(name="two_way_confusion", label="one of two", hint="sure of two classes, not of which", why=_probs,
          actions=("report:candidates",)),
    Offer(name="clusters", label="clusters", hint="groups of alike suspects", why=_no_clusters),
    Offer(name="mistakes", label="mistakes", hint="predictions outside the labels", why=_no_mistakes,
          actions=("discuss", "report:mistakes")),
    Offer(name="foreign", label="belongs to no class", hint="far from every class", why=_features,
          actions=("exclude", "new_class")),
    Offer(name="spread", label="spread labels", hint="unlabelled rows by round", why=_no_spread,
          actions=("report:spread",), offered=_has_unlabelled),
    Offer(name="experts_disagree", label="experts disagree", hint="local against global",
          actions=("report:groups",), offered=_has_experts),
    Offer(name="elicitation", label="to verify", hint="what a model knows least", why=_probs,
          actions=("report:plan_budget",)),
    Offer(name="robust_distillation", label="for a teacher", hint="drawn against its mistakes", why=_probs,
          actions=("report:teacher",)),
    Offer(name="active_lab", label="active learning", hint="label next or again", why=_probs),
    Offer(name="validation", label="to vote on", hint="rows you have not voted on", why=_no_votes,
          actions=("vote", "report:validation")),
)  # fmt: skip


class Queueing:
    """Answers for all views of a session.

    Parameters
    ----------
    shared : Shared
    """

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def queues(self) -> Answer:
        """Return the queues that make sense here, and why some cannot be had now."""
        listed = []
        for offer in OFFERS:
            if not offer.offered(self._shared):
                continue
            why = offer.why(self._shared)
            one = {"name": offer.name, "label": offer.label, "hint": offer.hint, "ready": not why, "why": why}
            listed.append({**one, "actions": list(offer.actions)})
        return {"queues": listed}, []

    def listed(self, policy: str) -> IntArray | None:
        """Return the rows that a queue lists, in its order; None where the audit's evidence is enough.

        Parameters
        ----------
        policy : str
            A name; with the number of rows, such as ``"elicitation:120"``, or with a certainty, such as
            ``"two_way_confusion:0.9"``.

        Raises
        ------
        LabelscopeError
            Something that the queue reads is missing.
        """
        shared = self._shared
        name, _, size = policy.partition(":")
        n = int(size) if size.isdecimal() else None
        if name == "validation":
            return shared.voting.queue()
        if name == "mistakes":
            return shared.mistaken.queue(discuss=size == "discuss")
        score = shared.session.audit.scores.get("local_global")
        if name == "experts_disagree" and score is not None:
            rows = np.flatnonzero(~np.asarray(score.details["agree"], dtype=bool))
            doubt = np.asarray(shared.session.suspicion)[rows]
            return np.asarray(rows[np.argsort(-doubt, kind="stable")], dtype=np.int64)
        if name == "review_plan":
            return shared.planning.listed()
        found = self._policy(policy, name)
        if found is None:
            return None
        ranking = found.order(self._evidence(name), n)
        self._remember(name, ranking)
        return np.asarray(ranking.rows, dtype=np.int64)

    def _policy(self, policy: str, name: str) -> Policy | None:
        made: Policy | None = self._shared.reporting.policies().get(policy)
        if made is not None:
            return made
        if name in ("foreign", "spread", "elicitation", "robust_distillation"):
            return by_name(name)
        return _at_certainty(policy) if name == "two_way_confusion" and policy != name else None

    def _evidence(self, name: str) -> Evidence:
        from labelscope.review.current_evidence import current_evidence

        session = self._shared.session
        if name in ("robust_distillation",):
            from labelscope.review.teaching import teaching_evidence

            return teaching_evidence(session)
        return current_evidence(session)

    def _remember(self, name: str, ranking: Ranking) -> None:
        """What an order says of all rows is a column from then on."""
        if name != "foreign" or not len(ranking.rows):
            return
        values = np.full(self._shared.session.audit.n, np.nan)
        values[ranking.rows] = ranking.weights
        new = FOREIGN not in self._shared.derived.names
        self._shared.derived.add({FOREIGN: values})
        if new:
            self._shared.tell_columns()


def _at_certainty(policy: str) -> TwoWayConfusion:
    """Read the certainty in a name such as ``"two_way_confusion:0.9"``."""
    text = policy.partition(":")[2]
    try:
        tau = float(text)
    except ValueError:
        raise InvalidInputError(
            f"{text!r:.40} is no certainty.", "Write it as in two_way_confusion:0.9."
        ) from None
    return TwoWayConfusion(tau=tau)

"""Judge ensemble: several judges, averaged, against the given label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.evidence.agreement import Agreement, fleiss_kappa, pairwise_kappas
from labelscope.evidence.judgements import Judge, Judgements, check_judges
from labelscope.scorers.inputs import labels_of, read
from labelscope.scorers.judges.calibration import FEWEST_REVIEWED, calibrate_confidence
from labelscope.scorers.judges.pooling import Heard, disagreement, heard_in, pooled
from labelscope.types import BoolArray, Evidence, FloatArray, IntArray, Score

_TIE = 1e-9
_COMBINE = ("mean", "vote")


@dataclass(frozen=True, kw_only=True)
class JudgeEnsemble:
    """Suspicion is the judges' probability that the given label is wrong.

    The answers of a model are averaged over its prompts, then those of all models. A row is flagged where
    the likeliest class is another one than the given; how likely it is is the confidence of the flag.

    Parameters
    ----------
    judges : sequence of judges
        Asked where the evidence holds no ``judgements``; by default three offline judges that learn from the
        given labels of other rows: naive Bayes, nearest centroid, nearest neighbors.
    models, prompts : sequence of str
        Model and prompt of each column of ``judgements``; by default each column is a model of its own.
    combine : {"mean", "vote"}
        ``"vote"`` leaves out how sure judges say they are.
    tolerance : int
        For ordered classes: flag only where the suggested one is more steps away.
    random_state : int
        Seed of the folds of judges that learn.

    Notes
    -----
    Judges that abstain have no part in the average, and rows on which all abstain have suspicion 0 and
    ``n_answered`` 0. Judges share blind spots, so that their average looks surer than it is:
    ``meta["kappa_models"]`` is Fleiss' kappa over models, ``meta["kappa_prompts"]`` that over the prompts of
    each model. ``details`` holds ``votes`` (n, J) codes with -1 for abstentions, ``sureness`` (n, J) of these
    (NaN where a judge says none), ``disagreement`` (n,) the share of pairs of answers that differ (NaN with
    fewer than two), ``confidence``, ``p_given``, ``p_suggested`` and ``n_answered`` (n,); where judges were
    asked also ``silences`` (n, J), positions in ``meta["silences"]`` of why there is no answer, else -1. With
    ``verified`` rows, ``calibrated_confidence`` (n,) is what share of such suggestions people confirmed.
    ``meta["classes"]`` are the labels that codes stand for.

    Examples
    --------
    >>> votes = np.array([[0, 0], [1, 1], [1, -1]])
    >>> evidence = Evidence(given_labels=np.array([0, 0, 1]), judgements=votes, classes=np.array(["a", "b"]))
    >>> score = JudgeEnsemble().score(evidence)
    >>> score.flagged.tolist(), score.suggested.tolist(), score.details["n_answered"].tolist()
    ([False, True, False], ['a', 'b', 'b'], [2, 2, 1])
    """

    name: ClassVar[str] = "judge_ensemble"
    family: ClassVar[str] = "judges"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "judgements", "features")
    uses: ClassVar[tuple[str, ...]] = ("judgement_probs", "texts", "verified")
    enough: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("given_labels", "judgements"),
        ("given_labels", "features"),
    )
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    reference: ClassVar[str] = (
        "Nahum, Calderon, Keller, Szpektor, Reichart: Are LLMs better than reported? Detecting label errors"
        " and mitigating their effect on model performance, 2024"
    )
    fitted: ClassVar[bool] = True

    judges: Sequence[Judge] = ()
    models: Sequence[str] = ()
    prompts: Sequence[str] = ()
    combine: str = "mean"
    tolerance: int = 0
    random_state: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "judges", check_judges(self.judges))
        for name in ("models", "prompts"):
            object.__setattr__(self, name, tuple(str(one) for one in getattr(self, name)))
        if self.combine not in _COMBINE:
            raise InvalidInputError.unknown("way to combine judges", self.combine, _COMBINE)
        if self.tolerance < 0:
            raise InvalidInputError(f"tolerance is {self.tolerance}.", "Pass 0 or more steps.")

    def score(self, evidence: Evidence) -> Score:
        """Score every row.

        Parameters
        ----------
        evidence : Evidence
            ``given_labels`` (n,), and ``judgements`` (n, J) with -1 for abstentions, or ``texts`` (n,) or
            ``features`` (n, d) for judges to look at. Optional: ``judgement_probs``, the confidence of each
            vote (n, J) or the probability of each class (n, J, K); ``verified`` (n,) bool, rows whose label
            a person confirmed or set.

        Returns
        -------
        Score

        Raises
        ------
        MissingEvidenceError, InvalidInputError
            Evidence is absent or does not fit.
        """
        by = type(self).__name__
        if "given_labels" not in evidence:
            raise MissingEvidenceError.of("given_labels", by, evidence)
        heard, asked = self._heard(evidence, by)
        about: list[dict[str, Any]] = asked.get("judges", [])
        models, prompts = self._columns(heard.n_judges, about)
        if self.combine == "vote":
            heard = Heard(heard.votes, heard.codes, heard.classes)
        said = pooled(heard, models)
        codes, rows = heard.codes, np.arange(len(heard.codes))
        given = np.maximum(codes, 0)
        probs = said.probs if len(heard.classes) else np.ones((len(codes), 1))
        judged = (said.n_answered > 0) & (codes >= 0)
        p_given = np.where(codes >= 0, probs[rows, given], 0.0)
        best = probs.argmax(axis=1)
        top = probs[rows, best]
        # Where the given label is as likely as any other, it stays.
        best = np.where((codes >= 0) & (p_given >= top - _TIE), given, best)
        best = np.where(said.n_answered > 0, best, given)
        flagged = judged & (best != given) & (np.abs(best - given) > self.tolerance)
        details = {
            "votes": heard.votes,
            "sureness": heard.sureness(),
            "disagreement": disagreement(heard.votes),
            "confidence": np.where(said.n_answered > 0, top, 0.0),
            "p_given": np.where(judged, p_given, 0.0),
            "p_suggested": np.where(said.n_answered > 0, probs[rows, best], 0.0),
            "n_answered": said.n_answered,
        }
        if "places" in asked:
            details["silences"] = asked["places"]
        calibrated = self._calibrated(evidence, details["confidence"], best == codes, judged)
        if calibrated is not None:
            details["calibrated_confidence"] = calibrated
        return Score(
            suspicion=np.where(judged, np.clip(1.0 - p_given, 0.0, 1.0), 0.0).astype(np.float32),
            suggested=labels_of(best, heard.classes),
            flagged=np.asarray(flagged),
            details=details,
            meta={
                "scale": "rank",
                "source": "judgements" if "judgements" in evidence else "judges",
                **_agreement(heard.votes, said.model_votes, models, prompts),
                "n_without_answers": int((said.n_answered == 0).sum()),
                "n_abstained": (heard.votes < 0).sum(axis=0).tolist(),
                "judges": about,
                "classes": np.asarray(heard.classes).tolist(),
                **({"silences": asked["silences"]} if "silences" in asked else {}),
            },
        )

    def _heard(self, evidence: Evidence, by: str) -> tuple[Heard, dict[str, Any]]:
        """Read judgements, or let judges make them; also facts about those that were asked."""
        if "judgements" in evidence:
            return heard_in(evidence, by), {}
        if "features" not in evidence and "texts" not in evidence:
            raise MissingEvidenceError(
                f"{by} needs the evidence 'judgements', or 'texts' or 'features' for its own judges.",
                "Pass judgements= as (n, judges) with -1 for abstentions, or texts= or features=.",
            )
        inputs = read(evidence, by)
        known = evidence.including(given_labels=inputs.codes, classes=inputs.classes)
        made = Judgements(judges=self.judges).make(None, known, random_state=self.random_state)
        votes, probs = made.arrays["judgements"], made.arrays["judgement_probs"]
        facts = {**made.facts, "places": made.arrays["judgement_silences"]}
        return Heard(np.asarray(votes), inputs.codes, inputs.classes, np.asarray(probs)), facts

    def _columns(self, n_judges: int, about: list[dict[str, Any]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return model and prompt of each judge."""
        for name in ("models", "prompts"):
            given = getattr(self, name)
            if given and len(given) != n_judges:
                raise InvalidInputError(
                    f"{name} names {len(given)} judges, but there are {n_judges}.",
                    f"Pass one entry of {name} per column of judgements, in their order.",
                )
        models = tuple(str(one["model"]) for one in about) or tuple(f"judge {i}" for i in range(n_judges))
        prompts = tuple(str(one["prompt"]) for one in about) or ("",) * n_judges
        return tuple(self.models) or models, tuple(self.prompts) or prompts

    def _calibrated(
        self, evidence: Evidence, confidence: FloatArray, right: BoolArray, judged: BoolArray
    ) -> FloatArray | None:
        verified = evidence.get("verified")
        if verified is None:
            return None
        mask = np.asarray(verified)
        if mask.shape != judged.shape:
            raise InvalidInputError(
                f"verified has the shape {mask.shape}.", f"Pass ({len(judged)},) bool, one a row."
            )
        rows = mask.astype(bool) & judged
        if int(rows.sum()) < FEWEST_REVIEWED:
            return None
        return np.where(judged, calibrate_confidence(confidence[rows], right[rows])(confidence), 0.0)


def _agreement(
    votes: IntArray, model_votes: IntArray, models: tuple[str, ...], prompts: tuple[str, ...]
) -> dict[str, Any]:
    """Return the kappas over models and over the prompts of each model."""
    of_prompts: dict[str, Any] = {}
    for name in dict.fromkeys(models):
        mine = [judge for judge, model in enumerate(models) if model == name]
        if len(mine) > 1:
            of_prompts[name] = _plain(fleiss_kappa(votes[:, mine]))
    return {
        "models": list(models),
        "prompts": list(prompts),
        "kappa_models": _plain(fleiss_kappa(model_votes)),
        "kappa_prompts": of_prompts,
        "kappa_judges": [
            [None if np.isnan(v) else round(float(v), 6) for v in row] for row in pairwise_kappas(votes)
        ],
    }


def _plain(found: Agreement) -> dict[str, Any]:
    if not found.defined:
        return {"value": None, "low": None, "high": None, "n_items": found.n_items, "note": found.note}
    ends = {name: round(float(getattr(found, name)), 6) for name in ("value", "low", "high")}
    return {**ends, "n_items": found.n_items, "note": found.note}

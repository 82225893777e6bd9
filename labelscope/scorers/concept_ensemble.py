"""The default mix where a class and attributes stand side by side: each is checked, and against the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from labelscope.data.label_evidence import encode_evidence
from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.evidence.given_tags import as_tags
from labelscope.scorers.ensemble import Ensemble
from labelscope.scorers.inputs import labels_of
from labelscope.scorers.multilabel.tag_rows import counted, judged
from labelscope.scorers.tag_ensemble import TagEnsemble
from labelscope.scorers.target_mixture import second_opinion
from labelscope.scorers.whole import overall
from labelscope.types import Array, Evidence, FloatArray, IntArray, Score

_SMOOTHING = 2.0


@dataclass(frozen=True, kw_only=True)
class ConceptEnsemble:
    """Suspect a row for its class or for any of its attributes.

    The class is judged by `Ensemble`, the attributes by `TagEnsemble`, which also hears how often rows of
    the class have each attribute. Where ``energy_class`` (n,) and ``energy_attributes`` (n, C) are there,
    what `ConceptEnergy` suspects, they correct both.

    Parameters
    ----------
    level : float
        Coverage of the interval of the noise rate.

    Notes
    -----
    ``suspicion`` is the largest of class and attributes. ``details``: ``class_suspicion`` (n,),
    ``attribute_suspicion`` (n, C), ``suggested_concepts`` (n, C) int8, ``concept_probs`` (n, C), fused, and
    what `Ensemble` has. ``meta``: that of `Ensemble`, ``tag_counts`` of the attributes, and ``noise_rate`` of
    whole rows.

    Examples
    --------
    >>> y = np.array([0] * 40 + [1] * 40)
    >>> probs = np.where(y[:, None] == [0, 1], 0.9, 0.1)
    >>> concepts = probs.round().copy(); concepts[0] = (0, 1)
    >>> evidence = Evidence(given_labels=y, classes=np.array(["a", "b"]), pred_probs=probs)
    >>> score = ConceptEnsemble().score(evidence.including(concepts=concepts, concept_probs=probs))
    >>> int(score.suspicion.argmax()), score.details["suggested_concepts"][0].tolist()
    (0, [1, 0])
    """

    name: ClassVar[str] = "auto_concepts"
    family: ClassVar[str] = "ensemble"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "concepts", "concept_probs", "pred_probs", "knn_ids")
    enough: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("given_labels", "concepts", "concept_probs", "pred_probs"),
        ("given_labels", "concepts", "knn_ids"),
    )
    uses: ClassVar[tuple[str, ...]] = ("energy_class", "energy_attributes", "features", "knn_distances")
    tasks: ClassVar[tuple[str, ...]] = ("concepts",)
    reference: ClassVar[str] = "labelscope"
    fitted: ClassVar[bool] = True

    level: float = 0.9

    def score(self, evidence: Evidence) -> Score:
        """Score every row.

        Parameters
        ----------
        evidence : Evidence
            ``given_labels`` (n,), ``concepts`` (n, C) of 1, 0 and NaN; ``pred_probs`` (n, K) of the classes
            and ``concept_probs`` (n, C), or ``knn_ids`` (n, k), or all of them.

        Returns
        -------
        Score
            ``suggested`` are classes.

        Raises
        ------
        MissingEvidenceError, InvalidInputError
            Evidence is absent or does not fit.
        """
        for name in ("given_labels", "concepts"):
            if name not in evidence:
                raise MissingEvidenceError.of(name, type(self).__name__, evidence)
        concepts = as_tags(evidence["concepts"], "concepts")
        codes, classes, _ = encode_evidence(evidence)
        if len(concepts) != len(codes):
            raise InvalidInputError.wrong_length("concepts", len(concepts), len(codes), "given_labels")
        by_class = _class_score(evidence, codes, classes)
        of_class: FloatArray = np.asarray(by_class.suspicion, dtype=np.float64)
        if "energy_class" in evidence:
            of_class = _corrected(of_class, evidence["energy_class"], codes >= 0)
        by_tags = _attribute_score(evidence, concepts, codes, len(classes))
        missing, spurious = (np.asarray(by_tags.details[name]) for name in ("missing", "spurious"))
        if "energy_attributes" in evidence:
            energy = np.asarray(evidence["energy_attributes"])
            wrong = _corrected(np.maximum(missing, spurious), energy, concepts >= 0).astype(np.float32)
            missing, spurious = np.where(concepts == 0, wrong, 0), np.where(concepts == 1, wrong, 0)
        likely = by_tags.details["tag_probs"]
        suggested, flagged, entries = judged(concepts, missing, spurious, likely)
        attributes = np.maximum(missing, spurious).astype(np.float32)
        suspicion = np.maximum(of_class, attributes.max(axis=1, initial=0)).astype(np.float32)
        labelled = np.asarray((codes >= 0) | (concepts >= 0).any(axis=1))
        meta: dict[str, Any] = {**by_class.meta, "scale": "probability"}
        meta["tag_counts"] = counted(concepts, missing, spurious)
        meta |= overall(suspicion, labelled, self.level)
        details = {
            **by_class.details,
            "class_suspicion": of_class.astype(np.float32),
            "attribute_suspicion": attributes,
            "suggested_concepts": suggested,
            "flagged_concepts": entries,
            "concept_probs": likely,
        }
        class_flags = np.asarray(by_class.flagged, dtype=bool)
        return Score(suspicion, by_class.suggested, class_flags | flagged, details, meta)


def _class_score(evidence: Evidence, codes: IntArray, classes: Array) -> Score:
    if len(np.unique(codes[codes >= 0])) > 1 and ("pred_probs" in evidence or "knn_ids" in evidence):
        return Ensemble().score(evidence)
    nothing = np.zeros(len(codes), dtype=np.float32)
    return Score(nothing, labels_of(codes, classes), nothing.astype(bool), meta={"parts": []})


def _attribute_score(evidence: Evidence, concepts: IntArray, codes: IntArray, n_classes: int) -> Score:
    items = {"given_labels": concepts, "class_rates": class_rates(concepts, codes, n_classes)}
    if "concept_probs" in evidence:
        items["pred_probs"] = evidence["concept_probs"]
    if "knn_ids" in evidence:
        items["knn_ids"] = evidence["knn_ids"]
    return TagEnsemble().score(Evidence(items))


def class_rates(concepts: IntArray, codes: IntArray, n_classes: int) -> FloatArray:
    """How many of the other rows of its class have each attribute, (n, C), drawn toward all rows' share."""
    known, present = (concepts >= 0).astype(np.float64), (concepts == 1).astype(np.float64)
    share = (present.sum(axis=0) + 0.5) / (known.sum(axis=0) + 1.0)
    seen, hits = np.zeros((n_classes + 1, concepts.shape[1])), np.zeros((n_classes + 1, concepts.shape[1]))
    np.add.at(seen, codes, known)  # the last one is for rows without a class
    np.add.at(hits, codes, present)
    others, agreeing = seen[codes] - known, hits[codes] - present
    rates = (agreeing + _SMOOTHING * share) / (others + _SMOOTHING)
    return np.asarray(np.where(codes[:, None] >= 0, rates, share), dtype=np.float64)


def _corrected(posterior: FloatArray, values: Any, known: Array) -> FloatArray:
    """Let another method's order correct the known entries."""
    other = np.asarray(values, dtype=np.float64)
    if other.shape != posterior.shape:
        raise InvalidInputError(
            f"What the energy says has the shape {other.shape}, but {posterior.shape} is needed.",
            "Pass energy_class as (n,) and energy_attributes as (n, C).",
        )
    out = np.zeros(posterior.shape)
    out[known] = second_opinion(posterior[known].astype(np.float64), other[known])
    return out

"""What is known of class and attributes, and what the features say of each alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from labelscope.errors import InvalidInputError, MissingEvidenceError, notify
from labelscope.evidence import PredictedProbabilities
from labelscope.evidence.concept_probs import ConceptProbabilities
from labelscope.evidence.given_tags import as_tags
from labelscope.scorers.concepts.energy import one_hot, sigmoid, softmax
from labelscope.scorers.inputs import Inputs, read
from labelscope.types import Array, BoolArray, Evidence, FloatArray, IntArray

_FEWEST = 10
_LARGEST = 8.0


@dataclass(frozen=True)
class Variables:
    """The given class and attributes.

    Attributes
    ----------
    codes : (n,) int64
        -1 where the class is unknown.
    classes : (K,) array
    concepts : (n, C) float64
        1, 0, NaN where unknown.
    used : (u,) int64
        Attributes that take both values.
    tells : bool
        Whether there are relations to learn.
    """

    codes: IntArray
    classes: Array
    concepts: FloatArray
    used: IntArray
    tells: bool

    @property
    def known(self) -> BoolArray:
        """(n, C) bool: attributes that are given and take both values."""
        known = np.zeros(self.concepts.shape, dtype=bool)
        known[:, self.used] = ~np.isnan(self.concepts[:, self.used])
        return known


@dataclass(frozen=True)
class Heads:
    """What the heads say of each row.

    Attributes
    ----------
    concepts : (n, C) float64
        Log-odds of the attributes.
    classes : (n, K) float64
        Log-probabilities of the classes.
    base : (C,) float64
        Log-odds of each attribute over all rows.
    class_base : (K,) float64
        Log-shares of the classes.
    """

    concepts: FloatArray
    classes: FloatArray
    base: FloatArray
    class_base: FloatArray

    def weighed(self, attributes: float, classes: float) -> Heads:
        """Return the same with less weight on what goes beyond how common classes and attributes are."""
        return replace(
            self,
            concepts=self.base + attributes * (self.concepts - self.base),
            classes=self.class_base + classes * (self.classes - self.class_base),
        )

    @property
    def filled(self) -> FloatArray:
        """(n, C) probabilities of the attributes."""
        return sigmoid(self.concepts)

    @property
    def class_filled(self) -> FloatArray:
        """(n, K) probabilities of the classes."""
        return softmax(self.classes)


def read_variables(evidence: Evidence) -> Variables:
    """Read and check class and attributes; says which attributes are left out.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        Attributes that are not 0, 1 and NaN, or not one row for each label.
    """
    inputs = _classes(evidence)
    tags = as_tags(evidence["concepts"], "concepts")
    if len(tags) != inputs.n:
        raise InvalidInputError.wrong_length("concepts", len(tags), inputs.n, "given_labels")
    concepts = np.where(tags < 0, np.nan, tags).astype(np.float64)
    present, absent = (tags == 1).any(axis=0), (tags == 0).any(axis=0)
    used = np.flatnonzero(present & absent)
    n_labelled = int((inputs.codes >= 0).sum())
    few = n_labelled < _FEWEST
    if inputs.n and len(used) < tags.shape[1]:
        dropped = np.flatnonzero(~(present & absent)).tolist()
        notify(
            "single_valued_concepts",
            f"{len(dropped):,} of {tags.shape[1]:,} attributes have a single value among the rows (columns "
            f"{', '.join(map(str, dropped[:10]))}{', …' if len(dropped) > 10 else ''}); they are left out.",
            "Nothing can be told about them.",
        )
    if few:
        notify(
            "few_rows_for_relations",
            f"Only {n_labelled:,} rows have a class; relations of class and attributes need {_FEWEST}.",
            "Nothing is suspected.",
        )
    found = Variables(inputs.codes, np.asarray(inputs.classes), concepts, used, not few and bool(len(used)))
    _tell_copies(found)
    return found


def heads_of(evidence: Evidence, variables: Variables, *, random_state: int = 0) -> Heads:
    """Return what heads say that have not seen the row's own labels.

    Probabilities that are given are used; others are made from the features.

    Raises
    ------
    MissingEvidenceError
        Neither probabilities nor features.
    InvalidInputError
        Probabilities of another shape.
    """
    codes, n_classes = variables.codes, len(variables.classes)
    counts = np.bincount(codes[codes >= 0], minlength=n_classes)
    class_base = np.log((counts + 0.5) / (counts.sum() + 0.5 * n_classes)) if n_classes else np.zeros(0)
    known = ~np.isnan(variables.concepts)
    rate = (np.nansum(variables.concepts, axis=0) + 0.5) / (known.sum(axis=0) + 1.0)
    base = np.log(rate) - np.log1p(-rate)
    _check_there(evidence)
    wanted = evidence.including(given_labels=codes, classes=np.arange(n_classes))
    if not variables.tells:
        shape = (len(codes), n_classes)
        return Heads(np.tile(base, (len(codes), 1)), np.broadcast_to(class_base, shape), base, class_base)
    probs = _class_probs(evidence, wanted, variables, random_state)
    classes = np.log(np.clip(probs, np.exp(-_LARGEST), 1.0))
    if evidence.get("concept_probs") is not None:
        likely = np.asarray(evidence["concept_probs"], dtype=np.float64)
        if likely.shape != variables.concepts.shape or not ((likely >= 0) & (likely <= 1)).all():
            raise InvalidInputError(
                f"concept_probs has the shape {likely.shape} or leaves [0, 1]; {variables.concepts.shape} "
                "probabilities are needed.",
                "Pass the out-of-sample probability that each row has each attribute.",
            )
    else:
        likely = np.tile(rate, (len(codes), 1))
        part = wanted.including(concepts=variables.concepts[:, variables.used])
        made = ConceptProbabilities().make(None, part, random_state=random_state)
        likely[:, variables.used] = made.arrays["concept_probs"]
    inside = np.clip(likely, 1e-9, 1 - 1e-9)
    return Heads(np.clip(np.log(inside) - np.log1p(-inside), -_LARGEST, _LARGEST), classes, base, class_base)


def _class_probs(evidence: Evidence, wanted: Evidence, variables: Variables, random_state: int) -> FloatArray:
    codes, n_classes = variables.codes, len(variables.classes)
    if evidence.get("pred_probs") is not None:
        given = _classes(evidence, probs=True).probabilities()
        return np.asarray(given, dtype=np.float64)
    if len(np.unique(codes[codes >= 0])) < 2:
        return one_hot(np.where(codes < 0, codes.max(initial=0), codes), n_classes)
    made = PredictedProbabilities().make(None, wanted, random_state=random_state)
    return np.asarray(made.arrays["pred_probs"], dtype=np.float64)


def _classes(evidence: Evidence, *, probs: bool = False) -> Inputs:
    """Read the class; ``pred_probs`` only where it is wanted, since attributes are beside it."""
    names = ("given_labels", "classes", "pred_probs")
    return read(Evidence({k: evidence[k] for k in names if k in evidence}), "ConceptEnergy", probs=probs)


def _check_there(evidence: Evidence) -> None:
    if "features" in evidence:
        return
    for name in ("pred_probs", "concept_probs"):
        if name not in evidence:
            missing = "features" if {"pred_probs", "concept_probs"}.isdisjoint(evidence) else name
            raise MissingEvidenceError.of(missing, "ConceptEnergy", evidence)


def _tell_copies(variables: Variables) -> None:
    """Say when an attribute is the class under another name."""
    codes, concepts = variables.codes, variables.concepts
    if len(np.unique(codes[codes >= 0])) < 2 or not variables.tells:
        return
    for column in variables.used.tolist():
        rows = (codes >= 0) & ~np.isnan(concepts[:, column])
        own = concepts[rows, column] == 1
        holders = np.unique(codes[rows][own])
        if len(holders) == 1 and not (codes[rows][~own] == holders[0]).any():
            notify(
                "concept_equals_class",
                f"The attribute of column {column} is there in all rows of one class and in no others: it "
                "repeats the class, so each confirms the other.",
                "Leave it out, or trust only what the features say against both.",
            )

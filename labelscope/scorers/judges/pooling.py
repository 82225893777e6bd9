"""Judgements in one shape, and their average: over the prompts of a model first, then over models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.evidence.agreement.answers import kinds_of
from labelscope.evidence.annotators import given_answers
from labelscope.types import Array, Evidence, FloatArray, IntArray


@dataclass(frozen=True)
class Heard:
    """What judges said.

    Attributes
    ----------
    votes : (n, J) int64
        Class codes, -1 where a judge abstained.
    codes : (n,) int64
        Given labels, -1 for unlabelled rows.
    classes : (K,) array
    probs : (n, J) or (n, J, K) float, or None
        Confidence of each vote, or the probability of each class.
    """

    votes: IntArray
    codes: IntArray
    classes: Array
    probs: FloatArray | None = None

    @property
    def n_judges(self) -> int:
        """Number of judges."""
        return int(self.votes.shape[1])

    def of_judge(self, judge: int) -> FloatArray:
        """Return the probabilities (n, K) of a judge, zeros where it abstained."""
        n, k = len(self.votes), len(self.classes)
        vote = self.votes[:, judge]
        known, rows = vote >= 0, np.flatnonzero(vote >= 0)
        made = np.zeros((n, k))
        if self.probs is None:
            made[rows, vote[rows]] = 1.0
        elif self.probs.ndim == 3:
            own = np.asarray(self.probs[:, judge], dtype=np.float64)
            made[known] = own[known] / own[known].sum(axis=1, keepdims=True)
        else:
            sure = np.nan_to_num(np.asarray(self.probs[rows, judge], dtype=np.float64), nan=1.0)
            made[rows] = ((1.0 - sure) / max(k - 1, 1))[:, None]
            made[rows, vote[rows]] = sure if k > 1 else 1.0
        return made

    def sureness(self) -> FloatArray:
        """Return (n, J) float32: the probability that each judge gives its vote; NaN where it says none."""
        made = np.full(self.votes.shape, np.nan, dtype=np.float32)
        rows, judges = np.nonzero(self.votes >= 0)
        if self.probs is None or not len(rows):
            return made
        votes = self.votes[rows, judges]
        flat = self.probs.ndim == 2
        made[rows, judges] = self.probs[rows, judges] if flat else self.probs[rows, judges, votes]
        # A judge that names a class alone is no judge that is certain of each.
        made[:, ~(made < 1).any(axis=0)] = np.nan
        return made


@dataclass(frozen=True)
class Pooled:
    """The ensemble's view.

    Attributes
    ----------
    probs : (n, K) float64
        Zeros where every judge abstained.
    n_answered : (n,) int64
        Judges that answered.
    model_votes : (n, M) int64
        What each model says after its prompts are averaged, -1 where all of them abstained.
    models : tuple of str
    """

    probs: FloatArray
    n_answered: IntArray
    model_votes: IntArray
    models: tuple[str, ...]


def heard_in(evidence: Evidence, by: str) -> Heard:
    """Read ``judgements`` and ``judgement_probs`` beside the given labels.

    Parameters
    ----------
    evidence : Evidence
        ``judgements`` (n, J), ``given_labels`` (n,). With ``classes`` both are codes into them; otherwise
        both are label values. -1, None and NaN are abstentions.
    by : str
        Who asks.

    Raises
    ------
    InvalidInputError
        Shapes or codes that do not fit, or probabilities that are none.
    """
    said = evidence["judgements"]
    matrix = np.asarray(said.to_numpy() if hasattr(said, "to_numpy") else said)
    if matrix.ndim != 2:
        raise InvalidInputError(
            f"judgements has the shape {matrix.shape}.", "Pass (n, judges): one column per judge."
        )
    if matrix.shape[1] == 0:
        raise InvalidInputError("judgements has no column, so that nobody judged.", "Pass one per judge.")
    if matrix.dtype.kind in "iu":
        plain = _codes_in(evidence, matrix)
        if plain is not None:
            return plain
        matrix = np.where(matrix < 0, np.nan, matrix)
    answers, codes = given_answers(
        Evidence(
            {name: one for name, one in evidence.items() if name in ("given_labels", "classes")}
        ).including(annotator_labels=matrix),
        by=by,
    )
    assert codes is not None  # given_labels are asked for before
    probs = _checked(evidence.get("judgement_probs"), answers.matrix(), len(answers.classes))
    return Heard(answers.matrix(), codes, np.asarray(answers.classes), probs)


def _codes_in(evidence: Evidence, matrix: Array) -> Heard | None:
    """Take codes of known classes as they are; what does not fit is read, and refused, elsewhere."""
    classes, given = evidence.get("classes"), np.asarray(evidence["given_labels"])
    fits = given.shape == (len(matrix),) and given.dtype.kind in "iu"
    if classes is None or not fits or not matrix.size or matrix.max() >= len(classes):
        return None
    votes, known = np.maximum(matrix, -1).astype(np.int64), np.asarray(classes)
    probs = _checked(evidence.get("judgement_probs"), votes, len(known))
    return Heard(votes, given.astype(np.int64), known, probs)


def _checked(given: Any, votes: IntArray, n_classes: int) -> FloatArray | None:
    if given is None:
        return None
    probs = np.asarray(given)
    shapes = (votes.shape, (*votes.shape, n_classes))
    if probs.shape not in shapes or probs.dtype.kind not in "fiub":
        raise InvalidInputError(
            f"judgement_probs has the shape {probs.shape} and the type {probs.dtype}.",
            f"Pass the confidence of each vote, {shapes[0]}, or the probability of each class, {shapes[1]}.",
        )
    known = probs[votes >= 0]
    with np.errstate(invalid="ignore"):
        low, high = np.nanmin(known, initial=0.0), np.nanmax(known, initial=0.0)
    if low < 0 or high > 1 + 1e-6:
        raise InvalidInputError(
            f"judgement_probs go from {low:g} to {high:g}.", "Pass probabilities, between 0 and 1."
        )
    if probs.ndim == 3 and known.size and not (np.abs(known.sum(axis=1) - 1.0) <= 0.01).all():
        raise InvalidInputError(
            "judgement_probs of judges that answered do not sum to 1 over the classes.",
            "Pass one probability per class, and -1 in judgements where a judge abstained.",
        )
    return probs


def pooled(heard: Heard, models: Sequence[str]) -> Pooled:
    """Average over the judges of a model, then over models; who abstains has no part in the average.

    Parameters
    ----------
    heard : Heard
    models : sequence of str
        Model of each judge.
    """
    n, k = len(heard.votes), len(heard.classes)
    if heard.probs is None:
        kinds, places = kinds_of(heard.votes, k)
        if len(kinds.codes) < n // 2:  # who only votes says the same on many rows: each is averaged once
            few = pooled(Heard(kinds.codes, places, heard.classes), models)
            return Pooled(few.probs[places], few.n_answered[places], few.model_votes[places], few.models)
    names = tuple(dict.fromkeys(models))
    total, n_models = np.zeros((n, k)), np.zeros(n)
    model_votes = np.full((n, len(names)), -1, dtype=np.int64)
    for place, name in enumerate(names):
        mine = [judge for judge, model in enumerate(models) if model == name]
        answered = (heard.votes[:, mine] >= 0).sum(axis=1)
        mean = sum((heard.of_judge(judge) for judge in mine), np.zeros((n, k)))
        mean /= np.maximum(answered, 1)[:, None]
        total += mean
        n_models += answered > 0
        if k:
            model_votes[:, place] = np.where(answered > 0, mean.argmax(axis=1), -1)
    probs = total / np.maximum(n_models, 1)[:, None]
    n_answered = (heard.votes >= 0).sum(axis=1).astype(np.int64)
    return Pooled(probs, n_answered, model_votes, names)


def disagreement(votes: IntArray) -> FloatArray:
    """Return (n,) float32: the share of pairs of answers to a row that differ; NaN with fewer than two.

    Examples
    --------
    >>> disagreement(np.array([[0, 1], [2, 2], [0, -1]])).tolist()
    [1.0, 0.0, nan]
    """
    kinds, places = kinds_of(votes, int(votes.max(initial=-1)) + 1)
    return _apart(kinds.codes)[places]


def _apart(votes: IntArray) -> FloatArray:
    n_judges = votes.shape[1]
    pairs, apart = np.zeros(len(votes)), np.zeros(len(votes))
    for first in range(n_judges):
        one = votes[:, first]
        for second in range(first):
            both = (one >= 0) & (votes[:, second] >= 0)
            pairs += both
            apart += both & (one != votes[:, second])
    return np.where(pairs > 0, apart / np.maximum(pairs, 1), np.nan).astype(np.float32)

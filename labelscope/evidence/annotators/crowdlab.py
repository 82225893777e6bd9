"""CROWDLAB: a model's probabilities and people's answers, weighted by how far each can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from labelscope.evidence.annotators.answers import Answers, read_answers
from labelscope.evidence.annotators.consensus import (
    Consensus,
    agreement,
    checked_probs,
    majority_codes,
    mean_per_annotator,
    picked,
    settled,
    width_of,
)
from labelscope.evidence.annotators.temperature import best_temperature, scaled
from labelscope.types import BoolArray, FloatArray, IntArray

_FLOOR = 1e-6


@dataclass(frozen=True)
class Trust:
    """How far the model and each person count.

    Attributes
    ----------
    model : float
        Weight of the model, the square root of the answers per row included.
    annotators : (A,) float64
        Weight of each person; people without overlap with others get that of the mean agreement.
    likelihood : float
        Probability that a person gives the consensus label.
    baseline : str
        ``"most_common"`` (errors relative to always answering the most common class), ``"balanced"`` (errors
        averaged over classes, relative to chance) or ``"none"`` (no row with several answers).
    """

    model: float
    annotators: FloatArray
    likelihood: float
    baseline: str


def crowdlab(
    answers: Any, pred_probs: Any, *, class_names: Sequence[Any] | None = None, calibrate: bool = False
) -> Consensus:
    """Weigh people's answers and a model's probabilities into one consensus.

    Parameters
    ----------
    answers : (n, A) matrix, frame, list of lists, or Answers
        One column per person; None or NaN where a person did not answer.
    pred_probs : (n, K) float
        Out-of-sample probabilities of a model.
    class_names : sequence, optional
        As in `read_answers`.
    calibrate : bool
        Scale the model's temperature to the shares of the answers first.

    Returns
    -------
    Consensus
        Rows without answers have the model's label. ``meta`` holds ``model_weight``, ``annotator_weights``
        (A,), ``likelihood``, ``baseline``, ``temperature`` and ``label_quality`` (m,) of each answer.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        Not a matrix of labels, or pred_probs that do not fit.

    Notes
    -----
    Goh, Tkachenko, Mueller: CROWDLAB, 2022. Weights there compare errors with those of always answering the
    most common class. When that class is nearly all there is, the model's weight falls to its floor although
    the model is good. Where that would happen and the model beats chance when its errors are averaged over
    the classes, all weights are made of such averages, compared with chance.
    Rows with one answer and rows without any do not enter the weights. When no row has several answers,
    all weights are 1 and the likelihood is the model's agreement with the answers.

    Examples
    --------
    >>> probs = [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]
    >>> crowdlab([["a", "a"], ["b", "b"], [None, None]], probs).labels.tolist()
    ['a', 'b', 'a']
    """
    read = read_answers(answers, class_names=class_names, width=width_of(pred_probs))
    probs, temperature = checked_probs(read, pred_probs), 1.0
    if calibrate:
        temperature = best_temperature(read, probs)
        probs = scaled(probs, temperature)
    first = with_model(majority_codes(read, probs), probs)
    start = trust(read, probs, first)
    codes = _prefer(combine(read, probs, start), first)
    found = trust(read, probs, codes, balanced=start.baseline == "balanced")
    posterior = combine(read, probs, found)
    label_quality = posterior[read.rows, read.codes]
    return settled(
        read,
        codes,
        posterior,
        _annotator_quality(read, codes, found, label_quality),
        method="crowdlab",
        model_weight=found.model,
        annotator_weights=found.annotators,
        likelihood=found.likelihood,
        baseline=found.baseline,
        temperature=temperature,
        label_quality=label_quality,
    )


def with_model(codes: IntArray, probs: FloatArray) -> IntArray:
    """Give rows without answers the model's label."""
    if not probs.shape[1]:
        return codes
    return np.asarray(np.where(codes < 0, probs.argmax(axis=1), codes), dtype=np.int64)


def combine(answers: Answers, probs: FloatArray, found: Trust) -> FloatArray:
    """Return the posterior (n, K): the weighted mean of the model and of what each answer says."""
    k = answers.n_classes
    if k < 2:
        return np.ones((answers.n, k))
    weights = found.annotators[answers.people]
    other = (1.0 - found.likelihood) / (k - 1)
    total = np.bincount(answers.rows, weights=weights, minlength=answers.n)
    cells = answers.rows * k + answers.codes
    chosen = np.bincount(cells, weights=weights, minlength=answers.n * k).reshape(answers.n, k)
    mixed = found.model * probs + total[:, None] * other + chosen * (found.likelihood - other)
    return np.asarray(mixed / (found.model + total)[:, None])


def trust(answers: Answers, probs: FloatArray, codes: IntArray, *, balanced: bool = False) -> Trust:
    """Weigh the model and the people by their errors against a consensus ``codes`` (n,).

    ``balanced`` averages errors over the classes even where the published weights would do.
    """
    per_row = answers.per_row()
    several, answered = per_row > 1, per_row > 0
    if answers.n_classes < 2 or not several.any():
        return _without_overlap(answers, probs, answered)
    votes = picked(answers.votes(), codes)
    likelihood = float((votes[several] / per_row[several]).mean())
    scale = float(np.sqrt(per_row[answered].mean()))
    wrong = (probs.argmax(axis=1) != codes).astype(np.float64)
    shares = np.bincount(codes[several], minlength=answers.n_classes) / int(several.sum())
    common = max(1.0 - float(shares.max()), _FLOOR)
    error, agree = float(wrong[several].mean()), _agreement_with_others(answers)
    overlapping = ~np.isnan(agree)
    weights = np.where(overlapping, agree, agree[overlapping].mean())
    model = 1.0 - error / common
    people: FloatArray = 1.0 - (1.0 - weights) / common
    baseline = "most_common"
    if balanced or model <= _FLOOR:
        even = _balanced(answers, codes, wrong, several, weights)
        if balanced or even[0] > _FLOOR:
            (model, people), baseline = even, "balanced"
    return Trust(max(model, _FLOOR) * scale, np.maximum(people, _FLOOR), likelihood, baseline)


def _agreement_with_others(answers: Answers) -> FloatArray:
    """Return (A,) shares of the others' answers to the same rows that agree; NaN without any."""
    same, others = _pairs(answers)
    total = np.bincount(answers.people, weights=others, minlength=answers.n_annotators)
    agree = np.bincount(answers.people, weights=same, minlength=answers.n_annotators)
    return np.asarray(np.divide(agree, total, out=np.full(len(total), np.nan), where=total > 0))


def _pairs(answers: Answers) -> tuple[FloatArray, FloatArray]:
    """Return for each answer how many others gave the same one, and how many others there are."""
    return answers.votes()[answers.rows, answers.codes] - 1.0, answers.per_row()[answers.rows] - 1.0


def _balanced(
    answers: Answers, codes: IntArray, wrong: FloatArray, several: BoolArray, agree: FloatArray
) -> tuple[float, FloatArray]:
    """Return weights of the model and of the people from errors averaged over the classes.

    The rate of each class is drawn to the overall rate with the weight of one row, as rare classes have few.
    """
    same, others = _pairs(answers)
    present = np.unique(codes[several])
    size = answers.n_annotators
    mean, held, model = np.zeros(size), np.zeros(size), 0.0
    overall = float(wrong[several].mean())
    for one in present:
        rows = several & (codes == one)
        model += (float(wrong[rows].sum()) + overall) / (int(rows.sum()) + 1) / len(present)
        inside = rows[answers.rows]
        total = np.bincount(answers.people[inside], weights=others[inside], minlength=size)
        agreed = np.bincount(answers.people[inside], weights=same[inside], minlength=size)
        met = total > 0
        mean += np.where(met, (agreed + agree) / (total + 1), 0.0)
        held += met
    mean = np.where(held > 0, mean / np.maximum(held, 1), agree)
    chance = 1.0 - 1.0 / (len(present) if len(present) > 1 else answers.n_classes)
    return 1.0 - model / chance, np.asarray(1.0 - (1.0 - mean) / chance)


def _without_overlap(answers: Answers, probs: FloatArray, answered: BoolArray) -> Trust:
    """Nobody can be compared with anybody: everyone counts alike."""
    chance = 1.0 / max(answers.n_classes, 1)
    likelihood = 1.0
    if answered.any() and answers.n_classes > 1:
        agrees = probs[answers.rows].argmax(axis=1) == answers.codes
        likelihood = max(float(agrees.mean()), chance)
    return Trust(1.0, np.ones(answers.n_annotators), likelihood, "none")


def _prefer(posterior: FloatArray, first: IntArray) -> IntArray:
    """Return the most probable class of each row; ties go to ``first``."""
    if not posterior.shape[1]:
        return first
    tied = picked(posterior, first) >= posterior.max(axis=1)
    return np.asarray(np.where(tied & (first >= 0), first, posterior.argmax(axis=1)), dtype=np.int64)


def _annotator_quality(
    answers: Answers, codes: IntArray, found: Trust, label_quality: FloatArray
) -> FloatArray:
    """Mix the mean quality of a person's answers with the person's agreement with the consensus."""
    quality, agree = mean_per_annotator(answers, label_quality), agreement(answers, codes)
    active = answers.per_annotator() > 0
    if not active.any():
        return quality
    per_row = answers.per_row()
    people = float(found.annotators[active].sum() * per_row[per_row > 0].mean() / active.sum())
    share = found.model / (found.model + people)
    # People whose rows nobody else answered agree with a consensus of their own: only the model can tell.
    return np.asarray(np.where(np.isnan(agree), quality, share * quality + (1 - share) * agree))


def active_lab(answers: Answers, pred_probs: Any) -> tuple[FloatArray, dict[str, Any]]:
    """Say of each row how well its label is known: the lowest should be labelled next.

    Parameters
    ----------
    answers : Answers
        What people answered; rows without answers are welcome.
    pred_probs : (n, K) float
        Out-of-sample probabilities of a model.

    Returns
    -------
    scores : (n,) float64
        In [0, 1]; the mean of the consensus quality and of 1/K, weighted with all who spoke and with one
        more person, so that rows with few answers score lower.
    facts : dict
        ``model_weight``, ``mean_annotator_weight``, ``temperature``, ``baseline``.

    Raises
    ------
    InvalidInputError
        pred_probs do not fit.

    Notes
    -----
    Goh, Mueller: ActiveLab, 2023. The model's temperature is scaled first where rows have several answers.

    Examples
    --------
    >>> people = read_answers([["a", "a"], ["a", None], [None, None], ["b", "b"]])
    >>> active_lab(people, [[0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.2, 0.8]])[0].argmin()
    np.int64(2)
    """
    probs = checked_probs(answers, pred_probs)
    if not answers.n or not answers.n_classes:
        return np.ones(answers.n), {"temperature": 1.0, "baseline": "none"}
    temperature = best_temperature(answers, probs) if (answers.per_row() > 1).any() else 1.0
    probs = scaled(probs, temperature) if temperature != 1.0 else probs
    first = with_model(majority_codes(answers, probs), probs)
    found = trust(answers, probs, first)
    if found.baseline == "none":
        quality = picked(probs, first)
    else:
        codes = _prefer(combine(answers, probs, found), first)
        found = trust(answers, probs, codes, balanced=found.baseline == "balanced")
        quality = picked(combine(answers, probs, found), codes)
    active = answers.per_annotator() > 0
    mean = float(found.annotators[active].mean()) if active.any() else 1.0
    spoke = (
        np.bincount(answers.rows, weights=found.annotators[answers.people], minlength=answers.n) + found.model
    )
    scores = (spoke * quality + mean / answers.n_classes) / (spoke + mean)
    facts = {
        "model_weight": found.model,
        "mean_annotator_weight": mean,
        "temperature": temperature,
        "baseline": found.baseline,
    }
    return np.asarray(scores), facts

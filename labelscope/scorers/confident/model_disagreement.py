"""Several models: how many of them, and how surely, prefer another label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.evidence.several_models import combine_models
from labelscope.scorers.confident.margins import AGREEMENT, margins
from labelscope.scorers.inputs import Inputs, blocks, labels_of, read
from labelscope.types import Evidence, FloatArray, Score


@dataclass(frozen=True, kw_only=True)
class ModelDisagreement:
    """Suspicion is the models' mean doubt in the given label against one common rival.

    The rival is the class that the weighted mean of the models likes best, the given one left out. A model's
    doubt is rival / (rival + given), so its scale matters little: rows that all models would change in the
    same way come first, then those on which they are split, last those that all of them confirm.

    Parameters
    ----------
    weights : {"skill", "equal"}
        ``"skill"`` weighs models by their log-loss against the given labels
        (see `labelscope.evidence.several_models`).

    Notes
    -----
    ``flagged`` are the rows where models of more than half of the weight prefer the rival. ``details`` holds
    ``disagreement`` (n,) float32, the Jensen-Shannon divergence between the models over the log of their
    number (0: all alike, 1: all certain of different classes), ``models_against`` (n,) int32, how many
    prefer the rival, and ``rival`` (n,) class codes. ``meta["weights"]`` are the weights.

    Examples
    --------
    >>> import numpy as np
    >>> one, other = np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([[0.6, 0.4], [0.4, 0.6]])
    >>> evidence = Evidence(given_labels=np.array([0, 0]), model_probs=(one, other))
    >>> suspicion = ModelDisagreement(weights="equal").score(evidence).suspicion
    >>> [round(float(one), 2) for one in suspicion]
    [0.25, 0.7]
    """

    name: ClassVar[str] = "model_disagreement"
    family: ClassVar[str] = "confident"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "model_probs")
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    reference: ClassVar[str] = (
        "Seung, Opper, Sompolinsky: Query by Committee, COLT 1992; Lin 1991 (divergence)"
    )
    fitted: ClassVar[bool] = False

    weights: str = "skill"

    def score(self, evidence: Evidence) -> Score:
        """Score every row.

        Parameters
        ----------
        evidence : Evidence
            ``given_labels`` (n,) and ``model_probs``, out-of-sample probabilities (n, K) of each model.

        Returns
        -------
        Score

        Raises
        ------
        MissingEvidenceError, InvalidInputError
            Evidence is absent or does not fit.
        """
        if self.weights not in ("skill", "equal"):
            raise InvalidInputError.unknown("weights", self.weights, ("skill", "equal"))
        inputs, models = _read(evidence, type(self).__name__)
        n_models = len(models)
        if self.weights == "skill":
            mixed, weights = combine_models(models, inputs.codes)
        else:
            mixed, weights = np.mean(models, axis=0), np.full(n_models, 1 / n_models)
        rows = margins(Inputs(inputs.codes, inputs.classes, mixed))
        doubt, against, share = np.zeros(inputs.n), np.zeros(inputs.n, dtype=np.int32), np.zeros(inputs.n)
        every, given = np.arange(inputs.n), np.maximum(inputs.codes, 0)
        for model, weight in zip(models, weights, strict=True):
            own, other = (model[every, codes].astype(np.float64) for codes in (given, rows.rival))
            sums = own + other
            # A model that gives nothing to either is of no use here: it neither doubts nor confirms.
            doubt += weight * np.where(sums > 0, other / np.where(sums > 0, sums, 1.0), 0.5)
            prefers = other > own + AGREEMENT
            against += prefers
            share += weight * prefers
        meaningful = inputs.labelled & (inputs.n_classes > 1)
        return Score(
            suspicion=np.where(meaningful, np.clip(doubt, 0.0, 1.0), 0.0).astype(np.float32),
            suggested=labels_of(rows.predicted(inputs.codes), inputs.classes),
            flagged=np.asarray(meaningful & (share > 0.5 + 1e-9)),
            details={
                "disagreement": _divergence(models, weights, mixed),
                "models_against": np.where(meaningful, against, 0).astype(np.int32),
                "rival": np.where(inputs.n_classes > 1, rows.rival, -1),
            },
            meta={"scale": "rank", "weights": [float(weight) for weight in weights], "n_models": n_models},
        )


def _read(evidence: Evidence, by: str) -> tuple[Inputs, list[FloatArray]]:
    for name in ("given_labels", "model_probs"):
        if name not in evidence:
            raise MissingEvidenceError.of(name, by, evidence)
    given = list(evidence["model_probs"])
    if not given:
        raise InvalidInputError(
            "model_probs is empty.", "Pass the (n, K) probabilities of two or more models."
        )
    if np.ndim(given[0]) != 2:
        raise InvalidInputError(
            f"model_probs holds arrays of {np.ndim(given[0])} dimensions, but (n, K) each are needed.",
            "Pass a list with one matrix per model.",
        )
    labels = {name: evidence[name] for name in ("given_labels", "classes") if name in evidence}
    # The first model says how ints are read; the others are held to the same classes.
    inputs = read(Evidence(labels, pred_probs=given[0]), by, probs=True)
    same = {"given_labels": inputs.codes, "classes": inputs.classes}
    others = [read(Evidence(same, pred_probs=model), by, probs=True) for model in given[1:]]
    return inputs, [one.probabilities() for one in (inputs, *others)]


def _divergence(models: list[FloatArray], weights: FloatArray, mixed: FloatArray) -> FloatArray:
    """Return (n,) float32: entropy of the mean less the mean of entropies, over its largest value."""
    used = weights > 0
    most = float(-(weights[used] * np.log(weights[used])).sum())
    found = np.zeros(len(mixed))
    if most <= 0:
        return found.astype(np.float32)
    for rows in blocks(*mixed.shape):
        found[rows] = _entropy(mixed[rows])
        for model, weight in zip(models, weights, strict=True):
            found[rows] -= weight * _entropy(model[rows])
    return np.clip(found / most, 0.0, 1.0).astype(np.float32)


def _entropy(probs: FloatArray) -> FloatArray:
    wide = probs.astype(np.float64)
    return np.asarray(-(wide * np.log(np.maximum(wide, 1e-300))).sum(axis=1))

"""Out-of-sample class probabilities: every row is predicted by a model that has not seen its label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from labelscope.errors import InvalidInputError, notify
from labelscope.evidence import estimators, probe, probe_selection
from labelscope.evidence.folds import deal
from labelscope.evidence.given import given_codes, group_codes
from labelscope.evidence.probe_input import model_input, units_of
from labelscope.evidence.progress import progress
from labelscope.types import Array, Evidence, FloatArray, IntArray, Made

if TYPE_CHECKING:
    from labelscope.data.dataset import Dataset


@dataclass(frozen=True, kw_only=True)
class PredictedProbabilities:
    """Cross-validated class probabilities.

    Folds are stratified, dealt by a hash of the rows' content (so that the order of the rows does not
    matter), and keep groups and duplicates together. Unlabelled rows get the mean of the fold models.

    Parameters
    ----------
    model : scikit-learn estimator, optional
        Cloned and fitted per fold. A Pipeline gets the data as the user passed it, any other estimator the
        features. By default a logistic regression on whitened features, with random Fourier features
        where they lower the held-out log-loss.
    n_folds : int
        Number of folds; fewer when there are fewer groups.

    Examples
    --------
    >>> import numpy as np, labelscope as ls
    >>> rng = np.random.default_rng(0)
    >>> codes = np.repeat([0, 1], 50)
    >>> features = rng.normal(size=(100, 3)) + 4 * codes[:, None]
    >>> evidence = ls.Evidence(features=features, given_labels=codes, classes=np.array(["a", "b"]))
    >>> made = ls.providers.PredictedProbabilities().make(None, evidence)
    >>> made.arrays["pred_probs"].shape, made.facts["probe_accuracy"] > 0.95
    ((100, 2), True)
    """

    name: ClassVar[str] = "predicted_probabilities"
    makes: ClassVar[tuple[str, ...]] = ("pred_probs",)
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "features")

    model: Any = None
    n_folds: int = 5

    def make(self, dataset: Dataset | None, evidence: Evidence, *, random_state: int = 0) -> Made:
        """Make ``pred_probs`` (n, K) float32.

        Parameters
        ----------
        dataset : Dataset or None
            Gives labels, groups and raw data where the evidence does not.
        evidence : Evidence
            ``given_labels``, ``features``; ``groups`` and ``duplicates`` are honored when present.
        random_state : int
            Seed of the folds and of the random features.

        Returns
        -------
        Made
            Facts: ``probe_accuracy``, ``probe_log_loss``, ``majority_share``, ``n_folds``, ``probe``,
            ``n_unseen`` (rows of classes that no other fold holds), and for the default model
            ``probe_penalty`` and ``probe_temperature``.

        Raises
        ------
        InvalidInputError
            No row is labelled, or ``n_folds`` is below 2.
        MissingEvidenceError
            No features.
        """
        if self.n_folds < 2:
            raise InvalidInputError(
                f"n_folds is {self.n_folds}, but at least 2 are needed to predict out of sample."
            )
        codes, classes = given_codes(dataset, evidence, by=self.name)
        n, k = len(codes), len(classes)
        if n and not (codes >= 0).any():
            raise InvalidInputError(
                f"None of the {n:,} rows has a label, so there is nothing to learn from.",
                "Label some rows of every class first; None and NaN count as unlabelled.",
            )
        if len(np.unique(codes[codes >= 0])) < 2:
            return _single_class(codes, classes)
        if self.model is not None:
            estimators.check_estimator_role(self.model)
            estimators.notify_margins(self.model)
        data, keys, exact = model_input(
            self.model, dataset, evidence, n, by=self.name, random_state=random_state
        )
        units = units_of(codes >= 0, exact, evidence, group_codes(dataset, evidence, n), self.n_folds)
        folds = deal(codes, keys, self.n_folds, units=units)
        if self.model is None:
            pred_probs, facts = _probe(data, codes, k, folds, random_state)
        else:
            pred_probs, facts = _with_model(self.model, data, codes, classes, folds)
        return Made({"pred_probs": pred_probs}, {**facts, **_quality(pred_probs, codes, folds)})


def _single_class(codes: IntArray, classes: Array) -> Made:
    """One class only: the sole prediction there is, with a notice."""
    present = np.unique(codes[codes >= 0])
    pred_probs = np.zeros((len(codes), len(classes)), dtype=np.float32)
    if len(present):
        pred_probs[:, present[0]] = 1
        notify(
            "one_class",
            f"All labelled rows have the label {str(classes[present[0]])!r}, so no other can be suggested.",
            "Label some rows of other classes, or pass pred_probs= from a model that knows them.",
        )
    facts = {"probe": "none", "n_folds": 0, "n_unseen": 0, "majority_share": 1.0}
    return Made({"pred_probs": pred_probs}, facts)


def _probe(
    features: FloatArray, codes: IntArray, k: int, folds: IntArray, random_state: int
) -> tuple[FloatArray, dict[str, Any]]:
    labelled = np.flatnonzero(codes >= 0)
    whole = len(labelled) == len(codes)
    choice = probe_selection.choose(
        features if whole else features[labelled], codes[labelled], folds[labelled], random_state=random_state
    )
    if choice.curved is not None:
        features = choice.curved.apply(features)
    map_ = probe.whiten(
        features, shrinkage=choice.shrinkage, one_unit=choice.one_unit, random_state=random_state
    )
    whitened = map_.apply(features, None if whole else labelled)
    target, fold_of = codes[labelled], folds[labelled]
    weights = probe.centers(whitened, target, fold_of, k, choice.scale)
    if choice.penalty is not None:
        weights = probe.fit(whitened, target, fold_of, weights, np.float32(choice.penalty) * map_.ridge)
    n_folds = len(weights)
    unlabelled = np.flatnonzero(codes < 0)
    others = map_.apply(features, unlabelled)
    held = np.zeros((len(target), k), dtype=np.float32)
    for fold in range(n_folds):
        held[fold_of == fold] = probe.predict(whitened[fold_of == fold], weights[fold])
    pred_probs = np.zeros((len(codes), k), dtype=np.float32)
    powers = []
    for fold in progress(range(n_folds), "predicting out of sample"):
        # Learned from the other folds, so that no label has a say in its own row's probabilities.
        elsewhere = fold_of != fold
        power = probe.sharpness(held[elsewhere], target[elsewhere]) if n_folds > 1 else 1.0
        present = np.unique(target[elsewhere])
        own = labelled[fold_of == fold]
        pred_probs[own] = _spread(_sharpened(held[fold_of == fold], present, power), present, codes, k)
        if len(others):
            given = _sharpened(probe.predict(others, weights[fold]), present, power)
            pred_probs[unlabelled] += _spread(given, present, codes, k) / n_folds
        powers.append(power)
    facts = {
        "probe": choice.kind,
        "probe_penalty": choice.penalty,
        "probe_temperature": float(1 / np.mean(powers)),
        "n_folds": n_folds,
    }
    return pred_probs, facts


def _sharpened(pred_probs: FloatArray, present: IntArray, power: float) -> FloatArray:
    """Probabilities of the classes present, raised to a power and made to sum to one again."""
    logs = np.float32(power) * np.log(np.maximum(pred_probs[:, present], 1e-30))
    logs -= logs.max(axis=1, keepdims=True, initial=-np.inf)
    np.exp(logs, out=logs)
    return np.asarray(logs / logs.sum(axis=1, keepdims=True))


def _with_model(
    model: Any, data: Any, codes: IntArray, classes: Array, folds: IntArray
) -> tuple[FloatArray, dict[str, Any]]:
    k, n_folds = len(classes), int(folds.max()) + 1
    pred_probs = np.zeros((len(codes), k), dtype=np.float32)
    unlabelled = np.flatnonzero(folds < 0)
    for fold in progress(range(n_folds), f"fitting {type(model).__name__}"):
        train, held = np.flatnonzero((folds >= 0) & (folds != fold)), np.flatnonzero(folds == fold)
        if len(np.unique(codes[train])) == 1:
            pred_probs[held] = _spread(np.ones((len(held), 1)), codes[train][:1], codes, k)
            pred_probs[unlabelled] += (
                _spread(np.ones((len(unlabelled), 1)), codes[train][:1], codes, k) / n_folds
            )
            continue
        fitted, columns = estimators.fit_clone(model, estimators.take(data, train), codes[train], classes)
        for rows, share in ((held, 1.0), (unlabelled, 1 / n_folds)):
            if len(rows):
                given = estimators.probabilities(fitted, estimators.take(data, rows), len(columns))
                pred_probs[rows] += _spread(given, columns, codes, k) * share
    pred_probs /= np.maximum(pred_probs.sum(axis=1, keepdims=True), 1e-12)
    return pred_probs, {"probe": type(model).__name__, "n_folds": n_folds}


def _spread(given: FloatArray, columns: IntArray, codes: IntArray, k: int) -> FloatArray:
    """Put columns in their places; a class that the model has never seen gets its share of the labels."""
    counts = np.bincount(codes[codes >= 0], minlength=k)
    unseen = np.setdiff1d(np.flatnonzero(counts), columns)
    out = np.zeros((len(given), k), dtype=np.float32)
    share = counts[unseen] / counts.sum()
    out[:, columns] = given * (1 - share.sum())
    out[:, unseen] = share
    return out


def _quality(pred_probs: FloatArray, codes: IntArray, folds: IntArray) -> dict[str, Any]:
    """Accuracy on the labelled rows, and a notice about classes that only one fold holds."""
    labelled = np.flatnonzero(codes >= 0)
    own = pred_probs[labelled, codes[labelled]]
    counts = np.bincount(codes[labelled])
    spread = np.zeros((int(folds.max()) + 1, len(counts)), dtype=bool)
    spread[folds[labelled], codes[labelled]] = True
    alone = labelled[spread.sum(axis=0)[codes[labelled]] == 1]
    if len(alone):
        notify(
            "class_unseen",
            f"Too few rows (or groups) to learn a class without the row in question: {len(alone):,} of the "
            f"rows in {len(np.unique(codes[alone])):,} of {len(np.unique(codes[labelled])):,} classes get "
            "the class's share of the labels as its probability.",
            "Look at these rows yourself, merge the classes, or add rows to them.",
            rows=alone,
        )
    return {
        "probe_accuracy": float((pred_probs[labelled].argmax(axis=1) == codes[labelled]).mean()),
        "probe_log_loss": float(-np.log(np.maximum(own, 1e-9), dtype=np.float64).mean()),
        "majority_share": float(counts.max() / len(labelled)),
        "n_unseen": len(alone),
    }

"""Class probabilities of a probe that also learns from rows without labels, from uncertain ones too."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from labelscope.errors import InvalidInputError, notify
from labelscope.evidence import probe
from labelscope.evidence.folds import deal
from labelscope.evidence.given import given_codes, group_codes
from labelscope.evidence.probe_input import model_input, units_of
from labelscope.evidence.progress import progress
from labelscope.evidence.shrinking import Settings, Trained, main_probs, train
from labelscope.types import Array, Evidence, FloatArray, IntArray, Made

if TYPE_CHECKING:
    from labelscope.data.dataset import Dataset


@dataclass(frozen=True, kw_only=True)
class ShrunkProbe:
    """Out-of-sample probabilities where few rows are labelled and many are not (ShrinkMatch).

    A network of one hidden layer learns labels, and on unlabelled rows its own predictions: where it is
    certain, the strong view of a row must be predicted as the row itself. Where it is uncertain, as few
    runners-up as possible are left out until the likeliest class is certain among the rest, and an auxiliary
    head must tell it from that rest. Rows held out of a fold count as unlabelled there.

    Parameters
    ----------
    tau : float
        Certainty, above 0.5 and below 1.
    shrink : bool
        Whether uncertain rows teach something; without it only certain ones do.
    momentum : float
        Of the moving average of the share of certain rows, by which the shrunk loss is multiplied. The
        published .999 suits a million steps; here there are hundreds.
    n_steps : int
        Steps of training for each fold.
    width : int
        Of the hidden layers.
    noise : float
        Standard deviation of what is added to standardized features for the strong view.
    mask : float
        Share of features that are blanked out for it.
    learning_rate, weight_decay : float
        Of stochastic gradient descent with Nesterov's momentum and cosine decay.
    batch_size : int
        Labelled rows in a step.
    unlabelled_ratio : int
        Unlabelled rows in a step for each labelled one.
    n_folds : int
        Number of folds.

    Notes
    -----
    Both reweightings are there: an uncertain row weighs its largest probability (nothing, when tau is not
    reached even with one other class left), and the whole shrunk loss the share of certain rows, whose
    moving average is carried on through all of the training.
    Source: Yang et al., "Shrinking class space for enhanced certainty in semi-supervised learning" (ICCV
    2023).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> true = np.repeat([0, 1, 2], 60)
    >>> features = 2.5 * np.eye(3)[true] + rng.normal(size=(180, 3))
    >>> codes = np.where(np.arange(180) % 6 == 0, true, -1)
    >>> evidence = Evidence(features=features, given_labels=codes, classes=np.arange(3))
    >>> probs = ShrunkProbe(n_steps=60).make(None, evidence).arrays["pred_probs"]
    >>> probs.shape, bool((probs.argmax(axis=1) == true).mean() > 0.8)
    ((180, 3), True)
    """

    name: ClassVar[str] = "shrunk_probe"
    makes: ClassVar[tuple[str, ...]] = ("pred_probs",)
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "features")

    tau: float = 0.95
    shrink: bool = True
    momentum: float = 0.99
    n_steps: int = 500
    width: int = 64
    noise: float = 0.3
    mask: float = 0.2
    learning_rate: float = 0.03
    weight_decay: float = 5e-4
    batch_size: int = 40
    unlabelled_ratio: int = 7
    n_folds: int = 5

    def __post_init__(self) -> None:
        if not 0.5 < self.tau < 1:
            raise InvalidInputError(f"tau is {self.tau}.", "Pass a certainty above 0.5 and below 1.")
        for name in ("momentum", "mask"):
            if not 0 <= getattr(self, name) < 1:
                raise InvalidInputError(f"{name} is {getattr(self, name)}.", "Pass at least 0, below 1.")
        for name in ("noise", "weight_decay"):
            if not getattr(self, name) >= 0:
                raise InvalidInputError(f"{name} is {getattr(self, name)}.", "Pass 0 or more.")
        least = {"n_steps": 1, "width": 1, "batch_size": 1, "unlabelled_ratio": 0, "n_folds": 2}
        for name, low in least.items():
            if getattr(self, name) < low:
                raise InvalidInputError(f"{name} is {getattr(self, name)}.", f"Pass {low} or more.")
        if not self.learning_rate > 0:
            raise InvalidInputError(f"learning_rate is {self.learning_rate}.", "Pass more than 0.")

    def make(self, dataset: Dataset | None, evidence: Evidence, *, random_state: int = 0) -> Made:
        """Make ``pred_probs`` (n, K) float32.

        Parameters
        ----------
        dataset : Dataset or None
            Gives labels and groups where the evidence does not.
        evidence : Evidence
            ``given_labels``, ``features``; ``groups`` and ``duplicates`` are honored when present.
        random_state : int
            Seed of folds, weights, batches and views.

        Returns
        -------
        Made
            Unlabelled rows get the mean of the fold models. Facts: ``probe_accuracy``, ``probe_log_loss``,
            ``certain_share`` (of unlabelled rows, at the end), ``shrink_factor``, ``probe_temperature``,
            ``n_folds``, ``probe``.

        Raises
        ------
        InvalidInputError
            No row is labelled.
        MissingEvidenceError
            No features, or no labels.
        """
        codes, classes = given_codes(dataset, evidence, by=self.name)
        n, k = len(codes), len(classes)
        if not (codes >= 0).any():
            raise InvalidInputError(
                f"None of the {n:,} rows has a label, so there is nothing to learn from.",
                "Label some rows of every class first; None and NaN count as unlabelled.",
            )
        features, keys, exact = model_input(
            None, dataset, evidence, n, by=self.name, random_state=random_state
        )
        units = units_of(codes >= 0, exact, evidence, group_codes(dataset, evidence, n), self.n_folds)
        folds = deal(codes, keys, self.n_folds, units=units)
        pred_probs, facts = self._predicted(_standardized(features), codes, k, folds, keys, random_state)
        _notify_alone(codes, folds, classes)
        return Made({"pred_probs": pred_probs}, {**facts, **_quality(pred_probs, codes)})

    def fit(
        self, features: FloatArray, codes: IntArray, n_classes: int, *, random_state: int | list[int] = 0
    ) -> Trained:
        """Train once on all labelled rows.

        Parameters
        ----------
        features : (n, d) float
            Standardized: of about unit variance.
        codes : (n,) int
            -1 for unlabelled rows.
        n_classes : int
        random_state : int or list of int

        Returns
        -------
        Trained
            Weights for `labelscope.evidence.shrinking.main_probs`.
        """
        x, known = np.asarray(features, dtype=np.float32), np.asarray(codes) >= 0
        if not known.any():
            raise InvalidInputError("No row has a label.", "Pass codes with some that are not -1.")
        settings = Settings(**{field.name: getattr(self, field.name) for field in fields(Settings)})
        return train(x[known], np.asarray(codes)[known], n_classes, x[~known], settings, random_state)

    def _predicted(
        self, x: FloatArray, codes: IntArray, k: int, folds: IntArray, keys: Array, random_state: int
    ) -> tuple[FloatArray, dict[str, Any]]:
        n_folds = int(folds.max()) + 1
        # Rows in the order of their content, so that the order in which they are given does not matter.
        order = np.argsort(keys, kind="stable")
        x, target, fold_of = x[order], codes[order], folds[order]
        out = np.zeros((len(codes), k), dtype=np.float32)
        held = np.zeros_like(out)
        trained = []
        for fold in progress(range(n_folds), "training shrunk probes"):
            seen = np.where((fold_of == fold) & (n_folds > 1), -1, target)
            present = np.unique(seen[seen >= 0])
            place = np.full(k + 1, -1, dtype=np.int64)
            place[present] = np.arange(len(present))
            fitted = self.fit(x, place[seen], len(present), random_state=[random_state % 2**32, fold])
            probs = np.zeros_like(out)
            probs[:, present] = main_probs(fitted.weights, x)
            held[fold_of == fold] = probs[fold_of == fold]
            out[fold_of < 0] += probs[fold_of < 0] / n_folds
            trained.append(fitted)
        powers = np.ones(n_folds)
        for fold in range(n_folds):
            # Learned from the other folds, so that no label has a say in its own row's probabilities.
            others = (fold_of >= 0) & (fold_of != fold)
            powers[fold] = probe.sharpness(held[others], target[others]) if others.any() else 1.0
            out[fold_of == fold] = _raised(held[fold_of == fold], powers[fold])
        out[fold_of < 0] = _raised(out[fold_of < 0], float(powers.mean()))
        given = np.empty_like(out)
        given[order] = out
        facts = {
            "probe": self.name,
            "n_folds": n_folds,
            "certain_share": float(np.mean([one.certain_share[-1] for one in trained])),
            "shrink_factor": float(np.mean([one.factor[-1] for one in trained])),
            "probe_temperature": float(1 / powers.mean()),
        }
        return given, facts


def _standardized(features: FloatArray) -> FloatArray:
    center, spread = features.mean(axis=0, dtype=np.float64), features.std(axis=0, dtype=np.float64)
    return np.asarray((features - center) / np.where(spread > 0, spread, 1.0), dtype=np.float32)


def _raised(probs: FloatArray, power: float) -> FloatArray:
    raised = np.asarray(probs, dtype=np.float64) ** power
    return np.asarray(raised / np.maximum(raised.sum(axis=1, keepdims=True), 1e-300), dtype=np.float32)


def _notify_alone(codes: IntArray, folds: IntArray, classes: Array) -> None:
    """Say which classes only one fold holds: their rows get no probability for them."""
    labelled = np.flatnonzero(codes >= 0)
    spread = np.zeros((int(folds.max()) + 1, len(classes)), dtype=bool)
    spread[folds[labelled], codes[labelled]] = True
    alone = labelled[spread.sum(axis=0)[codes[labelled]] == 1]
    if len(alone):
        notify(
            "class_unseen",
            f"Too few rows (or groups) to learn a class without the row in question: {len(alone):,} rows "
            f"in {len(np.unique(codes[alone])):,} classes get no probability for their own.",
            "Look at these rows yourself, merge the classes, or add rows to them.",
            rows=alone,
        )


def _quality(pred_probs: FloatArray, codes: IntArray) -> dict[str, Any]:
    labelled = np.flatnonzero(codes >= 0)
    own = pred_probs[labelled, codes[labelled]]
    return {
        "probe_accuracy": float((pred_probs[labelled].argmax(axis=1) == codes[labelled]).mean()),
        "probe_log_loss": float(-np.log(np.maximum(own, 1e-9), dtype=np.float64).mean()),
    }

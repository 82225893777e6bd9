"""Probabilities of a classifier whose rare classes are filled up with points from calibrated Gaussians."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from labelscope.errors import InvalidInputError, MissingEvidenceError, MissingExtraError
from labelscope.evidence.class_gaussians import GaussianSettings, fit_gaussians, principal_components
from labelscope.evidence.feature_checks import check_features
from labelscope.evidence.folds import deal, matrix_keys
from labelscope.evidence.given import given_codes, group_codes
from labelscope.evidence.probe_input import units_of
from labelscope.types import Evidence, FloatArray, IntArray, Made

if TYPE_CHECKING:
    from labelscope.data.dataset import Dataset

_HIDDEN = 64
_EPOCHS, _BATCH, _RATE = 40, 128, 3e-3


@dataclass(frozen=True, kw_only=True)
class CalibratedProbabilities:
    """Out-of-sample probabilities for long-tailed, wrong labels (RCAL's sampled augmentation).

    For each fold, class Gaussians are fitted to the other folds' rows, rare classes are filled up with points
    drawn from theirs until all are equally large, and a classifier is trained on the rows that are no
    outliers and on these points.

    Parameters
    ----------
    settings : GaussianSettings
        Of the Gaussians.
    n_folds : int
    individual : bool
        Individual calibration: the classifier has a representation of its own, which starts at the
        label-free one and is held near it, and is trained on mixtures of rows (mixup). Needs torch. Otherwise
        a logistic regression.
    hold : float
        Weight of the squared distance between the two representations; 0 lets it go.
    mixup : float
        Parameter of the beta distribution of mixing shares; 0 mixes nothing.

    Examples
    --------
    >>> import labelscope as ls
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(90, 3)) + 5 * np.repeat([[0], [1], [2]], 30, axis=0), np.repeat([0, 1, 2], 30)
    >>> made = CalibratedProbabilities().make(None, ls.Evidence(given_labels=y, features=X))
    >>> float((made.arrays["pred_probs"].argmax(axis=1) == y).mean()) > 0.95
    True
    """

    name: ClassVar[str] = "calibrated_probabilities"
    makes: ClassVar[tuple[str, ...]] = ("pred_probs",)
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "features")
    reference: ClassVar[str] = (
        "Zhang et al.: When noisy labels meet long tail dilemmas: a representation calibration method,"
        " ICCV 2023"
    )

    settings: GaussianSettings = field(default_factory=GaussianSettings)
    n_folds: int = 5
    individual: bool = False
    hold: float = 1.0
    mixup: float = 1.0

    def __post_init__(self) -> None:
        if self.n_folds < 2:
            raise InvalidInputError(f"n_folds is {self.n_folds}.", "Pass 2 or more.")
        for name in ("hold", "mixup"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise InvalidInputError(f"{name} is {getattr(self, name)}.", "Pass 0 or more.")

    def make(self, dataset: Dataset | None, evidence: Evidence, *, random_state: int = 0) -> Made:
        """Make ``pred_probs`` (n, K) float32.

        Parameters
        ----------
        dataset : Dataset or None
            Gives labels and groups where the evidence does not.
        evidence : Evidence
            ``given_labels``, and label-free ``features``; ``groups`` and ``duplicates`` keep rows in one
            fold.
        random_state : int
            Seed of folds, drawn points and training.

        Returns
        -------
        Made
            Facts: ``n_folds``, ``n_drawn`` (points drawn by class, mean of the folds), ``individual``,
            ``moved`` (mean distance between the classifier's and the label-free representation, in units of
            the latter's spread; 0 without individual calibration).

        Raises
        ------
        MissingEvidenceError, InvalidInputError, MissingExtraError
            Something is absent, fewer than two classes have labels, or torch is needed and not installed.
        """
        codes, classes = given_codes(dataset, evidence, by=self.name)
        if "features" not in evidence:
            raise MissingEvidenceError.of("features", self.name, evidence)
        features = check_features(evidence["features"], len(codes))
        if len(np.unique(codes[codes >= 0])) < 2:
            raise InvalidInputError(
                "Fewer than two classes have labels, so there is nothing to tell apart.",
                "Label some rows of another class first.",
            )
        if self.individual:
            _require_torch()
        points = principal_components(features, self.settings.n_components)
        folds = _dealt(features, codes, evidence, dataset, self.n_folds, random_state)
        n_folds, k = int(folds.max()) + 1, len(classes)
        probs, drawn, moved = np.zeros((len(codes), k)), np.zeros(k), 0.0
        for fold in range(n_folds):
            train = (folds >= 0) & (folds != fold)
            real = self._training(points[train], codes[train], k, np.random.default_rng([random_state, fold]))
            asked = np.flatnonzero((folds == fold) | (folds < 0))
            found, distance = self._predicted(real, points[asked], k, random_state + fold)
            share = np.where(folds[asked] < 0, 1.0 / n_folds, 1.0)
            probs[asked] += share[:, None] * found
            drawn += real[2] / n_folds
            moved += distance / n_folds
        facts = {
            "n_folds": n_folds,
            "n_drawn": drawn.round(1).tolist(),
            "individual": self.individual,
            "moved": moved,
        }
        return Made({"pred_probs": probs.astype(np.float32)}, facts)

    def _training(
        self, points: FloatArray, codes: IntArray, k: int, rng: np.random.Generator
    ) -> tuple[FloatArray, IntArray, IntArray]:
        """Rows that are no outliers, points drawn for smaller classes, and how many of these by class."""
        gaussians = fit_gaussians(points, codes, k, self.settings)
        wanted = np.where(gaussians.kept > 0, gaussians.kept.max() - gaussians.kept, 0)
        more, of_more = gaussians.sample(wanted, rng)
        kept = ~gaussians.outlier
        return np.concatenate([points[kept], more]), np.concatenate([codes[kept], of_more]), wanted

    def _predicted(
        self, training: tuple[FloatArray, IntArray, IntArray], asked: FloatArray, k: int, seed: int
    ) -> tuple[FloatArray, float]:
        points, codes, _ = training
        present, target = np.unique(codes, return_inverse=True)
        out = np.zeros((len(asked), k))
        if len(present) == 1:
            out[:, present[0]] = 1.0
            return out, 0.0
        if self.individual:
            out[:, present], moved = held_near(
                points, target, asked, hold=self.hold, mixup=self.mixup, random_state=seed
            )
            return out, moved
        from sklearn.linear_model import LogisticRegression

        center, spread = points.mean(axis=0), np.maximum(points.std(axis=0), 1e-9)
        model = LogisticRegression(max_iter=500).fit((points - center) / spread, target)
        out[:, present] = model.predict_proba((asked - center) / spread)
        return out, 0.0


def held_near(
    points: FloatArray,
    target: IntArray,
    asked: FloatArray,
    *,
    hold: float = 1.0,
    mixup: float = 1.0,
    random_state: int = 0,
) -> tuple[FloatArray, float]:
    """Train a classifier whose representation stays near the given one, on mixtures of rows.

    Parameters
    ----------
    points : (m, d) float
        Label-free representation.
    target : (m,) int
        Classes 0 … K-1.
    asked : (a, d) float
        Rows to predict.
    hold : float
        Weight of the mean squared distance of the learned representation to ``points``.
    mixup : float
        Parameter of the beta distribution of mixing shares; 0 mixes nothing.
    random_state : int

    Returns
    -------
    probs : (a, K) float64
    moved : float
        Root of the mean squared distance of the two representations, in standard deviations.
    """
    _require_torch()
    import torch
    from torch import nn

    from labelscope.evidence.self_supervised.networks import pace, seeded

    center, spread = points.mean(axis=0), np.maximum(points.std(axis=0), 1e-9)
    x = torch.from_numpy(((points - center) / spread).astype(np.float32))
    y = torch.from_numpy(np.asarray(target, dtype=np.int64))
    rng = np.random.default_rng(random_state)
    random = torch.Generator().manual_seed(random_state)
    with seeded(random_state):
        change = nn.Sequential(nn.Linear(x.shape[1], _HIDDEN), nn.ReLU(), nn.Linear(_HIDDEN, x.shape[1]))
        classify = nn.Linear(x.shape[1], int(target.max()) + 1)
    model = nn.ModuleList([change, classify])
    optimizer = torch.optim.AdamW(model.parameters(), lr=_RATE, weight_decay=1e-2)
    n_steps, step = _EPOCHS * -(-len(x) // _BATCH), 0
    for _ in range(_EPOCHS):
        parts: Any = torch.split(torch.randperm(len(x), generator=random), _BATCH)
        for rows in parts:
            share = float(rng.beta(mixup, mixup)) if mixup else 1.0
            other = rows[torch.randperm(len(rows), generator=random)]
            mixed = share * x[rows] + (1 - share) * x[other]
            moved = mixed + change(mixed)
            logits = classify(moved)
            loss = share * nn.functional.cross_entropy(logits, y[rows])
            loss = loss + (1 - share) * nn.functional.cross_entropy(logits, y[other])
            loss = loss + hold * change(x[rows]).square().mean()
            for group in optimizer.param_groups:
                group["lr"] = _RATE * pace(step, n_steps)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
    with torch.inference_mode():
        seen = torch.from_numpy(((asked - center) / spread).astype(np.float32))
        probs = torch.softmax(classify(seen + change(seen)), dim=1).numpy().astype(np.float64)
        distance = float(change(x).square().mean().sqrt())
    return probs, distance


def _require_torch() -> None:
    import importlib.util

    if importlib.util.find_spec("torch") is None:
        raise MissingExtraError.of("torch", "torch", "Individual calibration")


def _dealt(
    features: FloatArray,
    codes: IntArray,
    evidence: Evidence,
    dataset: Dataset | None,
    n_folds: int,
    random_state: int,
) -> IntArray:
    keys = matrix_keys(features, random_state=random_state)
    groups = group_codes(dataset, evidence, len(codes))
    units = units_of(codes >= 0, np.unique(keys, return_inverse=True)[1], evidence, groups, n_folds)
    return deal(codes, keys, n_folds, units=units)

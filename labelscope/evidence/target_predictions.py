"""Out-of-sample predictions of targets: every row is predicted without its own target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.evidence import approximate_neighbors, estimators, exact_neighbors, probe, target_probe
from labelscope.evidence.folds import deal
from labelscope.evidence.given import group_codes
from labelscope.evidence.given_targets import given_targets
from labelscope.evidence.probe_input import model_input, units_of
from labelscope.evidence.probe_selection import Curved
from labelscope.evidence.progress import progress
from labelscope.types import Evidence, FloatArray, IntArray, Made

if TYPE_CHECKING:
    from labelscope.data.dataset import Dataset

_BINS = 10
_NEIGHBORS = 30
_PENALTIES = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
_TRIED_ROWS = 8000
_GROWTH = -0.8
_SHRINKAGE, _CURVED_SHRINKAGE = 0.03, 0.3


@dataclass(frozen=True, kw_only=True)
class TargetPredictions:
    """Cross-validated predictions of targets that a few wrong ones cannot bend.

    A blend of medians of near rows and of robust linear fits, straight and on random Fourier features; the
    shares are those with the lowest mean absolute error out of fold. Folds get their share of small and large
    targets, are dealt by a hash of the rows' content, and keep groups and duplicates together, which do not
    vote for each other as neighbors either. Rows without a target get the mean of the fold models.

    Parameters
    ----------
    model : scikit-learn regressor, optional
        Cloned and fitted per fold instead. A Pipeline gets the data as the user passed it, any other
        estimator the features.
    n_folds : int
        Number of folds; fewer when there are fewer groups.

    Examples
    --------
    >>> import numpy as np, labelscope as ls
    >>> features = np.random.default_rng(0).normal(size=(200, 2))
    >>> evidence = ls.Evidence(features=features, given_labels=features.sum(axis=1))
    >>> made = TargetPredictions().make(None, evidence)
    >>> made.arrays["predictions"].shape, made.facts["prediction_skill"] > 0.8
    ((200,), True)
    """

    name: ClassVar[str] = "target_predictions"
    makes: ClassVar[tuple[str, ...]] = ("predictions",)
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "features")

    model: Any = None
    n_folds: int = 5

    def make(self, dataset: Dataset | None, evidence: Evidence, *, random_state: int = 0) -> Made:
        """Make ``predictions``, (n,) or (n, d) float64 as the targets.

        Parameters
        ----------
        dataset : Dataset or None
            Gives targets, groups and raw data where the evidence does not.
        evidence : Evidence
            ``given_labels`` (n,) or (n, d) of numbers, ``features``; ``groups`` and ``duplicates`` are
            honored when present.
        random_state : int
            Seed of the folds and of the random features.

        Returns
        -------
        Made
            Facts: ``prediction_error`` (mean absolute), ``prediction_skill`` (one minus its ratio to the
            error of always answering the median; the mean over several targets), ``n_folds``,
            ``predictor``.

        Raises
        ------
        InvalidInputError
            No row has a target, or ``n_folds`` is below 2.
        MissingEvidenceError
            No features, or no targets.
        """
        if self.n_folds < 2:
            raise InvalidInputError(
                f"n_folds is {self.n_folds}, but at least 2 are needed to predict out of sample."
            )
        targets = given_targets(dataset, evidence, by=self.name)
        n = len(targets)
        if n and np.isnan(targets).all():
            raise InvalidInputError(
                f"None of the {n:,} rows has a target, so there is nothing to learn from.",
                "Give some rows a number first; None and NaN count as unlabelled.",
            )
        _check_model(self.model)
        data, keys, exact = model_input(
            self.model, dataset, evidence, n, by=self.name, random_state=random_state
        )
        groups = group_codes(dataset, evidence, n)
        columns = targets[:, None] if targets.ndim == 1 else targets
        predictions, facts = np.empty_like(columns), []
        near = None
        for column, own in enumerate(columns.T):
            known = np.asarray(~np.isnan(own))
            if not known.any():
                predictions[:, column] = np.nan
                continue
            units = units_of(known, exact, evidence, groups, self.n_folds)
            folds = deal(_bins(own), keys, self.n_folds, units=units)
            if self.model is not None:
                predictions[:, column] = _by_model(self.model, data, own, folds)
                found: dict[str, Any] = {"predictor": type(self.model).__name__}
            else:
                near = _neighbors(data, random_state) if near is None else near
                predictions[:, column], found = _blended(data, own, folds, units, near, random_state)
            facts.append({**found, "n_folds": int(folds.max()) + 1, **quality(predictions[:, column], own)})
        skills = [fact["prediction_skill"] for fact in facts if fact["prediction_skill"] is not None]
        told = {**facts[0], "prediction_skill": float(np.mean(skills)) if skills else None}
        return Made({"predictions": predictions[:, 0] if targets.ndim == 1 else predictions}, told)


def quality(predictions: FloatArray, targets: FloatArray) -> dict[str, Any]:
    """Mean absolute error, and how much lower it is than that of always answering the median."""
    known = ~np.isnan(targets) & ~np.isnan(predictions)
    error = float(np.abs(predictions - targets)[known].mean()) if known.any() else None
    usual = float(np.abs(targets[known] - np.median(targets[known])).mean()) if known.any() else 0.0
    skill = 1 - error / usual if error is not None and usual > 0 else None
    return {"prediction_error": error, "prediction_skill": skill}


def _check_model(model: Any) -> None:
    if model is None:
        return
    if not callable(getattr(model, "fit", None)) or not callable(getattr(model, "predict", None)):
        raise InvalidTypeError(
            f"model={type(model).__name__} has no fit and predict, so it cannot predict numbers.",
            "Pass a scikit-learn style regressor, such as HistGradientBoostingRegressor().",
        )


def _bins(targets: FloatArray) -> IntArray:
    """Number targets by size, so that every fold gets small and large ones; -1 where there is none."""
    codes = np.full(len(targets), -1, dtype=np.int64)
    known = np.flatnonzero(~np.isnan(targets))
    edges = np.quantile(targets[known], np.linspace(0, 1, _BINS + 1)[1:-1])
    codes[known] = np.searchsorted(np.unique(edges), targets[known], side="right")
    return codes


def _by_model(model: Any, data: Any, targets: FloatArray, folds: IntArray) -> FloatArray:
    predictions = np.zeros(len(targets))
    n_folds, others = int(folds.max()) + 1, np.flatnonzero(folds < 0)
    for fold in progress(range(n_folds), f"fitting {type(model).__name__}"):
        train, held = np.flatnonzero((folds >= 0) & (folds != fold)), np.flatnonzero(folds == fold)
        if not len(train):
            predictions[held] = np.median(targets[folds >= 0])
            continue
        rows = np.concatenate([held, others])
        try:
            fitted = estimators.copied(model).fit(estimators.take(data, train), targets[train])
            given = np.asarray(fitted.predict(estimators.take(data, rows)), dtype=np.float64).ravel()
        except Exception as error:
            raise InvalidInputError(
                f"model={type(model).__name__} could not be fitted on {len(train):,} rows: "
                f"{type(error).__name__}: {error}",
                "Check that it takes this kind of data; a Pipeline gets the data as you passed it, any other "
                "estimator gets the features.",
            ) from error
        if len(given) != len(rows) or not np.isfinite(given).all():
            raise InvalidInputError(
                f"model={type(model).__name__} does not give one finite number for each row.",
                "Pass a regressor.",
            )
        predictions[held] = given[: len(held)]
        predictions[others] += given[len(held) :] / n_folds
    return predictions


def _neighbors(features: FloatArray, random_state: int) -> tuple[IntArray, FloatArray]:
    """Nearest rows by standardized columns: those in other units must not decide alone."""
    n = len(features)
    k = min(_NEIGHBORS, n - 1)
    if k < 1:
        return np.zeros((n, 0), dtype=np.int64), np.zeros((n, 0))
    deviation = features.std(axis=0, dtype=np.float64)
    scale = np.where(deviation > 0, 1 / np.maximum(deviation, 1e-30), 0)
    points = exact_neighbors.prepared((features * scale).astype(np.float32), "euclidean")
    if approximate_neighbors.is_small(n):
        return exact_neighbors.search(points, k)
    if points.shape[1] <= exact_neighbors.FEW_COLUMNS:
        return exact_neighbors.search_tree(points, k)
    found = approximate_neighbors.search(points, k, random_state=random_state)
    return found.ids, found.distances


def _blended(
    features: FloatArray,
    targets: FloatArray,
    folds: IntArray,
    units: IntArray,
    near: tuple[IntArray, FloatArray],
    random_state: int,
) -> tuple[FloatArray, dict[str, Any]]:
    known = ~np.isnan(targets)
    middle = float(np.median(targets[known]))
    scale = target_probe.spread_of(targets[known] - middle)
    if scale == 0 or int(folds.max()) < 1:  # one number only, or one fold
        return np.full(len(targets), middle), {"predictor": "median"}
    ids, distances = near
    allowed = (ids >= 0) & (units[ids] != units[:, None])
    candidates = {"neighbors": target_probe.neighbor_medians(targets, ids, distances, allowed)}
    standard = ((targets - middle) / scale).astype(np.float32)
    candidates["linear"] = middle + scale * _linear(features, standard, folds, _SHRINKAGE, random_state)
    if known.sum() >= 100 and features.shape[1] > 1:
        curved = Curved.of(features, random_state=random_state)
        bent = _linear(curved.apply(features), standard, folds, _CURVED_SHRINKAGE, random_state)
        candidates["curved"] = middle + scale * bent
    shares = target_probe.best_blend([one[known] for one in candidates.values()], targets[known])
    mixed = np.sum([share * one for share, one in zip(shares, candidates.values(), strict=True)], axis=0)
    used = [f"{name} {share:.0%}" for name, share in zip(candidates, shares, strict=True) if share]
    return mixed, {"predictor": ", ".join(used)}


def _linear(
    features: FloatArray, targets: FloatArray, folds: IntArray, shrinkage: float, random_state: int
) -> FloatArray:
    """Predict by robust linear fits of the other folds, at the penalty that does best on the first."""
    map_ = probe.whiten(features, shrinkage=shrinkage, random_state=random_state)
    whitened = map_.apply(features)
    known, others = np.flatnonzero(folds >= 0), np.flatnonzero(folds < 0)
    penalty, scale = _penalty(whitened, targets, folds, map_.ridge)
    n_folds = int(folds.max()) + 1
    weights = np.zeros((n_folds, whitened.shape[1]), dtype=np.float32)
    weights = target_probe.fit_targets(
        whitened[known], targets[known], folds[known], weights, np.float32(penalty) * map_.ridge, scale=scale
    )
    predictions = np.zeros(len(targets), dtype=np.float64)
    for fold in range(n_folds):
        held = folds == fold
        predictions[held] = whitened[held] @ weights[fold]
        predictions[others] += whitened[others] @ weights[fold] / n_folds
    # Far outside of what was seen a line knows nothing.
    low, high = np.min(targets[known]), np.max(targets[known])
    return np.clip(predictions, low, high)


def _penalty(
    whitened: FloatArray, targets: FloatArray, folds: IntArray, ridge: FloatArray
) -> tuple[float, float]:
    """Penalty with the lowest mean absolute error on the first fold, and the spread of the errors there."""
    train, held = np.flatnonzero(folds > 0), np.flatnonzero(folds == 0)
    few = train[:: max(1, -(-len(train) // _TRIED_ROWS))]
    held = held[:: max(1, -(-len(held) // _TRIED_ROWS))]
    growth = max(len(train) / max(len(few), 1), 1.0) ** _GROWTH
    weights = np.zeros((1, whitened.shape[1]), dtype=np.float32)
    alone = np.full(len(few), -1)
    best, scale = (np.inf, _PENALTIES[0], 1.0), 1.0
    for penalty in _PENALTIES:
        pull = np.float32(penalty) * ridge
        weights = target_probe.fit_targets(whitened[few], targets[few], alone, weights, pull, scale=scale)
        error = whitened[held] @ weights[0] - targets[held]
        scale = target_probe.spread_of(error)
        mean = float(np.abs(error).mean())
        if mean < best[0]:
            best = (mean, penalty, scale)
        elif mean > 1.01 * best[0]:
            break
    return best[1] * growth, best[2]

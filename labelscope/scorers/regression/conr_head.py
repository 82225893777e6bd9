"""A small regressor trained with ConR: one hidden layer in numpy, whose features spread targets apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.evidence import check_features
from labelscope.evidence.folds import deal
from labelscope.scorers.regression.conr_loss import check_settings, conr_gradient
from labelscope.scorers.regression.density import density_weights
from labelscope.scorers.regression.targets import given_window, read_targets, usual_window
from labelscope.types import Evidence, FloatArray, IntArray

_FEWEST = 10
_BATCH = 64
_LEARNING_RATE = 3e-3
_BETAS, _EPSILON = (0.9, 0.999), 1e-8
_NEIGHBORS = 15
# Targets are trained in units in which the window is this, so that beta means the same for years and meters.
_UNIT_WINDOW = 0.05

Weights = dict[str, FloatArray]


@dataclass(frozen=True)
class ConRHead:
    """A trained head; made by `fit_conr_head`.

    Attributes
    ----------
    predictions : (n,) or (n, d) float64
        For the rows that were trained on, too good to judge their own targets by: for that, use
        `cross_predict_conr_head`.
    features : (n, hidden) float32
        Of unit length; for the map.
    window : (d,) float64
        In units of the targets.
    """

    predictions: FloatArray
    features: FloatArray
    window: FloatArray
    center: FloatArray
    spread: FloatArray
    middle: FloatArray
    weights: Weights
    single: bool

    def predict(self, features: Any) -> FloatArray:
        """Predict targets, (m,) or (m, d), of new rows (m, c)."""
        hidden = _hidden(self._points(features), self.weights)
        made = (
            hidden @ self.weights["out"] + self.weights["offset"]
        ) * self.window / _UNIT_WINDOW + self.middle
        return made[:, 0] if self.single else made

    def transform(self, features: Any) -> FloatArray:
        """Return the trained features of new rows, (m, hidden) float32 of unit length."""
        hidden = _hidden(self._points(features), self.weights)
        length = np.linalg.norm(hidden, axis=1, keepdims=True)
        return np.asarray(hidden / np.where(length > 0, length, 1.0), dtype=np.float32)

    def _points(self, features: Any) -> FloatArray:
        points = np.asarray(features, dtype=np.float64)
        if points.ndim != 2 or points.shape[1] != len(self.center):
            raise InvalidInputError(
                f"features has the shape {points.shape}, but the head knows {len(self.center)} columns.",
                "Pass (m, c) features made in the same way.",
            )
        points = (points - self.center) / self.spread
        return np.where(np.isfinite(points), points, 0.0)


def fit_conr_head(
    features: Any,
    targets: Any,
    *,
    weights: Any = "density",
    beta: float = 4.0,
    window: float | tuple[float, ...] | None = None,
    temperature: float = 0.2,
    e: float = 0.05,
    hidden: int = 32,
    n_epochs: int = 150,
    random_state: int = 0,
) -> ConRHead:
    """Train a regressor with one hidden layer on L1 plus ``beta`` times ConR.

    Parameters
    ----------
    features : (n, c) array
    targets : (n,) or (n, d)
        NaN where a row is unlabelled; such rows do not train, but are predicted.
    weights : {"density"}, (n,) array or None
        Weights of the rows in both losses; by default rare targets count more (label-distribution
        smoothing), None weighs all alike.
    beta : float
        Weight of the contrastive part; 0 trains with L1 alone.
    window : float or tuple of float, optional
        Targets within it are alike; by default as for `ContrastiveRegression`.
    temperature : float
        Similarities are divided by it.
    e : float
        Pushing weights grow as ``exp(e * |y_i - y_q| / window)``; published is 0.01 at a window of 1.
    hidden : int
        Width of the hidden layer.
    n_epochs : int
    random_state : int
        Seed of the start and of the batches.

    Returns
    -------
    ConRHead

    Raises
    ------
    InvalidInputError, InvalidTypeError
        Fewer than 10 targets, all the same, infinite ones, or shapes and settings that do not fit.

    References
    ----------
    Keramati, Meng, Evans: ConR: Contrastive regularizer for deep imbalanced regression, ICLR 2024.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> age = rng.uniform(0, 1, 100)
    >>> head = fit_conr_head(np.column_stack([age, age**2]), age, n_epochs=30)
    >>> head.features.shape, bool(np.abs(head.predictions - age).mean() < 0.1)
    ((100, 32), True)
    """
    check_settings(None, temperature, e)
    if not beta >= 0 or hidden < 1 or n_epochs < 1:
        raise InvalidInputError(
            f"beta is {beta}, hidden {hidden} and n_epochs {n_epochs}.",
            "Pass beta of 0 or more, and hidden and n_epochs of 1 or more.",
        )
    read = read_targets(Evidence(given_labels=targets), "fit_conr_head")
    points = np.asarray(check_features(features, len(read.values)), dtype=np.float64)
    if np.ndim(features) == 2 and points.shape[1] != np.shape(features)[1]:
        # Columns that tell nothing were dropped; new rows will have them.
        points = np.nan_to_num(np.asarray(features, dtype=np.float64), posinf=0.0, neginf=0.0)
    center, spread = points.mean(axis=0), points.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    points = (points - center) / spread
    rows = np.flatnonzero(read.labelled)
    values = _checked(read.values[rows])
    width = _window(window, points[rows], values)
    middle = np.median(values, axis=0)
    goals = (values - middle) / width * _UNIT_WINDOW
    omega = _row_weights(weights, len(read.values), rows, values, width)
    rng = np.random.default_rng(random_state)
    start = _start(points.shape[1], hidden, goals.shape[1], rng)
    settings = {"beta": float(beta), "temperature": float(temperature), "e": float(e) / _UNIT_WINDOW}
    fitted = _descend(points[rows], goals, omega, start, settings, n_epochs, rng)
    blank = np.zeros((0, hidden), dtype=np.float32)
    head = ConRHead(np.zeros(0), blank, width, center, spread, middle, fitted, read.single)
    raw = points * spread + center
    return ConRHead(
        head.predict(raw), head.transform(raw), width, center, spread, middle, fitted, read.single
    )


def cross_predict_conr_head(
    features: Any, targets: Any, *, n_folds: int = 5, random_state: int = 0, **settings: Any
) -> FloatArray:
    """Predict every row by a head that has not seen its target, as `ContrastiveRegression` needs it.

    Parameters
    ----------
    features : (n, c) array
    targets : (n,) or (n, d)
    n_folds : int
    random_state : int
        Seed of the folds and of the heads.
    **settings
        Further arguments of `fit_conr_head`, without ``weights``.

    Returns
    -------
    (n,) or (n, d) float64
    """
    if n_folds < 2:
        raise InvalidInputError(f"n_folds is {n_folds}.", "Pass 2 or more.")
    read = read_targets(Evidence(given_labels=targets), "cross_predict_conr_head")
    codes = np.where(read.labelled, 0, -1)
    keys = np.random.default_rng(random_state).integers(0, 2**63, len(codes), dtype=np.uint64)
    folds = deal(codes, keys, n_folds)
    matrix = np.asarray(features)
    made = np.zeros_like(read.values)
    for fold in np.unique(folds[folds >= 0]):
        seen = np.where((folds != fold)[:, None], read.values, np.nan)
        head = fit_conr_head(matrix, read.shaped(seen), random_state=random_state, **settings)
        out = head.predictions.reshape(read.values.shape)
        made[folds == fold] = out[folds == fold]
        made[folds < 0] += out[folds < 0] / max(int(folds.max()) + 1, 1)
    return read.shaped(made)


def loss_and_gradient(
    points: FloatArray, goals: FloatArray, omega: FloatArray, weights: Weights, settings: dict[str, float]
) -> tuple[float, Weights]:
    """Return the loss of a batch and its gradient with respect to every weight.

    Parameters
    ----------
    points : (b, c) float64
        Standardized features.
    goals : (b, d) float64
        Targets in units in which the window is 0.05.
    omega : (b,) float64
        Weights of the rows.
    weights : dict of arrays
        ``in`` (c, h), ``bias`` (h,), ``out`` (h, d), ``offset`` (d,).
    settings : dict of float
        ``beta``, ``temperature`` and ``e``.

    Returns
    -------
    float, dict of arrays
    """
    b, d = goals.shape
    before = points @ weights["in"] + weights["bias"]
    hidden = np.maximum(before, 0.0)
    made = hidden @ weights["out"] + weights["offset"]
    gap = made - goals
    loss = float((np.abs(gap) * omega[:, None]).sum() / (b * d))
    on_made = np.sign(gap) * omega[:, None] / (b * d)
    on_hidden = on_made @ weights["out"].T
    if settings["beta"] > 0:
        extra, slope = conr_gradient(
            hidden,
            goals,
            made,
            window=_UNIT_WINDOW,
            temperature=settings["temperature"],
            e=settings["e"],
            weights=omega,
        )
        loss += settings["beta"] * extra
        on_hidden = on_hidden + settings["beta"] * slope
    on_before = on_hidden * (before > 0)
    return loss, {
        "in": points.T @ on_before,
        "bias": on_before.sum(axis=0),
        "out": hidden.T @ on_made,
        "offset": on_made.sum(axis=0),
    }


def _descend(
    points: FloatArray,
    goals: FloatArray,
    omega: FloatArray,
    weights: Weights,
    settings: dict[str, float],
    n_epochs: int,
    rng: np.random.Generator,
) -> Weights:
    """Adam over shuffled batches (Kingma and Ba 2015)."""
    first = {name: np.zeros_like(value) for name, value in weights.items()}
    second = {name: np.zeros_like(value) for name, value in weights.items()}
    step = 0
    for _ in range(n_epochs):
        for batch in _batches(len(points), rng):
            step += 1
            _, slopes = loss_and_gradient(points[batch], goals[batch], omega[batch], weights, settings)
            for name, slope in slopes.items():
                first[name] = _BETAS[0] * first[name] + (1 - _BETAS[0]) * slope
                second[name] = _BETAS[1] * second[name] + (1 - _BETAS[1]) * slope**2
                mean, size = first[name] / (1 - _BETAS[0] ** step), second[name] / (1 - _BETAS[1] ** step)
                weights[name] = weights[name] - _LEARNING_RATE * mean / (np.sqrt(size) + _EPSILON)
    return weights


def _batches(n: int, rng: np.random.Generator) -> list[IntArray]:
    order = rng.permutation(n)
    return np.array_split(order, max(1, round(n / _BATCH)))


def _start(width: int, hidden: int, n_targets: int, rng: np.random.Generator) -> Weights:
    return {
        "in": rng.normal(size=(width, hidden)) * np.sqrt(2.0 / width),
        "bias": np.zeros(hidden),
        "out": rng.normal(size=(hidden, n_targets)) * np.sqrt(1.0 / hidden),
        "offset": np.zeros(n_targets),
    }


def _hidden(points: FloatArray, weights: Weights) -> FloatArray:
    return np.maximum(points @ weights["in"] + weights["bias"], 0.0)


def _window(window: float | tuple[float, ...] | None, points: FloatArray, values: FloatArray) -> FloatArray:
    from scipy.spatial import cKDTree

    if window is not None:
        return given_window(window, values.shape[1])
    k = min(_NEIGHBORS, len(points) - 1)
    ids = cKDTree(points).query(points, k + 1)[1][:, 1:]
    return usual_window(values, np.median(values[ids], axis=1))


def _row_weights(weights: Any, n: int, rows: IntArray, values: FloatArray, window: FloatArray) -> FloatArray:
    if weights is None:
        return np.ones(len(rows))
    if isinstance(weights, str):
        if weights != "density":
            raise InvalidInputError.unknown("kind of weights", weights, ["density"])
        return density_weights(values, window)
    given = np.asarray(weights, dtype=np.float64)
    if given.shape != (n,) or not np.isfinite(given).all() or (given < 0).any() or not given[rows].any():
        raise InvalidInputError(
            f"weights has the shape {given.shape}, or an entry that is negative or not finite.",
            f"Pass ({n},) numbers of 0 or more.",
        )
    return np.asarray(given[rows] / given[rows].mean())


def _checked(values: FloatArray) -> FloatArray:
    if len(values) < _FEWEST:
        raise InvalidInputError(
            f"{len(values):,} rows have a target, but a head needs at least {_FEWEST}.", "Pass more targets."
        )
    if not (np.ptp(values, axis=0) > 0).all():
        raise InvalidInputError(
            "All targets of a column are the same, so there is nothing to learn.", "Leave that column out."
        )
    return values

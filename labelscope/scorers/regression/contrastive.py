"""ConR as a detector: how much of what a row looks like has another target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from labelscope.errors import MissingEvidenceError, notify
from labelscope.evidence import NeighborGraph, check_features
from labelscope.scorers.regression.confusions import ALL_PAIRS, Confusions, Pairing, find_confusions, n_near
from labelscope.scorers.regression.conr_loss import check_settings
from labelscope.scorers.regression.density import density_weights, label_density
from labelscope.scorers.regression.targets import Targets, given_window, read_targets, usual_window
from labelscope.types import Array, BoolArray, Evidence, FloatArray, IntArray, Score

_FEWEST = 10
_NEIGHBORS = 15
_FEW_COLUMNS = 8
_FLAG = 0.9
_TAIL = 0.1


@dataclass(frozen=True, kw_only=True)
class ContrastiveRegression:
    """Suspect a target when the rows it is confused with have other targets (ConR).

    Rows whose targets are alike pull a row, rows that are predicted alike although their targets differ push
    it. The share of pushing weight says how much its target is contradicted by what it looks like.

    Parameters
    ----------
    window : float or tuple of float, optional
        Targets within it are alike, in their own unit (a tuple: one for each column). By default a robust
        standard deviation of the residuals, at least 7.5 % of the interdecile range.
    temperature : float
        Similarities are divided by it.
    e : float
        Pushing weights grow as ``exp(e * |y_i - y_q| / window)``.
    density_weight : bool
        Whether rows with rare targets are pushed harder (label-distribution smoothing).

    Notes
    -----
    ``suspicion`` is the negative share, an order. ``suggested`` is the similarity-weighted mean target of the
    negatives: the targets of what the row looks like; without negatives the given target, and the prediction
    where there is none. ``details``: ``suggested_value`` as ``suggested``; ``negatives`` and ``positives``
    (n, 5) rows, strongest first and -1 where there are fewer, with ``negative_weights`` and
    ``positive_weights`` (n, 5), their parts of the whole; ``loss`` (n,), a worse order than the share;
    ``density`` (n,), how many rows have about such a target. ``meta``: ``window``, ``all_pairs``,
    ``n_tail`` and ``tail_flag_rate`` against ``body_flag_rate``: how many of the tenth of rows with the
    rarest targets are flagged, since rare rows can look like wrong ones.

    ``predictions`` must not have been trained with the target that they are compared with. Without them, the
    mean of the nearest rows, the row itself left out, stands in. Features are standardized; above 5,000 rows
    only the 256 nearest rows can push. With several targets, one that differs makes the row differ.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> age = rng.uniform(0, 6, 200)
    >>> X, given = np.column_stack([np.sin(age), np.cos(age), age]), age.copy()
    >>> given[7] = (age[7] + 3) % 6
    >>> score = ContrastiveRegression().score(Evidence(given_labels=given, features=X))
    >>> int(score.suspicion.argmax()), bool(abs(score.suggested[7] - age[7]) < 0.5)
    (7, True)
    """

    name: ClassVar[str] = "contrastive_regression"
    family: ClassVar[str] = "regression"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "features")
    uses: ClassVar[tuple[str, ...]] = ("predictions",)
    tasks: ClassVar[tuple[str, ...]] = ("regression",)
    reference: ClassVar[str] = (
        "Keramati, Meng, Evans: ConR: Contrastive regularizer for deep imbalanced regression, ICLR 2024"
    )
    fitted: ClassVar[bool] = False

    window: float | tuple[float, ...] | None = None
    temperature: float = 0.2
    e: float = 0.01
    density_weight: bool = True

    def __post_init__(self) -> None:
        check_settings(None, self.temperature, self.e)
        if self.window is not None:
            given_window(self.window, np.size(self.window))

    def score(self, evidence: Evidence) -> Score:
        """Score every row.

        Parameters
        ----------
        evidence : Evidence
            ``given_labels`` (n,) or (n, d) numbers, NaN where unlabelled; ``features`` (n, c); optionally
            out-of-fold ``predictions`` in the shape of the targets.

        Returns
        -------
        Score

        Raises
        ------
        MissingEvidenceError, InvalidInputError, InvalidTypeError
            Evidence is absent or does not fit; infinite targets.
        """
        targets = read_targets(evidence, type(self).__name__)
        if "features" not in evidence:
            raise MissingEvidenceError.of("features", type(self).__name__, evidence)
        features = check_features(evidence["features"], len(targets.values))
        if self.window is not None:
            given_window(self.window, targets.values.shape[1])
        rows = np.flatnonzero(targets.labelled)
        values = targets.values[rows]
        if not _tells(values):
            return _nothing(targets)
        unit = standard_directions(features)
        predictions = _filled(targets, unit, rows)
        known = predictions[rows]
        window = (
            usual_window(values, known) if self.window is None else given_window(self.window, values.shape[1])
        )
        weights = density_weights(values, window) if self.density_weight else np.ones(len(rows))
        pairing = Pairing(
            unit[rows], values / window, known / window, weights, float(self.temperature), float(self.e)
        )
        near = None if len(rows) <= ALL_PAIRS else _nearest(unit[rows], n_near(len(rows)))
        found = find_confusions(pairing, near)
        return _result(targets, rows, predictions, found, window, near is None)


def standard_directions(features: FloatArray) -> FloatArray:
    """Scale columns to mean 0 and variance 1, and rows to length 1.

    Of few columns the length of a row says as much as its direction: a constant column keeps it.
    """
    center = features.mean(axis=0, dtype=np.float64)
    spread = features.std(axis=0, dtype=np.float64)
    points = (features - center) / np.where(spread > 0, spread, 1.0)
    if points.shape[1] <= _FEW_COLUMNS:
        points = np.hstack([points, np.full((len(points), 1), np.sqrt(points.shape[1]))])
    length = np.linalg.norm(points, axis=1, keepdims=True)
    return np.ascontiguousarray(points / np.where(length > 0, length, 1.0), dtype=np.float32)


def _tells(values: FloatArray) -> bool:
    """Whether there is anything to compare; says so where there is not."""
    if len(values) < _FEWEST:
        notify(
            "few_targets",
            f"Only {len(values):,} rows have a target; at least {_FEWEST} are needed to tell a wrong one.",
            "Nothing is suspected.",
        )
        return False
    if not (np.ptp(values, axis=0) > 0).any():
        notify(
            "constant_targets",
            f"All {len(values):,} targets are {values[0].tolist()}, so none contradicts another.",
            "Check that the column is the target.",
        )
        return False
    return True


def _nearest(unit: FloatArray, k: int) -> IntArray:
    graph = NeighborGraph(n_neighbors=k, metric="euclidean").make(None, Evidence(features=unit))
    return np.asarray(graph.arrays["knn_ids"], dtype=np.int64)


def _filled(targets: Targets, unit: FloatArray, rows: IntArray) -> FloatArray:
    """Return out-of-fold predictions, (n, d); what is not given is made of the nearest labelled rows."""
    given = targets.predictions
    if given is not None and not np.isnan(given).any():
        return given
    made = _from_neighbors(targets.values, unit, rows)
    return made if given is None else np.where(np.isnan(given), made, given)


def _from_neighbors(values: FloatArray, unit: FloatArray, rows: IntArray) -> FloatArray:
    """Distance-weighted mean of the nearest labelled rows, the row itself left out."""
    from scipy.spatial import cKDTree

    k = min(_NEIGHBORS, len(rows) - 1)
    predictions = np.empty_like(values)
    graph = NeighborGraph(n_neighbors=k, metric="euclidean").make(None, Evidence(features=unit[rows]))
    ids, gaps = graph.arrays["knn_ids"].astype(np.int64), graph.arrays["knn_distances"].astype(np.float64)
    predictions[rows] = _weighted_mean(values[rows][ids], gaps)
    others = np.setdiff1d(np.arange(len(values)), rows)
    if len(others):
        gaps, ids = cKDTree(unit[rows]).query(unit[others], k)
        predictions[others] = _weighted_mean(values[rows][ids.reshape(len(others), k)], gaps.reshape(-1, k))
    return predictions


def _weighted_mean(values: FloatArray, gaps: FloatArray) -> FloatArray:
    # A copy of the row would decide alone; a part of the usual distance bounds its weight.
    shares = 1.0 / (gaps + 0.1 * np.median(gaps) + 1e-9)
    return np.asarray((values * shares[:, :, None]).sum(axis=1) / shares.sum(axis=1)[:, None])


def _result(
    targets: Targets,
    rows: IntArray,
    predictions: FloatArray,
    found: Confusions,
    window: FloatArray,
    all_pairs: bool,
) -> Score:
    n = len(targets.values)
    suggested = np.where(np.isnan(targets.values), predictions, targets.values)
    advised = ~np.isnan(found.suggested[:, 0])
    suggested[rows[advised]] = found.suggested[advised] * window
    suspicion = np.zeros(n, dtype=np.float32)
    suspicion[rows] = np.clip(found.share, 0.0, 1.0)
    far = (np.abs(suggested - targets.values) > window).any(axis=1)
    flagged = np.zeros(n, dtype=bool)
    flagged[rows] = found.share >= _FLAG
    flagged &= far
    density = np.zeros(n)
    density[rows] = label_density(targets.values[rows], window)
    details: dict[str, Array] = {"suggested_value": targets.shaped(suggested.copy()), "density": density}
    for name in ("negatives", "positives"):
        ids, own = np.full((n, getattr(found, name).shape[1]), -1, dtype=np.int64), getattr(found, name)
        ids[rows] = np.where(own >= 0, rows[own], -1)
        details[name] = ids
    for name in ("negative_weights", "positive_weights", "loss"):
        own = getattr(found, name)
        spread = np.zeros((n, *own.shape[1:]))
        spread[rows] = own
        details[name] = spread
    meta: dict[str, Any] = {
        "scale": "rank",
        "window": float(window[0]) if targets.single else window.tolist(),
        "all_pairs": all_pairs,
        **_rates(flagged[rows], density[rows]),
    }
    return Score(suspicion, targets.shaped(suggested), flagged, details, meta)


def _rates(flagged: BoolArray, density: FloatArray) -> dict[str, Any]:
    """How often rows with the rarest targets are flagged, and all others."""
    n_tail = max(1, int(_TAIL * len(density)))
    tail = np.zeros(len(density), dtype=bool)
    tail[np.argsort(density, kind="stable")[:n_tail]] = True
    return {
        "n_tail": n_tail,
        "tail_flag_rate": float(flagged[tail].mean()),
        "body_flag_rate": float(flagged[~tail].mean()) if (~tail).any() else 0.0,
    }


def _nothing(targets: Targets) -> Score:
    """Nothing can be told: nothing is suspected, everything keeps its target."""
    n = len(targets.values)
    guess = np.zeros_like(targets.values) if targets.predictions is None else targets.predictions
    labelled = targets.values[targets.labelled]
    middle = np.median(labelled, axis=0) if len(labelled) else np.zeros(targets.values.shape[1])
    fallback = np.where(np.isnan(guess), middle, guess) if targets.predictions is not None else middle
    suggested = np.where(np.isnan(targets.values), fallback, targets.values)
    nobody = np.full((n, 5), -1, dtype=np.int64)
    details: dict[str, Array] = {
        "suggested_value": targets.shaped(suggested.copy()),
        "density": np.zeros(n),
        "negatives": nobody,
        "positives": nobody.copy(),
        "negative_weights": np.zeros((n, 5)),
        "positive_weights": np.zeros((n, 5)),
        "loss": np.zeros(n),
    }
    meta: dict[str, Any] = {
        "scale": "rank",
        "window": None,
        "all_pairs": True,
        "n_tail": 0,
        "tail_flag_rate": 0.0,
        "body_flag_rate": 0.0,
    }
    return Score(np.zeros(n, np.float32), targets.shaped(suggested), np.zeros(n, bool), details, meta)

"""Robust Gaussians of classes in a label-free representation; rare classes borrow from large ones.

After Zhang et al., "When noisy labels meet long tail dilemmas: a representation calibration method"
(RCAL, ICCV 2023).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelscope.types import BoolArray, FloatArray, IntArray

_SMALLEST_OWN = 5
_FLOOR = 1e-6
# At most this share of a class is left out. A bound by the estimated noise rate, as published, made no
# difference where it was measured (long-tailed digits, 3 to 40 % noise): few rows are this far from the rest.
_MOST_OUT, _FAR = 0.2, 1.5
# A tail class is smaller than this share of the mean class.
_TAIL_SIZE = 0.75


@dataclass(frozen=True)
class GaussianSettings:
    """How class Gaussians are estimated.

    Attributes
    ----------
    n_components : int
        Principal components that are kept.
    n_borrowed : int
        Head classes that a tail class borrows from (q).
    borrow : float
        Share of a tail class's covariance that is borrowed.
    borrow_mean : float
        Share of its mean that is borrowed; more than 0 moves the class toward others and mostly hurts.
    shrink : float
        Share of the pooled covariance in every class's own.
    outliers : bool
        Leave out local outliers of each class before estimating.
    head_share : float
        Share of the classes, the largest, that count as head; so do classes of three quarters of the mean.
    """

    n_components: int = 20
    n_borrowed: int = 3
    borrow: float = 0.5
    borrow_mean: float = 0.0
    shrink: float = 0.5
    outliers: bool = True
    head_share: float = 0.5


@dataclass(frozen=True)
class ClassGaussians:
    """One Gaussian per class.

    Attributes
    ----------
    means : (K, d) float64
        NaN for classes without rows.
    covariances : (K, d, d) float64
    counts, kept : (K,) int64
        Rows of each class, and those left after outliers.
    is_head : (K,) bool
    borrowed_from : (K, K) float64
        Weights of the head classes in each tail class's covariance; rows of head classes are 0.
    outlier : (n,) bool
        Rows that were left out.
    """

    means: FloatArray
    covariances: FloatArray
    counts: IntArray
    kept: IntArray
    is_head: BoolArray
    borrowed_from: FloatArray
    outlier: BoolArray

    def distances(self, points: FloatArray) -> FloatArray:
        """Return (n, K) squared Mahalanobis distances; infinite to classes without rows."""
        return self._against(points)[0]

    def log_density(self, points: FloatArray) -> FloatArray:
        """Return (n, K) log densities up to a constant; -inf for classes without rows."""
        squared, log_det = self._against(points)
        return np.asarray(-0.5 * (squared + log_det))

    def posterior(self, points: FloatArray) -> FloatArray:
        """Return (n, K) class probabilities under a flat prior: no class is likely because it is large."""
        level = self.log_density(points)
        level -= level.max(axis=1, keepdims=True)
        np.exp(level, out=level)
        return np.asarray(level / level.sum(axis=1, keepdims=True))

    def sample(self, n_per_class: IntArray, rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
        """Draw points from the classes: (m, d) points and (m,) codes."""
        points, codes = [], []
        for code in np.flatnonzero((n_per_class > 0) & (self.counts > 0)):
            root = np.linalg.cholesky(self.covariances[code])
            drawn = rng.normal(size=(int(n_per_class[code]), self.means.shape[1])) @ root.T
            points.append(drawn + self.means[code])
            codes.append(np.full(len(drawn), code, dtype=np.int64))
        if not points:
            return np.zeros((0, self.means.shape[1])), np.zeros(0, dtype=np.int64)
        return np.concatenate(points), np.concatenate(codes)

    def _against(self, points: FloatArray) -> tuple[FloatArray, FloatArray]:
        n_classes = len(self.means)
        squared = np.full((len(points), n_classes), np.inf)
        log_det = np.zeros(n_classes)
        for code in np.flatnonzero(self.counts > 0):
            root = np.linalg.cholesky(self.covariances[code])
            solved = _solve_lower(root, (points - self.means[code]).T)
            squared[:, code] = (solved**2).sum(axis=0)
            log_det[code] = 2.0 * np.log(np.diag(root)).sum()
        return squared, log_det


def _solve_lower(root: FloatArray, right: FloatArray) -> FloatArray:
    from scipy.linalg import solve_triangular

    return np.asarray(solve_triangular(root, right, lower=True, check_finite=False))


def principal_components(features: FloatArray, n_components: int) -> FloatArray:
    """Return (n, d') float64 principal components, scaled so that the first ones have unit variance at most.

    Label-free: directions come from all rows. Signs are fixed so that the result does not depend on the
    order of the rows.
    """
    centered = np.asarray(features, dtype=np.float64)
    centered = centered - centered.mean(axis=0)
    if not centered.any() or len(centered) < 2:
        return np.zeros((len(centered), 1))
    values, vectors = np.linalg.eigh(centered.T @ centered / len(centered))
    order = np.argsort(-values)[: min(n_components, len(centered) - 1)]
    order = order[values[order] > 1e-9 * max(float(values.max()), 1e-300)]
    directions = vectors[:, order]
    signs = np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(len(order))])
    return np.asarray(centered @ (directions * signs) / np.sqrt(values[order[0]]))


def fit_gaussians(
    points: FloatArray, codes: IntArray, n_classes: int, settings: GaussianSettings
) -> ClassGaussians:
    """Estimate one robust Gaussian per class.

    Parameters
    ----------
    points : (n, d) float64
        Label-free representation, see `principal_components`.
    codes : (n,) int
        Given labels, -1 for unlabelled rows, which are not used.
    n_classes : int
    settings : GaussianSettings

    Returns
    -------
    ClassGaussians
        At most a fifth of a class is left out as outliers. Classes of fewer than five rows have the pooled
        covariance as their own.
    """
    dims = points.shape[1]
    outlier = np.zeros(len(points), dtype=bool)
    if settings.outliers:
        for code in range(n_classes):
            rows = np.flatnonzero(codes == code)
            outlier[rows] = _local_outliers(points[rows])
    used = (codes >= 0) & ~outlier
    counts = np.bincount(codes[codes >= 0], minlength=n_classes).astype(np.int64)
    kept = np.bincount(codes[used], minlength=n_classes).astype(np.int64)
    means: FloatArray = np.full((n_classes, dims), np.nan)
    covariances: FloatArray = np.zeros((n_classes, dims, dims))
    for code in np.flatnonzero(kept).tolist():
        own = points[used & (codes == code)]
        means[code] = own.mean(axis=0)
        covariances[code] = (own - means[code]).T @ (own - means[code])
    pooled = covariances.sum(axis=0) / max(int(kept.sum()) - int((kept > 0).sum()), 1)
    spread = max(_FLOOR, 1e-2 * float(np.trace(pooled)) / dims) * np.eye(dims)
    for code in range(n_classes):
        enough = kept[code] >= _SMALLEST_OWN
        own_covariance = covariances[code] / max(kept[code] - 1, 1) if enough else pooled
        covariances[code] = (1 - settings.shrink) * own_covariance + settings.shrink * pooled + spread
    is_head = head_classes(counts, settings.head_share)
    borrowed = _borrowed(means, counts, is_head, settings.n_borrowed)
    means, covariances = _with_borrowed(means, covariances, borrowed, settings)
    return ClassGaussians(means, covariances, counts, kept, is_head, borrowed, outlier)


def head_classes(counts: IntArray, head_share: float) -> BoolArray:
    """Return which classes are head: the largest ones, at least one, and those nearly as large as the mean.

    Parameters
    ----------
    counts : (K,) int
        Rows of each class.
    head_share : float
        Share of the classes that are large.

    Returns
    -------
    (K,) bool
        Where classes are about equal, all are: there is no tail.

    Examples
    --------
    >>> head_classes(np.array([90, 80, 30, 9]), 0.5).tolist()
    [True, True, False, False]
    >>> head_classes(np.array([52, 51, 50, 49]), 0.5).tolist()
    [True, True, True, True]
    """
    present = counts[counts > 0]
    if not len(present):
        return np.zeros(len(counts), dtype=bool)
    place = max(1, round(head_share * len(present)))
    return np.asarray(counts >= min(np.sort(present)[::-1][place - 1], _TAIL_SIZE * present.mean()))


def _local_outliers(points: FloatArray) -> BoolArray:
    """Mark the local outliers of one class; a neighborhood of half the class, as small ones see nothing."""
    # Hundreds of copies of one row would make every other row look far off.
    distinct, copy_of = np.unique(points, axis=0, return_inverse=True)
    n_out = int(_MOST_OUT * len(points))
    if n_out < 1 or len(distinct) < 2 * _SMALLEST_OWN:
        return np.zeros(len(points), dtype=bool)
    from sklearn.neighbors import LocalOutlierFactor

    near = min(max(20, len(distinct) // 2), len(distinct) - 1, 500)
    factor = -LocalOutlierFactor(n_neighbors=near).fit(distinct).negative_outlier_factor_[copy_of.ravel()]
    cut = np.partition(factor, len(factor) - n_out)[len(factor) - n_out]
    out = np.asarray((factor >= cut) & (factor > _FAR))
    # All copies of a row or none.
    return out if out.sum() <= n_out else np.asarray((factor > cut) & (factor > _FAR))


def _borrowed(means: FloatArray, counts: IntArray, is_head: BoolArray, n_borrowed: int) -> FloatArray:
    """Weights (K, K) of head classes for each tail class: large ones and near ones count more."""
    n_classes = len(counts)
    weights = np.zeros((n_classes, n_classes))
    heads = np.flatnonzero(is_head & (counts > 0) & np.isfinite(means).all(axis=1))
    for code in np.flatnonzero(~is_head & np.isfinite(means).all(axis=1)):
        if not len(heads):
            break
        far = np.sqrt(((means[heads] - means[code]) ** 2).sum(axis=1))
        near = np.argsort(far, kind="stable")[:n_borrowed]
        raw = counts[heads[near]] / np.maximum(far[near], 1e-9)
        weights[code, heads[near]] = raw / raw.sum()
    return weights


def _with_borrowed(
    means: FloatArray, covariances: FloatArray, weights: FloatArray, settings: GaussianSettings
) -> tuple[FloatArray, FloatArray]:
    mixed_means, mixed = means.copy(), covariances.copy()
    for code in np.flatnonzero(weights.sum(axis=1) > 0):
        lent = np.tensordot(weights[code], covariances, axes=1)
        mixed[code] = (1 - settings.borrow) * covariances[code] + settings.borrow * lent
        if settings.borrow_mean:
            lenders = weights[code] > 0
            lent_mean = weights[code][lenders] @ means[lenders]
            mixed_means[code] = (1 - settings.borrow_mean) * means[code] + settings.borrow_mean * lent_mean
    return mixed_means, mixed


def normality(gaussians: ClassGaussians, points: FloatArray, codes: IntArray) -> dict[str, list[float]]:
    """Check the assumption: the share of each class's kept rows inside its 50 and 90 % ellipsoids.

    Returns
    -------
    dict
        ``"50"`` and ``"90"``: lists of K shares, NaN for classes without rows; near .5 and .9 where a
        Gaussian fits.
    """
    from scipy.stats import chi2

    squared = gaussians.distances(points)
    inside: dict[str, list[float]] = {}
    for level in (50, 90):
        limit = float(chi2.ppf(level / 100, points.shape[1]))
        shares = []
        for code in range(len(gaussians.counts)):
            rows = (codes == code) & ~gaussians.outlier
            shares.append(float((squared[rows, code] <= limit).mean()) if rows.any() else float("nan"))
        inside[str(level)] = shares
    return inside

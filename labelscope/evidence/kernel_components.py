"""A label-free representation: principal components of a Gaussian kernel, from landmarks (Nyström)."""

from __future__ import annotations

import numpy as np

from labelscope.evidence.folds import matrix_keys
from labelscope.types import FloatArray

_BLOCK = 2048


def kernel_components(
    features: FloatArray, *, n_components: int = 20, n_landmarks: int = 500, width: float = 1.0
) -> FloatArray:
    """Find principal components under a Gaussian kernel; labels are not looked at.

    Classes that share a center and differ in spread are apart here, and not in the features.

    Parameters
    ----------
    features : (n, d) float32
        Finite numbers.
    n_components : int
        Most components that are kept.
    n_landmarks : int
        Rows that span the space, chosen by content so that their order does not matter.
    width : float
        The kernel is exp(-width × squared distance / the mean squared distance between rows).

    Returns
    -------
    (n, r) float64
        Deviations of the components fall as their eigenvalues do; one column of zeros where all rows are
        the same.

    Notes
    -----
    Schölkopf, Smola, Müller: Nonlinear component analysis as a kernel eigenvalue problem, 1998; Williams,
    Seeger: Using the Nyström method to speed up kernel machines, NIPS 2000.
    """
    n = len(features)
    points = np.asarray(features, dtype=np.float64)
    points = points - points.mean(axis=0)
    spread = 2.0 * float(np.square(points).sum()) / max(n, 1)
    if spread <= 0:
        return np.zeros((n, 1))
    gamma = width / spread
    # Copies would make landmarks of one another.
    keys, first = np.unique(matrix_keys(np.asarray(features, dtype=np.float32)), return_index=True)
    chosen = points[first[np.argsort(keys, kind="stable")[:n_landmarks]]]
    values, vectors = np.linalg.eigh(_kernel(chosen, chosen, gamma))
    kept = values > 1e-8 * values[-1]
    roots = vectors[:, kept] / np.sqrt(values[kept])
    mapped = np.concatenate(
        [_kernel(points[i : i + _BLOCK], chosen, gamma) @ roots for i in range(0, n, _BLOCK)]
    )
    mapped -= mapped.mean(axis=0)
    variances, directions = np.linalg.eigh(mapped.T @ mapped / n)
    order = np.argsort(-variances)[:n_components]
    order = order[variances[order] > 1e-10 * max(float(variances[-1]), 1e-300)]
    if not len(order):
        return np.zeros((n, 1))
    directions = directions[:, order]
    projected = mapped @ directions
    # Signs by the data, so that they do not depend on the order of the rows.
    skew = (projected**3).sum(axis=0)
    return np.asarray(projected * np.where(skew < 0, -1.0, 1.0))


def _kernel(points: FloatArray, landmarks: FloatArray, gamma: float) -> FloatArray:
    squared = (points**2).sum(axis=1)[:, None] + (landmarks**2).sum(axis=1) - 2 * points @ landmarks.T
    return np.asarray(np.exp(-gamma * np.maximum(squared, 0.0)))

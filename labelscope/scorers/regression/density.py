"""How common each target is, and weights by which rare targets count more (label-distribution smoothing)."""

from __future__ import annotations

import numpy as np

from labelscope.types import FloatArray

_REACH = 3.0
_PER_WIDTH = 4
_LEAST, _MOST = 0.1, 10.0


def label_density(targets: FloatArray, width: FloatArray) -> FloatArray:
    """Smooth the histogram of the targets by a Gaussian kernel and read it at each target.

    Parameters
    ----------
    targets : (n, d) float64
        Finite numbers.
    width : (d,) float64
        Standard deviation of the kernel for each column.

    Returns
    -------
    (n,) float64
        Expected number of rows within about one width; for several columns the geometric mean of theirs.

    References
    ----------
    Yang et al.: Delving into deep imbalanced regression, ICML 2021.

    Examples
    --------
    >>> crowd = np.array([[1.0], [1.1], [0.9], [1.0], [9.0]])
    >>> density = label_density(crowd, np.array([0.5]))
    >>> int(density.argmin())
    4
    """
    logs = np.zeros(len(targets))
    for column, own in zip(targets.T, width, strict=True):
        logs += np.log(_smoothed(column, float(own)))
    return np.asarray(np.exp(logs / targets.shape[1]))


def _smoothed(column: FloatArray, width: float) -> FloatArray:
    # Only bins that hold something are kept, so that one far outlier does not coarsen the rest.
    places = np.floor((column - column.min()) / (width / _PER_WIDTH))
    bins, inverse, counts = np.unique(places, return_inverse=True, return_counts=True)
    offsets = np.arange(-int(_REACH * _PER_WIDTH), int(_REACH * _PER_WIDTH) + 1)
    density = np.zeros(len(bins))
    for offset in offsets:
        at = np.searchsorted(bins, bins + offset)
        found = (at < len(bins)) & (bins[np.minimum(at, len(bins) - 1)] == bins + offset)
        density[found] += counts[at[found]] * np.exp(-0.5 * (offset / _PER_WIDTH) ** 2)
    return np.asarray(density[inverse])


def density_weights(targets: FloatArray, width: FloatArray, *, power: float = 0.5) -> FloatArray:
    """Weigh rows by the inverse of how common their targets are.

    Parameters
    ----------
    targets : (n, d) float64
    width : (d,) float64
        See `label_density`.
    power : float
        0 weighs all alike, 0.5 is the usual inverse square root, 1 the full inverse.

    Returns
    -------
    (n,) float64
        With mean 1, before weights are cut at a tenth and at ten times that.

    Examples
    --------
    >>> weights = density_weights(np.array([[1.0], [1.0], [1.0], [5.0]]), np.array([0.5]))
    >>> bool(weights[3] > weights[0])
    True
    """
    if not len(targets):
        return np.ones(0)
    inverse = label_density(targets, width) ** -power
    return np.asarray(np.clip(inverse / inverse.mean(), _LEAST, _MOST))

"""A trial of methods on errors that are planted: how much a second method adds to the first on this table."""

from __future__ import annotations

import numpy as np

from labelscope.evidence.folds import matrix_keys
from labelscope.evidence.given_targets import as_targets
from labelscope.scorers.regression.contrastive import ContrastiveRegression
from labelscope.types import Array, Evidence, FloatArray

_SHARE = 0.1
_MOST_ROWS = 5_000
_FEWEST = 100


def contrast_trial(evidence: Evidence, scorer: ContrastiveRegression | None = None) -> dict[str, FloatArray]:
    """Plant wrong targets in a tenth of the rows, and let `ContrastiveRegression` look for them.

    Out-of-sample predictions stay right for that: no row's own target was used for its prediction.

    Parameters
    ----------
    evidence : Evidence
        ``given_labels`` and ``predictions`` (n,), ``features`` (n, d).
    scorer : ContrastiveRegression, optional

    Returns
    -------
    dict
        ``trial_targets`` (n,): the targets, those that were planted drawn evenly from the range of all.
        ``trial_share`` (n,): what the method finds with them; NaN for rows that took no part. Rows are chosen
        by content, at most 5,000. Empty where there are too few rows.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(300, 2))
    >>> evidence = Evidence(given_labels=X[:, 0], predictions=X[:, 0], features=X.astype(np.float32))
    >>> trial = contrast_trial(evidence)
    >>> changed = trial["trial_targets"] != X[:, 0]
    >>> bool(np.nanmedian(trial["trial_share"][changed]) > np.nanmedian(trial["trial_share"][~changed]))
    True
    """
    given = as_targets(evidence["given_labels"], "given_labels")
    if given.ndim != 1 or evidence.get("predictions") is None:
        return {}
    features = np.asarray(evidence["features"], dtype=np.float32)
    keys = matrix_keys(features)
    known = np.flatnonzero(~np.isnan(given))
    if len(known) < _FEWEST or not np.ptp(given[known]) > 0:
        return {}
    rows = np.sort(known[np.argsort(keys[known], kind="stable")[:_MOST_ROWS]])
    chosen, where = (_even(matrix_keys(features, random_state=seed)[rows]) for seed in (1, 2))
    low, high = float(given[rows].min()), float(given[rows].max())
    targets = given.copy()
    planted = rows[chosen < _SHARE]
    targets[planted] = low + (high - low) * where[chosen < _SHARE]
    part = Evidence(
        given_labels=targets[rows],
        predictions=as_targets(evidence["predictions"], "predictions")[rows],
        features=features[rows],
    )
    share = np.full(len(given), np.nan)
    share[rows] = (scorer or ContrastiveRegression()).score(part).suspicion
    return {"trial_targets": targets, "trial_share": share}


def _even(keys: Array) -> FloatArray:
    """Return (m,) numbers in [0, 1), spread as evenly as hashes are."""
    return np.asarray((keys >> np.uint64(11)) / float(1 << 53))

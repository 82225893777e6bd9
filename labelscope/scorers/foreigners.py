"""Rows far from every class, as the default mix sees them: being far raises the suspicion of their labels."""

from __future__ import annotations

import numpy as np

from labelscope.errors import notify
from labelscope.scorers.representation.weight_aware import WeightAware
from labelscope.types import Evidence, FloatArray

# Items from outside the class set must be seen in the probabilities first.
_SEEN = 0.5
# An outlier of a class is as far as a foreign row; where rows are foreign, most of the far ones are doubted.
_DOUBTED, _FEWEST = 0.8, 5
# Being far and being doubted have part of their causes in common, so odds rise at most so many times.
_MOST_ODDS = 10.0
# Every row is compared with every other one.
_MOST_ROWS = 20_000


def raised_by_foreignness(
    suspicion: FloatArray, outside: float, evidence: Evidence
) -> tuple[FloatArray, FloatArray, float] | None:
    """Raise suspicion of rows that seem to belong to no class, where there are such rows at all.

    Parameters
    ----------
    suspicion : (n,) float32
        What the mix believes without it.
    outside : float
        How surely items from outside the class set are among the rows, in [0, 1].
    evidence : Evidence
        ``given_labels`` and ``features`` (n, d).

    Returns
    -------
    raised : (n,) float32
    foreign : (n,) float64
        Foreignness, see `labelscope.scorers.WeightAware`.
    cut : float
        Rows beyond it are raised. None instead of all three where nothing is to be raised.
    """
    if outside < _SEEN:
        return None
    if len(suspicion) > _MOST_ROWS:
        notify(
            "foreignness_left_out",
            f"Items from outside the classes are seen; with {len(suspicion):,} rows the default mix does not "
            "look which rows are far from every class.",
            "Pass scorers=['auto', 'weight_aware'], or look at queues.Foreign.",
        )
        return None
    score = WeightAware().score(evidence)
    foreign, cut = np.asarray(score.details["foreign"]), float(score.meta["foreign_cut"])
    far = (foreign > cut) & (suspicion > 0)
    if int(far.sum()) < _FEWEST or float(np.median(suspicion[far])) < _DOUBTED:
        return None
    before = suspicion.astype(np.float64)
    wrong, right = before[far].sum() / before.sum(), (1 - before[far]).sum() / (1 - before).sum()
    factor = float(np.clip(wrong / max(right, 1e-12), 1.0, _MOST_ODDS))
    raised = before.copy()
    raised[far] = before[far] * factor / (1 - before[far] + before[far] * factor)
    return raised.astype(np.float32), foreign, cut

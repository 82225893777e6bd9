"""Which of the ranked models had a part in choosing the rows that were reviewed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from labelscope.data.arguments import check_choice, listed
from labelscope.reports.right_labels import RightLabels
from labelscope.scorers.proportions import exact_interval
from labelscope.types import IntArray

_SUSPECT, _SAME, _LEAST = 0.9, 0.995, 10


def flaggers_of(
    names: Sequence[str], codes: IntArray, truth: RightLabels, flagger: str | Sequence[str] | None
) -> dict[str, str]:
    """Return models that had, or seem to have had, a part in flagging.

    Parameters
    ----------
    names : sequence of m str
    codes : (m, n) int
        Predictions.
    truth : RightLabels
    flagger : str or sequence of str, optional
        Models that are known to have had one.

    Returns
    -------
    dict of str to str
        Why it is thought so, by model. Without being named, a model is listed that predicts as the audit's
        probabilities do, or that agrees with nine in ten or more of the suggestions for flagged rows, and
        more than the others beyond chance.

    Raises
    ------
    InvalidInputError
        There is no model of that name.
    """
    named = [] if flagger is None else [flagger] if isinstance(flagger, str) else None
    named = listed("flagger", flagger, "names of models") if named is None else named
    for name in named:
        check_choice("model", name, names)
    found = dict.fromkeys(named, "named as the one that flagged")
    if truth.audit is None:
        return found
    probs = truth.audit.evidence.get("pred_probs")
    if isinstance(probs, np.ndarray) and probs.ndim == 2 and len(probs):
        same = (codes == probs.argmax(axis=1)).mean(axis=1)
        for name, share in zip(names, same.tolist(), strict=True):
            if share >= _SAME:
                found.setdefault(name, f"predicts as the audit's model on {100 * share:.1f} % of rows")
    suggested = np.asarray(truth.audit.suggested_codes)
    rows = np.flatnonzero(np.asarray(truth.audit.flagged, dtype=bool) & (suggested >= 0))
    if len(rows) < _LEAST:
        return found
    hits = (codes[:, rows] == suggested[rows]).sum(axis=1)
    for m, name in enumerate(names):
        low = exact_interval(int(hits[m]), len(rows))[0]
        others = np.delete(hits, m)
        usual = exact_interval(int(np.median(others)), len(rows))[1] if len(others) else 0.0
        if low >= _SUSPECT and low > usual:
            share = hits[m] / len(rows)
            found.setdefault(name, f"agrees with {100 * share:.0f} % of the suggestions for flagged rows")
    return found

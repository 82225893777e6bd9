"""Why a row is suspicious, in words."""

from __future__ import annotations

import numpy as np

from labelscope.scorers.candidates import check_row
from labelscope.scorers.inputs import Inputs
from labelscope.scorers.neighbors.votes import count_votes
from labelscope.scorers.noise_kinds import flatness
from labelscope.scorers.remembered import Remembered, remembered
from labelscope.types import Evidence, Score

_FIRES_AT = 0.5
_FLAT = 0.6
_JOINED = {
    "tail": "A model that is fair to rare classes",
    "groups": "The expert that knows the row's group best",
    "pool": "A model that also learned from rows without a label",
}


def reasons(row: int, evidence: Evidence, score: Score) -> tuple[str, ...]:
    """Say why the default mix suspects a row, strongest reason first.

    Parameters
    ----------
    row : int
        Row position.
    evidence : Evidence
        The evidence that was scored.
    score : Score
        What `Ensemble` returned for it.

    Returns
    -------
    tuple of str
        Sentences with class names; one says so when nothing speaks against the label.

    Examples
    --------
    >>> from labelscope.scorers import Ensemble
    >>> P = np.array([[0.95, 0.05], [0.1, 0.9]] * 20); y = np.array([0, 1] * 20); y[0] = 1
    >>> evidence = Evidence(given_labels=y, pred_probs=P)
    >>> reasons(0, evidence, Ensemble().score(evidence))[0]
    'The model gives 0 95% and the given label 1 5%.'
    """
    known = remembered(evidence)
    inputs = known.inputs
    check_row(row, inputs.n)
    given = int(inputs.codes[row])
    if given < 0:
        return ("This row has no label yet.",)
    said: list[str] = []
    said += _model_reasons(known, row, given)
    said += _neighbor_reasons(inputs, row, given)
    said += _fired(row, score)
    said += _joined(row, score)
    said += _outside(inputs, row, score)
    if not said and float(score.suspicion[row]) >= _FIRES_AT:
        said.append("The evidence is ambiguous, and here labels are often wrong where it is.")
    return tuple(said) or ("Nothing speaks against the given label.",)


def _joined(row: int, score: Score) -> list[str]:
    """Say what methods that joined for this data add, and why they did."""
    said = []
    for name, facts in score.meta.get("joined", {}).items():
        if name == "foreign":
            if float(score.details[name][row]) > float(score.meta["foreign_cut"]):
                said.append("It is far from every class: it belongs to no class, or to a new one.")
        elif float(score.details[name][row]) >= _FIRES_AT:
            doubt = _percent(float(score.details[name][row]))
            said.append(f"{_JOINED[name]} doubts the given label by {doubt}. {facts['why']}")
    return said


def _outside(inputs: Inputs, row: int, score: Score) -> list[str]:
    """Say that no class fits, where items from outside the class set are seen at all."""
    if inputs.pred_probs is None or float(score.suspicion[row]) < _FIRES_AT:
        return []
    if float(score.meta.get("noise_kind", {}).get("outside", 0.0)) < _FIRES_AT:
        return []
    level = np.log(np.maximum(inputs.pred_probs[row : row + 1].astype(np.float64), 1e-8))
    if float(flatness(level)[0]) < _FLAT:
        return []
    return ["No class fits this row well: it may belong to none of them."]


def _name(inputs: Inputs, code: int) -> str:
    return str(inputs.classes[code])


def _percent(value: float) -> str:
    if 0 < value < 0.005:
        return "under 1%"
    if 0.995 < value < 1:
        return "over 99%"
    return f"{value:.0%}"


def _model_reasons(known: Remembered, row: int, given: int) -> list[str]:
    inputs, limits = known.inputs, known.limits
    if inputs.pred_probs is None or limits is None:
        return []
    probs = inputs.pred_probs[row].astype(np.float64)
    rival = int(np.where(np.arange(len(probs)) == given, -1.0, probs).argmax())
    if probs[rival] <= probs[given]:
        return []
    said = [
        f"The model gives {_name(inputs, rival)} {_percent(float(probs[rival]))} "
        f"and the given label {_name(inputs, given)} {_percent(float(probs[given]))}."
    ]
    # Infinite for a class that nobody has.
    over = float(probs[rival] - limits[rival])
    if over >= 0:
        said.append(
            f"It is {100 * over:.0f} points surer of {_name(inputs, rival)} than on an average "
            f"row labelled so ({_percent(float(limits[rival]))})."
        )
    return said


def _neighbor_reasons(inputs: Inputs, row: int, given: int) -> list[str]:
    if inputs.knn_ids is None or not inputs.knn_ids.shape[1]:
        return []
    votes = count_votes(inputs.knn_ids[row : row + 1], inputs.codes, inputs.n_classes)[0]
    total, agreeing = int(votes.sum()), int(votes[given])
    winner = int(votes.argmax())
    if total == 0 or winner == given or votes[winner] <= votes[given]:
        return []
    shared = f"{agreeing} share" if agreeing != 1 else "1 shares"
    return [
        f"{int(votes[winner])} of {total} nearest neighbors are {_name(inputs, winner)}; "
        f"{shared if agreeing else 'none shares'} the given label {_name(inputs, given)}."
    ]


def _fired(row: int, score: Score) -> list[str]:
    parts = [name for name in score.meta.get("parts", []) if name in score.details]
    firing = [name for name in parts if float(score.details[name][row]) >= _FIRES_AT]
    if not firing:
        return []
    if len(firing) == len(parts) > 1:
        return [f"Doubted by {' and '.join(firing)} alike."]
    silent = [name for name in parts if name not in firing]
    return [f"Doubted by {', '.join(firing)}" + (f", not by {', '.join(silent)}." if silent else " alone.")]

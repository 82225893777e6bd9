"""Recorded logits as the rounds of a loss gate: only those of rows that the model had not trained on."""

from __future__ import annotations

import numpy as np

from labelscope.errors import InvalidInputError, notify
from labelscope.scorers.inputs import Inputs
from labelscope.types import Array, Evidence, FloatArray


def cumulative_logs(evidence: Evidence, inputs: Inputs, n_rounds: int) -> list[FloatArray] | None:
    """Read what models said of rows that they had not trained on.

    Parameters
    ----------
    evidence : Evidence
        ``training_dynamics`` (n, epochs, K) logits, NaN where a row was not seen, and ``held_out_dynamics``
        (n,) bool, rows whose logits come from models that did not train on them.
    inputs : Inputs
    n_rounds : int

    Returns
    -------
    list of (n, K) float64, or None
        For each round the mean log-probabilities of the epochs up to it, the first half of training left
        out; NaN for rows without any. None where the dynamics are absent or in-sample.

    Raises
    ------
    InvalidInputError
        Nothing but in-sample logits is there, or what is there does not fit.
    """
    given = evidence.get("training_dynamics")
    if given is None:
        return None
    held = evidence.get("held_out_dynamics")
    if held is None or not np.asarray(held).any():
        _refuse_in_sample(evidence)
        return None
    logits, mask = np.asarray(given), np.asarray(held)
    if mask.shape != (inputs.n,) or mask.dtype.kind != "b":
        raise InvalidInputError(
            f"held_out_dynamics is {mask.dtype} of shape {mask.shape}.",
            f"Pass an ({inputs.n},) mask, True for rows whose logits come from models not trained on them.",
        )
    if logits.dtype.names is not None or logits.ndim != 3 or logits.shape[2] != inputs.n_classes:
        shape = "sums" if logits.dtype.names is not None else f"of shape {logits.shape}"
        raise InvalidInputError(
            f"training_dynamics is {shape}, but a gate needs logits of shape ({inputs.n}, epochs, "
            f"{inputs.n_classes}).",
            'Record with TrainingDynamics(..., keep="logits", held_out=True) and without a fake class.',
        )
    if len(logits) != inputs.n:
        raise InvalidInputError.wrong_length("training_dynamics", len(logits), inputs.n, "given_labels")
    return _by_round(logits, mask, n_rounds)


def _refuse_in_sample(evidence: Evidence) -> None:
    hint = (
        "Record held-out rows of each fold with TrainingDynamics(..., held_out=True), or leave "
        "training_dynamics out."
    )
    why = "a model that has memorized a wrong label shows no loss"
    if "features" not in evidence and "views" not in evidence:
        raise InvalidInputError(f"training_dynamics are of rows that the model trained on: {why}.", hint)
    notify(
        "in_sample_dynamics",
        f"training_dynamics are of rows that the model trained on and are not used for the gate: {why}. "
        "Models that have not seen a row are fitted to the features instead.",
        hint,
    )


def _by_round(logits: Array, held: Array, n_rounds: int) -> list[FloatArray]:
    n, n_epochs, _ = logits.shape
    first = n_epochs // 2
    ends = np.unique(np.linspace(first + 1, n_epochs, min(n_rounds, n_epochs - first)).round().astype(int))
    sums, counts = np.zeros((n, logits.shape[2])), np.zeros(n)
    found = []
    for epoch in range(first, n_epochs):
        now = np.nan_to_num(logits[:, epoch].astype(np.float64), nan=np.nan, posinf=65504.0, neginf=-65504.0)
        now = now - now.max(axis=1, keepdims=True)
        now = now - np.log(np.exp(now).sum(axis=1, keepdims=True))
        usable = held & ~np.isnan(now).any(axis=1)
        sums[usable] += now[usable]
        counts += usable
        if epoch + 1 in ends:
            mean = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], np.nan)
            found.append(np.asarray(mean))
    return found

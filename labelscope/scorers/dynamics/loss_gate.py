"""A gate on the loss, fitted to the data each round, with corrections for what does not pass it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np

from labelscope.errors import InvalidInputError, MissingEvidenceError, notify
from labelscope.scorers.dynamics.gate_rounds import (
    CORRECTED,
    STATES,
    STATISTICS,
    UNDECIDED,
    GateRules,
    Round,
    gated,
    run_rounds,
)
from labelscope.scorers.dynamics.held_out_views import HeldOutView, dealt, read_views
from labelscope.scorers.dynamics.recorded_logs import cumulative_logs
from labelscope.scorers.inputs import Inputs, labels_of, read
from labelscope.types import Array, BoolArray, Evidence, FloatArray, Score

_FEWEST = 10


@dataclass(frozen=True, kw_only=True)
class DynamicLossGate:
    """Part right from wrong labels by a gate that two normal distributions give (DLG-LC).

    Each round, models that have not seen a row say how little they believe its label; two normal
    distributions are fitted to the log of that, and the gate is where they cross. Rows over the gate get the
    models' prediction as their target of the next round where it is confident (*corrected*), and train
    nothing where it is not (*undecided*); the others keep their label (*reliable*).

    Parameters
    ----------
    n_rounds : int
        Most rounds; it ends sooner when nothing changes.
    confidence : float
        Least probability of a prediction that corrects (tau2).
    statistic : {"log_ratio", "log_loss"}
        Log of the largest other probability over the given label's, or the log of the cross-entropy, as
        published, which floods the gate with right labels when few are wrong.
    cap : bool
        Let no more rows over the gate than confident counting estimates errors.
    n_folds : int
        Folds of the models.
    random_state : int
        Seed of the folds.

    Notes
    -----
    Corrections start from the given label each round, so that a mistaken one can be taken back. Evidence
    ``views`` is a list of feature matrices (sound and image, say): each has its own models and its own gate;
    the mean of the log-odds of those with two modes decides, and the product of their probabilities
    corrects. ``verified`` (n,) bool marks rows whose label counts as right. With ``training_dynamics`` and
    ``held_out_dynamics`` (see `labelscope.providers.TrainingDynamics`) the statistic comes from the recorded
    logits, and epochs are the rounds; logits of rows that the model trained on are not used, with a notice,
    because a model that has memorized a wrong label shows no loss.

    ``suspicion`` is (1 + e / (1 + abs(e))) / 2 for log-odds e of a wrong label, so that .5 is the gate;
    ``flagged`` are the rows over the gate. Without a clear second mode (``meta["second_mode"]`` is false,
    with a notice) nothing is flagged and all suspicion is below .5. ``details`` holds ``state`` (n,) of
    ``reliable``, ``corrected`` and ``undecided``, ``state_by_round`` (n, rounds) int8 positions in these,
    ``posterior`` (n,) probability of the high-loss distribution, ``statistic`` (n, views) and
    ``p_suggested`` (n,). ``meta`` holds ``history``, a list with an entry for each round and view (gate,
    weight, means and deviations of the two distributions, ``gain`` in BIC, ``distance`` of the means in
    pooled deviations, counts), ``gate`` (position in suspicion), ``n_estimated`` errors, and ``views``.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat([0, 1], 200)
    >>> X = rng.normal(size=(400, 3)) + 5 * y[:, None]
    >>> wrong = rng.random(400) < 0.1
    >>> score = DynamicLossGate().score(Evidence(given_labels=np.where(wrong, 1 - y, y), features=X))
    >>> bool((score.flagged == wrong).mean() > 0.98), sorted(set(score.details["state"].tolist()))
    (True, ['corrected', 'reliable'])
    """

    name: ClassVar[str] = "dynamic_loss_gate"
    family: ClassVar[str] = "dynamics"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "features")
    uses: ClassVar[tuple[str, ...]] = ("views", "verified", "groups", "training_dynamics")
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    reference: ClassVar[str] = (
        "Han, Chen, Qian: Self-supervised speaker verification using dynamic loss-gate and label correction, "
        "Interspeech 2022; and: Self-supervised learning with cluster-aware DINO, 2023"
    )
    fitted: ClassVar[bool] = True

    n_rounds: int = 3
    confidence: float = 0.5
    statistic: str = "log_ratio"
    cap: bool = True
    n_folds: int = 5
    random_state: int = 0

    def __post_init__(self) -> None:
        if self.statistic not in STATISTICS:
            raise InvalidInputError.unknown("statistic", self.statistic, STATISTICS)
        if not 0 <= self.confidence <= 1:
            raise InvalidInputError(f"confidence is {self.confidence}.", "Pass a probability from 0 to 1.")
        if self.n_rounds < 1:
            raise InvalidInputError(f"n_rounds is {self.n_rounds}.", "Pass 1 or more.")
        if self.n_folds < 2:
            raise InvalidInputError(
                f"n_folds is {self.n_folds}.", "Pass 2 or more, to predict out of sample."
            )

    def score(self, evidence: Evidence) -> Score:
        """Score every row.

        Parameters
        ----------
        evidence : Evidence
            ``given_labels`` (n,) and ``features`` (n, d), or ``views``, a list of (n, d) matrices, or
            ``training_dynamics`` (n, epochs, K) logits with ``held_out_dynamics`` (n,) bool. Optionally
            ``verified`` (n,) bool; ``groups`` and ``duplicates`` keep rows in one fold.

        Returns
        -------
        Score

        Raises
        ------
        MissingEvidenceError, InvalidInputError
            Evidence is absent or does not fit, or fewer than ten rows have a label.
        """
        by = type(self).__name__
        inputs = read(evidence, by)
        recorded = cumulative_logs(evidence, inputs, self.n_rounds)
        if recorded is None and "features" not in evidence and "views" not in evidence:
            raise MissingEvidenceError.of("features", by, evidence)
        views = () if recorded else read_views(evidence, inputs.n)
        if len(np.unique(inputs.codes[inputs.labelled])) < 2:
            return _nothing_doubted(inputs, max(len(views), 1))
        n_labelled = int(inputs.labelled.sum())
        if n_labelled < _FEWEST:
            raise InvalidInputError(
                f"{by} fits two distributions, but only {n_labelled} of {inputs.n:,} rows have a label.",
                f"Label at least {_FEWEST} rows, or use self_confidence or neighbor_agreement.",
            )
        trusted = _trusted(evidence, inputs)
        if (trusted | ~inputs.labelled).all():
            notify(
                "all_labels_trusted",
                "All labels are verified, so there is none left for a gate to doubt.",
                "Leave verified= out to check them all the same.",
            )
            return _nothing_doubted(inputs, max(len(views), 1))
        rules = GateRules(self.statistic, self.confidence, self.cap)
        if recorded:
            rounds = [gated([logs], inputs.codes, trusted, rules) for logs in recorded]
        else:
            folds = dealt(views, inputs.codes, evidence, self.n_folds, self.random_state)
            models = [HeldOutView.of(view, inputs.codes, folds, self.random_state) for view in views]
            rounds = run_rounds(
                [partial(HeldOutView.log_probs, model) for model in models],
                inputs.codes,
                inputs.n_classes,
                trusted,
                rules,
                self.n_rounds,
            )
        return self._result(inputs, rounds, bool(recorded))

    def _result(self, inputs: Inputs, rounds: list[Round], recorded: bool) -> Score:
        last = rounds[-1]
        if not last.separated:
            notify(
                "no_second_mode",
                "There is no clear second mode in the losses: the labels look right, or the features tell "
                "too little. The gate lets all rows pass.",
                "Order by suspicion, or use the default mix, to look at single rows.",
            )
        history = [
            entry
            for number, found in enumerate(rounds)
            for entry in found.facts(number, rounds[number - 1] if number else None)
        ]
        posterior = 1.0 / (1.0 + np.exp(-np.clip(last.log_odds, -700, 700)))
        suggested = np.where((last.states == CORRECTED) | (last.states == UNDECIDED), last.best, inputs.codes)
        gate = squashed(np.array([last.threshold]))[0] if last.separated else None
        return Score(
            suspicion=np.where(last.judged, squashed(last.log_odds), 0.0).astype(np.float32),
            suggested=labels_of(np.where(inputs.labelled, suggested, last.best), inputs.classes),
            flagged=last.above,
            details={
                "state": STATES[last.states],
                "state_by_round": np.stack([one.states for one in rounds], axis=1),
                "posterior": np.where(last.judged & last.separated, posterior, 0.0),
                "statistic": np.where(last.judged[:, None], last.values.T, np.nan),
                "p_suggested": last.top,
            },
            meta={
                "scale": "rank",
                "second_mode": last.separated,
                "gate": None if gate is None else float(gate),
                "history": history,
                "n_rounds": len(rounds),
                "n_estimated": last.n_estimated,
                "statistic": self.statistic,
                "views": len(last.fits),
                "from_training_dynamics": recorded,
            },
        )


def squashed(log_odds: FloatArray) -> FloatArray:
    """Map log-odds to (0, 1), 0 to one half; slower than a logistic function, so that float32 keeps order."""
    return np.asarray((1.0 + log_odds / (1.0 + np.abs(log_odds))) / 2)


def _trusted(evidence: Evidence, inputs: Inputs) -> BoolArray:
    if evidence.get("verified") is None:
        return np.zeros(inputs.n, dtype=bool)
    verified = np.asarray(evidence["verified"])
    if verified.shape != (inputs.n,):
        raise InvalidInputError(
            f"verified has the shape {verified.shape}.", f"Pass ({inputs.n},) bool, one a row."
        )
    return np.asarray(verified.astype(bool) & inputs.labelled)


def _nothing_doubted(inputs: Inputs, n_views: int) -> Score:
    """One class, no labels, or all of them trusted: nothing can be wrong."""
    zeros = np.zeros(inputs.n)
    states = np.where(inputs.labelled, 0, UNDECIDED).astype(np.int8)
    details: dict[str, Array] = {
        "state": STATES[states],
        "state_by_round": states[:, None],
        "posterior": zeros,
        "statistic": np.full((inputs.n, n_views), np.nan),
        "p_suggested": np.where(inputs.labelled, 1.0, 0.0),
    }
    meta: dict[str, Any] = {"scale": "rank", "second_mode": False, "gate": None, "history": []}
    suggested = labels_of(np.maximum(inputs.codes, 0), inputs.classes)
    flagged = np.zeros(inputs.n, dtype=bool)
    meta |= {"n_rounds": 0, "n_estimated": 0, "views": n_views, "from_training_dynamics": False}
    return Score(zeros.astype(np.float32), suggested, flagged, details, meta)

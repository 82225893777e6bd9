"""The default mix for numeric targets: a probability that each one is wrong, and what it should be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.scorers.flagging import best_expected_f1
from labelscope.scorers.regression.residuals import Residuals, read_residuals
from labelscope.scorers.target_mixture import (
    USUAL_TRUST,
    Mixture,
    density_of_wrong,
    fit_mixture,
    second_opinion,
    trust_by_trial,
)
from labelscope.scorers.whole import overall
from labelscope.types import BoolArray, Evidence, FloatArray, Score

# With fewer rows no mixture can be told from chance.
_FEWEST = 20
_FAR = 3.5
# Rows that are suspected anyway are no clean ground to plant errors in.
_CLEAN = 0.5


@dataclass(frozen=True, kw_only=True)
class TargetEnsemble:
    """Tell wrong targets from right ones by their residuals, and by rows that pull them elsewhere.

    A mixture of two kinds is fitted to the residuals: right targets scatter around their prediction by the
    local scale, wrong ones lie anywhere in the range of the targets (see
    `labelscope.scorers.target_mixture`). Where ``negative_share`` (n,) is there, what
    `ContrastiveRegression` finds of each row, it corrects the posterior, as far as a trial on planted errors
    (``trial_targets`` and ``trial_share`` (n,), see `labelscope.scorers.regression.trial`) says that it adds
    to the residuals: both err on the same rows. Without human verdicts the level is a model's assumption.

    Parameters
    ----------
    level : float
        Coverage of the interval of the noise rate.

    Notes
    -----
    ``details``: ``suggested_value`` (the ``prediction``, with the digits that given targets have),
    ``residual``, ``scale``, and ``low`` and ``high``, between which about two thirds of right targets lie, in
    the shape of the targets. Of several targets, suspicion is the
    probability that any is wrong. ``meta`` holds ``scale``, ``parts``, ``mixture`` (by target; ``trust`` is
    the share of the contrast's evidence that is believed), ``noise_rate``, ``n_errors`` and
    ``expected_precision_100``.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.uniform(0, 10, 200)
    >>> given = truth + rng.normal(0, 0.1, 200); given[0] = (truth[0] + 5) % 10
    >>> score = TargetEnsemble().score(Evidence(given_labels=given, predictions=truth))
    >>> int(score.suspicion.argmax()), bool(score.flagged[0])
    (0, True)
    """

    name: ClassVar[str] = "auto_targets"
    family: ClassVar[str] = "ensemble"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "predictions")
    uses: ClassVar[tuple[str, ...]] = ("knn_ids", "negative_share", "trial_targets", "trial_share")
    tasks: ClassVar[tuple[str, ...]] = ("regression",)
    reference: ClassVar[str] = "labelscope; Lange, Little & Taylor: Robust statistical modeling, JASA 1989"
    fitted: ClassVar[bool] = False

    level: float = 0.9

    def score(self, evidence: Evidence) -> Score:
        """Score every row.

        Parameters
        ----------
        evidence : Evidence
            ``given_labels`` and ``predictions``, (n,) or (n, d); NaN where there is none.

        Returns
        -------
        Score
            ``suggested`` has the shape of the targets.

        Raises
        ------
        MissingEvidenceError, InvalidInputError
            Evidence is absent or does not fit.
        """
        read = read_residuals(evidence, type(self).__name__)
        share = _of_rows(evidence, "negative_share", len(read.targets))
        trial = None if share is None else _read_trial(evidence, len(read.targets))
        posteriors, told, spread = [], [], np.ones((2, *read.scale.shape))
        for column in range(read.targets.shape[1]):
            posterior, facts = _posterior(read, column, share, trial)
            posteriors.append(posterior)
            told.append(facts)
            spread[0, :, column] = read.scale[:, column] * facts["below"]
            spread[1, :, column] = read.scale[:, column] * facts["above"]
        wrong = np.column_stack(posteriors) if posteriors else np.zeros(read.targets.shape)
        suspicion = (-np.expm1(np.log1p(-np.minimum(wrong, 1 - 1e-9)).sum(axis=1))).astype(np.float32)
        labelled = np.asarray(read.known.any(axis=1))
        suspicion[~labelled] = 0
        meta: dict[str, Any] = {
            "scale": "probability",
            "parts": ["residual", *(["contrast"] if share is not None else [])],
            "mixture": told,
        }
        meta |= overall(suspicion, labelled, self.level)
        details = {
            "suggested_value": read.suggested(),
            "prediction": read.predictions,
            "residual": read.values,
            "scale": read.scale,
            "low": read.predictions - spread[0],
            "high": read.predictions + spread[1],
        }
        return Score(
            suspicion=suspicion,
            suggested=read.shaped(read.suggested()),
            flagged=best_expected_f1(suspicion),
            details={name: read.shaped(value).copy() for name, value in details.items()},
            meta=meta,
        )


@dataclass(frozen=True)
class _Trial:
    """Residuals with planted errors, which rows have one, and what the other method found of each."""

    read: Residuals
    planted: BoolArray
    share: FloatArray


def _of_rows(evidence: Evidence, name: str, n: int) -> FloatArray | None:
    if name not in evidence:
        return None
    values = np.asarray(evidence[name], dtype=np.float64)
    if values.shape != (n,):
        raise InvalidInputError.wrong_length(name, len(values), n)
    return values


def _read_trial(evidence: Evidence, n: int) -> _Trial | None:
    targets, share = _of_rows(evidence, "trial_targets", n), _of_rows(evidence, "trial_share", n)
    if targets is None or share is None or np.ndim(evidence["given_labels"]) != 1:
        return None
    read = read_residuals(evidence.including(given_labels=targets), TargetEnsemble.__name__)
    changed = targets != np.asarray(evidence["given_labels"], dtype=np.float64)
    return _Trial(read, changed & ~np.isnan(targets), share)


def _trust(trial: _Trial | None, column: int, posterior: FloatArray) -> float:
    """Return what the trial says, on rows of which nothing was suspected before anything was planted."""
    if trial is None:
        return USUAL_TRUST
    took_part = ~np.isnan(trial.share)
    clean = took_part & (posterior < _CLEAN)
    if clean.sum() < _FEWEST:
        return USUAL_TRUST
    seen = np.zeros(len(posterior))
    seen[trial.read.known[:, column]] = _mixture(trial.read, column).posterior
    return trust_by_trial(seen[clean], trial.share[clean], trial.planted[clean])


def _mixture(read: Residuals, column: int) -> Mixture:
    known = read.known[:, column]
    density = density_of_wrong(read.targets[known, column])
    return fit_mixture(read.values[known, column], read.scale[known, column], density)


def _posterior(
    read: Residuals, column: int, share: FloatArray | None, trial: _Trial | None
) -> tuple[FloatArray, dict[str, float]]:
    """Probability that each target of a column is wrong, and the mixture that says so."""
    known = read.known[:, column]
    residuals, scales = read.values[known, column], read.scale[known, column]
    targets = read.targets[known, column]
    wrong = np.zeros(len(known))
    facts = {"share": 0.0, "below": 1.0, "above": 1.0, "freedom": np.inf}
    span = float(np.ptp(targets)) if len(targets) else 0.0
    if span > 0 and len(targets) >= _FEWEST:
        fitted = _mixture(read, column)
        posterior = fitted.posterior
        wrong[known] = posterior
        facts = {
            "share": fitted.share,
            "below": fitted.below,
            "above": fitted.above,
            "freedom": fitted.freedom,
        }
        if share is not None:
            facts["trust"] = _trust(trial, column, wrong)
            wrong[known] = second_opinion(posterior, share[known], trust=facts["trust"])
    elif span > 0:
        # An order is all that few rows give: at the usual cut of outliers it is even.
        ratio = np.abs(residuals) / scales
        wrong[known] = ratio**2 / (ratio**2 + _FAR**2)
    return wrong, facts

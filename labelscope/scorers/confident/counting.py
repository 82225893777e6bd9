"""The passes of confident counting: margins, thresholds, guesses, the joint and the number of errors."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from labelscope.scorers.blockwise import Shape, Step, Stepped
from labelscope.scorers.confident import guessing
from labelscope.scorers.confident.joint import Rule, calibrate, confident_joint, count_errors, thresholds
from labelscope.scorers.confident.margins import chunks
from labelscope.scorers.confident.noise import class_health, noise, overlapping_classes
from labelscope.scorers.confident.result import Summary, summary_plan
from labelscope.scorers.confident.selection import Counted
from labelscope.types import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class Counts:
    """What confident counting found.

    Attributes
    ----------
    summary : Summary
        Margins of every row.
    limits : (K,) float
        Confident thresholds, infinite for absent classes.
    guess : (n,) int64
        Confident guesses; -1 where no class is confident.
    joint : (K, K) int
        Confident joint as counted.
    n_given : (K,) int
        Rows by given label.
    calibrated : (K, K) int
        Calibrated joint; the supplied one, calibrated, where there is one.
    n_off_diagonal : int
        Rows off the joint's diagonal that the model does not agree with.
    made : dict
        Noise matrices by formula of the prior, made on first use.
    """

    summary: Summary
    limits: FloatArray
    guess: IntArray
    joint: IntArray
    n_given: IntArray
    calibrated: IntArray
    n_off_diagonal: int
    made: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False)

    def n_errors(self, estimate: str) -> int:
        """Return the number of wrong labels by one of `ESTIMATES`."""
        used = self.calibrated
        if estimate == "off_diagonal_calibrated":
            used = calibrate(self.joint, self.n_given)
        return count_errors(
            estimate,
            n_off_diagonal=self.n_off_diagonal,
            calibrated=used,
            n_labelled=int(self.n_given.sum()),
        )

    def counted(self, n_errors: int) -> Counted:
        """Return what selection rules need."""
        return Counted(
            self.summary.codes,
            self.summary.rows,
            self.summary.agrees,
            self.guess,
            self.n_given,
            self.calibrated,
            n_errors,
        )

    @cached_property
    def best(self) -> IntArray:
        """(n,) confident guesses, the most probable class where there is none."""
        return np.where(self.guess >= 0, self.guess, self.summary.predicted)

    @cached_property
    def best_is_given(self) -> BoolArray:
        """(n,) bool, rows whose best class is the given one."""
        return np.asarray(self.best == self.summary.codes)

    @cached_property
    def _shared(self) -> dict[str, Any]:
        return {
            "thresholds": [float(t) if np.isfinite(t) else None for t in self.limits],
            "confident_joint": self.joint,
            "joint": self.calibrated,
            "class_health": class_health(self.calibrated),
            "pairs": overlapping_classes(self.calibrated, top=20),
        }

    def facts(self, prior: str) -> dict[str, Any]:
        """Return what a score's ``meta`` says of thresholds, joints, noise and classes."""
        if prior not in self.made:
            found = noise(self.calibrated, prior=prior)
            self.made[prior] = {
                "noise_matrix": found.matrix,
                "inverse_noise_matrix": found.inverse,
                "prior": found.prior,
            }
        return {**self._shared, **self.made[prior]}


def counts_plan(
    summary: Summary, *, rule: Rule = "paper", supplied: FloatArray | None = None
) -> Generator[Step, Stepped, Counts]:
    """Count, once margins are known.

    Parameters
    ----------
    summary : Summary
        Margins of every row.
    rule : {"paper", "library"}
        Which class wins when several are confident.
    supplied : (K, K) float, optional
        A joint to calibrate in place of the counted one.

    Returns
    -------
    Counts
    """
    codes, rows, n_classes = summary.codes, summary.rows, summary.n_classes
    limits = thresholds(codes, rows.given, n_classes)
    guess, unsettled = guessing.settled(codes, rows, limits)
    if len(unsettled):
        made = yield guessing.step_of(unsettled, limits, rule, summary.off)
        guess[unsettled] = made.reduced
    n_given, n_off = np.zeros(n_classes, dtype=np.int64), 0
    for part in chunks(len(codes)):
        own, there = codes[part], guess[part]
        n_given += np.bincount(own[own >= 0], minlength=n_classes)
        n_off += int(((own >= 0) & (there >= 0) & (there != own) & ~summary.agrees[part]).sum())
    joint = confident_joint(codes, guess, n_classes)
    calibrated = calibrate(joint if supplied is None else supplied, n_given)
    return Counts(summary, limits, guess, joint, n_given, calibrated, n_off)


def whole_plan(
    shape: Shape, *, entropy: bool = False, rule: Rule = "paper", supplied: FloatArray | None = None
) -> Generator[Step, Stepped, Counts]:
    """Take the margins and count."""
    summary = yield from summary_plan(shape, entropy=entropy)
    return (yield from counts_plan(summary, rule=rule, supplied=supplied))

"""Judges: what an ensemble of them suspects, and what could be done about it."""

from __future__ import annotations

from labelscope.scorers.judges.calibration import ConfidenceCalibration, calibrate_confidence
from labelscope.scorers.judges.judge_ensemble import JudgeEnsemble
from labelscope.scorers.judges.policies import Proposals, propose

__all__ = ["ConfidenceCalibration", "JudgeEnsemble", "Proposals", "calibrate_confidence", "propose"]

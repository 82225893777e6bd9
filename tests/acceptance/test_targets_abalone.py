"""Ages of abalone that were replaced by random ones are found, and calibrated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

import labelscope as ls

pytestmark = pytest.mark.acceptance
SEEDS = range(20, 25)
SHARE = 0.05


def planted(folder: Path, seed: int) -> tuple[Any, Any, Any]:
    """Return the frame with wrong rings, which rows are wrong, and the true rings."""
    frame = pd.read_parquet(folder / "abalone.parquet")
    true = frame["Rings"].to_numpy(dtype=float)
    rng = np.random.default_rng(seed)
    wrong = rng.random(len(true)) < SHARE
    given = true.copy()
    given[wrong] = rng.uniform(true.min(), true.max(), wrong.sum())
    return frame.assign(Rings=given), wrong, true


def test_replaced_targets_are_found(shared_data: Path) -> None:
    found: dict[str, list[float]] = {"default mix": [], "residual": [], "scaled residual": []}
    shares, errors = [], []
    for seed in SEEDS:
        frame, wrong, true = planted(shared_data, seed)
        audit = ls.audit(frame, "Rings", task="regression", random_state=seed)
        plain = np.abs(audit.evidence["predictions"] - frame["Rings"].to_numpy())
        found["default mix"].append(roc_auc_score(wrong, audit.suspicion))
        found["residual"].append(roc_auc_score(wrong, plain))
        found["scaled residual"].append(roc_auc_score(wrong, audit.scores["residual_outlier"].suspicion))
        shares.append((audit.noise_rate.value, audit.noise_rate.low, audit.noise_rate.high, wrong.mean()))
        flagged = audit.flagged & wrong
        suggested = np.asarray(audit.suggested, dtype=float)
        errors.append(
            np.abs(suggested - true)[flagged].mean()
            / np.abs(frame["Rings"].to_numpy() - true)[flagged].mean()
        )
    auroc = {name: round(float(np.mean(values)), 4) for name, values in found.items()}
    assert auroc["default mix"] >= 0.91, auroc
    assert auroc["default mix"] >= max(auroc["residual"], auroc["scaled residual"]), auroc
    assert all(low <= truth <= high for _, low, high, truth in shares)
    assert np.mean(errors) < 0.3  # the suggestion is far nearer to the truth than what was given

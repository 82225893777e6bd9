"""Methods for noise that hides: no row's label is learned from its copies or from the rest of its group."""

from __future__ import annotations

import numpy as np
import pytest

from labelscope.errors import LabelscopeWarning
from labelscope.scorers import DynamicLossGate, ImbalanceAware, LocalGlobal, RepresentationCalibration
from labelscope.types import Evidence

N_PAIRS = 150


def pairs(kind):
    """Rows that come in pairs almost alike, with labels that say nothing but that the two share one."""
    rng = np.random.default_rng(4)
    one, label = rng.normal(size=(N_PAIRS, 80)), rng.integers(0, 2, N_PAIRS)
    X = np.concatenate([one, one + 0.01 * rng.normal(size=one.shape)]).astype(np.float32)
    more = {} if kind is None else {kind: np.tile(np.arange(N_PAIRS), 2)}
    sites = np.tile(np.arange(N_PAIRS) % 2, 2)
    codes = np.tile(label, 2)
    return Evidence(given_labels=codes, classes=np.arange(2), features=X, sites=sites, **more), codes


def calibrated(evidence):
    score = RepresentationCalibration(classify=True, n_components=80).score(evidence)
    return score.details["pred_probs"].argmax(axis=1)


def suggested(scorer):
    return lambda evidence: np.asarray(scorer.score(evidence).suggested)


def likelier(evidence):
    score = DynamicLossGate(n_rounds=1).score(evidence)
    codes = np.asarray(evidence["given_labels"])
    return np.where(score.details["statistic"][:, 0] > 0, 1 - codes, codes)


METHODS = {
    "imbalance_aware": suggested(ImbalanceAware(representation="given", penalty=1.0)),
    "representation_calibration": calibrated,
    "local_global": suggested(LocalGlobal()),
    "dynamic_loss_gate": likelier,
}


@pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")
@pytest.mark.parametrize("kind", ["groups", "duplicates"])
@pytest.mark.parametrize("method", METHODS)
def test_labels_without_meaning_are_not_foretold(method, kind):
    evidence, codes = pairs(kind)
    told = (METHODS[method](evidence) == codes).mean()
    assert 0.3 < told < 0.65
    bare, _ = pairs(None)
    assert (METHODS[method](bare) == codes).mean() > told + 0.1  # pairs torn apart do tell


@pytest.mark.parametrize("method", ["imbalance_aware", "representation_calibration", "local_global"])
def test_one_group_is_told_and_ignored(method):
    bare, _ = pairs(None)
    with pytest.warns(LabelscopeWarning, match="in one group"):
        said = METHODS[method](bare.including(groups=np.zeros(2 * N_PAIRS, dtype=int)))
    assert (said == METHODS[method](bare)).all()

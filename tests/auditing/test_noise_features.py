"""Features that tell nothing: what is flagged shrinks to what evidence supports, and no further."""

from __future__ import annotations

import numpy as np
import pytest

import labelscope as ls
from labelscope.scorers.multilabel.tag_joint import tag_joint
from labelscope.scorers.multilabel.tag_support import expected_errors

pytestmark = pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")


def entries(audit: ls.Audit) -> np.ndarray:
    details = audit.main.details
    if "attribute_suspicion" in details:
        return np.asarray(details["attribute_suspicion"])
    return np.maximum(details["missing"], details["spurious"])


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("share", [0.25, 0.5])
@pytest.mark.parametrize("task", ["tags", "attributes"])
def test_features_of_noise_flag_next_to_nothing(task: str, share: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 500
    features, given = rng.normal(size=(n, 12)), (rng.random((n, 6)) < share).astype(float)
    if task == "tags":
        audit = ls.audit(ls.Dataset(features, given, task="multilabel"))
    else:
        audit = ls.audit(ls.Dataset(features, rng.integers(0, 3, n), concepts=given))
    suspicion = entries(audit)
    assert suspicion.mean() == pytest.approx(2 * 0.05 * share, rel=0.3)  # as many missing as spurious
    assert max(suspicion[given == value].mean() for value in (0, 1)) < 0.1
    assert audit.flagged.mean() <= 0.02


@pytest.mark.parametrize("noise", [0.05, 0.2])
def test_where_features_tell_the_tags_planted_errors_are_flagged_as_before(noise: float) -> None:
    rng = np.random.default_rng(3)
    n, weights = 800, rng.normal(size=(12, 6))
    features = rng.normal(size=(n, 12))
    level = features @ weights
    true = (level > np.quantile(level, 0.75, axis=0)).astype(float)
    turned = rng.random(true.shape) < noise * np.where(true == 1, 1, 1 / 3)
    audit = ls.audit(ls.Dataset(features, np.where(turned, 1 - true, true), task="multilabel"))
    flagged = np.asarray(audit.main.details["flagged_tags"])
    hit = (flagged & turned).sum()
    assert 2 * hit / (flagged.sum() + turned.sum()) > 0.7
    assert entries(audit).mean() == pytest.approx(turned.mean(), rel=0.35)


def test_the_joint_is_believed_as_far_as_present_and_absent_rows_are_told_apart() -> None:
    rng = np.random.default_rng(0)
    tags = (rng.random((2000, 1)) < 0.3).astype(np.int8)
    n_present = int(tags.sum())
    found = []
    for apart in (0.0, 0.3, 1.0, 3.0):
        wrong = np.where(tags == 1, rng.random(tags.shape) < 0.3, rng.random(tags.shape) < 0.1)
        level = rng.normal(size=tags.shape) + apart * np.where(tags ^ wrong, 1, -1)
        probs = 1 / (1 + np.exp(-level))
        joint, (missing, spurious) = tag_joint(tags, probs), expected_errors(tags, probs)
        assert missing[0] <= max(joint.missing[0], 0) and spurious[0] <= max(joint.spurious[0], 0)
        found.append((missing[0], spurious[0]))
    assert found[0] == pytest.approx((0.05 * n_present,) * 2)  # the usual rate
    assert found[-1] == pytest.approx((joint.missing[0], joint.spurious[0]), rel=0.1)
    few = expected_errors(np.array([[1], [0]], dtype=np.int8), np.array([[0.9], [0.1]]))
    assert all(np.isfinite(one).all() for one in few)
    none = expected_errors(np.array([[1], [-1]], dtype=np.int8), np.array([[0.9], [0.1]]))
    assert none[0].tolist() == none[1].tolist() == [0.0]

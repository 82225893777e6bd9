"""Audits of tags, targets and attributes: the whole way from the user's container and back."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score

import labelscope as ls
from labelscope.errors import InvalidInputError, InvalidTypeError, LabelscopeWarning, TaskError

NAMES = ("anger", "joy", "love", "pride")
pytestmark = pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")


def tagged(n: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    true = rng.random((n, 4)) < 0.3
    true[np.arange(n), rng.integers(0, 4, n)] = True
    features = (true @ rng.normal(size=(4, 8)) * 2 + rng.normal(size=(n, 8))).astype(np.float32)
    hidden = true & (rng.random((n, 4)) < 0.1)
    return features, (true & ~hidden).astype(np.int64), hidden


def sets_of(matrix: np.ndarray) -> list[set[str]]:
    return [{NAMES[j] for j in np.flatnonzero(row)} for row in matrix]


@pytest.fixture(scope="module")
def tags() -> tuple[ls.Audit, np.ndarray, np.ndarray]:
    features, given, hidden = tagged()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        return ls.audit(features, sets_of(given)), given, hidden


@pytest.fixture(scope="module")
def targets() -> tuple[ls.Audit, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    features = rng.normal(size=(500, 5)).astype(np.float32)
    given = np.round(20 + 5 * features[:, 0] + 2 * features[:, 1] + rng.normal(0, 0.7, 500), 1)
    wrong = rng.random(500) < 0.06
    given[wrong] = np.round(rng.uniform(given.min(), given.max(), wrong.sum()), 1)
    return ls.audit(features, given), given, wrong


@pytest.fixture(scope="module")
def concepts() -> tuple[ls.Audit, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    codes = rng.integers(0, 4, 500)
    marks = (rng.random((4, 5)) < 0.5)[codes] ^ (rng.random((500, 5)) < 0.05)
    features = ((marks - 0.5) @ rng.normal(size=(5, 8)) * 3 + rng.normal(size=(500, 8))).astype(np.float32)
    turned = rng.random((500, 5)) < 0.04
    frame = pd.DataFrame((marks ^ turned).astype(float), columns=[f"mark {j}" for j in range(5)])
    labels = np.array(["ant", "bee", "cat", "dog"])[codes]
    return ls.audit(features, labels, evidence={"concepts": frame}), codes, turned


def test_an_audit_of_tags(tags: Any) -> None:
    audit, given, hidden = tags
    assert audit.task == "multilabel" and audit.has_probability
    assert list(audit.scores)[:2] == ["auto", "confident_tags"] and "positive_unlabeled" in audit.scores
    assert roc_auc_score(hidden.any(axis=1), audit.suspicion) > 0.85
    assert audit.evidence["given_labels"].shape == given.shape
    assert audit.joint.shape == (4, 2, 2) and audit.joint.sum() == pytest.approx(given.size, rel=1e-3)
    assert audit.noise_rate.low <= hidden.any(axis=1).mean() <= audit.noise_rate.high
    assert "AUROC of tags" in audit.summary and "expected to be missing" in audit.summary
    assert audit.map.shape == (400, 2)


def test_suggested_sets_come_in_the_form_given(tags: Any) -> None:
    audit, given, _ = tags
    suggested = audit.suggested
    assert isinstance(suggested, list) and all(isinstance(one, set) for one in suggested)
    wanted = np.asarray(audit.main.suggested)
    assert suggested == sets_of(wanted)
    # Codes name the same sets, new ones included.
    texts = audit.classes[audit.suggested_codes]
    assert texts.tolist() == ["|".join(sorted(one)) for one in suggested]
    assert audit.dataset.labels.rebuild(audit.given_codes) == sets_of(given)


def test_matrices_come_back_as_matrices() -> None:
    features, given, _ = tagged()
    for container in (given.astype(bool), pd.DataFrame(given, columns=NAMES)):
        audit = ls.audit(features, container, task="multilabel")
        assert type(audit.suggested) is type(container)
        assert np.asarray(audit.suggested).dtype == np.asarray(container).dtype
    unknown = given.astype(float)
    unknown[::4, 1] = np.nan
    audit = ls.audit(features, unknown, task="multilabel")
    assert audit.main.details["missing"][::4, 1].max() == 0
    again = np.asarray(audit.suggested)
    assert (np.isnan(again[::4, 1]) | (again[::4, 1] == 1)).all()


def test_issues_name_the_tags(tags: Any) -> None:
    audit, _, _ = tags
    frame = audit.issues()
    assert list(frame.columns) == [
        "row",
        "id",
        "given",
        "suggested",
        "missing",
        "extra",
        "suspicion",
        "reasons",
    ]
    assert len(frame) == audit.flagged.sum() > 0
    for line in frame.itertuples():
        before = set(line.given.split("|")) - {""}
        after = before | set(line.missing.split(", ")) - {""}
        assert after - set(line.extra.split(", ")) == set(line.suggested.split("|")) - {""}
        assert line.missing or line.extra
    top = frame.iloc[0]
    assert f'"{(top.missing or top.extra).split(", ")[0]}" is probably' in top.reasons
    row = int(top.row)
    assert audit.candidates(row)[0] == (audit.suggested_codes[row], pytest.approx(audit.suspicion[row]))


def test_tag_probabilities_of_the_user() -> None:
    features, given, hidden = tagged()
    probs = np.clip((given + hidden) * 0.8 + 0.1, 0, 1)
    audit = ls.audit(features, given, task="multilabel", pred_probs=probs)
    assert (audit.evidence["pred_probs"] == probs.astype(np.float32)).all()
    assert roc_auc_score(hidden.any(axis=1), audit.suspicion) > 0.9
    several = ls.audit(features, given, task="multilabel", pred_probs=[probs, probs])
    assert np.asarray(several.evidence["pred_probs"]) == pytest.approx(probs, abs=1e-6)
    with pytest.raises(InvalidInputError, match="3 columns"):
        ls.audit(features, given, task="multilabel", pred_probs=probs[:, :3])


def test_estimators_of_the_user() -> None:
    features, given, _ = tagged(200)
    model = RandomForestClassifier(n_estimators=20, random_state=0)
    audit = ls.audit(features, given, task="multilabel", model=model)
    assert audit.facts["probe"] == "RandomForestClassifier"
    numbers = features[:, 0] * 3.5
    assert ls.audit(features, numbers, model=Ridge()).facts["predictor"] == "Ridge"
    with pytest.raises(InvalidTypeError, match="no probabilities of classes"):
        ls.audit(features, given, task="multilabel", model=Ridge())


def test_an_audit_of_targets(targets: Any) -> None:
    audit, _, wrong = targets
    assert audit.task == "regression"
    assert {"auto", "residual_outlier", "contrastive_regression"} <= set(audit.scores)
    assert roc_auc_score(wrong, audit.suspicion) > 0.9
    assert audit.suggested.dtype == np.float64
    assert (audit.suggested == np.round(audit.suggested, 1)).all()  # as many digits as were given
    assert np.abs(audit.suggested - np.asarray(audit.evidence["predictions"])).max() <= 0.051
    assert audit.noise_rate.low <= wrong.mean() <= audit.noise_rate.high
    frame = audit.issues(top=3)
    assert list(frame.columns[4:6]) == ["low", "high"]
    assert frame["reasons"].str.startswith("Given ").all()
    assert ((frame["low"] < frame["suggested"] + 0.1) & (frame["suggested"] < frame["high"] + 0.1)).all()
    with pytest.raises(TaskError, match="no joint"):
        _ = audit.joint
    assert "mean error of predictions" in audit.summary


def test_predictions_of_the_user_settle_the_task() -> None:
    rng = np.random.default_rng(0)
    predictions = rng.uniform(0, 50, 300)
    given = np.round(predictions + rng.normal(0, 1, 300)).astype(int)
    given[7] += 25
    features = rng.normal(size=(300, 3))
    audit = ls.audit(features, given, evidence={"predictions": predictions})
    assert audit.task == "regression" and audit.order()[0] == 7
    assert (audit.suggested == np.round(predictions)).all()
    with pytest.raises(InvalidInputError, match="predictions"):
        ls.audit(features, given, task="regression", evidence={"predictions": predictions[:5]})
    with pytest.raises(InvalidInputError, match="targets of a regression"):
        ls.audit(features, given.astype(float) + 0.5, task="regression", pred_probs=np.ones((300, 1)))


def test_an_audit_of_a_class_with_attributes(concepts: Any) -> None:
    audit, _, turned = concepts
    assert audit.task == "concepts" and next(iter(audit.scores)) == "auto"
    wrong = audit.main.details["attribute_suspicion"]
    assert roc_auc_score(turned.ravel(), wrong.ravel()) > 0.9
    assert audit.evidence["concept_probs"].shape == turned.shape
    assert set(np.unique(audit.suggested)) <= {"ant", "bee", "cat", "dog"}
    frame = audit.issues()
    assert {"missing", "extra"} <= set(frame.columns)
    named = frame[(frame["missing"] != "") | (frame["extra"] != "")]
    assert len(named) and named["missing"].str.contains("mark").any()
    assert "AUROC of attributes" in audit.summary and audit.joint.shape == (4, 4)


def test_the_same_data_gives_the_same_audit(tags: Any) -> None:
    audit, given, _ = tags
    features = tagged()[0]
    again = ls.audit(features, sets_of(given))
    assert (again.suspicion == audit.suspicion).all() and (
        again.suggested_codes == audit.suggested_codes
    ).all()


def test_sessions_start_from_such_audits(tags: Any, targets: Any, concepts: Any) -> None:
    for audit, *_ in (tags, targets, concepts):
        session = ls.Session(audit, journal=None)
        row = int(audit.order()[0])
        session.accept([row])
        found = session.labels()
        assert len(found) == audit.n
        if audit.task != "concepts":
            assert found[row] == audit.suggested[row]


def test_reports_fit_the_task(tags: Any, targets: Any, concepts: Any) -> None:
    headings = [[one.heading for one in ls.report(audit).sections] for audit, *_ in (tags, targets, concepts)]
    assert "Tags" in headings[0] and "Class health" not in headings[0] + headings[1]
    assert {"Class health", "Attributes"} <= set(headings[2])


def test_scorers_of_another_task_are_refused(tags: Any) -> None:
    features, given, _ = tagged(60)
    with pytest.raises(
        TaskError, match="SelfConfidence scores classification, but these labels are multilabel"
    ):
        ls.audit(features, given, task="multilabel", scorers="self_confidence")
    with pytest.raises(InvalidInputError, match="tag_negative"):
        ls.audit(features, given, task="multilabel", evidence={"tag_negative": given})
    with pytest.raises(InvalidInputError, match="bool"):
        ls.audit(features, given, task="multilabel", evidence={"tag_negatives": given})
    audit = ls.audit(features, given, task="multilabel", scorers=["confident_tags", "positive_unlabeled"])
    assert list(audit.scores) == ["mean rank", "confident_tags", "positive_unlabeled"]
    assert not audit.has_probability and "missing" in audit.main.details


@pytest.mark.parametrize(
    ("labels", "task"),
    [
        ([set()] * 30, None),
        ([{"a"}] * 30, None),
        ([None] * 29 + [{"a"}], None),
        (np.full((30, 2), np.nan), "multilabel"),
        (np.full(30, 2.5), None),
        (np.full(30, np.nan), "regression"),
        ([1.5, None] * 15, None),
    ],
    ids=["no tags", "one tag everywhere", "one row", "all unknown", "constant", "no target", "one target"],
)
def test_little_to_say_is_said_and_nothing_is_lost(labels: Any, task: str | None) -> None:
    features = np.random.default_rng(0).normal(size=(30, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        audit = ls.audit(features, labels, task=task)
    assert audit.notices
    assert audit.suspicion.shape == (30,) and (audit.suspicion == 0).all() and not audit.flagged.any()
    assert len(audit.issues(top=2)) == 2 and audit.reasons(0)
    session = ls.Session(audit, journal=None)
    assert len(session.labels()) == 30


def test_odd_columns_of_tags_and_attributes() -> None:
    features, given, _ = tagged(200)
    odd = np.column_stack([given, np.zeros(200), np.full(200, np.nan), np.ones(200)])
    audit = ls.audit(features, odd, task="multilabel")
    codes = {notice.code for notice in audit.notices}
    assert {"tag_never_used", "tag_unknown", "tag_in_every_row"} <= codes
    assert np.asarray(audit.suggested).shape == odd.shape
    single = ls.audit(features, given[:, 0], evidence={"concepts": odd[:, 1:]})
    assert {"attribute_with_one_value", "attribute_unknown"} <= {notice.code for notice in single.notices}
    assert single.main.details["attribute_suspicion"].shape == (200, 6)


def test_classification_goes_its_old_way() -> None:
    features, given, _ = tagged(120)
    audit = ls.audit(features, given[:, 0], model=LogisticRegression())
    assert audit.task == "classification" and audit.joint.shape == (2, 2)
    assert list(audit.issues(top=1).columns) == ["row", "id", "given", "suggested", "suspicion", "reasons"]

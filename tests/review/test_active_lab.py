"""ActiveLab as a queue."""

from __future__ import annotations

import numpy as np
import pytest

import labelscope as ls
from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.evidence.annotators import active_lab, read_answers
from labelscope.review.queues import ActiveLab, by_name
from labelscope.testing import check_policy
from labelscope.testing.sample import planted
from labelscope.types import Evidence


def test_it_keeps_the_contract() -> None:
    check_policy(ActiveLab())
    assert by_name("active_lab") == by_name("ActiveLab") == ActiveLab()


def test_lowest_scores_first_and_decided_rows_last() -> None:
    full, _wrong = planted(60)
    answers = np.array(full["annotator_labels"])
    answers[:4] = np.nan
    state = (np.arange(60) % 4 == 0).astype(np.uint8)
    evidence = Evidence(
        classes=np.arange(3), annotator_labels=answers, pred_probs=full["pred_probs"], state=state
    )
    ranking = ActiveLab().order(evidence)
    scores, facts = active_lab(read_answers(answers, width=3), full["pred_probs"])
    assert sorted(ranking.rows.tolist()) == list(range(60))
    assert (np.diff(state[ranking.rows].astype(int)) >= 0).all()
    for part in (0, 1):
        assert (np.diff(scores[ranking.rows[state[ranking.rows] == part]]) >= 0).all()
    np.testing.assert_allclose(ranking.weights, 1 - scores[ranking.rows])
    assert ranking.meta["n_left"] == 45 and ranking.meta["model_weight"] == facts["model_weight"]


def test_more_answers_that_agree_need_fewer() -> None:
    people = np.array([[0, np.nan, np.nan], [0, 0, np.nan], [0, 0, 0], [np.nan] * 3, [1, 1, 0], [1, 1, 1]])
    probs = np.array([[0.8, 0.2]] * 4 + [[0.2, 0.8]] * 2)
    scores, _facts = active_lab(read_answers(people), probs)
    assert scores[3] < scores[0] < scores[1] < scores[2]
    assert scores[4] < scores[5]


def test_given_labels_stand_in_for_people() -> None:
    full, _wrong = planted(60)
    given = np.array(full["given_labels"])
    given[:5] = -1
    evidence = Evidence(classes=np.arange(3), given_labels=given, pred_probs=full["pred_probs"])
    ranking = ActiveLab().order(evidence, 10)
    one = np.where(given < 0, np.nan, given)[:, None]
    scores = active_lab(read_answers(one, width=3), full["pred_probs"])[0]
    assert ranking.rows.tolist() == np.argsort(scores, kind="stable")[:10].tolist()


def test_a_session_takes_it_by_name() -> None:
    full, _wrong = planted(60)
    audit = ls.audit(np.asarray(full["features"]), np.asarray(full["given_labels"]))
    session = ls.Session(audit, journal=None)
    first = session.queue("active_lab", 5)
    session.keep(first[:1])
    assert len(first) == 5 and first[0] not in session.queue("active_lab", 30)


def test_missing_and_malformed_evidence() -> None:
    with pytest.raises(MissingEvidenceError, match="pred_probs"):
        ActiveLab().order(Evidence(given_labels=[0, 1]))
    with pytest.raises(MissingEvidenceError, match="annotator_labels"):
        ActiveLab().order(Evidence(pred_probs=np.ones((2, 2)) / 2))
    with pytest.raises(InvalidInputError):
        ActiveLab().order(Evidence(annotator_labels=np.zeros((3, 2)), pred_probs=np.ones((2, 2)) / 2))

"""Judges of a session: where they come from, how their answers are read, and that they are no people."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import labelscope as ls
from labelscope.review.blind import blind_sample
from labelscope.review.current_evidence import verified_rows
from labelscope.review.judges import give_judges, judges_missing, judges_of
from labelscope.review.looks import looks_of
from labelscope.review.progress import machine_rows
from labelscope.scorers import JudgeEnsemble
from labelscope.types import Evidence

CLASSES = ("cat", "dog", "eel")


def make_session(n=12, evidence=None, labels=None):
    given_labels = [CLASSES[row % 3] for row in range(n)] if labels is None else labels
    audit = ls.Audit.from_arrays(
        ls.Dataset(np.random.default_rng(0).random((n, 2)), given_labels),
        suspicion=np.linspace(1, 0, n),
        suggested_codes=np.zeros(n, int),
        evidence=evidence,
    )
    return ls.Session(audit, journal=None, reviewer="ada")


def test_without_judges_it_is_said_how_to_get_them():
    session = make_session()
    assert judges_of(session) is None
    assert "JudgeEnsemble" in judges_missing(session) and "view.give(judges=" in judges_missing(session)


def test_codes_of_the_evidence_are_judges():
    said = np.tile([[0, 0], [1, -1], [-1, -1]], (4, 1))
    session = make_session(evidence={"judgements": said})
    judges = judges_of(session)
    assert judges.votes.tolist() == said.tolist() and judges_missing(session) == ""
    assert judges.verdict[:3].tolist() == [0, 1, -1]
    assert judges.silence(2, 0) == "abstained" and judges.silence(0, 0) == ""
    assert judges.sureness(0, 0) is None, "a code does not say how sure it is"
    assert judges_of(session) is judges, "found once"


def test_evidence_that_cannot_be_read_is_no_crash():
    session = make_session(evidence={"judgements": np.full((12, 1), 7)})
    assert judges_of(session) is None
    assert "cannot be read" in judges_missing(session) and "3 classes" in judges_missing(session)
    assert "judge_verdict" not in ls.Session.rows.__doc__
    assert session.rows("row < 2").tolist() == [0, 1]


def test_labels_in_a_frame_are_read_as_people_write_them():
    frame = pd.DataFrame(
        {
            "gpt": [
                "Label: CAT.",
                "dog",
                None,
                "cta",
                "cat, dog",
                float("nan"),
                "",
                3,
                "eel",
                "-1",
                -1,
                "dog",
            ],
            "odd": [["cat"], {"a": 1}, b"x", True, 2.5, "unsure", "cat", "cat", "cat", "cat", "cat", "cat"],
        }
    )
    session = make_session()
    give_judges(session, frame)
    judges = judges_of(session)
    assert judges.names == ("gpt", "odd")
    assert judges.votes[:, 0].tolist() == [0, 1, -1, -1, -1, -1, -1, -1, 2, -1, -1, 1]
    assert judges.silence(3, 0) == "not a label: 'cta' (near 'cat')"
    assert [judges.silence(row, 0) for row in (2, 4, 5, 6, 10)] == [
        "abstained", "several labels", "abstained", "empty answer", "abstained",
    ]  # fmt: skip
    assert judges.votes[6:, 1].tolist() == [0] * 6
    assert judges.answers(session.audit.classes)[:4, 0].tolist() == ["cat", "dog", None, None]


def test_numbers_are_labels_where_labels_are_numbers():
    session = make_session(labels=[row % 3 for row in range(12)])
    give_judges(session, np.array([0, 1, 2, -1, 2.0, np.nan] * 2))
    assert judges_of(session).votes[:6, 0].tolist() == [0, 1, 2, -1, 2, -1]


def test_a_score_brings_its_own_order_of_classes():
    labels = np.array(["eel", "cat", "dog"] * 4)
    said = np.tile([[0, 2], [1, 1], [2, 2]], (4, 1))
    evidence = Evidence(
        given_labels=np.array([0, 1, 2] * 4), classes=np.array(["eel", "yak", "cat"]), judgements=said
    )
    score = JudgeEnsemble(models=["a", "b"]).score(evidence)
    session = make_session(labels=list(labels))
    give_judges(session, score)
    judges, place = judges_of(session), {name: k for k, name in enumerate(session.audit.classes.tolist())}
    assert judges.votes[0].tolist() == [place["eel"], place["cat"]]
    assert judges.votes[1].tolist() == [-1, -1], "yak is no class of this data"
    assert judges.names == ("a", "b")


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        (["cat"] * 5, "5 entries"),
        (np.zeros((12, 2, 2)), "shape"),
        (np.zeros((12, 0)), "shape"),
        (ls.types.Score(np.zeros(12, dtype=np.float32)), "without votes"),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(answers, says):
    session = make_session()
    give_judges(session, ["cat"] * 12)
    before = judges_of(session)
    with pytest.raises(ls.errors.InvalidInputError, match=says):
        give_judges(session, answers)
    assert judges_of(session) is before


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from([None, "cat", "dog", "eel", "yak"]), min_size=3, max_size=3),
        min_size=12,
        max_size=12,
    )
)
def test_verdict_and_disagreement_follow_from_the_answers(said):
    session = make_session()
    give_judges(session, said)
    judges = judges_of(session)
    for row, answers in enumerate(said):
        known = [CLASSES.index(one) for one in answers if one in CLASSES]
        pairs = [(a, b) for k, a in enumerate(known) for b in known[:k]]
        apart = judges.disagreement[row]
        assert (np.isnan(apart) and not pairs) or apart == pytest.approx(
            sum(a != b for a, b in pairs) / len(pairs)
        )
        if not known:
            assert judges.verdict[row] == -1 and judges.confidence[row] == 0
        else:
            most = max(known.count(code) for code in known)
            assert known.count(int(judges.verdict[row])) == most
            assert judges.confidence[row] == pytest.approx(most / len(known))


def test_what_judges_write_is_nobodys_look():
    session = make_session(120)
    session.relabel([0, 1, 2], "eel", source="judge")
    session.exclude([3], source="judge")
    session.relabel(4, "eel")
    assert np.flatnonzero(verified_rows(session.state)).tolist() == [4]
    assert np.flatnonzero(machine_rows(session.state)).tolist() == [0, 1, 2, 3]
    assert session.progress().by_machine == 4 and session.progress().reviewed == 1
    looks = looks_of(session.state)
    assert sorted(set(looks.row.tolist())) == [4] and looks.left_out["taken_over"] == 4
    assert session.ledger.sampler.looks == 1
    drawn = int(session.queue("random", n=1)[0])
    session.keep(drawn, source="judge")
    assert session.ledger.sampler.drawn == 0, "no look by chance either"
    assert not blind_sample(session).known.any()
    session.keep(0)
    assert 0 in np.flatnonzero(verified_rows(session.state)), "a person may look later"
    session.undo()
    assert 0 not in np.flatnonzero(verified_rows(session.state))

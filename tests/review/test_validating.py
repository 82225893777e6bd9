"""Votes of several people: outcomes, the order of the queue, blind ballots, corrected labels."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import labelscope as ls
from labelscope.errors import (
    InvalidInputError,
    InvalidTypeError,
    LabelscopeWarning,
    TaskError,
    WrongJournalError,
)
from labelscope.review.ballots import (
    OPEN,
    OPTIONS,
    OUTCOMES,
    UNSURE,
    answers_table,
    count_votes,
    outcomes_of,
    rater_table,
)
from labelscope.review.corrected import corrected_labels
from labelscope.review.validating import ValidationSession

PEOPLE = ("ada", "bob", "cy")


def slow_outcome(ballot, raters, agree):
    """The definition, vote by vote: who may still win if all that are missing go one way?"""
    tally = {option: ballot.count(option) for option in OPTIONS}
    needed = max(agree, len(ballot) // 2 + 1)
    for code, option in enumerate(OPTIONS):
        if tally[option] >= needed:
            return UNSURE if option == "unsure" else code
    missing = max(raters - len(ballot), 0)
    return OPEN if any(n + missing >= needed for n in tally.values()) else OUTCOMES.index("no_agreement")


@given(st.lists(st.lists(st.sampled_from(OPTIONS), max_size=7), min_size=1, max_size=8), st.integers(1, 5))
def test_outcomes_follow_their_definition(ballots, raters):
    counts = np.array([[ballot.count(option) for option in OPTIONS] for ballot in ballots])
    for agree in range(raters // 2 + 1, raters + 1):
        found = outcomes_of(counts, raters_per_item=raters, agree=agree)
        assert found.tolist() == [slow_outcome(ballot, raters, agree) for ballot in ballots]
    strict = outcomes_of(counts, raters_per_item=raters, policy="unanimous").tolist()
    for ballot, code in zip(ballots, strict, strict=True):
        if len(set(ballot)) > 1:
            assert OUTCOMES[code] == "no_agreement"
        elif len(ballot) < raters:
            assert code == OPEN
        else:
            assert code == (UNSURE if ballot[0] == "unsure" else OPTIONS.index(ballot[0]))


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"raters_per_item": 0}, "whole number"),
        ({"raters_per_item": True}, "whole number"),
        ({"raters_per_item": 5, "agree": 2}, "two options could both"),
        ({"raters_per_item": 5, "agree": 6}, "agree is 6"),
        ({"raters_per_item": 5, "policy": "majorty"}, "Did you mean 'majority'"),
    ],
)
def test_rules_that_cannot_decide_are_refused(options, match):
    with pytest.raises(InvalidInputError, match=match):
        outcomes_of(np.zeros((1, 5), dtype=int), **options)


def study_of(audit, *, journal=None, **options):
    return ValidationSession(ls.Session(audit, journal=journal, reviewer="ada"), **options)


def test_votes_are_events_that_change_no_label(audit):
    study = study_of(audit, raters_per_item=3)
    before = study.session.labels()
    for who, answer in zip(PEOPLE, ("suggested", "suggested", "given"), strict=True):
        (event,) = study.vote(0, answer, reviewer=who)
        assert event.kind == "voted" and event.reviewer == who and event.data["blind"] is True
    assert study.session.labels() == before and study.session.progress().reviewed == 0
    assert study.outcomes() == {0: "correctable"} and study.outcomes("unanimous") == {0: "no_agreement"}


def test_a_later_vote_replaces_the_earlier_one(audit):
    study = study_of(audit, raters_per_item=3)
    study.vote(0, "given", reviewer="ada")
    study.vote(0, "neither", reviewer="ada")
    (vote,) = study.votes()
    assert vote.option == "neither" and len(study.session.events) == 2


def test_the_queue_mixes_both_samples_and_leaves_out_what_stands(build):
    audit = build(n=60, suspicion=np.where(np.arange(60) < 20, 0.9, 0.01), suggested=np.arange(60) % 3)
    codes = audit.given_codes
    audit = ls.Audit.from_arrays(
        audit.dataset,
        suspicion=audit.suspicion,
        suggested_codes=np.where(np.arange(60) < 20, (codes + 1) % 3, codes),
    )
    study = study_of(audit, raters_per_item=3, n_checked=10, n_hidden=10)
    queue = study.queue()
    assert len(queue) == 20 and set(queue.tolist()) == {*study.checked.tolist(), *study.hidden.tolist()}
    assert set(study.checked.tolist()) <= set(range(20)) and study.hidden.min() >= 20
    for start in range(0, 20, 4):
        assert sum(row < 20 for row in queue[start : start + 4]) == 2
    first = int(queue[0])
    study.vote(first, "given", reviewer="ada")
    assert first not in study.queue("ada") and first in study.queue("bob")
    study.vote(first, "given", reviewer="bob")
    assert first not in study.queue("cy")
    more = study.hidden_error_sample(15)
    assert more[:10].tolist() == study.hidden[:10].tolist() and len(study.hidden) == 15
    again = study_of(audit, n_checked=10, n_hidden=10)
    assert again.checked.tolist() == study.checked.tolist()
    assert study_of(audit, n_checked=10, random_state=1).checked.tolist() != study.checked.tolist()


def test_a_study_of_unanimity_asks_everybody_until_two_differ(audit):
    study = study_of(audit, raters_per_item=3, policy="unanimous")
    alike, apart = study.queue()[:2].tolist()
    for who in PEOPLE[:2]:
        study.vote(alike, "suggested", reviewer=who)
    study.vote(apart, "suggested", reviewer=PEOPLE[0])
    study.vote(apart, "given", reviewer=PEOPLE[1])
    assert study.outcomes() == {alike: "open", apart: "no_agreement"}
    # By majority the first row would be settled, and its third vote never asked for.
    assert study.outcomes("majority") == {alike: "correctable", apart: "open"}
    left = study.queue(PEOPLE[2])
    assert alike in left and apart not in left
    study.vote(alike, "suggested", reviewer=PEOPLE[2])
    assert study.outcomes()[alike] == "correctable"
    assert study.corrected_labels().correctable[alike] and study.corrected_labels().unknown_rows[apart]
    facts = ls.reports.validation(study).facts
    assert facts["outcomes"]["correctable"] == facts["outcomes"]["no_agreement"] == 1
    with pytest.raises(InvalidInputError, match="policy"):
        study_of(audit, policy="unanimos")


def test_blind_ballots_hide_the_given_label(build):
    audit = build(n=90)
    study = study_of(audit, raters_per_item=3, n_hidden=80)
    firsts = {}
    for row in study.queue().tolist():
        for who in PEOPLE:
            ballot = study.ballot(row, who)
            given = audit.classes[audit.given_codes[row]]
            other = audit.classes[study.suggested_code(row)]
            assert set(ballot.labels) == {given, other} and given != other
            assert study.ballot(row, who).labels == ballot.labels
            firsts.setdefault(who, []).append(ballot.labels[0] == given)
            for label, rows in zip(ballot.labels, ballot.exemplars, strict=True):
                assert row not in rows and not audit.flagged[rows].any()
                assert (audit.given_codes[rows] == audit.classes.tolist().index(label)).all()
    for who in PEOPLE:
        assert 0.25 < np.mean(firsts[who]) < 0.75
    row = int(study.queue()[0])
    ballot = study.ballot(row, "ada")
    study.vote(row, "first", reviewer="ada")
    said = {vote.row: vote.option for vote in study.votes()}[row]
    assert (said == "given") == (ballot.labels[0] == audit.classes[audit.given_codes[row]])
    open_study = study_of(audit, blind=False)
    for row in range(3):
        assert open_study.ballot(row).labels[0] == audit.classes[audit.given_codes[row]]


def test_an_unflagged_row_is_held_against_the_likeliest_other_class(build):
    probs = np.full((12, 3), 0.1)
    probs[:, 0], probs[:, 2] = 0.2, 0.7
    audit = build(n=12, evidence={"pred_probs": probs})
    study = study_of(audit, n_hidden=9)
    assert study.suggested_code(5) == 0  # its own label is 2
    assert study.suggested_code(6) == 2
    assert study.suggested_code(0) == 1  # flagged: the audit's suggestion


def test_two_people_with_journals_of_their_own(audit, tmp_path):
    mine = study_of(audit, journal=tmp_path / "ada.jsonl", raters_per_item=2)
    yours = ValidationSession(
        ls.Session(audit, journal=tmp_path / "bob.jsonl", reviewer="bob"), raters_per_item=2
    )
    mine.vote([0, 1], ["suggested", "given"])
    yours.vote([0, 1], ["suggested", "both"])
    mine.session.merge(tmp_path / "bob.jsonl")
    mine.session.merge(tmp_path / "bob.jsonl")
    assert mine.outcomes() == {0: "correctable", 1: "no_agreement"}
    assert len(mine.votes()) == 4
    reopened = study_of(audit, journal=tmp_path / "ada.jsonl", raters_per_item=2)
    assert reopened.outcomes() == mine.outcomes()


def test_the_journal_of_another_dataset_is_refused(audit, build, tmp_path):
    other = study_of(build(["a", "b"] * 6), journal=tmp_path / "other.jsonl", raters_per_item=1)
    other.vote(0, "given")
    with pytest.raises(WrongJournalError):
        study_of(audit).session.merge(tmp_path / "other.jsonl")


def test_corrected_labels_by_policy_keep_the_votes(audit, tmp_path):
    study = study_of(audit, raters_per_item=3)
    answers = {0: ("suggested",) * 3, 1: ("suggested", "suggested", "given"), 2: ("both", "both", "given")}
    for row, said in answers.items():
        for who, answer in zip(PEOPLE, said, strict=True):
            study.vote(row, answer, reviewer=who)
    found = study.corrected_labels()
    given_labels = study.session.labels()
    assert found.corrected[:2].tolist() == audit.suggested_codes[:2].tolist() and found.corrected[2] == -1
    assert len(found.labels) == 11 and found.labels[:2] == list(audit.suggested[:2])
    assert found.benign.sum() == 9 and found.correctable.sum() == 2 and found.unknown_rows.sum() == 1
    kept = study.corrected_labels("unanimous", "keep")
    assert (
        len(kept.labels) == 12 and kept.labels[1:] == given_labels[1:] and kept.labels[0] != given_labels[0]
    )
    columns = kept.columns()
    assert columns["outcome"][:4] == ["correctable", "no_agreement", "no_agreement", None]
    assert columns["basis"][3] == "unreviewed" and columns["votes_suggested"][:3] == [3, 2, 0]
    said = json.loads(columns["votes"][1])
    assert [one["reviewer"] for one in said] == list(PEOPLE) and said[2]["option"] == "given"
    assert all(one["blind"] and one["at"].endswith("Z") for one in said)
    import pyarrow.csv
    import pyarrow.parquet as pq

    for name, read in (("fixed.parquet", pq.read_table), ("fixed.csv", pyarrow.csv.read_csv)):
        table = read(kept.save(tmp_path / name))
        assert table.column("corrected").to_pylist()[0] == kept.labels[0]
        assert json.loads(table.column("votes").to_pylist()[1]) == said
    with pytest.raises(InvalidInputError, match="parquet"):
        kept.save(tmp_path / "fixed.parqet")


def test_decisions_count_where_nobody_voted(audit):
    session = ls.Session(audit, journal=None, reviewer="ada")
    session.keep(0)
    session.relabel(1, "cat")
    session.exclude(4)
    session.relabel(5, "cat", source="teacher")
    found = corrected_labels(session)
    assert found.benign[0] and found.correctable[1]
    assert found.unknown_rows[[2, 4, 5]].all()  # flagged and open; out of scope; no person looked
    assert found.unknown_rows.sum() == 3
    study = ValidationSession(session, raters_per_item=1)
    study.vote(0, "neither")
    assert corrected_labels(session).unknown_rows[0]


def test_suggestions_accepted_in_one_go_are_nobodys_look(audit):
    """A leaderboard on such labels would rank models by how far they agree with the one that suggested."""
    session = ls.Session(audit, journal=None, reviewer="ada")
    flagged = np.flatnonzero(audit.flagged)
    session.accept(flagged)
    found = corrected_labels(session)
    assert found.unknown_rows[flagged].all() and not found.correctable.any()
    assert not session.evidence()["verified"].any()
    models = {"echo": audit.suggested, "given": session.audit.dataset.labels.original}
    report = ls.reports.benchmark_stability(models, session, n_bootstrap=0)
    assert report.facts["n_correctable"] == 0 and report.facts["n_unknown"] == len(flagged)
    one = int(flagged[0])
    session.undo()
    session.accept(one)
    assert corrected_labels(session).correctable[one] and session.evidence()["verified"][one]


def test_suggestions_that_differ_between_voters_are_unknown(audit):
    session = ls.Session(audit, journal=None, reviewer="ada")
    study = ValidationSession(session, raters_per_item=2)
    study.vote(0, "suggested")
    codes = audit.suggested_codes.copy()
    codes[0] = (codes[0] + 1) % 3
    other = ls.Audit.from_arrays(audit.dataset, suspicion=audit.suspicion, suggested_codes=codes)
    second = ValidationSession(ls.Session(other, journal=None, reviewer="bob"), raters_per_item=2)
    events = second.vote(0, "suggested")
    session.ledger.append(lambda: events)
    assert study.outcomes() == {0: "correctable"}
    with pytest.warns(LabelscopeWarning, match="different ones"):
        assert study.corrected_labels().unknown_rows[0]


def test_bad_votes_are_refused_or_reported(audit, build):
    study = study_of(audit)
    with pytest.raises(InvalidInputError, match="Did you mean 'suggested'"):
        study.vote(0, "sugested")
    with pytest.raises(InvalidInputError, match="answers has 1 entries"):
        study.vote([0, 1], ["given"])
    with pytest.raises(InvalidTypeError, match="reviewer"):
        study.vote(0, "given", reviewer=" ")
    assert not study.session.events
    with pytest.raises(InvalidTypeError, match="Session"):
        ValidationSession(audit)
    with pytest.raises(InvalidInputError, match="n_hidden"):
        study_of(build(n=12, suspicion=np.zeros(12), suggested=np.zeros(12, int)))
    with pytest.raises(InvalidInputError, match="n_checked"):
        study_of(audit, n_checked=-1)
    dataset = ls.Dataset(["x", "y"], [{"a"}, {"b"}], task="multilabel")
    tags = ls.Audit.from_arrays(dataset, suspicion=[0, 0.9], suggested_codes=[0, 0])
    with pytest.raises(TaskError, match="multilabel"):
        study_of(tags)
    from labelscope.review.events import Draft

    bad = {"study": "validation", "option": "perhaps"}
    study.session.ledger.record(lambda: [Draft("voted", [0], data=bad)], "api")
    with pytest.warns(LabelscopeWarning, match="cannot be read"):
        assert study.votes() == ()


def test_unlabelled_rows_have_nothing_to_vote_on(build):
    audit = build(["cat", None, "dog", "cat", "dog", "fox"], n=6)
    study = study_of(audit, n_hidden=6)
    assert 1 not in study.queue()
    with pytest.raises(InvalidInputError, match="no label to vote on"):
        study.vote(1, "given")


def test_people_side_by_side(audit):
    study = study_of(audit, raters_per_item=3)
    study.vote([0, 1, 2], ["given", "given", "given"], reviewer="bob")
    study.vote([0, 1], ["given", "both"], reviewer="ada", blind=False)
    ada, bob = rater_table(study.votes())
    assert (
        ada["with_others"] == 0.5 and ada["n_blind"] == 0 and bob["same_rate"] == 1.0 and bob["n_blind"] == 3
    )
    table, people = answers_table(study.votes())
    assert people == ("ada", "bob") and np.isnan(table[2, 0]) and table[1].tolist() == [2.0, 0.0]
    rows, counts = count_votes(study.votes())
    assert rows.tolist() == [0, 1, 2] and counts.sum() == 5

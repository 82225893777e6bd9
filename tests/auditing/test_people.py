"""Several people per row: their answers reach the audit, and their consensus becomes the labels."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_digits

import labelscope as ls
from labelscope.errors import InvalidInputError, LabelscopeWarning


@pytest.fixture(scope="module")
def crowd():
    """600 digits, five people of unequal skill of whom each answers 60 % of the rows."""
    X, y = load_digits(return_X_y=True)
    X, y = X[:600], y[:600]
    rng = np.random.default_rng(7)
    people = np.full((600, 5), np.nan)
    for person, skill in enumerate((0.95, 0.9, 0.85, 0.7, 0.5)):
        seen = rng.random(600) < 0.6
        wrong = rng.random(600) > skill
        people[seen, person] = np.where(wrong, rng.integers(0, 10, 600), y)[seen]
    people[0] = np.nan
    return X, y, people


def audited(*args, **named):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        return ls.audit(*args, **named)


def test_consensus_becomes_the_labels(crowd):
    X, y, people = crowd
    audit = audited(ls.Dataset(X, annotators=people))
    given = audit.given_codes
    assert given[0] == -1
    answered = given >= 0
    labels = audit.classes[given[answered]].astype(int)
    assert (labels == y[answered]).mean() > 0.85
    assert next(iter(audit.scores)) == "annotator_disagreement"
    assert audit.evidence["annotator_labels"].shape == (600, 5)
    assert any(notice.code == "labels_from_annotators" for notice in audit.notices)
    # The best person is told from the worst.
    quality = audit.evidence["annotator_quality"]
    assert quality[0] > quality[4]


def test_suggestions_repair_the_consensus(crowd):
    X, y, people = crowd
    audit = audited(X, people, task="annotators")
    answered = audit.given_codes >= 0
    before = (audit.classes[audit.given_codes[answered]].astype(int) == y[answered]).mean()
    suggested = np.asarray(audit.suggested)[answered].astype(int)
    assert (suggested == y[answered]).mean() > before


def test_labels_of_ones_own_are_audited_against_the_people(crowd):
    X, y, people = crowd
    noisy, wrong = ls.testing.symmetric(y, rate=0.1, random_state=3)
    audit = audited(ls.Dataset(X, noisy, annotators=people))
    assert (audit.classes[audit.given_codes] == noisy).all()
    from sklearn.metrics import average_precision_score

    assert average_precision_score(wrong, audit.suspicion) > 0.9


def test_review_of_a_consensus_ends_in_labels(crowd, tmp_path):
    X, _, people = crowd
    audit = audited(ls.Dataset(X, annotators=people))
    session = ls.Session(audit, journal=tmp_path / "j.jsonl")
    row = int(np.flatnonzero(audit.flagged)[0])
    session.accept(row)
    labels = session.labels()
    assert len(labels) == 600 and labels[row] == audit.suggested[row]


@pytest.mark.parametrize(
    ("people", "says"),
    [
        (np.full((150, 3), np.nan), "no answer"),
        (np.zeros((149, 3)), "149"),
    ],
)
def test_answers_that_do_not_fit_are_refused(people, says):
    X = np.random.default_rng(0).normal(size=(150, 4))
    with pytest.raises(InvalidInputError, match=says):
        audited(ls.Dataset(X, annotators=people))


def test_the_task_needs_a_matrix():
    with pytest.raises(InvalidInputError, match="one column per person"):
        ls.Dataset(np.zeros((3, 2)), None, task="annotators")

"""Spreading labels and finding rows of no class, from the first look to the last decision."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import labelscope as ls
from labelscope.errors import InvalidInputError, LabelscopeWarning, MissingEvidenceError
from labelscope.review.current_evidence import current_evidence, verified_rows
from labelscope.review.queues import Foreign, Spread, by_name
from labelscope.scorers import WeightAware
from labelscope.scorers.representation.spreading import absorption, spread
from labelscope.testing import check_policy
from labelscope.types import Evidence

NAMES = ("ant", "bee", "cat", "dog")


def drawn(n=240, seed=0, labelled=8, classes=3):
    """Four blobs of which ``classes`` have some labels; rows of the others belong to no class."""
    rng = np.random.default_rng(seed)
    true = np.arange(n) % 4
    X = (rng.normal(size=(n, 5)) + 4.5 * np.eye(4, 5)[true]).astype(np.float32)
    codes = np.where((np.arange(n) < 4 * labelled) & (true < classes), true, -1)
    return X, codes, true


def reviewed(X, codes, true=None):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        given = [None if code < 0 else NAMES[code] for code in codes]
        return ls.Session(ls.audit(X, given), journal=None)


@pytest.mark.parametrize("policy", [Spread(), Spread(gate=False), Foreign(), Foreign(unlabelled=True)])
def test_the_contract_of_queues(policy):
    check_policy(policy)
    assert by_name(policy.name).name == policy.name


def test_spread_absorbs_as_the_schedule_says():
    X, codes, _ = drawn(classes=4)
    ranking = Spread(alpha=0.2).order(Evidence(features=X, given_labels=codes, classes=np.arange(4)))
    n_free = int((codes < 0).sum())
    counts = np.bincount(ranking.meta["rounds"])[1:]
    assert counts.tolist() == [int(share * n_free) for share in absorption(5, 0.2)[:-1]]
    assert (np.diff(ranking.meta["rounds"]) >= 0).all() and (np.diff(counts) <= 0).all()
    slider = ranking.meta["round"]
    assert slider[ranking.rows].tolist() == ranking.meta["rounds"].tolist()
    assert not np.delete(slider, ranking.rows).any() and not slider[codes >= 0].any()
    same = spread(X, codes, 4, alpha=0.2, n_nearest=3)
    assert same.rows.tolist() == ranking.rows.tolist()
    assert same.labels.tolist() == ranking.meta["labels"].tolist()


def test_proposals_up_to_a_round():
    X, codes, true = drawn(classes=4)
    ranking = Spread().order(Evidence(features=X, given_labels=codes, classes=np.arange(4)))
    rows, labels = Spread.proposals(ranking, up_to=2, classes=np.array(NAMES))
    assert len(rows) == (ranking.meta["rounds"] <= 2).sum()
    assert np.mean([NAMES[true[row]] == label for row, label in zip(rows, labels, strict=True)]) > 0.95
    assert len(Spread.proposals(ranking)[0]) == len(ranking.rows)


def test_without_verified_rows_nothing_is_measured():
    X, codes, _ = drawn(classes=4)
    ranking = Spread().order(Evidence(features=X, given_labels=codes, classes=np.arange(4)))
    for error in ranking.meta["errors"]:
        assert not error["measured"] and error["invasion"] is None and error["pseudo_labeling"] is None
        assert error["n_checked"] == 0
    assert [error["round"] for error in ranking.meta["errors"]] == list(
        range(ranking.meta["rounds"].max() + 1)
    )
    absorbed = [error["n_absorbed"] for error in ranking.meta["errors"]]
    assert absorbed[0] == sum(absorbed[1:]) == len(ranking.rows)


def test_errors_per_round_are_counted_from_verified_rows():
    """Against a loop over the definition, with truth that one half of the verified rows was hidden from."""
    from labelscope.evidence.folds import matrix_keys

    X, codes, true = drawn(n=400, labelled=6)
    rng = np.random.default_rng(3)
    looked = rng.permutation(np.flatnonzero(codes < 0))[:120]
    current = codes.copy()
    current[looked] = np.where(true[looked] < 3, true[looked], -1)
    excluded = np.zeros(400, dtype=bool)
    excluded[looked] = true[looked] == 3
    verified = np.zeros(400, dtype=bool)
    verified[looked] = True
    evidence = Evidence(
        features=X, given_labels=current, first_labels=codes, verified=verified, excluded=excluded,
        classes=np.arange(3),
    )  # fmt: skip
    policy = Spread(alpha=0.3, gate=False, n_nearest=1)
    errors = policy.order(evidence).meta["errors"]
    seen: dict[int, list[tuple[bool, bool]]] = {}
    part = matrix_keys(X) % np.uint64(2)
    for which in range(2):
        hidden = verified & (part == which)
        rows = np.flatnonzero(~excluded | hidden)
        known = np.where(hidden, -1, current)[rows]
        found = spread(X[rows], known, 3, alpha=0.3, gate=False)
        for row, label, when in zip(rows[found.rows], found.labels, found.rounds, strict=True):
            if hidden[row]:
                seen.setdefault(int(when), []).append((true[row] == 3, label != true[row]))
    assert errors[0]["n_checked"] == sum(map(len, seen.values())) > 30
    for error in errors[1:]:
        here = seen.get(error["round"], [])
        native = [wrong for foreign, wrong in here if not foreign]
        assert error["n_checked"] == len(here)
        if here:
            assert error["invasion"].value == pytest.approx(np.mean([foreign for foreign, _ in here]))
            assert error["invasion"].low <= error["invasion"].value <= error["invasion"].high
            assert error["invasion"].measured
        if native:
            assert error["pseudo_labeling"].value == pytest.approx(np.mean(native))


def test_spreading_in_a_session_does_not_confirm_itself():
    X, codes, true = drawn(classes=4)
    session = reviewed(X, codes)
    ranking = Spread(alpha=0.2).order(current_evidence(session))
    session.relabel(*Spread.proposals(ranking, up_to=1, classes=session.audit.classes), source="propagated")
    absorbed = ranking.rows[ranking.meta["rounds"] == 1]
    assert not verified_rows(session.state)[absorbed].any()
    again = Spread(alpha=0.2).order(current_evidence(session))
    assert not again.meta["errors"][0]["measured"]
    assert again.meta["n_left"] == ranking.meta["n_left"] - len(absorbed)
    looked = np.flatnonzero(again.meta["round"] > 0)[:30]
    session.relabel(looked, [NAMES[true[row]] for row in looked])
    assert verified_rows(session.state)[looked].all()
    assert Spread(alpha=0.2).order(current_evidence(session)).meta["errors"][0]["n_checked"] > 0
    assert session.queue("spread").dtype == np.int64


def test_the_whole_way_of_a_new_class():
    """Foreign rows are found, made a class, refresh the scores, and stop being foreign."""
    X, codes, true = drawn()
    session = reviewed(X, codes)
    rows = session.queue(Foreign(unlabelled=True), 20)
    assert (true[rows] == 3).mean() >= 0.9
    before = WeightAware().score(current_evidence(session))
    session.relabel(rows[true[rows] == 3][:8], "dog", new_class=True)
    after = WeightAware().score(current_evidence(session))
    others = np.flatnonzero((true == 3) & (session.state.state == 0))
    assert after.details["foreign"][others].mean() < 0.6 * before.details["foreign"][others].mean()
    classes = list(current_evidence(session)["classes"])
    named = [classes[code] for code in after.details["pseudo_label"][others]]
    assert np.mean([name == "dog" for name in named]) > 0.95
    assert (true[session.queue("foreign", 20)] == 3).mean() < 0.9
    proposals = Spread().order(current_evidence(session))
    assert len(classes) - 1 in proposals.meta["labels"]
    session.undo()
    assert (WeightAware().score(current_evidence(session)).suspicion == before.suspicion).all()


def test_a_few_verified_rows_do_not_silence_the_other_classes():
    X, codes, true = drawn()
    session = reviewed(X, codes)
    session.keep(np.flatnonzero(codes == 0)[:3])
    assert (true[session.queue(Foreign(unlabelled=True), 20)] == 3).mean() >= 0.9


def test_rows_out_of_scope_leave_the_list_and_refresh_the_scores():
    X, codes, true = drawn()
    session = reviewed(X, codes)
    first = session.queue("foreign", 15)
    before = WeightAware().score(current_evidence(session)).details["foreign"]
    session.exclude(first[true[first] == 3])
    assert not set(first[true[first] == 3].tolist()) & set(session.queue("foreign").tolist())
    assert session.labels()[int(first[0])] is None
    # A labelled row that is called out of scope speaks for its class no more.
    labelled = np.flatnonzero(codes == 0)
    session.exclude(labelled[1:])
    after = WeightAware().score(current_evidence(session))
    like = np.flatnonzero((true == 0) & (codes < 0))
    assert after.details["foreign"][like].mean() > before[like].mean()
    assert not after.suspicion[labelled[1:]].any()


def test_unsure_rows_speak_for_no_class_and_are_not_spread_to():
    X, codes, _ = drawn(classes=4)
    session = reviewed(X, codes)
    free = np.flatnonzero(codes < 0)[:5]
    session.unsure(free)
    assert not np.isin(free, Spread(alpha=0.5).order(current_evidence(session)).rows).any()
    session.unsure(np.flatnonzero(codes == 0))
    ranking = Spread(alpha=0.5).order(current_evidence(session))
    assert 0 not in ranking.meta["labels"]


@pytest.mark.parametrize(
    ("codes", "why"),
    [
        (np.full(12, -1), "two or more"),
        (np.where(np.arange(12) < 4, 0, -1), "two or more"),
        (np.arange(12) % 2, "no unlabelled row"),
    ],
)
def test_nothing_to_spread_is_said(codes, why):
    X = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)
    ranking = Spread().order(Evidence(features=X, given_labels=codes, classes=np.arange(2)))
    assert not len(ranking.rows) and why in ranking.meta["why"]
    rows, labels = Spread.proposals(ranking)
    assert not len(rows) and labels == []
    assert len(Foreign().order(Evidence(features=X, given_labels=codes, classes=np.arange(2))).rows) == 12


def test_all_rows_trusted_and_classes_of_one_row():
    X, codes, _ = drawn(labelled=1, classes=4)
    verified = codes >= 0
    evidence = Evidence(features=X, given_labels=codes, classes=np.arange(4), verified=verified)
    ranking = Spread().order(evidence)
    assert len(ranking.rows) and not ranking.meta["errors"][0]["measured"]
    everyone = Evidence(
        features=X, given_labels=np.arange(240) % 4, classes=np.arange(4), verified=np.ones(240, dtype=bool)
    )
    assert not len(Spread().order(everyone).rows) and len(Foreign().order(everyone).rows) == 240


def test_copies_and_rows_that_are_not_numbers():
    X, codes, _ = drawn(classes=4)
    X[100:200] = X[100]
    X[205, 0] = np.nan
    evidence = Evidence(features=X, given_labels=codes, classes=np.arange(4))
    with pytest.warns(LabelscopeWarning, match="NaN"):
        ranking = Spread(alpha=0.5).order(evidence)
    assert len(np.unique(ranking.rows)) == len(ranking.rows)
    with pytest.warns(LabelscopeWarning, match="NaN"):
        assert np.isfinite(Foreign().order(evidence).weights).all()


def test_mostly_foreign_pools_are_warned_about():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(200, 5)).astype(np.float32)
    X[:20, 0] += 8
    X[20:40, 1] += 8
    X[40:, 2] += 8
    codes = np.where(np.arange(200) < 20, 0, np.where(np.arange(200) < 40, 1, -1))
    with pytest.warns(LabelscopeWarning, match="belong to no labelled class"):
        ranking = Spread().order(Evidence(features=X, given_labels=codes, classes=np.arange(2)))
    assert ranking.meta["foreign_share"] > 0.6


def test_bad_arguments():
    X, codes, _ = drawn()
    for policy in (Spread(), Foreign()):
        with pytest.raises(MissingEvidenceError, match="features"):
            policy.order(Evidence(given_labels=codes, classes=np.arange(3)))
    with pytest.raises(InvalidInputError, match="verified"):
        Spread().order(Evidence(features=X, given_labels=codes, classes=np.arange(3), verified=np.zeros(2)))
    for wrong in ({"alpha": 0.0}, {"n_rounds": 0}, {"n_nearest": 0}, {"level": 1.0}):
        with pytest.raises(InvalidInputError):
            Spread(**wrong)

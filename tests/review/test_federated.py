"""Updates of sessions: parameters and counts leave, rows stay."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest

import labelscope as ls
from labelscope.errors import InvalidInputError, InvalidTypeError, LabelscopeWarning
from labelscope.evidence.federated_probe import Update, average
from labelscope.review.federated import SessionUpdate, export_update, merge_updates, read_update

N = 157


def party(seed, names=("ant", "bee", "cat"), n=N):
    rng = np.random.default_rng(seed)
    true = rng.integers(0, len(names), n)
    every = {"ant": 0, "bee": 1, "cat": 2, "dog": 3}
    at = np.array([every[name] for name in names])[true]
    X = rng.normal(size=(n, 6)) * 2 + 3 + 9 * np.eye(4, 6)[at]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        audit = ls.audit(X, [names[code] for code in true])
    return ls.Session(audit, journal=None), X, np.array(names)[true]


def test_round_trip_reproduces_the_parameters(tmp_path):
    session, _, _ = party(0)
    made = export_update(session, tmp_path / "a.npz", embedding="digits v1")
    read = read_update(tmp_path / "a.npz")
    assert np.abs(read.weights - made.weights).max() <= 1e-12
    assert read.counts.tolist() == made.counts.tolist() and read.classes == made.classes
    assert read.embedding == "digits v1"


def test_the_merged_model_is_that_of_training_in_one_process(tmp_path):
    sessions = [party(seed)[0] for seed in range(3)]
    updates = [export_update(one, tmp_path / f"{i}.npz") for i, one in enumerate(sessions)]
    merged = merge_updates([tmp_path / f"{i}.npz" for i in range(3)])
    here = average([Update(one.weights, one.counts) for one in updates])
    assert np.abs(merged.weights - here).max() <= 1e-12
    assert merged.counts.tolist() == np.sum([one.counts for one in updates], axis=0).tolist()


def test_no_row_is_in_the_file(tmp_path):
    session, X, _ = party(0)
    session.relabel(3, "bee")
    session.note(4, "a private remark")
    path = tmp_path / "a.npz"
    export_update(session, path)
    with np.load(path, allow_pickle=False) as file:
        assert sorted(file.files) == ["counts", "facts", "weights"]
        assert all(N not in file[name].shape for name in file.files)
        assert file["weights"].shape == (3, 7) and file["counts"].shape == (3,)
        facts = json.loads(str(file["facts"]))
        numbers = np.concatenate([file["weights"].ravel(), file["counts"].astype(float)])
    assert sorted(facts) == ["classes", "embedding", "format"] and facts["classes"] == ["ant", "bee", "cat"]
    assert not np.isin(X.ravel(), numbers).any()
    raw = path.read_bytes()
    for secret in (b"private", session.audit.dataset.fingerprint.encode(), X[0].tobytes()[:16]):
        assert secret not in raw


def test_merging_knows_more_than_each_and_class_lists_may_differ():
    one, other = party(1, ("ant", "bee", "cat"))[0], party(2, ("cat", "dog"))[0]
    merged = merge_updates([export_update(one), export_update(other)])
    for _ in range(6):
        merged = merge_updates([export_update(session, start=merged, n_steps=8) for session in (one, other)])
    assert merged.classes == ("ant", "bee", "cat", "dog")
    _, X, labels = party(3, ("ant", "bee", "cat", "dog"))
    named = np.array(merged.classes)[merged.pred_probs(X).argmax(axis=1)]
    assert (named == labels).mean() > 0.9
    alone = export_update(one)
    assert (np.array(alone.classes)[alone.pred_probs(X).argmax(axis=1)] == labels).mean() < 0.85


def test_labels_as_they_are_now_are_learned_from():
    session, _, labels = party(0)
    before = export_update(session)
    rows = np.flatnonzero(labels == "ant")
    session.exclude(rows[:5])
    session.unsure(rows[5:8])
    session.relabel(rows[8:14], "eel", new_class=True)
    after = export_update(session)
    assert after.classes == ("ant", "bee", "cat", "eel")
    assert after.counts.tolist()[0] == before.counts[0] - 14 and after.counts[3] == 6


def test_few_rows_are_not_exported():
    session, _, _ = party(0, n=18)
    with pytest.raises(InvalidInputError, match="20"):
        export_update(session)
    session, _, labels = party(0)
    session.relabel(np.flatnonzero(labels == "ant")[:2], "eel", new_class=True)
    assert export_update(session).counts.tolist()[3] == 0


def test_rows_that_are_not_numbers_keep_the_width():
    X = np.random.default_rng(0).normal(size=(60, 3))
    X[5, 1], X[:, 2] = np.nan, 1.0
    evidence = ls.Evidence(features=X, given_labels=np.arange(60) % 2, classes=np.arange(2))
    with pytest.warns(LabelscopeWarning, match="NaN"):
        assert export_update(evidence).n_features == 3


def place(seed, constant=None, value=0.0, beside=False):
    """A party whose rows differ in four columns, of which one may hold the same everywhere."""
    rng = np.random.default_rng(seed)
    true = np.arange(240) % 3
    X = (rng.normal(size=(240, 4)) + 3 * np.eye(3, 4)[true]).astype(np.float32)
    if constant is not None:
        X[:, constant] = value
    names = np.array(["ant", "bee", "cat"])[true]
    pictures = [str(i) for i in range(240)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        audit = (
            ls.audit(pictures, names, features=X, scorers="neighbor_vote") if beside else ls.audit(X, names)
        )
    return ls.Session(audit, journal=None), X, names


@pytest.mark.parametrize("beside", [False, True])
def test_columns_that_are_constant_at_a_site_do_not_keep_it_from_merging(tmp_path, beside):
    sessions = [place(0, beside=beside)[0], place(1, 0, 2.0, beside)[0], place(2, 1, -1.0, beside)[0]]
    updates = [export_update(one, tmp_path / f"{i}.npz") for i, one in enumerate(sessions)]
    assert [one.n_features for one in updates] == [4, 4, 4]
    assert updates[0].constants is None
    assert updates[1].constants == pytest.approx([2.0, np.nan, np.nan, np.nan], nan_ok=True)
    merged = merge_updates([tmp_path / f"{i}.npz" for i in range(3)])
    for _ in range(3):
        merged = merge_updates([export_update(one, start=merged, n_steps=10) for one in sessions])
    assert merged.constants is None
    _, X, names = place(9)
    named = np.array(merged.classes)[merged.pred_probs(X).argmax(axis=1)]
    assert (named == names).mean() > 0.9


def test_equal_widths_of_other_columns_are_not_mixed_up():
    """Without their places, columns 0, 2, 3 of one party and 0, 1, 3 of the other would be averaged."""
    one, other = place(1, 1, 4.0)[0], place(2, 2, 4.0)[0]
    assert one.audit.evidence["features"].shape[1] == other.audit.evidence["features"].shape[1] == 3
    first, second = export_update(one), export_update(other)
    merged = merge_updates([first, second])
    assert merged.weights[:, 1] == pytest.approx(second.weights[:, 1])
    assert merged.weights[:, 2] == pytest.approx(first.weights[:, 2])
    assert merged.weights[:, 0] == pytest.approx((first.weights[:, 0] + second.weights[:, 0]) / 2)


def test_a_constant_makes_up_for_the_weight_of_others():
    weights = np.array([[1.0, 2.0, 0.5], [-1.0, 0.0, 0.0]])
    knows = SessionUpdate(weights, np.array([30, 30]), ("a", "b"))
    held = np.array([np.nan, 3.0])
    blind = SessionUpdate(
        np.array([[1.0, 0.0, 7.0], [-1.0, 0.0, 0.0]]), np.array([10, 20]), ("a", "b"), "", held
    )
    merged = merge_updates([knows, blind])
    assert merged.weights[:, 1].tolist() == [2.0, 0.0]  # only one party knows it
    # The blind party's intercept: 7 - 2 * 3, in proportion 60 to 30.
    assert merged.weights[0, 2] == pytest.approx((60 * 0.5 + 30 * 1.0) / 90)
    both = merge_updates([blind, blind])
    assert both.weights == pytest.approx(blind.weights)
    assert both.constants == pytest.approx(held, nan_ok=True)
    assert merge_updates([both, knows]).weights[:, 1].tolist() == [2.0, 0.0]


def test_bad_updates(tmp_path):
    session, _, _ = party(0)
    update = export_update(session, embedding="one")
    with pytest.raises(InvalidInputError, match="different embeddings"):
        merge_updates([update, export_update(session, embedding="two")])
    narrow = SessionUpdate(np.zeros((2, 3)), np.array([1, 1]), ("a", "b"))
    with pytest.raises(InvalidInputError, match="different embeddings"):
        merge_updates([update, narrow])
    with pytest.raises(InvalidInputError, match="start from"):
        export_update(session, start=narrow)
    with pytest.raises(InvalidInputError, match="columns"):
        narrow.pred_probs(np.zeros((4, 5)))
    for wrong in ([], update, "a.npz"):
        with pytest.raises(InvalidInputError, match="list"):
            merge_updates(wrong)
    (tmp_path / "b.npz").write_bytes(b"nothing")
    with pytest.raises(InvalidInputError, match="no update"):
        read_update(tmp_path / "b.npz")
    np.savez(tmp_path / "c.npz", weights=np.array([object()], dtype=object))
    with pytest.raises(InvalidInputError, match="no update"):
        read_update(tmp_path / "c.npz")
    with pytest.raises(InvalidInputError, match=r"\.npz"):
        update.save(tmp_path / "d.txt")
    with pytest.raises(InvalidTypeError, match="Session"):
        export_update([1, 2, 3])

"""A local and a global expert: averaging, selection, accuracy by group, and hard inputs."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.linalg import expm
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

import labelscope as ls
from labelscope.errors import InvalidInputError, LabelscopeWarning, MissingEvidenceError
from labelscope.evidence.experts import ExpertSettings, experts, groups_standardized
from labelscope.evidence.federated_loop import (
    LoopSettings,
    Network,
    _gradients,
    _softmax,
    apart_from,
    train_federated,
)
from labelscope.evidence.federated_probe import (
    Moments,
    Update,
    average,
    federated,
    local_update,
    shared_standardization,
)
from labelscope.evidence.folds import deal
from labelscope.evidence.ranks import auroc
from labelscope.evidence.weighted_probe import Standardized, predict
from labelscope.scorers import LocalGlobal, by_name
from labelscope.testing import check_scorer
from labelscope.types import Evidence


def sites(n=360, n_groups=4, seed=0, noise=0.1):
    """Three blobs seen at sites, of which the last one sees them mirrored."""
    rng = np.random.default_rng(seed)
    true, groups = rng.integers(0, 3, n), np.arange(n) % n_groups
    X = rng.normal(size=(n, 5)) + 4 * np.eye(3, 5)[true]
    X[groups == n_groups - 1] *= -1
    given = np.where(rng.random(n) < noise, (true + 1) % 3, true)
    return X.astype(np.float32), given, true, groups


def evidence(X, codes, groups, **more):
    return Evidence(features=X, given_labels=codes, classes=np.arange(3), sites=groups, **more)


@pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")
@pytest.mark.parametrize("scorer", [LocalGlobal(), LocalGlobal(expertness="confidence")])
def test_scorer_keeps_the_contract(scorer):
    check_scorer(scorer)


def test_it_has_a_name():
    assert by_name("LocalGlobal") == LocalGlobal()


def test_parameters_are_averaged_by_counts():
    rng = np.random.default_rng(0)
    updates = [Update(rng.normal(size=(3, 4)), rng.integers(1, 9, 3)) for _ in range(4)]
    expected = np.zeros((3, 4))
    for update in updates:
        expected += update.weights * update.counts.sum()
    expected /= sum(update.counts.sum() for update in updates)
    assert average(updates) == pytest.approx(expected)


def test_sums_make_the_standardization_of_all_rows():
    X, _, _, groups = sites()
    parts = [Moments.of(X[groups == group]) for group in range(4)]
    whole, shared = Standardized.of(X), shared_standardization(parts)
    assert shared.mean == pytest.approx(whole.mean) and shared.scale == pytest.approx(whole.scale, rel=1e-6)


def test_classes_that_a_party_lacks_stay_as_they_were():
    rng = np.random.default_rng(0)
    inputs, start = np.hstack([rng.normal(size=(30, 2)), np.ones((30, 1))]), rng.normal(size=(3, 3))
    update = local_update(inputs, np.arange(30) % 2, start)
    assert (update.weights[2] == start[2]).all() and (update.weights[:2] != start[:2]).any()
    assert update.counts.tolist() == [15, 15, 0]
    only = local_update(inputs, np.zeros(30, dtype=int), start)
    assert not only.counts.any() and (only.weights == start).all()


def test_federation_comes_near_to_training_on_all_rows():
    X, given, _, groups = sites(noise=0.0)
    keep = groups < 3
    wide = groups_standardized(X, groups)[keep]
    parties = [(wide[groups[keep] == g], given[keep][groups[keep] == g]) for g in range(3)]
    head = federated(parties, 3)
    assert (predict(wide, head).argmax(axis=1) == given[keep]).mean() > 0.95


def test_no_label_reaches_its_own_experts():
    X, given, _, groups = sites()
    changed = given.copy()
    asked = np.arange(0, 360, 3)
    changed[asked] = (changed[asked] + 1) % 3
    wide = groups_standardized(X, groups)
    for codes in (given, changed):
        hidden = codes.copy()
        hidden[asked] = -1
        said = experts(wide, hidden, groups, asked, 3, ExpertSettings())
        if codes is given:
            first = said
    assert (said.local == first.local).all() and (said.shared == first.shared).all()


def test_errors_are_found_and_the_odd_site_asks_its_own_expert():
    X, given, true, groups = sites()
    score = LocalGlobal().score(evidence(X, given, groups))
    assert auroc(score.suspicion, given != true) > 0.95
    table = {row["group"]: row for row in score.meta["groups"]}
    assert table[3]["local_share"] > 0.9
    assert table[3]["local_accuracy"] > table[3]["global_accuracy"] + 0.3
    assert score.meta["accuracy_on"] == "given"
    agree = score.details["agree"]
    same = score.details["local_suggested"] == score.details["global_suggested"]
    assert agree.tolist() == same.tolist()
    chosen = np.where(
        score.details["expert"] == "local",
        score.details["local_suggested"],
        score.details["global_suggested"],
    )
    assert chosen.tolist() == np.asarray(score.suggested).tolist()
    higher = score.details["local_confidence"] >= score.details["global_confidence"]
    assert ((score.details["expert"] == "local") == higher).all()


def test_agreeing_experts_raise_suspicion():
    X, given, _, groups = sites(n_groups=4)
    score = LocalGlobal().score(evidence(X, given, groups))
    wrong = np.asarray(score.suggested) != given
    agree = score.details["agree"]
    assert score.suspicion[wrong & agree].mean() > score.suspicion[wrong & ~agree].mean() + 0.1


def test_groups_are_measured_on_verified_rows_where_there_are_any():
    X, given, true, groups = sites()
    verified = np.zeros(360, dtype=bool)
    verified[:80] = True
    codes = np.where(verified, true, given)
    score = LocalGlobal().score(evidence(X, codes, groups, verified=verified))
    assert score.meta["accuracy_on"] == "verified"
    assert [row["n_checked"] for row in score.meta["groups"]] == [20] * 4
    right = np.asarray(score.suggested) == codes
    for row in score.meta["groups"]:
        assert row["selected_accuracy"] == pytest.approx(right[verified & (groups == row["group"])].mean())


def test_sites_are_called_what_the_user_calls_them():
    X, given, _, groups = sites()
    names = np.array(["north", "east", "south", "abroad"])
    audit = ls.audit(X, given, scorers=LocalGlobal(), evidence={"sites": names[groups].tolist()})
    said = [row["group"] for row in audit.scores["local_global"].meta["groups"]]
    assert said == list(audit.evidence["site_names"]) == names.tolist()
    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "hospital": names[groups], "y": given})
    other = ls.audit(frame, "y", features=X, scorers=LocalGlobal(), evidence={"sites": "hospital"})
    assert [row["group"] for row in other.scores["local_global"].meta["groups"]] == names.tolist()
    plain = LocalGlobal().score(evidence(X, given, 10 * groups))
    assert [row["group"] for row in plain.meta["groups"]] == [0, 10, 20, 30]
    with pytest.raises(InvalidInputError, match="site_names has 2 names"):
        LocalGlobal().score(evidence(X, given, groups, site_names=("a", "b")))
    with pytest.raises(InvalidInputError, match="names a column"):
        ls.audit(X, given, evidence={"sites": "hospital"})
    with pytest.raises(InvalidInputError, match="sites"):
        ls.audit(X, given, evidence={"sites": names[groups][:7].tolist()})


def test_groups_stand_in_for_sites_with_a_notice():
    X, given, _, groups = sites()
    names = np.array(["north", "east", "south", "abroad"])
    with pytest.warns(LabelscopeWarning, match="every group is taken for a site"):
        audit = ls.audit(ls.Dataset(X, given, groups=names[groups]), scorers=LocalGlobal())
    assert [row["group"] for row in audit.scores["local_global"].meta["groups"]] == names.tolist()
    with pytest.warns(LabelscopeWarning, match="every group is taken for a site"):
        borrowed = LocalGlobal().score(
            Evidence(features=X, given_labels=given, classes=np.arange(3), groups=groups)
        )
    with warnings.catch_warnings():
        warnings.simplefilter("error", LabelscopeWarning)
        own = LocalGlobal().score(evidence(X, given, groups))
    assert (own.suspicion == borrowed.suspicion).all()


def test_sites_do_not_change_folds_and_groups_do_not_change_sites():
    X, given, _, groups = sites()
    films = np.arange(360) // 12
    plain = ls.audit(X, given)
    with_sites = ls.audit(X, given, evidence={"sites": groups})
    # All rows of a site in one fold would leave its models nothing to learn from.
    assert (with_sites.evidence["pred_probs"] == plain.evidence["pred_probs"]).all()
    both = ls.audit(X, given, evidence={"sites": groups, "groups": films}, scorers=["auto", LocalGlobal()])
    folded = ls.audit(X, given, evidence={"groups": films})
    assert (both.evidence["pred_probs"] == folded.evidence["pred_probs"]).all()
    table = both.scores["local_global"].meta["groups"]
    assert [row["group"] for row in table] == ["0", "1", "2", "3"]


def test_rows_of_a_group_share_a_fold_of_the_experts(monkeypatch):
    X, given, _, groups = sites()
    films = np.arange(360) // 12
    seen = []
    monkeypatch.setattr(
        "labelscope.scorers.federated.local_global.deal",
        lambda *args, **more: seen.append(deal(*args, **more)) or seen[-1],
    )
    LocalGlobal().score(evidence(X, given, groups).including(groups=films))
    assert all(len(set(seen[0][films == film])) == 1 for film in range(30))


@pytest.mark.parametrize("share", [0.3, 0.8])
def test_with_many_labels_of_its_own_a_site_asks_its_own_expert(share):
    """Three sites that see digits turned in ways of their own, with labels of all classes."""
    points, y = load_digits(return_X_y=True)
    points = PCA(24, random_state=0).fit_transform(StandardScaler().fit_transform(points))
    points /= points.std(axis=0)
    found = []
    for seed in (30, 31):
        rng = np.random.default_rng(seed)
        where = rng.permutation(len(y)) % 3
        X, codes = points.copy(), np.full(len(y), -1)
        for site in range(3):
            rows = np.flatnonzero(where == site)
            turn = rng.normal(size=(24, 24))
            X[rows] = X[rows] @ expm(3 * (turn - turn.T) / np.sqrt(48))
            labelled = rng.choice(rows, int(share * len(rows)), replace=False)
            codes[labelled] = y[labelled]
        free = codes < 0
        score = LocalGlobal().score(
            Evidence(features=X.astype(np.float32), given_labels=codes, classes=np.arange(10), sites=where)
        )
        right = [score.suggested, score.details["local_suggested"], score.details["global_suggested"]]
        found.append([(np.asarray(one)[free] == y[free]).mean() for one in right])
    chosen, local, shared = np.mean(found, axis=0)
    assert local > shared + 0.2
    assert chosen >= local - 0.015


def test_nobody_is_flagged_below_tau():
    X, given, _, groups = sites()
    sure = LocalGlobal(tau=1.0).score(evidence(X, given, groups))
    assert not sure.flagged.any() and sure.suspicion.any()


def test_small_groups_groups_of_one_class_and_rows_without_a_group():
    X, given, _, groups = sites()
    names = np.array([f"site {group}" for group in groups], dtype=object)
    names[:3] = "tiny"
    names[3:6] = None
    names[np.flatnonzero(given == 2)[10:30]] = "only twos"
    score = LocalGlobal().score(evidence(X, given, names))
    odd = np.isin(names.astype(str), ["tiny", "None", "only twos"])
    assert (score.details["expert"][odd] == "global").all()
    assert np.isfinite(score.suspicion).all()
    table = {row["group"]: row for row in score.meta["groups"]}
    assert table["only twos"]["n_classes"] == 1 and table["tiny"]["local_share"] == 0


def test_one_group_is_said():
    X, given, true, groups = sites(n_groups=2)
    X = np.abs(X)
    with pytest.warns(LabelscopeWarning, match="one group"):
        score = LocalGlobal().score(evidence(X, given, np.zeros_like(groups)))
    assert auroc(score.suspicion, given != true) > 0.8


@pytest.mark.parametrize("codes", [np.full(360, -1), np.zeros(360, dtype=int)])
def test_without_two_classes_nothing_is_suspected(codes):
    X, _, _, groups = sites()
    with pytest.warns(LabelscopeWarning, match="no label can be doubted"):
        score = LocalGlobal().score(evidence(X, codes, groups))
    assert not score.suspicion.any() and not score.flagged.any()


def test_copies_and_rows_that_are_not_numbers():
    X, given, _, groups = sites()
    X[:150] = X[0]
    X[300, 1] = np.nan
    with pytest.warns(LabelscopeWarning, match="NaN"):
        score = LocalGlobal().score(evidence(X, given, groups))
    assert np.isfinite(score.suspicion).all()


def test_bad_arguments():
    X, given, _, groups = sites()
    with pytest.raises(MissingEvidenceError, match="sites"):
        LocalGlobal().score(Evidence(features=X, given_labels=given))
    with pytest.raises(InvalidInputError, match="sites"):
        LocalGlobal().score(evidence(X, given, groups[:5]))
    with pytest.raises(InvalidInputError, match="verified"):
        LocalGlobal().score(evidence(X, given, groups, verified=np.ones(3)))
    for wrong in (
        {"tau": 2.0},
        {"expertness": "suport"},
        {"penalty": 0.0},
        {"n_folds": 1},
        {"min_group": 0},
    ):
        with pytest.raises(InvalidInputError):
            LocalGlobal(**wrong)
    with pytest.raises(InvalidInputError, match="teacher"):
        LoopSettings(teacher="locl")


def test_gradients_of_the_network():
    rng = np.random.default_rng(0)
    net = Network(rng.normal(size=(2, 4, 5)), rng.normal(size=(2, 6, 3)))
    x, targets = rng.normal(size=(2, 7, 3)), rng.dirichlet(np.ones(3), (2, 7))
    weight = rng.random((2, 7))

    def value(first, second):
        logits = Network(first, second).logits(x)[1]
        return -(weight * (targets * np.log(_softmax(logits))).sum(axis=-1)).sum()

    hidden, logits = net.logits(x)
    grads = _gradients(x, hidden, (_softmax(logits) - targets) * weight[..., None], net)
    for which, grad in enumerate(grads):
        for at in list(np.ndindex(grad.shape))[::5]:
            step = [np.zeros_like(net.first), np.zeros_like(net.second)]
            step[which][at] = 1e-6
            high = value(net.first + step[0], net.second + step[1])
            low = value(net.first - step[0], net.second - step[1])
            assert grad[at] == pytest.approx((high - low) / 2e-6, abs=1e-5)


def test_agreeing_models_are_held_together_on_the_same_view():
    rng = np.random.default_rng(1)
    logits, other = rng.normal(size=(40, 3)), rng.dirichlet(np.ones(3), 40)
    found = apart_from(_softmax(logits), other)
    agree = logits.argmax(axis=1) == other.argmax(axis=1)
    assert agree.any() and not agree.all() and not found[~agree].any()

    def divergence(at):
        return (other * (np.log(other) - np.log(_softmax(at)))).sum(axis=1)

    for column in range(3):
        step = 1e-6 * np.eye(3)[column]
        slope = (divergence(logits + step) - divergence(logits - step)) / 2e-6
        assert found[agree, column] == pytest.approx(slope[agree], abs=1e-6)


def test_consistency_does_not_pass_through_the_strong_view():
    """With all of the strong view blanked out and nobody sure, only agreement on the weak view teaches."""
    X, given, _, groups = sites(n=120, n_groups=3)
    X = np.concatenate(
        [X, np.where(np.arange(120) < 60, 0.0, X[:, 0])[:, None]], axis=1
    )  # known to free rows only
    codes = np.where(np.arange(120) < 60, given, -1)
    calm = {"tau": 1.1, "noise": 0.0, "dropout": 1.0, "decay": 0.0, "n_rounds": 3, "n_steps": 4}
    kept, bare = (
        train_federated(X, codes, groups, 3, LoopSettings(consistency=weight, **calm))
        for weight in (1.0, 0.0)
    )
    start = train_federated(X, np.full(120, -1), groups, 3, LoopSettings(teacher="none", **calm))
    assert (bare.first[5] == start.first[5]).all()
    assert (kept.first[5] != start.first[5]).any()


def test_rows_without_a_label_teach_nothing_where_nobody_teaches_them():
    """-1 is no class, not even the last one."""
    X, given, true, groups = sites(n=80)
    more, twice = np.concatenate([X, X + 0.5]), np.concatenate([groups, groups])
    settings = LoopSettings(
        teacher="none", consistency=0.0, noise=0.0, dropout=0.0, n_rounds=2, n_steps=2, n_hidden=4
    )
    alone = train_federated(X, given, groups, 3, settings)
    kept = train_federated(more, np.concatenate([given, np.full(80, -1)]), twice, 3, settings)
    np.testing.assert_allclose(kept.first, alone.first, atol=1e-9)
    told = train_federated(more, np.concatenate([given, true]), twice, 3, settings)
    assert np.abs(kept.first - told.first).max() > 1e-3

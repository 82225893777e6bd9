"""ECBM: energy, pseudo-likelihood, mean field and tables, against enumeration and loops."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import labelscope as ls
from labelscope.errors import InvalidInputError, LabelscopeWarning, MissingEvidenceError
from labelscope.scorers import ConceptEnergy
from labelscope.scorers.concepts import conditionals
from labelscope.scorers.concepts.energy import JointEnergy, Relations, sigmoid, softmax
from labelscope.scorers.concepts.mean_field import minimize
from labelscope.scorers.concepts.relations import fit_folds, fit_relations, pseudo_loss
from labelscope.testing import check_scorer
from labelscope.types import Evidence


def energy_of(seed, n_concepts=4, n_classes=3, strength=1.0):
    rng = np.random.default_rng(seed)
    upper = np.triu(strength * rng.normal(size=(n_concepts, n_concepts)), 1)
    own = Relations(upper + upper.T, rng.normal(size=(n_concepts, n_classes)), rng.normal(size=n_concepts),
                    rng.normal(size=n_classes))  # fmt: skip
    return JointEnergy(own, rng.normal(size=n_concepts), rng.normal(size=n_classes), 0.8)


def by_loops(joint, unary, class_unary, spins, y):
    """Energy of one configuration, summed variable by variable."""
    own, total = joint.relations, class_unary[y]
    total += joint.weight * (own.prior[y] - joint.class_base[y])
    for k in range(len(spins)):
        total += spins[k] * unary[k] / 2
        total += joint.weight * spins[k] * (own.table[k, y] + own.bias[k] - joint.base[k] / 2)
        for j in range(k):
            total += joint.weight * own.coupling[j, k] * spins[j] * spins[k]
    return -total


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31))
def test_conditionals_are_differences_of_the_one_energy(seed):
    joint, rng = energy_of(seed), np.random.default_rng(seed)
    unary, class_unary = rng.normal(size=(1, 4)), rng.normal(size=(1, 3))
    spins, y = rng.choice([-1.0, 1.0], (1, 4)), int(rng.integers(3))
    hot = np.eye(3)[[y]]
    here = by_loops(joint, unary[0], class_unary[0], spins[0], y)
    assert joint.energy(unary, class_unary, spins, hot)[0] == pytest.approx(here)
    logits = joint.attribute_logits(unary, spins, hot)[0]
    for k in range(4):
        levels = []
        for value in (-1.0, 1.0):
            other = spins[0].copy()
            other[k] = value
            levels.append(by_loops(joint, unary[0], class_unary[0], other, y))
        assert logits[k] == pytest.approx(levels[0] - levels[1])
    named = [-by_loops(joint, unary[0], class_unary[0], spins[0], code) for code in range(3)]
    np.testing.assert_allclose(softmax(joint.class_logits(class_unary, spins))[0], softmax(np.array(named)))


def test_gradient_of_the_pseudo_likelihood_is_the_numerical_one():
    rng = np.random.default_rng(0)
    n, n_concepts, n_classes = 30, 4, 3
    concepts = rng.integers(0, 2, (n, n_concepts)).astype(float)
    asked = rng.random((n, n_concepts)) < 0.8
    codes = rng.integers(-1, n_classes, n)
    spins = np.where(asked, 2 * concepts - 1, rng.uniform(-1, 1, (n, n_concepts)))
    classes = np.where(codes[:, None] >= 0, np.eye(n_classes)[codes], 1 / n_classes)
    flat = 0.5 * rng.normal(size=n_concepts**2 + n_concepts * n_classes + n_concepts + n_classes)
    problem = (concepts, asked, codes, spins, classes)
    _, slope = pseudo_loss(flat, *problem)
    assert np.abs(slope).max() > 1e-2
    for at in range(len(flat)):
        moved = []
        for step in (1e-6, -1e-6):
            other = flat.copy()
            other[at] += step
            moved.append(pseudo_loss(other, *problem)[0])
        assert slope[at] == pytest.approx((moved[0] - moved[1]) / 2e-6, abs=1e-6), at


def sampled(joint, n, seed):
    """Draw from the relations alone, by enumeration."""
    own, rng = joint.relations, np.random.default_rng(seed)
    n_concepts, n_classes = own.table.shape
    states = list(itertools.product(itertools.product([-1.0, 1.0], repeat=n_concepts), range(n_classes)))
    level = [0.5 * np.array(s) @ own.coupling @ np.array(s) + np.array(s) @ (own.table[:, y] + own.bias)
             + own.prior[y] for s, y in states]  # fmt: skip
    drawn = rng.choice(len(states), n, p=softmax(np.array(level)))
    spins = np.array([states[i][0] for i in drawn])
    return (spins + 1) / 2, np.array([states[i][1] for i in drawn])


def test_relations_are_recovered_from_rows_with_holes():
    joint = energy_of(3, strength=0.5)
    concepts, codes = sampled(joint, 40_000, 1)
    found = fit_relations(concepts, codes, concepts, np.eye(3)[codes])
    assert np.abs(found.coupling - joint.relations.coupling).max() < 0.15
    assert (found.coupling == found.coupling.T).all() and not np.diag(found.coupling).any()
    gaps = found.table - joint.relations.table
    assert np.abs(gaps - gaps.mean(axis=1, keepdims=True)).max() < 0.2  # a bias can move into the table
    holes = np.where(np.random.default_rng(2).random(concepts.shape) < 0.2, np.nan, concepts)
    partly = fit_relations(holes, codes, np.full(concepts.shape, 0.5), np.eye(3)[codes])
    assert np.corrcoef(partly.coupling.ravel(), joint.relations.coupling.ravel())[0, 1] > 0.9


@pytest.mark.parametrize("n_concepts", [4, 16])
def test_tables_by_energy_are_those_of_the_relations(n_concepts, monkeypatch):
    joint = energy_of(5, n_concepts=n_concepts, strength=0.4 if n_concepts == 4 else 0.2)
    none = np.zeros((0, n_concepts))
    exact = conditionals.energy_conditionals(joint, none)[0] if n_concepts == 4 else None
    if exact is not None:
        concepts, codes = sampled(joint, 40_000, 2)
        counted = np.array([concepts[codes == y].mean(axis=0) for y in range(3)])
        assert np.abs(exact - counted).max() < 0.05
        monkeypatch.setattr(conditionals, "_MOST_STATES", 1)
        assert np.abs(conditionals.energy_conditionals(joint, none)[0] - exact).max() < 0.03
    else:
        made = conditionals.energy_conditionals(joint, none)[0]  # by sampling
        monkeypatch.setattr(conditionals, "_MOST_STATES", 1 << 16)
        assert np.abs(made - conditionals.energy_conditionals(joint, none)[0]).max() < 0.04


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31))
def test_mean_field_keeps_what_is_clamped_and_bounds_the_best_energy(seed):
    joint, rng = energy_of(seed), np.random.default_rng(seed)
    unary, class_unary = rng.normal(size=(5, 4)), rng.normal(size=(5, 3))
    fixed = np.where(rng.random((5, 4)) < 0.4, rng.integers(0, 2, (5, 4)), np.nan)
    codes = rng.integers(-1, 3, 5)
    found = minimize(joint, unary, class_unary, fixed=fixed, fixed_class=codes)
    there = ~np.isnan(fixed)
    assert (found.concepts[there] == fixed[there]).all()
    assert all(found.classes[i, code] == 1 for i, code in enumerate(codes) if code >= 0)
    assert found.classes.sum(axis=1) == pytest.approx(1)
    for i in range(5):
        levels = [
            -by_loops(joint, unary[i], class_unary[i], np.array(s), y)
            for s in itertools.product([-1.0, 1.0], repeat=4)
            for y in range(3)
            if (codes[i] < 0 or y == codes[i])
            and all(np.isnan(fixed[i, k]) or (s[k] + 1) / 2 == fixed[i, k] for k in range(4))
        ]
        exact = -np.log(np.exp(np.array(levels)).sum())
        assert found.energy[i] >= exact - 1e-6  # the free energy bounds the exact one from above


def test_two_starts_find_the_lower_of_two_modes():
    strong = 3.0
    own = Relations(
        np.array([[0, strong], [strong, 0]]), np.array([[2.0, -2.0]] * 2), np.zeros(2), np.zeros(2)
    )
    joint = JointEnergy(own, np.zeros(2), np.zeros(2), 1.0)
    # The heads of the attributes lean the wrong way, the class is nearly certain.
    unary, class_unary = np.array([[-4.0, -4.0]]), np.log(np.array([[0.999, 0.001]]))
    found = minimize(joint, unary, class_unary)
    ups = joint.energy(unary, class_unary, np.ones((1, 2)), np.array([[1.0, 0.0]]))[0]
    downs = joint.energy(unary, class_unary, -np.ones((1, 2)), np.array([[1.0, 0.0]]))[0]
    assert (found.concepts[0] > 0.5).all() == (ups < downs)


def rows_of(n=240, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, n)
    kinds = np.array([[1, 1, 0, 0], [1, 0, 1, 0], [0, 0, 1, 1]], dtype=float)
    concepts = np.abs(kinds[y] - (rng.random((n, 4)) < 0.05))
    X = (2 * concepts - 1) @ rng.normal(size=(4, 5)) + np.eye(3, 5)[y] + rng.normal(size=(n, 5))
    return X, concepts, y


def test_wrong_tags_and_classes_come_first_with_the_right_suggestions():
    X, concepts, y = rows_of()
    noisy, wrong = concepts.copy(), y.copy()
    noisy[7, 0] = 1 - noisy[7, 0]
    wrong[20] = (y[20] + 1) % 3
    noisy[30, 2] = np.nan
    names = np.array(["ant", "bee", "cow"])
    score = ls.score("concept_energy", given_labels=names[wrong], concepts=noisy, features=X)
    assert 7 in np.argsort(-score.details["attribute_suspicion"][:, 0])[:5]
    assert 20 in np.argsort(-score.details["class_suspicion"])[:5]
    assert score.suggested[20] == names[y[20]]
    assert score.details["suggested_concepts"][7, 0] == concepts[7, 0]
    assert (
        score.details["attribute_suspicion"][30, 2] == 0
        and score.details["suggested_concepts"].dtype == np.int8
    )
    largest = np.maximum(score.details["class_suspicion"], score.details["attribute_suspicion"].max(axis=1))
    assert (score.suspicion == largest).all()


def test_weight_zero_is_the_independent_heads():
    X, concepts, y = rows_of()
    found = ConceptEnergy(weight=0.0).fit(Evidence(given_labels=y, concepts=concepts, features=X))
    score = found.score()
    alone = np.abs(concepts - found.heads.filled)
    np.testing.assert_allclose(score.details["attribute_suspicion"], alone, atol=1e-6)
    before, after = found.propagate(0, {0: 1 - int(concepts[0, 0])}, trusted=False)
    np.testing.assert_allclose(before.concepts[0, 1:], after.concepts[0, 1:], atol=1e-9)  # cannot move


def test_propagation_moves_what_goes_together_and_leaves_what_is_clamped():
    X, concepts, y = rows_of()
    found = ConceptEnergy().fit(Evidence(given_labels=y, concepts=concepts, features=X))
    for row in range(20):
        code = (int(y[row]) + 1) % 3
        before, after = found.propagate(row, {"class": code, 3: 0}, trusted=False)
        assert after.classes[0, code] == 1 and after.concepts[0, 3] == 0
        assert before.concepts.shape == (1, 4)
        assert (np.abs(after.concepts - before.concepts)[0, :3] > 0).any()
    several, one = found.propagate([3, 4], {1: 1}), found.propagate(4, {1: 1})
    np.testing.assert_allclose(several[1].concepts[1], one[1].concepts[0], atol=2e-3)
    for fix in ({9: 1}, {0: 0.5}, {"class": 7}, {"wings": 1}):
        with pytest.raises(InvalidInputError):
            found.propagate(0, fix)
    with pytest.raises(InvalidInputError):
        found.propagate(240, {0: 1})


def test_tables_hold_counts_and_smooth_rare_pairs():
    X, concepts, y = rows_of()
    concepts[y == 0, 3] = 0
    found = ConceptEnergy().fit(Evidence(given_labels=y, concepts=concepts, features=X))
    tables = found.explain()
    for code in range(3):
        mine = concepts[y == code]
        assert np.abs(tables.given_class[code] - mine.mean(axis=0)).max() < 0.02
        for k, j in itertools.product(range(4), repeat=2):
            holders = mine[mine[:, k] == 1]
            assert tables.pair_counts[code, k, j] == len(holders)
            share = (holders[:, j].sum() + tables.given_class[code, j]) / (len(holders) + 1)
            assert tables.given_class_and_concept[code, k, j] == pytest.approx(1.0 if k == j else share)
    rare = tables.pair_counts == 0
    assert rare.any()  # nobody to count: what the class says
    expected = np.broadcast_to(tables.given_class[:, None, :], rare.shape)
    off = ~np.eye(4, dtype=bool)[None]
    np.testing.assert_allclose(tables.given_class_and_concept[rare & off], expected[rare & off])
    assert (tables.class_counts.sum(axis=0) == 240).all()


def test_tables_without_a_class_and_of_whole_combinations_agree_with_counts():
    X, concepts, y = rows_of()
    concepts[::17, 1] = np.nan
    found = ConceptEnergy().fit(Evidence(given_labels=y, concepts=concepts, features=X))
    tables = found.explain()
    for k, j in itertools.product(range(4), repeat=2):
        holders = concepts[(concepts[:, k] == 1) & ~np.isnan(concepts[:, j])]
        assert tables.concept_counts[k, j] == len(holders)
        if k != j:
            assert abs(tables.given_concept[k, j] - holders[:, j].mean()) <= 1 / len(holders)
    assert (np.diag(tables.given_concept) == 1).all()
    whole = ~np.isnan(concepts).any(axis=1)
    assert tables.configuration_counts.sum() == whole.sum()
    assert (np.diff(tables.configuration_counts.sum(axis=0)) <= 0).all()
    for code, state in itertools.product(range(3), range(len(tables.configurations))):
        mine = whole & (y == code)
        holds = (concepts[mine] == tables.configurations[state]).all(axis=1)
        assert tables.configuration_counts[code, state] == holds.sum()
        smoothed = (holds.sum() + tables.configurations_by_energy[code, state]) / (mine.sum() + 1)
        assert tables.configurations_given_class[code, state] == pytest.approx(smoothed)
    # Every combination of four attributes there can be, by the energy itself.
    states = np.array(list(itertools.product((0, 1), repeat=4)))
    marginal, shares = conditionals.energy_conditionals(found.joint, states)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    np.testing.assert_allclose(shares @ states, marginal)
    spins = 2.0 * states - 1.0
    own = found.joint.relations
    level = 0.5 * ((spins @ own.coupling) * spins).sum(axis=1) + spins @ own.bias + spins @ own.table[:, 2]
    np.testing.assert_allclose(shares[2], np.exp(level) / np.exp(level).sum())


def test_combinations_of_many_attributes_are_drawn(monkeypatch):
    X, concepts, y = rows_of()
    joint = ConceptEnergy().fit(Evidence(given_labels=y, concepts=concepts, features=X)).joint
    states = np.array(list(itertools.product((0, 1), repeat=4)))
    exact = conditionals.energy_conditionals(joint, states)
    monkeypatch.setattr("labelscope.scorers.concepts.conditionals._MOST_STATES", 8)
    drawn = conditionals.energy_conditionals(joint, states)
    assert np.abs(drawn[0] - exact[0]).max() < 0.05 and np.abs(drawn[1] - exact[1]).max() < 0.05
    np.testing.assert_allclose(drawn[1].sum(axis=1), 1)


def test_flips_shrink_relations_and_are_reproducible():
    _, concepts, y = rows_of(600)
    hot = np.eye(3)[y]
    plain = fit_relations(concepts, y, concepts, hot)
    once = fit_relations(concepts, y, concepts, hot, flips=True, random_state=4)
    again = fit_relations(concepts, y, concepts, hot, flips=True, random_state=4)
    assert (once.coupling == again.coupling).all()
    assert np.abs(once.table).sum() < np.abs(plain.table).sum()


def test_scorer_keeps_the_contract():
    check_scorer(ConceptEnergy())


def test_single_valued_attributes_are_dropped_with_a_notice():
    X, concepts, y = rows_of()
    concepts[:, 1] = 1
    with ls.errors.collect_notices() as said, pytest.warns(LabelscopeWarning):
        found = ConceptEnergy().fit(Evidence(given_labels=y, concepts=concepts, features=X))
    assert [one.code for one in said] == ["single_valued_concepts"]
    score = found.score()
    assert score.meta["dropped"] == [1] and not score.details["attribute_suspicion"][:, 1].any()
    assert (score.details["suggested_concepts"][:, 1] == 1).all()
    assert found.predict([0]).concepts.shape == (1, 4) and found.predict([0]).concepts[0, 1] == 1
    assert found.propagate(0, {1: 0})[1].concepts[0, 1] == 0


def test_an_attribute_that_repeats_the_class_is_told():
    X, concepts, y = rows_of()
    concepts[:, 2] = y == 1
    with ls.errors.collect_notices() as said, pytest.warns(LabelscopeWarning):
        ConceptEnergy().fit(Evidence(given_labels=y, concepts=concepts, features=X))
    assert [one.code for one in said] == ["concept_equals_class"]


def test_few_rows_suspect_nothing_and_nan_features_are_told():
    X, concepts, y = rows_of()
    with ls.errors.collect_notices() as said, pytest.warns(LabelscopeWarning):
        score = ConceptEnergy().score(Evidence(given_labels=y[:9], concepts=concepts[:9], features=X[:9]))
    assert "few_rows_for_relations" in [one.code for one in said] and not score.suspicion.any()
    X[5, 0] = np.nan
    with ls.errors.collect_notices() as said, pytest.warns(LabelscopeWarning):
        score = ConceptEnergy().score(Evidence(given_labels=y, concepts=concepts, features=X))
    assert said[0].code == "features_not_finite" and np.isfinite(score.suspicion).all()


@pytest.mark.parametrize(
    "change",
    [
        {"concepts": np.full((240, 4), 0.5)},
        {"concepts": np.zeros((239, 4))},
        {"concept_probs": np.full((240, 3), 0.5)},
        {"concept_probs": np.full((240, 4), 1.5)},
        {"pred_probs": np.full((239, 3), 1 / 3)},
    ],
)
def test_bad_input_is_refused(change):
    X, concepts, y = rows_of()
    with pytest.raises(InvalidInputError):
        ConceptEnergy().score(Evidence({"given_labels": y, "concepts": concepts, "features": X, **change}))


def test_settings_and_missing_evidence_are_refused():
    for setting in ({"weight": -1.0}, {"flip_rate": 0.0}, {"flip_rate": 0.5}):
        with pytest.raises(InvalidInputError):
            ConceptEnergy(**setting)
    _, concepts, y = rows_of()
    with pytest.raises(MissingEvidenceError):
        ConceptEnergy().score(Evidence(given_labels=y, concepts=concepts))
    with pytest.raises(MissingEvidenceError):
        ConceptEnergy().score(Evidence(given_labels=y, features=concepts))


def test_probabilities_alone_are_enough():
    X, concepts, y = rows_of()
    found = ConceptEnergy().fit(Evidence(given_labels=y, concepts=concepts, features=X))
    given = Evidence(
        given_labels=y, concepts=concepts, classes=np.arange(3), pred_probs=found.heads.class_filled,
        concept_probs=sigmoid(found.heads.concepts),
    )  # fmt: skip
    again = ConceptEnergy().score(given)
    assert np.corrcoef(again.suspicion, found.score().suspicion)[0, 1] > 0.999


def test_fold_relations_have_forgotten_the_rows_that_they_leave_out():
    _, concepts, y = rows_of(300)
    hot = np.eye(3)[y]
    whole = fit_relations(concepts, y, concepts, hot)
    parts = fit_folds(concepts, y, concepts, hot, whole=whole)
    for fold, found in enumerate(parts.fitted):
        seen = parts.folds != fold
        cold = fit_relations(concepts[seen], y[seen], concepts[seen], hot[seen])
        left = np.abs(found.coupling - cold.coupling).max()
        assert left < 0.02 and left < 0.1 * np.abs(whole.coupling - cold.coupling).max()

"""ECBM on simulated classes with correlated groups of attributes, against independent heads."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from labelscope.scorers import ConceptEnergy
from labelscope.types import Evidence

pytestmark = pytest.mark.acceptance
N_CLASSES, N_CONCEPTS, N_GROUPS, N_TRAIN, N_TEST = 8, 16, 4, 2000, 1000
SEEDS = range(500, 504)


def drawn(seed):
    """8 classes, 16 attributes in 4 groups; a group flips in 30 % of the rows, an attribute in 2 %."""
    rng = np.random.default_rng(seed)
    n = N_TRAIN + N_TEST
    kinds = np.unpackbits(rng.permutation(16)[:N_CLASSES, None].astype(np.uint8), axis=1)[:, -N_GROUPS:]
    y = rng.integers(0, N_CLASSES, n)
    groups = kinds[y] ^ (rng.random((n, N_GROUPS)) < 0.3)
    turned = rng.integers(0, 2, N_CONCEPTS) ^ (rng.random((n, N_CONCEPTS)) < 0.02)
    concepts = groups[:, np.arange(N_CONCEPTS) % N_GROUPS] ^ turned
    mixing = rng.normal(size=(N_CONCEPTS, 32)) / 4
    looks = (2.0 * concepts - 1) @ mixing + 2.5 * rng.normal(size=(n, 32))
    return looks.astype(np.float32), concepts.astype(float), y, rng


def evidence_of(X, concepts, y):
    """Training rows with their labels, test rows without."""
    known = np.arange(len(y)) < N_TRAIN
    return Evidence(
        given_labels=np.where(known, y, -1),
        classes=np.arange(N_CLASSES),
        concepts=np.where(known[:, None], concepts, np.nan),
        features=X,
    )


@pytest.fixture(scope="module")
def clean():
    """Energies fitted on right labels."""
    made = []
    for seed in SEEDS:
        X, concepts, y, rng = drawn(seed)
        made.append((ConceptEnergy().fit(evidence_of(X, concepts, y)), concepts, y, rng))
    return made


def test_one_fix_moves_the_other_attributes_and_the_class(clean):
    others, classes = {"alone": [], "before": [], "after": []}, {"alone": [], "before": [], "after": []}
    for found, concepts, y, rng in clean:
        rows = np.arange(N_TRAIN, N_TRAIN + N_TEST)
        heads = found.heads.filled[rows] > 0.5
        head_class = found.heads.classes[rows].argmax(axis=1)
        joint = found.predict(rows)
        for i, row in enumerate(rows):
            predicted = joint.concepts[i] > 0.5
            wrong = np.flatnonzero(predicted != concepts[row])
            if not len(wrong):
                continue
            fixed = int(rng.choice(wrong))
            rest = np.arange(N_CONCEPTS) != fixed
            value = int(concepts[row, fixed])
            _, after = found.propagate(int(row), {fixed: value}, trusted=False)
            assert after.concepts[0, fixed] == value  # what is clamped stays
            others["alone"].append((heads[i] == concepts[row])[rest].mean())
            others["before"].append((predicted == concepts[row])[rest].mean())
            others["after"].append(((after.concepts[0] > 0.5) == concepts[row])[rest].mean())
            classes["alone"].append(head_class[i] == y[row])
            classes["before"].append(joint.classes[i].argmax() == y[row])
            classes["after"].append(after.classes[0].argmax() == y[row])
    assert len(others["after"]) > 1000
    assert np.mean(others["after"]) >= np.mean(others["before"]) + 0.02
    assert np.mean(others["after"]) >= np.mean(others["alone"]) + 0.02
    assert np.mean(classes["after"]) >= np.mean(classes["before"]) + 0.04
    assert np.mean(classes["after"]) >= np.mean(classes["alone"]) + 0.04


def test_joint_prediction_is_no_worse_than_independent_heads(clean):
    whole, single, classes = (
        {"alone": [], "joint": []},
        {"alone": [], "joint": []},
        {"alone": [], "joint": []},
    )
    for found, concepts, y, _ in clean:
        rows = np.arange(N_TRAIN, N_TRAIN + N_TEST)
        joint = found.predict(rows)
        for name, tags, best in (
            ("alone", found.heads.filled[rows], found.heads.classes[rows]),
            ("joint", joint.concepts, joint.classes),
        ):
            right = (tags > 0.5) == concepts[rows]
            whole[name].append(right.all(axis=1).mean())
            single[name].append(right.mean())
            classes[name].append((best.argmax(axis=1) == y[rows]).mean())
    assert np.mean(whole["joint"]) >= np.mean(whole["alone"]) + 0.02
    assert np.mean(single["joint"]) >= np.mean(single["alone"]) - 0.01
    assert np.mean(classes["joint"]) >= np.mean(classes["alone"]) - 0.01


def test_conditionals_agree_with_counts(clean):
    for found, concepts, y, _ in clean:
        rows = np.arange(len(y)) < N_TRAIN
        counted = np.array([concepts[rows & (y == k)].mean(axis=0) for k in range(N_CLASSES)])
        tables = found.explain()
        assert np.abs(tables.by_energy - counted).mean() <= 0.05
        assert np.abs(tables.given_class - counted).mean() <= 0.05
        assert (tables.class_counts == np.bincount(y[rows], minlength=N_CLASSES)[:, None]).all()


def test_flipped_tags_and_wrong_classes_are_found(clean):
    tags, classes, kept = {"alone": [], "joint": []}, {"alone": [], "joint": []}, []
    for seed, (pure, *_) in zip(SEEDS, clean, strict=True):
        X, concepts, y, rng = drawn(seed)
        flipped = rng.random(concepts.shape) < 0.05
        flipped[N_TRAIN:] = False
        noisy = np.abs(concepts - flipped)
        found = ConceptEnergy().fit(evidence_of(X, noisy, y))
        rows = np.arange(N_TRAIN)
        doubt = found.score().details["attribute_suspicion"][rows]
        alone = np.abs(noisy - found.heads.filled)[rows]
        tags["alone"].append(roc_auc_score(flipped[rows].ravel(), alone.ravel()))
        tags["joint"].append(roc_auc_score(flipped[rows].ravel(), doubt.ravel()))
        # Relations from right tags, asked about the noisy ones: what the noise in the fit costs.
        asked = replace(found.joint, relations=pure.joint.relations)
        spins, known = 2 * noisy[rows] - 1, np.eye(N_CLASSES)[y[rows]]
        logits = asked.attribute_logits(found.unary.concepts[rows], spins, known)
        kept.append(roc_auc_score(flipped[rows].ravel(), np.where(noisy[rows] == 1, -logits, logits).ravel()))

        wrong = (rng.random(len(y)) < 0.1) & (np.arange(len(y)) < N_TRAIN)
        given = np.where(wrong, (y + rng.integers(1, N_CLASSES, len(y))) % N_CLASSES, y)
        found = ConceptEnergy().fit(evidence_of(X, concepts, given))
        of_class = 1 - np.exp(found.heads.classes[rows, given[rows]])
        classes["alone"].append(roc_auc_score(wrong[rows], of_class))
        classes["joint"].append(roc_auc_score(wrong[rows], found.score().details["class_suspicion"][rows]))
    assert np.mean(tags["joint"]) >= np.mean(tags["alone"]) + 0.04
    assert np.mean(tags["joint"]) >= np.mean(kept) - 0.01  # noisy tags do not corrupt the relations
    assert np.mean(classes["joint"]) >= np.mean(classes["alone"])

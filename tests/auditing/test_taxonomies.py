"""Taxonomies beside labels: how they are read, and what an audit makes of them."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import labelscope as ls
from labelscope.auditing.settings import settings_text
from labelscope.auditing.taxonomy import read_taxonomy
from labelscope.data.tag_tree import TagTree
from labelscope.data.taxonomy import Taxonomy
from labelscope.errors import InvalidInputError, InvalidTypeError, TaskError, collect_notices
from labelscope.scorers.tag_taxonomy import under_taxonomy
from labelscope.types import Score

UP = {"dog": "animal", "cat": "animal", "oak": "plant", "rose": "plant"}
LEAVES = tuple(UP)
FORMS = (
    {**UP, "animal": None, "plant": None},
    UP,
    [f"{up}/{leaf}" for leaf, up in UP.items()],
    [(up, leaf) for leaf, up in UP.items()],
    Taxonomy.of(UP),
)


def rows(n: int = 240) -> tuple[np.ndarray, list[set[str]], list[set[str]]]:
    """Make features, true sets and given ones: 40 rows lack the upper tag, 20 have a lower one too many."""
    rng = np.random.default_rng(0)
    leaf = rng.integers(0, 4, n)
    features = np.eye(4)[leaf] * 3 + rng.normal(size=(n, 4))
    true = [{LEAVES[k], UP[LEAVES[k]]} for k in leaf]
    held = [set(tags) for tags in true]
    for row in range(40):
        held[row].discard(UP[LEAVES[leaf[row]]])
    for row in range(40, 60):
        held[row].add(LEAVES[(leaf[row] + 2) % 4])
    return features, true, held


def audited(labels: Any, features: Any, **options: Any) -> tuple[ls.Audit, list[Any]]:
    with collect_notices() as told:
        audit = ls.audit(features, labels, features=features, **options)
    return audit, told


@pytest.fixture(scope="module")
def contradicting() -> tuple[ls.Audit, ls.Audit, list[set[str]]]:
    features, true, held = rows()
    with_it, _ = audited(held, features, task="multilabel", evidence={"taxonomy": FORMS[0]})
    without, _ = audited(held, features, task="multilabel")
    return with_it, without, true


@pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")
@pytest.mark.parametrize("form", FORMS, ids=["mapping", "short", "paths", "pairs", "taxonomy"])
@pytest.mark.parametrize("labels", [[{"dog", "animal"}, {"cat", "plant"}, {"oak"}, {"rose"}], list(LEAVES)])
def test_all_forms_are_read_for_tags_and_classes(form: Any, labels: Any) -> None:
    dataset = ls.Dataset(["a", "b", "c", "d"], labels)
    found = read_taxonomy(form, dataset)
    assert found.distance("dog", "cat") == 2 and found.distance("dog", "oak") == 4
    assert found.parent("rose") == "plant" and set(found.names) == {*UP, "animal", "plant"}


@pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")
def test_paths_that_are_the_labels_keep_their_spelling() -> None:
    dataset = ls.Dataset(["a", "b"], ["animal / dog", "animal / cat"])
    found = read_taxonomy(["animal/dog", "animal/cat"], dataset)
    assert found.parent("animal / dog") == "animal" and found.distance("animal / dog", "animal / cat") == 2


@pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")
@pytest.mark.parametrize(
    ("taxonomy", "says"),
    [
        ({"dog": "cat", "cat": "dog"}, "in a circle: dog < cat < dog"),
        ({"dog": "animl", "cat": "animal", "animal": None}, r"no label 'animl'(.|\n)*'animal'"),
        ({"dogg": "animal", "animal": None, "cat": "animal"}, r"tag 'dog' is not in the taxonomy.*'dogg'"),
        ({"x": None, "y": "x"}, r"None of the 3 tags is in the taxonomy(.|\n)*'x', 'y'"),
        ([("animal", "dog"), ("plant", "dog")], "'dog' is below 'animal' and below 'plant'"),
        (5, "given as int"),
    ],
    ids=["circle", "no parent", "near miss", "none", "two parents", "type"],
)
def test_what_cannot_be_read_is_an_error_that_says_how_to_mend_it(taxonomy: Any, says: str) -> None:
    dataset = ls.Dataset(["a", "b"], [{"dog", "animal"}, {"cat"}])
    with pytest.raises((InvalidInputError, InvalidTypeError), match=says):
        ls.audit(dataset, evidence={"taxonomy": taxonomy})


@pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")
def test_tags_that_are_not_in_it_are_named_and_stand_alone() -> None:
    dataset = ls.Dataset(["a", "b"], [{"dog", "animal"}, {"zebra"}])
    with collect_notices() as told:
        found = read_taxonomy({"dog": "animal"}, dataset)
    assert [(notice.code, "'zebra'" in notice.message) for notice in told] == [("taxonomy_lacks", True)]
    assert found.parent("zebra") is None
    with collect_notices() as told:
        read_taxonomy({"dog": "anmial", "animal": None, "zebra": None, "anmial": None}, dataset)
    assert [notice.code for notice in told] == ["taxonomy_near_miss"] and "'animal'" in told[0].message


@pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")
def test_targets_and_attributes_have_no_taxonomy() -> None:
    with pytest.raises(TaskError, match="regression"):
        read_taxonomy(UP, ls.Dataset(["a", "b"], [0.5, 1.5]))
    with pytest.raises(TaskError, match="concepts"):
        read_taxonomy(UP, ls.Dataset(["a", "b"], ["x", "y"], concepts=np.eye(2)))


def test_contradicting_rows_are_suspects_with_reasons(contradicting: Any) -> None:
    audit, _, _ = contradicting
    wrong = np.arange(60)
    assert (audit.suspicion[wrong] == 1).all() and audit.flagged[wrong].all()
    notice = next(one for one in audit.notices if one.code == "taxonomy_contradictions")
    assert notice.rows == tuple(wrong) and "60 rows contradict the taxonomy" in audit.summary
    first, then = audit.reasons(0)[:2]
    assert "without" in first and "which it implies" in first and "probably missing" in then
    assert "probably wrong" in audit.reasons(45)[1]


def test_probabilities_say_which_of_two_tags_is_wrong(contradicting: Any) -> None:
    audit, without, true = contradicting
    tags = audit.dataset.labels.tags

    def right(found: ls.Audit) -> int:
        sets = np.asarray(found.main.suggested)[:60] == 1
        return sum({tags.names[j] for j in np.flatnonzero(row)} == true[k] for k, row in enumerate(sets))

    tree = TagTree.of(audit.evidence["taxonomy"], tags.names)
    assert not tree.violations(audit.main.suggested).any(), "a child is never suggested without its parent"
    assert right(audit) >= 57 and right(audit) > right(without)


def test_trees_without_a_contradiction_stay_as_they_were(contradicting: Any) -> None:
    audit, without, _ = contradicting
    tags = audit.dataset.labels.tags
    tree = TagTree.of(audit.evidence["taxonomy"], tags.names)
    asked = np.asarray(without.main.suggested)
    touched = tree.trees(tree.violations(tags.matrix) | tree.violations(asked))
    for name in ("missing", "spurious"):
        now, before = audit.main.details[name], without.main.details[name]
        np.testing.assert_array_equal(now[~touched], before[~touched])
    calm = ~touched.any(axis=1)
    np.testing.assert_array_equal(audit.suspicion[calm], without.suspicion[calm])
    assert calm.sum() > 100


def test_the_counts_of_an_audit_follow(contradicting: Any) -> None:
    audit, without, _ = contradicting
    assert audit.noise_rate.value > without.noise_rate.value
    assert audit.main.meta["contradictions"] == 60
    assert audit.joint.sum(axis=(1, 2)).tolist() == pytest.approx([240] * 6)


@pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")
def test_without_contradictions_the_score_is_the_same() -> None:
    tree = TagTree.of(Taxonomy.of(UP), ["dog", "animal"])
    score = Score(np.array([0.2]), np.array([[1, 1]]), None, {}, {"scale": "rank"})
    found = under_taxonomy(score, np.array([[1, 1]], np.int8), tree)
    assert found.suspicion is score.suspicion and found.meta == {"scale": "rank", "contradictions": 0}
    unknown = under_taxonomy(score, np.array([[1, -1]], np.int8), tree)
    assert unknown.meta["contradictions"] == 0, "what is unknown contradicts nothing"


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(-1, 4), min_size=2, max_size=6))
def test_suggestions_are_always_closed_and_lost_only_where_something_contradicts(
    seed: int, above: Any
) -> None:
    parents = [min(parent, place - 1) for place, parent in enumerate(above)]
    names = tuple(f"n{place}" for place in range(len(parents)))
    tree = TagTree.of(Taxonomy(names, np.array(parents)), names)
    rng = np.random.default_rng(seed)
    tags = rng.integers(-1, 2, (8, len(names))).astype(np.int8)
    details = {
        "missing": np.where(tags == 0, rng.random(tags.shape), 0),
        "spurious": np.where(tags == 1, rng.random(tags.shape), 0),
        "tag_probs": rng.random(tags.shape),
    }
    asked = np.where(tags == 1, details["spurious"] < 0.5, details["missing"] >= 0.5).astype(np.int8)
    before = Score(rng.random(8).astype(np.float32), asked, rng.random(8) < 0.5, details)
    found = under_taxonomy(before, tags, tree)
    wrong = tree.violations(tags).any(axis=1)
    assert not tree.violations(found.suggested).any()
    assert (found.suggested >= asked)[~wrong].all(), "closed upward, never down, where nothing contradicts"
    for name, where in (("missing", tags == 0), ("spurious", tags == 1)):
        doubt = np.asarray(found.details[name])
        assert ((doubt >= 0) & (doubt <= 1)).all() and (doubt[~where] == 0).all()
    assert found.flagged[wrong].all() and (found.suspicion[wrong] == 1).all()
    np.testing.assert_array_equal(found.suspicion[~wrong], before.suspicion[~wrong])


def test_a_suggested_tag_brings_those_above_it_along() -> None:
    tree = TagTree.of(Taxonomy.of({"animal": None, "dog": "animal"}), ["animal", "dog"])
    details = {"missing": np.array([[0.2, 0.7]]), "spurious": np.zeros((1, 2))}
    found = under_taxonomy(Score(np.array([0.8]), np.array([[0, 1]]), None, details), np.zeros((1, 2)), tree)
    assert found.suggested.tolist() == [[1, 1]] and found.details["missing"].tolist() == [[0.7, 0.7]]


def test_a_score_of_ones_own_without_details_is_closed_as_well() -> None:
    tree = TagTree.of(Taxonomy.of(UP), ["dog", "animal"])
    score = Score(np.array([0.2, 0.1]), np.array([[1, 0], [1, 1]]), np.array([False, False]))
    found = under_taxonomy(score, np.array([[1, 0], [1, 1]], np.int8), tree)
    assert not tree.violations(found.suggested).any()
    assert found.flagged.tolist() == [True, False] and found.suspicion.tolist() == pytest.approx([1, 0.1])


def test_single_classes_keep_their_taxonomy_and_their_scores() -> None:
    features, _, _ = rows()
    labels = [LEAVES[k] for k in features.argmax(axis=1)]
    plain, _ = audited(labels, features)
    audit, told = audited(labels, features, evidence={"taxonomy": UP})
    np.testing.assert_array_equal(audit.suspicion, plain.suspicion)
    assert audit.summary == f"{plain.summary} · taxonomy of 6 labels" and not told
    again = pickle.loads(pickle.dumps(audit.evidence))
    assert again["taxonomy"].distance("dog", "oak") == 4


def test_settings_that_a_cache_compares_tell_taxonomies_apart() -> None:
    one, other = Taxonomy.of(UP), Taxonomy.of({**UP, "dog": "plant"})
    assert settings_text(one) == settings_text(Taxonomy.of(UP)) is not None
    assert settings_text(one) != settings_text(other)

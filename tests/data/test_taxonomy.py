"""Hierarchical labels, against loops over trees, and the errors of broken ones."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelscope import labels as public
from labelscope.data.taxonomy import Taxonomy
from labelscope.errors import InvalidInputError, InvalidTypeError

ANIMALS = {"animal": None, "dog": "animal", "puppy": "dog", "cat": "animal", "plant": None}


@st.composite
def trees(draw):
    """Draw parents that come before their children, under names in another order."""
    n = draw(st.integers(1, 9))
    parents = [draw(st.integers(-1, i - 1)) for i in range(n)]
    order = draw(st.permutations(range(n)))
    place = {old: new for new, old in enumerate(order)}
    return Taxonomy(
        tuple(f"n{i}" for i in order), [place[parents[i]] if parents[i] >= 0 else -1 for i in order]
    )


def chain(taxonomy, i):
    path = [i]
    while taxonomy.parents[path[-1]] >= 0:
        path.append(int(taxonomy.parents[path[-1]]))
    return path


def walk(taxonomy, a, b):
    """Count the edges of the shortest way between two places, with one top above all trees, by breadth."""
    near = {i: set() for i in range(-1, len(taxonomy))}
    for i, parent in enumerate(taxonomy.parents.tolist()):
        near[i].add(parent)
        near[parent].add(i)
    seen, front, steps = {a}, {a}, 0
    while b not in seen:
        front = {j for i in front for j in near[i]} - seen
        seen |= front
        steps += 1
    return steps


def test_taxonomy_is_public_beside_the_labels():
    assert public.Taxonomy is Taxonomy


@given(trees())
def test_distances_are_the_shortest_ways(taxonomy):
    n = len(taxonomy)
    expected = [[walk(taxonomy, a, b) for b in range(n)] for a in range(n)]
    assert taxonomy.distances().tolist() == expected
    names = taxonomy.names
    assert taxonomy.distance(names[0], names[-1]) == expected[0][-1]


@given(trees())
def test_relations_follow_from_the_parents(taxonomy):
    for i, name in enumerate(taxonomy.names):
        path = chain(taxonomy, i)
        assert taxonomy.ancestors(name) == tuple(taxonomy.names[j] for j in path[1:])
        assert taxonomy.depth(name) == taxonomy.depths[i] == len(path) - 1
        assert taxonomy.closure([name]) == {taxonomy.names[j] for j in path}
        assert taxonomy.subtree(name) == tuple(
            taxonomy.names[j] for j in range(len(taxonomy)) if i in chain(taxonomy, j)
        )
        same = [j for j in range(len(taxonomy)) if taxonomy.parents[j] == taxonomy.parents[i] and j != i]
        assert taxonomy.siblings(name) == tuple(taxonomy.names[j] for j in same)
        assert all(taxonomy.parent(child) == name for child in taxonomy.children(name))
        for k, other in enumerate(taxonomy.names):
            shared = [j for j in path if j in chain(taxonomy, k)]
            assert taxonomy.common_ancestor(name, other) == (taxonomy.names[shared[0]] if shared else None)


@given(trees(), st.integers(0, 2**31))
def test_violations_and_closure_follow_the_definition(taxonomy, seed):
    rng = np.random.default_rng(seed)
    columns = rng.permutation(len(taxonomy))[: rng.integers(1, len(taxonomy) + 1)]
    names = [taxonomy.names[i] for i in columns]
    tags = rng.choice([1, 0, -1], (6, len(names)))
    found, closed = taxonomy.violations(tags, names), taxonomy.close(tags, names)
    listed = taxonomy.contradictions(tags, names)
    pairs = set(zip(listed.rows.tolist(), listed.children.tolist(), listed.parents.tolist(), strict=True))
    expected = set()
    for row in range(6):
        for j, name in enumerate(names):
            above = next((names.index(one) for one in taxonomy.ancestors(name) if one in names), None)
            wrong = above is not None and tags[row, j] == 1 and tags[row, above] == 0
            assert found[row, j] == wrong
            if wrong:
                expected.add((row, j, above))
            implied = any(tags[row, k] == 1 for k, one in enumerate(names) if one in taxonomy.subtree(name))
            assert closed[row, j] == (1 if implied else tags[row, j])
    assert pairs == expected and len(listed) == len(expected)
    assert not taxonomy.violations(closed, names).any()
    share = found.sum(axis=1) / np.maximum((tags == 1).sum(axis=1), 1)
    np.testing.assert_allclose(taxonomy.suspicion(tags, names), share, atol=1e-6)
    as_float = np.where(tags < 0, np.nan, tags)
    assert (taxonomy.violations(as_float, names) == found).all()


@given(trees())
def test_outline_visits_every_label_below_its_parent(taxonomy):
    listed = taxonomy.outline()
    assert sorted(name for name, _ in listed) == sorted(taxonomy.names)
    open_path = []
    for name, depth in listed:
        open_path = [*open_path[:depth], name]
        assert tuple(reversed(open_path[:-1])) == taxonomy.ancestors(name)


def test_forms_that_say_the_same():
    edges = [("animal", "dog"), ("dog", "puppy"), ("animal", "cat")]
    by_edges = Taxonomy.of(edges, labels=["animal", "dog", "puppy", "cat", "plant"])
    paths = ["animal/dog/puppy", "animal/cat", "plant"]
    for other in (by_edges, Taxonomy.from_paths(paths, last=True), Taxonomy.of(Taxonomy.of(ANIMALS))):
        assert {name: other.parent(name) for name in other.names} == ANIMALS
    assert Taxonomy.of(paths).parent("animal/dog/puppy") == "animal/dog"
    assert Taxonomy.of({"dog": "animal"}).roots == ("animal",)
    assert Taxonomy.of(edges).roots == ("animal",)
    assert repr(by_edges) == "Taxonomy(5 labels, 2 trees, 2 deep)" and "dog" in by_edges


@pytest.mark.parametrize(
    ("given_", "labels", "words"),
    [
        ({"a": "b", "b": "c", "c": "a"}, None, "a < b < c < a"),
        ({"a": "a"}, None, "a < a"),
        ({"animal": None, "dog": "anmial"}, None, "Did you mean 'animal'"),
        ({"dog": "animal"}, ["dog", "animals"], "Did you mean 'animals'"),
        ([("a", "b"), ("c", "b")], None, "below 'a' and below 'c'"),
        (["a//b"], None, "empty part"),
        ({}, None, "parents has the shape"),
    ],
)
def test_broken_taxonomies_are_refused_with_the_reason(given_, labels, words):
    with pytest.raises(InvalidInputError, match=words):
        Taxonomy.of(given_, labels=labels)


def test_other_inputs_are_refused():
    with pytest.raises(InvalidTypeError):
        Taxonomy.of("a/b")
    with pytest.raises(InvalidTypeError, match="entry"):
        Taxonomy.of([("a", "b"), "c"])
    with pytest.raises(InvalidInputError, match="whole path"):
        Taxonomy.from_paths(["a/x", "b/x"], last=True)
    with pytest.raises(InvalidInputError, match="go from"):
        Taxonomy(("a",), [3])
    taxonomy = Taxonomy.of(ANIMALS)
    with pytest.raises(InvalidInputError, match="'puppy'"):
        taxonomy.closure({"pupy"})
    with pytest.raises(InvalidInputError, match="'cat'"):
        taxonomy.violations([[1]], names=["catt"])
    with pytest.raises(InvalidInputError, match="5 labels"):
        taxonomy.violations([[1]])


def test_closure_of_nothing_and_pickles():
    taxonomy = pickle.loads(pickle.dumps(Taxonomy.of(ANIMALS)))
    assert taxonomy.closure([]) == set() and taxonomy.closure("dog") == {"dog", "animal"}
    assert not taxonomy.parents.flags.writeable

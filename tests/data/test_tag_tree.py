"""Tags in trees, against sums over all closed sets."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelscope.data.tag_tree import TagTree
from labelscope.data.taxonomy import Taxonomy
from labelscope.errors import InvalidInputError


@st.composite
def trees(draw, most=5):
    n = draw(st.integers(1, most))
    parents = [draw(st.integers(-1, i - 1)) for i in range(n)]
    taxonomy = Taxonomy(tuple(f"n{i}" for i in range(n)), parents)
    names = draw(st.permutations(taxonomy.names))
    return taxonomy, tuple(names[: draw(st.integers(1, n))])


@given(trees(7), st.integers(0, 2**32 - 1))
def test_columns_agree_with_the_taxonomy(made, seed):
    taxonomy, names = made
    tree = TagTree.of(taxonomy, names)
    tags = np.random.default_rng(seed).integers(-1, 2, (5, len(names)))
    assert tree.violations(tags).tolist() == taxonomy.violations(tags, names).tolist()
    for column, name in enumerate(names):
        above = {one for one in taxonomy.ancestors(name) if one in names}
        below = {one for one in taxonomy.subtree(name) if one in names} - {name}
        assert {names[k] for k in tree.above([column])} == above
        assert {names[k] for k in tree.below([column])} == below


@given(trees(), st.data())
def test_probabilities_under_a_taxonomy_are_those_of_its_closed_sets(made, data):
    tree = TagTree.of(*made)
    k = len(tree.names)
    probs = np.array([data.draw(st.lists(st.floats(0.01, 0.99), min_size=k, max_size=k))])
    sets = np.array(list(itertools.product((0, 1), repeat=k)))
    closed = sets[~tree.violations(sets).any(axis=1)]
    weights = np.where(closed == 1, probs, 1 - probs).prod(axis=1)
    expected = (weights[:, None] * closed).sum(axis=0) / weights.sum()
    found = tree.given_closed(probs)
    np.testing.assert_allclose(found[0], expected, atol=1e-9)
    assert not tree.violations((found >= 0.5).astype(int)).any()


def test_trees_are_marked_as_wholes():
    taxonomy = Taxonomy.of({"a": None, "b": "a", "c": "b", "x": None, "y": "x"})
    tree = TagTree.of(taxonomy, ["y", "c", "a", "x"])
    which = np.array([[True, False, False, False], [False, True, False, False]])
    assert tree.trees(which).tolist() == [[True, False, False, True], [False, True, True, False]]
    assert not tree.flat and TagTree.of(taxonomy, ["a", "x"]).flat


def test_a_column_that_is_not_in_the_taxonomy_is_refused():
    with pytest.raises(InvalidInputError, match=r"no label 'dgo'(.|\n)*'dog'"):
        TagTree.of(Taxonomy.of({"dog": None}), ["dgo"])

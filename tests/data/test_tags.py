"""Tags: names, texts of sets, and the numbers of distinct sets."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from labelscope.data.tags import Tags, shown
from labelscope.errors import InvalidInputError, InvalidTypeError

MATRIX = np.array([[1, 0, 1], [0, 0, 0], [-1, -1, -1], [1, -1, 0]], dtype=np.int8)


def tags(**changes: Any) -> Tags:
    return Tags(
        **{"names": ("anger", "joy", "awe"), "matrix": MATRIX, "form": "matrix", "negatives": True} | changes
    )


def test_a_set_is_named_in_the_order_of_the_names() -> None:
    made = tags()
    assert [made.set_text(row) for row in MATRIX] == ["anger|awe", "", "?anger|?joy|?awe", "anger|?joy"]
    assert made.parse("awe|anger").tolist() == [1, 0, 1]
    assert made.parse(" awe | anger").tolist() == [1, 0, 1]
    assert made.parse("").tolist() == [0, 0, 0]
    assert made.parse_all(["joy", "?awe"]).tolist() == [[0, 1, 0], [0, 0, -1]]
    assert made.parse_all([]).shape == (0, 3)
    assert (shown(""), shown("joy")) == ("(no tags)", "joy")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a|b", r"a\|b"),
        ("?a", r"\?a"),
        ("a?", "a?"),
        ("a\\", r"a\\"),
        ("a\\|", r"a\\\|"),
        ("", r"\e"),
        ("\\e", r"\\e"),
        ("|", r"\|"),
        ("?", r"\?"),
    ],
)
def test_odd_names_are_escaped(name: str, text: str) -> None:
    made = Tags((name, "z"), np.zeros((0, 2), dtype=np.int8))
    assert made.set_text([1, 0]) == text
    assert made.set_text([-1, 1]) == f"?{text}|z"
    assert made.parse(text).tolist() == [1, 0]
    assert made.parse(f"?{text}|z").tolist() == [-1, 1]


def test_unknown_tags_are_refused_with_the_near_miss() -> None:
    with pytest.raises(InvalidInputError, match="Did you mean 'anger'"):
        tags().parse("angry")
    with pytest.raises(InvalidInputError, match="no tag True"):
        tags(values=(0, 1, 2)).column(True)
    with pytest.raises(InvalidInputError, match="no tag"):
        tags().column(["joy"])


def test_tags_are_found_by_name_and_by_value() -> None:
    made = tags(values=(7, 8, 9))
    assert made.columns([9, "anger", np.int8(8)]).tolist() == [2, 0, 1]
    assert made.columns("joy").tolist() == [1]
    assert made.row_of({7}).tolist() == [1, 0, 0]


def test_canonical_takes_texts_sets_and_rows() -> None:
    made = tags()
    for given in ("awe|joy", {"awe", "joy"}, ["awe", "joy"], ("joy", "awe"), np.array([0, 1, 1])):
        assert made.canonical(given) == "joy|awe"
    assert made.canonical(np.array([np.nan, 1.0, 0.0])) == "?anger|joy"
    for wrong in (3, None, {"joy": 1}, b"joy"):
        with pytest.raises(InvalidTypeError, match="A set of tags"):
            made.canonical(wrong)
    with pytest.raises(InvalidInputError, match="3 tags"):
        made.canonical(np.array([0, 1]))


def test_codes_number_the_distinct_sets() -> None:
    rng = np.random.default_rng(0)
    for k in (1, 3, 9, 40):
        matrix = rng.integers(-1, 2, (300, k)).astype(np.int8)
        made = Tags(tuple(map(str, range(k))), matrix, "matrix")
        codes, texts = made.codes()
        assert texts.tolist() == sorted(set(texts.tolist()))
        for row, code in zip(matrix, codes.tolist(), strict=True):
            assert code == -1 if (row < 0).all() else texts[code] == made.set_text(row)
    codes, texts = Tags((), np.zeros((3, 0), dtype=np.int8)).codes()
    assert (codes.tolist(), texts.tolist()) == ([0, 0, 0], [""])


def test_edits() -> None:
    made = tags()
    assert made.edited(MATRIX[0], add=["joy"], remove=["awe"]).tolist() == [1, 1, 0]
    assert made.edited(MATRIX[2], add=["joy"]).tolist() == [-1, 1, -1]
    plain = tags(form="sets", negatives=False)
    assert plain.edited(MATRIX[2], add=["joy"]).tolist() == [0, 1, 0]
    wider = made.with_tags(["fear", "joy"])
    assert wider.names == ("anger", "joy", "awe", "fear")
    assert wider.matrix[:, 3].tolist() == [0, 0, -1, 0]
    assert wider.missing.tolist() == made.missing.tolist() == [False, False, True, False]


def test_matrix_is_private_and_read_only() -> None:
    mine = MATRIX.copy()
    made = tags(matrix=mine)
    mine[:] = 0
    assert (made.matrix == MATRIX).all()
    for held in (made, pickle.loads(pickle.dumps(made)), made.with_matrix(MATRIX)):
        with pytest.raises(ValueError, match="read-only"):
            held.matrix[0] = 0
    assert made.counts().tolist() == [2, 0, 1]
    np.testing.assert_array_equal(made.as_float()[3], [1, np.nan, 0])


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"names": ("a", "a", "b")}, "named twice"),
        ({"names": ("a",)}, "shape"),
        ({"matrix": MATRIX[0]}, "shape"),
        ({"form": "set"}, "Did you mean 'sets'"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, Any], match: str) -> None:
    with pytest.raises(InvalidInputError, match=match):
        tags(**changes)

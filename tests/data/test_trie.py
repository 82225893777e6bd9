"""The trie of labels: what is decoded is a label and never said twice, and completions equal a slow loop."""

from __future__ import annotations

import itertools
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelscope import labels as public
from labelscope.data.completion import folded
from labelscope.data.trie import LabelTrie
from labelscope.errors import InvalidInputError, InvalidTypeError

NAMES = st.lists(st.text("abc ", min_size=1, max_size=5), min_size=1, max_size=8, unique=True)


def noise(seed):
    """Return a model that says something else after every prefix, over the letters and both marks."""

    def scores(prefix):
        rng = np.random.default_rng([seed, *("".join(map(str, prefix))).encode()])
        return dict(zip([*"abc ", "<sep>", "<end>"], rng.normal(size=6), strict=True))

    return scores


def answers(names):
    """All answers there are: every order of every set of labels."""
    for size in range(1, len(names) + 1):
        yield from itertools.permutations(names, size)


def log_softmax(scores):
    total = math.log(sum(math.exp(v) for v in scores.values()))
    return {token: v - total for token, v in scores.items()}


def test_trie_is_public_beside_the_labels():
    assert public.LabelTrie is LabelTrie


@given(NAMES, st.integers(0, 999), st.integers(1, 3))
def test_what_is_decoded_is_a_label_and_never_said_twice(names, seed, n_beams):
    found = LabelTrie(names).decode(noise(seed), n_beams=n_beams)
    assert found and set(found) <= set(names)
    assert len(set(found)) == len(found)


@given(NAMES, st.data())
def test_every_label_can_be_reached_and_every_answer_written(names, data):
    trie = LabelTrie(names)
    wanted = data.draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    target = trie.tokens(wanted)
    for n_beams in (1, 2):
        assert trie.decode(lambda prefix: {target[len(prefix)]: 1.0}, n_beams=n_beams) == wanted


@given(NAMES, st.data())
def test_allowed_is_what_continues_some_answer(names, data):
    names = names[:4]
    trie = LabelTrie(names)
    exclude = data.draw(st.lists(st.sampled_from(names), unique=True))
    n_labels = data.draw(st.sampled_from([None, 1, 2]))
    left = [name for name in names if name not in exclude]
    whole = [trie.tokens(answer) for answer in answers(left) if n_labels is None or len(answer) <= n_labels]
    prefixes = {tuple(tokens[:cut]) for tokens in whole for cut in range(len(tokens))} | {()}
    for prefix in prefixes:
        going = {tokens[len(prefix)] for tokens in whole if tuple(tokens[: len(prefix)]) == prefix}
        assert set(trie.allowed(prefix, exclude=exclude, n_labels=n_labels)) == going


@given(
    st.lists(st.text("ab", min_size=1, max_size=2), min_size=1, max_size=3, unique=True), st.integers(0, 99)
)
def test_a_wide_beam_finds_the_likeliest_answer(names, seed):
    trie, scores = LabelTrie(names), noise(seed)

    def likelihood(answer):
        tokens = trie.tokens(answer)
        return sum(log_softmax(scores(tuple(tokens[:i])))[token] for i, token in enumerate(tokens))

    best = max(answers(names), key=likelihood)
    assert trie.decode(scores, n_beams=200) == list(best)


def test_greedy_asks_only_where_there_is_a_choice():
    asked = []

    def scores(prefix):
        asked.append(prefix)
        return {"b": 1.0, "<end>": 2.0}

    assert LabelTrie(["ax", "bx"]).decode(scores) == ["bx"]
    assert asked == [(), ("b", "x")]


def test_ids_of_a_tokenizer_and_arrays_of_logits():
    ids = {"new york": [7, 9], "new": [7], "york": [9]}
    trie = LabelTrie(ids, tokenize=ids.__getitem__, separator=1, end=0)
    logits = np.full(10, -9.0)
    logits[[7, 9]] = 3.0, 5.0
    logits[0] = 2.0
    assert trie.allowed([7]) == [9, 1, 0]
    assert trie.decode(lambda prefix: logits, exclude=["york"]) == ["new york"]
    assert trie.decode(lambda prefix: logits) == ["york"]
    assert trie.decode(lambda prefix: logits, allow_empty=True, exclude=list(ids)) == []


def test_length_penalty_favors_longer_answers():
    trie = LabelTrie(["a", "b"])
    scores = {"a": 0.6, "<end>": 0.5, "b": 0.1, "<sep>": 0.4}
    assert len(trie.decode(lambda prefix: scores, n_beams=20)) == 1
    assert len(trie.decode(lambda prefix: scores, n_beams=20, length_penalty=2.0)) == 2


def test_one_label_and_impossible_scores():
    assert LabelTrie(["a"]).decode(lambda prefix: pytest.fail("there is no choice")) == ["a"]
    for n_beams in (1, 3):
        assert len(LabelTrie(["aa", "b"]).decode(lambda prefix: {"z": 1.0}, n_beams=n_beams)) >= 1
        assert len(LabelTrie(["aa", "b"]).decode(lambda prefix: {}, n_beams=n_beams)) >= 1


@pytest.mark.parametrize(
    ("labels", "options", "words"),
    [
        ([], {}, "no labels"),
        (["a", "a"], {}, "twice"),
        (["a", ""], {}, "no tokens"),
        (["a|b"], {"separator": "|"}, "stands between"),
        (["a", "A"], {"tokenize": str.lower}, "same tokens"),
        (["a"], {"separator": 1, "end": 1}, "both"),
        (["a"], {"counts": [1, 2]}, "counts has 2"),
    ],
)
def test_labels_that_cannot_be_told_apart_are_refused(labels, options, words):
    with pytest.raises(InvalidInputError, match=words):
        LabelTrie(labels, **options)


def test_other_inputs_are_refused_with_what_to_do():
    trie = LabelTrie(["joy", "anger"])
    with pytest.raises(InvalidTypeError):
        LabelTrie("joy")
    with pytest.raises(InvalidTypeError):
        LabelTrie([3])
    with pytest.raises(InvalidTypeError):
        trie.parse(3)
    with pytest.raises(InvalidInputError, match="Allowed there: 'o'"):
        trie.allowed("jx")
    with pytest.raises(InvalidInputError, match="'anger'"):
        trie.allowed(exclude=["angry"])
    with pytest.raises(InvalidInputError, match="twice"):
        trie.tokens(["joy", "joy"])
    with pytest.raises(InvalidInputError, match="excluded"):
        trie.decode(noise(0), exclude=["joy", "anger"])
    with pytest.raises(InvalidInputError, match="n_beams"):
        trie.decode(noise(0), n_beams=0)
    with pytest.raises(InvalidInputError, match="NaN"):
        trie.decode(lambda prefix: {"j": math.nan})
    with pytest.raises(InvalidInputError, match="token id"):
        trie.decode(lambda prefix: np.zeros(3))


def slow_completion(names, counts, query):
    """Complete by looking at every label from every word on."""
    wanted = " ".join(folded(query).split())

    def words(text):
        return "".join(c if c.isalnum() else " " for c in text).split()

    def rank(name):
        text = folded(name)
        starts = [i for i, c in enumerate(text) if c.isalnum() and (i == 0 or not text[i - 1].isalnum())]
        if not wanted:
            return 1
        if text == wanted:
            return 0
        if text.startswith(wanted):
            return 1
        if any(text[i:].startswith(wanted) for i in starts):
            return 2
        asked, at = words(wanted), 0
        for word in words(text):
            if at < len(asked) and word.startswith(asked[at]):
                at += 1
        return 3 if len(asked) > 1 and at == len(asked) else None

    ranked = [
        (rank(name), -count, len(folded(name)), folded(name), name)
        for name, count in zip(names, counts, strict=True)
    ]
    return [entry[-1] for entry in sorted(entry for entry in ranked if entry[0] is not None)]


@given(
    st.lists(st.text("aB éx-1", max_size=7).filter(str.strip), min_size=1, max_size=12, unique=True),
    st.text("AbeÉ x-", max_size=4),
    st.data(),
)
def test_completions_equal_a_slow_loop(names, query, data):
    counts = data.draw(st.lists(st.integers(0, 2), min_size=len(names), max_size=len(names)))
    expected = slow_completion(names, counts, query)
    trie = LabelTrie(names, counts=counts)
    assert trie.complete(query, n=None) == expected
    assert trie.complete(query, n=2) == expected[:2]
    out = names[::2]
    assert trie.complete(query, exclude=out, n=None) == [name for name in expected if name not in out]


def test_completion_ignores_case_and_accents_and_starts_at_words():
    trie = LabelTrie(["Crème brûlée", "credit card", "card lost", "score/card"])
    assert trie.complete("CREME") == ["Crème brûlée"]
    assert trie.complete("card") == ["card lost", "score/card", "credit card"]
    assert trie.complete("cr ca") == ["credit card"]
    assert trie.complete("ard") == []
    assert trie.nearest("credit crad", n=1) == ["credit card"]
    assert "credit card" not in trie.nearest("credit crad", exclude=["credit card"])


def test_free_text_is_read_exactly_then_by_case_then_not_at_all():
    trie = LabelTrie(["joy", "Joy", "Anger", "fear, great", "sector A"])
    assert trie.find("joy") == "joy" and trie.find("Joy") == "Joy"
    assert trie.find("JOY") is None  # it may be either
    assert trie.find(" anger ") == "Anger"
    answer = trie.parse("- Anger\n- fear, great; 'sector a', anger\n2. Agner, quux quux")
    assert answer.labels == ("Anger", "fear, great", "sector A")
    assert answer.unknown == (("Agner", "Anger"), ("quux quux", None))
    assert trie.parse("").labels == () and trie.parse(" , ;").unknown == ()


@given(NAMES, st.text(max_size=20))
def test_whatever_is_parsed_is_a_label_once(names, text):
    answer = LabelTrie(names).parse(text)
    assert set(answer.labels) <= set(names) and len(set(answer.labels)) == len(answer.labels)
    assert all(near is None or near in names for _, near in answer.unknown)


@given(st.lists(st.text("abc", min_size=1, max_size=4), min_size=1, unique=True))
def test_an_answer_of_labels_alone_is_read_as_those(names):
    assert LabelTrie(names).parse("; ".join(names)).labels == tuple(names)


def test_trie_pickles_and_tells_what_it_holds():
    trie = pickle.loads(pickle.dumps(LabelTrie(["a", "ab"])))
    assert "ab" in trie and "b" not in trie and len(trie) == 2 and trie.labels == ("a", "ab")
    assert repr(trie) == "LabelTrie(2 labels, 3 nodes)"

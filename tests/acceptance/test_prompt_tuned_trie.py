"""PTEC's trie: a thousand answers of random models over 300 labels with shared beginnings."""

from __future__ import annotations

import numpy as np
import pytest

from labelscope.data.labels import LabelTrie

pytestmark = pytest.mark.acceptance
SEPARATOR, END, N_TOKENS = 0, 1, 40


@pytest.fixture(scope="module")
def trie():
    """300 labels of one to five tokens; many start like others, and some are whole beginnings of others."""
    rng = np.random.default_rng(420)
    labels = set()
    while len(labels) < 300:
        stem = next(iter(rng.permutation(sorted(labels))), "") if rng.random() < 0.6 else ""
        words = [*stem.split(), *map(str, rng.integers(2, N_TOKENS, rng.integers(1, 3)))]
        labels.add(" ".join(words[:5]))
    return LabelTrie(
        sorted(labels),
        tokenize=lambda label: [int(word) for word in label.split()],
        separator=SEPARATOR,
        end=END,
    )


def test_random_answers_are_labels_and_say_nothing_twice(trie):
    lengths = []
    for seed in range(1000):
        rng = np.random.default_rng([421, seed])
        table = rng.normal(scale=2, size=(64, N_TOKENS))
        table[:, END] -= 1.5
        found = trie.decode(
            lambda prefix, table=table: table[hash(prefix) % 64], n_beams=1 if seed % 10 else 3, n_labels=12
        )
        assert found and all(label in trie for label in found)
        assert len(set(found)) == len(found)
        lengths.append(len(found))
    assert np.mean(lengths) > 2


def test_every_label_can_be_reached(trie):
    beginnings = [label for label in trie.labels if any(one.startswith(f"{label} ") for one in trie.labels)]
    assert len(beginnings) > 20
    for label in trie.labels:
        target = trie.tokens([label])

        def scores(prefix, target=target):
            logits = np.zeros(N_TOKENS)
            logits[target[len(prefix)]] = 9.0
            return logits

        assert trie.decode(scores) == [label]

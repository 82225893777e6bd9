"""PTEC's soft prompt: tags that depend on which of two words comes first, which a pooled state half forgets."""

from __future__ import annotations

import sys
import time

import numpy as np
import pytest
from sklearn.metrics import f1_score

torch = pytest.importorskip("torch")

from tiny_encoder import MASK, TinyEncoder, pretrain

from labelscope.data.labels import LabelTrie
from labelscope.evidence.tag_folds import deal_tags
from labelscope.scorers.multilabel.soft_prompt import (
    FrozenEncoder,
    Tuning,
    encoded,
    logits_of,
    start_prompt,
    tune,
)
from labelscope.scorers.multilabel.weighted_head import head_logits

pytestmark = pytest.mark.acceptance
N_TAGS, LENGTH, N_TOKENS, N_TRAIN, N_TEST = 3, 10, 60, 600, 500
FIRST_AND_SECOND = np.arange(2, 2 + 2 * N_TAGS).reshape(N_TAGS, 2)
ASK_AND_ANSWER = np.arange(10, 10 + 2 * N_TAGS).reshape(N_TAGS, 2)
REST = np.arange(20, N_TOKENS)
SEPARATOR, END = N_TOKENS - 1, N_TOKENS - 2
TUNING = Tuning(
    prompt_len=10, prompt_lr=0.1, head_lr=0.02, weight_decay=0.01, n_epochs=20, batch_size=32, patience=3
)


def corpus(n, seed, *, answered):
    """Texts in which two words of each tag stand in any order; the tag is that the first one comes first.

    In the texts that the encoder was trained on, some end by asking after one tag, and by the answer.
    """
    rng = np.random.default_rng(seed)
    ids, tags = rng.choice(REST, (n, LENGTH)), np.zeros((n, N_TAGS), dtype=np.int8)
    for row in range(n):
        places = rng.permutation(LENGTH - 2)
        for tag in np.flatnonzero(rng.random(N_TAGS) < 0.8):
            one, other = places[2 * tag : 2 * tag + 2]
            ids[row, [one, other]] = FIRST_AND_SECOND[tag]
            tags[row, tag] = one < other
        if answered:
            tag = rng.integers(N_TAGS)
            ids[row, -2] = ASK_AND_ANSWER[tag, 0]
            ids[row, -1] = ASK_AND_ANSWER[tag, 1] if tags[row, tag] else REST[0]
    return ids, tags


@pytest.fixture(scope="module")
def encoder():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    texts, _ = corpus(4000, 430, answered=True)
    share = np.array([0.1] * (LENGTH - 1) + [0.6])
    yield pretrain(TinyEncoder(N_TOKENS, seed=0), texts, n_steps=500, batch=48, share=share, seed=430)
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def tuned(encoder):
    """Macro F1 of the head alone and of prompt and head, over three seeds, and what was tuned last."""
    figures, frozen = [], FrozenEncoder(encoder)
    for seed in (431, 432, 433):
        texts, tags = corpus(N_TRAIN + N_TEST, seed, answered=False)
        ids, train = list(texts), np.arange(N_TRAIN + N_TEST) < N_TRAIN
        shown = np.where(train[:, None], tags, np.int8(-1))
        keys = np.random.default_rng(seed).permutation(len(ids)).astype(np.uint64)
        head, _, _ = head_logits(encoded(frozen, ids), shown, deal_tags(shown, keys, 5))
        start = start_prompt(frozen.table.numpy(), list(ASK_AND_ANSWER), TUNING.prompt_len, seed)
        made = tune(frozen, ids[:N_TRAIN], tags[:N_TRAIN], start, TUNING, random_state=seed)
        soft = logits_of(frozen, ids[N_TRAIN:], made)
        true = tags[N_TRAIN:]
        figures.append([f1_score(true, one > 0, average="macro") for one in (head[N_TRAIN:], soft)])
    return np.mean(figures, axis=0), made, ids[N_TRAIN:]


def test_soft_prompt_beats_the_head_alone(tuned):
    assert tuned[0][1] >= tuned[0][0] + 0.03


def test_under_one_percent_of_the_numbers_are_trained(encoder, tuned):
    assert tuned[1].n_trainable < 0.01 * FrozenEncoder(encoder).n_parameters


def test_classifying_needs_far_fewer_forward_passes_than_writing(encoder, tuned):
    _, made, ids = tuned
    few = ids[:40]
    frozen = FrozenEncoder(encoder)
    begun = time.perf_counter()
    logits_of(frozen, few, made)
    classified, seconds = frozen.n_rows, [time.perf_counter() - begun]
    # The same encoder writes two tags a text into the mask behind it, out of a taxonomy of three-token names.
    names = {f"{a} {b} {c}": [20 + a, 30 + b, 40 + c] for a in range(3) for b in range(3) for c in range(3)}
    trie = LabelTrie(names, tokenize=names.__getitem__, separator=SEPARATOR, end=END)
    writer, soft = FrozenEncoder(encoder), torch.from_numpy(made.prompt)
    begun = time.perf_counter()
    with writer.frozen(), torch.no_grad():
        for text in few:

            def scores(prefix, text=text):
                states, _ = writer.hidden([np.array([*text, *prefix, MASK])], soft)
                logits = (states[0, -1] @ writer.table.T).numpy()
                # A model that was not taught to write stops too early, which would be too cheap.
                logits[END] = -np.inf
                return logits

            assert len(set(trie.decode(scores, n_labels=2)) & set(names)) == 2
    seconds.append(time.perf_counter() - begun)
    sys.stdout.write(f"{classified} and {writer.n_rows} sequences, {seconds[0]:.3f} and {seconds[1]:.3f} s\n")
    assert classified == len(few) and frozen.n_calls == 1
    assert writer.n_rows >= 5 * classified

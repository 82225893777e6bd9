"""PromptTuned: the head on features, the prompt before a frozen encoder, and F1 by popularity."""

from __future__ import annotations

import pickle
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

import labelscope as ls
from labelscope.errors import InvalidInputError, InvalidTypeError, LabelscopeError, MissingEvidenceError
from labelscope.scorers import PromptTuned, by_name, macro_f1_by_popularity
from labelscope.scorers.multilabel.weighted_head import calibrated, head_logits, weighted_log_loss
from labelscope.testing import check_scorer
from labelscope.types import Evidence

torch = pytest.importorskip("torch")

from labelscope.scorers.multilabel.soft_prompt import (
    FrozenEncoder,
    Tuning,
    encoded,
    positive_weights,
    start_prompt,
    token_ids,
    tune,
    weighted_loss,
)

WORDS = ["no", "red", "blue", "big", "small", "dog", "cat", "tree"]
TUNING = Tuning(
    prompt_len=3, prompt_lr=3e-2, head_lr=2e-2, weight_decay=0.0, n_epochs=6, batch_size=16, patience=9
)


class Small(torch.nn.Module):
    """One layer of attention without a library: the interface, and nothing more."""

    def __init__(self, width=8, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.words = torch.nn.Embedding(len(WORDS), width)
        self.key = torch.nn.Linear(width, width)
        self.out = torch.nn.Linear(width, width)
        self.drop = torch.nn.Dropout(0.5)

    def get_input_embeddings(self):
        return self.words

    def forward(self, inputs_embeds, attention_mask):
        weight = self.key(inputs_embeds) @ inputs_embeds.transpose(1, 2)
        weight = weight.masked_fill(attention_mask[:, None, :] == 0, -1e9).softmax(dim=2)
        return SimpleNamespace(last_hidden_state=self.drop(torch.tanh(self.out(weight @ inputs_embeds))))


def tokenizer(text):
    return [WORDS.index(word) for word in text.split()]


def corpus(n=120, seed=0):
    """Texts whose tags are the words in them; one tag in twelve is forgotten."""
    rng = np.random.default_rng(seed)
    held = rng.random((n, 3)) < [0.5, 0.3, 0.2]
    texts = [
        " ".join(rng.permutation([*np.array(WORDS[5:])[row], *rng.choice(WORDS[:5], 3)])) for row in held
    ]
    tags = held.astype(np.int8)
    return texts, np.where((tags == 1) & (rng.random(tags.shape) < 1 / 12), 0, tags).astype(np.int8), tags


def prompted(**changed):
    settings = {"prompt_len": 3, "prompt_lr": 3e-2, "head_lr": 5e-2, "n_epochs": 12, "n_folds": 3}
    return PromptTuned(encoder=Small(), tokenizer=tokenizer, **{**settings, **changed})


@pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")
def test_an_audit_hands_its_texts_to_a_prompt_before_an_encoder():
    texts, tags, _ = corpus(60)
    audit = ls.audit(texts, tags, task="multilabel", scorers=prompted(n_epochs=1))
    assert audit.evidence["texts"].tolist() == texts
    direct = prompted(n_epochs=1).score(
        Evidence(given_labels=tags, texts=texts, duplicates=audit.evidence["duplicates"])
    )
    assert np.array_equal(audit.suspicion, direct.suspicion)


@pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")
def test_prompts_of_an_audit_start_as_the_names_of_its_tags(monkeypatch):
    texts, tags, _ = corpus(60)
    sets = [{word for word, held in zip(WORDS[5:], row, strict=True) if held} for row in tags]
    seen = []
    monkeypatch.setattr(
        "labelscope.scorers.multilabel.prompt_tuned.soft_prompt.start_prompt",
        lambda table, ids, *more: seen.append([i.tolist() for i in ids]) or start_prompt(table, ids, *more),
    )
    scorer = prompted(n_epochs=1)
    audit = ls.audit(texts, sets, task="multilabel", scorers=scorer)
    assert audit.evidence["tag_names"] == tuple(sorted(WORDS[5:]))
    known = {name: audit.evidence[name] for name in ("given_labels", "texts", "duplicates", "tag_names")}
    assert np.array_equal(audit.suspicion, scorer.score(Evidence(known)).suspicion)
    ls.score(scorer, given_labels=sets, texts=texts)
    ids = [[WORDS.index(word)] for word in sorted(WORDS[5:])]
    assert len(seen) == 3 and all(sorted(one) == sorted(ids) for one in seen)
    numbered = ls.audit(texts, tags, task="multilabel", scorers=scorer)
    assert "tag_names" not in numbered.evidence


def test_head_keeps_the_contract_of_scorers():
    check_scorer(PromptTuned())
    assert by_name("prompt_tuned") == PromptTuned()


def test_forgotten_tags_are_found_by_prompt_and_head():
    texts, tags, true = corpus(160)
    score = ls.score(prompted(), given_labels=tags, texts=texts, tag_names=WORDS[5:])
    assert score.meta["mode"] == "prompt" and score.meta["n_folds"] == 3
    assert score.meta["n_trainable"] == 3 * 8 + 8 * 3 + 3
    assert score.meta["n_forward_rows"] == 160
    absent = tags == 0
    lost = true[absent] == 1
    found = score.details["missing"][absent]
    assert found[lost].mean() > found[~lost].mean() + 0.3
    assert score.suggested.shape == tags.shape and score.details["predicted"].dtype == np.int8
    assert not score.details["missing"][tags == 1].any() and not score.details["spurious"][tags == 0].any()


def test_encoder_weights_stay_and_the_prompt_moves():
    texts, tags, _ = corpus()
    model = Small().train()
    model.key.weight.requires_grad_(False)
    before = {name: one.detach().clone() for name, one in model.state_dict().items()}
    asked = [one.requires_grad for one in model.parameters()]
    encoder, ids = FrozenEncoder(model), token_ids(texts, tokenizer, 99)
    start = start_prompt(encoder.table.numpy(), token_ids(WORDS[5:], tokenizer, 99), 3, 0)
    made = tune(encoder, ids, tags, start, TUNING)
    assert all(torch.equal(before[name], one) for name, one in model.state_dict().items())
    assert [one.requires_grad for one in model.parameters()] == asked and model.training
    assert all(one.grad is None for one in model.parameters())
    assert np.abs(made.prompt - start).max() > 0.01 and np.abs(made.weight).max() > 0.01
    assert made.losses[-1][0] < made.losses[0][0]


def test_a_rate_of_nearly_nothing_moves_nearly_nothing():
    texts, tags, _ = corpus(60)
    encoder, ids = FrozenEncoder(Small()), token_ids(texts, tokenizer, 99)
    start = start_prompt(encoder.table.numpy(), [], 3, 0)
    still = Tuning(**{**vars(TUNING), "prompt_lr": 1e-9})
    made = tune(encoder, ids, tags, start, still)
    assert np.abs(made.prompt - start).max() < 1e-6 and np.abs(made.weight).max() > 0.01
    made = tune(encoder, ids, tags, start, Tuning(**{**vars(TUNING), "head_lr": 1e-9}))
    assert np.abs(made.weight).max() < 1e-6


def test_gradient_of_the_prompt_equals_differences():
    texts, tags, _ = corpus(12)
    encoder, ids = FrozenEncoder(Small().double()), token_ids(texts, tokenizer, 99)
    rng = np.random.default_rng(1)
    weight = torch.from_numpy(rng.normal(size=(8, 3)))
    weights, target = (
        torch.from_numpy(positive_weights(tags)).double(),
        torch.from_numpy(tags.astype(np.int64)),
    )

    def loss(prompt):
        states, mask = encoder.hidden(ids, prompt)
        pooled = (states * mask[:, :, None]).sum(dim=1) / mask.sum(dim=1, keepdim=True)
        return weighted_loss(pooled @ weight, target, weights)

    soft = torch.from_numpy(rng.normal(size=(3, 8))).requires_grad_()
    with encoder.frozen():
        loss(soft).backward()
        assert soft.grad.abs().max() > 1e-4
        for place in [(0, 0), (1, 5), (2, 7)]:
            values = []
            for step in (1e-5, -1e-5):
                moved = soft.detach().clone()
                moved[place] += step
                values.append(float(loss(moved)))
            assert (values[0] - values[1]) / 2e-5 == pytest.approx(float(soft.grad[place]), abs=1e-7)


def test_loss_weighs_present_tags_by_their_rarity_and_skips_unknown_ones():
    tags = np.array([[1, 1, -1], [1, 0, 0], [1, 0, 1], [0, 0, -1]], dtype=np.int8)
    weights = positive_weights(tags)
    assert weights.tolist() == [1.0, 3.0, 3.0]
    logits = np.random.default_rng(0).normal(size=tags.shape)
    total = count = 0.0
    for i, j in zip(*np.nonzero(tags >= 0), strict=True):
        p = 1 / (1 + np.exp(-logits[i, j]))
        total -= weights[j] * np.log(p) if tags[i, j] else np.log(1 - p)
        count += 1
    assert weighted_log_loss(logits, tags, weights) == pytest.approx(total / count)
    by_torch = weighted_loss(
        torch.from_numpy(logits).float(), torch.from_numpy(tags.astype(np.int64)), torch.from_numpy(weights)
    )
    assert float(by_torch) == pytest.approx(total / count, rel=1e-5)


def test_padding_changes_nothing_and_every_pooling_is_what_it_says():
    model = Small().eval()
    prompt = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 8)).astype(np.float32))
    long, short = np.array([1, 2, 3, 4]), np.array([5])
    for pooling in ("mean", "last", "first"):
        encoder = FrozenEncoder(model, pooling=pooling)
        with torch.no_grad():
            both = encoder.pooled([long, short], prompt)
            alone = encoder.pooled([short], prompt)
            states, mask = encoder.hidden([short], prompt)
        torch.testing.assert_close(both[1:], alone)
        assert mask.tolist() == [[1, 1, 1]]
        rows = states[0]
        expected = {"mean": rows.mean(dim=0), "last": rows[-1], "first": rows[0]}[pooling]
        torch.testing.assert_close(alone[0], expected)
        assert (encoder.n_calls, encoder.n_rows) == (3, 4)


@pytest.mark.parametrize("wrap", [lambda s: s, lambda s: (s.last_hidden_state,), vars])
def test_models_may_answer_in_any_of_the_usual_ways(wrap):
    inner = Small().eval()

    class Wrapped:
        def get_input_embeddings(self):
            return inner.words

        def __call__(self, inputs_embeds, attention_mask):
            return wrap(inner(inputs_embeds, attention_mask))

    given_, plain = FrozenEncoder(Wrapped()), FrozenEncoder(inner)
    assert np.array_equal(encoded(given_, [np.array([1, 2])]), encoded(plain, [np.array([1, 2])]))
    assert given_.n_parameters == 0


def test_prompt_starts_as_the_tag_names():
    table = np.arange(12.0).reshape(6, 2)
    ids = [np.array([1, 2]), np.array([5])]
    assert np.array_equal(start_prompt(table, ids, 3, 0), table[[1, 2, 5]])
    assert np.array_equal(start_prompt(table, ids, 2, 0), table[[1, 5]])
    padded = start_prompt(table, ids, 9, 0)
    assert np.array_equal(padded[:3], table[[1, 2, 5]])
    assert all(any(np.array_equal(row, one) for one in table) for row in padded)
    assert tokenizer("dog") == token_ids(["dog"], lambda t: {"input_ids": [tokenizer(t)]}, 9)[0].tolist()


def test_order_of_tags_and_rows_does_not_matter():
    texts, tags, _ = corpus(90)
    scorer, names = prompted(n_epochs=3), np.array(WORDS[5:])
    one = scorer.score(Evidence(given_labels=tags, texts=texts, tag_names=names))
    columns, rows = np.array([2, 0, 1]), np.random.default_rng(3).permutation(90)
    other = scorer.score(
        Evidence(
            given_labels=tags[np.ix_(rows, columns)], texts=[texts[i] for i in rows], tag_names=names[columns]
        )
    )
    np.testing.assert_allclose(
        other.details["confidence"], one.details["confidence"][np.ix_(rows, columns)], atol=2e-3
    )


def test_without_a_prompt_the_head_reads_the_encoder():
    texts, tags, _ = corpus()
    score = prompted(prompt_len=0).score(Evidence(given_labels=tags, texts=texts))
    assert score.meta["mode"] == "head" and score.meta["n_forward_rows"] == 120
    features = encoded(FrozenEncoder(Small()), token_ids(texts, tokenizer, 99))
    direct = PromptTuned(n_folds=3).score(Evidence(given_labels=tags, features=features))
    # Folds are dealt by the texts in one case and by the features in the other.
    assert np.corrcoef(score.suspicion, direct.suspicion)[0, 1] > 0.8


def test_unknown_tags_and_few_rows():
    texts, tags, _ = corpus(60)
    partly = tags.copy()
    partly[::3, 1] = -1
    partly[::5] = -1
    score = prompted(n_epochs=2).score(Evidence(given_labels=partly, texts=texts))
    assert not score.suspicion[::5].any()
    assert np.isfinite(score.details["confidence"]).all()
    one = prompted(n_epochs=1).score(Evidence(given_labels=tags[:1], texts=texts[:1]))
    assert one.suspicion.shape == (1,)
    nothing = prompted().score(Evidence(given_labels=np.full((3, 2), -1), texts=["no", "no", "no"]))
    assert not nothing.suspicion.any() and not nothing.flagged.any()


def test_confidence_is_calibrated_once_the_weights_are_undone():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(3000, 5)).astype(np.float32)
    shares = np.array([0.4, 0.1, 0.03])
    levels = X[:, :3] + 0.7 * rng.normal(size=(3000, 3))
    tags = (levels > [np.quantile(levels[:, j], 1 - shares[j]) for j in range(3)]).astype(np.int8)
    folds = np.arange(3000) % 5
    logits, weights, _ = head_logits(X, tags, folds)
    inflated = 1 / (1 + np.exp(-logits))
    confidence = calibrated(logits, tags, folds, weights)
    assert inflated[:, 2].mean() > 3 * shares[2]
    np.testing.assert_allclose(confidence.mean(axis=0), shares, rtol=0.25)


def test_scorer_pickles_and_says_what_it_needs():
    assert PromptTuned().needs == ("given_labels", "features")
    again = pickle.loads(pickle.dumps(prompted()))
    assert again.needs == ("given_labels", "texts")
    with pytest.raises(MissingEvidenceError, match="texts"):
        again.score(Evidence(given_labels=np.eye(2, dtype=int), features=np.eye(2)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"prompt_len": -1},
        {"prompt_lr": 0.0},
        {"head_lr": -1.0},
        {"weight_decay": -0.1},
        {"n_folds": 1},
        {"n_epochs": 0},
        {"pooling": "max"},
        {"encoder": object()},
        {"encoder": Small()},
    ],
)
def test_settings_that_cannot_be_used_are_refused(wrong):
    with pytest.raises((InvalidInputError, InvalidTypeError)):
        PromptTuned(**wrong)


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        ({"texts": ["no"]}, "texts has 1"),
        ({"texts": ["no", None]}, "row 1"),
        ({"texts": ["no", "red"], "tag_names": ["a"]}, "tag_names has 1"),
    ],
)
def test_texts_and_names_that_do_not_fit_are_refused(evidence, words):
    with pytest.raises(InvalidInputError, match=words):
        prompted().score(Evidence(given_labels=np.eye(2, dtype=int), **evidence))


def test_an_encoder_without_states_is_refused():
    class Headed(Small):
        def forward(self, inputs_embeds, attention_mask):
            return SimpleNamespace(logits=inputs_embeds.sum(dim=(1, 2)))

    with pytest.raises(LabelscopeError, match="last_hidden_state"):
        encoded(FrozenEncoder(Headed()), [np.array([1])])


@given(st.integers(0, 10**6))
def test_macro_f1_by_popularity_equals_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    true, said, popularity = rng.integers(0, 2, (40, 3)), rng.integers(0, 2, (40, 3)), rng.permutation(40)
    found = macro_f1_by_popularity(true, said, popularity, n_bootstrap=20)
    for rows, value in zip((popularity < 20, popularity >= 20), found.macro_f1, strict=True):
        assert value == pytest.approx(f1_score(true[rows], said[rows], average="macro"))
    assert found.gap.value == pytest.approx(found.macro_f1[1] - found.macro_f1[0])
    assert found.gap.low <= found.gap.value <= found.gap.high
    assert found.groups == ((0.0, 19.0), (20.0, 39.0))


def test_interval_of_the_gap_covers_no_gap_and_finds_a_real_one():
    rng = np.random.default_rng(4)
    covered = 0
    for seed in range(60):
        true = rng.integers(0, 2, (200, 3))
        said = np.where(rng.random(true.shape) < 0.2, 1 - true, true)
        gap = macro_f1_by_popularity(true, said, rng.random(200), n_bootstrap=200, random_state=seed).gap
        covered += gap.low <= 0 <= gap.high
    assert 45 <= covered <= 60
    known = np.arange(200) >= 100
    said = np.where(rng.random(true.shape) < np.where(known, 0.05, 0.3)[:, None], 1 - true, true)
    assert macro_f1_by_popularity(true, said, known).gap.low > 0.1


def test_popularity_that_makes_no_groups_is_refused():
    tags = np.ones((4, 2), dtype=int)
    with pytest.raises(InvalidInputError, match="2 groups"):
        macro_f1_by_popularity(tags, tags, np.zeros(4))
    with pytest.raises(InvalidInputError, match="shape"):
        macro_f1_by_popularity(tags, tags[:2], np.arange(4))
    with pytest.raises(InvalidInputError, match="at least 2"):
        macro_f1_by_popularity(tags, tags, np.arange(4), n_groups=1)
    found = macro_f1_by_popularity(tags, tags, [1, 2, 3, np.nan], n_bootstrap=5)
    assert found.n_rows == (1, 2)

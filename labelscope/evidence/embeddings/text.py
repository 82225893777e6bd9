"""Features of texts."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from labelscope.errors import InvalidTypeError, UnreadableMediaError, notify
from labelscope.evidence.embeddings.batches import embed_rows
from labelscope.evidence.embeddings.encoders import call_encoder
from labelscope.evidence.embeddings.token_counts import latent_topics, subword_counts, unit_rows, word_counts
from labelscope.evidence.progress import progress
from labelscope.types import Evidence, FloatArray, Made

if TYPE_CHECKING:
    from labelscope.data.dataset import Dataset

_TOPICS = 128
_TOPIC_WEIGHT = 0.7
_CHUNK = 2000


@dataclass(frozen=True, kw_only=True)
class TextFeatures:
    """Text features from the best encoder at hand.

    By default the mean of static word vectors (from the package wordllama; nothing is downloaded) beside the
    texts' latent topics; where wordllama is not installed, topics alone, with a notice.

    Parameters
    ----------
    model : callable or object with ``encode``, optional
        From a list of str to an (n, d) array; sentence-transformers models fit as they are.
    batch_size : int
        Texts per call of ``model``.

    Examples
    --------
    >>> import labelscope as ls
    >>> data = ls.Dataset(["good film", "bad film", "fine day"], [1, 0, 1])
    >>> encoder = ls.providers.TextFeatures(model=lambda texts: [[len(t)] for t in texts])
    >>> encoder.make(data, ls.Evidence()).arrays["features"].ravel().tolist()
    [9.0, 8.0, 8.0]
    """

    name: ClassVar[str] = "text_features"
    makes: ClassVar[tuple[str, ...]] = ("features",)
    needs: ClassVar[tuple[str, ...]] = ()

    model: Any = None
    batch_size: int = 256

    def make(self, dataset: Dataset | None, evidence: Evidence, *, random_state: int = 0) -> Made:
        """Make ``features`` (n, d) float32.

        Parameters
        ----------
        dataset : Dataset
            Its media are texts.
        evidence : Evidence
            Not used.
        random_state : int
            Seed of the topics.

        Returns
        -------
        Made
            Facts: ``encoder``, ``n_columns``.

        Raises
        ------
        UnreadableMediaError
            No text can be read.
        InvalidInputError, InvalidTypeError
            ``model`` gives something other than one vector per text.
        """
        if dataset is None:
            raise InvalidTypeError("TextFeatures needs a dataset of texts, but dataset is None.")
        media: Any = dataset.media
        n = len(media)
        if self.model is not None:
            features = embed_rows(
                n,
                media.text,
                functools.partial(call_encoder, self.model),
                batch_size=self.batch_size,
                what="texts",
            )
            encoder = str(getattr(self.model, "__name__", type(self.model).__name__))
        else:
            texts = _read(media, n)
            features, encoder = _by_default(texts, random_state)
            features = _with_empty(features, texts)
        return Made({"features": features}, {"encoder": encoder, "n_columns": int(features.shape[1])})


def _read(media: Any, n: int) -> list[str]:
    """All texts; those of unreadable files are empty, and a notice lists them."""
    texts, bad = [], []
    for row in range(n):
        try:
            texts.append(media.text(row))
        except UnreadableMediaError:
            texts.append("")
            bad.append(row)
    if n and len(bad) == n:
        raise UnreadableMediaError(f"None of the {n:,} texts can be read.", "Check the paths.")
    if bad:
        notify(
            "unreadable_media",
            f"{len(bad):,} of {n:,} texts cannot be read and count as empty.",
            "Check the paths.",
            rows=bad,
        )
    return texts


def _with_empty(features: FloatArray, texts: list[str]) -> FloatArray:
    empty = np.array([not text.strip() for text in texts], dtype=bool)
    if not empty.any() or empty.all():
        return features
    notify(
        "empty_text",
        f"{int(empty.sum()):,} of {len(texts):,} texts are empty; the mean of the others stands in "
        "for their features.",
        "Exclude these rows, or fill in their texts.",
        rows=np.flatnonzero(empty),
    )
    features = features.copy()
    features[empty] = features[~empty].mean(axis=0)
    return features


def _by_default(texts: list[str], random_state: int) -> tuple[FloatArray, str]:
    if len(texts) == 0:
        return np.zeros((0, 1), dtype=np.float32), "none"
    found = packaged_vectors()
    if found is None:
        notify(
            "text_extra_missing",
            "Texts are described by the words they share, since the extra 'text' is not installed; word "
            "vectors also see words of like meaning.",
            "pip install 'labelscope[text]'; or pass features= or model=, a sentence encoder for instance.",
        )
        return _topics_only(texts, random_state), "TF-IDF + SVD"
    vectors, tokenize = found
    pieces = [
        subword_counts(texts[start : start + _CHUNK], tokenize, len(vectors))
        for start in progress(range(0, len(texts), _CHUNK), "embedding texts")
    ]
    from scipy.sparse import vstack

    counts = vstack(pieces).tocsr()
    means = np.asarray(counts @ vectors) / np.maximum(np.asarray(counts.sum(axis=1)), 1)
    # What all texts share says nothing about any of them.
    means -= means.mean(axis=0) if len(texts) > 2 else 0
    topics = latent_topics(counts, _TOPICS, random_state=random_state)
    return np.hstack(
        [unit_rows(means), np.float32(_TOPIC_WEIGHT) * topics]
    ), "wordllama static vectors + topics"


def _topics_only(texts: list[str], random_state: int) -> FloatArray:
    """Topics of lower-case words and of their beginnings, which bring inflected forms together."""
    from scipy.sparse import hstack

    lowered = [text.lower() for text in texts]
    words, _ = word_counts(lowered)
    stems, _ = word_counts(
        [" ".join(word.strip(".,;:!?\"'()")[:5] for word in text.split()) for text in lowered]
    )
    return latent_topics(hstack([words, stems]).tocsr(), 2 * _TOPICS, random_state=random_state)


@functools.lru_cache(maxsize=1)
def packaged_vectors() -> tuple[FloatArray, Callable[[list[str]], list[list[int]]]] | None:
    """Load the word vectors and the tokenizer that the package wordllama brings, or None where it is absent.

    The files are read directly: wordllama's own loader looks for the tokenizer in a folder that its wheel
    does not have, and would then go to the network.

    Returns
    -------
    vectors : (v, d) float32
        One per token.
    tokenize : callable
        From a list of str to lists of token ids.
    """
    needed = ("wordllama", "tokenizers", "safetensors")
    specs = [importlib.util.find_spec(name) for name in needed]
    if any(spec is None for spec in specs) or specs[0] is None or not specs[0].submodule_search_locations:
        return None
    folder = Path(next(iter(specs[0].submodule_search_locations)))
    weights = sorted((folder / "weights").glob("*.safetensors"))
    configs = sorted((folder / "tokenizers").glob("*_tokenizer_config.json"))
    if not weights or not configs:
        return None
    from safetensors import safe_open
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(configs[0]))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    with safe_open(str(weights[0]), framework="np") as file:
        vectors = file.get_tensor("embedding.weight").astype(np.float32)

    def tokenize(texts: list[str]) -> list[list[int]]:
        # Half of a character (a lone surrogate) is no Unicode text; the tokenizer refuses it.
        valid = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        return [encoded.ids for encoded in tokenizer.encode_batch(valid, add_special_tokens=False)]

    return vectors, tokenize

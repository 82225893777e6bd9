"""Words of texts as sparse tables, for judges that read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from labelscope.evidence.embeddings.token_counts import word_counts

# Scripts that put no spaces between words are read sign by sign.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+")


def lower_words(text: str) -> str:
    """Return the words of a text in lower case between single spaces.

    Examples
    --------
    >>> lower_words("Don't panic: 42!")
    'don t panic 42'
    """
    return " ".join(_WORD.findall(text.lower()))


def counts_of(texts: Sequence[str]) -> Any:
    """Count words: (n, w) sparse float32, words of a single text left out."""
    counts, _ = word_counts([lower_words(text) for text in texts])
    in_texts = np.bincount(counts.indices, minlength=counts.shape[1])
    kept = np.flatnonzero(in_texts >= min(2, counts.shape[0]))
    return counts[:, kept].tocsr()


def tf_idf(counts: Any) -> Any:
    """Weigh counts by rarity: (n, w) sparse float32 rows of unit length; empty texts stay zero."""
    from scipy.sparse import diags

    in_texts = np.bincount(counts.indices, minlength=counts.shape[1])
    rarity = np.log((1 + counts.shape[0]) / (1 + in_texts)) + 1
    weighted = counts.astype(np.float32).copy()
    weighted.data = 1 + np.log(weighted.data)
    weighted = (weighted @ diags(rarity.astype(np.float32))).tocsr()
    lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    return (diags((1 / np.maximum(lengths, 1e-9)).astype(np.float32)) @ weighted).tocsr()

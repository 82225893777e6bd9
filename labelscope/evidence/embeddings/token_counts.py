"""Texts as counts of tokens, and the latent topics in such counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from labelscope.types import FloatArray

_BATCH = 4096


def word_counts(texts: Sequence[str]) -> tuple[Any, list[str]]:
    """Count words, split at white space.

    Returns
    -------
    counts : (n, w) scipy.sparse.csr_matrix of float32
    words : list of str
        The column names, in order of first appearance.
    """
    from scipy.sparse import csr_matrix

    known: dict[str, int] = {}
    columns: list[int] = []
    ends = np.zeros(len(texts) + 1, dtype=np.int64)
    for row, text in enumerate(texts):
        columns.extend([known.setdefault(word, len(known)) for word in text.split()])
        ends[row + 1] = len(columns)
    data = np.ones(len(columns), dtype=np.float32)
    counts = csr_matrix((data, np.array(columns, dtype=np.int64), ends), shape=(len(texts), len(known)))
    counts.sum_duplicates()
    return counts, list(known)


def subword_counts(
    texts: Sequence[str], tokenize: Callable[[list[str]], list[list[int]]], n_tokens: int
) -> Any:
    """Count subword tokens.

    Every distinct word is tokenized once, which is many times faster than whole texts: a byte-pair encoder
    takes more than linear time in the length of its input.

    Parameters
    ----------
    texts : sequence of str
    tokenize : callable
        From a list of words to lists of token ids.
    n_tokens : int
        Size of the vocabulary; ids beyond it count as the last token.

    Returns
    -------
    (n, n_tokens) scipy.sparse.csr_matrix of float32
    """
    from scipy.sparse import csr_matrix

    counts, words = word_counts(texts)
    ids: list[int] = []
    ends = np.zeros(len(words) + 1, dtype=np.int64)
    for start in range(0, len(words), _BATCH):
        for offset, found in enumerate(tokenize(words[start : start + _BATCH])):
            ids.extend(found)
            ends[start + offset + 1] = len(ids)
    columns = np.minimum(np.array(ids, dtype=np.int64), n_tokens - 1)
    pieces = csr_matrix((np.ones(len(ids), dtype=np.float32), columns, ends), shape=(len(words), n_tokens))
    return (counts @ pieces).tocsr()


def latent_topics(counts: Any, n_components: int, *, random_state: int = 0) -> FloatArray:
    """Latent semantic analysis: TF-IDF, then a truncated SVD by a random sketch (Halko et al. 2011).

    Parameters
    ----------
    counts : (n, w) scipy.sparse matrix
        Token counts.
    n_components : int
        Most columns of the result.
    random_state : int
        Seed of the sketch.

    Returns
    -------
    (n, c) float32
        Rows of unit length; zero where a text shares no token with any other.
    """
    from scipy.sparse import diags

    n = counts.shape[0]
    in_texts = np.bincount(counts.indices, minlength=counts.shape[1])
    # A token of one text alone relates it to no other, and one in all texts tells nothing.
    kept = np.flatnonzero(in_texts >= min(2, n))
    if len(kept) == 0 or counts.nnz == 0:
        return np.zeros((n, 1), dtype=np.float32)
    weighted = counts.tocsc()[:, kept].tocsr().astype(np.float32)
    weighted.data = 1 + np.log(weighted.data)
    rarity = np.log((1 + n) / (1 + in_texts[kept])) + 1
    weighted = weighted @ diags(rarity.astype(np.float32))
    lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    weighted = (diags((1 / np.maximum(lengths, 1e-9)).astype(np.float32)) @ weighted).tocsr()
    width = min(n_components + 16, *weighted.shape)
    rng = np.random.default_rng(random_state)
    basis = weighted @ rng.standard_normal((weighted.shape[1], width), dtype=np.float32)
    for _ in range(2):
        basis = weighted @ (weighted.T @ np.linalg.qr(basis)[0])
    basis = np.linalg.qr(basis)[0]
    left, sizes, _ = np.linalg.svd((weighted.T @ basis).T, full_matrices=False)
    topics = ((basis @ left) * sizes)[:, : min(n_components, width)]
    return unit_rows(topics)


def unit_rows(vectors: FloatArray) -> FloatArray:
    """Scale rows to unit length; rows of zeros stay zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 1e-12, lengths, 1), dtype=np.float32)

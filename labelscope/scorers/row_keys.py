"""A hash of each row's evidence, by which rows are chosen wherever they lie; slips are found on the way."""

from __future__ import annotations

import numpy as np

from labelscope.scorers.blockwise import Block
from labelscope.scorers.confident.kernels import tiles
from labelscope.scorers.confident.row_sums import Sums, look_at, repaired, tolerance
from labelscope.scorers.neighbors.votes import count_votes
from labelscope.types import Array, FloatArray, IntArray

_SIDEWAYS_UP_TO = 48
_NO_LABEL = np.float32(1.0)


def keys_of(block: Block) -> tuple[Array, Sums]:
    """Look at each row once.

    Parameters
    ----------
    block : Block
        With ``pred_probs``, or with ``knn_ids`` and ``all_codes``, or with all of them.

    Returns
    -------
    (b,) uint64, Sums
        Keys, and which rows do not sum to one. All entries of a row count, in whatever order its classes
        are: where probabilities saturate, very many rows have the same largest one, and would be chosen or
        left out together.
    """
    keys, seen = np.zeros(len(block.codes), dtype=np.uint64), Sums()
    if not block.n_classes:
        return keys, seen
    probs, ids = block.pred_probs, block.knn_ids
    for rows in tiles(len(keys), block.n_classes):
        codes = block.codes[rows]
        if probs is not None:
            limit = tolerance(probs.dtype)
            tile = probs[rows]
            with np.errstate(all="ignore"):  # what is no probability is found below
                own, bits, sums, smallest = _looked_at(tile, codes)
            # Half of the limit: what is surely right needs no closer look, whatever the order of summing.
            if not (float(np.abs(sums - 1).max(initial=0.0)) <= limit / 2 and smallest >= 0.0):
                wide = tile.astype(np.float32) if tile.dtype == np.float16 else tile
                seen = seen.joined(look_at(wide, limit, block.start + rows.start))
                with np.errstate(all="ignore"):
                    own, bits, _, _ = _looked_at(repaired(wide, limit), codes)
            keys[rows] = _with(keys[rows], own, bits)
        if ids is not None and block.all_codes is not None and ids.shape[1]:
            votes = count_votes(ids[rows], block.all_codes, block.n_classes)
            own, bits, _, _ = _looked_at(votes, codes)
            keys[rows] = _with(keys[rows], own, bits)
    return keys, seen


def mixed(keys: Array) -> Array:
    """Scramble uint64 keys, wrapping around."""
    keys = keys ^ (keys >> np.uint64(31))
    keys *= np.uint64(0x9E3779B97F4A7C15)
    keys ^= keys >> np.uint64(29)
    keys *= np.uint64(0xBF58476D1CE4E5B9)
    return keys


def _with(keys: Array, own: Array, bits: Array) -> Array:
    added = own.astype(np.uint64)
    added <<= np.uint64(32)
    added |= bits
    added += keys
    return mixed(added)


def _looked_at(tile: FloatArray, codes: IntArray) -> tuple[Array, Array, FloatArray, float]:
    """Return bits of the given label's entry, the sum of all bits, sums, and the smallest entry."""
    b, n_classes = tile.shape
    if n_classes <= _SIDEWAYS_UP_TO:
        turned = np.array(tile.T, dtype=np.float32, order="C")
        flat, at = turned.reshape(-1), np.maximum(codes, 0) * b + np.arange(b)
        bits = turned.view(np.uint32).sum(axis=0, dtype=np.uint32)
        sums, smallest = turned.sum(axis=0), float(turned.min(initial=1.0))
    else:
        upright = np.ascontiguousarray(tile, dtype=np.float32)
        flat, at = upright.reshape(-1), np.maximum(codes, 0) + np.arange(0, b * n_classes, n_classes)
        bits = upright.view(np.uint32).sum(axis=1, dtype=np.uint32)
        sums, smallest = upright @ np.ones(n_classes, dtype=np.float32), float(upright.min(initial=1.0))
    own = flat.take(at)
    own[codes < 0] = _NO_LABEL
    return own.view(np.uint32), bits, sums, smallest

"""Reading media row by row and embedding it batch by batch, with damaged rows set aside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError, InvalidTypeError, UnreadableMediaError, notify
from labelscope.evidence.progress import progress
from labelscope.types import FloatArray, IntArray


def embed_rows(
    n: int, read: Callable[[int], Any], encode: Callable[[list[Any]], Any], *, batch_size: int, what: str
) -> FloatArray:
    """Embed all rows.

    Parameters
    ----------
    n : int
        Number of rows.
    read : callable
        Reads one row; may raise UnreadableMediaError.
    encode : callable
        Turns a list of m items into an (m, d) array.
    batch_size : int
        Rows per call of ``encode``.
    what : str
        What the rows are, such as ``"images"``, for the bar and the notices.

    Returns
    -------
    (n, d) float32
        Rows that could not be read hold the mean of the others, and a notice lists them.

    Raises
    ------
    UnreadableMediaError
        No row can be read.
    InvalidInputError, InvalidTypeError
        ``encode`` gives something other than one vector per item.
    """
    if batch_size < 1:
        raise InvalidInputError(f"batch_size is {batch_size}, but at least 1 is needed.")
    pieces: list[FloatArray] = []
    good: list[int] = []
    bad: list[int] = []
    first: UnreadableMediaError | None = None
    for start in progress(range(0, n, batch_size), f"embedding {what}"):
        items: list[Any] = []
        for row in range(start, min(start + batch_size, n)):
            try:
                items.append(read(row))
                good.append(row)
            except UnreadableMediaError as error:
                bad.append(row)
                first = first or error
        if items:
            pieces.append(as_vectors(encode(items), len(items)))
    if n and not pieces:
        raise UnreadableMediaError(
            f"None of the {n:,} {what} can be read. {first.message if first else ''}".strip(),
            (first.hint if first else "") or "Check the paths and the format.",
        )
    if n == 0:
        return np.zeros((0, 1), dtype=np.float32)
    width = {piece.shape[1] for piece in pieces}
    if len(width) > 1:
        raise InvalidInputError(
            f"The encoder gives vectors of different lengths: {sorted(width)}.", "Pool them to one length."
        )
    return filled(np.concatenate(pieces), np.array(good, dtype=np.int64), n, what=what, bad=bad, why=first)


def filled(
    vectors: FloatArray,
    good: IntArray,
    n: int,
    *,
    what: str,
    bad: list[int],
    why: UnreadableMediaError | None,
) -> FloatArray:
    """Put vectors in their rows and the mean vector in the rows that could not be read."""
    if not bad:
        return vectors
    out = np.empty((n, vectors.shape[1]), dtype=np.float32)
    out[:] = vectors.mean(axis=0)
    out[good] = vectors
    notify(
        "unreadable_media",
        f"{len(bad):,} of {n:,} {what} cannot be read; the mean of the others stands in for their features."
        + (f" The first: {why.message}" if why else ""),
        "Repair or exclude these rows; their scores mean little.",
        rows=bad,
    )
    return out


def as_vectors(given: Any, n: int) -> FloatArray:
    """Turn what an encoder gives into (n, d) float32; more axes are flattened."""
    if hasattr(given, "detach"):
        given = given.detach().float().cpu().numpy()
    elif isinstance(given, list | tuple) and given and hasattr(given[0], "detach"):
        given = np.stack([one.detach().float().cpu().numpy() for one in given])
    elif hasattr(given, "toarray"):
        given = given.toarray()
    try:
        vectors = np.asarray(given, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise InvalidTypeError(
            f"The encoder gives a {type(given).__name__} that is not an array of numbers ({error}).",
            "Return one vector per item: an (n, d) array.",
        ) from error
    if vectors.ndim == 1 and n == 1:
        vectors = vectors[None, :]
    if vectors.ndim == 0 or len(vectors) != n:
        raise InvalidInputError(
            f"The encoder got {n:,} items and gives an array of shape {vectors.shape}.",
            "Return one vector per item: an (n, d) array.",
        )
    return vectors.reshape(n, -1)

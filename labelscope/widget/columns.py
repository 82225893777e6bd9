"""Per-point columns as flat typed arrays: 9 to 11 bytes a point instead of JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.types import Array, BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    from labelscope.auditing.audit import Audit
    from labelscope.review.session import Session

#: A trait never holds more points; the rest comes by message.
MAX_POINTS = 50_000
FLAGGED, BROKEN, DUPLICATE = 1, 2, 4
_MAX_CLASSES = 65_534
_MAPS: WeakKeyDictionary[Audit, tuple[Array, Array]] = WeakKeyDictionary()


def sample_rows(
    suspicion: FloatArray, flagged: BoolArray, *, max_points: int = MAX_POINTS, random_state: int = 0
) -> IntArray | None:
    """Choose the rows that a picture holds: all flagged ones first, the rest at random.

    Parameters
    ----------
    suspicion : (n,) float
        Decides which flagged rows stay when there are more than ``max_points``.
    flagged : (n,) bool
    max_points : int
        Most rows to keep.
    random_state : int
        Seed of the random rest.

    Returns
    -------
    (m,) int64 or None
        Sorted rows, or None when all n fit.

    Examples
    --------
    >>> import numpy as np
    >>> from labelscope.widget.columns import sample_rows
    >>> sample_rows(np.array([.1, .9, .2, .3]), np.array([False, True, False, False]), max_points=1)
    array([1])
    """
    n = len(flagged)
    if n <= max_points:
        return None
    first = np.flatnonzero(flagged)
    if len(first) >= max_points:
        order = np.argsort(-suspicion[first], kind="stable")
        return np.sort(first[order[:max_points]])
    rest = np.random.default_rng(random_state).choice(
        np.flatnonzero(~np.asarray(flagged)), max_points - len(first), replace=False
    )
    return np.sort(np.concatenate([first, rest]))


def scale_map(positions: FloatArray) -> tuple[Array, Array]:
    """Scale a map to whole numbers over its bounding square, so that distances keep their proportions.

    Parameters
    ----------
    positions : (n, 2) float
        Rows without a finite position go to the middle.

    Returns
    -------
    x, y : (n,) uint16
        0 to 65,535; the longer side fills the range, the other one is centered.

    Examples
    --------
    >>> import numpy as np
    >>> from labelscope.widget.columns import scale_map
    >>> x, y = scale_map(np.array([[0., 0.], [4., 2.]]))
    >>> x.tolist(), y.tolist()
    ([0, 65535], [16384, 49151])
    """
    # Axis by axis in float32: a million rows take 20 ms instead of 150.
    axes = [np.ascontiguousarray(np.asarray(positions)[:, axis], dtype=np.float32) for axis in (0, 1)]
    good = np.isfinite(axes[0]) & np.isfinite(axes[1])
    if not good.any():
        middle = np.full(len(good), 32_768, dtype=np.uint16)
        return middle, middle.copy()
    shown = axes if good.all() else [axis[good] for axis in axes]
    ends = [(float(axis.min()), float(axis.max())) for axis in shown]
    side = max(high - low for low, high in ends) or 1.0
    scaled = []
    for axis, (low, high) in zip(axes, ends, strict=True):
        unit = (axis - np.float32((low + high) / 2)) / np.float32(side) + np.float32(0.5)
        unit[~good] = 0.5
        scaled.append(np.rint(np.clip(unit, 0, 1) * np.float32(65_535)).astype(np.uint16))
    return scaled[0], scaled[1]


def _scaled_map(audit: Audit) -> tuple[Array, Array]:
    """Return the scaled map of an audit, which never changes once it is there."""
    found = _MAPS.get(audit)
    if found is None:
        found = _MAPS[audit] = scale_map(audit.map)
    return found


def code_dtype(n_classes: int, *, wide: bool = False) -> type[np.uint8] | type[np.uint16] | type[np.uint32]:
    """Return the type of class columns: uint8 up to 254 classes, uint16 up to 65,534, uint32 if ``wide``."""
    if wide and n_classes > _MAX_CLASSES:
        return np.uint32
    if n_classes > _MAX_CLASSES:
        raise InvalidInputError(
            f"The view shows at most {_MAX_CLASSES:,} classes, but there are {n_classes:,}.",
            "Numbers on a scale need task='regression'; ids are no labels: pick another column.",
        )
    return np.uint8 if n_classes <= 254 else np.uint16


def pack_codes(codes: IntArray, n_classes: int, *, wide: bool = False) -> Array:
    """Pack class codes; -1 becomes the largest value of the type.

    Parameters
    ----------
    codes : (n,) int
        -1 is unlabelled.
    n_classes : int
        Decides the type.
    wide : bool
        Whether there may be more than 65,534 classes, as of sets of tags and of numbers.

    Returns
    -------
    (n,) uint8, uint16 or uint32
    """
    dtype = code_dtype(n_classes, wide=wide)
    return np.where(codes < 0, np.iinfo(dtype).max, codes).astype(dtype)


def pack_suspicion(suspicion: FloatArray) -> Array:
    """Return suspicion in [0, 1] as (n,) uint8 in 0…255."""
    return np.rint(np.clip(np.nan_to_num(suspicion), 0, 1) * 255).astype(np.uint8)


def pack_flags(audit: Audit, broken: IntArray, flagged: BoolArray | None = None) -> Array:
    """Return (n,) uint8 bits: 1 flagged (by default by the audit), 2 broken media, 4 in a duplicate set."""
    bits = np.asarray(audit.flagged if flagged is None else flagged, dtype=np.uint8) * FLAGGED
    bits[broken] |= BROKEN
    if "duplicates" in audit.evidence:
        ids = np.asarray(audit.evidence["duplicates"])
        _, inverse, counts = np.unique(ids, return_inverse=True, return_counts=True)
        bits[counts[inverse.reshape(-1)] > 1] |= DUPLICATE
    return bits


def broken_rows(audit: Audit) -> IntArray:
    """Return the rows whose media the audit could not read, as far as its notices tell."""
    found = [row for note in audit.notices if "unreadable" in note.code for row in note.rows]
    return np.unique(np.array(found, dtype=np.int64))


def columns(
    audit: Audit, rows: IntArray | None = None, *, with_map: bool = True, session: Session | None = None
) -> dict[str, Array | None]:
    """Return what the plot draws, as little-endian typed arrays.

    Parameters
    ----------
    audit : Audit
    rows : (m,) int, optional
        Which rows; by default all.
    with_map : bool
        False leaves x and y out (None), so that a view comes up before its map.
    session : Session, optional
        Whose scores to show, where they are not the audit's any more.

    Returns
    -------
    dict
        ``x``, ``y`` uint16 or None; ``given``, ``suggested`` uint8, uint16 or uint32; ``suspicion``,
        ``flags`` uint8.
    """
    n_classes, wide = len(audit.classes), audit.dataset.labels.is_open
    found: dict[str, Array | None] = {"x": None, "y": None}
    if with_map:
        found["x"], found["y"] = _scaled_map(audit)
    found["given"] = pack_codes(audit.given_codes, n_classes, wide=wide)
    scored = audit if session is None else session
    found["suggested"] = pack_codes(np.asarray(scored.suggested_codes), n_classes, wide=wide)
    found["suspicion"] = pack_suspicion(scored.suspicion)
    found["flags"] = pack_flags(audit, broken_rows(audit), np.asarray(scored.flagged, dtype=bool))
    if rows is not None:
        found = {name: None if column is None else column[rows] for name, column in found.items()}
    return {name: None if column is None else little(column) for name, column in found.items()}


def little(column: Array) -> Array:
    """Return the column in little-endian byte order, as the wire wants it."""
    return column.astype(column.dtype.newbyteorder("<"), copy=False)

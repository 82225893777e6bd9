"""Numpy arrays, tensors and sparse matrices: images or features."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from labelscope.data.media import FeatureMedia, ImageMedia, Media, TextMedia, make_media
from labelscope.data.readers.source import Source
from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.types import Array

MAX_DENSE_BYTES = 2 << 30


def is_array(data: Any) -> bool:
    """Say whether data is a numpy array, a tensor, a sparse matrix or another array-like with a shape."""
    return hasattr(data, "shape") and (
        isinstance(data, np.ndarray) or hasattr(data, "__array__") or hasattr(data, "tocsr")
    )


def read(data: Any, *, media: Any = None, name: str = "") -> Source:
    """Read an array: (n, d) numbers are features, (n, h, w[, c]) are images.

    Raises
    ------
    InvalidInputError
        Another shape, no numbers, or a sparse matrix too large to hold densely.
    """
    return Source(_media(_dense(data), media), name=name)


def read_file(path: Path, *, media: Any = None) -> Source:
    """Read a ``.npy`` file, memory-mapped."""
    if path.suffix.lower() == ".npz":
        raise InvalidInputError(
            f"{path.name!r} may hold several arrays.", f"Pass one of them: np.load({str(path)!r})['name']."
        )
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise InvalidInputError(
            f"{path.name!r} cannot be read as an array: {error}", "Write it with np.save, without objects."
        ) from error
    return read(array, media=media, name=path.stem)


def _dense(data: Any) -> Array:
    if hasattr(data, "tocsr"):
        size = int(np.prod(data.shape)) * 4
        if size > MAX_DENSE_BYTES:
            raise InvalidInputError(
                f"The sparse matrix of the shape {data.shape} would take {size / 2**30:.1f} GiB.",
                "Reduce it first, e.g. sklearn.decomposition.TruncatedSVD(100).fit_transform(data).",
            )
        return np.asarray(data.astype(np.float32).toarray())
    if hasattr(data, "detach"):
        data = data.detach().cpu()
        return np.asarray(data.float().numpy() if str(data.dtype) == "torch.bfloat16" else data.numpy())
    if isinstance(data, np.ma.MaskedArray):
        return np.asarray(data.filled(np.nan) if data.dtype.kind == "f" else data.filled())
    return np.asarray(data)


def _media(array: Array, kind: Any) -> Media:
    if array.ndim == 0:
        raise InvalidTypeError("data is a single value.", "Pass one entry per row.")
    if array.dtype.kind == "c":
        raise InvalidInputError(
            f"data is an array of complex numbers ({array.dtype}), but real ones are needed.",
            "Pass np.abs(data), or np.hstack([data.real, data.imag]) to keep both parts.",
        )
    if array.dtype.kind not in "uifb":
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError):
            raise InvalidInputError(
                f"data is an array of the dtype {array.dtype} and shape {array.shape}, not of numbers.",
                "Pass numbers, or a frame when columns are of different types.",
            ) from None
    view = array.view()
    view.flags.writeable = False
    if kind == "text":
        return TextMedia([str(v) for v in view.ravel().tolist()])
    if kind == "features" or (kind is None and array.ndim == 2):
        return FeatureMedia(view.reshape(len(view), -1) if view.size else view.reshape(len(view), 0))
    if kind is not None and kind != "image":
        return make_media(kind, view)
    if array.ndim in (3, 4):
        return ImageMedia(_checked_images(view))
    hint = "Use data.reshape(-1, 1) for one number per row." if array.ndim == 1 else ""
    raise InvalidInputError(
        f"data has the shape {array.shape}, but (n, d) features or (n, h, w[, c]) images are needed.",
        hint or "Pass media='features' to flatten every row.",
    )


def _checked_images(array: Array) -> Array:
    if array.ndim == 4 and array.shape[3] not in (1, 3, 4) and array.shape[1] not in (1, 3, 4):
        raise InvalidInputError(
            f"data has the shape {array.shape}, but images need 1, 3 or 4 channels in the last place.",
            "Pass media='features' to take every row as numbers.",
        )
    return array


__all__ = ["is_array", "read", "read_file"]

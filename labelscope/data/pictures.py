"""Decoding one picture, whatever it comes as, into 8-bit gray or RGB."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from labelscope.data.sniff import is_svg
from labelscope.errors import UnreadableMediaError
from labelscope.types import Array

if TYPE_CHECKING:
    from PIL import Image

# Formats that Pillow opens by running another program or by interpreting drawing commands.
NOT_PIXELS = frozenset({"EPS", "PDF", "WMF", "EMF"})
# White levels of common sources, so that scans of 0…16 and of 0…4095 are both shown in full contrast.
FULL_SCALES = (1.0, 16.0, 255.0, 1023.0, 4095.0, 65535.0)
RASTERIZE = "Rasterize it first, e.g. to PNG, and pass that."


def open_picture(
    item: Any, *, draft: int | None = None, scale: tuple[float, float] | None = None
) -> Image.Image:
    """Decode a picture.

    Parameters
    ----------
    item : bytes, path, PIL image, array, tensor or {"bytes", "path"} mapping
        Arrays are (h, w), (h, w, c) or (c, h, w) with 1, 3 or 4 channels.
    draft : int, optional
        The caller needs no side longer than this, so that JPEG may be decoded at a smaller size.
    scale : (low, high), optional
        What counts as black and white in arrays; by default taken from the array.

    Returns
    -------
    PIL.Image.Image
        Mode L or RGB, turned upright as its EXIF data asks; transparency is laid on white.

    Raises
    ------
    UnreadableMediaError
        It cannot be decoded: damaged, missing, too large, or a drawing without pixels.
    """
    if item is None or (isinstance(item, float) and item != item):
        raise UnreadableMediaError("The row has no image.", "Pass an image, or leave the row out.")
    if isinstance(item, Mapping):
        return open_picture(_of_mapping(item), draft=draft, scale=scale)
    if isinstance(item, (str, os.PathLike)):
        return _decode(os.fspath(item), PurePath(item).name, draft)
    if isinstance(item, (bytes, bytearray, memoryview)):
        data = bytes(item)
        return _decode(io.BytesIO(data), f"{len(data):,} bytes", draft, data[:512])
    if hasattr(item, "getbands") and hasattr(item, "convert"):
        return _finish(item, "a PIL image")
    if hasattr(item, "detach"):
        item = item.detach().cpu().numpy()
    if isinstance(item, np.ndarray) or hasattr(item, "__array__") or isinstance(item, list):
        return from_array(np.asarray(item), scale)
    raise UnreadableMediaError(
        f"A {type(item).__name__} is not an image.", "Pass bytes, a path, a PIL image or an array."
    )


def from_array(array: Array, scale: tuple[float, float] | None = None) -> Image.Image:
    """Turn an array of pixels into an 8-bit image; raises UnreadableMediaError for other shapes."""
    from PIL import Image

    if array.ndim == 3 and array.shape[2] not in (1, 3, 4) and array.shape[0] in (1, 3, 4):
        array = np.moveaxis(array, 0, 2)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    fits = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))
    if not fits or array.size == 0 or array.dtype.kind not in "uifb":
        raise UnreadableMediaError(
            f"An array of the shape {array.shape} and dtype {array.dtype} is not an image.",
            "Pass numbers of the shape (h, w), (h, w, 3) or (h, w, 4).",
        )
    pixels = to_uint8(array, scale or full_scale(array))
    return _finish(Image.fromarray(pixels), "an array")


def full_scale(array: Array) -> tuple[float, float]:
    """Guess which values stand for black and white: 0 and a usual white level, or the ends of the values."""
    if array.dtype == bool or not array.size:
        return 0.0, 1.0
    low, high = float(array.min()), float(array.max())
    if not np.isfinite(low + high):
        finite = array[np.isfinite(array)]
        if not finite.size:
            return 0.0, 1.0
        low, high = float(finite.min()), float(finite.max())
    if low < 0:
        return low, high
    return 0.0, next((top for top in FULL_SCALES if high <= top), high)


def to_uint8(array: Array, scale: tuple[float, float]) -> npt.NDArray[np.uint8]:
    """Map ``scale`` to 0…255; values that are not finite become black."""
    low, high = scale
    if array.dtype == np.uint8 and scale == (0.0, 255.0):
        return np.ascontiguousarray(array)
    span = high - low or 1.0
    with np.errstate(invalid="ignore", over="ignore"):
        levels = (array.astype(np.float64) - low) * (255.0 / span)
    levels = np.nan_to_num(levels, nan=0.0, posinf=255.0, neginf=0.0)
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)


def _of_mapping(item: Mapping[str, Any]) -> Any:
    for key in ("bytes", "path", "image", "array"):
        if item.get(key) is not None:
            return item[key]
    raise UnreadableMediaError("The row has neither bytes nor a path.", "Pass one of them.")


def _decode(source: Any, name: str, draft: int | None, head: bytes = b"") -> Image.Image:
    from PIL import Image

    try:
        # Pillow announces files above its pixel limit by a warning, and refuses twice that by an error;
        # both are refused here, before a pixel is decoded.
        with Image.open(source) as image:
            _check_size(image, name, Image.MAX_IMAGE_PIXELS)
            if image.format in NOT_PIXELS:
                raise UnreadableMediaError(f"The {image.format} drawing {name} has no pixels.", RASTERIZE)
            if draft is not None:
                image.draft(None, (draft, draft))
            image.load()
            return _finish(image, name)
    except UnreadableMediaError:
        raise
    except (FileNotFoundError, IsADirectoryError) as error:
        raise UnreadableMediaError(f"There is no file {source!r}.", "Check the path.") from error
    # Pillow's decoders raise whatever their bytes lead to: OSError, SyntaxError, struct.error, MemoryError …
    except Exception as error:
        raise _unreadable(source, name, head, error) from error


def _check_size(image: Any, name: str, limit: int | None) -> None:
    pixels = image.size[0] * image.size[1]
    if limit is not None and pixels > limit:
        raise UnreadableMediaError(
            f"The image {name} has {image.size[0]:,} × {image.size[1]:,} pixels, more than {limit:,}.",
            "Make it smaller, or raise PIL.Image.MAX_IMAGE_PIXELS if you trust its source.",
        )


def _unreadable(source: Any, name: str, head: bytes, error: Exception) -> UnreadableMediaError:
    if not head and isinstance(source, str):
        try:
            with open(source, "rb") as file:  # noqa: PTH123
                head = file.read(512)
        except OSError:
            head = b""
    if is_svg(head) or (isinstance(source, str) and source.lower().endswith(".svg")):
        return UnreadableMediaError(f"The SVG drawing {name} has no pixels.", RASTERIZE)
    if head[4:8] == b"ftyp" and head[8:11] in (b"hei", b"mif"):
        return UnreadableMediaError(
            f"The HEIC photo {name} needs a plug-in of Pillow.",
            "pip install pillow-heif, then: import pillow_heif; pillow_heif.register_heif_opener()",
        )
    if type(error).__name__.startswith("DecompressionBomb"):
        return UnreadableMediaError(
            f"The image {name} is too large to decode safely: {error}", "Make it smaller and pass that."
        )
    reason = "no image format is recognized" if "cannot identify" in str(error) else str(error)
    return UnreadableMediaError(f"The image {name} cannot be decoded: {reason}.", "Replace the file.")


def _finish(image: Image.Image, name: str) -> Image.Image:
    """Turn upright, lay transparency on white and bring down to L or RGB."""
    from PIL import Image, ImageOps

    try:
        image = ImageOps.exif_transpose(image)
    except Exception:  # damaged EXIF data is no reason to hide the picture
        image = image.copy()
    if image.mode in ("L", "RGB"):
        return image
    if image.mode.startswith("I") or image.mode == "F":
        array = np.asarray(image)
        return Image.fromarray(to_uint8(array, full_scale(array)))
    try:
        if image.mode == "1":
            return image.convert("L")
        if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
            clear = image.convert("RGBA")
            white = Image.new("RGBA", clear.size, "white")
            result = Image.alpha_composite(white, clear).convert("RGB")
            return result.convert("L") if image.mode in ("LA", "La") else result
        return image.convert("RGB")
    except (ValueError, OSError) as error:
        raise UnreadableMediaError(
            f"The image {name} has the mode {image.mode}, which cannot be shown: {error}.",
            "Convert it to RGB and pass that.",
        ) from error


__all__ = ["from_array", "full_scale", "open_picture", "to_uint8"]

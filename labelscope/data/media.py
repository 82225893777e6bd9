"""Media: what the rows hold, decoded one row at a time, when somebody looks."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from labelscope.data.content import content_key
from labelscope.data.label_values import is_missing
from labelscope.data.mixed_media import MixedMedia
from labelscope.data.pictures import full_scale, open_picture
from labelscope.data.sounds import Waveform, open_sound
from labelscope.data.table_media import TableMedia
from labelscope.errors import InvalidInputError, UnreadableMediaError
from labelscope.types import Array

if TYPE_CHECKING:
    from PIL import Image

KINDS = ("image", "text", "audio", "table", "features")
CAPTION = 300


class _Items:
    """Rows kept as they were given, and the key of their content."""

    kind: ClassVar[str]
    _noun: ClassVar[str] = "row"

    def __init__(self, items: Sequence[Any] | Array) -> None:
        self._items = items
        self._key: str | None = None

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self):,} rows)"

    def content_key(self) -> str:
        """Digest the content: 32 hex digits, the same in every process; worked out once."""
        if self._key is None:
            self._key = content_key(self.kind, self._items, *self._settings())
        return self._key

    def caption(self, row: int) -> str:
        """Say in few words what the row is: its file name where it has one, else its number."""
        path = file_of(self._items, row)
        return PurePath(path).name if path else f"{self._noun} {row}"

    def _settings(self) -> tuple[object, ...]:
        return ()


class ImageMedia(_Items):
    """Images.

    Parameters
    ----------
    items : sequence or (n, h, w[, c]) array
        Encoded bytes, paths, PIL images, arrays, or mappings with ``bytes`` or ``path``.

    Examples
    --------
    >>> import numpy as np
    >>> media = ImageMedia(np.zeros((3, 8, 8)))
    >>> len(media), media.pil(0).size, media.array(0).dtype.name
    (3, (8, 8), 'uint8')
    """

    kind = "image"
    _noun = "image"

    def __init__(self, items: Sequence[Any] | Array) -> None:
        super().__init__(items)
        self._scale: tuple[float, float] | None = None

    def pil(self, row: int, max_size: int | None = None) -> Image.Image:
        """Decode one image.

        Parameters
        ----------
        row : int
            Position.
        max_size : int, optional
            Longest side needed; larger images come back smaller, and JPEG is decoded faster.

        Returns
        -------
        PIL.Image.Image
            Mode L or RGB, upright.

        Raises
        ------
        UnreadableMediaError
            The image cannot be decoded; the message names the row.
        """
        try:
            image = open_picture(self._items[row], draft=max_size, scale=self._white())
        except UnreadableMediaError as error:
            raise _in_row(error, row) from error
        if max_size is not None and max(image.size) > max_size:
            image = image.copy()
            image.thumbnail((max_size, max_size))
        return image

    def array(self, row: int) -> npt.NDArray[np.uint8]:
        """Decode one image to (h, w) or (h, w, 3) uint8; raises UnreadableMediaError."""
        return np.asarray(self.pil(row), dtype=np.uint8)

    def raw(self) -> Any:
        """Return what a scikit-learn estimator takes: the array given, else a list of uint8 arrays."""
        if isinstance(self._items, np.ndarray) and self._items.dtype != object:
            return self._items
        return [self.array(row) for row in range(len(self))]

    def _white(self) -> tuple[float, float] | None:
        """One scale for all arrays: a dark image among bright ones stays dark."""
        if self._scale is None:
            if isinstance(self._items, np.ndarray) and self._items.dtype != object:
                self._scale = full_scale(self._items)
            elif isinstance(self._items, list) and all(isinstance(i, np.ndarray) for i in self._items):
                ends = np.asarray(
                    [[i.min(), i.max()] for i in self._items if i.size and i.dtype.kind in "uifb"]
                )
                self._scale = full_scale(ends.astype(np.float64)) if len(ends) else (0.0, 1.0)
        return self._scale


class TextMedia(_Items):
    """Texts.

    Parameters
    ----------
    items : sequence of str
        One text per row; None and NaN read as the empty text. Paths to text files are read when shown.

    Examples
    --------
    >>> TextMedia(["a  b", None]).caption(0)
    'a b'
    """

    kind = "text"

    def text(self, row: int) -> str:
        """Return one text; raises UnreadableMediaError when its file cannot be read."""
        item = self._items[row]
        if isinstance(item, str):
            return item
        if is_missing(item):
            return ""
        if isinstance(item, os.PathLike):
            try:
                return Path(item).read_text(encoding="utf-8-sig", errors="replace")
            except OSError as error:
                raise UnreadableMediaError(
                    f"Row {row}: the file {os.fspath(item)!r} cannot be read: {error.strerror}.",
                    "Check the path.",
                ) from error
        return str(item)

    def caption(self, row: int) -> str:
        """Return the text on one line, cut to 300 characters."""
        return shorten(self.text(row))

    def empty_rows(self) -> list[int]:
        """List the rows whose text is missing or blank; texts in files are not opened."""
        return [
            row
            for row, item in enumerate(self._items)
            if is_missing(item) or (isinstance(item, str) and not item.strip())
        ]

    def raw(self) -> list[str]:
        """Return all texts as a list."""
        return [self.text(row) for row in range(len(self))]


class AudioMedia(_Items):
    """Sounds.

    Parameters
    ----------
    items : sequence
        WAV, FLAC or OGG bytes, paths, (samples, rate) pairs, arrays, or mappings with ``bytes``,
        ``path`` or ``array`` and ``sampling_rate``.
    rate : int, optional
        Samples per second of arrays.

    Examples
    --------
    >>> import numpy as np
    >>> samples, rate = AudioMedia([np.zeros(800, np.int16)], rate=8000).waveform(0)
    >>> samples.dtype.name, len(samples), rate
    ('float32', 800, 8000)
    """

    kind = "audio"
    _noun = "sound"

    def __init__(self, items: Sequence[Any] | Array, rate: int | None = None) -> None:
        super().__init__(items)
        if rate is not None and not rate > 0:
            raise InvalidInputError(f"rate is {rate}, but samples per second, above 0, are needed.")
        self.rate = rate

    def waveform(self, row: int) -> Waveform:
        """Decode one sound to ((samples,) float32 in [-1, 1], rate); raises UnreadableMediaError."""
        try:
            return open_sound(self._items[row], self.rate)
        except UnreadableMediaError as error:
            raise _in_row(error, row) from error

    def raw(self) -> list[npt.NDArray[np.float32]]:
        """Return all waveforms as a list."""
        return [self.waveform(row)[0] for row in range(len(self))]

    def _settings(self) -> tuple[object, ...]:
        return (self.rate,)


class FeatureMedia(_Items):
    """Rows that are numbers only.

    Parameters
    ----------
    array : (n, d) array
        Of numbers; kept as given.
    names : sequence of str, optional
        What to call the columns.

    Examples
    --------
    >>> import numpy as np
    >>> FeatureMedia(np.array([[1.0, 2.0]])).record(0)
    {'x0': 1.0, 'x1': 2.0}
    """

    kind = "features"

    def __init__(self, array: Array, names: Iterable[str] | None = None) -> None:
        array = np.asarray(array)
        if array.ndim != 2 or array.dtype.kind not in "uifb":
            raise InvalidInputError(
                f"features have the shape {array.shape} and dtype {array.dtype}, but numbers of the shape"
                " (n, d) are needed.",
                "Pass one row of numbers per row.",
            )
        super().__init__(array)
        self.columns = tuple(names) if names is not None else tuple(f"x{j}" for j in range(array.shape[1]))

    def record(self, row: int) -> dict[str, Any]:
        """Return one row by column name."""
        return dict(zip(self.columns, self._items[row].tolist(), strict=True))

    def caption(self, row: int) -> str:
        """Show the first values of the row."""
        values = [f"{name} {value:.4g}" for name, value in list(self.record(row).items())[:4]]
        return ", ".join(values) + (", …" if len(self.columns) > 4 else "")

    def raw(self) -> Array:
        """Return the (n, d) array as given."""
        return np.asarray(self._items)


Media: TypeAlias = ImageMedia | TextMedia | AudioMedia | TableMedia | FeatureMedia | MixedMedia


def make_media(kind: str, items: Any) -> Media:
    """Hold items as media of a kind other than a table; raises InvalidInputError for unknown kinds."""
    if kind == "image":
        return ImageMedia(items)
    if kind == "text":
        return TextMedia(items)
    if kind == "audio":
        return AudioMedia(items)
    if kind == "features":
        return FeatureMedia(items)
    raise InvalidInputError.unknown("media kind", kind, KINDS)


def is_media(value: object) -> bool:
    """Say whether a value is one of the media classes, ours or the user's own."""
    return getattr(value, "kind", None) in KINDS and hasattr(value, "content_key")


def file_of(items: Any, row: int) -> str:
    """Return the path of a row that is a file, or an empty text; reads no file."""
    if isinstance(items, np.ndarray) and items.dtype != object:
        return ""
    path_at = getattr(items, "path_at", None)  # lazy sequences know it without fetching the row
    if path_at is not None:
        return str(path_at(row) or "")
    item = items[row]
    if isinstance(item, (str, os.PathLike)):
        return os.fspath(item)
    if isinstance(item, Mapping):
        return str(item.get("path") or "")
    return str(getattr(item, "filename", "") or "")


def shorten(text: str, width: int = CAPTION) -> str:
    """Bring a text to one line of at most ``width`` characters."""
    line = " ".join(text[: 8 * width].split())
    return line if len(line) <= width and len(text) <= 8 * width else line[: width - 1] + "…"


def _in_row(error: UnreadableMediaError, row: int) -> UnreadableMediaError:
    return UnreadableMediaError(f"Row {row}: {error.message}", error.hint)


__all__ = [
    "AudioMedia",
    "FeatureMedia",
    "ImageMedia",
    "KINDS",
    "Media",
    "TableMedia",
    "TextMedia",
    "file_of",
    "is_media",
    "make_media",
    "shorten",
]

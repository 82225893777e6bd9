"""Find rows by what they say: captions, ids, texts and records, whatever the case."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.types import IntArray
from labelscope.widget.cards import format_value

if TYPE_CHECKING:
    from labelscope.data.dataset import Dataset


class TextIndex:
    """Lower-cased text of every row, gathered on the first search and kept.

    Parameters
    ----------
    dataset : Dataset

    Examples
    --------
    >>> import labelscope as ls
    >>> from labelscope.widget.search import TextIndex
    >>> dataset = ls.Dataset(["A small cat", "A large dog"], ["cat", "dog"])
    >>> TextIndex(dataset).find("CAT")
    array([0])
    """

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._texts: list[str] | None = None
        self._lock = threading.Lock()

    def find(self, query: str) -> IntArray:
        """Return the rows that contain every word of the query, in row order; all rows when it is empty.

        Parameters
        ----------
        query : str
            Words are parts of words: ``"at"`` finds "cat". Quote a phrase to find it as a whole.

        Returns
        -------
        (m,) int64
        """
        texts = self._all()
        found: IntArray = np.arange(len(texts), dtype=np.int64)
        for word in _words(query):
            found = np.array([row for row in found if word in texts[row]], dtype=np.int64)
        return found

    def _all(self) -> list[str]:
        with self._lock:
            if self._texts is None:
                media, ids = self._dataset.media, self._dataset.ids
                records = self._records()
                self._texts = [
                    "\n".join(_row_text(media, row, str(ids[row]), records)).casefold()
                    for row in range(self._dataset.n)
                ]
            return self._texts

    def _records(self) -> bool:
        media = self._dataset.media
        return bool(media.kind == "table" or hasattr(media, "beside"))


def _row_text(media: Any, row: int, identity: str, records: bool) -> list[str]:
    parts = [identity]
    try:
        if media.kind == "text":
            parts.append(str(media.text(row)))
        else:
            parts.append(str(media.caption(row)))
        if records:
            parts += [format_value(value) for value in media.record(row).values()]
    except Exception:  # a row that cannot be read is found by its id
        return parts
    return parts


def _words(query: str) -> list[str]:
    text = query.casefold().strip()
    if len(text) > 2 and text[0] == text[-1] == '"':
        return [text[1:-1]]
    return text.split()

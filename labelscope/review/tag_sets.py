"""Tags in the fold: sets of them as classes, and attributes beside the class. Nothing in here ever fails."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labelscope.data.tags import Tags

Values = npt.NDArray[np.int8]
Codes = npt.NDArray[np.int32]

_ITEM = re.compile(r"((?:[^|\\]|\\.|\\$)*)(\||$)", re.DOTALL)


@dataclass(frozen=True)
class TagEdit:
    """Columns of tags, and the value that they get: 1 to put in, 0 to take out."""

    columns: tuple[int, ...]
    value: int


class _Named:
    """Knows tags by name; names that there are not are passed over."""

    def __init__(self, tags: Tags) -> None:
        self.names = tags.names
        self._place = {name: column for column, name in enumerate(tags.names)}

    def edit(self, names: Iterable[Any], value: int) -> TagEdit:
        """Return what putting tags in (1) or taking them out (0) does."""
        known = {self._place[name] for name in names if isinstance(name, str) and name in self._place}
        return TagEdit(tuple(sorted(known)), value)


class TagSets(_Named):
    r"""Sets of tags by their texts.

    Parameters
    ----------
    tags : Tags
        Names and form; the matrix is of no concern.

    Examples
    --------
    >>> sets = TagSets(Tags(("anger", "joy"), np.zeros((0, 2), np.int8)))
    >>> sets.values("joy|fear").tolist(), sets.values(None).tolist()
    ([0, 1], [-1, -1])
    """

    def __init__(self, tags: Tags) -> None:
        super().__init__(tags)
        self._tags = tags
        self._seen: list[Any] = []
        self._table = self.values(None)[None]
        self._edits: dict[tuple[Any, TagEdit], str] = {}

    def values(self, text: Any) -> Values:
        """Read a set, (K,) int8; tags that there are not are passed over, no set is unknown throughout."""
        if not isinstance(text, str):
            return np.full(len(self.names), -1, dtype=np.int8)
        row = np.zeros(len(self.names), dtype=np.int8)
        for item in items(text):
            name, known = _named(item)
            if name in self._place:
                row[self._place[name]] = 1 if known else -1
        return row

    def cleaned(self, text: Any) -> str:
        """Return a set in its usual form, without tags that there are not."""
        return self._tags.set_text(self.values(text))

    def named(self, values: Values) -> str:
        """Return the text of a set by its values, (K,)."""
        return self._tags.set_text(values)

    def table(self, classes: Sequence[Any]) -> Values:
        """Return the values of all classes, (K + 1, n_tags) int8; the last row is that of code -1."""
        # Classes only grow while events come; after a late event they may be others.
        if list(classes[: len(self._seen)]) != self._seen:
            self._seen, self._table = [], self._table[-1:]
        new = list(classes[len(self._seen) :])
        if new:
            rows = np.array([self.values(text) for text in new], dtype=np.int8)
            self._table = np.concatenate([self._table[:-1], rows, self._table[-1:]])
            self._seen += new
        return self._table

    def edited(
        self, codes: Codes, edit: TagEdit, classes: Sequence[Any], code_of: Callable[[str], int]
    ) -> Codes:
        """Return the codes of sets after an edit; ``code_of`` gives new sets a code, in order of rows."""
        if not edit.columns:
            return codes
        distinct, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
        new = np.empty(len(distinct), dtype=np.int32)
        for place in np.argsort(first, kind="stable").tolist():
            code = int(distinct[place])
            new[place] = code_of(self.text(classes[code] if code >= 0 else None, edit))
        return new[inverse.reshape(-1)]

    def text(self, text: Any, edit: TagEdit) -> str:
        """Return the text of a set after an edit; one without known tags leaves it as it is."""
        if not edit.columns and isinstance(text, str):
            return text
        found = self._edits.get((text, edit))
        if found is None:
            row = self.values(text)
            if not self._tags.knows_unknown:
                row[row < 0] = 0
            row[list(edit.columns)] = edit.value
            found = self._edits[text, edit] = self._tags.set_text(row)
        return found


class Attributes(_Named):
    """Attributes of rows, which tags events change.

    Parameters
    ----------
    tags : Tags
        As given.
    """

    def __init__(self, tags: Tags) -> None:
        super().__init__(tags)
        self.given: Values = tags.matrix
        self._matrix: Values | None = None

    @property
    def matrix(self) -> Values:
        """(n, C) int8, as they are now."""
        return self.given if self._matrix is None else self._matrix

    def clear(self) -> None:
        """Go back to what was given."""
        self._matrix = None

    def write(self, rows: npt.NDArray[np.int64], edit: TagEdit) -> None:
        """Give attributes of rows a value."""
        if not edit.columns:
            return
        if self._matrix is None:
            self._matrix = self.given.copy()
        self._matrix[rows[:, None], list(edit.columns)] = edit.value

    def as_given(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Return (m,) bool: rows whose attributes are all as given."""
        if self._matrix is None:
            return np.ones(len(rows), dtype=bool)
        return np.asarray((self._matrix[rows] == self.given[rows]).all(axis=1))


def items(text: str) -> list[str]:
    r"""Cut the text of a set at the bars that are not escaped; ``""`` is the empty set.

    Examples
    --------
    >>> items("joy|?fear"), items("a\\|b"), items("")
    (['joy', '?fear'], ['a\\|b'], [])
    """
    if not text:
        return []
    found = []
    for match in _ITEM.finditer(text):
        found.append(match.group(1))
        if not match.group(2):
            break
    return found


def _named(item: str) -> tuple[str, bool]:
    known = not item.startswith("?")
    body = item if known else item[1:]
    return ("" if body == "\\e" else re.sub(r"\\(.)", r"\1", body, flags=re.DOTALL)), known


__all__ = ["Attributes", "TagEdit", "TagSets", "items"]

"""Tags: several yes-or-no answers a row, and the text by which a whole set of them is named."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from labelscope.data.label_values import plain
from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.types import Array, BoolArray, FloatArray, IntArray

NO_TAGS = "(no tags)"
FORMS = ("sets", "matrix", "column")
JOIN, UNKNOWN, ESCAPE, NOTHING = "|", "?", "\\", "\\e"
# How a value of the matrix is written before the name of its tag.
ABSENT_VALUE, UNKNOWN_VALUE = 0, -1


@dataclass(frozen=True, eq=False)
class Tags:
    r"""Names of tags and the matrix that says which row has which.

    A set of tags is named by one text, so that a set can be a class: its tags in the order of ``names``,
    joined by ``|``; a tag that nobody decided on is written with ``?`` before it, one that is absent not
    at all. In a name, ``\`` and ``|`` are escaped by ``\``, and so is a ``?`` at its start; the empty name
    is ``\e``. The text of no tags is ``""``.

    Attributes
    ----------
    names : tuple of str
        K tags: columns of a matrix in their order, tags of sets sorted.
    matrix : (n, K) int8
        1 present, 0 absent, -1 unknown; a row of -1 alone is unlabelled. Read-only.
    form : str
        What the tags came in: ``"sets"`` (a set or list per row), ``"matrix"`` (0/1/NaN or bool) or
        ``"column"`` (joined text).
    negatives : bool
        Whether 0 means that a person said no. Otherwise a tag that is not listed is not annotated.
    separator : str
        Between the tags of a joined text.
    values : tuple
        The tags in the caller's type (int or str), by default the names.

    Examples
    --------
    >>> tags = Tags(("anger", "joy"), np.array([[0, 1], [1, -1]]), "matrix", negatives=True)
    >>> [tags.set_text(row) for row in tags.matrix]
    ['joy', 'anger|?joy']
    >>> tags.parse("anger|?joy").tolist()
    [1, -1]
    """

    names: tuple[str, ...]
    matrix: npt.NDArray[np.int8]
    form: str = "sets"
    negatives: bool = False
    separator: str = JOIN
    values: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        names = tuple(str(name) for name in self.names)
        matrix = np.asarray(self.matrix)
        if len(set(names)) != len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise InvalidInputError(f"The tag {twice!r} is named twice.", "Give every tag a name of its own.")
        if matrix.ndim != 2 or matrix.shape[1] != len(names):
            raise InvalidInputError(
                f"The matrix of tags has the shape {matrix.shape}, but there are {len(names):,} tags.",
                "Pass one row per row of data and one column per tag.",
            )
        if matrix.dtype != np.int8:
            matrix = matrix.astype(np.int8)
        elif matrix.flags.writeable:
            matrix = matrix.copy()
        matrix.flags.writeable = False
        if self.form not in FORMS:
            raise InvalidInputError.unknown("form of tags", self.form, FORMS)
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "matrix", matrix)
        object.__setattr__(self, "values", tuple(self.values) or names)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.matrix.flags.writeable = False  # pickling forgets that an array is read-only

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.matrix)

    @property
    def n_tags(self) -> int:
        """Number of tags K, those that no row has included."""
        return len(self.names)

    @property
    def missing(self) -> BoolArray:
        """(n,) bool: rows of which nothing is known."""
        if not self.n_tags:
            return np.zeros(self.n, dtype=bool)
        return np.asarray((self.matrix == UNKNOWN_VALUE).all(axis=1))

    @property
    def knows_unknown(self) -> bool:
        """Whether the form can say of one tag of a labelled row that it is unknown."""
        return self.form == "matrix" and self.negatives

    def counts(self) -> IntArray:
        """Count the rows that have each tag, (K,) int64."""
        return np.asarray((self.matrix == 1).sum(axis=0, dtype=np.int64))

    def as_float(self) -> FloatArray:
        """Return the matrix as (n, K) float64: 1, 0, NaN where unknown."""
        numbers = self.matrix.astype(np.float64)
        numbers[self.matrix < 0] = np.nan
        return numbers

    def set_text(self, row: npt.ArrayLike) -> str:
        """Name a set: ``row`` (K,) of 1, 0 and -1 becomes its canonical text."""
        values = np.asarray(row)
        if values.shape != (self.n_tags,):
            raise InvalidInputError(
                f"A set of tags has the shape {values.shape}, but there are {self.n_tags:,} tags.",
                "Pass one of 1, 0 and -1 per tag.",
            )
        written = self._written()
        return JOIN.join(
            written[j] if values[j] > 0 else UNKNOWN + written[j] for j in np.flatnonzero(values).tolist()
        )

    def parse(self, text: str) -> npt.NDArray[np.int8]:
        """Read a set from its text, (K,) int8; raises InvalidInputError that names the near miss of a tag."""
        row = np.zeros(self.n_tags, dtype=np.int8)
        for name, known in _split(text):
            row[self.column(name)] = 1 if known else UNKNOWN_VALUE
        return row

    def parse_all(self, texts: Iterable[str]) -> npt.NDArray[np.int8]:
        """Read many sets from their texts, (m, K) int8."""
        rows = [self.parse(text) for text in texts]
        return np.array(rows, dtype=np.int8).reshape(len(rows), self.n_tags)

    def canonical(self, tags: Any) -> str:
        """Return the text of a set that is given as a text, as a set or list of tags, or as a (K,) row.

        Parameters
        ----------
        tags : str, set, frozenset, list, tuple or (K,) array of 1, 0, -1 and NaN
            A text is read by `parse`; of a list, each entry is a tag.

        Raises
        ------
        InvalidInputError
            A tag that is not among ``names``, or a row of another length.
        InvalidTypeError
            Nothing of the above.
        """
        if isinstance(tags, str):
            return self.set_text(self.parse(tags))
        if isinstance(tags, np.ndarray) and tags.dtype.kind in "biuf":
            numbers = tags.astype(np.float64)
            return self.set_text(np.where(np.isnan(numbers), UNKNOWN_VALUE, numbers).astype(np.int8))
        if isinstance(tags, (bytes, dict)) or not isinstance(tags, Iterable):
            raise InvalidTypeError(
                f"A set of tags is given as {type(tags).__name__}.", "Pass a set or a list of tags."
            )
        return self.set_text(self.row_of(tags))

    def row_of(self, tags: Iterable[Any]) -> npt.NDArray[np.int8]:
        """Return the row that has ``tags`` and no others, (K,) int8."""
        row = np.zeros(self.n_tags, dtype=np.int8)
        row[self.columns(tags)] = 1
        return row

    def edited(
        self, row: npt.ArrayLike, *, add: Iterable[Any] = (), remove: Iterable[Any] = ()
    ) -> npt.NDArray[np.int8]:
        """Return a set with some tags put in or taken out.

        Parameters
        ----------
        row : (K,) array of 1, 0 and -1
            The set; one of -1 alone is unlabelled.
        add, remove : iterable of tags
            By name or value.

        Returns
        -------
        (K,) int8
            Of a form that cannot say "unknown" about one tag, an unlabelled row starts from no tags.
        """
        edited = np.array(row, dtype=np.int8)
        if not self.knows_unknown:
            edited[edited < 0] = ABSENT_VALUE
        edited[self.columns(add)] = 1
        edited[self.columns(remove)] = ABSENT_VALUE
        return edited

    def column(self, tag: Any) -> int:
        """Find the column of a tag by name or value; raises InvalidInputError that names the near miss."""
        table = self._table()
        value = plain(tag)
        try:
            found = table.get(value)
        except TypeError:  # unhashable
            found = None
        if found is None and isinstance(value, str):
            found = table.get(value.strip())
        if found is None or isinstance(value, bool):
            raise InvalidInputError.unknown("tag", value, self.names)
        return found

    def columns(self, tags: Iterable[Any]) -> npt.NDArray[np.int64]:
        """Find the columns of several tags; a str alone is one tag."""
        several = [tags] if isinstance(tags, str) else tags
        return np.array([self.column(tag) for tag in several], dtype=np.int64)

    def codes(self) -> tuple[npt.NDArray[np.int64], Array]:
        """Number the distinct sets.

        Returns
        -------
        codes : (n,) int64
            Position in ``texts``; -1 where the row is unlabelled.
        texts : (m,) object array of str
            The texts of the sets that occur, sorted.
        """
        codes = np.full(self.n, -1, dtype=np.int64)
        labelled = np.flatnonzero(~self.missing)
        first, inverse = _distinct(self.matrix[labelled])
        texts = self._texts(self.matrix[labelled[first]])
        order = sorted(range(len(texts)), key=texts.__getitem__)
        rank = np.empty(len(texts), dtype=np.int64)
        rank[order] = np.arange(len(texts))
        codes[labelled] = rank[inverse]
        return codes, np.fromiter((texts[i] for i in order), dtype=object, count=len(texts))

    def with_matrix(self, matrix: npt.ArrayLike) -> Tags:
        """Return the same tags over another matrix, such as the one after a review."""
        return replace(self, matrix=np.array(matrix, dtype=np.int8))

    def with_tags(self, values: Iterable[Any]) -> Tags:
        """Return the same rows with further tags behind the known ones, which no labelled row has."""
        known = set(self.values)
        new = [v for v in dict.fromkeys(plain(v) for v in values) if v not in known]
        more = np.zeros((self.n, len(new)), dtype=np.int8)
        more[self.missing] = UNKNOWN_VALUE
        return replace(
            self,
            names=(*self.names, *(str(v) for v in new)),
            values=(*self.values, *new),
            matrix=np.hstack([self.matrix, more]),
        )

    def fingerprint_bytes(self) -> bytes:
        """Digest the tags, alike for every form and every order of the tags; tags in no row do not count."""
        missing = self.missing
        used = [j for j in range(self.n_tags) if self.matrix[~missing, j].any()]
        used.sort(key=self.names.__getitem__)
        digest = hashlib.blake2b(digest_size=32)
        for j in used:
            text = self.names[j].encode("utf-8", "surrogatepass")
            digest.update(f"tag:{len(text)}:".encode() + text)
        digest.update(np.ascontiguousarray(missing).tobytes())
        digest.update(np.ascontiguousarray(self.matrix[:, used]).tobytes())
        return digest.digest()

    def _texts(self, matrix: npt.NDArray[np.int8]) -> list[str]:
        """Name many sets; what `set_text` does, with one search for all of them."""
        rows, columns = np.nonzero(matrix)
        written = self._written()
        parts = [
            written[j] if value > 0 else UNKNOWN + written[j]
            for j, value in zip(columns.tolist(), matrix[rows, columns].tolist(), strict=True)
        ]
        ends = np.searchsorted(rows, np.arange(len(matrix) + 1)).tolist()
        return [JOIN.join(parts[start:end]) for start, end in itertools.pairwise(ends)]

    def _written(self) -> list[str]:
        written: list[str] | None = self.__dict__.get("_escaped")
        if written is None:
            written = [_escaped(name) for name in self.names]
            object.__setattr__(self, "_escaped", written)
        return written

    def _table(self) -> dict[Any, int]:
        table: dict[Any, int] | None = self.__dict__.get("_columns")
        if table is None:
            table = {value: j for j, value in enumerate(self.values)}
            table.update((name, j) for j, name in enumerate(self.names))
            object.__setattr__(self, "_columns", table)
        return table


def shown(text: str) -> str:
    """Return what to call a set of tags on the screen: ``"(no tags)"`` for none."""
    return text or NO_TAGS


def _escaped(name: str) -> str:
    if not name:
        return NOTHING
    safe = name.replace(ESCAPE, ESCAPE * 2).replace(JOIN, ESCAPE + JOIN)
    return ESCAPE + safe if safe.startswith(UNKNOWN) else safe


def _split(text: str) -> list[tuple[str, bool]]:
    """Take the text of a set apart: (name, known) of each tag in it."""
    if not text:
        return []
    if ESCAPE not in text:
        return [(part.removeprefix(UNKNOWN), not part.startswith(UNKNOWN)) for part in text.split(JOIN)]
    parts, at = [""], 0
    while at < len(text):
        mark = text[at : at + 2] if text[at] == ESCAPE else text[at]
        if mark == JOIN:
            parts.append("")
        else:
            parts[-1] += mark
        at += len(mark)
    return [_unescaped(part) for part in parts]


def _unescaped(part: str) -> tuple[str, bool]:
    known = not part.startswith(UNKNOWN)
    part = part if known else part[1:]
    if part == NOTHING:
        return "", known
    name, at = "", 0
    while at < len(part):
        at += part[at] == ESCAPE and at + 1 < len(part)
        name += part[at]
        at += 1
    return name, known


def _distinct(matrix: npt.NDArray[np.int8]) -> tuple[IntArray, IntArray]:
    """Number the distinct rows: the first place of each, and the number of every row."""
    if not matrix.size:
        return np.zeros(min(len(matrix), 1), dtype=np.int64), np.zeros(len(matrix), dtype=np.int64)
    # Two bits a tag; rows of bytes are compared as one value each.
    bits = np.packbits(np.hstack([matrix > 0, matrix < 0]), axis=1)
    width = 8 if bits.shape[1] <= 8 else bits.shape[1]
    packed = np.zeros((len(bits), width), dtype=np.uint8)
    packed[:, : bits.shape[1]] = bits
    keys = packed.view(np.uint64 if width == 8 else f"V{width}").ravel()
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    return np.asarray(first), np.asarray(inverse).ravel()


__all__ = ["NO_TAGS", "Tags", "shown"]

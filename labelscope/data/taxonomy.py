"""Hierarchical labels: which label implies which, what contradicts that, and how far two labels are apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.types import BoolArray, FloatArray, IntArray

__all__ = ["Contradictions", "Taxonomy"]


@dataclass(frozen=True, eq=False)
class Contradictions:
    """Tags that are there without what they imply, one entry each.

    Attributes
    ----------
    rows : (m,) int64
    children, parents : (m,) int64
        Columns of the tag that is present and of the one above it that is absent.
    """

    rows: IntArray
    children: IntArray
    parents: IntArray

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, eq=False)
class Taxonomy:
    """Labels in trees: who has a label has all labels above it.

    Attributes
    ----------
    names : tuple of str
        K labels.
    parents : (K,) int64
        Place of the label above each, -1 for the top of a tree. Read-only.

    Raises
    ------
    InvalidInputError
        A name twice, a parent that is not there, or a circle.

    Examples
    --------
    >>> taxonomy = Taxonomy.of({"animal": None, "dog": "animal", "cat": "animal", "puppy": "dog"})
    >>> sorted(taxonomy.closure({"puppy"})), taxonomy.distance("puppy", "cat")
    (['animal', 'dog', 'puppy'], 3)
    >>> taxonomy.violations([[0, 1, 0, 0], [1, 1, 0, 0]]).tolist()
    [[False, True, False, False], [False, False, False, False]]
    """

    names: tuple[str, ...]
    parents: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        names = tuple(str(name) for name in self.names)
        parents = np.array(self.parents, dtype=np.int64)
        if parents.shape != (len(names),) or not len(names):
            raise InvalidInputError(
                f"parents has the shape {parents.shape}, but there are {len(names):,} labels.",
                "Pass one parent per label, -1 for those at the top; Taxonomy.of reads other forms.",
            )
        if len(set(names)) != len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise InvalidInputError(
                f"The label {twice!r} is there twice.",
                "A label has one place; name it by its whole path where one name is used in several places.",
            )
        if parents.min() < -1 or parents.max() >= len(names):
            raise InvalidInputError(
                f"parents go from {parents.min()} to {parents.max()}, but labels from 0 to {len(names) - 1}.",
                "Pass the places of parents among the names, -1 for labels at the top.",
            )
        parents.flags.writeable = False
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "parents", parents)
        object.__setattr__(self, "_place", {name: i for i, name in enumerate(names)})
        object.__setattr__(self, "_above", _ancestry(names, parents))

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.parents.flags.writeable = False  # pickling forgets that an array is read-only

    @classmethod
    def of(cls, given: Any, *, labels: Iterable[str] | None = None) -> Taxonomy:
        """Read a taxonomy from any of its forms.

        Parameters
        ----------
        given : mapping, iterable of str, or iterable of pairs
            From child to parent, None for the top; or paths such as ``"animal/dog/puppy"``; or edges
            (parent, child); or a Taxonomy.
        labels : iterable of str, optional
            All labels that there are. By default those that are mentioned. A mapping that says None
            somewhere must have every parent as a key.

        Raises
        ------
        InvalidInputError
            A parent or a label that is not there, with the near miss named; a second parent; a circle.
        InvalidTypeError
            None of these forms.
        """
        if isinstance(given, Taxonomy):
            return given
        if isinstance(given, Mapping):
            return cls._from_mapping(given, labels)
        if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
            raise InvalidTypeError(
                f"A taxonomy is given as {type(given).__name__}.",
                "Pass a mapping from child to parent, paths like 'animal/dog', or (parent, child) pairs.",
            )
        items = list(given)
        if items and all(isinstance(item, str) for item in items):
            return cls.from_paths(items)
        for item in items:
            if not (isinstance(item, (tuple, list)) and [isinstance(one, str) for one in item] == [True] * 2):
                raise InvalidTypeError(
                    f"A taxonomy has the entry {item!r}.", "Pass paths only, or (parent, child) pairs only."
                )
        return cls._from_edges(items, labels)

    @classmethod
    def from_paths(cls, paths: Iterable[str], *, separator: str = "/", last: bool = False) -> Taxonomy:
        """Read paths; what is above them is in the taxonomy, too.

        Parameters
        ----------
        paths : iterable of str
            Such as ``"animal/dog"``.
        separator : str
            Between the parts.
        last : bool
            Whether a label is called by the last part of its path, which must then be one of a kind.

        Examples
        --------
        >>> Taxonomy.from_paths(["a/b/c"]).names, Taxonomy.from_paths(["a/b"], last=True).names
        (('a', 'a/b', 'a/b/c'), ('a', 'b'))
        """
        above: dict[tuple[str, ...], None] = {}
        for path in paths:
            parts = tuple(part.strip() for part in path.split(separator))
            if not all(parts):
                raise InvalidInputError(
                    f"The path {path!r} has an empty part.", "Write it without separators at its ends."
                )
            above.update(dict.fromkeys(parts[:depth] for depth in range(1, len(parts) + 1)))
        places = {parts: i for i, parts in enumerate(above)}
        names = tuple(parts[-1] if last else separator.join(parts) for parts in above)
        return cls(names, np.array([places.get(parts[:-1], -1) for parts in above], dtype=np.int64))

    @classmethod
    def _from_mapping(cls, given: Mapping[Any, Any], labels: Iterable[str] | None) -> Taxonomy:
        parent_of = {str(child): None if parent is None else str(parent) for child, parent in given.items()}
        names = dict.fromkeys(parent_of)
        strict = labels is not None or None in parent_of.values()
        if labels is not None:
            names.update(dict.fromkeys(str(label) for label in labels))
        for child, parent in parent_of.items():
            if parent is None or parent in names:
                continue
            if strict:
                error = InvalidInputError.unknown("label", parent, names)
                raise InvalidInputError(f"{child!r} is below {parent!r}. {error.message}", error.hint)
            names[parent] = None
        places = {name: i for i, name in enumerate(names)}
        above = [parent_of.get(name) for name in names]
        parents = [-1 if parent is None else places[parent] for parent in above]
        return cls(tuple(names), np.array(parents, dtype=np.int64))

    @classmethod
    def _from_edges(cls, edges: Iterable[Sequence[str]], labels: Iterable[str] | None) -> Taxonomy:
        parent_of: dict[str, str | None] = {}
        order: dict[str, None] = {}
        for parent, child in edges:
            if parent_of.get(child, parent) != parent:
                raise InvalidInputError(
                    f"{child!r} is below {parent_of[child]!r} and below {parent!r}.",
                    "Give every label one parent, or name it by its path in each place.",
                )
            parent_of[child] = parent
            order.update({parent: None, child: None})
        whole = {name: parent_of.get(name) for name in order}
        return cls._from_mapping(whole if labels is None else parent_of, labels)

    def __len__(self) -> int:
        return len(self.names)

    def __contains__(self, label: object) -> bool:
        return label in self._places()

    def __repr__(self) -> str:
        return f"Taxonomy({len(self.names):,} labels, {len(self.roots)} trees, {int(self.depths.max())} deep)"

    @property
    def depths(self) -> IntArray:
        """(K,) int64: edges up to the top of the tree."""
        return np.asarray(self._ancestors().sum(axis=1, dtype=np.int64) - 1)

    @property
    def roots(self) -> tuple[str, ...]:
        """Labels at the top."""
        return tuple(self.names[i] for i in np.flatnonzero(self.parents < 0))

    def place(self, label: str) -> int:
        """Find a label; raises InvalidInputError that names the near miss."""
        found = self._places().get(label)
        if found is None:
            raise InvalidInputError.unknown("label", label, self.names)
        return found

    def parent(self, label: str) -> str | None:
        """Return the label above, None at the top."""
        above = int(self.parents[self.place(label)])
        return None if above < 0 else self.names[above]

    def ancestors(self, label: str) -> tuple[str, ...]:
        """Return the labels above, the nearest first."""
        above = np.flatnonzero(self._ancestors()[self.place(label)])
        return tuple(self.names[i] for i in above[np.argsort(-self.depths[above])][1:])

    def depth(self, label: str) -> int:
        """Count the edges from a label to the top of its tree."""
        return int(self._ancestors()[self.place(label)].sum()) - 1

    def children(self, label: str) -> tuple[str, ...]:
        """Return the labels right below."""
        return tuple(self.names[i] for i in np.flatnonzero(self.parents == self.place(label)))

    def subtree(self, label: str) -> tuple[str, ...]:
        """Return a label and all labels below it, in the order of names."""
        return tuple(self.names[i] for i in np.flatnonzero(self._ancestors()[:, self.place(label)]))

    def siblings(self, label: str) -> tuple[str, ...]:
        """Return the other labels with the same parent; at the top, the other tops."""
        own = self.place(label)
        same = np.flatnonzero(self.parents == self.parents[own])
        return tuple(self.names[i] for i in same if i != own)

    def closure(self, labels: Iterable[str]) -> set[str]:
        """Return labels and everything that they imply."""
        places = [self.place(label) for label in ([labels] if isinstance(labels, str) else labels)]
        return {self.names[i] for i in np.flatnonzero(self._ancestors()[places].any(axis=0))}

    def common_ancestor(self, one: str, other: str) -> str | None:
        """Return the lowest label that is, or is above, both; None where they are in different trees."""
        shared = np.flatnonzero(self._ancestors()[self.place(one)] & self._ancestors()[self.place(other)])
        return self.names[shared[self.depths[shared].argmax()]] if len(shared) else None

    def distance(self, one: str, other: str) -> int:
        """Count the edges between two labels through their lowest common ancestor.

        Trees hang below one top that has no name: the tops of two trees are two edges apart.
        """
        return int(self.distances([one, other])[0, 1])

    def distances(self, labels: Iterable[str] | None = None) -> IntArray:
        """Return all distances between labels, (m, m) int64, by default of all in the order of names."""
        names = self.names if labels is None else tuple(labels)
        above = self._ancestors()[[self.place(name) for name in names]].astype(np.float32)
        sizes = above.sum(axis=1)
        # Common ancestors of two labels are one chain, which ends at the lowest of them.
        return np.asarray(sizes[:, None] + sizes[None, :] - 2 * above @ above.T).round().astype(np.int64)

    def outline(self) -> tuple[tuple[str, int], ...]:
        """Return (label, depth) in the order of a table of contents, for lists that are indented."""
        below: dict[int, list[int]] = {}
        for place, parent in enumerate(self.parents.tolist()):
            below.setdefault(parent, []).append(place)
        listed, depths, open_ = [], self.depths, below.get(-1, [])[::-1]
        while open_:
            at = open_.pop()
            listed.append((self.names[at], int(depths[at])))
            open_ += below.get(at, [])[::-1]
        return tuple(listed)

    def close(self, matrix: npt.ArrayLike, names: Sequence[str] | None = None) -> IntArray:
        """Add the tags that others imply.

        Parameters
        ----------
        matrix : (n, m) array of 1, 0 and -1 or NaN for unknown
        names : sequence of str, optional
            What the columns are, by default all labels.

        Returns
        -------
        (n, m) int8
            1 where a tag or one below it is present; other entries as given.
        """
        tags, columns = self._read(matrix, names)
        below = self._ancestors()[np.ix_(columns, columns)].astype(np.float32)
        return np.where((tags == 1).astype(np.float32) @ below > 0, np.int8(1), tags)

    def violations(self, matrix: npt.ArrayLike, names: Sequence[str] | None = None) -> BoolArray:
        """Find tags that are present though what they imply is absent.

        Parameters
        ----------
        matrix : (n, m) array of 1, 0 and -1 or NaN for unknown
            An unknown tag contradicts nothing.
        names : sequence of str, optional
            What the columns are, by default all labels. A parent without a column is passed over: what is
            above it counts.

        Returns
        -------
        (n, m) bool
            True at the child.

        Raises
        ------
        InvalidInputError
            Another number of columns, or one that is not in the taxonomy, with the near miss named.
        """
        tags, columns = self._read(matrix, names)
        above = self._column_above(columns)
        there = np.flatnonzero(above >= 0)
        found = np.zeros(tags.shape, dtype=bool)
        found[:, there] = (tags[:, there] == 1) & (tags[:, above[there]] == 0)
        return found

    def contradictions(self, matrix: npt.ArrayLike, names: Sequence[str] | None = None) -> Contradictions:
        """List the `violations`: either the child is too much or the parent is missing."""
        rows, children = np.nonzero(self.violations(matrix, names))
        above = self._column_above(self._columns(names))
        return Contradictions(rows, children, above[children])

    def suspicion(self, matrix: npt.ArrayLike, names: Sequence[str] | None = None) -> FloatArray:
        """Return the share of a row's tags that contradict the taxonomy, (n,) float32; 0 without tags."""
        found = self.violations(matrix, names).sum(axis=1)
        present = (np.asarray(matrix, dtype=np.float64) == 1).sum(axis=1)
        return np.asarray(found / np.maximum(present, 1), dtype=np.float32)

    def _places(self) -> dict[str, int]:
        places: dict[str, int] = self.__dict__["_place"]
        return places

    def _ancestors(self) -> BoolArray:
        """(K, K) bool: whether the column's label is the row's or above it."""
        return np.asarray(self.__dict__["_above"])

    def _columns(self, names: Sequence[str] | None) -> IntArray:
        wanted = self.names if names is None else names
        return np.array([self.place(name) for name in wanted], dtype=np.int64)

    def _read(self, matrix: npt.ArrayLike, names: Sequence[str] | None) -> tuple[IntArray, IntArray]:
        numbers, columns = np.asarray(matrix, dtype=np.float64), self._columns(names)
        if numbers.ndim != 2 or numbers.shape[1] != len(columns):
            raise InvalidInputError(
                f"The matrix of tags has the shape {numbers.shape}, but there are {len(columns):,} labels.",
                "Pass one column per label, or names= that say what the columns are.",
            )
        return np.where(np.isnan(numbers), -1, numbers).astype(np.int8), columns

    def _column_above(self, columns: IntArray) -> IntArray:
        """(m,) int64: column of the nearest label above each column, -1 where there is none."""
        column_of = {int(place): column for column, place in enumerate(columns)}
        found = np.full(len(columns), -1, dtype=np.int64)
        for column, place in enumerate(columns.tolist()):
            at = int(self.parents[place])
            while at >= 0 and at not in column_of:
                at = int(self.parents[at])
            found[column] = column_of.get(at, -1)
        return found


def _ancestry(names: Sequence[str], parents: IntArray) -> BoolArray:
    """(K, K) bool: row and all that is above it; raises InvalidInputError where labels go in a circle."""
    n = len(names)
    above = np.eye(n, dtype=bool)
    at, rows = parents.copy(), np.arange(n)
    for _ in range(n):
        rows, at = rows[at >= 0], at[at >= 0]
        if not len(rows):
            return above
        above[rows, at] = True
        at = parents[at]
    circle, at_one = [], int(rows[0])
    while at_one not in circle:
        circle.append(at_one)
        at_one = int(parents[at_one])
    shown = [names[i] for i in [*circle[circle.index(at_one) :], at_one]]
    raise InvalidInputError(
        f"Labels are below each other in a circle: {' < '.join(shown)}.",
        "Take one of these out: a parent must not be below its child.",
    )

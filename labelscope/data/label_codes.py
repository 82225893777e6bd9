"""Labels as codes: one integer per row, the classes, and the way back to the caller's own container."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from labelscope.data.label_output import rebuild_labels
from labelscope.data.label_values import is_missing, kind_of_type, objects, plain
from labelscope.data.tag_output import rebuild_tags
from labelscope.data.tags import Tags, shown
from labelscope.data.targets import as_target, number_names, rebuild_targets
from labelscope.errors import InvalidInputError, TaskError
from labelscope.types import Array, BoolArray, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Labels:
    """Given labels as codes, and the classes that the codes stand for.

    Attributes
    ----------
    codes : (n,) int64
        Position in ``classes``; -1 where the row is unlabelled. Read-only.
    classes : (K,) array
        Label values in the caller's type: int64, bool, float64, or object holding str. Read-only. For
        multi-label the texts of the distinct sets of tags, for regression the distinct numbers.
    original : object
        A private copy of the labels as given, in their own container.
    names : tuple of str
        What to call each class on the screen.
    task : str
        ``"classification"``, ``"multilabel"``, ``"regression"`` or ``"concepts"``.
    tags : Tags or None
        For multi-label: names of the tags and the given matrix.

    Examples
    --------
    >>> from labelscope.data.labels import encode
    >>> labels = encode(["cat", "dog", None, "cat"])
    >>> labels.codes.tolist(), labels.names
    ([0, 1, -1, 0], ('cat', 'dog'))
    >>> labels.rebuild([0, 1, 1, 0])
    ['cat', 'dog', 'dog', 'cat']
    """

    codes: npt.NDArray[np.int64]
    classes: Array
    original: Any
    names: tuple[str, ...]
    task: str = "classification"
    tags: Tags | None = None

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for array in (self.codes, self.classes):  # pickling forgets that an array is read-only
            array.flags.writeable = False

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.codes)

    @property
    def n_classes(self) -> int:
        """Number of classes K, those without a row included."""
        return len(self.classes)

    @property
    def kind(self) -> str:
        """``"int"``, ``"bool"``, ``"float"`` or ``"str"``: the type of the label values."""
        return {"i": "int", "b": "bool", "f": "float"}.get(self.classes.dtype.kind, "str")

    @property
    def missing(self) -> BoolArray:
        """(n,) bool: rows without a label."""
        return np.asarray(self.codes < 0)

    @property
    def is_open(self) -> bool:
        """Whether any fitting value may become a class unasked: every set of known tags, every number."""
        return self.task in ("multilabel", "regression")

    @property
    def targets(self) -> FloatArray:
        """(n,) float64: the targets of a regression, NaN where unlabelled."""
        if self.task != "regression":
            raise TaskError(f"Labels of the task {self.task!r} have no targets.", "Use labels.values(codes).")
        return np.append(np.asarray(self.classes, dtype=np.float64), np.nan)[self.codes]

    def counts(self) -> IntArray:
        """Count the rows of each class, (K,) int64."""
        return np.bincount(self.codes[self.codes >= 0], minlength=self.n_classes).astype(np.int64)

    def values(self, codes: npt.ArrayLike) -> Array:
        """Turn codes into label values.

        Parameters
        ----------
        codes : (m,) array-like of int
            Positions in ``classes``; -1 for no label.

        Returns
        -------
        (m,) array
            Of the classes' dtype; an object array with None where a code is -1 (float64 with NaN for a
            regression).
        """
        codes = self._checked(codes)
        if (codes >= 0).all() and len(self.classes):
            return np.asarray(self.classes[codes])
        if self.task == "regression":
            return np.append(np.asarray(self.classes, dtype=np.float64), np.nan)[codes]
        return np.asarray(objects([*self.classes.tolist(), None])[codes])

    def rebuild(
        self, codes: npt.ArrayLike, classes: Iterable[Any] | None = None, *, keep: npt.ArrayLike | None = None
    ) -> Any:
        """Write labels back into the container in which they came.

        Parameters
        ----------
        codes : (n,) array-like of int
            The labels wanted, as positions in ``classes``; -1 for none.
        classes : sequence, optional
            What the codes stand for when classes were added; by default ``self.classes``.
        keep : (n,) bool, optional
            Rows to return; by default all of them.

        Returns
        -------
        list, numpy array, pandas, polars or pyarrow column, tensor
            Same type, order, index and name as given, and the given entries themselves where nothing
            changed. The dtype is the given one unless a new label does not fit it.
        """
        new_classes = [plain(c) for c in (self.classes if classes is None else classes)]
        codes = self._checked(codes, len(new_classes))
        if len(codes) != self.n:
            raise InvalidInputError.wrong_length("codes", len(codes), self.n, "the given labels")
        own = np.append(self._find_all(new_classes), -1).astype(np.int64)
        # Classes that these labels do not know yet differ from all given codes.
        own[:-1][own[:-1] < 0] = self.n_classes + np.arange(len(new_classes))[own[:-1] < 0]
        rows = np.flatnonzero(own[codes] != self.codes)
        mask = None if keep is None else np.asarray(keep, dtype=bool)
        if self.tags is not None:
            used, place = np.unique(codes[rows], return_inverse=True)
            sets = [self.tags.parse(new_classes[c]) if c >= 0 else self._no_set() for c in used.tolist()]
            matrix = np.array(sets, dtype=np.int8).reshape(len(used), self.tags.n_tags)
            return rebuild_tags(self.original, self.tags, rows, matrix[place.ravel()], mask)
        wanted = [new_classes[c] if c >= 0 else None for c in codes[rows]]
        rebuilt = rebuild_targets if self.task == "regression" else rebuild_labels
        return rebuilt(self.original, rows, wanted, mask)

    def code_of(self, value: Any) -> int:
        """Find the code of a label value; raises InvalidInputError that names the near miss."""
        if self.tags is not None and not is_missing(value):
            value = self.tags.canonical(value)
        code = -1 if is_missing(value) else self._find(plain(value))
        if code < 0:
            raise InvalidInputError.unknown("label", value, self.classes.tolist())
        return code

    value_to_code = code_of

    def as_new_class(self, value: Any) -> Any:
        """Return ``value`` as a label of the given labels' type, so that a class can be added.

        A str such as ``"7"`` becomes 7 among int labels, because a text box can only send text; a set of
        tags becomes its text, a number or the text of one a target.
        Raises InvalidInputError when the value does not fit or is empty.
        """
        if self.tags is not None:
            return self.tags.canonical(value)
        if self.task == "regression":
            return as_target(value)
        value = plain(value)
        if is_missing(value) or (isinstance(value, str) and not value.strip()):
            raise InvalidInputError("A new class needs a name, but an empty one is given.", "Type a name.")
        if not self.n_classes:
            return value if kind_of_type(type(value)) in ("int", "bool", "float") else str(value)
        if self.kind == "str" and isinstance(value, str):
            return value
        if self.kind == "int" and not isinstance(value, bool):
            try:
                whole = int(value)
            except (TypeError, ValueError):
                whole = None
            if whole is not None and (isinstance(value, str) or whole == value):
                return whole
        if self.kind == kind_of_type(type(value)) == "float":
            return float(value)
        if self.kind == "bool" and isinstance(value, bool):
            return value
        raise InvalidInputError(
            f"The new class {value!r} is of the type {type(value).__name__}, but the labels are {self.kind}.",
            f"Give a new class of the type {self.kind}.",
        )

    def with_classes(self, classes: Iterable[Any], names: Iterable[str] | None = None) -> Labels:
        """Return the same labels over other classes, which must include all classes in use."""
        given = [float(c) if self.task == "regression" else plain(c) for c in classes]
        values = class_array(given, self.kind)
        table = {plain(c): i for i, c in enumerate(values)}
        used = np.unique(self.codes[self.codes >= 0])
        for code in used:
            if plain(self.classes[code]) not in table:
                raise InvalidInputError.unknown("class", plain(self.classes[code]), list(table))
        recode = np.full(self.n_classes + 1, -1, dtype=np.int64)
        for code in used:
            recode[code] = table[plain(self.classes[code])]
        known = dict(zip((plain(c) for c in self.classes), self.names, strict=True))
        called = self._names_of(values)
        called = tuple(known.get(plain(c), name) for c, name in zip(values, called, strict=True))
        called = tuple(names) if names is not None else called
        return replace(self, codes=frozen(recode[self.codes]), classes=frozen(values), names=called)

    def aligned_to(self, n_columns: int) -> Labels:
        """Return the labels over the classes that ``n_columns`` columns of pred_probs stand for.

        Column j is label j when labels are ints in range(n_columns), else ``classes[j]``; another
        width raises InvalidInputError. For multi-label, columns are tags in the same way.
        """
        if self.task == "regression" or (self.tags is None and self.n_classes == n_columns):
            return self
        if self.tags is not None:
            wide = _aligned(self.tags, n_columns)
            return replace(self, tags=wide.with_matrix(np.where(self.missing[:, None], -1, wide.matrix)))
        used = self.classes[np.unique(self.codes[self.codes >= 0])]
        lowest = int(used.min()) if self.kind == "int" and len(used) else 0
        if not self.n_classes or (
            self.kind == "int" and lowest >= 0 and int(used.max(initial=0)) < n_columns
        ):
            return self.with_classes(range(n_columns))
        hint = "Pass one column per class, and class_names= when some class has no row."
        raise InvalidInputError(
            f"pred_probs has {n_columns:,} columns, but the labels have {self.n_classes:,} classes:"
            f" {_some(self.names)}.",
            "Label -1 counts as a class; unlabelled rows are None or NaN." if lowest == -1 else hint,
        )

    def fingerprint_bytes(self) -> bytes:
        """Digest the given labels, alike for every container and every order of the classes."""
        if self.tags is not None:
            return self.tags.fingerprint_bytes()
        if self.task == "regression":
            return hashlib.blake2b(b"targets" + self.targets.astype("<f8").tobytes(), digest_size=32).digest()
        used = [int(c) for c in np.unique(self.codes[self.codes >= 0])]
        order = sorted(used, key=lambda c: str(self.classes[c]))
        rank = np.full(self.n_classes + 1, -1, dtype=np.int64)
        rank[order] = np.arange(len(order))
        digest = hashlib.blake2b(digest_size=32)
        for code in order:
            text = str(self.classes[code]).encode("utf-8", "surrogatepass")
            digest.update(f"{self.kind}:{len(text)}:".encode() + text)
        digest.update(np.ascontiguousarray(rank[self.codes]).astype("<i8").tobytes())
        return digest.digest()

    def _no_set(self) -> npt.NDArray[np.int8]:
        assert self.tags is not None
        return np.full(self.tags.n_tags, -1, dtype=np.int8)

    def _names_of(self, classes: Array) -> tuple[str, ...]:
        if self.task == "regression":
            return number_names(classes)
        return tuple(shown(str(c)) if self.tags is not None else str(c) for c in classes)

    def _find_all(self, values: list[Any]) -> npt.NDArray[np.int64]:
        """Find the codes of many values, -1 where there is none; numbers of a regression all at once."""
        if self.task != "regression" or not self.n_classes:
            return np.array([self._find(value) for value in values], dtype=np.int64)
        numbers = np.array(values, dtype=np.float64)
        place = np.minimum(np.searchsorted(self._order[1], numbers), self.n_classes - 1)
        found = self._order[1][place] == numbers
        return np.where(found, self._order[0][place], -1)

    @functools.cached_property
    def _order(self) -> tuple[npt.NDArray[np.int64], Array]:
        order = np.argsort(self.classes, kind="stable")
        return order, self.classes[order]

    def _find(self, value: Any) -> int:
        index: dict[Any, int] | None = self.__dict__.get("_index")
        if index is None:
            index = {plain(c): i for i, c in enumerate(self.classes)}
            object.__setattr__(self, "_index", index)
        try:
            code = index.get(value, -1)
        except TypeError:  # unhashable
            return -1
        # True == 1 in Python, but a bool is no int label and the other way round.
        return code if code < 0 or isinstance(value, bool) == (self.kind == "bool") else -1

    def _checked(self, codes: npt.ArrayLike, n_classes: int | None = None) -> npt.NDArray[np.int64]:
        array = np.asarray(codes)
        top = self.n_classes if n_classes is None else n_classes
        if array.size == 0:
            return np.zeros(array.shape, dtype=np.int64)
        if array.dtype.kind not in "iu" or array.min() < -1 or array.max() >= top:
            raise InvalidInputError(
                f"codes must be whole numbers from -1 to {top - 1}, but range from {array.min()} to"
                f" {array.max()} ({array.dtype}).",
                "Use Labels.code_of(value) to find the code of a label.",
            )
        return array.astype(np.int64)


def _aligned(tags: Tags, n_columns: int) -> Tags:
    """Return tags with ``n_columns`` columns: int tags are columns of that number."""
    if tags.n_tags == n_columns:
        return tags
    whole = tags.form == "sets" and all(type(v) is int for v in tags.values)
    fits = whole and min(tags.values, default=0) >= 0 and max(tags.values, default=-1) < n_columns
    if fits or not tags.n_tags:
        wide = np.zeros((tags.n, n_columns), dtype=np.int8)
        wide[:, list(tags.values)] = tags.matrix
        names = dict(zip(tags.values, tags.names, strict=True))
        called = tuple(names.get(j, str(j)) for j in range(n_columns))
        return replace(tags, names=called, matrix=wide, values=tuple(range(n_columns)))
    raise InvalidInputError(
        f"pred_probs has {n_columns:,} columns, but there are {tags.n_tags:,} tags: {_some(tags.names)}.",
        "Pass one column per tag, and class_names= when some tag has no row.",
    )


def class_array(values: list[Any], kind: str) -> Array:
    """Hold classes of one type in an array: int64, bool, float64, or objects for str."""
    kinds = {kind_of_type(type(v)) for v in values}
    if kinds == {"int"} or (kind == "int" and not values):
        return np.asarray(values, dtype=np.int64)
    if kinds == {"bool"}:
        return np.asarray(values, dtype=bool)
    if kinds == {"float"}:
        return np.asarray(values, dtype=np.float64)
    if kinds <= {"str"}:
        return objects(str(v) for v in values)
    raise InvalidInputError(
        f"Classes are of mixed types: {', '.join(sorted(kinds))}.", "Give all of them the labels' type."
    )


def frozen(array: Any) -> Any:
    """Make an array read-only."""
    array = np.asarray(array)
    array.flags.writeable = False
    return array


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:8]) + (", …" if len(names) > 8 else "")

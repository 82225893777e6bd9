"""Labels: one integer code per row, the classes, and the way back to the caller's own container."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from labelscope.data.label_evidence import encode_evidence
from labelscope.data.label_output import rebuild_labels, snapshot
from labelscope.data.label_tasks import check_matrix, decide_task, task_of_values
from labelscope.data.label_values import LabelValues, is_missing, kind_of_type, objects, plain, read_values
from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.types import Array, BoolArray, IntArray

__all__ = ["Labels", "decide_task", "encode", "encode_evidence"]


@dataclass(frozen=True, eq=False)
class Labels:
    """Given labels as codes, and the classes that the codes stand for.

    Attributes
    ----------
    codes : (n,) int64
        Position in ``classes``; -1 where the row is unlabelled. Read-only.
    classes : (K,) array
        Label values in the caller's type: int64, bool, float64, or object holding str. Read-only.
    original : object
        A private copy of the labels as given, in their own container.
    names : tuple of str
        What to call each class on the screen.
    task : str
        ``"classification"``.

    Examples
    --------
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
            Of the classes' dtype; an object array with None where a code is -1.
        """
        codes = self._checked(codes)
        if (codes >= 0).all() and len(self.classes):
            return np.asarray(self.classes[codes])
        values = np.full(codes.shape, None, dtype=object)
        for code in np.unique(codes[codes >= 0]):
            values[codes == code] = plain(self.classes[code])
        return values

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
        codes = self._checked(codes, None if classes is None else len(list(classes)))
        if len(codes) != self.n:
            raise InvalidInputError.wrong_length("codes", len(codes), self.n, "the given labels")
        new_classes = [plain(c) for c in (self.classes if classes is None else classes)]
        own = np.append([self._find(c) for c in new_classes], -1).astype(np.int64)
        # Classes that these labels do not know yet differ from all given codes.
        own[:-1][own[:-1] < 0] = self.n_classes + np.arange(len(new_classes))[own[:-1] < 0]
        rows = np.flatnonzero(own[codes] != self.codes)
        wanted = [new_classes[c] if c >= 0 else None for c in codes[rows]]
        mask = None if keep is None else np.asarray(keep, dtype=bool)
        return rebuild_labels(self.original, rows, wanted, mask)

    def code_of(self, value: Any) -> int:
        """Find the code of a label value; raises InvalidInputError that names the near miss."""
        code = -1 if is_missing(value) else self._find(plain(value))
        if code < 0:
            raise InvalidInputError.unknown("label", value, self.classes.tolist())
        return code

    value_to_code = code_of

    def as_new_class(self, value: Any) -> Any:
        """Return ``value`` as a label of the given labels' type, so that a class can be added.

        A str such as ``"7"`` becomes 7 among int labels, because a text box can only send text.
        Raises InvalidInputError when the value does not fit or is empty.
        """
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
        values = _class_array([plain(c) for c in classes], self.kind)
        table = {plain(c): i for i, c in enumerate(values)}
        used = np.unique(self.codes[self.codes >= 0])
        for code in used:
            if plain(self.classes[code]) not in table:
                raise InvalidInputError.unknown("class", plain(self.classes[code]), list(table))
        recode = np.full(self.n_classes + 1, -1, dtype=np.int64)
        for code in used:
            recode[code] = table[plain(self.classes[code])]
        known = dict(zip((plain(c) for c in self.classes), self.names, strict=True))
        shown = tuple(names) if names is not None else tuple(known.get(plain(c), str(c)) for c in values)
        return replace(self, codes=_frozen(recode[self.codes]), classes=_frozen(values), names=shown)

    def aligned_to(self, n_columns: int) -> Labels:
        """Return the labels over the classes that ``n_columns`` columns of pred_probs stand for.

        Column j is label j when labels are ints in range(n_columns), else ``classes[j]``; another
        width raises InvalidInputError.
        """
        if self.n_classes == n_columns:
            return self
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


def encode(
    labels: Any,
    *,
    class_names: Iterable[Any] | Mapping[Any, str] | None = None,
    task: str | None = None,
    n: int | None = None,
    missing: npt.ArrayLike | None = None,
) -> Labels:
    """Encode the labels of a classification.

    Parameters
    ----------
    labels : list, array, pandas, polars or pyarrow column, tensor
        One label per row: int, str, bool or integral float; None or NaN where there is none.
    class_names : sequence or mapping, optional
        For int labels in range(K), the name of each (``class_names[j]`` names label j); a mapping from
        label to name; otherwise all label values, in the order wanted.
    task : str, optional
        Settles what labels mean that could be read in two ways.
    n : int, optional
        Number of rows needed.
    missing : (n,) bool, optional
        Further rows to take as unlabelled.

    Returns
    -------
    Labels

    Raises
    ------
    InvalidInputError
        Wrong length, mixed types, labels outside ``class_names``, or an ambiguous array.
    InvalidTypeError
        Not a container of labels.
    TaskError
        Multi-label data or fractional targets.

    Examples
    --------
    >>> encode([2, 0, None], class_names=["cat", "dog", "fox"]).names
    ('cat', 'dog', 'fox')
    """
    check_matrix(labels, task)
    read = read_values(labels)
    if n is not None and len(read.missing) != n:
        raise InvalidInputError.wrong_length("labels", len(read.missing), n)
    if missing is not None:
        read = replace(read, missing=read.missing | np.asarray(missing, dtype=bool))
    task = task_of_values(read, task, settled=class_names is not None)
    codes, classes = _factorize(read)
    if class_names is None and read.declared is not None:
        class_names = read.declared
    names: tuple[str, ...] | None = None
    if class_names is not None:
        codes, classes, names = _apply_names(codes, classes, class_names)
    names = names if names is not None else tuple(str(c) for c in classes)
    return Labels(_frozen(codes), _frozen(classes), snapshot(labels), names, task)


def _factorize(read: LabelValues) -> tuple[npt.NDArray[np.int64], Array]:
    codes = np.full(len(read.missing), -1, dtype=np.int64)
    present = read.values[~read.missing]
    if read.kind == "none" or not len(present):
        return codes, np.empty(0, dtype=object)
    if read.kind != "str":
        classes, inverse = np.unique(present, return_inverse=True)
        codes[~read.missing] = inverse
        return codes, classes
    items = present.tolist()
    classes = objects(sorted(set(items)))
    index = {value: i for i, value in enumerate(classes)}
    codes[~read.missing] = np.fromiter((index[v] for v in items), dtype=np.int64, count=len(items))
    return codes, classes


def _apply_names(
    codes: npt.NDArray[np.int64], found: Array, class_names: Iterable[Any] | Mapping[Any, str]
) -> tuple[npt.NDArray[np.int64], Array, tuple[str, ...]]:
    """Order the classes by ``class_names``, which hold the label values or name int labels 0…K-1."""
    if isinstance(class_names, (str, bytes)) or not hasattr(class_names, "__iter__"):
        raise InvalidTypeError(
            f"class_names is {class_names!r}, but the names of all classes are needed.",
            "Pass a list such as ['cat', 'dog'], or a mapping from label to name.",
        )
    if isinstance(class_names, Mapping):
        given, shown = [plain(k) for k in class_names], tuple(str(v) for v in class_names.values())
    else:
        given = [plain(c) for c in class_names]
        shown = tuple(str(c) for c in given)
        whole = found.dtype.kind in "ib"
        if whole and all(isinstance(c, str) for c in given):
            if len(found) and (int(found.min()) < 0 or int(found.max()) >= len(given)):
                raise InvalidInputError(
                    f"{len(given)} class_names name the labels 0 to {len(given) - 1}, but labels range from"
                    f" {found.min()} to {found.max()}.",
                    "Pass a mapping such as class_names={1: 'cat', 2: 'dog'}.",
                )
            given = [False, True][: len(given)] if found.dtype.kind == "b" else list(range(len(given)))
    for names in (given, list(shown)):
        if len(set(names)) != len(names):
            twice = next(c for c in names if names.count(c) > 1)
            raise InvalidInputError(f"class_names holds {twice!r} twice.", "Name every class once.")
    table = {c: i for i, c in enumerate(given)}
    for value in found.tolist():
        if value not in table or isinstance(value, bool) != isinstance(given[table[value]], bool):
            raise InvalidInputError.unknown("class", value, given)
    recode = np.append([table[v] for v in found.tolist()], -1).astype(np.int64)
    kind = {"i": "int", "b": "bool", "f": "float"}.get(found.dtype.kind, "")
    return recode[codes], _class_array(given, kind), shown


def _class_array(values: list[Any], kind: str) -> Array:
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


def _frozen(array: Any) -> Any:
    array = np.asarray(array)
    array.flags.writeable = False
    return array


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:8]) + (", …" if len(names) > 8 else "")

"""Labels that people write: known classes, class names, new classes and near misses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from labelscope.data.labels import Labels
from labelscope.data.tags import Tags
from labelscope.errors import InvalidInputError, notify
from labelscope.review.events import scalar_key, to_scalar

_GIVEN: WeakKeyDictionary[Labels, dict[Any, int]] = WeakKeyDictionary()


class LabelReader:
    """Finds the codes of labels for one gesture; new classes get the codes that follow.

    Where every set of known tags or every number is a label, no class needs to be welcomed.

    Parameters
    ----------
    labels : Labels
        The given labels.
    classes : sequence of label values
        Classes as they are now.
    new_class : bool
        Whether labels that are no class yet are welcome.

    Attributes
    ----------
    classes : list of label values
        Known ones, then new ones.

    Examples
    --------
    >>> from labelscope.data.labels import encode
    >>> reader = LabelReader(encode(["cat", "dog"]), ["cat", "dog"], new_class=False)
    >>> reader.code("dog"), reader.code(None)
    (1, -1)
    """

    def __init__(self, labels: Labels, classes: Sequence[Any], new_class: bool) -> None:
        self.classes = list(classes)
        self._labels = labels
        self._new_class = new_class
        self._given = _given_codes(labels)
        more = enumerate(self.classes[labels.n_classes :], start=labels.n_classes)
        self._added = {scalar_key(to_scalar(value)): code for code, value in more}

    def code(self, value: Any) -> int:
        """Find the code of a label.

        Parameters
        ----------
        value : label or None
            A class, or the name of one; None is no label.

        Returns
        -------
        int

        Raises
        ------
        InvalidInputError
            It is no class, and new ones are not welcome or not like this one.
        InvalidTypeError
            It cannot be a label.
        """
        if self._labels.is_open:
            return self._open(value)
        scalar = to_scalar(value)
        if scalar is None:
            return -1
        found = self._known(scalar)
        if found is None:
            found = self._by_name(scalar)
        return self._add(scalar) if found is None else found

    def _known(self, scalar: Any) -> int | None:
        key = scalar_key(scalar)
        found = self._given.get(key)
        return self._added.get(key) if found is None else found

    def _open(self, value: Any) -> int:
        if value is None:
            return -1
        tags = self._labels.tags
        label = to_scalar(self._labels.as_new_class(value) if tags is None else set_text(tags, value))
        found = self._known(label)
        return self._append(label) if found is None else found

    def _append(self, scalar: Any) -> int:
        code = self._added[scalar_key(scalar)] = len(self.classes)
        self.classes.append(scalar)
        return code

    def _by_name(self, scalar: Any) -> int | None:
        """Take what the screen calls a class for the class, as long as one only is called so."""
        names = self._labels.names
        return names.index(scalar) if isinstance(scalar, str) and names.count(scalar) == 1 else None

    def _add(self, scalar: Any) -> int:
        if not self._new_class:
            unknown = InvalidInputError.unknown("label", scalar, self._shown())
            raise InvalidInputError(unknown.message, f"{unknown.hint} To add a class: new_class=True.")
        fitting = to_scalar(self._labels.as_new_class(scalar))
        found = self._known(fitting)
        if found is not None:
            return found
        kind = type(to_scalar(self.classes[0])) if self.classes else type(fitting)
        if not self._labels.n_classes and type(fitting) is not kind:
            raise InvalidInputError(
                f"The new class {scalar!r} is of the type {type(scalar).__name__}, but the others are"
                f" {kind.__name__}.",
                f"Give a new class of the type {kind.__name__}.",
            )
        alike = [c for c in self.classes if str(c).casefold().split() == str(fitting).casefold().split()]
        if alike:
            notify(
                "new_class_similar",
                f"The new class {fitting!r} differs from {alike[0]!r} only in case or spaces.",
                "Undo if that was not meant.",
            )
        return self._append(fitting)

    def _shown(self) -> list[Any]:
        shown = [to_scalar(value) for value in self.classes]
        return shown if len(shown) != len(self._labels.names) else _with_names(shown, self._labels.names)


def set_text(tags: Tags, value: Any) -> str:
    """Return the text of a set of tags that a person wrote: a text, one tag, several, or a row of 0 and 1.

    Raises
    ------
    InvalidInputError
        A tag that there is not, with the near miss.
    InvalidTypeError
        It cannot be a set of tags.
    """
    try:
        return tags.canonical(value)
    except InvalidInputError as problem:
        # One tag whose name has a bar in it, written as it is.
        if isinstance(value, str) and value in tags.names:
            return tags.canonical([value])
        raise InvalidInputError(
            problem.message,
            f"{problem.hint} A review uses the tags that the labels have: to add one, name it when the data"
            " is read (class_names=), with no row that has it.",
        ) from None


def _given_codes(labels: Labels) -> dict[Any, int]:
    """Return the codes of the given classes, looked up once: a regression has as many as it has rows."""
    found = _GIVEN.get(labels)
    if found is None:
        found = {scalar_key(to_scalar(value)): code for code, value in enumerate(labels.classes.tolist())}
        _GIVEN[labels] = found
    return found


def _with_names(values: list[Any], names: Sequence[str]) -> list[Any]:
    different = [name for name, value in zip(names, values, strict=True) if name != str(value)]
    return [*values, *different]

"""Queries: rows by what is known about them, in a small language without code."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.review.query_completion import Completion, complete
from labelscope.review.query_names import BUILT_IN, Known, known_of, names_of, truths_of, values_of
from labelscope.review.query_syntax import Condition, Joined, Name, Not, QueryError, Tree, parse_tree
from labelscope.types import Array, BoolArray, IntArray

if TYPE_CHECKING:
    from labelscope.review.session import Session

__all__ = [
    "BUILT_IN",
    "Completion",
    "Query",
    "QueryError",
    "complete",
    "names_of",
    "parse",
    "truths_of",
    "values_of",
]


@dataclass(frozen=True)
class Query:
    """A query that was read.

    Attributes
    ----------
    text : str
    tree : Tree or None
        None finds all rows.
    """

    text: str
    tree: Tree | None

    def mask(self, session: Session) -> BoolArray:
        """Return (n,) bool: rows that are found; raises as :meth:`rows`."""
        if self.tree is None:
            return np.ones(session.audit.n, dtype=bool)
        with session.ledger.lock:
            return _mask(self.tree, session, {})

    def rows(self, session: Session) -> IntArray:
        """Find rows.

        Parameters
        ----------
        session : Session

        Returns
        -------
        (m,) int64
            In ascending order.

        Raises
        ------
        QueryError
            A name or a label that there is not, with the near miss; or a test that does not fit a column.
        """
        return np.flatnonzero(self.mask(session)).astype(np.int64)

    @property
    def names(self) -> tuple[str, ...]:
        """Names that the query uses, each once."""
        return tuple(dict.fromkeys(_names(self.tree)))


def parse(text: str) -> Query:
    """Read a query.

    Parameters
    ----------
    text : str
        Such as ``suspicion > .8 and given == "cat" and not reviewed``. Names are ``suspicion``, ``given``,
        ``current``, ``suggested``, ``state``, ``reviewed``, ``flagged``, ``reviewer``, ``row``, ``id``,
        ``note``, ``text``, the columns of the user's frame, and what methods know of each row, such as
        ``foreign``, ``tail``, ``judge_disagreement``, ``score_margin``: ``names_of`` lists them. Backticks
        make a column of any text.

    Returns
    -------
    Query

    Raises
    ------
    QueryError
        With ``position``, the character at which it went wrong.

    Examples
    --------
    >>> import labelscope as ls
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> session = ls.Session(ls.audit(X, y), journal=None)
    >>> parse("given == 1 and row between 40 and 52").rows(session).tolist()
    [50, 51, 52]
    """
    return Query(text, parse_tree(text))


def _names(tree: Tree | None) -> list[str]:
    if tree is None:
        return []
    if isinstance(tree, Condition):
        return [tree.name.text]
    if isinstance(tree, Not):
        return _names(tree.inner)
    return [name for part in tree.parts for name in _names(part)]


def _mask(tree: Tree, session: Session, read: dict[Name, Known]) -> BoolArray:
    if isinstance(tree, Not):
        return ~_mask(tree.inner, session, read)
    if isinstance(tree, Joined):
        join = np.logical_and if tree.word == "and" else np.logical_or
        found = _mask(tree.parts[0], session, read).copy()
        for part in tree.parts[1:]:
            join(found, _mask(part, session, read), out=found)
        return found
    # The same name at another place is the same column.
    name = Name(tree.name.text, 0, tree.name.column)
    if name not in read:
        read[name] = known_of(session, tree.name)
    return _tested(tree, read[name])


def _tested(test: Condition, known: Known) -> BoolArray:
    if test.op == "missing":
        return known.missing
    if test.op == "true":
        if known.kind != "truth":
            raise QueryError(
                f"{test.name.text!r} is not true or false by itself.",
                f"Compare it, such as {test.name.text} == …",
                test.name.start,
            )
        return np.asarray(known.values, dtype=bool)
    if test.op == "contains":
        return _contains(test, known)
    if test.op in ("==", "!=", "in"):
        found = np.zeros(len(known.missing), dtype=bool)
        for value in test.values:
            found |= _equal(test, known, value)
        return ~found & ~known.missing if test.op == "!=" else found
    return _ordered(test, known)


def _contains(test: Condition, known: Known) -> BoolArray:
    part = test.values[0]
    if not isinstance(part, str):
        raise QueryError(f"contains needs text, not {part!r}.", f'Write "{part}".', test.start)
    if known.kind not in ("text", "category"):
        raise QueryError(f"{test.name.text!r} holds no text.", "Compare it with a number.", test.start)
    part = part.casefold()
    if known.kind == "category":
        hit = np.array([part in str(name).casefold() for name in known.names] + [False], dtype=bool)
        return np.asarray(hit[known.values])
    return np.fromiter((part in str(v).casefold() for v in known.values), bool, len(known.values))


def _equal(test: Condition, known: Known, value: Any) -> BoolArray:
    if known.kind == "category":
        return np.asarray(known.values == _code(test, known, value))
    if known.kind == "text":
        wanted = str(value)
        return np.fromiter((str(v) == wanted for v in known.values), bool, len(known.values)) & ~known.missing
    if isinstance(value, str):
        raise QueryError(
            f"{test.name.text!r} holds {known.kind}s, not text like {value!r:.40}.",
            "Write true or false." if known.kind == "truth" else "Write a number.",
            test.start,
        )
    return np.asarray(known.values == value)


def _code(test: Condition, known: Known, value: Any) -> int:
    """Find the category of a value: as such, or by its name on the screen."""
    for code, said in enumerate(known.categories):
        if said == value and isinstance(said, bool) == isinstance(value, bool):
            return code
    names = [str(name) for name in known.names]
    if isinstance(value, str) and value in names:
        return names.index(value)
    if known.open:
        return -2  # nobody has it, and that is an answer
    near = difflib.get_close_matches(str(value), names, n=1, cutoff=0.5)
    shown = ", ".join(names[:12])
    hint = f"Did you mean {near[0]!r}? " if near else ""
    raise QueryError(
        f"There is no {test.name.text} {value!r:.60}.", f"{hint}Known: {shown or 'none'}.", test.start
    )


def _ordered(test: Condition, known: Known) -> BoolArray:
    if known.kind != "number":
        raise QueryError(
            f"{test.name.text!r} holds no numbers and has no order.",
            'Write == "…" or contains "…".',
            test.start,
        )
    for value in test.values:
        if isinstance(value, str | bool):
            raise QueryError(f"{value!r:.40} is not a number.", "Write a number.", test.start)
    numbers: Array = known.values
    with np.errstate(invalid="ignore"):
        if test.op == "between":
            low, high = test.values
            return np.asarray((numbers >= low) & (numbers <= high))
        limit = test.values[0]
        compare = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}[test.op]
        return np.asarray(compare(numbers, limit))

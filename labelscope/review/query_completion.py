"""What could come next in a query that is being typed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from labelscope.review.query_syntax import COMPARISONS, WORDS, QueryError, Token, tokens

_MOST = 20
_PLAIN = re.compile(r"[^\W\d][\w.]*")


@dataclass(frozen=True)
class Completion:
    """One proposal: what to show, what to write, and whether it is a name, a sign, a word or a value."""

    label: str
    insert: str
    kind: str


def complete(
    text: str,
    cursor: int,
    names: Sequence[str],
    values: Callable[[str], Sequence[Any]] | None = None,
    truths: Sequence[str] = ("reviewed", "flagged"),
) -> tuple[list[Completion], int]:
    """Propose how to go on.

    Parameters
    ----------
    text : str
    cursor : int
        Characters before the cursor count.
    names : sequence of str
        Names that there are; see ``names_of``.
    values : callable, optional
        Values that a name takes; see ``values_of``.
    truths : sequence of str
        Names that are true or false by themselves; see ``truths_of``.

    Returns
    -------
    items : list of Completion
        At most 20, what starts as typed before what only contains it.
    start : int
        Character from which the proposal replaces the text up to the cursor.

    Examples
    --------
    >>> items, start = complete("not revi", 8, ["suspicion", "reviewed", "reviewer"])
    >>> [item.insert for item in items], start
    (['reviewed ', 'reviewer '], 4)
    """
    typed = text[: max(0, min(cursor, len(text)))]
    try:
        words = tokens(typed, whole=False)
    except QueryError:
        return [], len(typed)
    end = words[-1].end if words else 0
    rest = typed[end:]
    if rest.strip():  # an open quote, or a sign that is half written
        start = end + len(rest) - len(rest.lstrip())
        part, quote = typed[start:], typed[start]
        words_before = words
    elif words and not rest and words[-1].kind in ("name", "word", "column"):
        start, part, quote = words[-1].start, str(words[-1].value), typed[words[-1].start]
        words_before = words[:-1]
    else:
        start, part, quote, words_before = len(typed), "", "", words
    expected, name = _expected(words_before)
    if quote in ('"', "'"):
        part = part[1:]
        expected = "value"
    elif quote == "`":
        part, expected = part.strip("`"), "name"
    found = _proposals(expected, name, names, values, name in truths)
    return _matching(found, part)[:_MOST], start


def _expected(words: Sequence[Token]) -> tuple[str, str]:
    """Return what comes next, and the name that it is about."""
    name = next((str(word.value) for word in reversed(words) if word.kind in ("name", "column")), "")
    if not words or words[-1].says("and", "or", "("):
        before = [word for word in words if word.says("between", "in", "and", "or", "(")]
        if words and words[-1].says("("):
            return ("value" if len(words) > 1 and words[-2].says("in") else "name"), name
        is_range = len(before) > 1 and before[-2].says("between")
        return ("value" if is_range else "name"), name
    last = words[-1]
    if last.kind in ("name", "column"):
        return "sign", str(last.value)
    if last.says("not"):
        after_name = len(words) > 1 and words[-2].kind in ("name", "column")
        return ("not_sign" if after_name else "name"), name
    if last.says(*COMPARISONS, "contains", "between", ","):
        return "value", name
    if last.says("in"):
        return "bracket", name
    if last.says("is"):
        return "missing", name
    if last.kind == "value" and len(words) > 1 and words[-2].says("between"):
        return "range", name
    return "join", name


def _proposals(
    expected: str,
    name: str,
    names: Sequence[str],
    values: Callable[[str], Sequence[Any]] | None,
    is_truth: bool,
) -> list[Completion]:
    if expected == "name":
        return [*(Completion(own, _written(own) + " ", "name") for own in names), *_words("not", "(")]
    if expected == "value":
        found = values(name) if values is not None and name else ()
        return [Completion(str(value), _quoted(value) + " ", "value") for value in found]
    if expected == "sign":
        signs = [Completion(sign, sign + " ", "sign") for sign in COMPARISONS]
        more = _words("between", "in", "contains", "not in", "is missing")
        return [*_words("and", "or"), *signs, *more] if is_truth else [*signs, *more]
    fixed = {"not_sign": ("in", "contains"), "bracket": ("(",), "missing": ("missing", "not missing")}
    return _words(*fixed.get(expected, ("and",) if expected == "range" else ("and", "or")))


def _words(*words: str) -> list[Completion]:
    return [Completion(word, word if word == "(" else word + " ", "word") for word in words]


def _matching(items: Sequence[Completion], part: str) -> list[Completion]:
    part = part.casefold()
    starts = [item for item in items if item.label.casefold().startswith(part)]
    return starts + [
        item for item in items if part and part in item.label.casefold()[1:] and item not in starts
    ]


def _written(name: str) -> str:
    plain = _PLAIN.fullmatch(name) and name.casefold() not in WORDS
    return name if plain else f"`{name}`"


def _quoted(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'

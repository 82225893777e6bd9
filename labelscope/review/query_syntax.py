"""The grammar of queries: text becomes a tree; nothing is ever evaluated as code.

::

    query   = any of: query "or" query, query "and" query, "not" query, "(" query ")", test
    test    = name, or name and one of
              == != < <= > >= value, between value and value, [not] in (value, …),
              [not] contains text, is [not] missing
    value   = number, "text", 'text', true, false
    name    = letters, digits, _ and ., or anything in backticks; or tag:name, -tag:name, tag:"a name"
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, TypeAlias

from labelscope.errors import InvalidInputError

MOST_CHARACTERS = 20_000
MOST_TOKENS = 4_000
MOST_NESTED = 60
#: How the name of a tag starts.
TAG = "tag:"
COMPARISONS = ("==", "!=", "<=", ">=", "<", ">")
WORDS = ("and", "or", "not", "in", "between", "contains", "is", "missing", "true", "false")

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<number>-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.]))
    |(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<quoted>`[^`]*`)
    |(?P<tagged>-?(?:tag|attribute):(?:"(?:[^"\\]|\\.)*"|[^\s()"'`,]+))
    |(?P<name>[^\W\d][\w.]*)
    |(?P<sign>==|!=|<=|>=|<|>|\(|\)|,)""",
    re.VERBOSE | re.DOTALL,
)
_HINT = 'Write for instance: suspicion > 0.8 and given == "cat" and not reviewed.'


class QueryError(InvalidInputError):
    """A query that cannot be understood.

    Parameters
    ----------
    message, hint : str
    position : int
        Character at which it went wrong, from 0.
    """

    def __init__(self, message: str, hint: str = "", position: int = 0) -> None:
        self.position = position
        super().__init__(message, hint)


@dataclass(frozen=True)
class Token:
    """One word of a query: its kind, what it stands for, and where it starts and ends."""

    kind: str
    value: Any
    start: int
    end: int

    def says(self, *words: str) -> bool:
        """Whether it is one of these words or signs."""
        return self.kind in ("word", "sign") and self.value in words


@dataclass(frozen=True)
class Name:
    """A name and where it stands; ``column`` is True for backticks, which mean columns only."""

    text: str
    start: int
    column: bool = False


@dataclass(frozen=True)
class Condition:
    """A test of one name.

    ``op`` is a comparison, ``"true"``, ``"between"``, ``"in"``, ``"contains"`` or ``"missing"``; ``start`` is
    where its values stand.
    """

    name: Name
    op: str
    values: tuple[Any, ...]
    start: int


@dataclass(frozen=True)
class Not:
    """The opposite of a query."""

    inner: Tree


@dataclass(frozen=True)
class Joined:
    """Queries of which all, or one at least, must hold."""

    word: str
    parts: tuple[Tree, ...]


Tree: TypeAlias = Condition | Not | Joined


def tokens(text: str, *, whole: bool = True) -> list[Token]:
    """Cut a query into tokens.

    Parameters
    ----------
    text : str
    whole : bool
        False stops where a token cannot be read, as in a query that is being typed.

    Returns
    -------
    list of Token

    Raises
    ------
    QueryError
        It is too long, or something in it cannot be read.
    """
    if len(text) > MOST_CHARACTERS:
        raise QueryError(
            f"The query has {len(text):,} characters; {MOST_CHARACTERS:,} are the most.",
            "Put the ids into a column, or select the rows in Python.",
            MOST_CHARACTERS,
        )
    found: list[Token] = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            if not whole:
                break
            raise _unreadable(text, place)
        kind, said = str(match.lastgroup), match.group()
        if kind != "space":
            found.append(_token(kind, said, place))
        place = match.end()
        if len(found) > MOST_TOKENS:
            raise QueryError(
                f"The query has more than {MOST_TOKENS:,} words.", "Make it shorter.", found[-1].start
            )
    return found


def _token(kind: str, said: str, start: int) -> Token:
    end = start + len(said)
    if kind == "number":
        number = float(said)
        return Token("value", int(said) if re.fullmatch(r"-?\d+", said) else number, start, end)
    if kind == "text":
        return Token("value", re.sub(r"\\(.)", r"\1", said[1:-1], flags=re.DOTALL), start, end)
    if kind == "tagged":
        sign, _, name = said.partition(":")
        name = re.sub(r"\\(.)", r"\1", name[1:-1], flags=re.DOTALL) if name.startswith('"') else name
        return Token("tagged", (TAG + name, sign.startswith("-")), start, end)
    if kind == "quoted":
        return Token("column", said[1:-1], start, end)
    if kind == "name" and said.casefold() in WORDS:
        word = said.casefold()
        if word in ("true", "false"):
            return Token("value", word == "true", start, end)
        return Token("word", word, start, end)
    return Token(kind, said, start, end)


def _unreadable(text: str, place: int) -> QueryError:
    sign = text[place]
    if sign in "\"'`":
        return QueryError(
            f"The {sign} at character {place + 1} is never closed.", f"End it with {sign}.", place
        )
    hints = {"=": "Write == for equal.", "&": "Write and.", "|": "Write or.", "!": "Write not, or != ."}
    return QueryError(
        f"{sign!r} at character {place + 1} has no meaning here.", hints.get(sign, _HINT), place
    )


def parse_tree(text: str) -> Tree | None:
    """Read a query.

    Parameters
    ----------
    text : str

    Returns
    -------
    Tree or None
        None for an empty query.

    Raises
    ------
    QueryError
        It does not follow the grammar.
    """
    if not isinstance(text, str):
        raise QueryError(f"A query is text, but this is a {type(text).__name__}.", _HINT)
    words = tokens(text)
    if not words:
        return None
    reader = _Reader(words, len(text))
    tree = reader.either(0)
    if reader.now is not None:
        raise reader.unexpected("and, or, or the end")
    return tree


class _Reader:
    """Recursive descent, one method a rule."""

    def __init__(self, words: list[Token], end: int) -> None:
        self._words, self._end, self._place = words, end, 0

    @property
    def now(self) -> Token | None:
        return self._words[self._place] if self._place < len(self._words) else None

    def either(self, depth: int) -> Tree:
        return self._joined("or", self._every, depth)

    def _every(self, depth: int) -> Tree:
        return self._joined("and", self._opposite, depth)

    def _joined(self, word: str, rule: Any, depth: int) -> Tree:
        parts = [rule(depth)]
        while self.now is not None and self.now.says(word):
            self._place += 1
            parts.append(rule(depth))
        return parts[0] if len(parts) == 1 else Joined(word, tuple(parts))

    def _opposite(self, depth: int) -> Tree:
        if depth > MOST_NESTED:
            raise QueryError("The query is nested too deeply.", "Use fewer brackets.", self._at())
        if self.now is not None and self.now.says("not"):
            self._place += 1
            return Not(self._opposite(depth + 1))
        if self.now is not None and self.now.says("("):
            self._place += 1
            inner = self.either(depth + 1)
            self._take(")")
            return inner
        return self._test()

    def _test(self) -> Tree:
        word = self.now
        if word is not None and word.kind == "tagged":
            self._place += 1
            text, without = word.value
            has = Condition(Name(text, word.start), "true", (), word.start)
            return Not(has) if without else has
        if word is None or word.kind not in ("name", "column"):
            raise self.unexpected("a name")
        self._place += 1
        name = Name(word.value, word.start, word.kind == "column")
        sign = self.now
        if sign is None:
            return Condition(name, "true", (), word.start)
        if sign.kind == "sign" and sign.value in COMPARISONS:
            self._place += 1
            return Condition(name, sign.value, (self._value(),), self._words[self._place - 1].start)
        opposite = sign.says("not")
        if opposite:
            self._place += 1
        found = self._worded(name)
        if found is None:
            if opposite:
                raise self.unexpected("in or contains")
            return Condition(name, "true", (), word.start)
        return Not(found) if opposite else found

    def _worded(self, name: Name) -> Tree | None:
        sign = self.now
        if sign is None or not sign.says("in", "contains", "between", "is"):
            return None
        self._place += 1
        start = self._at()
        if sign.value == "contains":
            return Condition(name, "contains", (self._value(),), start)
        if sign.value == "between":
            low = self._value()
            self._take("and")
            return Condition(name, "between", (low, self._value()), start)
        if sign.value == "is":
            opposite = self.now is not None and self.now.says("not")
            self._place += opposite
            self._take("missing")
            test = Condition(name, "missing", (), start)
            return Not(test) if opposite else test
        self._take("(")
        values = [self._value()]
        while self.now is not None and self.now.says(","):
            self._place += 1
            values.append(self._value())
        self._take(")")
        return Condition(name, "in", tuple(values), start)

    def _value(self) -> Any:
        word = self.now
        if word is None or word.kind != "value":
            if word is not None and word.kind == "name":
                raise QueryError(
                    f"{word.value!r} at character {word.start + 1} is no value.",
                    f'Write "{word.value}" for text.',
                    word.start,
                )
            raise self.unexpected('a number or "text"')
        self._place += 1
        return word.value

    def _take(self, word: str) -> None:
        if self.now is None or not self.now.says(word):
            raise self.unexpected(repr(word))
        self._place += 1

    def _at(self) -> int:
        return self._end if self.now is None else self.now.start

    def unexpected(self, wanted: str) -> QueryError:
        if self.now is None:
            return QueryError(f"The query ends where {wanted} is needed.", _HINT, self._end)
        return QueryError(
            f"{self.now.value!r:.40} at character {self.now.start + 1} is not {wanted}.",
            _HINT,
            self.now.start,
        )

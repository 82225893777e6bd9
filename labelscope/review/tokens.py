"""Tokens: names for things that a page may use once and cannot make up."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from typing import Any, Generic, TypeVar

from labelscope.errors import InvalidInputError

T = TypeVar("T")
_MOST = 256


class Tokens(Generic[T]):
    """Things by token; the oldest are forgotten beyond a few hundred.

    Parameters
    ----------
    what : str
        What one of them is called in messages.

    Examples
    --------
    >>> tokens = Tokens("check")
    >>> tokens.use(tokens.add(3))
    3
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self._open: OrderedDict[str, T] = OrderedDict()
        self._used: OrderedDict[str, None] = OrderedDict()

    def add(self, thing: T, token: str = "") -> str:
        """Keep a thing and return its token."""
        token = token or secrets.token_hex(12)
        self._open[token] = thing
        while len(self._open) > _MOST:
            self._open.popitem(last=False)
        return token

    def look(self, token: Any) -> T:
        """Return the thing of a token.

        Raises
        ------
        InvalidInputError
            The token was used before, or is none of this session's.
        """
        found = self._open.get(token) if isinstance(token, str) else None
        if found is not None:
            return found
        if isinstance(token, str) and token in self._used:
            raise InvalidInputError(f"This {self.what} is closed already.", f"Start a new {self.what}.")
        raise InvalidInputError(
            f"There is no {self.what} {token!r:.40} in this session.", f"Start a new {self.what}."
        )

    def use(self, token: Any) -> T:
        """Return the thing of a token, which is of no use any more; raises as :meth:`look`."""
        found = self.look(token)
        del self._open[token]
        self._used[token] = None
        while len(self._used) > _MOST:
            self._used.popitem(last=False)
        return found

"""Progress bars that show up only when the work takes longer than a second."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")

#: Gets what is done, how far, and of how many (0 where that is not known).
Listener = Callable[[str, int, int], None]

_listener: ContextVar[Listener | None] = ContextVar("labelscope_progress", default=None)


@contextmanager
def told_to(listener: Listener) -> Iterator[None]:
    """Tell a listener of progress inside the block, instead of showing bars.

    Parameters
    ----------
    listener : callable
        What it raises ends the work.

    Examples
    --------
    >>> heard = []
    >>> with told_to(lambda what, done, total: heard.append((what, done, total))):
    ...     found = list(progress(range(2), "counting"))
    >>> heard
    [('counting', 0, 2), ('counting', 1, 2)]
    """
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def progress(items: Iterable[T], what: str, *, total: int | None = None) -> Iterator[T]:
    """Iterate over ``items`` behind a bar that appears after one second and leaves nothing behind.

    Parameters
    ----------
    items : iterable
        What to iterate over.
    what : str
        Short description shown left of the bar.
    total : int, optional
        Number of items, where ``items`` does not know it.

    Examples
    --------
    >>> list(progress(range(3), "counting"))
    [0, 1, 2]
    """
    listener = _listener.get()
    if listener is not None:
        length = total if total is not None else len(items) if isinstance(items, Sized) else 0
        for done, item in enumerate(items):
            listener(what, done, length)
            yield item
        return
    from tqdm.auto import tqdm

    yield from tqdm(items, desc=what, total=total, delay=1, leave=False)

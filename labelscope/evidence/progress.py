"""Progress bars that show up only when the work takes longer than a second."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


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
    from tqdm.auto import tqdm

    yield from tqdm(items, desc=what, total=total, delay=1, leave=False)

"""Interrupts wait until an edit is whole: on the disk, folded in, and told to the page."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def held_back() -> Iterator[None]:
    """Let an interrupt of the kernel wait for the end of the block, and raise it then.

    Between the write to the disk and the fold there is no good moment to stop. In other threads than the
    main one no interrupt arrives, and nothing is done.

    Raises
    ------
    KeyboardInterrupt
        At the end of the block, when an interrupt came in between.

    Examples
    --------
    >>> with held_back():
    ...     done = 1 + 1
    >>> done
    2
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def remember(number: int, frame: Any) -> None:
        came.append(number)

    before = signal.getsignal(signal.SIGINT)
    if before is None or before == signal.SIG_IGN:  # set from outside of Python, or switched off
        yield
        return
    signal.signal(signal.SIGINT, remember)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        raise KeyboardInterrupt

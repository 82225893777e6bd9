"""Send from the thread that may send: the one with the running event loop, where there is one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class LoopPost:
    """Carries calls from background threads to the loop that was running when this was made.

    In a notebook that is the kernel's loop. In a plain script there is none, and calls are made at once.
    """

    def __init__(self) -> None:
        self._loop = running_loop()

    def __call__(self, call: Callable[[], None]) -> None:
        """Make a call now when this thread may, else hand it to the loop.

        Parameters
        ----------
        call : callable
            Takes nothing, returns nothing.
        """
        home = self._loop
        if running_loop() is not None or home is None or home.is_closed() or not home.is_running():
            call()
            return
        try:
            home.call_soon_threadsafe(call)
        except RuntimeError:  # closed in this very moment: nobody is left to see it
            return


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the loop that runs in this thread, or None."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None

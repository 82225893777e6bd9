"""A lock on an open file, held by one process or session at a time; the only room that knows the platform."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

#: Windows locks bytes, not files; this one lies beyond the end of any journal, which stays readable.
_BYTE = 0x7FFF_0000
_BUSY = (errno.EAGAIN, errno.EACCES, errno.EWOULDBLOCK, errno.EDEADLK)


if sys.platform == "win32":  # pragma: no cover
    import msvcrt

    def _try_lock(fd: int) -> None:
        os.lseek(fd, _BYTE, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)

    def _unlock(fd: int) -> None:
        os.lseek(fd, _BYTE, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(fd: int) -> None:
        # flock, not lockf: it keeps two sessions of one process apart, too.
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_UN)


@contextmanager
def locked(fd: int, timeout: float = 30.0) -> Iterator[bool]:
    """Hold the lock of an open file inside the block.

    Parameters
    ----------
    fd : int
        Open file.
    timeout : float
        Seconds to wait for others.

    Yields
    ------
    bool
        False where the file system knows no locks (some network drives); the block runs all the same.

    Raises
    ------
    TimeoutError
        When another one holds it for too long.
    """
    held = _acquire(fd, timeout)
    try:
        yield held
    finally:
        if held:
            _unlock(fd)


def _acquire(fd: int, timeout: float) -> bool:
    give_up = time.monotonic() + timeout
    pause = 0.0005
    while True:
        try:
            _try_lock(fd)
        except OSError as problem:
            if problem.errno not in _BUSY:
                return False
        else:
            return True
        if time.monotonic() > give_up:
            raise TimeoutError(f"the file is locked by another process for more than {timeout:g} s")
        time.sleep(pause)
        pause = min(pause * 2, 0.02)


def sync(fd: int) -> None:
    """Return once all that was written to an open file is on the disk itself."""
    if sys.platform == "darwin":  # pragma: no cover
        import fcntl as mac

        try:  # fsync stops at the drive's cache there
            mac.fcntl(fd, mac.F_FULLFSYNC)
            return
        except OSError:
            pass
    os.fsync(fd)


def sync_folder(folder: str | os.PathLike[str]) -> None:
    """Return once the names of a folder's files are on the disk, where folders can be opened at all."""
    if sys.platform == "win32":  # pragma: no cover
        return
    try:
        fd = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(fd)
    except OSError:
        pass
    finally:
        os.close(fd)

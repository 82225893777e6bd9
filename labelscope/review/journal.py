"""The journal: an append-only file of events, safe against crashes and against a second writer."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from labelscope.errors import InvalidTypeError, JournalError, notify
from labelscope.review.events import Event
from labelscope.review.journal_lines import Header, Lines, read_lines
from labelscope.review.locking import locked, sync, sync_folder

#: How often a file that is moved away at the wrong moment is opened again.
_ATTEMPTS = 5
_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


@dataclass
class Turn:
    """The right to append, for a moment.

    Attributes
    ----------
    others : tuple of Event
        What others appended since the last turn.
    """

    journal: Journal
    fd: int
    others: tuple[Event, ...] = ()

    def write(self, events: Sequence[Event]) -> None:
        """Append events; they are on the disk when this returns, or none of them is."""
        self.journal._write(self.fd, events)


class Journal:
    """Events in a file, or in memory.

    Parameters
    ----------
    path : path or None
        File to resume from or to create; None keeps the events in memory.
    header : Header
        Names the dataset that the events are about.

    Raises
    ------
    JournalError
        The file cannot be written, or is no journal.
    WrongJournalError
        It belongs to another dataset.

    Examples
    --------
    >>> journal = Journal(None, Header("digits", "0123456789abcdef", 2, (0, 1)))
    >>> journal.append([Event("unsure", "1", "1", "2025-01-31T09:30:00.000000Z", "ada", "api", (0,))])
    >>> len(journal.events)
    1
    """

    def __init__(self, path: str | os.PathLike[str] | None, header: Header) -> None:
        self.path = None if path is None else Path(path).expanduser().absolute()
        self.header = header
        self._events: dict[str, Event] = {}
        self._offset = 0
        self._torn_at: int | None = None
        self._identity: tuple[int, int] | None = None
        self._unsaid: list[tuple[str, str, str]] = []
        if self.path is not None:
            with self.turn():
                pass

    @property
    def events(self) -> tuple[Event, ...]:
        """All events known, in the order of the file."""
        return tuple(self._events.values())

    def append(self, events: Iterable[Event]) -> None:
        """Append events as one batch: one write and one fsync under the lock.

        Parameters
        ----------
        events : iterable of Event

        Raises
        ------
        JournalError
            Nothing was recorded.
        """
        with self.turn() as turn:
            turn.write(tuple(events))

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Hold the lock, with what others wrote folded in; for the moment of one append only."""
        if self.path is None:
            yield Turn(self, -1)
            return
        try:
            with ExitStack() as stack:
                fd = self._open_locked(stack)
                yield Turn(self, fd, self._catch_up(fd))
        except JournalError:
            raise
        except OSError as problem:
            raise self._unwritable(problem) from problem
        self._speak()

    def tail(self) -> tuple[Event, ...]:
        """Return what others appended since the last look; takes no lock unless the file was replaced.

        Returns
        -------
        tuple of Event
            In the order of the file.
        """
        if self.path is None:
            return ()
        try:
            found = self.path.stat()
            replaced = (found.st_dev, found.st_ino) != self._identity or found.st_size < self._offset
        except FileNotFoundError:
            replaced = True
        except OSError as problem:
            raise self._unwritable(problem) from problem
        if replaced:
            with self.turn() as turn:
                return turn.others
        if found.st_size == self._offset:
            return ()
        with self.path.open("rb") as file:
            file.seek(self._offset)
            # Another process may be in the middle of a line: leave that for the next look.
            lines = read_lines(file.read(), self.header.n)
        self._offset += lines.size
        fresh = self._take(lines)
        self._speak()
        return fresh

    def _say(self, code: str, message: str, hint: str) -> None:
        """Keep a notice until the books are in order: a warning may be an exception where it is raised."""
        if all(code != known for known, _, _ in self._unsaid):
            self._unsaid.append((code, message, hint))

    def _speak(self) -> None:
        while self._unsaid:
            notify(*self._unsaid.pop(0))

    # -- under the lock -----------------------------------------------------------------------------------

    def _open_locked(self, stack: ExitStack) -> int:
        """Open and lock the file; the stack unlocks and closes it."""
        assert self.path is not None
        for _ in range(_ATTEMPTS):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            fd = os.open(self.path, _FLAGS, 0o666)
            stack.callback(os.close, fd)
            if not stack.enter_context(locked(fd)):
                self._say(
                    "journal_unlocked",
                    f"The file system of {self.path} knows no locks.",
                    "Do not let two sessions write to this journal at the same time.",
                )
            # It may have been moved away while this process waited for the lock.
            found = os.fstat(fd)
            with suppress(FileNotFoundError):
                named = self.path.stat()
                if (named.st_dev, named.st_ino) == (found.st_dev, found.st_ino):
                    return fd
        raise JournalError(
            f"The journal {self.path} keeps being replaced.", "Nothing was recorded. Try again."
        )

    def _catch_up(self, fd: int) -> tuple[Event, ...]:
        found = os.fstat(fd)
        identity = (found.st_dev, found.st_ino)
        if self._identity is not None and (identity != self._identity or found.st_size < self._offset):
            return self._restore(fd, identity)
        if found.st_size == self._offset and self._identity is not None:
            return ()
        content = _read(fd, self._offset, found.st_size)
        start = 0
        if self._offset == 0:
            start = self._check_header(fd, content)
            if start == 0:
                content = b""
        lines = read_lines(content[start:], self.header.n)
        self._offset += start + lines.size
        self._identity = identity
        self._note_torn(fd, lines)
        return self._take(lines)

    def _check_header(self, fd: int, content: bytes) -> int:
        """Return the length of the header, 0 after writing one into an empty file."""
        assert self.path is not None
        size = self.header.check(content, self.path)
        if size == 0:
            line = self.header.to_line()
            os.ftruncate(fd, 0)
            _write_all(fd, line, 0)
            sync(fd)
            sync_folder(self.path.parent)
            sync_folder(self.path.parent.parent)
            self._offset = len(line)
        return size

    def _restore(self, fd: int, identity: tuple[int, int]) -> tuple[Event, ...]:
        """Bring a file that was deleted, replaced or cut back to hold all events that this session knows."""
        mine = self._events
        self._events, self._offset, self._identity, self._torn_at = {}, 0, None, None
        try:
            self._catch_up(fd)
            missing = [event for name, event in mine.items() if name not in self._events]
            others = tuple(event for name, event in self._events.items() if name not in mine)
            if missing:
                self._write(fd, missing)
        except BaseException:
            self._events = {**mine, **self._events}
            self._offset, self._identity = 0, (-1, -1)  # look again from the start next time
            raise
        if missing:
            self._say(
                "journal_restored",
                f"The journal {self.path} was replaced or cut; {len(missing):,} events were written again.",
                "Leave the file alone while a session uses it.",
            )
        return others

    def _note_torn(self, fd: int, lines: Lines) -> None:
        if not lines.rest:
            return
        whole = read_lines(lines.rest + b"\n", self.header.n)
        if whole.events:  # only the end of the line is missing, as some editors leave it
            _write_all(fd, b"\n", self._offset + len(lines.rest))
            lines.events.extend(whole.events)
            self._offset += len(lines.rest) + 1
            return
        known, self._torn_at = self._torn_at == self._offset, self._offset
        if known:  # said when it was loaded
            return
        self._say(
            "journal_torn_tail",
            f"The last line of the journal {self.path} is incomplete and is ignored.",
            "It was being written when the process or the machine stopped; the decision was never confirmed.",
        )

    def _take(self, lines: Lines) -> tuple[Event, ...]:
        if lines.damaged:
            shown = ", ".join(str(number) for number in lines.damaged[:5])
            self._say(
                "journal_damaged_lines",
                f"{len(lines.damaged):,} lines of the journal {self.path} cannot be read (among those just"
                f" read: line {shown}) and are passed over.",
                "They stay in the file; everything else is in force.",
            )
        fresh = []
        for event in lines.events:
            if event.id not in self._events:
                self._events[event.id] = event
                fresh.append(event)
        return tuple(fresh)

    def _write(self, fd: int, events: Sequence[Event]) -> None:
        if self.path is not None and events:
            if self._torn_at is not None:
                os.ftruncate(fd, self._offset)
                self._torn_at = None
            data = b"".join(event.to_line() for event in events)
            try:
                _write_all(fd, data, self._offset)
                sync(fd)
            except OSError:
                os.ftruncate(fd, self._offset)
                raise
            self._offset += len(data)
        self._events.update((event.id, event) for event in events)

    def _unwritable(self, problem: OSError) -> JournalError:
        return JournalError(
            f"The journal {self.path} cannot be written: {problem.strerror or problem}."
            " Nothing was recorded.",
            'Choose another place with journal="somewhere/else.jsonl", or keep decisions in memory only with'
            " journal=None.",
        )


def read_journal(path: str | os.PathLike[str], header: Header) -> tuple[Event, ...]:
    """Read the events of a journal file and leave the file as it is.

    Parameters
    ----------
    path : path
    header : Header
        The dataset that the events must be about.

    Returns
    -------
    tuple of Event
        In the order of the file.

    Raises
    ------
    JournalError
        The file is not there, cannot be read or is no journal.
    WrongJournalError
        It belongs to another dataset.
    InvalidTypeError
        ``path`` is no path.
    """
    try:
        path = Path(path).expanduser()
    except TypeError:
        raise InvalidTypeError(
            f"The path of a journal is needed, but this is a {type(path).__name__}.",
            "Give the path of one file; several journals are merged one after another.",
        ) from None
    try:
        content = path.read_bytes()
    except OSError as problem:
        near = sorted(p.name for p in path.parent.glob("*.jsonl"))[:5] if path.parent.is_dir() else []
        hint = f"Journals in that folder: {', '.join(near)}." if near else "Give the path of a journal file."
        raise JournalError(f"The journal {path} cannot be read: {problem.strerror}.", hint) from problem
    start = header.check(content, path)
    if start == 0:
        return ()
    lines = read_lines(content[start:], header.n)
    whole = read_lines(lines.rest + b"\n", header.n) if lines.rest else lines
    events = [*lines.events, *(whole.events if lines.rest else ())]
    if lines.damaged or (lines.rest and not whole.events):
        notify(
            "journal_damaged_lines",
            f"{len(lines.damaged) + bool(lines.rest and not whole.events):,} lines of {path} cannot be read"
            " and are passed over.",
            "Everything else was read.",
        )
    return tuple(events)


def _read(fd: int, start: int, end: int) -> bytes:
    os.lseek(fd, start, os.SEEK_SET)
    parts = []
    while start < end:
        part = os.read(fd, end - start)
        if not part:
            break
        parts.append(part)
        start += len(part)
    return b"".join(parts)


def _write_all(fd: int, data: bytes, start: int) -> None:
    os.lseek(fd, start, os.SEEK_SET)
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]

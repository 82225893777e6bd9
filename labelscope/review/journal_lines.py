"""The text of a journal: its header, and lines that may be torn or damaged."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labelscope.errors import InvalidInputError, JournalError, WrongJournalError
from labelscope.review.events import KINDS, Event, to_scalar

if TYPE_CHECKING:
    from labelscope.data.dataset import Dataset

FORMAT = 1
_MOST_CLASSES = 1_000
_START = b'{"labelscope":'


@dataclass(frozen=True)
class Header:
    """First line of a journal: which dataset its events are about.

    Attributes
    ----------
    name, fingerprint : str
        Of the dataset; the fingerprint covers ids and given labels.
    n : int
        Number of rows.
    classes : tuple of label values
        For people who read the file.
    """

    name: str
    fingerprint: str
    n: int
    classes: tuple[Any, ...] = ()

    @classmethod
    def of(cls, dataset: Dataset) -> Header:
        """Make the header for a dataset."""
        # For people who read the file: nobody reads thousands of sets or numbers.
        first = dataset.labels.classes[: _MOST_CLASSES if dataset.labels.is_open else None]
        classes = tuple(to_scalar(value) for value in first)
        return cls(str(dataset.name), dataset.fingerprint, dataset.n, classes)

    def to_line(self) -> bytes:
        """Return the header line, its end included."""
        dataset = {
            "name": self.name,
            "fingerprint": self.fingerprint,
            "n": self.n,
            "classes": list(self.classes),
        }
        created = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        line = {"labelscope": FORMAT, "dataset": dataset, "created": created}
        return json.dumps(line, separators=(",", ":")).encode("ascii") + b"\n"

    def check(self, content: bytes, path: Path) -> int:
        """Check that a file's content is a journal of this dataset.

        Parameters
        ----------
        content : bytes
            From the file's start.
        path : Path
            For messages.

        Returns
        -------
        int
            Length of the header line; 0 when the file is empty or its very first write was torn.

        Raises
        ------
        JournalError
            It is no journal, or of a later version.
        WrongJournalError
            It is about another dataset.
        """
        end = content.find(b"\n") + 1
        if end == 0 and (_START.startswith(content) or content.startswith(_START)):
            return 0
        try:
            found = json.loads(content[:end] or content)
            version, dataset = found["labelscope"], found["dataset"]
            name, fingerprint = str(dataset["name"]), str(dataset["fingerprint"])
        except (ValueError, KeyError, TypeError):
            raise JournalError(
                f"{path} is not a journal of labelscope, and is left as it is.",
                "Give the path of a journal, or of a file that does not exist yet.",
            ) from None
        if not isinstance(version, int) or version > FORMAT:
            raise JournalError(
                f"The journal {path} is of format {version}, but this version reads format {FORMAT}.",
                "Update with: pip install -U labelscope",
            )
        if fingerprint != self.fingerprint:
            raise WrongJournalError(
                f"The journal {path} belongs to the dataset {name!r} with the fingerprint {fingerprint},"
                f" but these labels are {self.name!r} with the fingerprint {self.fingerprint}.",
                "Use the ids and given labels that it was made with, or another path: journal='other.jsonl'.",
            )
        return end


@dataclass
class Lines:
    """What a piece of a journal holds.

    Attributes
    ----------
    events : list of Event
    size : int
        Bytes up to the end of the last complete line.
    rest : bytes
        What follows: a line without an end.
    damaged : list of int
        Numbers of complete lines that are no events, from 1 within the piece.
    """

    events: list[Event] = field(default_factory=list)
    size: int = 0
    rest: bytes = b""
    damaged: list[int] = field(default_factory=list)


def read_lines(content: bytes, n: int) -> Lines:
    """Read the lines of a piece of a journal, header excluded.

    Parameters
    ----------
    content : bytes
        Starts at the start of a line.
    n : int
        Number of rows; an event about other rows is damaged.

    Returns
    -------
    Lines
    """
    size = content.rfind(b"\n") + 1
    found = Lines(size=size, rest=content[size:])
    for number, line in enumerate(content[:size].split(b"\n")[:-1], start=1):
        if not line.strip():
            continue
        try:
            event = Event.from_json(json.loads(line))
        except (ValueError, InvalidInputError, RecursionError):
            found.damaged.append(number)
            continue
        if event.kind in KINDS and event.rows and max(event.rows) >= n:
            found.damaged.append(number)
        else:
            found.events.append(event)
    return found

"""Options and saved filters of a review, kept as events: they survive a restart and go along with a merge."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from labelscope.errors import InvalidInputError
from labelscope.review.events import Draft

if TYPE_CHECKING:
    from labelscope.review.events import Event
    from labelscope.review.session import Session

#: Share of decisions that are followed by a control, once there are enough of them.
CONTROL_RATE = 0.03
REVEALS = ("at_once", "after_answer")
#: Whether scores follow each edit by themselves.
LIVE = False
_MAX_FILTERS = 100
_MAX_NAME = 120

Json = dict[str, Any]


class Settings:
    """What a reviewer chose, folded from the journal.

    Parameters
    ----------
    session : Session

    Attributes
    ----------
    control_rate : float
    reveal : str
    live : bool

    Examples
    --------
    >>> import labelscope as ls
    >>> dataset = ls.Dataset(["a", "b"] * 2, ["x", "y"] * 2)
    >>> audit = ls.Audit.from_arrays(dataset, suspicion=[0, 1, 0, 0], suggested_codes=[0, 0, 0, 1])
    >>> settings = Settings(ls.Session(audit, journal=None))
    >>> settings.save_filter("sure", "suspicion > .9")
    >>> settings.to_json()["saved_filters"]
    [{'name': 'sure', 'query': 'suspicion > .9'}]
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.control_rate = CONTROL_RATE
        self.reveal = REVEALS[0]
        self.live = LIVE
        self._filters: dict[str, str] = {}
        self.follow(session.events)

    def follow(self, events: Iterable[Event]) -> bool:
        """Take events in, in order; whether one of them was about settings."""
        found = False
        for event in events:
            if event.kind == "options_set" and event.reviewer == self._session.reviewer:
                self._take(event.data)
            elif event.kind == "filter_saved":
                self._keep(event.data)
            elif event.kind == "filter_dropped":
                self._filters.pop(str(event.data.get("name")), None)
            else:
                continue
            found = True
        return found

    def set(self, **options: Any) -> None:
        """Set options; None leaves one as it is.

        Raises
        ------
        JournalError
            The journal cannot be written; nothing changed.
        """
        chosen = {name: value for name, value in options.items() if value is not None}
        if chosen:
            self._write("options_set", chosen)

    def save_filter(self, name: str, query: str) -> None:
        """Keep a query under a name, in place of the one before.

        Raises
        ------
        InvalidInputError
            The name is empty or too long, or there are 100 filters already.
        """
        if not name.strip() or len(name) > _MAX_NAME:
            raise InvalidInputError(
                f"A filter's name has 1 to {_MAX_NAME} characters, but this has {len(name)}.",
                "Name it in a few words.",
            )
        if name not in self._filters and len(self._filters) >= _MAX_FILTERS:
            raise InvalidInputError(f"There are {_MAX_FILTERS} saved filters already.", "Drop one first.")
        self._write("filter_saved", {"name": name, "query": query})

    def drop_filter(self, name: str) -> None:
        """Forget a saved filter.

        Raises
        ------
        InvalidInputError
            There is none of that name.
        """
        if name not in self._filters:
            raise InvalidInputError.unknown("saved filter", name, self._filters)
        self._write("filter_dropped", {"name": name})

    def to_json(self) -> Json:
        """Return what the page shows."""
        return {
            "control_rate": self.control_rate,
            "reveal": self.reveal,
            "live": self.live,
            "saved_filters": [{"name": name, "query": query} for name, query in self._filters.items()],
        }

    def _write(self, kind: str, data: Json) -> None:
        self.follow(self._session.ledger.record(lambda: [Draft(kind, [], data=data)], "widget"))

    def _take(self, data: Json) -> None:
        rate, reveal, live = data.get("control_rate"), data.get("reveal"), data.get("live")
        if isinstance(rate, int | float) and not isinstance(rate, bool) and 0 <= rate <= 1:
            self.control_rate = float(rate)
        if reveal in REVEALS:
            self.reveal = str(reveal)
        if isinstance(live, bool):
            self.live = live

    def _keep(self, data: Json) -> None:
        name, query = data.get("name"), data.get("query")
        if isinstance(name, str) and isinstance(query, str) and len(self._filters) < 2 * _MAX_FILTERS:
            self._filters[name[:_MAX_NAME]] = query

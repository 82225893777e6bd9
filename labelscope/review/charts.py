"""Altair charts of a review."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.review.state import STATES

if TYPE_CHECKING:
    from labelscope.review.session import Session

#: Okabe and Ito's colors, told apart by everyone: one per state.
_COLORS = ("#b0b7be", "#d55e00", "#009e73", "#e69f00", "#56b4e9", "#cc79a7")
_MOST = 25


class Charts:
    """Charts of a session; each method returns an Altair chart of a few hundred marks at most.

    Parameters
    ----------
    session : Session

    Examples
    --------
    >>> import labelscope as ls
    >>> dataset = ls.Dataset(["good film", "bad film", "bad cut"], ["+", "-", "+"])
    >>> audit = ls.Audit.from_arrays(dataset, suspicion=[0, 0, 0.9], suggested_codes=[0, 1, 1])
    >>> session = ls.Session(audit, journal=None)
    >>> session.charts.suspicion().to_dict()["mark"]["type"]
    'bar'
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def suspicion(self, bins: int = 40) -> Any:
        """Chart how suspicion is distributed, by state of the review.

        Parameters
        ----------
        bins : int
            Number of bars.

        Returns
        -------
        altair.Chart
        """
        alt = _altair()
        states = self._session.state.state
        edges = np.linspace(0, 1, bins + 1)
        values = []
        for number, name in enumerate(STATES):
            counts, _ = np.histogram(self._session.suspicion[states == number], edges)
            values += [
                {"from": float(edges[k]), "to": float(edges[k + 1]), "rows": int(counts[k]), "state": name}
                for k in np.flatnonzero(counts)
            ]
        return (
            alt.Chart(alt.Data(values=values), title="Suspicion")
            .mark_bar()
            .encode(
                x=alt.X("from:Q", title="suspicion", scale=alt.Scale(domain=[0, 1])),
                x2="to:Q",
                # Few rows are suspicious: a square root keeps them in sight beside the many that are not.
                y=alt.Y("rows:Q", title="rows", scale=alt.Scale(type="sqrt")),
                color=_state_color(alt),
                tooltip=["state:N", "rows:Q", "from:Q", "to:Q"],
            )
        )

    def progress(self) -> Any:
        """Chart the number of rows decided about, and of labels changed, over the gestures so far.

        Returns
        -------
        altair.Chart
        """
        alt = _altair()
        reviewed: set[int] = set()
        changed: set[int] = set()
        events = [event for event in self._session.state.active_events() if event.rows and not event.reverts]
        points = [{"gesture": 0, "rows": 0, "what": what} for what in ("reviewed", "relabelled")]
        for number, event in enumerate(events, start=1):
            reviewed.update(event.rows)
            if event.kind == "relabelled":
                changed.update(event.rows)
            points.append({"gesture": number, "rows": len(reviewed), "what": "reviewed"})
            points.append({"gesture": number, "rows": len(changed), "what": "relabelled"})
        step = max(1, len(points) // 800) * 2
        kept = [point for k, point in enumerate(points) if k % step < 2 or k >= len(points) - 2]
        return (
            alt.Chart(alt.Data(values=kept), title="Progress")
            .mark_line(interpolate="step-after")
            .encode(
                x=alt.X("gesture:Q", title="decisions"),
                y=alt.Y("rows:Q", title="rows"),
                color=alt.Color(
                    "what:N",
                    title=None,
                    scale=alt.Scale(domain=["reviewed", "relabelled"], range=_COLORS[:2]),
                ),
            )
        )

    def classes(self) -> Any:
        """Chart the rows of each class by state, the classes with most flagged rows first.

        Returns
        -------
        altair.Chart
        """
        alt = _altair()
        session = self._session
        names = session.audit.dataset.labels.names
        given, states = session.audit.given_codes, session.state.state
        wrong = np.bincount(given[session.audit.flagged & (given >= 0)], minlength=len(names))
        first = np.argsort(-wrong, kind="stable")[:_MOST].tolist()
        values = [
            {"class": names[code], "state": STATES[number], "rows": count}
            for code in first
            for number, count in Counter(states[given == code].tolist()).items()
        ]
        return (
            alt.Chart(alt.Data(values=values), title="Classes")
            .mark_bar()
            .encode(
                x=alt.X("rows:Q", title="rows"),
                y=alt.Y("class:N", title=None, sort=[names[code] for code in first]),
                color=_state_color(alt),
                tooltip=["class:N", "state:N", "rows:Q"],
            )
        )

    def changes(self) -> Any:
        """Chart how many rows went from which given to which current label.

        Returns
        -------
        altair.Chart
        """
        alt = _altair()
        state = self._session.state
        names = [*map(str, state.classes), "unlabelled"]
        rows = np.flatnonzero(state.current != state.given)
        pairs = Counter(zip(state.given[rows].tolist(), state.current[rows].tolist(), strict=True))
        values = [
            {"given": names[given], "now": names[now], "rows": count}
            for (given, now), count in pairs.most_common(_MOST * _MOST)
        ]
        return (
            alt.Chart(alt.Data(values=values), title="Changes")
            .mark_rect()
            .encode(
                x=alt.X("now:N", title="now"),
                y=alt.Y("given:N", title="given"),
                color=alt.Color("rows:Q", title="rows", scale=alt.Scale(scheme="viridis")),
                tooltip=["given:N", "now:N", "rows:Q"],
            )
        )


def _altair() -> Any:
    import altair

    module: Any = altair  # half of its calls are untyped
    return module


def _state_color(alt: Any) -> Any:
    return alt.Color("state:N", title=None, scale=alt.Scale(domain=list(STATES), range=list(_COLORS)))

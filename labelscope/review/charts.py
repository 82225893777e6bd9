"""Altair charts of a review."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.data.arguments import check_counts
from labelscope.errors import TaskError
from labelscope.review.state import STATES, UNREVIEWED

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
        check_counts(1, bins=bins)
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

    def suspicion_by_class(self, bins: int = 20) -> Any:
        """Chart the suspicion of rows without a decision, class by class, those with most flags first.

        Parameters
        ----------
        bins : int
            Number of steps of suspicion.

        Returns
        -------
        altair.Chart
        """
        alt = _altair()
        values, first = self._by_class(bins)
        return self._class_bars(alt, values, first)

    def joint(self) -> Any:
        """Chart the estimated number of rows by given and by true label, right labels left out.

        Returns
        -------
        altair.Chart
        """
        alt = _altair()
        self._of_classes("joint")
        return self._joint_cells(alt)

    def effort(self) -> Any:
        """Chart errors found against rows looked at, with the number that is estimated to be left.

        Returns
        -------
        altair.LayerChart
            The curve, and at its end the interval of all errors.
        """
        from labelscope.review.estimating import left_estimate

        alt = _altair()
        found = left_estimate(self._session)
        curve = [{"looks": looks, "found": errors} for looks, errors in ((0, 0), *found.effort)]
        end = curve[-1]
        total = {"looks": end["looks"], "low": end["found"] + found.low, "high": end["found"] + found.high}
        x = alt.X("looks:Q", title="rows looked at")
        y = alt.Y("found:Q", title="errors")
        line = alt.Chart(alt.Data(values=curve), title="Effort").mark_line().encode(
            x=x, y=y, color=alt.value(_COLORS[1]), tooltip=["looks:Q", "found:Q"]
        )  # fmt: skip
        if not found.measured:
            return alt.layer(line)
        ends = alt.Chart(alt.Data(values=[total])).mark_rule(strokeWidth=3).encode(
            x=x, y="low:Q", y2="high:Q", color=alt.value(_COLORS[0]), tooltip=["low:Q", "high:Q"]
        )  # fmt: skip
        return alt.layer(line, ends)

    def linked(self, bins: int = 20) -> Any:
        """Chart joint, suspicion by class and changes side by side; a click on a class shows that class.

        Parameters
        ----------
        bins : int
            Number of steps of suspicion.

        Returns
        -------
        altair.HConcatChart
            The selection is by given label.
        """
        alt = _altair()
        self._of_classes("linked")
        values, first = self._by_class(bins)
        chosen = alt.selection_point(fields=["given"], name="given_label")
        faded = alt.condition(chosen, alt.value(1.0), alt.value(0.2))
        joint = self._joint_cells(alt).encode(opacity=faded).add_params(chosen)
        bars = self._class_bars(alt, values, first).transform_filter(chosen)
        return alt.hconcat(joint, bars, self.changes().transform_filter(chosen))

    def _of_classes(self, name: str) -> None:
        labels = self._session.audit.dataset.labels
        if labels.is_open:
            raise TaskError(
                f"charts.{name} is about pairs of classes, but the task is {labels.task}.",
                "Look at charts.suspicion, charts.changes and charts.effort.",
            )

    def _by_class(self, bins: int) -> tuple[list[dict[str, Any]], list[str]]:
        check_counts(1, bins=bins)
        session = self._session
        names = session.audit.dataset.labels.names
        given = session.audit.given_codes
        rows = np.flatnonzero((session.state.state == UNREVIEWED) & (given >= 0))
        step = np.minimum((session.suspicion[rows] * bins).astype(np.int64), bins - 1)
        wrong = np.bincount(given[session.audit.flagged & (given >= 0)], minlength=len(names))
        first = np.argsort(-wrong, kind="stable")[:_MOST].tolist()
        counts = np.zeros((len(names), bins), dtype=np.int64)
        np.add.at(counts, (given[rows], step), 1)
        values = [
            {"given": names[code], "from": k / bins, "to": (k + 1) / bins, "rows": int(counts[code, k])}
            for code in first
            for k in np.flatnonzero(counts[code]).tolist()
        ]
        return values, [names[code] for code in first]

    def _class_bars(self, alt: Any, values: list[dict[str, Any]], first: list[str]) -> Any:
        return (
            alt.Chart(alt.Data(values=values), title="Suspicion by class")
            .mark_rect()
            .encode(
                x=alt.X("from:Q", title="suspicion", scale=alt.Scale(domain=[0, 1])),
                x2="to:Q",
                y=alt.Y("given:N", title="given", sort=first),
                # Most rows are not suspicious: without the logarithm nothing else would show.
                color=alt.Color("rows:Q", title="rows", scale=alt.Scale(type="log", scheme="viridis")),
                tooltip=["given:N", "from:Q", "to:Q", "rows:Q"],
            )
        )

    def _joint_cells(self, alt: Any) -> Any:
        audit = self._session.audit
        names = audit.dataset.labels.names
        joint = np.array(audit.joint, dtype=np.float64)
        np.fill_diagonal(joint, 0.0)
        most = np.argsort(-joint.sum(axis=0) - joint.sum(axis=1), kind="stable")[:_MOST].tolist()
        shown = [names[code] for code in most]
        values = [
            {"given": names[a], "true": names[b], "rows": round(float(joint[a, b]), 1)}
            for a in most
            for b in most
            if joint[a, b] >= 0.05
        ]
        return (
            alt.Chart(alt.Data(values=values), title="Given and true labels, errors only")
            .mark_rect()
            .encode(
                x=alt.X("true:N", title="true, estimated", sort=shown),
                y=alt.Y("given:N", title="given", sort=shown),
                color=alt.Color("rows:Q", title="rows", scale=alt.Scale(scheme="viridis")),
                tooltip=["given:N", "true:N", "rows:Q"],
            )
        )


def _altair() -> Any:
    import altair

    module: Any = altair  # half of its calls are untyped
    return module


def _state_color(alt: Any) -> Any:
    return alt.Color("state:N", title=None, scale=alt.Scale(domain=list(STATES), range=list(_COLORS)))

"""Module 5, pair plots: any two variables against each other, and how strongly all of them go together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.reports.nutrition.columns import Column, groups_of, text_of
from labelscope.reports.nutrition.dependence import cramers_v
from labelscope.reports.nutrition.figures import Selections, number
from labelscope.reports.nutrition.statistics import is_private
from labelscope.reports.nutrition.subject import Subject
from labelscope.review.state import STATES
from labelscope.types import FloatArray, IntArray

_MOST_BINS = 10
_MOST_VARIABLES = 30
_LABEL, _DECISION, _SUSPICION = "label", "decision", "suspicion"


@dataclass(frozen=True, eq=False)
class Binned:
    """A variable in at most a dozen bins: codes (n,) from 0, -1 where there is none, and names of bins."""

    codes: IntArray
    names: list[str]


def pairs_module(
    subject: Subject, pairs: Sequence[tuple[str, str]] | None, least_count: int, selections: Selections
) -> dict[str, Any]:
    """Make the module.

    Parameters
    ----------
    subject : Subject
    pairs : sequence of (str, str), optional
        Names of two variables each; by default what goes together most closely with the label, and the
        label with the suspicion, and a decision with the suspicion.
    least_count : int
        Values of columns that may name people are shown only with so many rows.
    selections : Selections

    Returns
    -------
    dict
        ``variables`` that can be paired; ``plots``; ``association``, Cramér's V of all pairs.

    Raises
    ------
    InvalidInputError
        A variable that there is not, with the near miss named.
    """
    names = variables_of(subject)
    held = {name: variable(subject, name, least_count) for name in names[:_MOST_VARIABLES]}
    matrix = _association(held)
    if pairs is None:
        pairs = _telling(subject, list(held), matrix)
    plots = []
    for pair in pairs:
        if isinstance(pair, str) or not hasattr(pair, "__len__") or len(pair) != 2:
            raise InvalidInputError(f"pairs holds {pair!r:.60}.", 'Pass two names each: [("label", "age")].')
        for name in pair:
            if name not in names:
                raise InvalidInputError.unknown("variable", name, names)
            if name not in held:
                held[name] = variable(subject, name, least_count)
        plots.append(_plot(pair[0], held[pair[0]], pair[1], held[pair[1]], selections))
    return {
        "basis": "measured",
        "variables": names,
        "plots": plots,
        "association": {
            "measure": "Cramér's V, bias-corrected",
            "names": names[:_MOST_VARIABLES],
            "values": matrix,
        },
    }


def variables_of(subject: Subject) -> list[str]:
    """List what can be paired: the label, decisions, what the methods say, and columns."""
    found = [_LABEL]
    if subject.session is not None and len(subject.state.events):
        found.append(_DECISION)
    if subject.audit is not None:
        found.append(_SUSPICION)
    own = [c.name for c in subject.columns.values() if c.role not in ("empty", "constant", "identifier")]
    found += [name for name in own if name not in found]
    if subject.audit is not None:
        found += [name for name in subject.audit.scores if name not in found]
    return found


def variable(subject: Subject, name: str, least_count: int) -> Binned:
    """Return a variable in bins."""
    if name == _LABEL:
        return _labels(subject)
    if name == _DECISION and subject.session is not None:
        return _used(np.asarray(subject.state.state, dtype=np.int64), list(STATES))
    if name == _SUSPICION and subject.audit is not None:
        said = subject.audit.suspicion if subject.session is None else subject.session.suspicion
        return _histogram(np.asarray(said, dtype=np.float64))
    if name in subject.columns:
        return _column(subject.columns[name], least_count)
    assert subject.audit is not None  # all other names are those of methods
    return _histogram(np.asarray(subject.audit.scores[name].suspicion, dtype=np.float64))


def _column(column: Column, least_count: int) -> Binned:
    if column.kind == "continuous" or (column.is_number and len(column.categories) > _MOST_BINS):
        return _histogram(column.values)
    groups, names = groups_of(column, least=least_count if is_private(column) else 1, most=_MOST_BINS)
    return Binned(groups, names)


def _labels(subject: Subject) -> Binned:
    if subject.task == "regression":
        return _histogram(subject.targets)
    counts = subject.counts
    kept = np.argsort(-counts, kind="stable")[:_MOST_BINS]
    kept = kept[counts[kept] > 0]
    place = np.full(len(counts) + 1, len(kept), dtype=np.int64)
    place[kept], place[-1] = np.arange(len(kept)), -1
    names = [text_of(subject.class_names[k]) for k in kept.tolist()]
    return _used(place[subject.codes], [*names, "(other)"])


def _used(codes: IntArray, names: list[str]) -> Binned:
    """Leave bins without a row out."""
    used = np.unique(codes[codes >= 0])
    place = np.full(len(names) + 1, -1, dtype=np.int64)
    place[used] = np.arange(len(used))
    return Binned(place[codes], [names[k] for k in used.tolist()])


def _histogram(values: FloatArray) -> Binned:
    """Ten bins of equal width over the middle 98 % of the rows, the rest at the ends."""
    inside = np.isfinite(values)
    codes = np.full(len(values), -1, dtype=np.int64)
    if not inside.any():
        return Binned(codes, [])
    low, high = np.quantile(values[inside], [0.01, 0.99])
    if low == high:
        low, high = float(values[inside].min()), float(values[inside].max())
    if low == high:
        codes[inside] = 0
        return Binned(codes, [f"{low:.4g}"])
    edges = np.linspace(low, high, _MOST_BINS + 1)
    codes[inside] = np.clip(np.searchsorted(edges, values[inside], side="right") - 1, 0, _MOST_BINS - 1)
    names = [f"{edges[k]:.3g} to {edges[k + 1]:.3g}" for k in range(_MOST_BINS)]
    names[0], names[-1] = f"up to {edges[1]:.3g}", f"from {edges[-2]:.3g}"
    return Binned(codes, names)


def _plot(x_name: str, x: Binned, y_name: str, y: Binned, selections: Selections) -> dict[str, Any]:
    rows = (x.codes >= 0) & (y.codes >= 0)
    if not rows.any():  # one of the two has no value at all
        x, y = Binned(x.codes, []), Binned(y.codes, [])
    n_x, n_y = max(len(x.names), 1), max(len(y.names), 1)
    cells = np.bincount(x.codes[rows] * n_y + y.codes[rows], minlength=n_x * n_y).reshape(n_x, n_y)
    keys = [
        [
            selections.add(
                f"pair:{x_name}={x.names[i]}|{y_name}={y.names[j]}",
                lambda i=i, j=j: (x.codes == i) & (y.codes == j),  # type: ignore[misc]
                int(cells[i, j]),
            )
            if cells[i, j]
            else None
            for j in range(len(y.names))
        ]
        for i in range(len(x.names))
    ]
    return {
        "x": x_name,
        "y": y_name,
        "x_bins": x.names,
        "y_bins": y.names,
        "x_counts": cells.sum(axis=1).tolist()[: len(x.names)],
        "y_counts": cells.sum(axis=0).tolist()[: len(y.names)],
        "counts": cells.tolist() if x.names and y.names else [],
        "rows": keys,
        "association": number(cramers_v(x.codes[rows], y.codes[rows])),
    }


def _association(held: dict[str, Binned]) -> list[list[float]]:
    names = list(held)
    found = np.eye(len(names))
    for i, first in enumerate(names):
        for j in range(i):
            rows = (held[first].codes >= 0) & (held[names[j]].codes >= 0)
            value = cramers_v(held[first].codes[rows], held[names[j]].codes[rows])
            found[i, j] = found[j, i] = float(f"{value:.4g}")
    return [[float(value) for value in row] for row in found]


def _telling(subject: Subject, names: list[str], matrix: list[list[float]]) -> list[tuple[str, str]]:
    """Choose pairs worth a look: the label with the column closest to it, and with the suspicion."""
    columns = [name for name in names if name in subject.columns]
    found = []
    if columns:
        of_label = dict(zip(names, matrix[0], strict=True))
        found.append((max(columns, key=lambda name: of_label[name]), _LABEL))
    if _SUSPICION in names:
        found.append((_SUSPICION, _LABEL))
        if _DECISION in names:
            found.append((_SUSPICION, _DECISION))
    return found

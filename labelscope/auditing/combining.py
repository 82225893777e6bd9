"""Several scores made one, and what an audit falls back on where nothing is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from labelscope.auditing.audit import LazyMap
from labelscope.auditing.plan import Workbench
from labelscope.data.dataset import Dataset
from labelscope.errors import InvalidInputError, LabelscopeError
from labelscope.evidence import Projection
from labelscope.types import Score


def mean_rank(scores: Mapping[str, Score], dataset: Dataset) -> Score:
    """Combine scorers that the user chose: their scales differ, so only their orders are averaged."""
    labeled = dataset.labels.codes >= 0
    total = np.zeros(dataset.n)
    for score in scores.values():
        _, position = np.unique(score.suspicion, return_inverse=True)
        total += position / max(int(position.max(initial=0)), 1)
    first = next(iter(scores.values()))
    flags = [np.asarray(s.flagged) for s in scores.values() if s.flagged is not None]
    votes = np.sum(flags, axis=0) * 2 > len(flags) if flags else None
    suspicion = np.where(labeled, total / len(scores), 0).astype(np.float32)
    return Score(suspicion, first.suggested, votes, meta={"scale": "rank"})


def nothing_known(dataset: Dataset) -> Score:
    """Suspect nobody."""
    zeros = np.zeros(dataset.n, dtype=np.float32)
    return Score(
        zeros, dataset.labels.values(dataset.labels.codes), zeros.astype(bool), meta={"scale": "rank"}
    )


def lazy_map(bench: Workbench) -> LazyMap:
    """Return the map as it is, or how it is made on first use."""
    if "map" in bench.evidence:
        return LazyMap(ready=np.asarray(bench.evidence["map"], dtype=np.float32))
    if "knn_ids" not in bench.evidence:
        return LazyMap(ready=np.zeros((bench.dataset.n, 2), dtype=np.float32))
    ready, make = bench.later(Projection(), "map")

    def made() -> Any:
        try:
            return make()
        except LabelscopeError:
            raise
        except Exception as error:
            raise InvalidInputError(
                f"The map could not be made: {error}", "Pass evidence={'map': (n, 2) array}."
            ) from error

    return LazyMap(made, ready)

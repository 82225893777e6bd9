"""The audit: a dataset, the evidence about it, one suspicion a row and the reasons for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from labelscope.auditing.arguments import checked_count
from labelscope.auditing.taxonomy import read_taxonomy
from labelscope.data.dataset import Dataset
from labelscope.data.frames import to_caller
from labelscope.errors import InvalidInputError, InvalidTypeError, Notice, TaskError
from labelscope.types import Array, BoolArray, Estimate, Evidence, FloatArray, IntArray, Score


class LazyMap:
    """The 2-D map, made on first use and once only, whichever thread asks first.

    Parameters
    ----------
    make : callable, optional
        Returns the map, (n, 2).
    ready : (n, 2) array, optional
        The map, when it exists already.
    """

    def __init__(self, make: Callable[[], FloatArray] | None = None, ready: FloatArray | None = None) -> None:
        self._make = make
        self._map = ready
        self._lock = threading.Lock()

    @property
    def ready(self) -> bool:
        """Whether the map can be had at once."""
        return self._map is not None

    def get(self) -> FloatArray:
        """Return the map, making it when needed."""
        with self._lock:
            if self._map is None:
                if self._make is None:
                    raise InvalidInputError(
                        "This audit has no map.", "Pass evidence={'map': array of shape (n, 2)} to ls.audit."
                    )
                self._map = np.asarray(self._make(), dtype=np.float32)
            return self._map


@dataclass(frozen=True, eq=False)
class Audit:
    """What is known about the labels of a dataset before a person looks; made by :func:`labelscope.audit`.

    Attributes
    ----------
    dataset : Dataset
        Rows, given labels, class names and media.
    evidence : Evidence
        Named arrays; ``given_labels`` are codes into ``classes``, -1 where unlabelled.
    scores : dict of str to Score
        What each method said, by its name.
    suspicion : (n,) float32
        In [0, 1], high means "look at this"; a probability when ``has_probability``.
    suggested_codes : (n,) int64
        Position in ``classes`` of the label that the evidence favors.
    flagged : (n,) bool
        Rows whose given label is called wrong.
    notices : tuple of Notice
        What the user should know about the evidence.
    facts : dict
        JSON-like facts about how the evidence was made.

    Examples
    --------
    >>> import labelscope as ls
    >>> from sklearn.datasets import load_digits
    >>> images, labels = load_digits(return_X_y=True)
    >>> audit = ls.audit(images.reshape(-1, 8, 8), labels)
    >>> audit.suspicion.shape
    (1797,)
    """

    dataset: Dataset
    evidence: Evidence
    scores: dict[str, Score]
    suspicion: FloatArray
    suggested_codes: IntArray
    flagged: BoolArray
    notices: tuple[Notice, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    lazy_map: LazyMap = field(default_factory=LazyMap, repr=False)

    def __post_init__(self) -> None:
        """Keep what was found from being written over."""
        for name in ("suspicion", "suggested_codes", "flagged"):
            held = np.asarray(getattr(self, name)).view()
            held.flags.writeable = False
            object.__setattr__(self, name, held)

    @classmethod
    def from_arrays(
        cls,
        dataset: Dataset,
        *,
        suspicion: FloatArray,
        suggested_codes: IntArray,
        flagged: BoolArray | None = None,
        evidence: Mapping[str, Any] | None = None,
    ) -> Audit:
        """Make an audit from scores of your own.

        Parameters
        ----------
        dataset : Dataset
        suspicion : (n,) float
            In [0, 1].
        suggested_codes : (n,) int
            Positions in ``dataset.labels.classes``.
        flagged : (n,) bool, optional
            By default the rows with suspicion of at least one half and a suggestion that differs.
        evidence : mapping, optional
            More arrays, such as ``map`` (n, 2), ``pred_probs`` (n, K) or ``knn_ids`` (n, k); ``taxonomy``.

        Returns
        -------
        Audit

        Raises
        ------
        InvalidInputError
            When an array is not aligned with the dataset or suspicion leaves [0, 1].
        """
        order = np.asarray(suspicion, dtype=np.float32)
        codes = np.asarray(suggested_codes, dtype=np.int64)
        for name, array in (("suspicion", order), ("suggested_codes", codes)):
            if array.shape != (dataset.n,):
                raise InvalidInputError.wrong_length(name, len(array), dataset.n)
        if dataset.n and not (np.isfinite(order).all() and order.min() >= 0 and order.max() <= 1):
            raise InvalidInputError(
                "suspicion must lie in [0, 1] without NaN.", "Rescale it; high means suspect."
            )
        if flagged is None:
            wrong = (order >= 0.5) & (codes != dataset.labels.codes)
        else:
            wrong = np.asarray(flagged, dtype=bool)
        labels = dataset.labels
        given: Array = labels.codes if labels.tags is None else labels.tags.matrix
        given = labels.targets if labels.task == "regression" else given
        items = Evidence(evidence or {}).including(given_labels=given, classes=labels.classes)
        if "taxonomy" in items:
            items = items.including(taxonomy=read_taxonomy(items["taxonomy"], dataset))
        ready = np.asarray(items["map"], np.float32) if "map" in items else None
        score = Score(order, dataset.labels.values(codes), wrong, meta={"scale": "rank"})
        return cls(dataset, items, {"given": score}, order, codes, wrong, lazy_map=LazyMap(ready=ready))

    @property
    def n(self) -> int:
        """Number of rows."""
        return self.dataset.n

    @property
    def classes(self) -> Array:
        """(K,) label values; codes are positions in it."""
        return self.dataset.labels.classes

    @property
    def given_codes(self) -> IntArray:
        """(n,) codes of the given labels, -1 where unlabelled."""
        return self.dataset.labels.codes

    @property
    def task(self) -> str:
        """``"classification"``, ``"multilabel"``, ``"regression"`` or ``"concepts"``."""
        return self.dataset.labels.task if self.dataset.concepts is None else "concepts"

    @property
    def suggested(self) -> Any:
        """(n,) suggested labels, as the user writes labels; of tags, sets in the container that was given.

        Of attributes beside a class this is the class; the attributes are
        ``audit.main.details["suggested_concepts"]``.
        """
        labels = self.dataset.labels
        if labels.tags is not None:
            return labels.rebuild(self.suggested_codes)
        return labels.values(self.suggested_codes)

    @property
    def main(self) -> Score:
        """The score that orders the rows."""
        return next(iter(self.scores.values()))

    @property
    def has_probability(self) -> bool:
        """Whether ``suspicion`` is a probability and not only an order."""
        return bool(self.main.meta.get("scale") == "probability")

    @property
    def has_map(self) -> bool:
        """Whether ``map`` can be read without waiting."""
        return self.lazy_map.ready

    @property
    def map(self) -> FloatArray:
        """(n, 2) float32 positions of the rows; made on first use."""
        return self.lazy_map.get()

    @property
    def joint(self) -> Array:
        """(K, K) estimated number of rows by given label (row) and true label (column).

        Of tags (K, 2, 2): for each tag the rows by given and true value, 0 absent and 1 present. Raises
        TaskError for a regression.
        """
        if self.task == "regression":
            raise TaskError(
                "Targets of a regression have no joint of given and true classes.",
                "Look at audit.main.details: suggested_value, residual, scale, low and high.",
            )
        joint = self.main.meta.get("joint")
        if joint is not None:
            return np.asarray(joint)
        k = len(self.classes)
        counts = np.zeros((k, k))
        labeled = (self.given_codes >= 0) & (self.suggested_codes >= 0)
        true = np.where(self.flagged, self.suggested_codes, self.given_codes)
        np.add.at(counts, (self.given_codes[labeled], true[labeled]), 1)
        return counts

    @property
    def noise_rate(self) -> Estimate:
        """Estimated share of labeled rows whose given label is wrong, with an interval."""
        found = self.main.meta.get("noise_rate")
        if found is not None:
            value, low, high = (float(found[name]) for name in ("value", "low", "high"))
            return Estimate(value, low, high, float(found.get("level", 0.9)))
        labeled = max(int((self.given_codes >= 0).sum()), 1)
        share = float(self.flagged.sum()) / labeled
        return Estimate(share, 0.0, 1.0)

    @property
    def summary(self) -> str:
        """The evidence line that opens every audit."""
        return str(self.facts.get("summary", f"{self.n:,} rows, {int(self.flagged.sum()):,} flagged."))

    def order(self) -> IntArray:
        """Return all rows, most suspicious first; equal suspicion keeps the row order."""
        return np.argsort(-self.suspicion, kind="stable")

    def reasons(self, row: int) -> tuple[str, ...]:
        """Say in words why a row is or is not suspected.

        Parameters
        ----------
        row : int
            Position of the row.

        Returns
        -------
        tuple of str
            Sentences, the weightiest first.
        """
        from labelscope.auditing.tasks import steps_of
        from labelscope.scorers.reasons import reasons

        steps = steps_of(self.task)
        if steps is not None:
            return steps.reasons(self.dataset, self.evidence, self.main, self._checked(row))
        return reasons(self._checked(row), self.evidence, self.main)

    def candidates(self, row: int, top: int = 4) -> list[tuple[int, float]]:
        """Return the most likely labels of a row as (code, probability), best first.

        Of tags and targets these are the suggested label and the given one.
        """
        from labelscope.scorers.candidates import candidates

        if self.task in ("multilabel", "regression"):
            return self._pair(self._checked(row))[:top]
        return candidates(self._checked(row), self.evidence, self.main, top=top)

    def neighbors(self, row: int, k: int = 8) -> IntArray:
        """Return up to ``k`` rows nearest to ``row`` in feature space (not on the map), nearest first."""
        self._checked(row)
        if "knn_ids" not in self.evidence:
            return np.empty(0, dtype=np.int64)
        ids = np.asarray(self.evidence["knn_ids"][row][:k], dtype=np.int64)
        return ids[ids >= 0]

    def issues(self, top: int | None = None) -> Any:
        """List suspected rows, most suspicious first.

        Parameters
        ----------
        top : int, optional
            How many rows, flagged or not; by default all flagged rows.

        Returns
        -------
        frame
            Columns row, id, given, suggested, suspicion, reasons; for tags and attributes also missing and
            extra, the names of the tags in question, for targets low and high. In the library of the data
            given, else pandas if it is installed, else pyarrow.

        Examples
        --------
        >>> import labelscope as ls
        >>> dataset = ls.Dataset(["good film", "bad film", "bad cut", "good cut"], ["+", "-", "+", "+"])
        >>> audit = Audit.from_arrays(dataset, suspicion=[0, 0, 0.9, 0], suggested_codes=[0, 1, 1, 0])
        >>> list(audit.issues().columns)
        ['row', 'id', 'given', 'suggested', 'suspicion', 'reasons']
        """
        from labelscope.auditing.tasks import steps_of

        ranked = self.order()
        wanted = checked_count(top, "top")
        rows = ranked[self.flagged[ranked]] if wanted is None else ranked[:wanted]
        labels, steps = self.dataset.labels, steps_of(self.task)
        columns = {
            "row": rows,
            "id": self.dataset.ids[rows],
            "given": labels.values(self.given_codes[rows]),
            "suggested": labels.values(self.suggested_codes[rows]),
            **({} if steps is None else steps.columns(self.dataset, self.main, rows)),
            "suspicion": self.suspicion[rows],
            "reasons": np.array([" ".join(self.reasons(int(r))) for r in rows], dtype=object),
        }
        return to_caller(columns, self.dataset.frame)

    def _pair(self, row: int) -> list[tuple[int, float]]:
        """Return suggested and given label with the probability that each is right."""
        given, suggested = int(self.given_codes[row]), int(self.suggested_codes[row])
        wrong = float(self.suspicion[row])
        found = {suggested: 1.0 if given < 0 else wrong}
        if given >= 0:
            found[given] = 1.0 - wrong
        order = sorted(found, key=lambda code: (code != suggested, code))
        return [(code, found[code]) for code in order if code >= 0]

    def _checked(self, row: int) -> int:
        if isinstance(row, bool) or not isinstance(row, (int, np.integer)):
            raise InvalidTypeError(
                f"row is {row!r}, but one row number is needed.",
                "Rows are positions from 0; ids are in audit.dataset.ids.",
            )
        if not 0 <= row < self.n:
            raise InvalidInputError(f"There is no row {row}.", f"Rows are 0 to {self.n - 1:,}.")
        return int(row)

    def __repr__(self) -> str:
        return f"<Audit of {self.dataset.name!r}: {self.summary}>"

    def _repr_html_(self) -> str:
        from html import escape

        notices = "".join(f"<li>{escape(str(notice))}</li>" for notice in self.notices)
        return (
            f"<div><b>{escape(self.dataset.name)}</b> · {self.n:,} rows · {int(self.flagged.sum()):,} flagged"
            f"<br>{escape(self.summary)}{f'<ul>{notices}</ul>' if notices else ''}</div>"
        )

"""What a label is about: rows, labels as they are now, columns, and what is known about errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from labelscope.auditing.audit import Audit
from labelscope.data import frames
from labelscope.data.dataset import Dataset
from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.reports.nutrition.columns import Column, read_columns, text_of
from labelscope.review.estimating import noise_rate_of
from labelscope.review.learning import wrong_rows
from labelscope.review.progress import unseen_rows
from labelscope.review.session import Session
from labelscope.review.state import UNREVIEWED, UNSURE, ReviewState
from labelscope.review.suggestions import shown_labels
from labelscope.types import Array, BoolArray, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Errors:
    """How likely the given label of each row is wrong.

    Attributes
    ----------
    rates : (n,) float64
        NaN where nothing can be said.
    left : (n,) float64
        The same of labels as they are now: 0 where somebody decided.
    found : (n,) float64
        1 where somebody found the label wrong, or where it is flagged and nobody decided; else 0. Unlike
        ``rates``, a model that merely hesitates has no part in it. NaN as in ``rates``.
    flags_left : (n,) bool
        Flagged, and nobody decided.
    measured : bool
        Whether all of them rest on verdicts of people or on a reference.
    calibrated : bool
        Whether they are probabilities; flags alone are not.
    low, high : float
        Ends of the interval of the model's rate, over its value.
    basis : str
    """

    rates: FloatArray
    left: FloatArray
    found: FloatArray
    flags_left: BoolArray
    measured: bool
    calibrated: bool
    low: float
    high: float
    basis: str

    @property
    def known(self) -> BoolArray:
        """(n,) bool: rows about which something is known."""
        return np.asarray(~np.isnan(self.rates))


@dataclass(frozen=True, eq=False)
class Subject:
    """Everything that the modules of a label read.

    Attributes
    ----------
    dataset : Dataset
    audit : Audit or None
    session : Session or None
    state : ReviewState
        As given where nobody reviewed.
    codes : (n,) int64
        Labels as they are now; -1 where there is none.
    class_names : tuple of str
    columns : dict of str to Column
    n_columns : int
    errors : Errors or None
    """

    dataset: Dataset
    audit: Audit | None
    session: Session | None
    state: ReviewState
    codes: IntArray
    class_names: tuple[str, ...]
    columns: dict[str, Column]
    n_columns: int
    errors: Errors | None

    @property
    def n(self) -> int:
        """Number of rows."""
        return self.dataset.n

    @property
    def task(self) -> str:
        """Task of the labels."""
        return "concepts" if self.dataset.concepts is not None else self.dataset.labels.task

    @property
    def label_word(self) -> str:
        """Name of the labels in queries."""
        return "given" if self.session is None else "current"

    @property
    def targets(self) -> FloatArray:
        """(n,) float64: targets of a regression as they are now."""
        values = [v if isinstance(v, int | float) else np.nan for v in self.state.classes]
        return np.append(np.array(values, dtype=np.float64), np.nan)[self.codes]

    @property
    def tags(self) -> tuple[tuple[str, ...], Array] | None:
        """Names and (n, K) int8 matrix of tags, or of attributes beside the class; None without any."""
        if not self.state.tag_names:
            return None
        return self.state.tag_names, self.state.tags

    @property
    def counts(self) -> IntArray:
        """(K,) int64: rows of each class."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.class_names)).astype(np.int64)


def subject_of(source: Any, labels: Any, kinds: Mapping[str, str]) -> Subject:
    """Read a source.

    Parameters
    ----------
    source : Session, Audit, Dataset, or what a Dataset is made of
    labels : column name or (n,) labels, optional
        With a source that brings none.
    kinds : mapping of str to str
        Stated kinds of columns.

    Returns
    -------
    Subject

    Raises
    ------
    InvalidTypeError
        Labels are given for a source that has its own.
    UnknownColumnError, InvalidInputError, InvalidTypeError
        As `labelscope.Dataset`.
    """
    held = isinstance(source, Session | Audit | Dataset)
    if held and labels is not None:
        raise InvalidTypeError(
            f"labels= is given together with a {type(source).__name__}, which has its own.",
            "Leave labels out. To compare with other labels, pass them as reference=.",
        )
    session = source if isinstance(source, Session) else None
    audit = source.audit if isinstance(source, Session) else source if isinstance(source, Audit) else None
    if audit is not None:
        dataset = audit.dataset
    else:
        dataset = source if isinstance(source, Dataset) else Dataset(source, labels)
    state = ReviewState.of(dataset) if session is None else session.state
    names = tuple(shown_labels(state, dataset))
    skip = _label_columns(dataset, labels)
    columns, n_columns = read_columns(dataset, skip, dict(kinds))
    for name in kinds:
        if name not in columns:
            raise InvalidInputError.unknown("column", name, columns)
    codes = np.asarray(state.current, dtype=np.int64).copy()
    found = None if audit is None else errors_of(audit, session)
    return Subject(dataset, audit, session, state, codes, names, columns, n_columns, found)


def errors_of(audit: Audit, session: Session | None) -> Errors | None:
    """Say how likely each given label is wrong: verdicts where there are some, else the audit's word."""
    labeled = np.asarray(audit.given_codes) >= 0
    if not labeled.any():
        return None
    calibrated = audit.has_probability
    said = np.asarray(audit.suspicion if session is None else session.suspicion, dtype=np.float64)
    rates = said.copy() if calibrated else np.asarray(audit.flagged, dtype=np.float64)
    left = rates.copy()
    flags_left = np.asarray(audit.flagged, dtype=bool) & labeled
    found = 1.0 * flags_left
    measured, estimate = False, audit.noise_rate
    if session is not None:
        state = session.state
        decided = (state.state != UNREVIEWED) & (state.state != UNSURE)
        # What was taken over from a method is mended, as far as it is right, and no verdict of anybody.
        judged = decided & ~unseen_rows(state)
        rates[judged], left[decided] = wrong_rows(state)[judged], 0.0
        found[judged], flags_left = rates[judged], flags_left & ~decided
        measured = bool(judged[labeled].all())
        estimate = noise_rate_of(audit, session.ledger, session.suspicion)
    rates[~labeled] = left[~labeled] = found[~labeled] = np.nan
    value = max(estimate.value, 1e-9)
    low, high = (estimate.low / value, estimate.high / value) if calibrated else (0.0, 1.0 / value)
    basis = (
        "verdicts on every row"
        if measured
        else ("probabilities of a model" if calibrated else "flags of a model, which are no probabilities")
        + (", and verdicts where rows were reviewed" if session is not None and len(session.events) else "")
    )
    if measured:
        low = high = 1.0
    low, high = min(low, 1.0), max(high, 1.0)
    return Errors(rates, left, found, flags_left, measured, calibrated or measured, low, high, basis)


def against_reference(subject: Subject, wrong: FloatArray, name: str) -> Errors:
    """Take disagreement with a reference as errors: ``wrong`` (n,) is 1, 0 or NaN."""
    return Errors(wrong, wrong, wrong, wrong == 1, True, True, 1.0, 1.0, f"disagreement with {name}")


def _label_columns(dataset: Dataset, labels: Any) -> Sequence[str]:
    """Columns of the frame that hold the labels."""
    if dataset.frame is None:
        return ()
    names = [str(name) for name in frames.column_names(dataset.frame)]
    if isinstance(labels, str):
        return (labels,)
    held = set()
    for tags in (dataset.labels.tags, dataset.concepts):
        if tags is not None:
            held |= set(tags.names)
    used = set(getattr(dataset.media, "columns", ()))
    open_names = [name for name in names if name not in used]
    return [name for name in open_names if name in held or _is_label(dataset, name)]


def _is_label(dataset: Dataset, name: str) -> bool:
    """Whether a column holds the labels, row by row: the dataset remembers them, but not their column."""
    values = frames.column_values(dataset.frame, name)
    labels = dataset.labels
    if labels.task == "regression":
        found = np.asarray(labels.targets)
        try:
            numbers = np.array([np.nan if v is None else float(v) for v in values.tolist()])
        except (TypeError, ValueError):
            return False
        return bool(np.array_equal(numbers, found, equal_nan=True))
    if labels.tags is not None:
        return bool(values.dtype == object) and values.tolist() == list(_listed(labels.original))
    said = [*(text_of(v) for v in labels.classes.tolist()), ""]
    for code, value in zip(labels.codes.tolist(), values.tolist(), strict=True):
        missing = value is None or value != value
        if missing != (code < 0) or (not missing and text_of(value) != said[code]):
            return False
    return True


def _listed(values: Any) -> list[Any]:
    return list(values.tolist() if hasattr(values, "tolist") else values)

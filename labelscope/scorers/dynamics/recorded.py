"""What the dynamics family needs of each row, read from recorded logits or from recorded sums."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from labelscope.data.labels import encode_evidence
from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.evidence.dynamics import check_fake_class
from labelscope.evidence.dynamics_sums import SUMS, add_step, empty_sums
from labelscope.scorers.inputs import blocks, labels_of
from labelscope.types import Array, BoolArray, Evidence, FloatArray, IntArray, Score

_ROUNDING = 1e-12
_BEST = ("margin", "probability", "wins")


@dataclass(frozen=True)
class Recorded:
    """Training dynamics of the given labels.

    Attributes
    ----------
    codes : (n,) int64
        Given labels as positions in ``classes``; -1 is unlabelled.
    classes : (K,) array
        Label values.
    given : (n,) of `SUMS`
        Sums of the given label; of class 0 for unlabelled rows.
    best : dict of str to (n,) int64
        The class with the most margin, probability and wins; ties go to the lower code.
    most : dict of str to (n,) float64
        What that class has.
    fake : (n,) bool
        Rows that were trained as the fake class.
    fake_margins : (n,) float64
        Their sums of margins of the fake class; 0 elsewhere.
    """

    codes: IntArray
    classes: Array
    given: Array
    best: dict[str, IntArray]
    most: dict[str, FloatArray]
    fake: BoolArray
    fake_margins: FloatArray

    @property
    def steps(self) -> IntArray:
        """(n,) number of epochs in which each row was recorded."""
        return np.asarray(self.given["steps"])

    @property
    def judged(self) -> BoolArray:
        """(n,) bool: labelled, recorded, and there is another class."""
        return np.asarray((self.codes >= 0) & (self.steps > 0) & (len(self.classes) > 1))

    def mean(self, sums: Array) -> FloatArray:
        """Divide (n,) sums by the number of steps; 0 where there are none."""
        return np.asarray(sums / np.maximum(self.steps, 1), dtype=np.float64)

    def behind(self, name: str) -> BoolArray:
        """(n,) bool: another class has more of ``name`` than the given one, rounding aside."""
        limit = self.given[name] + _ROUNDING * np.maximum(np.abs(self.given[name]), 1.0)
        return np.asarray(self.judged & (self.most[name] > limit))

    def scored(
        self,
        suspicion: FloatArray,
        flagged: BoolArray,
        by: str,
        details: dict[str, Array],
        **meta: Any,
    ) -> Score:
        """Build the score: 0 and unflagged for rows not judged, whose float details are NaN.

        Parameters
        ----------
        suspicion : (n,) float
        flagged : (n,) bool
        by : {"margin", "probability", "wins"}
            What decides the suggested class.
        details : dict of str to (n,) array
        **meta
            Facts to keep.
        """
        judged = self.judged
        known = (self.steps > 0) & (len(self.classes) > 0)
        shown = {
            name: np.where(judged, values, np.nan) if values.dtype.kind == "f" else values
            for name, values in details.items()
        }
        return Score(
            suspicion=np.where(judged, np.clip(suspicion, 0.0, 1.0), 0.0).astype(np.float32),
            suggested=labels_of(np.where(known, self.best[by], self.codes), self.classes),
            flagged=np.asarray(judged & flagged),
            details={**shown, "n_recorded": self.steps.astype(np.int32)},
            meta={"scale": "rank", **meta},
        )


def read_dynamics(evidence: Evidence, by: str) -> Recorded:
    """Read and validate ``given_labels``, ``training_dynamics`` and, when there, ``fake_class``.

    Parameters
    ----------
    evidence : Evidence
        ``training_dynamics`` is (n, epochs, K) logits, NaN where a row was not seen, or (n, K) of `SUMS`;
        with a fake class its last column is that class. ``fake_class`` says how to read the dynamics and
        comes with them, as ``classes`` does with labels; it is no need of its own.
    by : str
        Name of the scorer, for messages.

    Returns
    -------
    Recorded

    Raises
    ------
    MissingEvidenceError, InvalidInputError
        Something is absent or does not fit.
    """
    for name in ("given_labels", "training_dynamics"):
        if name not in evidence:
            raise MissingEvidenceError.of(name, by, evidence)
    dynamics = _checked(evidence["training_dynamics"])
    n, width = len(dynamics), dynamics.shape[-1]
    given = evidence["given_labels"]
    if len(given) != n:
        raise InvalidInputError.wrong_length("training_dynamics", n, len(given), "given_labels")
    fake = np.zeros(n, dtype=bool)
    with_fake = "fake_class" in evidence
    if with_fake:
        fake = check_fake_class(evidence["fake_class"], n)
    codes, classes = _labels(evidence, n, width, with_fake, bool(fake.any()))
    cells = np.zeros(n, dtype=SUMS)
    best: dict[str, IntArray] = {name: np.zeros(n, dtype=np.int64) for name in _BEST}
    most: dict[str, FloatArray] = {name: np.zeros(n) for name in _BEST}
    fake_margins, k = np.zeros(n), len(classes)
    for rows, sums in _sums(dynamics, fake if width > k else None):
        position = np.arange(len(sums))
        cells[rows] = sums[position, np.maximum(codes[rows], 0)]
        for name in _BEST:
            values = sums[name][:, :k]
            best[name][rows] = values.argmax(axis=1)
            most[name][rows] = values.max(axis=1)
        fake_margins[rows] = np.where(fake[rows], sums["margin"][:, -1], 0.0)
    return Recorded(codes, classes, cells, best, most, fake, fake_margins)


def _sums(dynamics: Array, fake: BoolArray | None) -> Iterator[tuple[slice, Array]]:
    """Give the sums block by block; each row's come out the same however rows are blocked."""
    n, width = len(dynamics), dynamics.shape[-1]
    for rows in blocks(n, 4 * width):
        if dynamics.dtype.names is not None:
            yield rows, dynamics[rows]
            continue
        size = len(range(*rows.indices(n)))
        sums = empty_sums(size, width)
        for epoch in range(dynamics.shape[1]):
            logits = dynamics[rows, epoch].astype(np.float64)
            seen = np.flatnonzero(~np.isnan(logits).any(axis=1))
            step = np.full(len(seen), epoch)
            add_step(sums, seen, logits[seen], step, None if fake is None else fake[rows])
        yield rows, sums


def _labels(
    evidence: Evidence, n: int, width: int, with_fake: bool, any_fake: bool
) -> tuple[IntArray, Array]:
    """Read codes and classes by the rule for columns of probabilities, the fake column left out."""
    classes = evidence.get("classes")
    extra = any_fake if classes is None else (with_fake and width == len(classes) + 1)
    columns = width - int(extra)
    fitting: dict[str, Any] = {"given_labels": evidence["given_labels"], "classes": classes}
    if classes is not None and len(classes) != columns:
        raise InvalidInputError(
            f"training_dynamics has {width} columns, but there are {len(classes)} classes.",
            "Pass logits with one column per class in the order of the classes, and fake_class= when one "
            "more column is the fake class.",
        )
    try:
        codes, found, _ = encode_evidence({**fitting, "pred_probs": np.broadcast_to(0.0, (n, columns))})
    except InvalidInputError as error:
        raise InvalidInputError(
            f"training_dynamics has {columns} columns of classes, which do not fit the given labels: "
            f"{error.message}",
            error.hint,
        ) from error
    return codes, np.asarray(found)


def _checked(given: Any) -> Array:
    dynamics = np.asarray(given)
    if dynamics.dtype.names is not None:
        if dynamics.ndim == 2 and set(SUMS.names or ()) <= set(dynamics.dtype.names) and dynamics.shape[1]:
            return dynamics
    elif dynamics.ndim == 3 and dynamics.dtype.kind in "fiu" and dynamics.shape[2]:
        return dynamics
    raise InvalidInputError(
        f"training_dynamics is {dynamics.dtype} of shape {dynamics.shape}.",
        "Pass logits of shape (n, epochs, classes), or what TrainingDynamics.finish() returns.",
    )

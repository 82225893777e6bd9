"""Training dynamics: what a model said of each row while it learned, recorded from any training loop."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.data.labels import encode
from labelscope.errors import InvalidInputError, InvalidTypeError, notify
from labelscope.evidence.dynamics_sums import add_step, empty_sums, finite
from labelscope.types import Array, BoolArray, Evidence, FloatArray, IntArray

_KEEP = ("logits", "sums")
_OUTPUTS = ("logits", "probabilities")
_SMALLEST = 1e-30


class TrainingDynamics:
    """Recorder of logits by row and epoch; it needs no framework.

    Parameters
    ----------
    ids : int or sequence
        Number of rows, when updates name rows by position; or the (n,) distinct ids by which they do.
    keep : {"logits", "sums"}
        ``logits`` keeps everything, (n, epochs, K) float32. ``sums`` keeps (n, K) running sums of 48 bytes
        a cell, whatever the number of epochs; the dynamics scorers give the same from both, also after
        labels have changed.
    outputs : {"logits", "probabilities"}
        What updates bring; of probabilities the logarithm is kept.
    fake_class : (n,) bool, optional
        Rows that are trained as one more class, the last column (see `draw_fake_class`).
    held_out : bool
        Whether every update brings rows that its model does not train on, such as the fold that is held out:
        then a loss gate may use them (`labelscope.scorers.DynamicLossGate`). Leave ``epoch`` out where one
        fold's training follows another's.

    Notes
    -----
    Training outputs are meant to be in-sample here, unless ``held_out``. Stop at the first drop of the
    learning rate, or before the training loss reaches 0: a model that has memorized its labels hides the
    wrong ones.

    Without ``epoch``, the k-th time that a row comes is its k-th epoch. With it, a row that comes several
    times in an epoch (several views, sampling with replacement) counts once, with the mean of its logits.
    Rows that do not come in an epoch are NaN there, and so are outputs that are NaN.

    Examples
    --------
    >>> recorder = TrainingDynamics(["a", "b"])
    >>> for epoch in range(3):
    ...     recorder.update(["b", "a"], [[0.0, 1.0], [2.0, 0.0]], epoch=epoch)
    >>> recorder.finish()
    Evidence(training_dynamics[2, 3, 2])
    """

    def __init__(
        self,
        ids: Any,
        *,
        keep: str = "logits",
        outputs: str = "logits",
        fake_class: Any = None,
        held_out: bool = False,
    ) -> None:
        if keep not in _KEEP:
            raise InvalidInputError.unknown("way to keep dynamics", keep, _KEEP)
        if outputs not in _OUTPUTS:
            raise InvalidInputError.unknown("kind of outputs", outputs, _OUTPUTS)
        self._rows_by_id, self._n = _row_names(ids)
        self._keep, self._outputs, self._held_out = keep, outputs, held_out
        self._fake = None if fake_class is None else check_fake_class(fake_class, self._n)
        self._width: int | None = None
        self._epochs: list[int] = []
        self._by_visit: bool | None = None
        self._open = False
        self._visits = np.zeros(self._n, dtype=np.int64)
        self._seen = np.zeros(self._n, dtype=bool)
        self._n_broken = 0
        # Set up by the first update, which brings the number of classes.
        self._pages: list[FloatArray] = []
        self._sums: Array = empty_sums(0, 0)
        self._total: FloatArray = np.zeros((0, 0))
        self._counts = np.zeros(self._n, dtype=np.int64)

    @property
    def n(self) -> int:
        """Number of rows."""
        return self._n

    @property
    def n_epochs(self) -> int:
        """Number of epochs so far."""
        return int(self._visits.max(initial=0)) if self._by_visit else len(self._epochs)

    def update(self, ids: Any, logits: Any, epoch: int | None = None) -> None:
        """Record one batch.

        Parameters
        ----------
        ids : (b,) row numbers or ids
            Or a single one.
        logits : (b, K) float, or (b,) or (b, 1) of a binary model
            Array, list or tensor of any float type on any device; one row may come without its first axis.
        epoch : int, optional
            Number of the epoch; it may not go back. Give it always or never.

        Raises
        ------
        InvalidInputError
            Unknown ids, shapes that do not fit, or an epoch that is over.

        Examples
        --------
        >>> recorder = TrainingDynamics(3)
        >>> recorder.update([2], [[0.5, -0.5]], epoch=0)
        >>> recorder.n_epochs
        1
        """
        rows = self._rows(ids)
        values = self._values(logits, len(rows))
        self._check_epoch(epoch)
        self._prepare(values.shape[1])
        if epoch is not None and (not self._epochs or epoch > self._epochs[-1]):
            self._close_epoch()
            self._epochs.append(int(epoch))
            self._open = True
        sound = np.asarray(~np.isnan(values).any(axis=1))
        self._n_broken += int((~sound).sum())
        self._seen[rows[sound]] = True
        if epoch is None:
            self._add_visits(rows, values, sound)
        else:
            np.add.at(self._total, rows[sound], values[sound])
            np.add.at(self._counts, rows[sound], 1)

    def __call__(self, ids: Any, logits: Any, epoch: int | None = None) -> None:
        """Do the same as `update`, for loops that take a callable."""
        self.update(ids, logits, epoch)

    def finish(self) -> Evidence:
        """Close the epoch that is under way and return the evidence; recording may go on with later epochs.

        Returns
        -------
        Evidence
            ``training_dynamics``: (n, epochs, K) float32 logits, NaN where a row was not seen; or, with
            ``keep="sums"``, (n, K) of `labelscope.evidence.dynamics_sums.SUMS`. With a fake class K is one
            more, and ``fake_class`` (n,) bool is there too. ``held_out_dynamics`` (n,) bool is there with
            ``held_out``.

        Raises
        ------
        InvalidInputError
            Nothing was recorded.
        """
        if self._width is None:
            raise InvalidInputError(
                "No training step was recorded.", "Call update(ids, logits, epoch) for each batch."
            )
        self._close_epoch()
        missing = np.flatnonzero(~self._seen)
        if len(missing):
            notify(
                "rows_not_recorded",
                f"{len(missing):,} of {self._n:,} rows were never recorded in training.",
                "Scorers of training dynamics give them suspicion 0; record them too, or read it as unknown.",
                missing,
            )
        if self._n_broken:
            notify(
                "outputs_not_numbers",
                f"{self._n_broken:,} recorded outputs were NaN and count as not seen.",
                "Training may have diverged; lower the learning rate.",
            )
        kept = self._sums.copy() if self._keep == "sums" else self._stacked()
        held = self._seen.copy() if self._held_out else None
        return Evidence(training_dynamics=kept, fake_class=self._fake, held_out_dynamics=held)

    def _stacked(self) -> FloatArray:
        if not self._pages:
            return np.full((self._n, self.n_epochs, self._width or 0), np.nan, dtype=np.float32)
        return np.stack(self._pages, axis=1)

    def _check_epoch(self, epoch: int | None) -> None:
        by_visit = epoch is None
        if self._by_visit is not None and by_visit != self._by_visit:
            raise InvalidInputError(
                "Some updates name their epoch and some do not.", "Pass epoch= in every update or in none."
            )
        if epoch is not None and self._epochs:
            last = self._epochs[-1]
            if epoch < last or (epoch == last and not self._open):
                raise InvalidInputError(
                    f"Epoch {epoch} is over; the last one recorded is {last}.",
                    "Record epochs in order, and call finish() between epochs only. For a second run use a "
                    "new TrainingDynamics.",
                )
        self._by_visit = by_visit

    def _prepare(self, width: int) -> None:
        if self._width is None:
            self._width = width
            if not self._by_visit:
                self._total = np.zeros((self._n, width))
            if self._keep == "sums":
                self._sums = empty_sums(self._n, width)
        elif width != self._width:
            raise InvalidInputError(
                f"logits have {width} columns, but earlier ones had {self._width}.",
                "Pass one column per class in every update.",
            )

    def _close_epoch(self) -> None:
        """Store the means of the epoch under way."""
        if not self._open:
            return
        self._open = False
        rows, epoch = np.flatnonzero(self._counts), len(self._epochs) - 1
        means = self._total[rows] / self._counts[rows, None]
        self._store(rows, means, np.full(len(rows), epoch))
        if self._keep == "logits":
            self._page(epoch)
        self._total[rows] = 0.0
        self._counts[rows] = 0

    def _add_visits(self, rows: IntArray, values: FloatArray, sound: BoolArray) -> None:
        """Store each appearance of a row as its next epoch, the same row's appearances one after another."""
        order = np.argsort(rows, kind="stable")
        counts = np.unique(rows, return_counts=True)[1]
        turn = np.empty(len(rows), dtype=np.int64)
        turn[order] = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        for number in range(int(counts.max(initial=0))):
            now = turn == number
            usable = now & sound
            self._store(rows[usable], values[usable], self._visits[rows[usable]])
            self._visits[rows[now]] += 1

    def _store(self, rows: IntArray, values: FloatArray, epochs: IntArray) -> None:
        # Both ways of keeping see the same rounded numbers, so that scores agree to the last bit.
        rounded = values.astype(np.float32)
        if self._keep == "sums":
            add_step(self._sums, rows, rounded, epochs, self._fake)
            return
        for epoch in np.unique(epochs):
            now = epochs == epoch
            self._page(int(epoch))[rows[now]] = rounded[now]

    def _page(self, epoch: int) -> FloatArray:
        while len(self._pages) <= epoch:
            self._pages.append(np.full((self._n, self._width or 0), np.nan, dtype=np.float32))
        return self._pages[epoch]

    def _rows(self, ids: Any) -> IntArray:
        given = np.atleast_1d(_array(ids))
        if given.ndim != 1:
            raise InvalidInputError(f"ids have shape {given.shape}.", "Pass one id per row of logits.")
        if self._rows_by_id is not None:
            rows = [self._rows_by_id.get(one, -1) for one in given.tolist()]
            if -1 in rows:
                raise InvalidInputError.unknown("row id", given.tolist()[rows.index(-1)], self._rows_by_id)
            return np.array(rows, dtype=np.int64)
        if given.dtype.kind not in "iu" and len(given):
            raise InvalidTypeError(
                f"ids are {given.dtype}, but rows are named by whole numbers here.",
                "Pass row positions, or give your own ids first: TrainingDynamics(ids).",
            )
        if len(given) and (given.min() < 0 or given.max() >= self._n):
            raise InvalidInputError(
                f"Row numbers go from {given.min()} to {given.max()}, but there are {self._n:,} rows.",
                f"Pass positions from 0 to {self._n - 1}.",
            )
        return given.astype(np.int64)

    def _values(self, logits: Any, n: int) -> FloatArray:
        values = np.asarray(_array(logits, floating=True), dtype=np.float64)
        # Loops that squeeze their outputs turn a final batch of one into a plain vector.
        if values.ndim <= 1 and n == 1:
            values = values.reshape(1, -1)
        elif values.ndim == 1:
            values = values[:, None]
        if values.ndim != 2 or len(values) != n:
            raise InvalidInputError(
                f"logits have shape {np.shape(values)}, but there are {n:,} ids.",
                "Pass logits of shape (batch, classes), one row per id.",
            )
        if values.shape[1] == 0:
            raise InvalidInputError(
                f"logits have shape {values.shape}.", "Pass at least one column; one means a binary model."
            )
        if self._outputs == "probabilities":
            if (values < 0.0).any() or (values > 1.0 + 1e-3).any():
                raise InvalidInputError(
                    "outputs='probabilities', but there are values outside [0, 1].",
                    "Use TrainingDynamics(..., outputs='logits').",
                )
            values = np.hstack([1.0 - values, values]) if values.shape[1] == 1 else values
            return np.log(np.maximum(values, _SMALLEST))
        return finite(np.hstack([-values / 2, values / 2]) if values.shape[1] == 1 else values)


def draw_fake_class(given_labels: Any, *, random_state: int = 0) -> tuple[IntArray, BoolArray]:
    """Give a share 1 / (K + 1) of the rows a class of their own, from which AUM learns its cut.

    What a model says of these rows is what it says of rows whose label is wrong for sure.

    Parameters
    ----------
    given_labels : (n,) labels
        Any container that `labelscope.Dataset` takes.
    random_state : int
        Seed.

    Returns
    -------
    codes : (n,) int64
        Labels to train on: positions in the sorted labels, K for the fake class, -1 for unlabelled rows. The
        model needs K + 1 outputs.
    fake_class : (n,) bool
        To be passed to `TrainingDynamics`.

    Examples
    --------
    >>> codes, fake = draw_fake_class(["a", "b", "c"] * 4)
    >>> int(fake.sum()), codes[fake].tolist()
    (3, [3, 3, 3])
    """
    labels = encode(given_labels, task="classification")
    labelled = np.flatnonzero(labels.codes >= 0)
    n_fake = round(len(labelled) / (labels.n_classes + 1))
    fake = np.zeros(len(labels.codes), dtype=bool)
    if n_fake:
        fake[np.random.default_rng(random_state).choice(labelled, n_fake, replace=False)] = True
    return np.where(fake, labels.n_classes, labels.codes).astype(np.int64), fake


def check_fake_class(fake_class: Any, n: int) -> BoolArray:
    """Return (n,) bool, or raise InvalidInputError for what is no mask of the rows."""
    mask = _array(fake_class)
    if mask.shape != (n,) or mask.dtype.kind != "b":
        raise InvalidInputError(
            f"fake_class is {mask.dtype} of shape {mask.shape}, but there are {n:,} rows.",
            "Pass an (n,) mask, True for rows that were trained as the fake class.",
        )
    return mask


def _row_names(ids: Any) -> tuple[dict[Any, int] | None, int]:
    if isinstance(ids, int | np.integer):
        if ids < 0:
            raise InvalidInputError(f"There are {ids} rows.", "Pass the number of rows, or their ids.")
        return None, int(ids)
    names = _array(ids).tolist()
    rows = {one: row for row, one in enumerate(names)}
    if len(rows) < len(names):
        double = next(one for row, one in enumerate(names) if rows[one] != row)
        raise InvalidInputError(f"The row id {double!r} is there more than once.", "Pass distinct ids.")
    return rows, len(names)


def _array(values: Any, *, floating: bool = False) -> Array:
    """Turn arrays, lists and tensors into numpy, without knowing any framework."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        # numpy has no bfloat16.
        values = (values.float() if floating else values).numpy()
    return np.asarray(values)

"""Rescoring after edits: what an edit touches is scored again with the model as it was fitted, at once."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from labelscope.auditing.audit import Audit
from labelscope.review.learning import learned, verdicts_of
from labelscope.review.live_tags import tag_thresholds
from labelscope.review.live_targets import TargetModel
from labelscope.review.row_model import RowModel
from labelscope.review.state import EXCLUDED, UNREVIEWED, UNSURE, ReviewState
from labelscope.scorers.ensemble import best_expected_f1
from labelscope.types import BoolArray, Estimate, FloatArray, IntArray

if TYPE_CHECKING:
    from labelscope.review.ledger import Ledger

MOVED_BY = 0.1
_log = logging.getLogger(__name__)
_LOGIT_EDGE = 1e-7


@dataclass(frozen=True)
class Rescored:
    """What a rescore found.

    Attributes
    ----------
    suspicion : (n,) float32
        Of the labels as they are now; 0 for settled rows and unlabelled ones.
    suggested_codes : (n,) int64
    flagged : (n,) bool
    moved : (m,) int64
        At most 200 rows in question whose suspicion changed by more than .1 since the last time, those that
        moved most first.
    n_moved : int
    thresholds : (K,) float64
        Mean probability of each class, or tag, over the rows that have it now; NaN where there are none.
    counts : (K,) int64
        Rows that have each class, or tag, now.
    noise_rate : Estimate
        Share of the given labels that are wrong, from what was found and what is estimated to be left.
    ms : float
        How long it took.
    """

    suspicion: FloatArray
    suggested_codes: IntArray
    flagged: BoolArray
    moved: IntArray
    n_moved: int
    thresholds: FloatArray
    counts: IntArray
    noise_rate: Estimate
    ms: float


class Live:
    """Scores that follow the review.

    Probabilities, the neighbor graph and the fitted model of the audit stay as they are. Rows that see
    another label among their neighbors, or have another one themselves, move from the audit's suspicion by
    as much as the model moves; then verdicts recalibrate all rows. Before the first rescore scores are the
    audit's.

    Parameters
    ----------
    audit : Audit
    ledger : Ledger
        Whose state is followed.

    Examples
    --------
    >>> import labelscope as ls
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> session = ls.Session(ls.audit(X, y), journal=None)
    >>> _ = session.relabel(70, 2)
    >>> found = session.live.rescore()
    >>> float(found.suspicion[70]), found.counts.tolist()
    (0.0, [50, 49, 51])
    """

    def __init__(self, audit: Audit, ledger: Ledger) -> None:
        self._audit = audit
        self._ledger = ledger
        self._model: RowModel | None = None
        self._targets: TargetModel | None = None
        self._cast: IntArray | None = None
        self._raw: FloatArray = np.asarray(audit.suspicion, dtype=np.float64)
        self._best = np.asarray(audit.suggested_codes, dtype=np.int64)
        self._kept: tuple[int, FloatArray, BoolArray] | None = None
        self._rival = np.full(audit.n, -2, dtype=np.int64)
        self._was = np.full(audit.n, np.nan)
        self._first = np.full(audit.n, -1, dtype=np.int64)
        self._shown: tuple[FloatArray, BoolArray, IntArray] | None = None
        self._listeners: list[Callable[[Rescored], object]] = []

    @property
    def suspicion(self) -> FloatArray:
        """(n,) float32: the audit's, or the last rescore's with 0 for what is settled by now."""
        if self._shown is None:
            return self._audit.suspicion
        return self._settled()[0]

    @property
    def flagged(self) -> BoolArray:
        """(n,) bool: the audit's flags, or the last rescore's without what is settled by now."""
        if self._shown is None:
            return self._audit.flagged
        return self._settled()[1]

    @property
    def suggested_codes(self) -> IntArray:
        """(n,) int64: the audit's suggestions, or the last rescore's."""
        return self._audit.suggested_codes if self._shown is None else self._shown[2]

    def _settled(self) -> tuple[FloatArray, BoolArray]:
        """Return what is shown without what is settled, made once between two events."""
        with self._ledger.lock:
            assert self._shown is not None
            version = self._ledger.state.version
            if self._kept is None or self._kept[0] != version:
                settled = settled_rows(self._ledger.state)
                suspicion = np.where(settled, np.float32(0), self._shown[0]).astype(np.float32, copy=False)
                flagged = np.asarray(self._shown[1] & ~settled)
                suspicion.flags.writeable = flagged.flags.writeable = False
                self._kept = (version, suspicion, flagged)
            return self._kept[1:]

    def rescore(self) -> Rescored:
        """Score again with labels and verdicts as they are now.

        Returns
        -------
        Rescored
        """
        from labelscope.review.estimating import noise_rate_of

        start = time.perf_counter()
        with self._ledger.lock:
            state = self._ledger.state
            before = self.suspicion
            self._follow(state)
            verdicts = verdicts_of(state, len(self._audit.classes))
            raw, best = self._judged(state, verdicts.rows), self._best
            calibrated = learned(raw, self._audit.given_codes, best, verdicts)
            flagged = self._flags(calibrated)
            self._shown = (calibrated.astype(np.float32), flagged, self._suggest(flagged, best, state))
            self._kept = None
            now = self.suspicion
            moved, n_moved = _moved(before, now, settled_rows(state))
            thresholds, counts = self._classes(state)
            rate = noise_rate_of(self._audit, self._ledger, now)
            found = Rescored(
                now,
                self.suggested_codes,
                self.flagged,
                moved,
                n_moved,
                thresholds,
                counts,
                rate,
                1000 * (time.perf_counter() - start),
            )
        for listener in tuple(self._listeners):
            try:
                listener(found)
            except Exception:
                _log.exception("a listener of the scores failed")
        return found

    def subscribe(self, callback: Callable[[Rescored], object]) -> Callable[[], None]:
        """Call back after each rescore; returns what to call to stop.

        Parameters
        ----------
        callback : callable
            Gets a Rescored, on the thread that rescored. What it raises is logged.

        Returns
        -------
        callable
        """
        self._listeners.append(callback)

        def stop() -> None:
            if callback in self._listeners:
                self._listeners.remove(callback)

        return stop

    def _follow(self, state: ReviewState) -> None:
        """Score again the rows for which anything changed that they depend on."""
        if self._model is None:
            self._model = RowModel.of(self._audit)
            self._cast = self._model.cast(self._audit.given_codes, np.zeros(self._audit.n, dtype=bool))
            if self._audit.dataset.labels.task == "regression":
                self._targets = TargetModel(self._audit)
        if self._targets is not None:
            self._raw = self._targets.suspicion(state)
        model = self._model
        if model.silent:
            return
        codes = state.current.astype(np.int64)
        codes[(codes >= len(self._audit.classes)) | (state.state == EXCLUDED)] = -1
        cast = model.cast(codes, settled_rows(state))
        rows = model.touched(cast != self._cast)
        self._cast = cast
        if not len(rows):
            return
        now, best, rival = model.score(rows, cast)
        was, first = self._at_first(rows, model)
        same = codes[rows] == self._audit.given_codes[rows]
        audited = np.asarray(self._audit.suspicion, dtype=np.float64)[rows]
        shifted = _sigmoid(_logit(audited) + _logit(now) - _logit(was))
        # Exactly where the audit was, as long as nothing around the row changed; 0 and 1 stay.
        shifted = np.where((now == was) | (audited <= 0), audited, shifted)
        self._raw = self._raw.copy()
        self._raw[rows] = np.where(codes[rows] < 0, 0.0, np.where(same, shifted, now))
        self._best = self._best.copy()
        self._rival[rows] = rival
        suggested = np.asarray(self._audit.suggested_codes)[rows]
        self._best[rows] = np.where(same & (best == first), suggested, best)

    def _judged(self, state: ReviewState, rows: IntArray) -> FloatArray:
        """Return the suspicion before verdicts, of judged rows that of the label that was judged.

        A verdict is about the given label: beside the suspicion of the label that replaced it, every error
        that was found would look like a surprise.
        """
        replaced = rows[state.current[rows] != self._audit.given_codes[rows]]
        raw = self._raw.copy()
        raw[replaced] = np.asarray(self._audit.suspicion, dtype=np.float64)[replaced]
        return raw

    def _at_first(self, rows: IntArray, model: RowModel) -> tuple[FloatArray, IntArray]:
        """Return what the model said of rows before the review; asked once a row."""
        new = rows[np.isnan(self._was[rows])]
        if len(new):
            cast = model.cast(self._audit.given_codes, np.zeros(self._audit.n, dtype=bool))
            self._was[new], self._first[new], _ = model.score(new, cast)
        return self._was[rows], self._first[rows]

    def _flags(self, suspicion: FloatArray) -> BoolArray:
        """Flag anew once anything moved; an audit without a model keeps its flags."""
        model = self._model
        audited = np.asarray(self._audit.suspicion, dtype=np.float64)
        if model is None or model.silent or np.array_equal(suspicion, audited):
            return self._audit.flagged
        return best_expected_f1(suspicion)

    def _suggest(self, flagged: BoolArray, best: IntArray, state: ReviewState) -> IntArray:
        """Suggest a change wherever a row is flagged."""
        assert self._model is not None
        # Of a row that was decided, the flag is that of the label that it no longer has.
        stuck = np.flatnonzero(flagged & (best == state.current) & ~settled_rows(state))
        if not len(stuck) or self._model.silent or self._cast is None:
            return best
        unknown = stuck[self._rival[stuck] == -2]
        if len(unknown):
            self._rival[unknown] = self._model.score(unknown, self._cast)[2]
        best = best.copy()
        best[stuck] = self._rival[stuck]
        return best

    def _classes(self, state: ReviewState) -> tuple[FloatArray, IntArray]:
        if state.sets is not None:
            return tag_thresholds(self._audit, state)
        k = len(self._audit.classes)
        codes = state.current.astype(np.int64)
        rows = np.flatnonzero((codes >= 0) & (codes < k))
        counts = np.bincount(codes[rows], minlength=k)
        probs = self._audit.evidence.get("pred_probs")
        if probs is None or not k or self._targets is not None:
            return np.full(k, np.nan), counts
        own = np.asarray(probs)[rows, codes[rows]]
        sums = np.bincount(codes[rows], weights=own, minlength=k)
        return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan), counts


def settled_rows(state: ReviewState) -> BoolArray:
    """Return (n,) bool: rows that somebody decided about, unsure ones not counted."""
    return np.asarray((state.state != UNREVIEWED) & (state.state != UNSURE))


def _moved(before: FloatArray, now: FloatArray, settled: BoolArray) -> tuple[IntArray, int]:
    by = np.where(settled, 0.0, np.abs(now - before))
    rows = np.flatnonzero(by > MOVED_BY)
    return rows[np.argsort(-by[rows], kind="stable")][:200].astype(np.int64), len(rows)


def _logit(p: FloatArray) -> FloatArray:
    inside = np.clip(p, _LOGIT_EDGE, 1 - _LOGIT_EDGE)
    return np.asarray(np.log(inside) - np.log1p(-inside))


def _sigmoid(x: FloatArray) -> FloatArray:
    return np.asarray(1.0 / (1.0 + np.exp(-x)))

"""The audit's fitted model, asked about a few rows at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from labelscope.auditing.audit import Audit
from labelscope.scorers import latent
from labelscope.scorers.evidence_tables import CANDIDATES, DENSE_UP_TO, PAIRS_ROWS, PAIRS_UP_TO
from labelscope.scorers.neighbors.votes import count_votes
from labelscope.scorers.pair_rates import pairs_tell
from labelscope.scorers.specialists import pooled, specialists_of
from labelscope.types import BoolArray, FloatArray, IntArray

_FLOOR = 1e-8
_EXTRA_VOTES = 0.5
_FIT_ROWS = 4_000
_BLOCK_CELLS = 1 << 20
#: A label that a person confirmed says as much as this many given ones.
VERIFIED_VOTES = 4


@dataclass(frozen=True)
class RowModel:
    """Suspicion of single rows under fixed parameters; what the ensemble does, row by row.

    Attributes
    ----------
    probs : (n, K) float or None
        Pooled with those of the methods that joined the mix (`labelscope.scorers.specialists`), whose say
        would be forgotten with the first edit otherwise.
    ids : (n, k) int or None
    n_classes : int
    model : LatentModel or None
        None where there is nothing to ask: neither probabilities nor neighbors, or fewer than two classes.
    dense : bool
        Whether all classes have evidence, and not the likeliest ones alone: where there are few, or where
        pairs of them have rates of their own.
    """

    probs: FloatArray | None
    ids: IntArray | None
    n_classes: int
    model: latent.LatentModel | None
    dense: bool = True

    @classmethod
    def of(cls, audit: Audit) -> RowModel:
        """Take over an audit's evidence, and fit the model once."""
        evidence, k = audit.evidence, len(audit.classes)
        if audit.dataset.labels.is_open:  # sets of tags and numbers are no classes to vote about
            return cls(None, None, k, None)
        probs = evidence.get("pred_probs")
        probs = None if probs is None or np.ndim(probs) != 2 or np.shape(probs)[1] != k else np.asarray(probs)
        ids = evidence.get("knn_ids")
        ids = None if ids is None or not np.shape(ids)[1] else np.asarray(ids)
        codes = np.asarray(audit.given_codes, dtype=np.int64)
        joined = audit.main.meta.get("joined", {}) if audit.scores else {}
        if probs is not None and set(joined) - {"foreign"} and "features" in evidence:
            probs = pooled(probs, specialists_of(codes, k, evidence))
        asked = DENSE_UP_TO < k <= PAIRS_UP_TO and len(codes) <= PAIRS_ROWS
        empty = cls(probs, ids, k, None, k <= DENSE_UP_TO or asked)
        labelled = np.flatnonzero(codes >= 0)
        if (probs is None and ids is None) or k < 2 or not len(labelled):
            return empty
        chosen = labelled
        if len(labelled) > _FIT_ROWS:
            chosen = np.random.default_rng(0).choice(labelled, _FIT_ROWS, replace=False)
        cast = empty.cast(codes, np.zeros(len(codes), dtype=bool))
        parts, columns = empty._parts(chosen, cast)
        if asked and not pairs_tell(parts, codes[chosen]):
            empty = replace(empty, dense=False)
            parts, columns = empty._parts(chosen, cast)
        given = codes[chosen] if columns is None else np.zeros(len(chosen), dtype=np.int64)
        return replace(empty, model=latent.fit(parts, given, pairwise=columns is None))

    @property
    def silent(self) -> bool:
        """Whether there is nothing to ask."""
        return self.model is None

    def cast(self, codes: IntArray, verified: BoolArray) -> IntArray:
        """Return (n,) int64 what each row says to its neighbors: 2 × code + verified, -1 for nothing."""
        return np.where(codes >= 0, 2 * np.asarray(codes, dtype=np.int64) + verified, -1)

    def touched(self, changed: BoolArray) -> IntArray:
        """Return the rows that changed, and those that see one that did."""
        if not changed.any():
            return np.empty(0, dtype=np.int64)
        found = changed.copy()
        if self.ids is not None:
            # One entry more, which is what -1, no neighbor, points to.
            told = np.append(changed, False)
            for column in self.ids.T:  # a column at a time needs no (n, k) copy
                found |= told[column]
        return np.flatnonzero(found)

    def score(self, rows: IntArray, cast: IntArray) -> tuple[FloatArray, IntArray, IntArray]:
        """Ask about rows.

        Parameters
        ----------
        rows : (m,) int
        cast : (n,) int
            As :meth:`cast` makes it.

        Returns
        -------
        suspicion : (m,) float64
            Of the label that each row has; 0 without one.
        best, rival : (m,) int64
            The likeliest class, and the likeliest other than the one that the row has.
        """
        suspicion = np.empty(len(rows))
        best, rival = np.empty(len(rows), dtype=np.int64), np.empty(len(rows), dtype=np.int64)
        for block in self._blocks(len(rows)):
            fused, doubts, columns, given = self._posterior(rows[block], cast)
            suspicion[block] = np.clip(doubts @ self._weights, 0.0, 1.0)
            at = np.arange(len(fused))
            top = fused.argmax(axis=1)
            own = np.flatnonzero(given >= 0)
            fused[own, given[own]] = -1.0
            second = fused.argmax(axis=1)
            best[block] = top if columns is None else columns[at, top]
            rival[block] = second if columns is None else columns[at, second]
        return suspicion, best, rival

    @property
    def _weights(self) -> FloatArray:
        assert self.model is not None
        return self.model.weights

    def _posterior(
        self, rows: IntArray, cast: IntArray
    ) -> tuple[FloatArray, FloatArray, IntArray | None, IntArray]:
        assert self.model is not None
        parts, columns = self._parts(rows, cast)
        codes = cast[rows] >> 1
        given = codes if columns is None else np.where(codes >= 0, 0, -1)
        fused, doubts = self.model.posterior(parts, given)
        return fused, doubts, columns, given

    def _parts(self, rows: IntArray, cast: IntArray) -> tuple[list[FloatArray], IntArray | None]:
        """Log evidence of each part, and the class of each column where not all classes have one."""
        parts: list[FloatArray] = []
        if self.probs is not None:
            parts.append(np.log(np.maximum(self.probs[rows].astype(np.float64), _FLOOR)))
        if self.ids is not None:
            ids = self.ids[rows]
            weights = np.where(cast[ids] & 1, float(VERIFIED_VOTES), 1.0)
            votes = count_votes(ids, np.where(cast >= 0, cast >> 1, -1), self.n_classes, weights)
            parts.append(np.log(votes + _EXTRA_VOTES))
        if self.dense:
            return parts, None
        level = np.sum(parts, axis=0)
        codes = cast[rows] >> 1
        own = np.flatnonzero(codes >= 0)
        level[own, codes[own]] = np.inf
        columns = np.argsort(-level, axis=1, kind="stable")[:, :CANDIDATES].astype(np.int64)
        return [np.take_along_axis(part, columns, axis=1) for part in parts], columns

    def _blocks(self, m: int) -> list[slice]:
        step = max(1, _BLOCK_CELLS // max(self.n_classes, 1))
        return [slice(start, start + step) for start in range(0, m, step)]

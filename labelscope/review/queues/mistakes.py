"""Mistakes that models still make: predictions outside the label sets, one look for all models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.review.label_sets import collapsed_codes, find_mistakes, label_sets_of
from labelscope.review.predictions import read_models
from labelscope.review.state import EXCLUDED, UNREVIEWED, UNSURE
from labelscope.types import Evidence, Ranking


@dataclass(frozen=True, kw_only=True)
class Mistakes:
    """Rows on which a prediction is neither right nor unclear; what most models get wrong comes first.

    Decided rows come last. `reports.MistakeReview` takes what people say about each prediction.

    Parameters
    ----------
    predictions : mapping of str to (n,) labels or (n, K) probabilities, optional
        By default the audit's own out-of-sample probabilities, as one model.
    label_sets, unclear_sets : n sets of labels or (n, K) 0/1, optional
        By default the current labels.
    collapsed : pairs of labels
        Classes that count as one.

    Notes
    -----
    Weights are the number of models that are wrong. ``meta`` holds ``n_left``, ``n_mistakes`` (each row and
    prediction once), ``n_rows``, ``n_sum`` (of all models, before what they share is taken together), and for
    the rows in order ``predictions``: codes of the classes that are wrong. Vasudevan, Caine, Gontijo-Lopes,
    Fridovich-Keil, Roelofs: When does dough become a bagel? NeurIPS 2022.

    Examples
    --------
    >>> evidence = Evidence(given_labels=np.array([0, 1, 1]), classes=np.array(["cat", "dog"]))
    >>> queue = Mistakes(predictions={"a": ["cat", "cat", "cat"], "b": ["cat", "dog", "cat"]})
    >>> queue.order(evidence).rows.tolist()
    [2, 1]
    """

    name: ClassVar[str] = "mistakes"

    predictions: Mapping[str, Any] | None = field(default=None, hash=False, compare=False)
    label_sets: Any = field(default=None, hash=False, compare=False)
    unclear_sets: Any = field(default=None, hash=False, compare=False)
    collapsed: Iterable[Any] = ()

    def order(self, evidence: Evidence, n: int | None = None) -> Ranking:
        """Order rows.

        Parameters
        ----------
        evidence : Evidence
            ``current`` or ``given_labels`` (n,) codes and ``classes``; ``pred_probs`` (n, K) without
            predictions of its own; ``state`` (n,) when there is one.
        n : int, optional
            How many rows; by default all with a mistake.

        Returns
        -------
        Ranking

        Raises
        ------
        MissingEvidenceError
            No predictions and no ``pred_probs``.
        InvalidInputError
            Predictions or sets that do not fit.
        """
        name = "current" if "current" in evidence else "given_labels"
        codes = np.asarray(evidence[name], dtype=np.int64)
        classes = np.asarray(evidence["classes"]).tolist()
        models = self.predictions
        if models is None:
            if "pred_probs" not in evidence:
                raise MissingEvidenceError.of("pred_probs", type(self).__name__, evidence)
            probs = np.asarray(evidence["pred_probs"])
            if probs.ndim != 2 or probs.shape[1] > len(classes):
                raise InvalidInputError(
                    f"pred_probs have the shape {probs.shape}, but there are {len(classes):,} classes.",
                    "Pass predictions={name: labels}, of rows that have one class each.",
                )
            # Classes that are new since have no column, and nobody predicts them.
            models = {"pred_probs": np.pad(probs, ((0, 0), (0, len(classes) - probs.shape[1])))}
        names, predicted = read_models(models, len(codes), classes)
        state = np.asarray(evidence.get("state", np.zeros(len(codes), dtype=np.uint8)))
        sets = label_sets_of(
            codes, classes, correct=self.label_sets, unclear=self.unclear_sets, problematic=state == EXCLUDED
        )
        found = find_mistakes(names, predicted, sets, collapsed_codes(self.collapsed, classes))
        wrong = np.zeros((len(codes), len(names)), dtype=bool)
        np.logical_or.at(wrong, found.rows, found.made)
        weight = wrong.sum(axis=1)
        listed = np.flatnonzero(weight)
        decided = (state != UNREVIEWED) & (state != UNSURE)
        rows = listed[np.lexsort((listed, -weight[listed], decided[listed]))][:n].astype(np.int64)
        starts = np.searchsorted(found.rows, rows), np.searchsorted(found.rows, rows, side="right")
        meta = {
            "n_left": int((~decided[listed]).sum()),
            "n_mistakes": len(found),
            "n_rows": found.n_rows,
            "n_sum": found.n_sum,
            "predictions": [found.predictions[a:b].tolist() for a, b in zip(*starts, strict=True)],
        }
        return Ranking(rows, weight[rows].astype(np.float64), meta)

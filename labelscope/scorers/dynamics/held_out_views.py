"""Log-probabilities of rows by models that have not seen them: one small model for each view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.evidence import probe, probe_selection
from labelscope.evidence.feature_checks import check_features
from labelscope.evidence.folds import deal, joined, matrix_keys, small_sets
from labelscope.evidence.given import group_codes
from labelscope.scorers.inputs import blocks
from labelscope.types import BoolArray, Evidence, FloatArray, IntArray


@dataclass(frozen=True)
class HeldOutView:
    """Features of one kind, and how a model is fitted to them.

    Attributes
    ----------
    whitened : (n, r + 1) float32
        Made without labels.
    ridge : (r,) float32
        Penalty of each direction.
    folds : (n,) int64
        Fold that each row is held out of; -1 for unlabelled rows.
    choice : Choice
        Kind and strength of the model, the same in all rounds.
    """

    whitened: FloatArray
    ridge: FloatArray
    folds: IntArray
    choice: probe_selection.Choice

    @classmethod
    def of(cls, features: FloatArray, codes: IntArray, folds: IntArray, random_state: int) -> HeldOutView:
        """Choose the model on the given labels and whiten the features."""
        labelled = np.flatnonzero(codes >= 0)
        choice = probe_selection.choose(
            features[labelled], codes[labelled], folds[labelled], random_state=random_state
        )
        if choice.curved is not None:
            features = choice.curved.apply(features)
        made = probe.whiten(
            features, shrinkage=choice.shrinkage, one_unit=choice.one_unit, random_state=random_state
        )
        return cls(made.apply(features), made.ridge, folds, choice)

    def log_probs(self, targets: IntArray, n_classes: int) -> FloatArray:
        """Fit to targets and say what the models that have not seen a row make of it.

        Parameters
        ----------
        targets : (n,) int
            Classes to learn; -1 for rows that do not train.
        n_classes : int

        Returns
        -------
        (n, K) float64
            Normalized logs. Unlabelled rows, which no fold holds out, get the mean of the folds' models.
            A class that a fold's model has not seen gets its share of the targets.
        """
        rows = np.flatnonzero(targets >= 0)
        taught, fold_of = targets[rows], self.folds[rows]
        n_folds = max(int(self.folds.max(initial=0)) + 1, 1)
        whitened = self.whitened[rows]
        weights = probe.centers(whitened, taught, fold_of, n_classes, self.choice.scale)
        if len(weights) < n_folds:  # the last folds are held out of training altogether
            whole = probe.centers(whitened, taught, np.full(len(rows), -1), n_classes, self.choice.scale)
            weights = np.concatenate([weights, np.repeat(whole[:1], n_folds - len(weights), axis=0)])
        if self.choice.penalty is not None:
            penalty = np.float32(self.choice.penalty) * self.ridge
            weights = probe.fit(whitened, taught, fold_of, weights, penalty)
        share = np.log(np.bincount(taught, minlength=n_classes) + 0.5) - np.log(len(taught) + n_classes / 2)
        out = np.zeros((len(targets), n_classes))
        for fold in range(n_folds):
            seen = np.asarray(np.bincount(taught[fold_of != fold], minlength=n_classes) > 0)
            for mine, part in ((self.folds == fold, 1.0), (self.folds < 0, 1.0 / n_folds)):
                where = np.flatnonzero(mine)
                for block in blocks(len(where), n_classes):
                    given = _logs(self.whitened[where[block]], weights[fold], seen, share)
                    out[where[block]] += part * given
        return out


def _logs(whitened: FloatArray, weights: FloatArray, seen: BoolArray, share: FloatArray) -> FloatArray:
    """Log-probabilities (m, K), never rounded to 0 or 1 on the way."""
    logits = (whitened @ weights.T).astype(np.float64)
    logits[:, ~seen] = -np.inf
    logits -= logits.max(axis=1, keepdims=True)
    logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
    if not seen.all():
        logits += np.log1p(-np.exp(share[~seen]).sum())
        logits[:, ~seen] = share[~seen]
    return logits


def read_views(evidence: Evidence, n: int) -> tuple[FloatArray, ...]:
    """Read ``views``, else ``features``, as checked matrices; none where there is neither.

    Raises
    ------
    InvalidInputError
        ``views`` is not a list of matrices, or one does not fit the rows.
    """
    given: Any = evidence.get("views")
    if given is None:
        return (check_features(evidence["features"], n),) if "features" in evidence else ()
    if isinstance(given, dict):
        return tuple(check_features(one, n, name=f"views[{name!r}]") for name, one in given.items())
    if not isinstance(given, list | tuple) or not given or any(np.ndim(one) < 2 for one in given):
        raise InvalidInputError(
            f"views is a {type(given).__name__}, but matrices are needed, one for each view.",
            "Pass a list, such as views=[sound_features, image_features], each (n, d).",
        )
    return tuple(check_features(one, n, name=f"views[{place}]") for place, one in enumerate(given))


def dealt(
    views: tuple[FloatArray, ...], codes: IntArray, evidence: Evidence, n_folds: int, random_state: int
) -> IntArray:
    """Deal the labelled rows into folds by content; groups and copies stay together.

    Returns
    -------
    (n,) int64
        -1 for unlabelled rows.
    """
    n = len(codes)
    keys = np.zeros(n, dtype=np.uint64)
    for view in views:
        keys = keys * np.uint64(3) + matrix_keys(view, random_state=random_state)
    copies = (
        np.asarray(evidence["duplicates"])
        if "duplicates" in evidence
        else np.unique(keys, return_inverse=True)[1]
    )
    limit = max(4, int((codes >= 0).sum()) // (4 * n_folds))
    units = joined(n, group_codes(None, evidence, n), small_sets(copies, limit))
    if len(np.unique(units[codes >= 0])) < 2:
        units = joined(n)
    return deal(codes, keys, n_folds, units=units)

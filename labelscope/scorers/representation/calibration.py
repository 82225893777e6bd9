"""Representation calibration: class Gaussians in a label-free space, tail classes borrowing from the head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.evidence import check_features
from labelscope.evidence.calibrated_probabilities import CalibratedProbabilities
from labelscope.evidence.class_gaussians import (
    ClassGaussians,
    GaussianSettings,
    fit_gaussians,
    normality,
    principal_components,
)
from labelscope.scorers.inputs import Inputs, labels_of, read
from labelscope.types import Array, Evidence, FloatArray, Score

# Below this margin between the two means' shares of given labels, two classes may have swapped names.
_SWAPPED = 0.5


@dataclass(frozen=True, kw_only=True)
class RepresentationCalibration:
    """Doubt labels by robust class Gaussians on features that were made without labels (RCAL).

    Where noise flows from rare into frequent classes, a model learns that rare classes hardly exist and
    confidence fails for their rows. Here every class is one Gaussian with a flat prior; rare classes take
    part of their covariance from the nearest large ones.

    Parameters
    ----------
    n_components : int
        Principal components of the features that are used, 10 to 30.
    n_borrowed : int
        Head classes that a tail class borrows from.
    borrow : float
        Share of a tail class's covariance that is borrowed; all of it (1) is worse than .5 to .8.
    borrow_mean : float
        Share of its mean that is borrowed; mixing means mostly hurts.
    shrink : float
        Share of the pooled covariance in every class's own.
    outliers : bool
        Leave local outliers out of the estimates, at most a fifth of a class.
    head_share : float
        Share of the classes, the largest, that lend; classes of three quarters of the mean size lend, too, so
        that equal classes have no tail (as published, one half is head and the other tail in any case).
    classify : bool
        Also train a classifier out of sample, on the rows and on points drawn from the Gaussians until all
        classes are equally large, and put its probabilities into ``details["pred_probs"]`` (n, K) for other
        scorers; suspicion stays the same. See `labelscope.providers.CalibratedProbabilities`.
    individual : bool
        Hold that classifier's representation near the label-free one and train it on mixtures of rows
        (individual calibration); needs torch. Off by default: it did not help where it was measured.

    Notes
    -----
    ``suspicion`` is 1 minus the posterior of the given label, an order. ``details`` holds ``p_given``,
    ``p_suggested``, ``distance`` (n,) Mahalanobis distance to the given class, ``outlier`` (n,) bool and
    ``tail`` (n,) bool, whether the given class is a tail class. ``meta`` holds ``counts``, ``kept``,
    ``is_head``, ``borrowed_from`` (a list of {class, weight} for each tail class), ``inside`` (shares of rows
    within the 50 and 90 % ellipsoids: near .5 and .9 where the assumption holds), ``ambiguous`` (pairs of
    classes of which one mean lies nearer to the other class's rows: noise near one half cannot be undone),
    and ``means`` and ``covariances`` in the space of the components.
    The features must not have been trained with the noisy labels.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(90, 3)) + 5 * np.repeat([[0], [1], [2]], 30, axis=0), np.repeat([0, 1, 2], 30)
    >>> y[0] = 2
    >>> int(RepresentationCalibration().score(Evidence(given_labels=y, features=X)).suspicion.argmax())
    0
    """

    name: ClassVar[str] = "representation_calibration"
    family: ClassVar[str] = "representation"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "features")
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    reference: ClassVar[str] = (
        "Zhang et al.: When noisy labels meet long tail dilemmas: a representation calibration method,"
        " ICCV 2023"
    )
    fitted: ClassVar[bool] = False

    n_components: int = 20
    n_borrowed: int = 3
    borrow: float = 0.5
    borrow_mean: float = 0.0
    shrink: float = 0.5
    outliers: bool = True
    head_share: float = 0.5
    classify: bool = False
    individual: bool = False

    def __post_init__(self) -> None:
        for name in ("borrow", "borrow_mean", "shrink", "head_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise InvalidInputError(f"{name} is {getattr(self, name)}.", "Pass a share from 0 to 1.")
        for name in ("n_components", "n_borrowed"):
            if getattr(self, name) < 1:
                raise InvalidInputError(f"{name} is {getattr(self, name)}.", "Pass 1 or more.")

    @property
    def settings(self) -> GaussianSettings:
        """The same settings for `labelscope.evidence.class_gaussians`."""
        names = GaussianSettings.__dataclass_fields__
        return GaussianSettings(**{name: getattr(self, name) for name in names})

    def score(self, evidence: Evidence) -> Score:
        """Score every row.

        Parameters
        ----------
        evidence : Evidence
            ``given_labels`` (n,) and label-free ``features`` (n, d); ``groups`` and ``duplicates`` keep rows
            in one fold of the classifier.

        Returns
        -------
        Score

        Raises
        ------
        MissingEvidenceError, InvalidInputError
            Evidence is absent or does not fit.
        """
        if "features" not in evidence:
            raise MissingEvidenceError.of("features", type(self).__name__, evidence)
        inputs = read(evidence, type(self).__name__)
        features = check_features(evidence["features"], inputs.n)
        if inputs.n_classes < 2 or len(np.unique(inputs.codes[inputs.labelled])) < 2:
            return _everything_fine(inputs)
        points = principal_components(features, self.n_components)
        gaussians = fit_gaussians(points, inputs.codes, inputs.n_classes, self.settings)
        posterior = gaussians.posterior(points)
        rows, given = np.arange(inputs.n), np.maximum(inputs.codes, 0)
        best = posterior.argmax(axis=1)
        p_given = np.where(inputs.labelled, posterior[rows, given], 0.0)
        # Summing the others keeps doubts that 1 - p would round away.
        others = posterior.copy()
        others[rows, given] = 0.0
        doubt = np.where(p_given < 0.5, 1.0 - p_given, others.sum(axis=1))
        distance = np.sqrt(gaussians.distances(points)[rows, given])
        drawn = self._classified(inputs, evidence) if self.classify else {}
        return Score(
            suspicion=np.where(inputs.labelled, np.clip(doubt, 0, 1), 0).astype(np.float32),
            suggested=labels_of(best, inputs.classes),
            flagged=np.asarray(inputs.labelled & (best != given)),
            details={
                "p_given": p_given,
                "p_suggested": posterior[rows, best],
                "distance": np.where(inputs.labelled, distance, 0.0),
                "outlier": gaussians.outlier,
                "tail": np.asarray(inputs.labelled & ~gaussians.is_head[given]),
                **drawn,
            },
            meta=_facts(gaussians, points, inputs, posterior),
        )

    def _classified(self, inputs: Inputs, evidence: Evidence) -> dict[str, Array]:
        provider = CalibratedProbabilities(settings=self.settings, individual=self.individual)
        known = evidence.including(given_labels=inputs.codes, classes=np.arange(inputs.n_classes))
        return provider.make(None, known).arrays


def _facts(
    gaussians: ClassGaussians, points: FloatArray, inputs: Inputs, posterior: FloatArray
) -> dict[str, Any]:
    names = [value.item() if hasattr(value, "item") else value for value in np.asarray(inputs.classes)]
    lenders = {
        names[code]: [
            {"class": names[other], "weight": round(float(gaussians.borrowed_from[code, other]), 4)}
            for other in np.argsort(-gaussians.borrowed_from[code], kind="stable")
            if gaussians.borrowed_from[code, other] > 0
        ]
        for code in np.flatnonzero(gaussians.borrowed_from.sum(axis=1) > 0)
    }
    return {
        "scale": "rank",
        "counts": gaussians.counts.tolist(),
        "kept": gaussians.kept.tolist(),
        "is_head": gaussians.is_head.tolist(),
        "borrowed_from": lenders,
        "inside": normality(gaussians, points, inputs.codes),
        "ambiguous": _ambiguous(posterior, inputs, names),
        "means": gaussians.means,
        "covariances": gaussians.covariances,
    }


def _ambiguous(posterior: FloatArray, inputs: Inputs, names: list[Any]) -> list[tuple[Any, Any]]:
    """Pairs of given class and the one that most of its rows look like."""
    best = posterior.argmax(axis=1)
    pairs = []
    for code in range(inputs.n_classes):
        own = best[inputs.codes == code]
        if not len(own):
            continue
        shares = np.bincount(own, minlength=inputs.n_classes) / len(own)
        other = int(np.where(np.arange(len(shares)) == code, -1.0, shares).argmax())
        if other != code and shares[other] >= _SWAPPED:
            pairs.append((names[code], names[other]))
    return pairs


def _everything_fine(inputs: Inputs) -> Score:
    """One class, or no labels: nothing can be wrong."""
    zeros, no = np.zeros(inputs.n), np.zeros(inputs.n, dtype=bool)
    details: dict[str, Array] = {
        "p_given": np.where(inputs.labelled, 1.0, 0.0),
        "p_suggested": np.where(inputs.labelled, 1.0, 0.0),
        "distance": zeros,
        "outlier": no,
        "tail": no,
    }
    suggested = labels_of(np.maximum(inputs.codes, 0), inputs.classes)
    return Score(zeros.astype(np.float32), suggested, no.copy(), details, {"scale": "rank"})

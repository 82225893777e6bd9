"""Weight-aware class scores: which class a row is near, how clearly, and whether it belongs to any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.evidence import check_features
from labelscope.evidence.class_similarity import class_similarity, directions
from labelscope.scorers.inputs import Inputs, labels_of, read
from labelscope.types import Array, BoolArray, Evidence, FloatArray, Score

_TOP_SHARE = 0.99
# Tukey's fence for far values of rows that do belong to a class.
_FENCE = 1.5
# So many rows beside a row are company; one alone may be a copy.
_COMPANY = 3


@dataclass(frozen=True, kw_only=True)
class WeightAware:
    """Compare each row with the labelled rows of every class, and tell clear rows from foreign ones (WAD).

    The score of a class is the largest cosine to its labelled rows. A row's weight is the best class's score
    less the runner-up's: high only near one class and clearly nearer to it than to any other. Rows of
    classes that nobody has named are far from all of them: their foreignness is 1 minus the best score, and
    more where rows without a trusted label are nearer, which outliers of a class do not have for company.

    Parameters
    ----------
    n_nearest : int, optional
        Mean of so many largest similarities; by default 1 where ``verified`` says whom to trust, and 3
        where the labels are unverified, since one wrong label poisons its neighborhood.
    company : float
        Share of the lead of the nearest rows that speak for no class over the best score that is added to
        the foreignness; 0 is the published rule.

    Notes
    -----
    Evidence ``verified`` (n,) bool marks rows whose labels a person confirmed; without it all labelled rows
    are trusted. ``excluded`` (n,) bool marks rows that are out of scope and speak for no class. ``suspicion``
    is the weight over its 99th percentile where the label contradicts the nearest class, and 0 elsewhere;
    such rows are ``flagged`` when their weight is in the upper half. ``details`` holds ``weight``,
    ``foreign``, ``top_similarity`` (n,) float, and ``pseudo_label`` (n,) codes, unlabelled rows included.
    ``meta`` holds ``foreign_cut``, ``foreign_share`` (share of rows beyond the far fence of labelled rows'
    foreignness) and ``n_nearest``. The weight alone is a poor detector of foreign rows; use ``foreign``.

    Examples
    --------
    >>> X = np.array([[0, 3], [0, 4], [1, 4], [4, 0], [3, 0], [4, 1], [-5, -5]], dtype=np.float32)
    >>> evidence = Evidence(given_labels=["up", "up", "right", "right", "right", "right", None], features=X)
    >>> score = WeightAware(n_nearest=1).score(evidence)
    >>> int(score.suspicion.argmax()), int(score.details["foreign"].argmax())
    (2, 6)
    """

    name: ClassVar[str] = "weight_aware"
    family: ClassVar[str] = "representation"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "features")
    uses: ClassVar[tuple[str, ...]] = ("verified", "excluded")
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    reference: ClassVar[str] = (
        "Du et al.: Semi-supervised learning via weight-aware distillation under class distribution mismatch,"
        " ICCV 2023"
    )
    fitted: ClassVar[bool] = False

    n_nearest: int | None = None
    company: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.company <= 1:
            raise InvalidInputError(f"company is {self.company}.", "Pass a share from 0 to 1.")
        if self.n_nearest is not None and self.n_nearest < 1:
            raise InvalidInputError(f"n_nearest is {self.n_nearest}.", "Pass 1 or more, or None.")

    def score(self, evidence: Evidence) -> Score:
        """Score every row, unlabelled ones included in the details.

        Parameters
        ----------
        evidence : Evidence
            ``given_labels`` (n,), ``features`` (n, d); optionally ``verified`` and ``excluded`` (n,) bool.

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
        excluded = _mask(evidence, "excluded", inputs.n)
        verified = _mask(evidence, "verified", inputs.n)
        usable = inputs.labelled & ~excluded
        trusted = usable & verified if (usable & verified).any() else usable
        n_nearest = self.n_nearest or (1 if "verified" in evidence and (usable & verified).any() else 3)
        units = directions(features)
        similar = class_similarity(units, inputs.codes, trusted, inputs.n_classes, n_nearest)
        if inputs.n_classes == 0:
            similar = np.full((inputs.n, 1), -1.0, dtype=np.float32)
        beside = np.full(inputs.n, -1.0)
        if self.company and not trusted.all():
            nobody = np.zeros(inputs.n, dtype=np.int64)
            beside = class_similarity(units, nobody, ~trusted, 1, _COMPANY)[:, 0].astype(np.float64)
        return self._result(inputs, similar.astype(np.float64), beside, excluded, n_nearest)

    def _result(
        self, inputs: Inputs, similar: FloatArray, beside: FloatArray, excluded: BoolArray, n_nearest: int
    ) -> Score:
        weight, best, top = weights(similar)
        contradicted = inputs.labelled & ~excluded & (best != inputs.codes) & (inputs.n_classes > 1)
        scale = float(np.quantile(weight, _TOP_SHARE)) if inputs.n else 1.0
        doubt = np.clip(weight / max(scale, 1e-12), 0.0, 1.0)
        suspicion = np.where(contradicted, doubt, 0.0).astype(np.float32)
        foreign = np.clip(1.0 - top, 0.0, 2.0) + self.company * np.maximum(beside - top, 0.0)
        cut, share = _foreign_cut(foreign, inputs.labelled & ~excluded)
        details: dict[str, Array] = {
            "weight": weight,
            "foreign": foreign,
            "top_similarity": top,
            "pseudo_label": best,
        }
        return Score(
            suspicion=suspicion,
            suggested=labels_of(best, inputs.classes),
            flagged=np.asarray(contradicted & (suspicion >= 0.5)),
            details=details,
            meta={"scale": "rank", "foreign_cut": cut, "foreign_share": share, "n_nearest": n_nearest},
        )


def weights(similar: FloatArray) -> tuple[FloatArray, Array, FloatArray]:
    """Return s(1) - s(2), the nearest class and s(1) of (n, K) similarities; below 0 counts as 0.

    With one class there is no runner-up, and the weight is s(1).
    """
    clipped = np.maximum(similar, 0.0)
    best = similar.argmax(axis=1)
    top = np.take_along_axis(similar, best[:, None], axis=1)[:, 0]
    if similar.shape[1] == 1:
        return clipped[:, 0], best, top
    ranked = np.partition(clipped, clipped.shape[1] - 2, axis=1)
    return ranked[:, -1] - ranked[:, -2], best, top


def _foreign_cut(foreign: FloatArray, known: BoolArray) -> tuple[float, float]:
    """Far fence of the foreignness of labelled rows, and the share of all rows beyond it."""
    if not known.any():
        return 1.0, 0.0
    low, high = np.quantile(foreign[known], (0.25, 0.75))
    cut = float(high + _FENCE * (high - low))
    return cut, float((foreign > cut).mean())


def _mask(evidence: Evidence, name: str, n: int) -> BoolArray:
    if evidence.get(name) is None:
        return np.zeros(n, dtype=bool)
    mask = np.asarray(evidence[name])
    if mask.shape != (n,):
        raise InvalidInputError(f"{name} has the shape {mask.shape}.", f"Pass ({n},) bool, one a row.")
    return mask.astype(bool)

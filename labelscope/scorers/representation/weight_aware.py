"""Weight-aware class scores: which class a row is near, how clearly, and whether it belongs to any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from labelscope.data.arguments import check_counts, check_numbers
from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.evidence import check_features
from labelscope.evidence.class_similarity import class_similarity, directions
from labelscope.scorers.inputs import Inputs, labels_of, read
from labelscope.scorers.representation.voices import TOP_SHARE, given_nearest, heard_similarity, weights
from labelscope.types import Array, BoolArray, Evidence, FloatArray, Score

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
    more where rows without a label are nearer, which outliers of a class do not have for company.

    Parameters
    ----------
    n_nearest : int, optional
        Mean of so many largest similarities; by default 1 among ``verified`` rows, and 3 where labels are
        unverified, since one wrong label poisons its neighborhood.
    company : float
        Share of the lead of the nearest rows without a label in scope over the best score that is added to
        the foreignness; 0 is the published rule.

    Notes
    -----
    Evidence ``verified`` (n,) bool marks rows whose labels a person confirmed. Each of them speaks for its
    class by itself, given labels in company; those that verified rows contradict fall silent, the sooner the
    more verified rows both classes have (see `labelscope.scorers.representation.voices`): ten of each decide
    alone which given labels count. ``excluded`` (n,) bool marks rows that are out of scope and speak for no
    class. ``suspicion`` is the weight over its 99th percentile where the label contradicts the nearest class,
    and 0 elsewhere; such rows are ``flagged`` when their weight is in the upper half. ``details`` holds
    ``weight``, ``foreign``, ``top_similarity`` (n,) float, and ``pseudo_label`` (n,) codes, unlabelled rows
    included. ``meta`` holds ``foreign_cut``, ``foreign_share`` (share of rows beyond the far fence of
    labelled rows' foreignness), ``n_nearest`` and ``n_silent`` (given labels that count no more). The weight
    alone is a poor detector of foreign rows; use ``foreign``.

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
        check_numbers(company=self.company)
        check_counts(optional=True, n_nearest=self.n_nearest)
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
        units = directions(features)
        similar, heard = heard_similarity(
            units, inputs.codes, usable, verified, inputs.n_classes, self.n_nearest
        )
        if inputs.n_classes == 0:
            similar = np.full((inputs.n, 1), -1.0)
        beside = np.full(inputs.n, -1.0)
        if self.company and not usable.all():
            nobody = np.zeros(inputs.n, dtype=np.int64)
            beside = class_similarity(units, nobody, ~usable, 1, _COMPANY)[:, 0].astype(np.float64)
        told = {
            "n_nearest": given_nearest(usable, verified, self.n_nearest),
            "n_silent": int((usable & ~heard).sum()),
        }
        return self._result(inputs, similar, beside, excluded, told)

    def _result(
        self,
        inputs: Inputs,
        similar: FloatArray,
        beside: FloatArray,
        excluded: BoolArray,
        told: dict[str, int],
    ) -> Score:
        weight, best, top = weights(similar)
        contradicted = inputs.labelled & ~excluded & (best != inputs.codes) & (inputs.n_classes > 1)
        scale = float(np.quantile(weight, TOP_SHARE)) if inputs.n else 1.0
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
            meta={"scale": "rank", "foreign_cut": cut, "foreign_share": share, **told},
        )


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

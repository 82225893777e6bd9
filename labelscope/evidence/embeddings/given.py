"""Features that are there already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from labelscope.errors import InvalidTypeError
from labelscope.evidence.feature_checks import check_features
from labelscope.types import Evidence, Made

if TYPE_CHECKING:
    from labelscope.data.dataset import Dataset


@dataclass(frozen=True, kw_only=True)
class GivenFeatures:
    """A feature matrix as the user has it, checked and otherwise left alone.

    Columns are not rescaled: their sizes are part of what an embedding says. The probe standardizes for
    itself.

    Examples
    --------
    >>> import numpy as np, labelscope as ls
    >>> data = ls.Dataset(np.array([[0.5, 1.0], [2.0, 0.0]]), ["a", "b"])
    >>> ls.providers.GivenFeatures().make(data, ls.Evidence()).arrays["features"].shape
    (2, 2)
    """

    name: ClassVar[str] = "given_features"
    makes: ClassVar[tuple[str, ...]] = ("features",)
    needs: ClassVar[tuple[str, ...]] = ()

    def make(self, dataset: Dataset | None, evidence: Evidence, *, random_state: int = 0) -> Made:
        """Make ``features`` (n, d) float32 from the evidence, else from a dataset of feature rows.

        Raises
        ------
        InvalidInputError, InvalidTypeError
            The matrix cannot be used.
        """
        if "features" in evidence:
            features = check_features(evidence["features"], None if dataset is None else dataset.n)
        elif dataset is not None:
            features = check_features(dataset.media.raw(), dataset.n)
        else:
            raise InvalidTypeError(
                "GivenFeatures needs features or a dataset of feature rows; both are absent."
            )
        return Made(
            {"features": features}, {"encoder": "given features", "n_columns": int(features.shape[1])}
        )

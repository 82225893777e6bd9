"""Out-of-sample probabilities of attributes that stand beside a class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from labelscope.errors import MissingEvidenceError
from labelscope.evidence.given_tags import as_tags
from labelscope.evidence.tag_probs import made_of
from labelscope.types import Evidence, Made

if TYPE_CHECKING:
    from labelscope.data.dataset import Dataset


@dataclass(frozen=True, kw_only=True)
class ConceptProbabilities:
    """Cross-validated probabilities of attributes, made like those of tags, from the features alone.

    Parameters
    ----------
    model : scikit-learn estimator, optional
        See :class:`labelscope.evidence.tag_probs.TagProbabilities`.
    n_folds : int
        Number of folds.
    balanced : bool
        Let present and absent attributes weigh alike while fitting.

    Examples
    --------
    >>> import numpy as np, labelscope as ls
    >>> rng = np.random.default_rng(0)
    >>> features = rng.normal(size=(200, 3))
    >>> evidence = ls.Evidence(features=features, concepts=(features > 0).astype(float))
    >>> ConceptProbabilities().make(None, evidence).arrays["concept_probs"].shape
    (200, 3)
    """

    name: ClassVar[str] = "concept_probabilities"
    makes: ClassVar[tuple[str, ...]] = ("concept_probs",)
    needs: ClassVar[tuple[str, ...]] = ("concepts", "features")

    model: Any = None
    n_folds: int = 5
    balanced: bool = False

    def make(self, dataset: Dataset | None, evidence: Evidence, *, random_state: int = 0) -> Made:
        """Make ``concept_probs`` (n, C) float32.

        Parameters
        ----------
        dataset : Dataset or None
            Gives raw data and groups where the evidence does not.
        evidence : Evidence
            ``concepts`` (n, C) of 1, 0 and NaN, and ``features``.
        random_state : int
            Seed of the folds.

        Returns
        -------
        Made
            Facts: ``concept_auroc``.

        Raises
        ------
        MissingEvidenceError
            No concepts, or no features.
        InvalidInputError
            Nothing known, or values that are no concepts.
        """
        if "concepts" not in evidence:
            raise MissingEvidenceError.of("concepts", by=self.name, present=evidence)
        concepts = as_tags(evidence["concepts"], "concepts")
        made = made_of(concepts, dataset, evidence, self, random_state=random_state, makes="concept_probs")
        return Made(made.arrays, {"concept_auroc": made.facts["tag_auroc"]})

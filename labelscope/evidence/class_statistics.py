"""How many rows each class has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from labelscope.evidence.given import given_codes
from labelscope.types import Evidence, Made

if TYPE_CHECKING:
    from labelscope.data.dataset import Dataset


@dataclass(frozen=True, kw_only=True)
class ClassStatistics:
    """Counts and shares of the classes.

    Examples
    --------
    >>> import numpy as np, labelscope as ls
    >>> evidence = ls.Evidence(given_labels=np.array([0, 0, 1, -1]), classes=np.array(["a", "b"]))
    >>> ls.providers.ClassStatistics().make(None, evidence).arrays["class_counts"].tolist()
    [2, 1]
    """

    name: ClassVar[str] = "class_statistics"
    makes: ClassVar[tuple[str, ...]] = ("class_counts", "class_shares")
    needs: ClassVar[tuple[str, ...]] = ("given_labels",)

    def make(self, dataset: Dataset | None, evidence: Evidence, *, random_state: int = 0) -> Made:
        """Make ``class_counts`` (K,) int64 and ``class_shares`` (K,) float64, which sum to one.

        Parameters
        ----------
        dataset : Dataset or None
            Gives the labels where the evidence does not.
        evidence : Evidence
            ``given_labels``.
        random_state : int
            Not used.

        Returns
        -------
        Made
            Facts: ``n_rows``, ``n_labelled``, ``n_unlabelled``, ``n_classes``, ``smallest_class`` and
            ``largest_class`` (name and count), ``empty_classes`` (names), ``imbalance`` (largest over
            smallest count among classes that occur).

        Raises
        ------
        MissingEvidenceError
            No labels.
        """
        codes, classes = given_codes(dataset, evidence, by=self.name)
        labelled = codes[codes >= 0]
        counts = np.bincount(labelled, minlength=len(classes)).astype(np.int64)
        facts: dict[str, Any] = {
            "n_rows": len(codes),
            "n_labelled": len(labelled),
            "n_unlabelled": len(codes) - len(labelled),
            "n_classes": len(classes),
        }
        present = np.flatnonzero(counts)
        if len(present):
            low, high = present[counts[present].argmin()], int(counts.argmax())
            facts["smallest_class"] = (str(classes[low]), int(counts[low]))
            facts["largest_class"] = (str(classes[high]), int(counts[high]))
            facts["imbalance"] = float(counts[high] / counts[low])
        facts["empty_classes"] = [str(value) for value in classes[counts == 0]]
        return Made({"class_counts": counts, "class_shares": counts / max(len(labelled), 1)}, facts)

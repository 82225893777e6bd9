"""DINO, and its cluster-aware form: a student learns what its own slow average says of other views."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from labelscope.errors import InvalidInputError, notify
from labelscope.evidence.feature_checks import check_features
from labelscope.evidence.given import maybe_codes
from labelscope.evidence.self_supervised.clusters import Agreement, compare, k_means
from labelscope.evidence.self_supervised.distillation import Clustering, Distilling, Told, distilled
from labelscope.evidence.self_supervised.networks import require_torch
from labelscope.evidence.self_supervised.prepared import VECTORS, prepare
from labelscope.evidence.self_supervised.views import Augment, Views
from labelscope.types import Evidence, FloatArray, IntArray, Made

if TYPE_CHECKING:
    from labelscope.data.dataset import Dataset

_ROWS_PER_CLUSTER = 6


@dataclass(frozen=True, kw_only=True)
class ClusterAwareDino:
    """Features learned without labels by self-distillation, for rows that have no good embedding (CA-DINO).

    A student network has to say of one view of a row what its teacher, the moving average of the student,
    says of another one, over a set of prototypes. The teacher's word is centered and sharpened, or all rows
    would become alike. In the cluster-aware form the other view comes, from some epoch on, from another row
    of the same cluster.

    Parameters
    ----------
    cluster_aware : bool
        Whether to draw positives from clusters. Off by default: it helps only where clusters are pure.
    start_epoch : int, optional
        When this begins; by default after three quarters of the epochs. Early clusters are impure and hurt.
    n_clusters : int, optional
        By default one for six rows: coarse clusters hurt, too.
    cluster_every : int
        Epochs between clusterings.
    min_purity : float
        Positives stay within rows while the labels at hand say that clusters are less pure than this.
    n_columns : int
        Width of the features.
    n_prototypes : int
        Number of prototypes.
    n_short : int
        Short views of each row, which only the student sees: crops of images and sounds, more gaps in
        numbers.
    n_epochs, batch_size, learning_rate, max_steps
        As in `ContrastiveFeatures`.
    teacher_momentum, center_momentum : float
        Of the moving averages of the teacher's weights and of its outputs.
    teacher_temperature, student_temperature : float
        The teacher's is the lower one.
    augment : callable, optional
        From a batch (m, ...) float32 and a numpy generator to one view of each of its rows.

    Notes
    -----
    ``features`` stay what they were in the evidence unless neighbors agree more on rows that a person has
    verified (``verified`` (n,) bool, and ``given_labels``), by more than a standard error: a good embedding
    is not replaced. Where there were none, the new ones are taken. ``dino_features`` and ``dino_clusters``
    are the new ones in any case. Labels choose (purity, agreement); nothing is trained on them.

    Examples
    --------
    >>> import numpy as np, labelscope as ls
    >>> X = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)
    >>> made = ls.providers.ClusterAwareDino(n_epochs=2).make(None, ls.Evidence(features=X))
    >>> made.facts["kept"], made.arrays["dino_features"].shape
    ('original', (60, 64))
    """

    name: ClassVar[str] = "cluster_aware_dino"
    makes: ClassVar[tuple[str, ...]] = ("features", "dino_features", "dino_clusters")
    needs: ClassVar[tuple[str, ...]] = ()
    reference: ClassVar[str] = (
        "Han, Chen, Qian: Self-supervised learning with cluster-aware-DINO for high-performance robust "
        "speaker verification, 2023; Caron et al.: Emerging properties in self-supervised vision "
        "transformers, ICCV 2021"
    )

    cluster_aware: bool = False
    start_epoch: int | None = None
    n_clusters: int | None = None
    cluster_every: int = 10
    min_purity: float = 0.8
    n_columns: int = 64
    n_prototypes: int = 128
    n_short: int = 0
    n_epochs: int = 60
    batch_size: int = 256
    learning_rate: float = 2e-3
    max_steps: int = 2000
    teacher_momentum: float = 0.99
    center_momentum: float = 0.9
    teacher_temperature: float = 0.04
    student_temperature: float = 0.1
    augment: Augment | None = None

    def __post_init__(self) -> None:
        counts = ("n_columns", "n_prototypes", "n_epochs", "max_steps", "cluster_every")
        for name in (*counts, *(one for one in ("n_clusters",) if getattr(self, one) is not None)):
            if getattr(self, name) < 1:
                raise InvalidInputError(f"{name} is {getattr(self, name)}.", "Pass 1 or more.")
        for name in ("n_short", "start_epoch"):
            if (getattr(self, name) or 0) < 0:
                raise InvalidInputError(f"{name} is {getattr(self, name)}.", "Pass 0 or more.")
        if self.batch_size < 4:
            raise InvalidInputError(f"batch_size is {self.batch_size}.", "Pass 4 or more.")
        for name in ("min_purity", "teacher_momentum", "center_momentum"):
            if not 0 <= getattr(self, name) <= 1:
                raise InvalidInputError(f"{name} is {getattr(self, name)}.", "Pass a number from 0 to 1.")
        for name in ("teacher_temperature", "student_temperature", "learning_rate"):
            if not 0 < getattr(self, name) < float("inf"):
                raise InvalidInputError(f"{name} is {getattr(self, name)}.", "Pass a number above 0.")

    def make(self, dataset: Dataset | None, evidence: Evidence, *, random_state: int = 0) -> Made:
        """Make ``features``, ``dino_features`` (n, n_columns) float32 and ``dino_clusters`` (n,) int64.

        Parameters
        ----------
        dataset : Dataset or None
            Its images or sounds are learned from.
        evidence : Evidence
            ``features`` (n, d), which are learned from where the rows are no images or sounds, and kept
            unless the new ones are better; ``given_labels`` and ``verified`` (n,) bool where there are any;
            ``held_out`` (n,) bool marks rows that only get features and are not learned from.
        random_state : int
            Seed.

        Returns
        -------
        Made
            Facts: ``kept`` ("original" or "dino"), ``agreement`` ({before, after} on verified rows, or
            None), ``cluster_aware`` (whether positives came from clusters), ``purity`` of each clustering
            (None without labels), ``loss`` of the first and the last pass, ``n_columns``, ``encoder``.

        Raises
        ------
        MissingExtraError
            torch is not installed.
        InvalidInputError
            Fewer than ten rows, rows of another kind, or training diverged.
        """
        by = type(self).__name__
        require_torch(by)
        prepared = prepare(dataset, evidence, by)
        n, known = prepared.n, maybe_codes(dataset, evidence)
        codes = None if known is None or not (known[0] >= 0).any() else known[0]
        original = _original(dataset, evidence, n, prepared.kind)
        views = Views(prepared, self.augment, random_state)
        vectors, told = distilled(
            prepared, views, self._distilling(), self._clustering(n, codes, random_state), random_state
        )
        if told.refused:
            _say_refused(told, self.min_purity)
        agreed = None
        if original is not None and codes is not None and evidence.get("verified") is not None:
            verified = _verified(evidence, n)
            agreed = compare(original, vectors, codes, verified)
        better = original is None or (agreed is not None and agreed.rises)
        features = vectors if original is None or better else original
        clusters = k_means(vectors, self.n_clusters or max(2, n // _ROWS_PER_CLUSTER), random_state)
        facts = {
            "encoder": f"DINO network on {prepared.kind}" if better else "features as they were",
            "kept": "dino" if better else "original",
            "agreement": None if agreed is None else _told(agreed),
            "cluster_aware": told.used_clusters,
            "purity": told.purities,
            "loss": [told.losses[0], told.losses[-1]],
            "n_columns": int(features.shape[1]),
        }
        arrays = {"features": features, "dino_features": vectors, "dino_clusters": clusters}
        return Made(arrays, facts)

    def _distilling(self) -> Distilling:
        return Distilling(**{name: getattr(self, name) for name in Distilling.__dataclass_fields__})

    def _clustering(self, n: int, codes: IntArray | None, random_state: int) -> Clustering | None:
        if not self.cluster_aware:
            return None
        start = 3 * self.n_epochs // 4 if self.start_epoch is None else self.start_epoch
        n_clusters = self.n_clusters or max(2, n // _ROWS_PER_CLUSTER)
        return Clustering(start, n_clusters, self.cluster_every, self.min_purity, codes, random_state)


def _original(dataset: Dataset | None, evidence: Evidence, n: int, kind: str) -> FloatArray | None:
    if "features" in evidence:
        return check_features(evidence["features"], n)
    if kind == VECTORS and dataset is not None:
        media: Any = dataset.media
        return check_features(media.raw(), n)
    return None


def _verified(evidence: Evidence, n: int) -> Any:
    verified = np.asarray(evidence["verified"])
    if verified.shape != (n,):
        raise InvalidInputError(f"verified has the shape {verified.shape}.", f"Pass ({n},) bool, one a row.")
    return verified.astype(bool)


def _told(agreed: Agreement) -> dict[str, float]:
    return {"before": agreed.before, "after": agreed.after}


def _say_refused(told: Told, least: float) -> None:
    known = [one for one in told.purities if one is not None]
    notify(
        "clusters_impure",
        f"Clusters are {min(known):.0%} pure by the labels at hand, below {least:.0%}"
        + (" at first" if told.used_clusters else "")
        + ", so positives were not drawn from them: they would teach that different classes are alike.",
        "Train longer, raise n_clusters=, or leave cluster_aware off.",
    )

"""Contrastive features: two views of a row are near each other and far from all other rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.evidence.folds import matrix_keys
from labelscope.evidence.progress import progress
from labelscope.evidence.self_supervised.networks import (
    batches,
    body,
    check_finite,
    n_passes,
    pace,
    represented,
    require_torch,
    seeded,
)
from labelscope.evidence.self_supervised.prepared import Prepared, prepare
from labelscope.evidence.self_supervised.views import Augment, Views
from labelscope.types import Evidence, FloatArray, Made

if TYPE_CHECKING:
    from labelscope.data.dataset import Dataset


@dataclass(frozen=True, kw_only=True)
class ContrastiveFeatures:
    """Features learned without labels by InfoNCE on two views of each row (SimCLR).

    Parameters
    ----------
    n_columns : int
        Width of the features.
    n_epochs : int
        Passes over the rows, at most ``max_steps`` batches in all.
    batch_size : int
    temperature : float
        Of the softmax over the other rows of a batch.
    learning_rate : float
    augment : callable, optional
        From a batch (m, ...) float32 and a numpy generator to one view of each of its rows; by default
        shifts, turns and noise of images, parts of sounds, noise and gaps in numbers.
    max_steps : int
        Most batches, so that large data end in time.

    Notes
    -----
    The network is small enough for a CPU: a few convolutions for images (at most 32 pixels a side) and
    log-mel spectra, two full layers for numbers. Equal rows do not count as each other's negatives. With
    the same seed and number of threads the result is the same. The labels are never read.

    Examples
    --------
    >>> import numpy as np, labelscope as ls
    >>> X = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)
    >>> made = ls.providers.ContrastiveFeatures(n_epochs=2).make(None, ls.Evidence(features=X))
    >>> made.arrays["features"].shape, made.facts["labels_used"]
    ((60, 64), False)
    """

    name: ClassVar[str] = "contrastive_features"
    makes: ClassVar[tuple[str, ...]] = ("features",)
    needs: ClassVar[tuple[str, ...]] = ()
    reference: ClassVar[str] = (
        "Chen, Kornblith, Norouzi, Hinton: A simple framework for contrastive learning of visual "
        "representations, ICML 2020"
    )

    n_columns: int = 64
    n_epochs: int = 60
    batch_size: int = 256
    temperature: float = 0.2
    learning_rate: float = 3e-3
    augment: Augment | None = None
    max_steps: int = 2000

    def __post_init__(self) -> None:
        for name in ("n_columns", "n_epochs", "max_steps"):
            if getattr(self, name) < 1:
                raise InvalidInputError(f"{name} is {getattr(self, name)}.", "Pass 1 or more.")
        if self.batch_size < 4:
            raise InvalidInputError(f"batch_size is {self.batch_size}.", "Pass 4 or more rows to tell apart.")
        for name in ("temperature", "learning_rate"):
            if not 0 < getattr(self, name) < float("inf"):
                raise InvalidInputError(f"{name} is {getattr(self, name)}.", "Pass a number above 0.")

    def make(self, dataset: Dataset | None, evidence: Evidence, *, random_state: int = 0) -> Made:
        """Make ``features`` (n, n_columns) float32.

        Parameters
        ----------
        dataset : Dataset or None
            Its images or sounds are learned from.
        evidence : Evidence
            ``features`` (n, d) where the rows are something else, or there is no dataset; ``held_out`` (n,)
            bool marks rows that only get features and are not learned from.
        random_state : int
            Seed of the weights and of the views.

        Returns
        -------
        Made
            Facts: ``encoder``, ``n_columns``, ``loss`` (of the first and of the last pass), ``n_epochs``,
            ``labels_used`` (False).

        Raises
        ------
        MissingExtraError
            torch is not installed.
        InvalidInputError
            Fewer than ten rows, rows of another kind, or training diverged.
        """
        require_torch(type(self).__name__)
        prepared = prepare(dataset, evidence, type(self).__name__)
        features, losses = self._learned(prepared, random_state)
        facts = {
            "encoder": f"contrastive network on {prepared.kind}",
            "n_columns": self.n_columns,
            "loss": [losses[0], losses[-1]],
            "n_epochs": len(losses),
            "labels_used": False,
        }
        return Made({"features": features}, facts)

    def _learned(self, prepared: Prepared, seed: int) -> tuple[FloatArray, list[float]]:
        import torch
        from torch import nn

        n = prepared.n
        views = Views(prepared, self.augment, seed)
        same = np.unique(matrix_keys(prepared.rows.reshape(n, -1)), return_inverse=True)[1]
        unit = torch.from_numpy(same)
        with seeded(seed):
            encoder = body(prepared, self.n_columns)
            head = nn.Sequential(
                nn.Linear(self.n_columns, self.n_columns), nn.ReLU(), nn.Linear(self.n_columns, 64)
            )
        network = nn.Sequential(encoder, head)
        optimizer = torch.optim.AdamW(network.parameters(), lr=self.learning_rate, weight_decay=1e-4)
        passes = n_passes(len(prepared.learned), self.n_epochs, self.batch_size, self.max_steps)
        losses: list[float] = []
        for number in progress(range(passes), "learning features"):
            parts = batches(prepared.learned, self.batch_size, views.random)
            total = 0.0
            for place, rows in enumerate(parts):
                share = pace(number * len(parts) + place, passes * len(parts))
                for group in optimizer.param_groups:
                    group["lr"] = self.learning_rate * share
                projected = network(views.long(torch.cat([rows, rows])))
                loss = info_nce(projected, unit[rows], self.temperature)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                total += float(loss.detach())
            losses.append(total / len(parts))
            check_finite(losses[-1], type(self).__name__)
        return represented(encoder, views, n), losses


def info_nce(projected: Any, unit: Any, temperature: float) -> Any:
    """Cross-entropy of finding a row's other view among all views of a batch.

    Parameters
    ----------
    projected : (2m, d) tensor
        First views, then second views, in the same order.
    unit : (m,) int tensor
        Rows with the same number are equal and are not told apart.
    temperature : float

    Returns
    -------
    scalar tensor
    """
    import torch
    from torch.nn.functional import cross_entropy, normalize

    m = len(unit)
    directions = normalize(projected, dim=1)
    similar = directions @ directions.T / temperature
    both = torch.cat([unit, unit])
    twin = torch.cat([torch.arange(m, 2 * m), torch.arange(m)])
    hidden = both[:, None] == both[None, :]
    hidden[torch.arange(2 * m), twin] = False
    return cross_entropy(similar.masked_fill(hidden, float("-inf")), twin)

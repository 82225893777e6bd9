"""The training of a student by its own slow average, with positives from the same row or cluster."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np

from labelscope.evidence.progress import progress
from labelscope.evidence.self_supervised.clusters import Members, k_means, purity
from labelscope.evidence.self_supervised.networks import (
    batches,
    body,
    check_finite,
    n_passes,
    pace,
    represented,
    seeded,
)
from labelscope.evidence.self_supervised.prepared import Prepared
from labelscope.evidence.self_supervised.views import Views
from labelscope.types import FloatArray, IntArray


@dataclass(frozen=True)
class Distilling:
    """Settings; see `ClusterAwareDino`."""

    n_columns: int
    n_prototypes: int
    n_epochs: int
    batch_size: int
    learning_rate: float
    max_steps: int
    n_short: int
    teacher_momentum: float
    center_momentum: float
    teacher_temperature: float
    student_temperature: float


@dataclass(frozen=True)
class Clustering:
    """When and how positives come from clusters; ``codes`` (n,) are labels to judge clusters by."""

    start_epoch: int
    n_clusters: int
    every: int
    min_purity: float
    codes: IntArray | None
    random_state: int


@dataclass
class Told:
    """What happened in training: losses by pass, and the purity of each clustering with what was decided."""

    losses: list[float]
    purities: list[float | None]
    used_clusters: bool = False
    refused: bool = False


def distilled(
    prepared: Prepared, views: Views, settings: Distilling, clustering: Clustering | None, seed: int
) -> tuple[FloatArray, Told]:
    """Train, and return unit vectors (n, n_columns) of the teacher."""
    import torch

    with seeded(seed):
        student = network(prepared, settings.n_columns, settings.n_prototypes)
    teacher = copy.deepcopy(student).requires_grad_(False)
    optimizer = torch.optim.AdamW(student.parameters(), lr=settings.learning_rate, weight_decay=1e-4)
    n = prepared.n
    passes = n_passes(len(prepared.learned), settings.n_epochs, settings.batch_size, settings.max_steps)
    center = torch.zeros(settings.n_prototypes)
    told, members = Told([], []), None
    for number in progress(range(passes), "learning features"):
        if clustering is not None and _is_due(number, passes, clustering, settings.n_epochs):
            members = _clustered(represented(teacher.vectors, views, n), prepared.learned, clustering, told)
        parts, total = batches(prepared.learned, settings.batch_size, views.random), 0.0
        for place, rows in enumerate(parts):
            for group in optimizer.param_groups:
                share = pace(number * len(parts) + place, passes * len(parts))
                group["lr"] = settings.learning_rate * share
            partners = rows if members is None else _partners(members, rows, views)
            long = views.long(torch.cat([rows, partners]))
            short = views.short(torch.cat([rows] * settings.n_short)) if settings.n_short else None
            with torch.no_grad():
                said = teacher(long)
            loss = _loss(student, said, center, long, short, settings)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                for slow, fast in zip(teacher.parameters(), student.parameters(), strict=True):
                    slow.lerp_(fast, 1 - settings.teacher_momentum)
                center.lerp_(said.mean(dim=0), 1 - settings.center_momentum)
            total += float(loss.detach())
        told.losses.append(total / len(parts))
        check_finite(told.losses[-1], "ClusterAwareDino")
    return represented(teacher.vectors, views, n), told


def network(prepared: Prepared, n_columns: int, n_prototypes: int) -> Any:
    """Make the network whose outputs are cosines to prototypes; ``vectors`` are the unit vectors before."""
    import torch
    from torch import nn
    from torch.nn.functional import normalize

    class ToPrototypes(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = body(prepared, 2 * n_columns)
            self.bottleneck = nn.Linear(2 * n_columns, n_columns)
            self.prototypes = nn.Parameter(torch.randn(n_prototypes, n_columns))
            self.vectors = _Vectors(self)

        def forward(self, batch: Any) -> Any:
            vectors = normalize(self.bottleneck(self.body(batch)), dim=1)
            return vectors @ normalize(self.prototypes, dim=1).T

    return ToPrototypes()


class _Vectors:
    """The unit vectors of a network, in the shape of a network that `represented` takes."""

    def __init__(self, whole: Any) -> None:
        self._whole = (whole,)

    def __call__(self, batch: Any) -> Any:
        from torch.nn.functional import normalize

        (whole,) = self._whole
        return normalize(whole.bottleneck(whole.body(batch)), dim=1)

    def eval(self) -> None:
        self._whole[0].eval()

    def train(self) -> None:
        self._whole[0].train()


def _loss(student: Any, said: Any, center: Any, long: Any, short: Any, settings: Distilling) -> Any:
    """Cross-entropy from each long view's teacher to the student on every other view of the row."""
    import torch

    target = torch.softmax((said - center) / settings.teacher_temperature, dim=1)
    own = torch.log_softmax(student(long) / settings.student_temperature, dim=1)
    m = len(own) // 2
    loss = -(target * torch.cat([own[m:], own[:m]])).sum(dim=1).mean()
    if short is None:
        return loss
    seen = torch.log_softmax(student(short) / settings.student_temperature, dim=1)
    both = (target[:m] + target[m:]) / 2
    parts = -(both.repeat(settings.n_short, 1) * seen).sum(dim=1).mean()
    return (loss + settings.n_short * parts) / (1 + settings.n_short)


def _is_due(number: int, passes: int, clustering: Clustering, n_epochs: int) -> bool:
    # Where max_steps shortens training, the start comes earlier in proportion.
    start = clustering.start_epoch * passes // n_epochs
    return number >= start and (number - start) % clustering.every == 0


def _clustered(points: FloatArray, rows: IntArray, clustering: Clustering, told: Told) -> Members | None:
    clusters = k_means(points[rows], clustering.n_clusters, clustering.random_state)
    found = None if clustering.codes is None else purity(clusters, clustering.codes[rows])
    told.purities.append(found)
    if found is not None and found < clustering.min_purity:
        told.refused = True
        return None
    told.used_clusters = True
    return Members.of(clusters, rows, len(points))


def _partners(members: Members, rows: Any, views: Views) -> Any:
    import torch

    chance = torch.rand(len(rows), generator=views.random).numpy().astype(np.float64)
    return torch.from_numpy(members.partners(rows.numpy(), chance))

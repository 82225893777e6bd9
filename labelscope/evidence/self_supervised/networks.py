"""Small networks for a CPU, and the loop that they are trained in."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError, MissingExtraError
from labelscope.evidence.self_supervised.prepared import IMAGES, SOUNDS, Prepared
from labelscope.evidence.self_supervised.views import Views
from labelscope.types import FloatArray, IntArray

_AT_ONCE = 1024
_WARM_UP = 0.1
_CHANNELS = (16, 32, 64)
_LAYOUT = 4


def require_torch(by: str) -> None:
    """Raise MissingExtraError where torch is not installed; imports nothing."""
    if importlib.util.find_spec("torch") is None:
        raise MissingExtraError.of("torch", "torch", by)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw initial weights from a seed, and leave torch's own generator as it was."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def body(prepared: Prepared, width: int) -> Any:
    """Make the network from rows to (m, width) representations.

    Images go through two or three convolutions and keep a coarse layout; sounds through two
    convolutions over time, then mean and deviation, so that parts of any length can be read; numbers
    through two full layers.
    """
    from torch import nn

    shape = prepared.rows.shape
    if prepared.kind == IMAGES:
        channels, side, layers = shape[1], shape[2], []
        for size in _CHANNELS[: 2 if side <= 16 else 3]:
            layers += [nn.Conv2d(channels, size, 3, padding=1, bias=False), nn.BatchNorm2d(size), nn.ReLU()]
            if side > 2 * _LAYOUT - 2:
                layers.append(nn.MaxPool2d(2))
                side //= 2
            channels = size
        layers += [nn.AdaptiveAvgPool2d(_LAYOUT), nn.Flatten(), nn.Linear(_LAYOUT**2 * channels, width)]
        return nn.Sequential(*layers, nn.BatchNorm1d(width), nn.ReLU())
    if prepared.kind == SOUNDS:
        return nn.Sequential(
            nn.Conv1d(shape[1], 64, 5, padding=2, bias=False),
            nn.BatchNorm1d(64),
            nn.ReLU(),
            nn.Conv1d(64, 64, 3, padding=1, bias=False),
            nn.BatchNorm1d(64),
            nn.ReLU(),
            _over_time(),
            nn.Linear(128, width),
            nn.BatchNorm1d(width),
            nn.ReLU(),
        )
    hidden = 2 * width
    return nn.Sequential(
        nn.Linear(shape[1], hidden, bias=False),
        nn.BatchNorm1d(hidden),
        nn.ReLU(),
        nn.Linear(hidden, width, bias=False),
        nn.BatchNorm1d(width),
        nn.ReLU(),
    )


def _over_time() -> Any:
    import torch
    from torch import nn

    class OverTime(nn.Module):
        """Mean and deviation over time."""

        def forward(self, maps: Any) -> Any:
            return torch.cat([maps.mean(dim=2), (maps.var(dim=2, unbiased=False) + 1e-5).sqrt()], dim=1)

    return OverTime()


def represented(network: Any, views: Views, n: int) -> FloatArray:
    """Representations (n, width) float32 of whole rows, with the network in evaluation mode."""
    import torch

    network.eval()
    with torch.inference_mode():
        parts = [network(views.whole(start, start + _AT_ONCE)).numpy() for start in range(0, n, _AT_ONCE)]
    network.train()
    return np.concatenate(parts).astype(np.float32)


def batches(rows: IntArray, size: int, random: Any) -> list[Any]:
    """Deal rows into batches in random order; a last one of fewer than half the size is left out."""
    import torch

    n = len(rows)
    order = torch.from_numpy(rows)[torch.randperm(n, generator=random)]
    parts: Any = torch.split(order, min(size, n))
    return [part for part in parts if 2 * len(part) >= min(size, n)]


def n_passes(n: int, n_epochs: int, batch_size: int, max_steps: int) -> int:
    """Passes over the rows: ``n_epochs``, or fewer where these would take more than ``max_steps`` steps."""
    per_pass = max(1, round(n / batch_size))
    return max(1, min(n_epochs, max_steps // per_pass))


def pace(step: int, n_steps: int) -> float:
    """Factor of the learning rate: up in a straight line, then down along a cosine."""
    rising = min(1.0, (step + 1) / max(_WARM_UP * n_steps, 1.0))
    return rising * (0.5 + 0.5 * math.cos(math.pi * step / n_steps))


def check_finite(loss: float, by: str) -> None:
    """Raise InvalidInputError when training has diverged."""
    if not math.isfinite(loss):
        raise InvalidInputError(
            f"{by} diverged: its loss is {loss}.", "Lower learning_rate=, or scale the features."
        )

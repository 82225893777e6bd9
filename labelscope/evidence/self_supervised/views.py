"""Random views of rows: what is done to a row without changing what it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.evidence.self_supervised.prepared import IMAGES, SOUNDS, Prepared
from labelscope.types import FloatArray

Augment = Callable[[FloatArray, np.random.Generator], Any]
_NOISE, _DROPPED = 0.3, 0.2
_PIXEL_NOISE, _SHIFT, _TURN, _ZOOM = 0.05, 0.15, 0.2, 0.15


class Views:
    """Make views of batches, the same ones for the same seed.

    Parameters
    ----------
    prepared : Prepared
    augment : callable, optional
        From a batch (m, ...) float32 as in ``prepared.rows`` and a numpy generator to one of the same shape;
        by default images are shifted, turned, zoomed and made noisy, sounds cut to a part, with bands masked,
        and numbers made noisy and partly set to their mean.
    seed : int
    """

    def __init__(self, prepared: Prepared, augment: Augment | None, seed: int) -> None:
        import torch

        self._kind, self._augment = prepared.kind, augment
        self._rows = torch.from_numpy(np.ascontiguousarray(prepared.rows))
        self._random = torch.Generator().manual_seed(seed)
        self._rng = np.random.default_rng([seed % 2**32, 0xA06])

    @property
    def random(self) -> Any:
        """The torch generator behind the views."""
        return self._random

    def whole(self, start: int, stop: int) -> Any:
        """Rows as they are."""
        return self._rows[start:stop]

    def long(self, rows: Any) -> Any:
        """One view that shows nearly all of each row."""
        return self._view(rows, 0.7, 1.0)

    def short(self, rows: Any) -> Any:
        """One view that shows a part of each row."""
        return self._view(rows, 0.35, 0.6)

    def _view(self, rows: Any, least: float, most: float) -> Any:
        batch = self._rows[rows]
        if self._augment is not None:
            return self._given(batch)
        if self._kind == IMAGES:
            return self._image(batch, most < 1.0)
        if self._kind == SOUNDS:
            return self._sound(batch, least, most)
        return self._vector(batch, most < 1.0)

    def _given(self, batch: Any) -> Any:
        import torch

        assert self._augment is not None
        made = np.asarray(self._augment(batch.numpy().copy(), self._rng), dtype=np.float32)
        if made.shape != tuple(batch.shape) or not np.isfinite(made).all():
            raise InvalidInputError(
                f"augment= turned a batch of shape {tuple(batch.shape)} into {made.shape}"
                + ("." if made.shape != tuple(batch.shape) else " with numbers that are not finite."),
                "Return a finite float array of the same shape, one view of each row.",
            )
        return torch.from_numpy(made)

    def _vector(self, batch: Any, part: bool) -> Any:
        import torch

        noise = torch.randn(batch.shape, generator=self._random)
        dropped = _DROPPED * (2 if part else 1)
        kept = torch.rand(batch.shape, generator=self._random) >= dropped
        return (batch + _NOISE * noise) * kept

    def _image(self, batch: Any, part: bool) -> Any:
        import torch
        from torch.nn.functional import affine_grid, grid_sample

        m = len(batch)
        uniform = torch.rand((5, m), generator=self._random) * 2 - 1
        zoom = 0.6 + 0.1 * uniform[0] if part else 1 + _ZOOM * uniform[0]
        turn = _TURN * uniform[1]
        reach = 0.4 if part else 2 * _SHIFT
        theta = torch.stack(
            [
                torch.stack([zoom * torch.cos(turn), -zoom * torch.sin(turn), reach * uniform[2]], dim=1),
                torch.stack([zoom * torch.sin(turn), zoom * torch.cos(turn), reach * uniform[3]], dim=1),
            ],
            dim=1,
        )
        grid = affine_grid(theta, list(batch.shape), align_corners=False)
        moved = grid_sample(batch, grid, align_corners=False, padding_mode="border")
        contrast = (1 + 0.3 * uniform[4])[:, None, None, None]
        return moved * contrast + _PIXEL_NOISE * torch.randn(moved.shape, generator=self._random)

    def _sound(self, batch: Any, least: float, most: float) -> Any:
        import torch

        m, n_bands, frames = batch.shape
        share = least + (most - least) * float(torch.rand((), generator=self._random))
        width = max(4, min(frames, round(share * frames)))
        start = torch.randint(0, frames - width + 1, (m, 1), generator=self._random)
        place = (start + torch.arange(width))[:, None, :].expand(m, n_bands, width)
        part = batch.gather(2, place)
        first = torch.randint(0, n_bands, (m, 1), generator=self._random)
        size = torch.randint(0, n_bands // 5, (m, 1), generator=self._random)
        band = torch.arange(n_bands)[None]
        kept = (band < first) | (band >= first + size)
        loudness = 0.3 * torch.randn((m, 1, 1), generator=self._random)
        noise = 0.2 * torch.randn(part.shape, generator=self._random)
        return (part + loudness + noise) * kept[:, :, None]

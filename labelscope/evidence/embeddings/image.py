"""Features of images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from labelscope.errors import InvalidTypeError, UnreadableMediaError, notify
from labelscope.evidence.embeddings import descriptors, torch_models
from labelscope.evidence.embeddings.batches import embed_rows
from labelscope.evidence.embeddings.encoders import call_encoder
from labelscope.evidence.embeddings.reduction import principal_components
from labelscope.types import Evidence, FloatArray, Made

if TYPE_CHECKING:
    from labelscope.data.dataset import Dataset

_SMALL = 32
_LOOKED_AT = 64


@dataclass(frozen=True, kw_only=True)
class ImageFeatures:
    """Image features from the best encoder at hand.

    Small gray images (up to 32 pixels a side, digits for instance) are described by their strokes and
    pixels, reduced by PCA. Others go through the packaged EfficientNet-Lite0, or, where the extra
    ``image`` is not installed, through descriptors of strokes and colors, with a notice.

    Parameters
    ----------
    model : callable or torch module, optional
        A function from a list of PIL images to an (n, d) array; an object with ``encode``; a torch model
        from timm, transformers or torchvision; or a pair (torch model, preparation of one image).
    batch_size : int
        Images per call of the encoder.
    size : int
        Side in pixels that images are brought to for the packaged network.

    Examples
    --------
    >>> import numpy as np, labelscope as ls
    >>> images = np.random.default_rng(0).integers(0, 255, size=(10, 8, 8), dtype=np.uint8)
    >>> data = ls.Dataset(images, [0, 1] * 5)
    >>> len(ls.providers.ImageFeatures().make(data, ls.Evidence()).arrays["features"])
    10
    """

    name: ClassVar[str] = "image_features"
    makes: ClassVar[tuple[str, ...]] = ("features",)
    needs: ClassVar[tuple[str, ...]] = ()

    model: Any = None
    batch_size: int = 64
    size: int = 224

    def make(self, dataset: Dataset | None, evidence: Evidence, *, random_state: int = 0) -> Made:
        """Make ``features`` (n, d) float32.

        Parameters
        ----------
        dataset : Dataset
            Its media are images.
        evidence : Evidence
            Not used.
        random_state : int
            Seed of the reduction.

        Returns
        -------
        Made
            Facts: ``encoder``, ``n_columns``.

        Raises
        ------
        UnreadableMediaError
            No image can be read; single damaged ones get the mean of the others, with a notice.
        InvalidInputError, InvalidTypeError
            The encoder gives something other than one vector per image.
        """
        if dataset is None:
            raise InvalidTypeError("ImageFeatures needs a dataset of images, but dataset is None.")
        media: Any = dataset.media
        n = len(media)
        encode, reader, encoder, components = self._chosen(media, n)
        features = embed_rows(n, reader, encode, batch_size=self.batch_size, what="images")
        if components and n > 1:
            features = principal_components(features, components, random_state=random_state)
        return Made({"features": features}, {"encoder": encoder, "n_columns": int(features.shape[1])})

    def _chosen(
        self, media: Any, n: int
    ) -> tuple[Callable[[list[Any]], Any], Callable[[int], Any], str, int]:
        """The encoder, what reads a row for it, its name, and how many components to keep (0: all)."""
        if self.model is not None:
            model, prepare = (
                self.model if isinstance(self.model, tuple) and len(self.model) == 2 else (self.model, None)
            )
            if torch_models.is_torch_module(model) and not hasattr(model, "encode"):
                return torch_models.image_encoder(model, prepare), media.pil, type(model).__name__, 0
            return lambda images: call_encoder(self.model, images), media.pil, _name_of(self.model), 0
        side = _small_gray_side(media, n)
        if side:
            return _describe_stack, _pixel_reader(media, side), f"strokes and pixels, {side} px, PCA", 64
        if torch_models.has_packaged_network():
            encode = torch_models.packaged_encoder(self.size)
            return encode, _bounded(media, self.size), "EfficientNet-Lite0", 0
        notify(
            "image_extra_missing",
            "Images are described by strokes and colors, since the extra 'image' is not installed; a neural "
            "network tells apart far more.",
            "Install a CPU build of torch first (pytorch.org names the command), then "
            "pip install 'labelscope[image]'; or pass features= or model=.",
        )
        return descriptors.describe, _bounded(media, 256), "stroke and color descriptors, PCA", 128


def _describe_stack(pixels: list[Any]) -> FloatArray:
    return descriptors.describe_small_gray(np.stack(pixels))


def _name_of(model: Any) -> str:
    return str(getattr(model, "__name__", type(model).__name__))


def _small_gray_side(media: Any, n: int) -> int:
    """The common side of small gray images, by a look at some of them; 0 where they are something else."""
    sides = []
    for row in np.unique(np.linspace(0, n - 1, min(n, _LOOKED_AT)).astype(np.int64)) if n else ():
        try:
            image = media.pil(int(row))
        except UnreadableMediaError:
            continue
        if image.mode != "L" or max(image.size) > _SMALL:
            return 0
        sides.append(max(image.size))
    return max(sides, default=0)


def _pixel_reader(media: Any, side: int) -> Callable[[int], FloatArray]:
    def read(row: int) -> FloatArray:
        image = media.pil(row).convert("L")
        if image.size != (side, side):
            image = image.resize((side, side))
        return np.asarray(image, dtype=np.float32) / np.float32(255)

    return read


def _bounded(media: Any, size: int) -> Callable[[int], Any]:
    """Read large photos at a smaller size where the decoder can; the encoder resizes them anyway."""

    def read(row: int) -> Any:
        image = media.pil(row)
        if min(image.size) > 4 * size:
            image = image.reduce(max(2, min(image.size) // (2 * size)))
        return image

    return read

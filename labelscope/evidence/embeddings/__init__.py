"""Providers of features, one for each kind of media."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labelscope.errors import InvalidInputError
from labelscope.evidence.embeddings.audio import AudioFeatures
from labelscope.evidence.embeddings.given import GivenFeatures
from labelscope.evidence.embeddings.image import ImageFeatures
from labelscope.evidence.embeddings.tabular import TabularFeatures
from labelscope.evidence.embeddings.text import TextFeatures
from labelscope.evidence.estimators import is_estimator

if TYPE_CHECKING:
    from labelscope.data.dataset import Dataset
    from labelscope.types import Provider

__all__ = [
    "AudioFeatures",
    "GivenFeatures",
    "ImageFeatures",
    "TabularFeatures",
    "TextFeatures",
    "default_provider",
]


def default_provider(dataset: Dataset, model: Any = None) -> Provider:
    """Choose the provider of features for a dataset.

    Parameters
    ----------
    dataset : Dataset
        Its ``media.kind`` decides.
    model : encoder, optional
        Makes the features, where it is an encoder. An estimator to be trained on labels is left to
        :class:`PredictedProbabilities`.

    Returns
    -------
    Provider
        Makes ``features``.

    Raises
    ------
    InvalidInputError
        Unknown media, or an encoder for rows that are numbers already.

    Examples
    --------
    >>> import labelscope as ls
    >>> default_provider(ls.Dataset(["good film", "bad film"], [1, 0])).name
    'text_features'
    """
    kind = dataset.media.kind
    encoder = None if model is None or is_estimator(model) else model
    if kind == "image":
        return ImageFeatures(model=encoder)
    if kind == "text":
        return TextFeatures(model=encoder)
    if kind == "audio":
        return AudioFeatures(model=encoder)
    if encoder is not None and kind in ("table", "features"):
        raise InvalidInputError(
            f"model={type(model).__name__} cannot be trained on labels, and the rows are numbers already.",
            "Pass a scikit-learn style classifier as model=, or its output as features=.",
        )
    if kind == "table":
        return TabularFeatures()
    if kind == "features":
        return GivenFeatures()
    raise InvalidInputError.unknown("media kind", kind, ["image", "text", "audio", "table", "features"])

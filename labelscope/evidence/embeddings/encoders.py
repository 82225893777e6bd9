"""Encoders given by the user: called by what they offer, with errors that say what is needed."""

from __future__ import annotations

from typing import Any

from labelscope.errors import InvalidTypeError, LabelscopeError


def call_encoder(model: Any, items: list[Any]) -> Any:
    """Encode a list of PIL images, texts or waveforms.

    Parameters
    ----------
    model : object
        With ``encode`` (sentence-transformers), ``embed`` (wordllama), ``transform`` (a fitted scikit-learn
        transformer), or callable.
    items : list
        What to encode.

    Returns
    -------
    array-like
        One vector per item.

    Raises
    ------
    InvalidTypeError
        The model offers none of these, or fails.

    Examples
    --------
    >>> call_encoder(lambda texts: [[len(text)] for text in texts], ["a", "bcd"])
    [[1], [3]]
    """
    if isinstance(model, str):
        raise InvalidTypeError(
            f"model={model!r} is a name, but nothing is downloaded by name.",
            "Load the model yourself and pass it, or pass a function from a list to an (n, d) array.",
        )
    for method in ("encode", "embed", "transform"):
        function = getattr(model, method, None)
        if callable(function):
            return _called(function, items, f"{type(model).__name__}.{method}")
    if callable(model):
        return _called(model, items, str(getattr(model, "__name__", type(model).__name__)))
    raise InvalidTypeError(
        f"model={type(model).__name__} cannot encode: it has no encode or transform and is not callable.",
        "Pass a function from a list of images or texts to an (n, d) array.",
    )


def _called(function: Any, items: list[Any], name: str) -> Any:
    try:
        return function(items)
    except LabelscopeError:
        raise
    except Exception as error:
        raise InvalidTypeError(
            f"The encoder {name} failed on a list of {len(items):,} {type(items[0]).__name__} items: "
            f"{type(error).__name__}: {error}",
            "It is called with a list and must return one vector per item.",
        ) from error

"""The settings of a provider as text that two processes agree on, so that cached evidence is found again.

``repr`` will not do: scikit-learn shortens that of a long pipeline, a torch module shows its layers and not
its weights, and of a function it shows an address that another one may have later.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import PurePath
from typing import Any

import numpy as np

from labelscope.auditing.cache import content_key

_PLAIN = (type(None), bool, int, float, complex, str, bytes, np.generic, np.dtype, slice, range, PurePath)


def settings_text(value: Any) -> str | None:
    """Describe settings by all that results depend on.

    Parameters
    ----------
    value : object
        A provider or one of its settings: numbers, text, arrays, collections, dataclasses, scikit-learn
        estimators, and functions and classes of installed packages.

    Returns
    -------
    str or None
        None where that cannot be told: fitted or trained objects, and code of a notebook cell, which may say
        something else when it runs again.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> settings_text(LogisticRegression(C=2)) == settings_text(LogisticRegression(C=3))
    False
    >>> settings_text(lambda texts: texts) is None
    True
    """
    if isinstance(value, (Enum, np.ufunc)):
        return f"{type(value).__module__}.{value!r}"
    if isinstance(value, _PLAIN):
        return f"{type(value).__name__}:{value!r}"
    if isinstance(value, np.ndarray):
        return f"array:{content_key(value)}"
    if isinstance(value, Mapping):
        return _joined("map", [entry for item in value.items() for entry in item])
    if isinstance(value, AbstractSet):
        described = [settings_text(item) for item in value]
        return None if None in described else f"set({', '.join(sorted(map(str, described)))})"
    if isinstance(value, Sequence):
        return _joined(type(value).__name__, value)
    if isinstance(value, type) or hasattr(value, "__qualname__"):
        return _code(value)
    return _object(value)


def _object(value: Any) -> str | None:
    kind = _code(type(value))
    if kind is None:
        return None
    if is_dataclass(value) and not isinstance(value, type):
        given = {field.name: getattr(value, field.name) for field in fields(value)}
    elif hasattr(value, "get_params") and not hasattr(value, "encode"):
        given = value.get_params(deep=False)
    else:
        return None
    inner = settings_text(given)
    return None if inner is None else f"{kind}({inner})"


def _code(value: Any) -> str | None:
    """Name a class or function with the version of its package; None where it is of no versioned package."""
    module, name = str(getattr(value, "__module__", "")), str(getattr(value, "__qualname__", ""))
    if module == "builtins":
        return f"builtins.{name}"
    found: Any = sys.modules.get(module)
    version = getattr(sys.modules.get(module.partition(".")[0]), "__version__", None)
    for part in name.split("."):
        found = getattr(found, part, None)
    return None if version is None or found is not value else f"{module}.{name}@{version}"


def _joined(kind: str, values: Sequence[Any]) -> str | None:
    described = [settings_text(item) for item in values]
    return None if None in described else f"{kind}({', '.join(map(str, described))})"


__all__ = ["settings_text"]

"""Checks of arguments that every call shares, before any work starts."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.types import Scorer

_NAMES = (
    "given_labels",
    "classes",
    "features",
    "pred_probs",
    "knn_ids",
    "knn_distances",
    "duplicates",
    "groups",
    "sites",
)


def checked_seed(given: Any) -> int:
    """Return the seed as an int.

    Raises
    ------
    InvalidTypeError, InvalidInputError
        It is no whole number, or one that cannot seed a generator.
    """
    if isinstance(given, bool) or not isinstance(given, (int, np.integer)):
        raise InvalidTypeError(
            f"random_state is {given!r}, but a whole number is needed: the same one gives the same audit.",
            "Write random_state=0.",
        )
    if not 0 <= given < 2**32:
        raise InvalidInputError(
            f"random_state is {given}, but a number from 0 to {2**32 - 1:,} is needed.",
            "Write random_state=0.",
        )
    return int(given)


def checked_evidence(given: Any) -> dict[str, Any]:
    """Return evidence by name; raises InvalidTypeError when it is not a mapping."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise InvalidTypeError(
            f"evidence= is a {type(given).__name__}, but names are needed.",
            "Pass a dict such as evidence={'groups': groups}.",
        )
    return dict(given)


def refuse_near_misses(names: Iterable[str], more: Iterable[str] = ()) -> None:
    """Refuse evidence whose name is nearly a known one: it would be ignored without a word."""
    known = sorted({*_NAMES, *more})
    for name in names:
        if name not in known and difflib.get_close_matches(name, known, n=1, cutoff=0.8):
            raise InvalidInputError.unknown("evidence", name, known)


def checked_count(given: Any, name: str) -> int | None:
    """Return a number of rows or None for all; raises InvalidInputError for anything else."""
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, (int, np.integer)) or given < 0:
        raise InvalidInputError(
            f"{name} is {given!r}, but a number of rows is needed.",
            f"Pass a whole number from 0 on, or leave {name} out.",
        )
    return int(given)


def checked_scorer(given: Any) -> Scorer:
    """Return the scorer; raises InvalidTypeError for a class or for something that cannot score."""
    hint = "Pass 'auto', names such as 'self_confidence', or objects like ls.scorers.SelfConfidence()."
    if isinstance(given, type):
        raise InvalidTypeError(f"{given.__name__} is a class, but a scorer is an object made of it.", hint)
    if not callable(getattr(given, "score", None)) or not hasattr(given, "needs"):
        raise InvalidTypeError(
            f"{given!r} is no scorer: it has no name, needs or score(evidence) method.", hint
        )
    scorer: Scorer = given
    return scorer

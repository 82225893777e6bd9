"""Regression sets: rows that a good model should get right, saved with who could not."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from labelscope.data.arguments import as_path
from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.review.files import replacing
from labelscope.review.predictions import read_models

_FORMAT = 1
_SUFFIXES = (".npz", ".json")


@dataclass(frozen=True)
class RegressionSet:
    """Rows on which some models make mistakes that are obvious to a person.

    Attributes
    ----------
    name : str
    rows : tuple of int
        Positions in the dataset.
    ids : tuple of str
    n_rows : int
        Rows of the dataset.
    classes : tuple of label values
    accepted : tuple of tuples of label values
        Labels that count as right on each row.
    builders : tuple of str
        Models whose mistakes chose the rows: they fail by construction.
    min_models : int
        Builders that have to fail on a row for it to be one of them.
    fingerprint : str
        Of the dataset; empty where there was none.
    """

    name: str
    rows: tuple[int, ...]
    ids: tuple[str, ...]
    n_rows: int
    classes: tuple[Any, ...]
    accepted: tuple[tuple[Any, ...], ...]
    builders: tuple[str, ...]
    min_models: int
    fingerprint: str = ""

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the set.

        Parameters
        ----------
        path : path
            ``.json``, or ``.npz`` with ``rows`` (m,) and the same JSON as ``meta``.

        Returns
        -------
        Path

        Raises
        ------
        InvalidInputError
            Another suffix.
        ExportError
            The file cannot be written.
        """
        target = _checked(path)
        text = json.dumps({"format": _FORMAT, **asdict(self)})
        with replacing(target) as file:
            if target.suffix.lower() == ".json":
                file.write(text.encode("ascii"))
            else:
                np.savez(file, rows=np.array(self.rows, dtype=np.int64), meta=np.array(text))
        return target


def load_slice(path: str | os.PathLike[str]) -> RegressionSet:
    """Read a regression set.

    Parameters
    ----------
    path : path
        As `RegressionSet.save` wrote it.

    Returns
    -------
    RegressionSet

    Raises
    ------
    InvalidInputError
        There is no such file, or it holds something else.
    """
    target = _checked(path)
    try:
        if target.suffix.lower() == ".json":
            found = json.loads(target.read_text(encoding="ascii"))
        else:
            with np.load(target, allow_pickle=False) as file:
                found = json.loads(str(file["meta"]))
        if found.pop("format") != _FORMAT:
            raise InvalidInputError(f"{path} was written by another version.", "Save the set again.")
        accepted = tuple(tuple(labels) for labels in found.pop("accepted"))
        found |= {name: tuple(found[name]) for name in ("rows", "ids", "classes", "builders")}
        return RegressionSet(accepted=accepted, **found)
    except InvalidInputError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise InvalidInputError(
            f"{path} holds no regression set: {problem!r:.80}.", "Pass a file that RegressionSet.save wrote."
        ) from problem


def evaluate_slice(
    chosen: RegressionSet, models: Mapping[str, Any], *, fingerprint: str = ""
) -> dict[str, dict[str, Any]]:
    """Say how models do on a regression set.

    Parameters
    ----------
    chosen : RegressionSet
    models : mapping of str to predictions
        For all rows of the dataset, or for those of the set in its order: labels, or probabilities (.., K).
    fingerprint : str
        Of the dataset that was predicted, where it is known.

    Returns
    -------
    dict of str to dict
        By model ``accuracy`` (NaN for an empty set), ``n_right``, ``n`` and ``builder``: whether it chose the
        rows by failing on them, which says nothing of how good it is.

    Raises
    ------
    InvalidInputError
        Predictions of another number of rows, or another dataset.
    """
    if not isinstance(chosen, RegressionSet):
        raise InvalidTypeError(f"{type(chosen).__name__} is no regression set.", "Use load_slice(path).")
    if fingerprint and chosen.fingerprint and fingerprint != chosen.fingerprint:
        raise InvalidInputError(
            f"The set is of the dataset {chosen.fingerprint}, but the predictions are of {fingerprint}.",
            "Predict the rows of the dataset that the set was made from.",
        )
    sizes = {len(one) for one in models.values() if hasattr(one, "__len__")} if models else set()
    own = sizes == {len(chosen.rows)} and len(chosen.rows) != chosen.n_rows
    n = len(chosen.rows) if own else chosen.n_rows
    names, codes = read_models(models, n, chosen.classes)
    codes = codes if own else codes[:, list(chosen.rows)]
    right = np.zeros((len(chosen.rows), len(chosen.classes)), dtype=bool)
    place = {(type(value), value): code for code, value in enumerate(chosen.classes)}
    for row, labels in enumerate(chosen.accepted):
        right[row, [place[type(value), value] for value in labels]] = True
    found = {}
    for name, predicted in zip(names, codes, strict=True):
        hits = right[np.arange(len(right)), np.maximum(predicted, 0)] & (predicted >= 0)
        share = float(hits.mean()) if len(hits) else float("nan")
        found[name] = {
            "accuracy": share,
            "n_right": int(hits.sum()),
            "n": len(hits),
            "builder": name in chosen.builders,
        }
    return found


def _checked(path: str | os.PathLike[str]) -> Path:
    target = as_path(path, "slice.json").expanduser()
    if target.suffix.lower() not in _SUFFIXES:
        raise InvalidInputError.unknown("suffix of regression sets", target.suffix, _SUFFIXES)
    return target

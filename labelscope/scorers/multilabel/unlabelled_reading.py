"""What methods for positive and unlabelled tags read from evidence, validated once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelscope.errors import InvalidInputError, MissingEvidenceError, notify
from labelscope.evidence.feature_checks import check_features
from labelscope.scorers.multilabel.cross_fitting import units_of
from labelscope.scorers.multilabel.tag_reading import read_tags
from labelscope.types import Array, BoolArray, Evidence, FloatArray, IntArray


@dataclass(frozen=True)
class PartialTags:
    """Tags of which only the present ones are told, and features.

    Attributes
    ----------
    tags : (n, K) int8
        1 present; 0 and -1 alike not annotated.
    positive : (n, K) bool
        Given tags.
    negative : (n, K) bool or None
        Tags that a person said are absent.
    labelled : (n,) bool
        Rows of which something is given.
    features : (n, d) float32
    units : (n,) int or None
        Rows that share a fold.
    """

    tags: IntArray
    positive: BoolArray
    negative: BoolArray | None
    labelled: BoolArray
    features: FloatArray
    units: IntArray | None


def read_partial(evidence: Evidence, by: str) -> PartialTags:
    """Read tags, features and confirmed negatives.

    Parameters
    ----------
    evidence : Evidence
        ``given_labels`` (n, K), ``features`` (n, d); optionally ``tag_negatives`` (n, K) bool, ``groups`` and
        ``duplicates`` (n,).
    by : str
        Name of the scorer, for messages.

    Raises
    ------
    MissingEvidenceError
        Something needed is absent.
    InvalidInputError, InvalidTypeError
        Shapes or values do not fit; a tag is given and denied in one row.
    """
    for name in ("given_labels", "features"):
        if name not in evidence:
            raise MissingEvidenceError.of(name, by, evidence)
    read = read_tags(Evidence(given_labels=evidence["given_labels"]), by)
    n, n_tags = read.tags.shape
    if not n_tags:
        raise InvalidInputError(
            f"given_labels has {n:,} rows and no column, but {by} needs at least one tag.",
            "Pass one column per tag.",
        )
    positive = np.asarray(read.tags == 1)
    features = check_features(evidence["features"], n)
    unused = np.flatnonzero(~positive.any(axis=0))
    if n and len(unused):
        notify(
            "tags_never_given",
            f"{len(unused):,} of {n_tags:,} tags are given to no row (column {int(unused[0])} for one), so "
            "nothing can be learned about them.",
            "Tag a few rows, or leave these columns out.",
        )
    return PartialTags(
        read.tags, positive, _negatives(evidence, positive), read.labelled, features, units_of(evidence, n)
    )


def _negatives(evidence: Evidence, positive: BoolArray) -> BoolArray | None:
    if evidence.get("tag_negatives") is None:
        return None
    given: Array = np.asarray(evidence["tag_negatives"])
    if given.shape != positive.shape:
        raise InvalidInputError(
            f"tag_negatives has the shape {given.shape}, but the tags have {positive.shape}.",
            "Pass one bool for each row and tag: True where a person said that the tag is absent.",
        )
    if given.dtype.kind not in "biu" or not np.isin(given, (0, 1)).all():
        raise InvalidInputError(
            f"tag_negatives has entries of type {given.dtype} other than True and False.",
            "Pass True where a person said that the tag is absent.",
        )
    denied = given.astype(bool)
    if (denied & positive).any():
        row, tag = (int(v) for v in np.argwhere(denied & positive)[0])
        raise InvalidInputError(
            f"Row {row} has the tag of column {tag}, and tag_negatives says that it has not.",
            "Set tag_negatives only where given_labels is 0.",
        )
    return denied if denied.any() else None


__all__ = ["PartialTags", "read_partial"]

"""What is right: from a review, or from labels that somebody corrected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from labelscope.auditing.audit import Audit
from labelscope.data.arguments import check_choice
from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.review.ballots import POLICIES
from labelscope.review.corrected import CorrectedLabels, corrected_labels
from labelscope.review.events import scalar_key, to_scalar
from labelscope.review.session import Session
from labelscope.review.validating import ValidationSession
from labelscope.types import IntArray


@dataclass(frozen=True)
class RightLabels:
    """Labels given and corrected, and the audit that flagged.

    Attributes
    ----------
    given, corrected : (n,) int64
        Codes into ``classes``; -1 where there is none, or the right one is unknown.
    classes : list of label values
    names : tuple of str
        What the classes are called, where that differs.
    audit : Audit, optional
    """

    given: IntArray
    corrected: IntArray
    classes: list[Any]
    names: tuple[str, ...] = ()
    audit: Audit | None = None


def right_labels(source: Any, given_labels: Any, policy: str | None, study: str) -> RightLabels:
    """Read what is right.

    Parameters
    ----------
    source : Session, ValidationSession, CorrectedLabels or (n,) labels
    given_labels : (n,) labels or None
        With corrected labels as an array.
    policy : str or None
        How votes are counted; None is as the study says, else by majority.
    study : str
        Name of the study whose votes count.

    Returns
    -------
    RightLabels

    Raises
    ------
    InvalidInputError, InvalidTypeError
        Another source, or labels that do not fit together.
    """
    if isinstance(source, Session | ValidationSession | CorrectedLabels) and given_labels is not None:
        raise InvalidInputError(
            f"given_labels is passed beside a {type(source).__name__}, which has given labels.",
            "Leave given_labels out.",
        )
    if policy is not None:
        check_choice("policy", policy, POLICIES)
    if isinstance(source, ValidationSession):
        audit, found = source.session.audit, source.corrected_labels(policy)
    elif isinstance(source, Session):
        audit, found = source.audit, corrected_labels(source, study=study, policy=policy or "majority")
    elif isinstance(source, CorrectedLabels):
        return RightLabels(source.given, source.corrected, list(source.classes))
    elif source is None or isinstance(source, Audit):
        raise InvalidTypeError(
            f"source is {'an Audit' if source is not None else 'None'}, which holds no corrected labels.",
            "Pass a Session that was reviewed, or corrected labels and given_labels=...",
        )
    else:
        return _from_labels(source, given_labels)
    names = tuple(audit.dataset.labels.names)
    return RightLabels(found.given, found.corrected, list(found.classes), names, audit)


def _from_labels(source: Any, given_labels: Any) -> RightLabels:
    if given_labels is None:
        raise InvalidInputError(
            "Corrected labels come without the labels given.", "Pass given_labels=... as well."
        )
    given, right = _listed(given_labels, "given_labels"), _listed(source, "source")
    if len(given) != len(right):
        raise InvalidInputError.wrong_length("source", len(right), len(given), "given_labels")
    code_of: dict[Any, int] = {}
    classes: list[Any] = []
    columns = []
    for labels in (given, right):
        codes = []
        for value in labels:
            scalar = to_scalar(value)
            if scalar is not None and scalar_key(scalar) not in code_of:
                code_of[scalar_key(scalar)] = len(classes)
                classes.append(scalar)
            codes.append(-1 if scalar is None else code_of[scalar_key(scalar)])
        columns.append(np.array(codes, dtype=np.int64))
    order = np.argsort(np.array([str(value) for value in classes], dtype=object), kind="stable")
    if all(isinstance(value, int) for value in classes):
        order = np.argsort(np.array(classes), kind="stable")
    place = np.append(np.argsort(order), -1)
    return RightLabels(place[columns[0]], place[columns[1]], [classes[code] for code in order.tolist()])


def _listed(labels: Any, name: str) -> list[Any]:
    if isinstance(labels, str | Mapping) or not hasattr(labels, "__len__") or getattr(labels, "ndim", 1) != 1:
        raise InvalidTypeError(f"{name} is a {type(labels).__name__}.", "Pass one label a row.")
    makers = (getattr(labels, maker, None) for maker in ("tolist", "to_list", "to_pylist"))
    found = next((make() for make in makers if make is not None), None)
    return list(labels) if found is None else list(found)

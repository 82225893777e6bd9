"""A plan for people: which rows, on which pages, in whose hands; kept in a file or a journal."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.review.dealing import PlannedPage
from labelscope.review.events import scalar_key, to_scalar
from labelscope.review.files import replacing
from labelscope.types import Estimate, IntArray

if TYPE_CHECKING:
    from labelscope.review.session import Session


@dataclass(frozen=True, eq=False)
class Plan:
    """What `ReviewPlan` makes.

    Attributes
    ----------
    pages : tuple of PlannedPage
        Each reviewer's in the order to take them.
    mean : {"suggested", "given"}
        What an untouched row of a page says, for `review.pages.open_page`.
    rows : (b,) int64
        The rows to review, most suspicious first, each once.
    n_copies, n_self : int
        Copies for another person, and for the same one.
    n_tail : int
        Rows that are there by the quota of small classes alone.
    caught : Estimate
        Share of all wrong labels that lies among ``rows``; estimated from suspicion.
    accuracy_before, accuracy_after : float
        Share of right labels; estimated.
    curve : tuple of (int, float, float)
        Rows reviewed, share of wrong labels caught and accuracy after, at most 100 points; estimated.
    suggested : (b,) int64
        Codes that ``rows`` were suggested when the plan was made, -1 for none.
    parameters : dict
        Of the `ReviewPlan`.
    fingerprint : str
        Of the dataset; empty for a plan that no session has taken yet.
    n : int
        Rows of the dataset; 0 without a session.
    classes : tuple of label values
        What codes stand for; empty without a session.

    Examples
    --------
    >>> import labelscope as ls
    >>> from sklearn.datasets import load_iris
    >>> session = ls.Session(ls.audit(*load_iris(return_X_y=True)), journal=None, reviewer="ada")
    >>> plan = session.plan(ls.queues.ReviewPlan(budget=0.2, page=10, reviewers=["ada", "bob"]))
    >>> plan.reviewers, len(plan.rows), session.plan() is plan
    (('ada', 'bob'), 30, True)
    """

    pages: tuple[PlannedPage, ...]
    mean: str
    rows: IntArray
    n_copies: int
    n_self: int
    n_tail: int
    caught: Estimate
    accuracy_before: float
    accuracy_after: float
    curve: tuple[tuple[int, float, float], ...]
    suggested: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    parameters: Mapping[str, Any] = field(default_factory=dict)
    fingerprint: str = ""
    n: int = 0
    classes: tuple[Any, ...] = ()

    @property
    def n_looks(self) -> int:
        """Rows on all pages, copies included."""
        return sum(len(page.rows) for page in self.pages)

    @property
    def reviewers(self) -> tuple[str, ...]:
        """Who has pages."""
        return tuple(dict.fromkeys(page.reviewer for page in self.pages))

    @cached_property
    def id(self) -> str:
        """Name of what the plan says: plans with the same pages of the same dataset have the same."""
        from labelscope.review.plan_files import content

        text = json.dumps(content(self), separators=(",", ":"), sort_keys=True)
        return sha256(text.encode("ascii")).hexdigest()[:16]

    @cached_property
    def twice(self) -> IntArray:
        """Rows that stand on more than one page, sorted."""
        shown = np.concatenate([np.zeros(0, np.int64), *(page.rows for page in self.pages)])
        rows, counts = np.unique(shown, return_counts=True)
        return np.asarray(rows[counts > 1], dtype=np.int64)

    def __repr__(self) -> str:
        return (
            f"<Plan of {len(self.rows):,} rows on {len(self.pages):,} pages for {', '.join(self.reviewers)};"
            f" {self.n_copies:,} copies for others, {self.n_self:,} for the same person>"
        )

    def pages_of(self, reviewer: str) -> tuple[PlannedPage, ...]:
        """Return one reviewer's pages, in the order to take them.

        Raises
        ------
        InvalidInputError
            The plan has no such reviewer.
        """
        found = tuple(page for page in self.pages if page.reviewer == reviewer)
        if not found:
            raise InvalidInputError.unknown("reviewer", reviewer, self.reviewers)
        return found

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the plan to a JSON file, for others who start from it.

        Parameters
        ----------
        path : path
            A file that is there is replaced.

        Returns
        -------
        Path

        Raises
        ------
        InvalidInputError
            No session has taken the plan, so that it does not say of which dataset it is; or there is no
            such folder.
        ExportError
            The file cannot be written.
        """
        from labelscope.review.plan_files import plan_json

        if not self.fingerprint:
            raise InvalidInputError(
                "This plan does not say of which dataset it is.",
                "Save the one that the session returns: session.plan(plan).save(path).",
            )
        target = Path(path)
        with replacing(target) as file:
            file.write(json.dumps(plan_json(self), separators=(",", ":")).encode("ascii"))
        return target

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Plan:
        """Read a plan that was saved; `Session.plan` checks that it is of its dataset.

        Parameters
        ----------
        path : path

        Returns
        -------
        Plan

        Raises
        ------
        InvalidInputError
            There is no such file, or it is no plan, or was changed since.
        """
        from labelscope.review.plan_files import read_plan

        try:
            found = json.loads(Path(path).read_bytes())
        except OSError as problem:
            raise InvalidInputError(
                f"{path} cannot be read: {problem.strerror or problem}.", "Give the path of a saved plan."
            ) from problem
        except (ValueError, RecursionError):
            found = None
        return read_plan(found, str(path))


def classes_of(session: Session) -> tuple[Any, ...]:
    """Return what a session's codes stand for, as JSON has it."""
    return tuple(to_scalar(value) for value in session.state.classes)


def taken_by(session: Session, plan: Plan) -> Plan:
    """Return a plan in terms of a session: its dataset, and codes of its classes.

    Parameters
    ----------
    session : Session
    plan : Plan

    Returns
    -------
    Plan

    Raises
    ------
    InvalidInputError
        It is of another dataset, or names rows or classes that this session does not have.
    """
    dataset = session.audit.dataset
    if plan.fingerprint and plan.fingerprint != dataset.fingerprint:
        raise InvalidInputError(
            f"The plan is of a dataset with the fingerprint {plan.fingerprint}, but these labels are"
            f" {dataset.name!r} with the fingerprint {dataset.fingerprint}.",
            "Use the ids and given labels that it was made with, or make another plan.",
        )
    shown = np.concatenate([plan.rows, *(page.rows for page in plan.pages)]).astype(np.int64)
    if len(shown) and not 0 <= shown.min() <= shown.max() < dataset.n:
        raise InvalidInputError(
            f"The plan names the row {int(shown.max()):,}, but {dataset.name!r} has {dataset.n:,} rows.",
            "Make the plan with session.plan(policy).",
        )
    classes = classes_of(session)
    known = plan.classes or classes
    code_of = {scalar_key(value): code for code, value in enumerate(classes)}
    table = np.array([code_of.get(scalar_key(value), -2) for value in known] + [-1], dtype=np.int64)
    labels = np.array([page.label for page in plan.pages], dtype=np.int64)
    suggested = np.asarray(plan.suggested, dtype=np.int64)
    if len(suggested) != len(plan.rows):
        suggested = np.full(len(plan.rows), -1, dtype=np.int64)
    named = np.concatenate([labels, suggested])
    if len(named) and not -1 <= named.min() <= named.max() < len(known):
        raise InvalidInputError("The plan names a class that there is not.", "Make it anew.")
    missing = named[table[named] == -2]
    if len(missing):
        raise InvalidInputError(
            f"The plan has pages of the class {known[int(missing[0])]!r}, which this session does not know.",
            "Merge the journal first in which that class was added: session.merge(path).",
        )
    pages = tuple(
        replace(page, label=int(code)) for page, code in zip(plan.pages, table[labels], strict=True)
    )
    return replace(
        plan,
        pages=pages,
        suggested=table[suggested],
        fingerprint=dataset.fingerprint,
        n=dataset.n,
        classes=classes,
    )

"""Propagation: what one fix of a row makes likely for its class and its other attributes; changes nothing."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.errors import InvalidInputError, InvalidTypeError, TaskError
from labelscope.review.events import scalar_key, to_scalar
from labelscope.review.live_tags import decided_classes, decided_tags
from labelscope.review.proposals import CLASS
from labelscope.scorers.concepts.concept_energy import ConceptEnergy
from labelscope.types import FloatArray, IntArray

if TYPE_CHECKING:
    from labelscope.auditing.audit import Audit
    from labelscope.review.session import Session
    from labelscope.scorers.concepts.fitted import FittedConceptEnergy
    from labelscope.scorers.concepts.mean_field import Beliefs

_CROSSED, _MOVED = 0.5, 0.2
_LEAST = 1e-300

# Energies live as long as the audit that they were fitted on.
_fitted: weakref.WeakKeyDictionary[Audit, FittedConceptEnergy] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


@dataclass(frozen=True)
class Proposal:
    """A change that a fix makes likely; nothing happens until a person takes it up.

    Attributes
    ----------
    variable : str
        Name of an attribute, or ``"class"``.
    kind : {"class", "attribute"}
    old : class value, 1, 0 or None
        What holds now; None where it is unknown.
    new : class value, 1 or 0
    p_old, p_new : float
        Probability of the attribute, or of the class ``new``, before and after the fix.
    energy_change : float
        By how much the joint energy changes as the variable goes from ``old`` to ``new``, in nats, with the
        fix clamped and the rest as it is expected then; below 0 speaks for the change. Where ``old`` is
        unknown: from the other value, or the next best class. Of the fix itself, before it is made.
    """

    variable: str
    kind: str
    old: Any
    new: Any
    p_old: float
    p_new: float
    energy_change: float = 0.0


def fitted_energy(audit: Audit) -> FittedConceptEnergy:
    """Return the joint energy of an audit with class and attributes; fitted once.

    Parameters
    ----------
    audit : Audit
        Of task ``"concepts"``.

    Returns
    -------
    FittedConceptEnergy
        From the given labels, so that what is proposed does not depend on the order of decisions.

    Raises
    ------
    TaskError
        There are no attributes.
    MissingEvidenceError
        Neither features nor probabilities.
    """
    if audit.dataset.concepts is None:
        raise TaskError(
            f"A fix is propagated between a class and attributes, but the task is {audit.dataset.task}.",
            "Pass attributes: ls.audit(ls.Dataset(data, labels, concepts=matrix)).",
        )
    with _lock:
        found = _fitted.get(audit)
        if found is None:
            evidence = audit.evidence.including(
                given_labels=audit.given_codes, concepts=audit.dataset.concepts.as_float()
            )
            found = _fitted[audit] = ConceptEnergy().fit(evidence)
        return found


def propose(session: Session, row: int, fix: Mapping[str, Any]) -> list[Proposal]:
    """Say what a fix makes likely for the rest of a row.

    Parameters
    ----------
    session : Session
        Of task ``"concepts"``. It is read only.
    row : int
    fix : mapping
        Names of attributes to 1 or 0 (or bool), and ``"class"`` to a class; done already or not yet. Where an
        attribute is itself called "class", the class is meant.

    Returns
    -------
    list of Proposal
        Variables that would change and whose probability crosses one half or moves by more than .2; the
        largest move first. Empty for a class that the audit does not know.

    Raises
    ------
    TaskError, InvalidInputError, InvalidTypeError
        No attributes, no such row, variable, class or value.

    Examples
    --------
    >>> import labelscope as ls
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat([0, 1], 100)
    >>> concepts = np.column_stack([y, y, 1 - y]).astype(float)
    >>> X = rng.normal(size=(200, 3)) + y[:, None]
    >>> concepts[3] = (1, 1, 0)
    >>> session = ls.Session(ls.audit(ls.Dataset(X, y, concepts=concepts)), journal=None)
    >>> sorted((one.variable, one.new) for one in propose(session, 3, {"1": 0}))
    [('0', 0), ('2', 1)]
    """
    found = fitted_energy(session.audit)
    rows = _checked_rows(session, [row])
    place, wanted = _read(session, fix)
    if wanted is None:
        return []
    concepts, codes = _before(session, rows, wanted)
    before, after = found.propagate(rows, wanted, concepts=concepts, codes=codes)
    return _proposals(session, 0, int(rows[0]), wanted, before, after, place)


def apply_to_similar(
    session: Session, rows: Sequence[int] | IntArray, row: int, fix: Mapping[str, Any]
) -> dict[int, list[Proposal]]:
    """Say what the same fix would do to rows that had the same wrong pattern; nothing is changed.

    Parameters
    ----------
    session : Session
    rows : (m,) int
        Where to look, such as the selection.
    row : int
        The row that was fixed.
    fix : mapping
        See `propose`.

    Returns
    -------
    dict of int to list of Proposal
        Rows of the selection, other than ``row``, that hold what ``row`` held before the fix, both in what
        was fixed and in what was proposed for it; each with the fix itself first.

    Raises
    ------
    TaskError, InvalidInputError, InvalidTypeError
        As for `propose`.
    """
    found = fitted_energy(session.audit)
    own = _checked_rows(session, [row])
    others = _checked_rows(session, rows)
    others = np.unique(others[others != own[0]])
    place, wanted = _read(session, fix)
    if wanted is None or not len(others):
        return {}
    concepts, codes = _before(session, own, wanted)
    pattern: set[str | int] = set(wanted)
    names = {name: column for column, name in enumerate(session.state.tag_names)}
    for one in propose(session, row, fix):
        pattern.add(CLASS if one.kind == CLASS else names[one.variable])
    now, held = _now(session, others)
    same = np.ones(len(others), dtype=bool)
    for variable in pattern:
        if isinstance(variable, str):
            same &= held == codes[0]
        else:
            mine = concepts[0, variable]
            same &= np.isnan(now[:, variable]) if np.isnan(mine) else now[:, variable] == mine
    alike = others[same]
    if not len(alike):
        return {}
    before, after = found.propagate(alike, wanted, concepts=now[same], codes=held[same])
    tags, whole = decided_tags(session.state)[alike], decided_classes(session.state)[alike]
    proposals = {}
    for i, similar in enumerate(alike.tolist()):
        first = [
            _itself(session, i, similar, variable, value, before, place) for variable, value in wanted.items()
        ]
        made = [
            *(one for one in first if one.old != one.new),
            *_proposals(session, i, similar, wanted, before, after, place),
        ]
        settled = {name for name, column in names.items() if tags[i, column]}
        stay = [one for one in made if (whole[i] if one.kind == CLASS else one.variable in settled)]
        if not any(one in stay for one in first):
            proposals[similar] = [one for one in made if one not in stay]
    return proposals


def _proposals(
    session: Session,
    i: int,
    row: int,
    wanted: Mapping[str | int, int],
    before: Beliefs,
    after: Beliefs,
    classes: list[Any],
) -> list[Proposal]:
    made = []
    now, held = _now(session, np.array([row]))
    for column, name in enumerate(session.state.tag_names):
        p_old, p_new = float(before.concepts[i, column]), float(after.concepts[i, column])
        old = None if np.isnan(now[0, column]) else int(now[0, column])
        new = int(p_new >= _CROSSED)
        if column not in wanted and old != new and _matters(p_old, p_new):
            made.append(Proposal(name, "attribute", old, new, p_old, p_new, _of_attribute(p_new, new)))
    best = int(after.classes[i].argmax())
    p_old, p_new = float(before.classes[i, best]), float(after.classes[i, best])
    if CLASS not in wanted and best != held[0] and p_new > p_old and _matters(p_old, p_new):
        change = _of_class(after.classes[i], int(held[0]), best)
        made.append(Proposal(CLASS, CLASS, _current_class(session, row), classes[best], p_old, p_new, change))
    return sorted(made, key=lambda one: -abs(one.p_new - one.p_old))


def _itself(
    session: Session,
    i: int,
    row: int,
    variable: str | int,
    value: int,
    before: Beliefs,
    classes: list[Any],
) -> Proposal:
    """Return the fix as a proposal for another row."""
    if isinstance(variable, str):
        old, p_old = _current_class(session, row), float(before.classes[i, value])
        change = _of_class(before.classes[i], int(_now(session, np.array([row]))[1][0]), value)
        return Proposal(CLASS, CLASS, old, classes[value], p_old, 1.0, change)
    now = _now(session, np.array([row]))[0][0, variable]
    old = None if np.isnan(now) else int(now)
    p_old = float(before.concepts[i, variable])
    name, change = session.state.tag_names[variable], _of_attribute(p_old, value)
    return Proposal(name, "attribute", old, value, p_old, float(value), change)


def _of_attribute(p: float, new: int) -> float:
    """Energy of a value less that of the other one: the probability is the Boltzmann one of the two."""
    odds = np.log(max(p, _LEAST)) - np.log(max(1.0 - p, _LEAST))
    return float(-odds if new == 1 else odds)


def _of_class(probs: FloatArray, old: int, new: int) -> float:
    rest = np.delete(probs, new)
    other = float(probs[old]) if old >= 0 else float(rest.max(initial=0.0))
    return float(np.log(max(other, _LEAST)) - np.log(max(float(probs[new]), _LEAST)))


def _matters(p_old: float, p_new: float) -> bool:
    return (p_old >= _CROSSED) != (p_new >= _CROSSED) or abs(p_new - p_old) > _MOVED


def _read(session: Session, fix: Mapping[str, Any]) -> tuple[list[Any], dict[str | int, int] | None]:
    """Return plain classes and the fix by columns and code; None where its class is new."""
    if not isinstance(fix, Mapping) or not fix:
        raise InvalidTypeError(
            f"fix is {fix!r:.60}.", 'Pass what was changed, such as {"wings": 1} or {"class": "bird"}.'
        )
    tags = session.audit.dataset.concepts
    assert tags is not None
    classes = [to_scalar(value) for value in session.audit.classes]
    wanted: dict[str | int, int] = {}
    for name, value in fix.items():
        if name != CLASS:
            if value not in (0, 1):
                raise InvalidInputError(
                    f"The attribute {name!r} is fixed to {value!r}.", "Pass 1 for present or 0 for absent."
                )
            wanted[tags.column(name)] = int(value)
            continue
        key = scalar_key(to_scalar(value))
        codes = [code for code, known in enumerate(classes) if scalar_key(known) == key]
        if not codes:
            if all(scalar_key(known) != key for known in session.state.classes):
                raise InvalidInputError.unknown("class", value, classes)
            return classes, None
        wanted[CLASS] = codes[0]
    return classes, wanted


def _before(session: Session, rows: IntArray, wanted: Mapping[str | int, int]) -> tuple[FloatArray, IntArray]:
    """Return attributes and class as they were before the fix: where it is done, what was given."""
    concepts, codes = _now(session, rows)
    tags, given = session.audit.dataset.concepts, session.audit.given_codes[rows]
    assert tags is not None
    for variable, value in wanted.items():
        if isinstance(variable, str):
            codes = np.where(codes == value, given, codes)
        else:
            own = concepts[:, variable]
            concepts[:, variable] = np.where(own == value, tags.as_float()[rows, variable], own)
    return concepts, codes


def _now(session: Session, rows: IntArray) -> tuple[FloatArray, IntArray]:
    """Return current attributes with NaN, and current classes, -1 for those that the audit does not know."""
    tags, codes = session.state.tags[rows], session.state.current[rows].astype(np.int64)
    concepts = np.where(tags < 0, np.nan, tags).astype(np.float64)
    return concepts, np.where(codes < len(session.audit.classes), codes, -1)


def _current_class(session: Session, row: int) -> Any:
    code = int(session.state.current[row])
    return None if code < 0 else to_scalar(session.state.classes[code])


def _checked_rows(session: Session, rows: Any) -> IntArray:
    given = np.asarray(rows)
    if given.size and given.dtype.kind not in "iu":
        raise InvalidTypeError(f"rows is {rows!r:.60}.", "Pass row numbers, which are positions from 0.")
    checked = given.astype(np.int64).reshape(-1)
    bad = checked[(checked < 0) | (checked >= session.audit.n)]
    if len(bad):
        raise InvalidInputError(f"There is no row {bad[0]}.", f"Rows are 0 to {session.audit.n - 1:,}.")
    return checked

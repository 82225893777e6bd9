"""How bad a mistake is, learned from what people said of others; until then what is usual for its kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.review.severity import CATEGORIES, SEVERITIES, USUAL_SEVERITY
from labelscope.types import Array, FloatArray, IntArray

if TYPE_CHECKING:
    from labelscope.review.findings import Findings
    from labelscope.review.mistakes import MistakeReview

#: With fewer severities nothing is learned.
FEWEST = 20
#: How many severities the usual one of a kind counts for, and each group the next smaller one starts from.
_PRIOR, _SHRINKAGE = 10.0, 2.0
#: What is said where the usual severity of a kind is all that there is.
_SURE = 0.6
_USUAL: IntArray = np.array([SEVERITIES.index(USUAL_SEVERITY[kind]) for kind in CATEGORIES])


@dataclass(frozen=True)
class SeverityHint:
    """A suggestion.

    Attributes
    ----------
    severity : str
        One of ``severity.SEVERITIES``.
    why : str
        What it rests on, in a sentence.
    learned : bool
        Whether on severities that people gave; else it is the usual one of the kind.
    """

    severity: str
    why: str
    learned: bool


@dataclass(frozen=True, eq=False)
class SeverityTable:
    """Severities that people gave, by kind of mistake and by what mistakes have in common.

    Attributes
    ----------
    kinds, severities : (m,) int64
        Positions in ``severity.CATEGORIES`` and ``severity.SEVERITIES``.
    groups : (m, g) int64
        What a mistake shares with others, the widest group first; -1 for nothing.
    names : g str
        What each group is: "mistakes of this kind …".
    accuracy, usual_accuracy : float
        Share of the severities that are suggested right when each is left out, and that of the kind's usual
        one.
    """

    kinds: IntArray
    severities: IntArray
    groups: IntArray
    names: tuple[str, ...]
    accuracy: float
    usual_accuracy: float

    @property
    def learned(self) -> bool:
        """Whether what was learned is used: there is enough, and it is better than the usual severity."""
        return len(self.kinds) >= FEWEST and self.accuracy > self.usual_accuracy

    def hint(self, kind: int, groups: Any, *, but: int = -1) -> SeverityHint:
        """Suggest the severity of a mistake.

        Parameters
        ----------
        kind : int
        groups : (g,) int
        but : int
            Position of a severity that is left out: the mistake's own.

        Returns
        -------
        SeverityHint
        """
        usual = SEVERITIES[int(_USUAL[kind])]
        if not self.learned:
            return SeverityHint(usual, f"{usual} is usual for this kind of mistake.", False)
        kept = np.arange(len(self.kinds)) != but
        p, told = _usual_of(np.array([kind]))[0], ("mistakes of this kind", np.zeros(3))
        same = kept & (self.kinds == kind)
        for place, name in enumerate(("", *self.names)):
            wanted = groups[place - 1] if place else 0
            among = same & (self.groups[:, place - 1] == wanted) if place and wanted >= 0 else same
            if place and wanted < 0:
                continue
            counts = np.bincount(self.severities[among], minlength=3).astype(np.float64)
            weight = _SHRINKAGE if place else _PRIOR
            p = (counts + weight * p) / (counts.sum() + weight)
            if counts.sum():
                told = (f"mistakes of this kind{f' {name}' if name else ''}", counts)
        best = int(p.argmax())
        words, counts = told
        n = int(counts.sum())
        said = f"{int(counts[best]):,} of {n:,} {words} were {SEVERITIES[best]}"
        return SeverityHint(SEVERITIES[best], f"{said}; with the others, {100 * p[best]:.0f} % likely.", True)


def learn_severity(
    kinds: Any, severities: Any, groups: Any = None, names: tuple[str, ...] = ()
) -> SeverityTable:
    """Learn severities from what people said.

    Parameters
    ----------
    kinds, severities : (m,) int
        Positions in ``severity.CATEGORIES`` and ``severity.SEVERITIES``.
    groups : (m, g) int, optional
        What a mistake shares with others, such as the predicted class, the widest first; -1 for nothing.
    names : g str
        What each group is.

    Returns
    -------
    SeverityTable
        What it suggests for a mistake is the share of each severity among mistakes of its kind, drawn toward
        the kind's usual one, then that among each of its groups, drawn toward the one before. It is used only
        where it suggests more severities right than the usual one of the kind does, each left out in turn.

    Examples
    --------
    >>> kinds = [0] * 30
    >>> found = learn_severity(kinds, [0] * 24 + [1] * 6)
    >>> found.hint(0, []).severity, found.accuracy, found.usual_accuracy
    ('major', 0.8, 0.2)
    """
    kind, bad = np.asarray(kinds, dtype=np.int64), np.asarray(severities, dtype=np.int64)
    table = np.full((len(kind), 0), -1) if groups is None else np.asarray(groups, dtype=np.int64)
    own = np.eye(len(SEVERITIES))[bad]
    p = _usual_of(kind)
    for place in range(table.shape[1] + 1):
        member = table[:, place - 1] if place else np.zeros(len(kind), dtype=np.int64)
        _, where = np.unique(np.stack([kind, member], axis=1), axis=0, return_inverse=True)
        sums = np.zeros((int(where.max(initial=-1)) + 1, len(SEVERITIES)))
        np.add.at(sums, where.ravel(), own)
        # Each severity is left out of what suggests it.
        counts, weight = sums[where.ravel()] - own, _SHRINKAGE if place else _PRIOR
        moved = (counts + weight * p) / (counts.sum(axis=1, keepdims=True) + weight)
        p = np.where((member >= 0)[:, None], moved, p)
    hits, usual = p.argmax(axis=1) == bad, _USUAL[kind] == bad
    shares = (float(one.mean()) if len(one) else 0.0 for one in (hits, usual))
    return SeverityTable(kind, bad, table, tuple(names), *shares)


def _usual_of(kinds: IntArray) -> FloatArray:
    """Probabilities (m, 3) that stand for the usual severity of a kind before anybody said one."""
    rest = (1.0 - _SURE) / len(SEVERITIES)
    return np.asarray(rest + _SURE * np.eye(len(SEVERITIES))[_USUAL[kinds]])


class Severities:
    """Suggests severities in a review of mistakes.

    Parameters
    ----------
    review : MistakeReview
        Mistakes are alike in how sure the model is, where the evidence says it, in being within a group of
        classes, where ``superclasses`` are given, in the predicted class, and in the pair of classes.
    found : Findings
        What people said by now.
    """

    def __init__(self, review: MistakeReview, found: Findings) -> None:
        made, k = review.mistakes, len(review.sets.classes)
        own = np.asarray(review.sets.original, dtype=np.int64)[made.rows]
        groups: list[Array] = []
        names: list[str] = []
        sure = _sureness(review)
        if sure is not None:
            groups.append(sure)
            names.append("of which the model was about as sure")
        if review.superclasses is not None:
            named = np.unique([str(one) for one in review.superclasses], return_inverse=True)[1]
            within = (named[np.maximum(own, 0)] == named[made.predictions]).astype(np.int64)
            groups.append(np.where(own >= 0, within, -1))
            names.append("as near in the groups of classes")
        groups += [made.predictions, np.where(own >= 0, own * k + made.predictions, -1)]
        names += ["with this prediction", "with this label and prediction"]
        self._groups = np.stack(groups, axis=1).astype(np.int64)
        self._given = np.flatnonzero((found.category >= 0) & (found.severity >= 0))
        given = self._given
        self.table = learn_severity(
            found.category[given], found.severity[given], self._groups[given], tuple(names)
        )

    def of(self, place: int) -> dict[str, SeverityHint]:
        """Return a suggestion for each kind that a mistake may be called, its own severity left out."""
        own = np.flatnonzero(self._given == place)
        but = int(own[0]) if len(own) else -1
        return {
            name: self.table.hint(kind, self._groups[place], but=but) for kind, name in enumerate(CATEGORIES)
        }


def _sureness(review: MistakeReview) -> IntArray | None:
    """Thirds of the predicted class's probability; None without probabilities of these classes."""
    probs = np.asarray(review.session.audit.evidence.get("pred_probs", ()))
    made, k = review.mistakes, len(review.sets.classes)
    if probs.ndim != 2 or probs.shape != (review.session.audit.n, k) or not len(made):
        return None
    said = probs[made.rows, made.predictions]
    return np.asarray(np.searchsorted(np.quantile(said, [1 / 3, 2 / 3]), said), dtype=np.int64)

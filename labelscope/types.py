"""The nouns that every layer shares: evidence, scores and the shapes of scorers, providers and policies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from labelscope.errors import MissingEvidenceError, Notice

if TYPE_CHECKING:
    from labelscope.data.dataset import Dataset

__all__ = [
    "Array",
    "BoolArray",
    "Estimate",
    "Evidence",
    "FloatArray",
    "IntArray",
    "Made",
    "Notice",
    "Policy",
    "Provider",
    "Ranking",
    "Score",
    "Scorer",
]

Array: TypeAlias = npt.NDArray[Any]
FloatArray: TypeAlias = npt.NDArray[np.floating[Any]]
IntArray: TypeAlias = npt.NDArray[np.integer[Any]]
BoolArray: TypeAlias = npt.NDArray[np.bool_]


class Evidence(Mapping[str, Any]):
    """Immutable named arrays about the rows.

    Parameters
    ----------
    items : mapping, optional
        Arrays by name.
    **named
        More of the same. ``given_labels`` (n,) holds labels as the user has them, with None or NaN for
        unlabelled rows; or, when ``classes`` (K,) is present, int codes into ``classes`` with -1 for
        unlabelled rows. ``features`` is (n, d), ``pred_probs`` (n, K), ``knn_ids`` and ``knn_distances``
        (n, k), ``map`` (n, 2).

    Examples
    --------
    >>> import numpy as np, labelscope as ls
    >>> evidence = ls.Evidence(given_labels=np.array([0, 1]), pred_probs=np.array([[.9, .1], [.8, .2]]))
    >>> sorted(evidence)
    ['given_labels', 'pred_probs']
    """

    __slots__ = ("__weakref__", "_items")
    _items: dict[str, Any]

    def __init__(self, items: Mapping[str, Any] | None = None, /, **named: Any) -> None:
        merged = {**(items or {}), **named}
        object.__setattr__(self, "_items", {k: _frozen(v) for k, v in merged.items() if v is not None})

    def __getitem__(self, name: str) -> Any:
        try:
            return self._items[name]
        except KeyError:
            raise MissingEvidenceError.of(name, present=self._items) from None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._items:
            raise AttributeError(f"no evidence {name!r}; there is {', '.join(sorted(self._items)) or 'none'}")
        return self._items[name]

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError("Evidence is immutable; use evidence.including(name=array)")

    def __reduce__(self) -> tuple[Any, ...]:
        return (Evidence, (self._items,))

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        parts = (f"{k}{list(v.shape)}" if hasattr(v, "shape") else k for k, v in self._items.items())
        return f"Evidence({', '.join(parts)})"

    def including(self, **more: Any) -> Evidence:
        """Return new evidence that also holds ``more``; None removes nothing and adds nothing."""
        return Evidence(self._items, **more)


def _frozen(value: Any) -> Any:
    """Show arrays read-only without copying, so that no scorer can change what another one reads."""
    if isinstance(value, np.ndarray):
        value = value.view()
        value.flags.writeable = False
    return value


@dataclass(frozen=True)
class Score:
    """What one method says about every row.

    Attributes
    ----------
    suspicion : (n,) float32
        In [0, 1], high means "look at this"; never NaN, 0 for unlabelled rows.
    suggested : (n,) labels, optional
        The label that the method would give.
    flagged : (n,) bool, optional
        Rows that the method calls wrong.
    details : dict of str to array
        Method-specific arrays with first axis n.
    meta : dict
        JSON-like facts; ``meta["scale"]`` is ``"rank"`` or ``"probability"``.

    Examples
    --------
    >>> import numpy as np, labelscope as ls
    >>> probs = np.array([[0.9, 0.1], [0.8, 0.2]])
    >>> score = ls.score("self_confidence", given_labels=[0, 1], pred_probs=probs)
    >>> int(score.suspicion.argmax()), score.meta["scale"]
    (1, 'rank')
    """

    suspicion: FloatArray
    suggested: Array | None = None
    flagged: BoolArray | None = None
    details: dict[str, Array] = field(default_factory=dict)
    meta: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Estimate:
    """A number with an interval.

    Attributes
    ----------
    value, low, high : float
        The estimate and the ends of its interval.
    level : float
        Coverage of the interval, e.g. 0.9.
    measured : bool
        True when it rests on human verdicts, False when it is a model's assumption.
    """

    value: float
    low: float
    high: float
    level: float = 0.9
    measured: bool = False


@dataclass(frozen=True)
class Made:
    """What a provider made: arrays for the evidence and JSON-like facts about how they came to be."""

    arrays: dict[str, Array]
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ranking:
    """Rows in the order in which to look at them, the weight of each, and facts about the order."""

    rows: IntArray
    weights: FloatArray
    meta: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Ranking of {len(self.rows):,} rows; meta: {', '.join(self.meta)}>"


@runtime_checkable
class Scorer(Protocol):
    """A pure function of evidence, written as a frozen dataclass of hyper-parameters."""

    @property
    def name(self) -> str:
        """Name in snake case."""
        ...

    @property
    def family(self) -> str:
        """Room that the method lives in."""
        ...

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the evidence that is read."""
        ...

    @property
    def tasks(self) -> tuple[str, ...]:
        """Tasks that are handled."""
        ...

    @property
    def reference(self) -> str:
        """Where the method was published."""
        ...

    @property
    def fitted(self) -> bool:
        """Whether something is trained, so that invariances hold only approximately."""
        ...

    def score(self, evidence: Evidence) -> Score:
        """Score every row; raises MissingEvidenceError when something in ``needs`` is absent."""
        ...


@runtime_checkable
class Provider(Protocol):
    """Makes evidence once for everyone, written as a frozen dataclass of settings."""

    @property
    def name(self) -> str:
        """Name in snake case."""
        ...

    @property
    def makes(self) -> tuple[str, ...]:
        """Names of the evidence that is made."""
        ...

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the evidence that is read."""
        ...

    def make(self, dataset: Dataset | None, evidence: Evidence, *, random_state: int = 0) -> Made:
        """Make the arrays named in ``makes`` from the dataset and the evidence named in ``needs``."""
        ...


@runtime_checkable
class Policy(Protocol):
    """Says what to look at next, written as a frozen dataclass."""

    @property
    def name(self) -> str:
        """Name in snake case."""
        ...

    def order(self, evidence: Evidence, n: int | None = None) -> Ranking:
        """Order rows; ``evidence`` holds suspicion, given and current labels and the rows' states."""
        ...

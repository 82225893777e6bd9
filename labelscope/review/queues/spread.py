"""Labels for unlabelled rows, proposed in rounds: the surest first, fewer in every round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from labelscope.data.arguments import check_counts, check_numbers
from labelscope.errors import InvalidInputError, MissingEvidenceError, notify
from labelscope.evidence import check_features
from labelscope.evidence.folds import matrix_keys
from labelscope.review.queues.foreign import UNREVIEWED, UNSURE, current_codes, excluded_rows, states
from labelscope.scorers.proportions import exact_interval
from labelscope.scorers.representation.spreading import SpreadResult, spread
from labelscope.types import Array, BoolArray, Estimate, Evidence, FloatArray, IntArray, Ranking

_MOSTLY_FOREIGN = 0.6
_PARTS = 2


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Spread labels from labelled rows to unlabelled ones, round by round (WAD).

    In each round a student learns from all labels and, weighed, from what the unlabelled rows are nearest to;
    the rows that it is surest of join with that label. Accept the proposals up to a round with
    ``session.relabel(*Spread.proposals(ranking, up_to=2), source="propagated")``.

    Parameters
    ----------
    n_rounds : int
        Rounds after the first one.
    alpha : float
        Share of the unlabelled rows that the first round absorbs; later shares fall to 0 as a polynomial of
        degree 2.
    gate : bool
        Weigh and order by weight × similarity × exp(-cross-entropy). False is the published rule, which lets
        in many rows that belong to no class.
    n_nearest : int, optional
        Mean of so many largest similarities to a class; by default 1 where all labelled rows are
        ``verified``, else 3, since one wrong label poisons its neighborhood.
    level : float
        Coverage of the intervals.

    Notes
    -----
    Rows come in the order of absorption; weights are exp(-cross-entropy) of the student and the proposal.
    ``meta`` holds ``labels`` (codes) and ``rounds`` of the rows in order; ``round`` (n,) int, the round in
    which each row is absorbed, 0 for never; ``n_left`` unlabelled rows; ``foreign_share`` estimated among
    them; and ``errors``: for each round and, as round 0, all of them, ``n_absorbed``, ``n_checked``,
    ``pseudo_labeling`` and ``invasion`` (`Estimate` or None) and ``measured``. Invasion is the share of
    absorbed rows that belong to no class which was labelled, pseudo-labeling the share of the others that got
    another class's label. Both are measured on rows without a given label that people have decided about
    since (``verified``): half of these at a time are treated as if nobody had seen them. Without such rows
    they are not measured.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 3)) + 6 * np.repeat(np.eye(3)[:2], 30, axis=0)
    >>> codes = np.full(60, -1); codes[:5] = 0; codes[30:35] = 1
    >>> ranking = Spread(alpha=0.2).order(Evidence(features=X, given_labels=codes, classes=np.arange(2)))
    >>> rows, labels = Spread.proposals(ranking, up_to=1)
    >>> len(rows), bool((np.array(labels) == (rows >= 30)).all())
    (10, True)
    """

    name: ClassVar[str] = "spread"

    n_rounds: int = 5
    alpha: float = 0.1
    gate: bool = True
    n_nearest: int | None = None
    level: float = 0.9

    def __post_init__(self) -> None:
        check_numbers(alpha=self.alpha, level=self.level)
        check_counts(n_rounds=self.n_rounds)
        check_counts(optional=True, n_nearest=self.n_nearest)
        if not 0 < self.alpha <= 1:
            raise InvalidInputError(f"alpha is {self.alpha}.", "Pass a share above 0, such as 0.1.")
        if not 0 < self.level < 1:
            raise InvalidInputError(f"level is {self.level}.", "Pass a coverage between 0 and 1.")
        if self.n_rounds < 1 or (self.n_nearest is not None and self.n_nearest < 1):
            raise InvalidInputError(
                f"n_rounds is {self.n_rounds}, n_nearest {self.n_nearest}.", "Pass 1 or more."
            )

    def order(self, evidence: Evidence, n: int | None = None) -> Ranking:
        """Order unlabelled rows by the round in which they would be absorbed.

        Parameters
        ----------
        evidence : Evidence
            ``features`` (n, d), ``current`` or ``given_labels`` (n,) codes with -1 for unlabelled rows,
            ``classes`` (K,); ``state`` (n,), ``verified`` (n,) bool and ``first_labels`` (n,) codes before
            the review where there are any, see `labelscope.review.current_evidence`.
        n : int, optional
            How many rows; by default all that are absorbed in any round.

        Returns
        -------
        Ranking
            Empty, with ``meta["why"]``, where nothing can be spread: fewer than two labelled classes, or no
            unlabelled row.

        Raises
        ------
        MissingEvidenceError
            No features.
        """
        if "features" not in evidence:
            raise MissingEvidenceError.of("features", type(self).__name__, evidence)
        codes, state = current_codes(evidence), states(evidence)
        features = check_features(evidence["features"], len(codes))
        out = excluded_rows(evidence, state)
        free = (codes < 0) & ~out & (state == UNREVIEWED)
        known = np.where(out | (state == UNSURE), -1, codes)
        n_classes = max(len(evidence.get("classes", ())), int(codes.max(initial=-1)) + 1)
        why = _why_not(known, free)
        if why:
            empty = np.empty(0, dtype=np.int64)
            nothing = {"labels": empty, "rounds": empty, "round": np.zeros(len(codes), dtype=np.int64)}
            return Ranking(empty, np.empty(0), {**nothing, "n_left": int(free.sum()), "why": why})
        nearest = self._nearest(evidence, known)
        found = self._spread(features, known, free, n_classes, nearest)
        first = np.asarray(evidence.get("first_labels", evidence["given_labels"]), dtype=np.int64)
        checkable = (first < 0) & _verified(evidence, len(codes)) & (out | (known >= 0))
        checked = self._checks(features, known, free, checkable, n_classes, nearest)
        errors = [
            self._errors(number, found, checked) for number in range(int(found.rounds.max(initial=0)) + 1)
        ]
        _warn(found, errors)
        when = np.zeros(len(codes), dtype=np.int64)
        when[found.rows] = found.rounds
        meta: dict[str, Any] = {
            "labels": found.labels[:n],
            "rounds": found.rounds[:n],
            "round": when,
            "n_left": int(free.sum()),
            "foreign_share": found.foreign_share,
            "errors": errors,
        }
        return Ranking(found.rows[:n].astype(np.int64), np.exp(-found.cross_entropy[:n]), meta)

    @staticmethod
    def proposals(
        ranking: Ranking, up_to: int | None = None, classes: Array | None = None
    ) -> tuple[IntArray, list[Any]]:
        """Return rows and labels of a ranking, ready for ``session.relabel``.

        Parameters
        ----------
        ranking : Ranking
            From :meth:`order`.
        up_to : int, optional
            Last round; by default all.
        classes : (K,) array, optional
            What codes stand for; by default labels are codes.

        Returns
        -------
        rows : (m,) int64
        labels : list of m labels

        Examples
        --------
        >>> meta = {"rounds": np.array([1, 1, 2]), "labels": np.array([0, 1, 0])}
        >>> ranking = Ranking(np.array([7, 3, 5]), np.array([0.9, 0.8, 0.6]), meta)
        >>> rows, labels = Spread.proposals(ranking, up_to=1, classes=np.array(["cat", "dog"]))
        >>> rows.tolist(), labels
        ([7, 3], ['cat', 'dog'])
        """
        rounds, codes = np.asarray(ranking.meta["rounds"]), np.asarray(ranking.meta["labels"])
        taken = np.ones(len(rounds), dtype=bool) if up_to is None else rounds <= up_to
        values = codes[taken].tolist()
        if classes is not None:
            values = [np.asarray(classes, dtype=object)[code] for code in values]
        return np.asarray(ranking.rows)[taken], values

    def _nearest(self, evidence: Evidence, known: IntArray) -> int:
        if self.n_nearest is not None:
            return self.n_nearest
        return 1 if _verified(evidence, len(known))[known >= 0].all() else 3

    def _spread(
        self, features: FloatArray, known: IntArray, free: BoolArray, n_classes: int, nearest: int
    ) -> SpreadResult:
        """Spread among rows in scope, and return the positions among all rows."""
        rows = np.flatnonzero(free | (known >= 0))
        found = spread(
            features[rows],
            known[rows],
            n_classes,
            n_rounds=self.n_rounds,
            alpha=self.alpha,
            gate=self.gate,
            n_nearest=nearest,
        )
        return SpreadResult(
            rows[found.rows],
            found.labels,
            found.rounds,
            found.cross_entropy,
            found.pred_probs,
            found.student,
            found.weight,
            found.foreign,
            found.foreign_share,
        )

    def _checks(
        self,
        features: FloatArray,
        known: IntArray,
        free: BoolArray,
        checkable: BoolArray,
        n_classes: int,
        nearest: int,
    ) -> IntArray:
        """Round, proposal, truth and whether it is a labelled class, of checkable rows that were absorbed."""
        part = (matrix_keys(features) % np.uint64(_PARTS)).astype(np.int64)
        seen = [np.empty((0, 4), dtype=np.int64)]
        for which in range(_PARTS):
            hidden = checkable & (part == which)
            codes = np.where(hidden, -1, known)
            if not hidden.any() or _why_not(codes, free | hidden):
                continue
            found = self._spread(features, codes, free | hidden, n_classes, nearest)
            at = np.flatnonzero(hidden[found.rows])
            truth = known[found.rows[at]]
            native = np.isin(truth, np.unique(codes[codes >= 0]))
            seen.append(np.stack([found.rounds[at], found.labels[at], truth, native], axis=1))
        return np.concatenate(seen)

    def _errors(self, number: int, found: SpreadResult, checked: IntArray) -> dict[str, Any]:
        here = checked if number == 0 else checked[checked[:, 0] == number]
        native = here[here[:, 3] == 1]
        absorbed = len(found.rows) if number == 0 else int((found.rounds == number).sum())
        return {
            "round": number,
            "n_absorbed": absorbed,
            "n_checked": len(here),
            "pseudo_labeling": self._share(int((native[:, 1] != native[:, 2]).sum()), len(native)),
            "invasion": self._share(len(here) - len(native), len(here)),
            "measured": len(here) > 0,
        }

    def _share(self, hits: int, n: int) -> Estimate | None:
        if not n:
            return None
        return Estimate(hits / n, *exact_interval(hits, n, self.level), level=self.level, measured=True)


def _why_not(known: IntArray, free: BoolArray) -> str:
    """Say why nothing can be spread, or nothing."""
    n_classes = len(np.unique(known[known >= 0]))
    if n_classes < 2:
        return f"Labels can be spread from two or more labelled classes, but there are {n_classes}."
    return "" if free.any() else "There is no unlabelled row to spread labels to."


def _verified(evidence: Evidence, n: int) -> BoolArray:
    if evidence.get("verified") is None:
        return np.zeros(n, dtype=bool)
    mask = np.asarray(evidence["verified"])
    if mask.shape != (n,):
        raise InvalidInputError(f"verified has the shape {mask.shape}.", f"Pass ({n},) bool, one a row.")
    return mask.astype(bool)


def _warn(found: SpreadResult, errors: list[dict[str, Any]]) -> None:
    invasion = errors[0]["invasion"]
    share = found.foreign_share
    if share > _MOSTLY_FOREIGN or (invasion is not None and invasion.low > _MOSTLY_FOREIGN / 2):
        seen = f", and of the rows absorbed {100 * invasion.value:.0f} %" if invasion is not None else ""
        notify(
            "spread_invaded",
            f"About {100 * share:.0f} % of the unlabelled rows seem to belong to no labelled class{seen}.",
            "Exclude foreign rows or label their classes (queues.Foreign) before labels are spread.",
        )

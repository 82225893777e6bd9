"""The queue of a review plan: rows and pages for reviewers, and what that is expected to catch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from labelscope.data.arguments import check_choice, check_counts, check_numbers, check_seed, is_listed
from labelscope.errors import InvalidInputError, MissingEvidenceError, notify
from labelscope.review.dealing import deal_pages
from labelscope.review.planning import calibration_of, caught_share, tail_chance
from labelscope.review.plans import Plan
from labelscope.types import Array, Evidence, FloatArray, IntArray, Ranking

GROUPS = ("predicted", "given")
_POINTS = 100


@dataclass(frozen=True, kw_only=True)
class ReviewPlan:
    """Pages of one predicted class each, for one or several people, with hidden copies.

    Parameters
    ----------
    budget : int or float, optional
        Rows to review: how many, or below 1 a share of the labelled ones. Copies come on top.
    target_accuracy : float, optional
        Instead of a budget: as many rows as it takes to reach this share of right labels, as estimated.
        Without either, the flagged rows, or all where none is flagged.
    group_by : {"predicted", "given"} or None
        What rows of a page have in common; None goes by suspicion alone.
    page : int
        Most rows of a page.
    overlap : float
        Copies per row, from which agreement is measured.
    self_overlap : float
        Share of the copies that come back to the same person, from which attention is measured.
    tail_quota : float
        Share of the budget for rows that may be of a small class: predictions of large classes swallow these.
    reviewers : int or names
    reviewer_error : float
        Share of looks that end with a wrong label, for the accuracy after.
    random_state : int

    Notes
    -----
    Grouping primes people to agree; switch on controls (`review.controls`), which are known to be wrong. With
    one reviewer nobody else can take copies, and only those for the same person are made.

    Pages of one class side by side, untouched means agreed: Pedersen et al., More efficient manual review of
    automatically transcribed tabular data, 2024 (Norwegian census of 1950).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> doubt = rng.beta(1, 30, size=1000)
    >>> evidence = Evidence(given_labels=rng.integers(3, size=1000), suspicion=doubt)
    >>> plan = ReviewPlan(budget=0.1, group_by="given", page=20, reviewers=["ada", "bob"]).plan(evidence)
    >>> len(plan.rows), plan.n_copies, plan.n_self, plan.caught.measured
    (100, 9, 1, False)
    """

    name: ClassVar[str] = "review_plan"

    budget: float | None = None
    target_accuracy: float | None = None
    group_by: str | None = "predicted"
    page: int = 60
    overlap: float = 0.10
    self_overlap: float = 0.14
    tail_quota: float = 0.0
    reviewers: int | Sequence[str] = 1
    reviewer_error: float = 0.0
    random_state: int = 0

    def __post_init__(self) -> None:
        if self.group_by is not None:
            check_choice("grouping", self.group_by, GROUPS)
        check_counts(page=self.page)
        check_seed(self.random_state)
        check_numbers(overlap=self.overlap, self_overlap=self.self_overlap, tail_quota=self.tail_quota)
        check_numbers(reviewer_error=self.reviewer_error)
        check_numbers(optional=True, target_accuracy=self.target_accuracy)
        if not isinstance(self.budget, bool):
            check_numbers(optional=True, budget=self.budget)
        if self.page < 1:
            raise InvalidInputError(f"page is {self.page!r}.", "Pass the rows of a page, such as 60.")
        for name in ("overlap", "self_overlap", "tail_quota"):
            if not 0 <= getattr(self, name) <= 1:
                raise InvalidInputError(f"{name} is {getattr(self, name)!r}.", "Pass a share from 0 to 1.")
        if not 0 <= self.reviewer_error < 1:
            raise InvalidInputError(f"reviewer_error is {self.reviewer_error!r}.", "Pass a share below 1.")
        if self.budget is not None and self.target_accuracy is not None:
            raise InvalidInputError("Both a budget and a target are given.", "Pass one of the two.")
        if self.budget is not None and (isinstance(self.budget, bool) or not 0 <= self.budget < np.inf):
            raise InvalidInputError(f"budget is {self.budget!r}.", "Pass a number of rows, or a share.")
        if self.target_accuracy is not None and not 0 < self.target_accuracy <= 1:
            raise InvalidInputError(
                f"target_accuracy is {self.target_accuracy!r}.", "Pass a share of right labels, such as 0.99."
            )
        object.__setattr__(self, "reviewers", _names(self.reviewers))

    def order(self, evidence: Evidence, n: int | None = None) -> Ranking:
        """Return the rows in the order of the pages, copies left out.

        Parameters
        ----------
        evidence : Evidence
            As for :meth:`plan`.
        n : int, optional
            How many rows at most.

        Returns
        -------
        Ranking
            Weights are the suspicion; ``meta["plan"]`` is the `Plan`, with copies.
        """
        plan = self.plan(evidence, n)
        shown = np.concatenate([[], *(page.rows for page in plan.pages)]).astype(np.int64)
        rows = shown[np.sort(np.unique(shown, return_index=True)[1])]
        weights = np.asarray(evidence["suspicion"], dtype=np.float64)[rows]
        return Ranking(rows, weights, {"plan": plan, "n_left": len(rows)})

    def plan(self, evidence: Evidence, n: int | None = None) -> Plan:
        """Choose rows and deal them to pages.

        Parameters
        ----------
        evidence : Evidence
            ``given_labels`` (n,) codes, -1 for unlabelled rows, ``suspicion`` (n,); ``suggested`` (n,) codes
            or ``pred_probs`` (n, K) for pages by predicted class; ``flagged`` (n,), and ``state`` (n,) and
            ``current`` (n,) of a review so far, whose 30 or more verdicts move the suspicion to what they
            say; ``verified`` (n,) bool leaves out what a method decided.
        n : int, optional
            Rows to review at most.

        Returns
        -------
        Plan

        Raises
        ------
        MissingEvidenceError
            Pages are by predicted class, but nothing is predicted.
        InvalidInputError
            Suspicion leaves [0, 1].
        """
        given = np.asarray(evidence["given_labels"])
        suspicion = _checked(evidence["suspicion"], len(given))
        if given.ndim != 1 or given.dtype.kind not in "iu":
            raise InvalidInputError(
                "A review plan groups rows by class, but the given labels are no codes of classes.",
                "Pass session.evidence() of a classification; tags and numbers have queues by suspicion.",
            )
        groups = self._groups(evidence, given)
        state = np.asarray(evidence.get("state", np.zeros(len(given))))
        open_ = (given >= 0) & (state == 0)
        # What a method decided is no verdict on suspicion.
        said = np.where(evidence["verified"], state, 0) if "verified" in evidence else state
        calibration = calibration_of(suspicion, given, said, self.reviewer_error)
        risk = np.where(open_, calibration(suspicion), 0.0)
        order = np.flatnonzero(open_)[np.argsort(-suspicion[open_], kind="stable")]
        n_labelled = max(int((given >= 0).sum()), 1)
        size = self._size(evidence, order, risk, n_labelled)
        if n is not None:
            size = min(size, int(n))
        rows, n_tail = self._chosen(evidence, given, order, risk, size)
        if self.target_accuracy is not None and n is None:
            # A quota takes places of more suspicious rows: a few more rows make up for it.
            goal = self._after(order[:size], risk, n_labelled) - 1e-12
            while len(rows) < len(order) and self._after(rows, risk, n_labelled) < goal:
                size += self.page
                rows, n_tail = self._chosen(evidence, given, order, risk, size)
        names = _names(self.reviewers)
        rng = np.random.default_rng([int(self.random_state), len(rows)])
        dealt = deal_pages(
            rows, groups[rows], risk[rows], names,
            page=int(self.page), overlap=self.overlap, self_overlap=self.self_overlap, rng=rng,
        )  # fmt: skip
        self._tell(len(rows), dealt.n_copies, dealt.n_self, len(names))
        return Plan(
            dealt.pages,
            "given" if self.group_by == "given" else "suggested",
            rows,
            dealt.n_copies,
            dealt.n_self,
            n_tail,
            caught_share(risk, rows, calibration),
            1 - float(risk.sum()) / n_labelled,
            self._after(rows, risk, n_labelled),
            self._curve(order, risk, n_labelled),
            _suggested(evidence, len(given))[rows],
            asdict(self),
        )

    def _groups(self, evidence: Evidence, given: Array) -> IntArray:
        if self.group_by is None:
            return np.full(len(given), -1, dtype=np.int64)
        if self.group_by == "given":
            return np.asarray(given, dtype=np.int64)
        if "suggested" not in evidence and "pred_probs" not in evidence:
            raise MissingEvidenceError.of("suggested", type(self).__name__, evidence)
        return _suggested(evidence, len(given))

    def _size(self, evidence: Evidence, order: IntArray, risk: FloatArray, n_labelled: int) -> int:
        """How many rows to review."""
        if self.budget is not None:
            share = 0 < self.budget < 1
            wanted = round(self.budget * n_labelled) if share else int(self.budget)
            return min(wanted, len(order))
        if self.target_accuracy is None:
            flagged = np.asarray(evidence.get("flagged", np.zeros(len(risk))), dtype=bool)[order]
            return int(flagged.sum()) or len(order)
        gains = np.cumsum(risk[order] - self.reviewer_error)
        after = 1 - (float(risk.sum()) - np.concatenate([[0.0], gains])) / n_labelled
        reached = np.flatnonzero(after >= self.target_accuracy)
        if len(reached):
            return int(reached[0])
        notify(
            "target_out_of_reach",
            f"An accuracy of {self.target_accuracy:.4f} is out of reach: reviewing brings at most"
            f" {float(after.max()):.4f}, as estimated.",
            "The plan stops there; a second look at each row lowers the reviewers' own error.",
        )
        return int(after.argmax())

    def _chosen(
        self, evidence: Evidence, given: IntArray, order: IntArray, risk: FloatArray, size: int
    ) -> tuple[IntArray, int]:
        size = min(size, len(order))
        quota = round(self.tail_quota * size)
        plain = order[: size - quota]
        rest = order[size - quota :]
        chance = tail_chance(evidence, given, risk)
        extra = rest[np.argsort(-chance[rest], kind="stable")[:quota]]
        taken = np.zeros(len(given), dtype=bool)
        taken[plain] = taken[extra] = True
        by_doubt = np.zeros(len(given), dtype=bool)
        by_doubt[order[:size]] = True
        return order[taken[order]], int((taken & ~by_doubt).sum())

    def _after(self, rows: IntArray, risk: FloatArray, n_labelled: int) -> float:
        left = float(risk.sum() - risk[rows].sum()) + self.reviewer_error * len(rows)
        return 1 - left / n_labelled

    def _curve(
        self, order: IntArray, risk: FloatArray, n_labelled: int
    ) -> tuple[tuple[int, float, float], ...]:
        found = np.concatenate([[0.0], np.cumsum(risk[order])])
        total = float(risk.sum())
        at = np.unique(np.linspace(0, len(order), _POINTS).round().astype(int))
        left = total - found[at] + self.reviewer_error * at
        caught = found[at] / total if total > 0 else np.zeros(len(at))
        after = 1 - left / n_labelled
        return tuple(zip(at.tolist(), caught.tolist(), after.tolist(), strict=True))

    def _tell(self, n_rows: int, n_copies: int, n_self: int, n_reviewers: int) -> None:
        wanted = round(self.self_overlap * round(self.overlap * n_rows))
        if n_reviewers == 1 and self.overlap > 0 and self.self_overlap < 1 and n_rows:
            notify(
                "one_reviewer",
                "With one reviewer nobody else can look at copies, so that agreement cannot be measured.",
                "Name two or more: ReviewPlan(reviewers=['ada', 'bob']).",
            )
        if n_self < wanted:
            notify(
                "copies_left_out",
                f"{n_self:,} of {wanted:,} copies for the same person could be placed two pages away.",
                "Make pages smaller, or review more rows.",
            )


def _suggested(evidence: Evidence, n: int) -> IntArray:
    """Codes of the suggestions; -1 for none."""
    if "suggested" in evidence:
        return np.asarray(evidence["suggested"], dtype=np.int64)
    if "pred_probs" in evidence:
        return np.asarray(np.asarray(evidence["pred_probs"]).argmax(axis=1), dtype=np.int64)
    return np.full(n, -1, dtype=np.int64)


def _checked(values: Any, n: int) -> FloatArray:
    found = np.asarray(values, dtype=np.float64)
    if found.shape != (n,):
        raise InvalidInputError.wrong_length("suspicion", len(found), n)
    if n and not (np.isfinite(found).all() and found.min() >= 0 and found.max() <= 1):
        raise InvalidInputError("suspicion must lie in [0, 1] without NaN.", "Rescale it; high is suspect.")
    return found


def _names(reviewers: Any) -> tuple[str, ...]:
    if isinstance(reviewers, int | np.integer) and not isinstance(reviewers, bool):
        if reviewers < 1:
            raise InvalidInputError(f"reviewers is {reviewers}.", "Pass one or more.")
        return tuple(f"reviewer {place + 1}" for place in range(int(reviewers)))
    names = tuple(reviewers) if is_listed(reviewers) else ()
    if not names or not all(isinstance(name, str) and name.strip() for name in names):
        raise InvalidInputError(
            f"reviewers is {reviewers!r:.60}.", "Pass how many, or their names: ['ada', 'bob']."
        )
    if len(set(names)) < len(names):
        raise InvalidInputError(f"reviewers names someone twice: {', '.join(names)}.", "Name each once.")
    return names

"""Self-confidence that does not give up rare classes: balanced heads and self-training on unlabelled rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from labelscope.errors import InvalidInputError, MissingEvidenceError, notify
from labelscope.evidence import check_features
from labelscope.evidence.imbalance import REPRESENTATIONS, Setting, setting
from labelscope.evidence.pool_relevance import RELEVANT_ENOUGH, trusted_weight
from labelscope.evidence.self_training import OutOfFold, Regime, out_of_fold
from labelscope.scorers.inputs import Inputs, labels_of, read
from labelscope.types import Array, BoolArray, Evidence, FloatArray, IntArray, Score

BALANCES = ("effective", "none")
_TAIL_SHARE = 0.5
# A tail class is small for its share of the rows, too: equal classes have no tail.
_TAIL_SIZE = 0.75


@dataclass(frozen=True, kw_only=True)
class ImbalanceAware:
    """Doubt labels by out-of-sample probabilities of heads that are trained for imbalance.

    Where classes are unequal, a plain head hardly ever predicts a rare one, and nearly all rows of rare
    classes look wrong. Here classes weigh by their effective number of rows; unlabelled rows, in each fold
    with pseudo-labels of its own training part, add what rare classes look like.

    Parameters
    ----------
    omega : float
        Weight of the mean loss on the unlabelled rows. It is lowered where part of them seems to belong to
        no labelled class: all of it holds from 60 % relevant rows on, none of it below 40 %.
    balance : {"effective", "none"}
        Whether classes are weighed. Always balance before self-training: pseudo-labels repeat the bias of
        the head that makes them.
    n_rounds : int
        Rounds of self-training.
    representation : {"auto", "given", "kernel"}
        ``"kernel"`` takes label-free principal components under a Gaussian kernel; ``"auto"`` takes them in
        the folds in which they predict one half of the training rows clearly better from the other half.
    n_folds : int
    beta : float
        Of the effective number (1 - beta**n) / (1 - beta).
    penalty : float
        Strength of the squared penalty on standardized features; one over scikit-learn's C.
    random_state : int
        Seed of the folds.

    Notes
    -----
    Features must not have been trained with the labels. ``suspicion`` is 1 minus the probability of the
    given label; ``flagged`` are rows where another class is likelier. Rows of whose class no other fold
    holds a row cannot be judged: their suspicion is .5 and they are not flagged. With fewer than two
    labelled classes nothing is suspected.

    ``suggested`` holds pseudo-labels for unlabelled rows. ``details``: ``p_given``, ``p_suggested`` (n,),
    ``tail`` (n,) bool, whether the given (or, for unlabelled rows, the suggested) class is a small one, and
    ``pool`` (n,) bool. ``meta``: ``counts``, ``is_tail``, ``imbalance`` and ``pool_imbalance`` (largest class
    over the smallest), ``n_pool``, ``relevance`` of the pool, ``omega`` as it was used, ``representation``.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat([0, 1], [80, 8])
    >>> X = rng.normal(size=(88, 2)) + 4 * y[:, None]
    >>> y[0] = 1
    >>> int(ImbalanceAware().score(Evidence(given_labels=y, features=X)).suspicion.argmax())
    0
    """

    name: ClassVar[str] = "imbalance_aware"
    family: ClassVar[str] = "confident"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "features")
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    reference: ClassVar[str] = (
        "Yang, Xu: Rethinking the value of labels for improving class-imbalanced learning, NeurIPS 2020"
    )
    fitted: ClassVar[bool] = True

    omega: float = 1.0
    balance: str = "effective"
    n_rounds: int = 2
    representation: str = "auto"
    n_folds: int = 5
    beta: float = 0.9999
    penalty: float = 10.0
    random_state: int = 0

    def __post_init__(self) -> None:
        if self.balance not in BALANCES:
            raise InvalidInputError.unknown("balance", self.balance, BALANCES)
        if self.representation not in REPRESENTATIONS:
            raise InvalidInputError.unknown("representation", self.representation, REPRESENTATIONS)
        if not self.omega >= 0 or not np.isfinite(self.omega):
            raise InvalidInputError(f"omega is {self.omega}.", "Pass a weight of 0 or more; 1 is usual.")
        if not self.penalty > 0:
            raise InvalidInputError(f"penalty is {self.penalty}.", "Pass a number above 0.")
        if not 0 <= self.beta <= 1:
            raise InvalidInputError(f"beta is {self.beta}.", "Pass a number from 0 to 1, such as 0.9999.")
        for name, least in (("n_rounds", 0), ("n_folds", 2)):
            if getattr(self, name) < least:
                raise InvalidInputError(f"{name} is {getattr(self, name)}.", f"Pass {least} or more.")

    def score(self, evidence: Evidence) -> Score:
        """Score every row, unlabelled ones included in the suggestions.

        Parameters
        ----------
        evidence : Evidence
            ``given_labels`` (n,), the unlabelled rows being the pool, and label-free ``features`` (n, d);
            ``excluded`` (n,) bool marks rows that are out of scope, where there are any; ``groups`` and
            ``duplicates`` keep rows in one fold.

        Returns
        -------
        Score

        Raises
        ------
        MissingEvidenceError, InvalidInputError
            Evidence is absent or does not fit.
        """
        inputs, found = self.setting(evidence)
        if found is None:
            return _everything_fine(inputs)
        omega = trusted_weight(self.omega, found.relevance)
        warn_of_pool(found, omega)
        made = out_of_fold(
            found.spaces, found.codes, found.folds, found.pool, inputs.n_classes, self.regime(omega)
        )
        return self._result(inputs, found, made, omega)

    def regime(self, omega: float, *, balanced: bool | None = None) -> Regime:
        """Return the regime of these settings, with the weight that the pool gets."""
        weighed = self.balance == "effective" if balanced is None else balanced
        return Regime(weighed, omega, self.n_rounds, self.beta, self.penalty)

    def setting(self, evidence: Evidence) -> tuple[Inputs, Setting | None]:
        """Validate the evidence and prepare folds, pool and representations.

        Parameters
        ----------
        evidence : Evidence
            As :meth:`score` takes it.

        Returns
        -------
        Inputs
        Setting or None
            None where fewer than two classes are labelled.
        """
        if "features" not in evidence:
            raise MissingEvidenceError.of("features", type(self).__name__, evidence)
        inputs = read(evidence, type(self).__name__)
        features = check_features(evidence["features"], inputs.n)
        excluded = _excluded(evidence, inputs.n)
        if len(np.unique(inputs.codes[inputs.labelled & ~excluded])) < 2:
            return inputs, None
        return inputs, setting(
            features,
            inputs.codes,
            inputs.n_classes,
            excluded=excluded,
            evidence=evidence,
            representation=self.representation,
            n_folds=self.n_folds,
            random_state=self.random_state,
        )

    def _result(self, inputs: Inputs, found: Setting, made: OutOfFold, omega: float) -> Score:
        rows, judged = np.arange(inputs.n), found.codes >= 0
        given, best = np.maximum(found.codes, 0), made.pred_probs.argmax(axis=1)
        doubt = np.where(made.unseen, 0.5, 1.0 - made.pred_probs[rows, given])
        counts = np.bincount(found.codes[judged], minlength=inputs.n_classes)
        is_tail = tail_classes(counts)
        details: dict[str, Array] = {
            "p_given": np.where(judged, made.pred_probs[rows, given], 0.0),
            "p_suggested": made.pred_probs[rows, best],
            "tail": np.asarray(is_tail[np.where(judged, given, best)]),
            "pool": np.isin(rows, found.pool),
        }
        meta: dict[str, Any] = {
            "scale": "rank",
            "counts": counts.tolist(),
            "is_tail": is_tail.tolist(),
            "imbalance": imbalance_of(counts),
            "pool_imbalance": imbalance_of(np.bincount(best[found.pool], minlength=inputs.n_classes)),
            "n_pool": len(found.pool),
            "relevance": found.relevance,
            "omega": omega if len(found.pool) else 0.0,
            "representation": self._chosen(made, found),
        }
        return Score(
            suspicion=np.where(judged, np.clip(doubt, 0, 1), 0).astype(np.float32),
            suggested=labels_of(best, inputs.classes),
            flagged=np.asarray(judged & ~made.unseen & (best != given)),
            details=details,
            meta=meta,
        )

    def _chosen(self, made: OutOfFold, found: Setting) -> str:
        if self.representation == "kernel":
            return "kernel"
        return "kernel" if 2 * sum(made.chosen) > len(made.chosen) and len(found.spaces) > 1 else "given"


def tail_classes(counts: IntArray) -> BoolArray:
    """Return (K,) bool: the smaller half of the classes, as far as they are smaller than the mean class."""
    present = counts[counts > 0]
    if not len(present):
        return np.zeros(len(counts), dtype=bool)
    place = int(_TAIL_SHARE * len(present))
    middle = np.sort(present)[place]
    return np.asarray((counts > 0) & (counts < middle) & (counts < _TAIL_SIZE * present.mean()))


def imbalance_of(counts: IntArray) -> float:
    """Largest class over the smallest one that has rows; 1 where there are none."""
    present = counts[counts > 0]
    return float(present.max() / present.min()) if len(present) else 1.0


def warn_of_pool(found: Setting, omega: float) -> None:
    """Say that part of the pool belongs to no class, and what was done about it."""
    if np.isfinite(found.relevance) and found.relevance < RELEVANT_ENOUGH:
        notify(
            "pool_foreign",
            f"About {100 * (1 - found.relevance):.0f} % of the {len(found.pool):,} unlabelled rows seem to"
            f" belong to no labelled class; they count {omega:.2f} times what they were meant to."
            if omega > 0
            else f"About {100 * (1 - found.relevance):.0f} % of the {len(found.pool):,} unlabelled rows seem"
            " to belong to no labelled class; they are not learned from.",
            "Look at the most foreign ones (queues.Foreign) and exclude them, or label their classes.",
        )


def _excluded(evidence: Evidence, n: int) -> BoolArray:
    if evidence.get("excluded") is None:
        return np.zeros(n, dtype=bool)
    mask = np.asarray(evidence["excluded"])
    if mask.shape != (n,):
        raise InvalidInputError(f"excluded has the shape {mask.shape}.", f"Pass ({n},) bool, one a row.")
    return mask.astype(bool)


def _everything_fine(inputs: Inputs) -> Score:
    """Fewer than two labelled classes: nothing can be wrong, and the one class is all there is to suggest."""
    zeros, no = np.zeros(inputs.n), np.zeros(inputs.n, dtype=bool)
    present = np.unique(inputs.codes[inputs.labelled])
    only: FloatArray = np.full(inputs.n, present[0] if len(present) else 0)
    details: dict[str, Array] = {
        "p_given": np.where(inputs.labelled, 1.0, 0.0),
        "p_suggested": np.full(inputs.n, float(len(present) > 0)),
        "tail": no,
        "pool": np.asarray(~inputs.labelled),
    }
    notify(
        "too_few_classes",
        f"{len(present)} class{'es have' if len(present) != 1 else ' has'} labelled rows, so no label can be"
        " doubted.",
        "Label some rows of two or more classes first.",
    )
    suggested = labels_of(only.astype(np.int64), inputs.classes)
    return Score(zeros.astype(np.float32), suggested, no.copy(), details, {"scale": "rank"})

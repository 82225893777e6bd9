"""PU-MLC: what is tagged is right, what is not tagged is unknown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.scorers.multilabel.cross_fitting import cross_fitted
from labelscope.scorers.multilabel.prevalence import estimate_prevalence, missing_given, posterior, spurious
from labelscope.scorers.multilabel.pu_fit import PUSettings, TrainedHead, fit_positive_unlabeled
from labelscope.scorers.multilabel.tag_rows import counted, pooled
from labelscope.scorers.multilabel.unlabelled_reading import PartialTags, read_partial
from labelscope.types import BoolArray, Evidence, FloatArray, IntArray, Score

_LIKELY = 0.5


@dataclass(frozen=True, kw_only=True)
class PositiveUnlabeled:
    """Find missing tags by learning from the given ones alone (PU-MLC).

    A head on features is trained, out of fold, by the variational loss for positive and unlabelled data: no
    entry that is merely not tagged ever counts as a negative.

    Parameters
    ----------
    gamma : float
        How much the unlabelled term of rare tags is damped. 0 is the plain variational loss: equal or
        slightly better in order where few tags are missing, with less recall at one half where many are.
    alpha : float
        Temperature per deviation of the logits: bunched logits are sharpened.
    mix : float
        Both parameters of the Beta distribution that shares of mixup come from; 0 is no mixup.
    epochs : int
        Passes over the rows; fewer from 10,000 rows on, more below 2,000.
    n_hidden : int
        Hidden units between features and tags; 0 is a linear head.
    n_folds : int
        Folds; fewer where there are fewer rows.
    batch_size : int
        Rows of a batch, at least; a batch needs some of every tag, and more than the 35 images published.
    spurious_rate : float
        Share of the given tags taken to be wrong. Given tags are trusted in training, so that this score
        is the weaker one.
    random_state : int
        Seed of folds, batches and mixup.

    Notes
    -----
    ``given_labels`` (n, K): 1 is a tag; 0, -1 and NaN all mean that nobody said so. Where a person did say
    no, pass ``tag_negatives`` (n, K) bool. Rows of which nothing is known count as unlabelled data, and
    their own suspicion is 0.

    ``details``: ``missing`` (n, K), the probability that a tag that is not given should be there;
    ``spurious`` (n, K), the probability that a given one should not; ``probability`` (n, K) out of fold,
    whatever is given; ``flagged_tags`` (n, K) bool, the entries that are more likely wrong than right, which
    the suggested set turns; ``prevalence`` (n, K), the same in every row.
    ``meta``: ``prevalence`` (K,), ``tag_counts`` with ``given``, ``estimated``, ``missing`` and ``spurious``
    by tag, ``told`` (K,) bool, whether there was anything to learn from, and ``assumes``. Probabilities add
    up to the prevalence, which assumes that given tags are a random sample of the true ones: where easy
    cases are tagged more often, fewer tags are found missing than are.

    ``gamma`` and ``alpha`` are the published ones for COCO; for VOC they are .85 and 2.

    Tags that no row has, tags whose only row is held out, and data too small for two folds have no opinion:
    0 in all details.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> true = rng.random((300, 2)) < 0.4
    >>> X = true @ [[3.0, 0.0], [0.0, 3.0]] + rng.normal(size=(300, 2))
    >>> given = true & (rng.random(true.shape) < 0.5)
    >>> score = PositiveUnlabeled().score(Evidence(given_labels=given, features=X))
    >>> found, lost = score.details["missing"], true & ~given
    >>> bool(found[lost].mean() > 3 * found[~true].mean())
    True
    """

    name: ClassVar[str] = "positive_unlabeled"
    family: ClassVar[str] = "multilabel"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "features")
    uses: ClassVar[tuple[str, ...]] = ("tag_negatives", "groups", "duplicates")
    tasks: ClassVar[tuple[str, ...]] = ("multilabel",)
    reference: ClassVar[str] = (
        "Yuan et al.: Positive label is all you need for multi-label classification, ICME 2024; "
        "Chen et al.: A variational approach for learning from positive and unlabeled data, NeurIPS 2020"
    )
    fitted: ClassVar[bool] = True

    gamma: float = 0.55
    alpha: float = 1.0
    mix: float = 0.3
    epochs: int = 60
    n_hidden: int = 0
    n_folds: int = 5
    batch_size: int = 256
    spurious_rate: float = 0.05
    random_state: int = 0

    def __post_init__(self) -> None:
        for name, least in (("gamma", 0), ("mix", 0), ("n_hidden", 0), ("epochs", 1), ("n_folds", 2)):
            if not getattr(self, name) >= least:
                raise InvalidInputError(f"{name} is {getattr(self, name)}.", f"Pass {least} or more.")
        if not (self.alpha > 0 and self.batch_size >= 2):
            raise InvalidInputError(
                f"alpha is {self.alpha} and batch_size {self.batch_size}.",
                "Pass an alpha above 0 and a batch_size of 2 or more.",
            )
        if not 0 < self.spurious_rate < 1:
            raise InvalidInputError(
                f"spurious_rate is {self.spurious_rate}.", "Pass a share between 0 and 1."
            )

    @property
    def settings(self) -> PUSettings:
        """The same settings for `labelscope.scorers.multilabel.pu_fit`."""
        names = PUSettings.__dataclass_fields__
        return PUSettings(**{name: getattr(self, name) for name in names if hasattr(self, name)})

    def score(self, evidence: Evidence) -> Score:
        """Score every row.

        Parameters
        ----------
        evidence : Evidence
            ``given_labels`` (n, K) of 1, 0 and -1 or NaN, ``features`` (n, d); optionally ``tag_negatives``
            (n, K) bool, and ``groups`` and ``duplicates`` (n,), rows of which share a fold.

        Returns
        -------
        Score
            ``suggested`` is (n, K) int8, the set of tags that each row should have.

        Raises
        ------
        MissingEvidenceError, InvalidInputError, InvalidTypeError
            Evidence is absent or does not fit.
        """
        read = read_partial(evidence, type(self).__name__)
        logits = self._logits(read)
        prevalence = estimate_prevalence(logits, read.positive)
        probability = posterior(logits, read.positive, prevalence)
        return scored(
            read, probability, prevalence, self.spurious_rate, told=np.asarray(~np.isnan(logits).all(axis=0))
        )

    def _logits(self, read: PartialTags) -> FloatArray:
        def fit(rows: IntArray) -> TrainedHead:
            negative = None if read.negative is None else read.negative[rows]
            return fit_positive_unlabeled(
                read.features[rows], read.positive[rows], self.settings, negative=negative
            )

        logits, _ = cross_fitted(
            read.features,
            read.positive,
            fit,
            n_folds=self.n_folds,
            units=read.units,
            random_state=self.random_state,
        )
        return logits


def scored(
    read: PartialTags,
    probability: FloatArray,
    prevalence: FloatArray,
    spurious_rate: float,
    *,
    told: BoolArray,
) -> Score:
    """Turn out-of-fold probabilities of tags into a score.

    Parameters
    ----------
    read : PartialTags
    probability : (n, K) float
    prevalence : (K,) float
    spurious_rate : float
        Share of the given tags taken to be wrong.
    told : (K,) bool
        Tags about which something was learned.
    """
    n = len(read.tags)
    missing = missing_given(probability, read.positive, prevalence).astype(np.float32)
    wrong = spurious(probability, read.positive, prevalence, spurious_rate).astype(np.float32)
    tags = read.positive.astype(np.int8)
    entries = np.maximum(missing, wrong) >= _LIKELY
    suggested = np.where(entries, 1 - tags, tags).astype(np.int8)
    suspicion = np.where(read.labelled, pooled(np.maximum(missing, wrong), "any"), 0.0)
    facts: dict[str, Any] = {
        "scale": "rank",
        "prevalence": [float(value) for value in prevalence],
        "tag_counts": counted(tags, missing, wrong),
        "told": [bool(value) for value in told],
        "assumes": "given tags are a random sample of the true ones",
    }
    return Score(
        suspicion=suspicion.astype(np.float32),
        suggested=suggested,
        flagged=np.asarray(entries.any(axis=1) & read.labelled),
        details={
            "missing": missing,
            "spurious": wrong,
            "probability": probability.astype(np.float32),
            "flagged_tags": entries & read.labelled[:, None],
            "prevalence": np.broadcast_to(prevalence.astype(np.float32), (n, len(prevalence))).copy(),
        },
        meta=facts,
    )

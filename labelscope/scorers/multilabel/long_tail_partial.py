"""COMIC: recover missing tags where a few tags are frequent, many are rare, and most are not annotated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.scorers.multilabel.cross_fitting import cross_fitted
from labelscope.scorers.multilabel.heads import sigmoid
from labelscope.scorers.multilabel.long_tail_fit import LongTailModel, LongTailSettings, fit_long_tail
from labelscope.scorers.multilabel.multi_focal import corrected
from labelscope.scorers.multilabel.prevalence import estimate_prevalence, posterior, spurious
from labelscope.scorers.multilabel.tag_rows import pooled
from labelscope.scorers.multilabel.unlabelled_reading import PartialTags, read_partial
from labelscope.types import Array, BoolArray, Evidence, FloatArray, IntArray, Score

_MANY, _FEW = 100, 20
_SPURIOUS_RATE = 0.05


@dataclass(frozen=True, kw_only=True)
class LongTailPartial:
    """Recover missing tags, rare ones included (COMIC, for long-tailed multi-label data with partial labels).

    Three parts, each of which can be switched off. The corrector takes entries for present that the model
    rates above ``tau`` and above the tag's own average; they enter a small additional loss and are found
    anew in every epoch. The modifier focuses on hard entries, given and unknown ones apart, and weighs rare
    tags more. The balancer trains a head model on rows as they come and a tail model on rows with rare tags,
    and a balanced model that learns from both. Everything is trained out of fold.

    Parameters
    ----------
    tau : float
        Least probability of a recovered tag.
    alpha : float
        Power of the losses of head and tail model that weigh what is learned from each.
    gamma_neg, gamma_pos : float
        Focus on hard unknown and hard given entries.
    clip : float
        How far probabilities of unknown entries are moved down before they count.
    rlc_weight : float
        Weight of the corrector's loss.
    corrector, modifier, balancer : bool
        The three parts. Without any it is cross-entropy with unknown entries as negatives.
    n_folds : int
        Folds; fewer where there are fewer rows.
    random_state : int
        Seed of folds and batches.

    Notes
    -----
    ``given_labels`` (n, K): 1 is a tag; 0, -1 and NaN all are unknown. ``suspicion`` is the likeliest missing
    or spurious entry of a row, an order; ``flagged`` are rows with a recovered tag, and ``suggested`` adds
    those to the given ones.

    ``details``: ``recovered`` (n, K) bool; ``first_recovered`` (n, K) int16, epoch from which an entry stayed
    above its threshold, 0 for never; ``probability`` (n, K) of the balanced model, on its own scale, which is
    not calibrated: show the precision of reviewed rows. ``missing`` (n, K) is that probability where a tag is
    not given, ``spurious`` (n, K) the weaker opposite (see `labelscope.scorers.PositiveUnlabeled`).
    ``head_probability`` and ``tail_probability`` (n, K) are the two opinions; without the balancer both are
    the one model's.

    ``meta``: ``tags``, a list of ``given``, ``recovered``, ``corrected``, ``group`` and ``group_after`` by
    tag, and ``groups``, with ``tags``, ``given``, ``corrected`` and ``tags_after`` of ``many`` (above 100
    rows), ``medium`` (20 to 100) and ``few``; ``tag_counts`` as for other methods; ``corrections`` by tag in
    the last epoch, mean over folds.

    On fixed features no gain in mean average precision is to be had over cross-entropy; the value is the
    list of recovered tags. Left out of the published code are the bias vectors of the head and tail model
    (on fixed features the samplers alone make the two differ), the fusion of features by attention, the
    normalized classifiers, and the softening by tags that go together; rarity sharpens the focus on unknown
    entries only. ``alpha``, ``tau`` and the weight of the corrector are the published ones; batches are of
    256 rows instead of 32. Explicit negatives are not used.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> true = rng.random((400, 2)) < [0.5, 0.1]
    >>> X = true @ [[4.0, 0.0], [0.0, 4.0]] + rng.normal(size=(400, 2))
    >>> given = true & (rng.random(true.shape) < 0.6)
    >>> score = LongTailPartial().score(Evidence(given_labels=given, features=X))
    >>> bool(true[score.details["recovered"]].mean() > 0.7)
    True
    """

    name: ClassVar[str] = "long_tail_partial"
    family: ClassVar[str] = "multilabel"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "features")
    uses: ClassVar[tuple[str, ...]] = ("groups", "duplicates")
    tasks: ClassVar[tuple[str, ...]] = ("multilabel",)
    reference: ClassVar[str] = (
        "Zhang et al.: Learning in imperfect environment: multi-label classification with long-tailed "
        "distribution and partial labels, ICCV 2023"
    )
    fitted: ClassVar[bool] = True

    tau: float = 0.7
    alpha: float = 2.0
    gamma_neg: float = 3.0
    gamma_pos: float = 0.0
    clip: float = 0.05
    rlc_weight: float = 0.2
    corrector: bool = True
    modifier: bool = True
    balancer: bool = True
    n_folds: int = 5
    random_state: int = 0

    def __post_init__(self) -> None:
        for name, low, high in (("tau", 0.0, 1.0), ("clip", 0.0, 0.5)):
            if not low <= getattr(self, name) <= high:
                raise InvalidInputError(f"{name} is {getattr(self, name)}.", f"Pass {low} to {high}.")
        for name, least in (
            ("alpha", 0),
            ("gamma_neg", 0),
            ("gamma_pos", 0),
            ("rlc_weight", 0),
            ("n_folds", 2),
        ):
            if not getattr(self, name) >= least:
                raise InvalidInputError(f"{name} is {getattr(self, name)}.", f"Pass {least} or more.")
        if self.gamma_neg < self.gamma_pos:
            raise InvalidInputError(
                f"gamma_neg is {self.gamma_neg}, below gamma_pos {self.gamma_pos}.",
                "Unknown entries are less sure than given ones: pass a gamma_neg of gamma_pos or more.",
            )

    @property
    def settings(self) -> LongTailSettings:
        """The same settings for `labelscope.scorers.multilabel.long_tail_fit`."""
        names = LongTailSettings.__dataclass_fields__
        return LongTailSettings(**{name: getattr(self, name) for name in names if hasattr(self, name)})

    def score(self, evidence: Evidence) -> Score:
        """Score every row.

        Parameters
        ----------
        evidence : Evidence
            ``given_labels`` (n, K) of 1, 0 and -1 or NaN, ``features`` (n, d); optionally ``groups`` and
            ``duplicates`` (n,), rows of which share a fold.

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
        opinions = self._opinions(read)
        told = ~np.isnan(opinions.logits["balanced"])
        chance = {role: np.where(told, sigmoid(found), 0.0) for role, found in opinions.logits.items()}
        probability = chance["balanced"]
        missing = np.where(read.positive, 0.0, probability).astype(np.float32)
        prevalence = estimate_prevalence(opinions.logits["balanced"], read.positive)
        level = posterior(opinions.logits["balanced"], read.positive, prevalence)
        wrong = spurious(level, read.positive, prevalence, _SPURIOUS_RATE).astype(np.float32)
        recovered = opinions.recovered & told
        suspicion = np.where(read.labelled, pooled(np.maximum(missing, wrong), "max"), 0.0)
        details: dict[str, Array] = {
            "missing": missing,
            "spurious": wrong,
            "probability": probability.astype(np.float32),
            "recovered": recovered,
            "first_recovered": np.where(recovered, opinions.first, 0).astype(np.int16),
            "head_probability": chance["head"].astype(np.float32),
            "tail_probability": chance["tail"].astype(np.float32),
        }
        return Score(
            suspicion=suspicion.astype(np.float32),
            suggested=np.asarray(read.positive | recovered).astype(np.int8),
            flagged=np.asarray(recovered.any(axis=1) & read.labelled),
            details=details,
            meta={
                "scale": "rank",
                **accounting(read.positive, recovered),
                "corrections": [float(value) for value in opinions.corrections],
                "tau": self.tau,
            },
        )

    def _opinions(self, read: PartialTags) -> _Opinions:
        """Cross-fit once and ask each model for everything it knows about the rows held out."""
        found = _Opinions.none(*read.positive.shape)
        models: list[LongTailModel] = []

        def fit(rows: IntArray) -> LongTailModel:
            model = fit_long_tail(read.features[rows], read.positive[rows], self.settings)
            models.append(model)
            return model

        found.logits["balanced"], folds = cross_fitted(
            read.features,
            read.positive,
            fit,
            n_folds=self.n_folds,
            units=read.units,
            random_state=self.random_state,
        )
        for fold, model in enumerate(models):
            rows = np.flatnonzero(folds == fold)
            found.take(model, rows, read.features[rows], read.positive[rows], self.tau)
            if len(model.corrections):
                found.corrections += model.corrections[-1] / len(models)
        return found


@dataclass
class _Opinions:
    """What the models of the folds say about the rows that they have not seen."""

    logits: dict[str, FloatArray]
    recovered: BoolArray
    first: IntArray
    corrections: FloatArray

    @classmethod
    def none(cls, n: int, n_tags: int) -> _Opinions:
        """No opinion about any entry."""
        logits = {role: np.full((n, n_tags), np.nan) for role in ("balanced", "head", "tail")}
        shape = (n, n_tags)
        return cls(logits, np.zeros(shape, dtype=bool), np.zeros(shape, dtype=np.int16), np.zeros(n_tags))

    def take(
        self, model: LongTailModel, rows: IntArray, features: FloatArray, positive: BoolArray, tau: float
    ) -> None:
        """Write down what a model says about rows."""
        for role in ("head", "tail"):
            self.logits[role][rows] = model.logits(features, role)
        chance = sigmoid(self.logits["balanced"][rows])
        self.recovered[rows] = corrected(chance, positive, model.mean, tau)
        self.first[rows] = model.first_recovered(features, positive, tau)


def accounting(given: BoolArray, recovered: BoolArray) -> dict[str, Any]:
    """Count tags before and after the recovered ones are added, by tag and by group.

    Parameters
    ----------
    given, recovered : (n, K) bool

    Returns
    -------
    dict
        ``tags``: a list of ``given``, ``recovered``, ``corrected``, ``group``, ``group_after``; ``groups``:
        for ``many``, ``medium`` and ``few``, ``tags``, ``given``, ``corrected`` (of the tags that were in
        it before) and ``tags_after``; ``tag_counts`` with lists ``given`` and ``estimated``.

    Examples
    --------
    >>> given = np.arange(150)[:, None] < [101, 19]
    >>> found = accounting(given, ~given & (np.arange(150)[:, None] < 120))
    >>> [(tag["group"], tag["corrected"], tag["group_after"]) for tag in found["tags"]]
    [('many', 120, 'many'), ('few', 120, 'many')]
    """
    before, more = given.sum(axis=0), recovered.sum(axis=0)
    after = before + more
    tags: list[dict[str, Any]] = [
        {
            "given": int(one),
            "recovered": int(extra),
            "corrected": int(total),
            "group": shot(int(one)),
            "group_after": shot(int(total)),
        }
        for one, extra, total in zip(before, more, after, strict=True)
    ]
    groups = {
        name: {
            "tags": sum(tag["group"] == name for tag in tags),
            "given": sum(tag["given"] for tag in tags if tag["group"] == name),
            "corrected": sum(tag["corrected"] for tag in tags if tag["group"] == name),
            "tags_after": sum(tag["group_after"] == name for tag in tags),
        }
        for name in ("many", "medium", "few")
    }
    counts = {"given": [int(v) for v in before], "estimated": [float(v) for v in after]}
    return {"tags": tags, "groups": groups, "tag_counts": counts}


def shot(count: int) -> str:
    """Name the group of a tag with so many rows.

    Examples
    --------
    >>> [shot(count) for count in (101, 100, 20, 19)]
    ['many', 'medium', 'medium', 'few']
    """
    if count > _MANY:
        return "many"
    return "medium" if count >= _FEW else "few"

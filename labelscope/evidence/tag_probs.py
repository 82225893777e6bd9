"""Out-of-sample tag probabilities: every row is predicted by models that have not seen its tags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from labelscope.errors import InvalidInputError, InvalidTypeError, notify
from labelscope.evidence import estimators, probe, tag_probe
from labelscope.evidence.given import group_codes
from labelscope.evidence.given_tags import given_tags
from labelscope.evidence.probe_input import model_input, units_of
from labelscope.evidence.probe_selection import Curved
from labelscope.evidence.progress import progress
from labelscope.evidence.ranks import auroc
from labelscope.evidence.tag_folds import deal_tags
from labelscope.evidence.tag_models import predicted_by_model
from labelscope.types import Evidence, FloatArray, IntArray, Made

if TYPE_CHECKING:
    from labelscope.data.dataset import Dataset

_PENALTIES = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
_TRIED_ROWS = 8000
# The best penalty of the mean loss falls with this power of the number of rows; -1 would be a fixed prior.
_GROWTH = -0.8
_SHRINKAGE, _CURVED_SHRINKAGE = 0.1, 0.3
# A curved probe is slower and harder to explain, so it has to earn its place.
_EARNED = 0.97
_FEW = 5


@dataclass(frozen=True, kw_only=True)
class TagProbabilities:
    """Cross-validated probabilities of tags, each independent of the others: rows need not sum to one.

    Folds get their share of every tag by iterative stratification, are dealt by a hash of the rows' content
    (so that the order of the rows does not matter), and keep groups and duplicates together. Unknown entries
    teach nothing and are predicted all the same.

    Parameters
    ----------
    model : scikit-learn estimator, optional
        Cloned and fitted per fold, on all tags at once where it takes several outputs, else once per tag. A
        Pipeline gets the data as the user passed it, any other estimator the features. By default one
        logistic regression per tag on whitened features, with random Fourier features where they lower the
        held-out log-loss.
    n_folds : int
        Number of folds; fewer when there are fewer groups.
    balanced : bool
        Let present and absent tags weigh alike while fitting, and take the shift out of the probabilities
        again. It helps with tags of a few rows and costs sharpness elsewhere.

    Examples
    --------
    >>> import numpy as np, labelscope as ls
    >>> rng = np.random.default_rng(0)
    >>> features = rng.normal(size=(200, 3))
    >>> tags = (features > 0.5).astype(int)
    >>> evidence = ls.Evidence(features=features, given_labels=tags)
    >>> made = TagProbabilities().make(None, evidence)
    >>> made.arrays["pred_probs"].shape, made.facts["tag_auroc"] > 0.95
    ((200, 3), True)
    """

    name: ClassVar[str] = "tag_probabilities"
    makes: ClassVar[tuple[str, ...]] = ("pred_probs",)
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "features")

    model: Any = None
    n_folds: int = 5
    balanced: bool = False

    def make(self, dataset: Dataset | None, evidence: Evidence, *, random_state: int = 0) -> Made:
        """Make ``pred_probs`` (n, K) float32.

        Parameters
        ----------
        dataset : Dataset or None
            Gives tags, groups and raw data where the evidence does not.
        evidence : Evidence
            ``given_labels`` (n, K), ``features``; ``groups`` and ``duplicates`` are honored when present.
        random_state : int
            Seed of the folds and of the random features.

        Returns
        -------
        Made
            Facts: ``tag_auroc`` (mean over the tags that some rows have and some have not),
            ``tag_log_loss``, ``n_folds``, ``probe``, and for the default model ``probe_penalty``.

        Raises
        ------
        InvalidInputError
            No entry is known, or ``n_folds`` is below 2.
        MissingEvidenceError
            No features, or no tags.
        """
        return made_of(
            given_tags(dataset, evidence, by=self.name),
            dataset,
            evidence,
            self,
            random_state=random_state,
            makes=self.makes[0],
        )


def made_of(
    tags: IntArray,
    dataset: Dataset | None,
    evidence: Evidence,
    settings: Any,
    *,
    random_state: int,
    makes: str,
) -> Made:
    """Predict tags out of sample; ``settings`` holds ``model``, ``n_folds``, ``balanced`` and ``name``."""
    if settings.n_folds < 2:
        raise InvalidInputError(
            f"n_folds is {settings.n_folds}, but at least 2 are needed to predict out of sample."
        )
    n = len(tags)
    if not (tags >= 0).any():
        raise InvalidInputError(
            f"None of the {n:,} rows has a known tag, so there is nothing to learn from.",
            "Say of some rows which tags they have and which not; None and NaN count as unknown.",
        )
    if settings.model is not None and not estimators.is_estimator(settings.model):
        raise InvalidTypeError(
            f"model={type(settings.model).__name__} has no fit and predict_proba, so it cannot predict tags.",
            "Pass a scikit-learn style classifier, such as OneVsRestClassifier(LogisticRegression()).",
        )
    data, keys, exact = model_input(
        settings.model, dataset, evidence, n, by=settings.name, random_state=random_state
    )
    known = np.asarray((tags >= 0).any(axis=1))
    units = units_of(known, exact, evidence, group_codes(dataset, evidence, n), settings.n_folds)
    folds = deal_tags(tags, keys, settings.n_folds, units=units)
    if settings.model is not None:
        probs, facts = predicted_by_model(settings.model, data, tags, folds)
    else:
        probs, facts = _probed(data, tags, folds, settings.balanced, random_state)
    _warn_about_rare(tags)
    return Made({makes: probs}, {**facts, **quality(probs, tags)})


def _probed(
    features: FloatArray, tags: IntArray, folds: IntArray, balanced: bool, random_state: int
) -> tuple[FloatArray, dict[str, Any]]:
    known = np.flatnonzero(folds >= 0)
    own, fold_of = tags[known], folds[known]
    balance = _balance(own) if balanced else None
    penalty, curved, kind = _choice(features, tags, folds, balance, random_state)
    if curved is not None:
        features = curved.apply(features)
    shrinkage = _SHRINKAGE if curved is None else _CURVED_SHRINKAGE
    map_ = probe.whiten(features, shrinkage=shrinkage, random_state=random_state)
    whitened = map_.apply(features)
    n_folds = int(fold_of.max()) + 1
    trained = whitened if len(known) == len(tags) else whitened[known]
    begin = tag_probe.start(own, fold_of, n_folds, whitened.shape[1])
    ridge = np.float32(penalty) * map_.ridge
    weights = tag_probe.fit_tags(trained, own, fold_of, begin, ridge, balance=balance)
    if balance is not None:
        weights[:, :, -1] -= np.log(balance)
    probs = np.zeros(tags.shape, dtype=np.float32)
    others = np.flatnonzero(folds < 0)
    for fold in progress(range(n_folds), "predicting tags out of sample"):
        held = np.flatnonzero(folds == fold)
        probs[held] = tag_probe.predict_tags(whitened[held], weights[fold])
        if len(others):
            probs[others] += tag_probe.predict_tags(whitened[others], weights[fold]) / n_folds
    return probs, {"probe": kind, "probe_penalty": penalty, "n_folds": n_folds}


def _balance(tags: IntArray) -> FloatArray:
    present, absent = (tags == 1).sum(axis=0), (tags == 0).sum(axis=0)
    return np.asarray(np.clip((absent + 1.0) / (present + 1.0), 0.01, 1000.0), dtype=np.float32)


def _choice(
    features: FloatArray, tags: IntArray, folds: IntArray, balance: FloatArray | None, random_state: int
) -> tuple[float, Curved | None, str]:
    """Penalty, map and name of the probe with the lowest log-loss on the first fold."""
    train = _thinned(np.flatnonzero(folds > 0), _TRIED_ROWS)
    held = _thinned(np.flatnonzero(folds == 0), _TRIED_ROWS // 2)
    if not len(train) or not len(held):
        return 0.1, None, "logistic regression per tag"
    growth = max(float((folds > 0).sum()) / len(train), 1.0) ** _GROWTH
    loss, penalty = _tried(features[train], features[held], tags[train], tags[held], _SHRINKAGE, balance)
    if len(train) >= 100 and features.shape[1] > 1:
        curved = Curved.of(features, random_state=random_state)
        bent, bent_penalty = _tried(
            curved.apply(features[train]),
            curved.apply(features[held]),
            tags[train],
            tags[held],
            _CURVED_SHRINKAGE,
            balance,
        )
        if bent < _EARNED * loss:
            return bent_penalty * growth, curved, "curved logistic regression per tag"
    return penalty * growth, None, "logistic regression per tag"


def _thinned(rows: IntArray, most: int) -> IntArray:
    step = max(1, -(-len(rows) // most))
    return rows[::step]


def _tried(
    train: FloatArray,
    held: FloatArray,
    tags: IntArray,
    held_tags: IntArray,
    shrinkage: float,
    balance: FloatArray | None,
) -> tuple[float, float]:
    """Held-out log-loss and penalty of the best probe on the path from strong to weak penalties."""
    map_ = probe.whiten(train, shrinkage=shrinkage)
    whitened, seen = map_.apply(train), map_.apply(held)
    folds = np.full(len(train), -1)
    weights = tag_probe.start(tags, folds, 1, whitened.shape[1])
    best = (np.inf, _PENALTIES[0])
    for penalty in _PENALTIES:
        ridge = np.float32(penalty) * map_.ridge
        weights = tag_probe.fit_tags(whitened, tags, folds, weights, ridge, n_steps=8, balance=balance)
        shifted = weights[0].copy()
        if balance is not None:
            shifted[:, -1] -= np.log(balance)
        loss = tag_probe.log_loss(tag_probe.predict_tags(seen, shifted), held_tags)
        if loss < best[0]:
            best = (loss, penalty)
        elif loss > 1.005 * best[0]:
            break
    return best


def _warn_about_rare(tags: IntArray) -> None:
    present, absent = (tags == 1).sum(axis=0), (tags == 0).sum(axis=0)
    rare = np.flatnonzero((present > 0) & (present < _FEW) & (absent > 0))
    if len(rare):
        notify(
            "tags_too_small",
            f"{len(rare):,} of {tags.shape[1]:,} tags are on fewer than {_FEW} rows, too few to learn what "
            "they look like.",
            "Look at these rows yourself, merge the tags, or add rows to them.",
            np.flatnonzero((tags[:, rare] == 1).any(axis=1)),
        )


def quality(probs: FloatArray, tags: IntArray) -> dict[str, Any]:
    """Mean AUROC over the tags that some rows have and some have not, and the log-loss of all entries."""
    areas = []
    for own, given in zip(probs.T, tags.T, strict=True):
        area = auroc(own[given >= 0], given[given >= 0] == 1)
        if area is not None:
            areas.append(area)
    return {
        "tag_auroc": float(np.mean(areas)) if areas else None,
        "tag_log_loss": tag_probe.log_loss(probs, tags),
    }

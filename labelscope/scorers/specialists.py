"""Methods for noise that hides, which join the default mix where the data asks for them.

A model is one voice of the mix. Where classes are very unequal, groups disagree, or most rows have no
label, another model of the same rows knows more, and both are pooled in logs, as equal partners.

A recorded model (`labelscope.providers.TrainingDynamics`) does not join. Pooled at its own temperature where
its log-loss was at most 1.15 times the model's, it changed average precision by up to +.03 on banking77 and
+.02 on MNIST-5k, but by -.007 where habits make a fifth of MNIST's labels wrong and by -.037 where clusters
do: a model that has learned the mistakes foretells the labels best.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from labelscope.errors import notify
from labelscope.evidence import check_features
from labelscope.evidence.class_gaussians import fit_gaussians, principal_components
from labelscope.evidence.given import site_codes, site_name
from labelscope.evidence.pool_relevance import RELEVANT_ENOUGH
from labelscope.evidence.self_training import out_of_fold
from labelscope.scorers.confident.imbalance_aware import ImbalanceAware, tail_classes
from labelscope.scorers.federated.local_global import LocalGlobal, tell_of_groups
from labelscope.scorers.inputs import Inputs, read
from labelscope.scorers.representation.calibration import RepresentationCalibration
from labelscope.types import Evidence, FloatArray, IntArray

# How many times a rare class's rows the largest class has: from three on the pool was better where measured.
_LONG_TAIL = 4.0
# A pool of fewer rows than there are labels adds little.
_LARGE_POOL, _FEWEST_OF_POOL = 1.0, 50
_MOST_GROUPS, _GROUP_ROWS = 30, 30
# Where the model agrees with more of every group's labels, groups do not disagree.
_AGREED, _CLEARLY = 0.9, 0.02
_MOST_ROWS = 50_000
_FLOOR = 1e-8


@dataclass(frozen=True)
class Specialist:
    """A model that joined.

    Attributes
    ----------
    name : str
        ``"tail"``, ``"groups"`` or ``"pool"``.
    scorer : str
        Name of the scorer that shows the same method alone.
    why : str
        What in the data asked for it, in words.
    pred_probs : (n, K) float
    """

    name: str
    scorer: str
    why: str
    pred_probs: FloatArray


def specialists(codes: IntArray, n_classes: int, evidence: Evidence) -> list[Specialist]:
    """Return the methods that the data asks for; none where classes are alike and all rows have labels.

    Parameters
    ----------
    codes : (n,) int
        Given labels; -1 is unlabelled.
    n_classes : int
    evidence : Evidence
        ``given_labels``, ``pred_probs`` (n, K) of the model that they join, ``features`` (n, d) made without
        the labels, and ``sites`` (n,), or ``groups`` in their stead, where there are any.
    """
    wanted = _wanted(codes, n_classes, evidence)
    if wanted and len(codes) > _MOST_ROWS:
        notify(
            "specialists_left_out",
            f"With {len(codes):,} rows the default mix leaves out what it knows of "
            f"{' and '.join(_TOPICS[name] for name in wanted)}.",
            "Pass for instance scorers=['auto', 'representation_calibration'], or audit a part of the rows.",
        )
        return []
    if not wanted:
        return []
    given = read(evidence, "The default mix", probs=True)
    known = _Known(given, check_features(evidence["features"], given.n), evidence)
    makers = {"tail": _of_rare_classes, "groups": _of_groups, "pool": _of_pool}
    made = [one for one in (makers[name](known) for name in wanted) if one is not None]
    _keep(evidence, codes, made)
    return made


def specialists_of(codes: IntArray, n_classes: int, evidence: Evidence) -> list[Specialist]:
    """Return what `specialists` returns, without the work where it was done for these very arrays before.

    Parameters
    ----------
    codes : (n,) int
    n_classes : int
    evidence : Evidence
    """
    known = _MADE.get(id(evidence["features"]))
    if known is not None and known.is_of(evidence, codes):
        return known.made
    return specialists(codes, n_classes, evidence)


@dataclass(frozen=True)
class _Kept:
    """What was made of features and probabilities; forgotten together with the features."""

    features: weakref.ref[FloatArray]
    pred_probs: weakref.ref[FloatArray]
    codes: IntArray
    made: list[Specialist]

    def is_of(self, evidence: Evidence, codes: IntArray) -> bool:
        same = self.features() is evidence["features"] and self.pred_probs() is evidence.get("pred_probs")
        return same and np.array_equal(self.codes, codes)


_MADE: dict[int, _Kept] = {}


def _keep(evidence: Evidence, codes: IntArray, made: list[Specialist]) -> None:
    features, probs = evidence["features"], evidence.get("pred_probs")
    if not made or not (isinstance(features, np.ndarray) and isinstance(probs, np.ndarray)):
        return
    key = id(features)
    _MADE[key] = _Kept(weakref.ref(features), weakref.ref(probs), codes.copy(), made)
    weakref.finalize(features, _forget, key)


def _forget(key: int) -> None:
    known = _MADE.get(key)
    # The number of a dead object may have been given to a new one.
    if known is not None and known.features() is None:
        del _MADE[key]


def _wanted(codes: IntArray, n_classes: int, evidence: Evidence) -> list[str]:
    """Say what the labels alone ask for."""
    counts = np.bincount(codes[codes >= 0], minlength=n_classes)
    if np.count_nonzero(counts) < 2:
        return []
    rare, n_labelled = tail_classes(counts), int(counts.sum())
    asked = {
        "tail": bool(rare.any()) and float(counts.max()) >= _LONG_TAIL * float(counts[rare].mean()),
        "groups": site_name(evidence) is not None,
        "pool": len(codes) - n_labelled >= max(_FEWEST_OF_POOL, _LARGE_POOL * n_labelled),
    }
    return [name for name, needed in asked.items() if needed]


@dataclass(frozen=True)
class _Known:
    """Checked evidence."""

    given: Inputs
    features: FloatArray
    evidence: Evidence

    @property
    def probs(self) -> FloatArray:
        return self.given.probabilities()


_TOPICS = {"tail": "rare classes", "groups": "groups", "pool": "unlabelled rows"}


def pooled(pred_probs: FloatArray, others: Sequence[Specialist]) -> FloatArray:
    """Return the geometric mean (n, K) of all probabilities, each row summing to one.

    Parameters
    ----------
    pred_probs : (n, K) float
    others : sequence of Specialist
    """
    every = [pred_probs, *(one.pred_probs for one in others)]
    level: FloatArray = np.zeros(pred_probs.shape)
    for one in every:
        level += np.log(np.maximum(one, _FLOOR)) / len(every)
    level -= level.max(axis=1, keepdims=True)
    np.exp(level, out=level)
    level /= level.sum(axis=1, keepdims=True)
    return level.astype(np.float32)


def doubt_of(one: Specialist, codes: IntArray) -> FloatArray:
    """Return (n,) float32: what the specialist alone gives other classes, 0 for unlabelled rows."""
    at = one.pred_probs[np.arange(len(codes)), np.maximum(codes, 0)]
    return np.where(codes >= 0, np.clip(1.0 - at, 0.0, 1.0), 0.0).astype(np.float32)


def facts_of(joined: Sequence[Specialist]) -> dict[str, dict[str, str]]:
    """Return for each one that joined its scorer and why, for a score's ``meta``."""
    return {one.name: {"scorer": one.scorer, "why": one.why} for one in joined}


def _of_rare_classes(known: _Known) -> Specialist | None:
    """Class Gaussians with a flat prior, unless the model knows rare classes better."""
    calibration, codes = RepresentationCalibration(), known.given.codes
    points = principal_components(known.features, calibration.n_components)
    gaussians = fit_gaussians(points, codes, known.given.n_classes, calibration.settings)
    probs = gaussians.posterior(points)
    if _balanced(probs, codes) <= _balanced(known.probs, codes):
        return None
    counts = gaussians.counts[gaussians.counts > 0]
    why = f"The largest class has {counts.max() / counts.min():,.0f} times the rows of the smallest."
    return Specialist("tail", calibration.name, why, probs)


def _balanced(probs: FloatArray, codes: IntArray) -> float:
    """Mean over classes of the share of given labels that are the likeliest."""
    hits = probs.argmax(axis=1) == codes
    return float(np.mean([hits[codes == code].mean() for code in np.unique(codes[codes >= 0])]))


def _of_groups(known: _Known) -> Specialist | None:
    """Each row's better expert, where groups disagree and the experts foretell labels clearly better."""
    codes = known.given.codes
    groups, rows = site_codes(known.evidence, len(codes)), np.flatnonzero(codes >= 0)
    if groups is None:
        return None
    sizes = np.bincount(groups[rows])
    large = np.flatnonzero(sizes >= _GROUP_ROWS)
    if not 2 <= len(large) <= _MOST_GROUPS or len(sizes) > 2 * _MOST_GROUPS:
        return None
    right = known.probs[rows].argmax(axis=1) == codes[rows]
    if (np.bincount(groups[rows], weights=right)[large] / sizes[large]).min() >= _AGREED:
        return None
    method = LocalGlobal()
    probs = method.probabilities(known.evidence)
    better = float((probs[rows].argmax(axis=1) == codes[rows]).mean()) - float(right.mean())
    if better < _CLEARLY:
        return None
    tell_of_groups(known.evidence)
    why = f"Groups disagree: experts of their own foretell {100 * better:.0f} points more of the labels."
    return Specialist("groups", method.name, why, probs)


def _of_pool(known: _Known) -> Specialist | None:
    """Heads that learn from unlabelled rows too, where these belong to the labelled classes."""
    method = ImbalanceAware()
    given, found = method.setting(known.evidence)
    if found is None or not found.relevance >= RELEVANT_ENOUGH:
        return None
    regime = method.regime(1.0)
    made = out_of_fold(found.spaces, found.codes, found.folds, found.pool, given.n_classes, regime)
    why = (
        f"{len(found.pool):,} unlabelled rows say more about the classes; about "
        f"{100 * found.relevance:.0f} % of them belong to one."
    )
    return Specialist("pool", method.name, why, made.pred_probs)

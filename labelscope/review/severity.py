"""Severity and categories of mistakes: the words, how they are read, and a suggestion from the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.review.label_sets import Mistakes
from labelscope.types import BoolArray, FloatArray, IntArray

#: What a person may say about a prediction.
VERDICTS = ("correct", "wrong", "unclear", "problematic")
#: What kind of mistake a wrong prediction is.
CATEGORIES = ("fine_grained", "fine_grained_oov", "spurious", "non_prototypical", "other")
#: How bad it is: obvious to a person, not obvious, or hardly a mistake.
SEVERITIES = ("major", "minor", "borderline")
CORRECT, WRONG, UNCLEAR, PROBLEMATIC = range(4)
#: How bad a mistake of a category mostly was where experts judged all that were left on ImageNet (Vasudevan
#: et al.): 37 of 52 spurious ones were major, 87 of 241 fine-grained and 7 of 30 non-prototypical ones.
USUAL_SEVERITY = {name: "major" if name == "spurious" else "minor" for name in CATEGORIES}
_FINE, _OOV, _SPURIOUS, _ODD, _OTHER = range(5)
_N_NEIGHBORS, _N_LIKES, _FAR, _TINY = 10, 3, 0.98, 1e-9


def category_of(text: Any) -> str:
    """Read a category, also as published files write it.

    Parameters
    ----------
    text : str
        One of ``CATEGORIES``, or words such as ``"Fine-grained with OOV"`` and ``"Spurious Correlation"``.

    Returns
    -------
    str
        One of ``CATEGORIES``.

    Raises
    ------
    InvalidTypeError, InvalidInputError
        No text, or no category.

    Examples
    --------
    >>> category_of("Fine-grained error with OOV"), category_of("Fine-grained with Multilabel Options")
    ('fine_grained_oov', 'other')
    """
    words = _words(text, "category")
    if "multilabel" in words or words in ("other", "unexplained", "model failure"):
        return "other"
    if "oov" in words.split() or "vocabulary" in words:
        return "fine_grained_oov"
    for name in CATEGORIES:
        if words.startswith(name.replace("_", " ")):
            return name
    raise InvalidInputError.unknown("category", text, CATEGORIES)


def severity_of(text: Any) -> str:
    """Read a severity: one of ``SEVERITIES``, in any case.

    Examples
    --------
    >>> severity_of("Major")
    'major'
    """
    words = _words(text, "severity")
    if words not in SEVERITIES:
        raise InvalidInputError.unknown("severity", text, SEVERITIES)
    return words


def verdict_of(text: Any) -> str:
    """Read a verdict: one of ``VERDICTS``, in any case."""
    words = _words(text, "verdict")
    if words not in VERDICTS:
        raise InvalidInputError.unknown("verdict", text, VERDICTS)
    return words


def _words(text: Any, name: str) -> str:
    if not isinstance(text, str):
        raise InvalidTypeError(f"{name} is {text!r:.40}.", "Pass it as text.")
    words = " ".join(text.replace("_", " ").replace("-", " ").casefold().split())
    return words.replace("multi label", "multilabel")


@dataclass(frozen=True)
class Space:
    """The rows in units of the spread within classes, and what is usual there.

    Attributes
    ----------
    points : (n, d) float64
    means : (K, d) float64
        NaN for classes without a row.
    far : float
        Distance from the own class that one right row in fifty passes.
    sparse : float
        Distance to the nearest rows that one right row in fifty passes.
    superclass : (K,) int64
    """

    points: FloatArray
    means: FloatArray
    far: float
    sparse: float
    superclass: IntArray


def suggest_category(
    mistakes: Mistakes,
    features: Any,
    codes: IntArray,
    *,
    n_classes: int,
    superclasses: Any = None,
    correct: Any = None,
) -> list[str]:
    """Suggest the category of each mistake from where its row lies.

    Parameters
    ----------
    mistakes : Mistakes
    features : (n, d) float
    codes : (n,) int
        Labels, -1 without one.
    n_classes : int
    superclasses : (K,) labels, optional
        Group of each class; by default classes are grouped by the distance of their means.
    correct : (n, K) bool, optional
        Label sets, from which it is seen which classes occur together.

    Returns
    -------
    list of p str
        One of ``CATEGORIES`` each. ``"fine_grained"``: label and prediction are of one group.
        ``"fine_grained_oov"``: the row is far from every class among its likes, which are near the group of
        the prediction. ``"spurious"``: a few coordinates only speak for the prediction, or the two classes
        occur together or are confused again and again across groups. ``"non_prototypical"``: the row is far
        off and alone. Else ``"other"``.

    Raises
    ------
    InvalidInputError
        Features or groups that do not fit.

    Notes
    -----
    A rule of thumb to start from, in the spirit of Vasudevan et al. (NeurIPS 2022) and of Peychev, Mueller,
    Fischer, Vechev: Automated classification of model errors on ImageNet, NeurIPS 2023; a person decides.
    """
    hints = CategoryHints(
        mistakes, features, codes, n_classes=n_classes, superclasses=superclasses, correct=correct
    )
    return hints.of(np.arange(len(mistakes)))


class CategoryHints:
    """Suggests the categories of a few mistakes at a time; what all of them need is made once.

    Parameters
    ----------
    mistakes, features, codes, n_classes, superclasses, correct
        As for `suggest_category`.

    Raises
    ------
    InvalidInputError
        Features or groups that do not fit.
    """

    def __init__(
        self,
        mistakes: Mistakes,
        features: Any,
        codes: IntArray,
        *,
        n_classes: int,
        superclasses: Any = None,
        correct: Any = None,
    ) -> None:
        points = np.asarray(features, dtype=np.float64)
        if points.ndim != 2 or len(points) != len(codes) or not np.isfinite(points).all():
            raise InvalidInputError(
                f"features have the shape {points.shape}, but there are {len(codes):,} rows.",
                "Pass one row of finite numbers a row of the data.",
            )
        self._mistakes, self._codes = mistakes, codes
        if not len(mistakes):
            return
        space = self._space = _space(points, codes, mistakes, n_classes, superclasses)
        own = codes[mistakes.rows]
        groups = space.superclass[mistakes.predictions]
        self._same: BoolArray = (own >= 0) & (space.superclass[np.maximum(own, 0)] == groups)
        self._linked = _together(own, mistakes.predictions, self._same, n_classes, correct)

    def of(self, places: Any) -> list[str]:
        """Return the suggested category of each of some mistakes, by their positions in the list."""
        chosen = np.asarray(places, dtype=np.int64)
        if not len(chosen):
            return []
        space, codes = self._space, self._codes
        rows, predicted = self._mistakes.rows[chosen], self._mistakes.predictions[chosen]
        own, same = codes[rows], self._same[chosen]
        near, apart = _neighbors(space.points, rows)
        distance = _distances(space.points[rows], space.means)
        off = np.where(np.isnan(distance), np.inf, distance).min(axis=1) > space.far
        from_own = distance[np.arange(len(rows)), np.maximum(own, 0)]
        groups = np.where(codes >= 0, space.superclass[np.maximum(codes, 0)], -1)
        kin = (groups[near] == space.superclass[predicted][:, None]).mean(axis=1) >= 0.5
        alone = apart > space.sparse
        narrow = _narrow(space, rows, own, predicted)
        found = np.full(len(rows), _OTHER)
        found[(from_own > space.far) | alone] = _ODD
        found[~same & (narrow | self._linked[chosen])] = _SPURIOUS
        found[alone & off & ~narrow] = _ODD
        found[same & ~(alone & off)] = _FINE
        found[off & ~alone & (same | kin)] = _OOV
        found[same & _between(space, rows, own, predicted)] = _FINE
        return [CATEGORIES[code] for code in found.tolist()]


def _space(points: FloatArray, codes: IntArray, mistakes: Mistakes, k: int, superclasses: Any) -> Space:
    usual = codes >= 0
    usual[mistakes.rows] = False
    usual = usual if usual.any() else codes >= 0
    means = _means(points, codes, usual, k)
    rest = points[usual] - means[codes[usual]]
    spread = np.sqrt((rest**2).mean(axis=0)) if len(rest) else np.ones(points.shape[1])
    scale = np.where(spread > _TINY, spread, 1.0)
    points, means = points / scale, means / scale
    own = np.sqrt(((points[usual] - means[codes[usual]]) ** 2).sum(axis=1))
    rows = np.flatnonzero(usual)
    _, apart = _neighbors(points, rows if len(rows) < 2000 else rows[:: len(rows) // 2000 + 1])
    far, sparse = (float(np.quantile(values, _FAR)) if len(values) else np.inf for values in (own, apart))
    if superclasses is None:
        groups = group_classes(means)
    else:
        named = [str(value) for value in superclasses]
        if len(named) != k:
            raise InvalidInputError.wrong_length("superclasses", len(named), k, "classes")
        groups = np.unique(named, return_inverse=True)[1].astype(np.int64)
    return Space(points, means, far, sparse, groups)


def _means(points: FloatArray, codes: IntArray, usual: BoolArray, k: int) -> FloatArray:
    means = np.full((k, points.shape[1]), np.nan)
    for code in range(k):
        mine = points[usual & (codes == code)]
        if len(mine):
            means[code] = mine.mean(axis=0)
    return means


def group_classes(means: FloatArray) -> IntArray:
    """Group classes whose means are near each other.

    Parameters
    ----------
    means : (K, d) float
        NaN for classes without a row, each of which is a group of its own.

    Returns
    -------
    (K,) int64
        By average linkage, cut in the widest gap between two mergers.
    """
    from scipy.cluster.hierarchy import fcluster, linkage

    known = np.flatnonzero(np.isfinite(means).all(axis=1))
    groups = np.arange(len(means), dtype=np.int64) + len(means)
    if len(known) < 3:
        return groups
    tree = linkage(means[known], method="average")
    heights = tree[:, 2]
    # From two groups to as many as leave two classes to a group on the whole.
    least = max(len(heights) - len(known) // 2, 0)
    ratios = heights[least + 1 :] / np.maximum(heights[least:-1], _TINY)
    cut = least + int(ratios.argmax()) if len(ratios) else len(heights) - 1
    groups[known] = fcluster(tree, heights[cut] * (1 + 1e-9), criterion="distance")
    return groups


def _neighbors(points: FloatArray, rows: IntArray) -> tuple[IntArray, FloatArray]:
    """The nearest other rows of each row, and the mean distance to the first few of them."""
    from sklearn.neighbors import NearestNeighbors

    n = min(_N_NEIGHBORS, len(points) - 1)
    if n < 1 or not len(rows):
        return np.zeros((len(rows), 1), dtype=np.int64), np.zeros(len(rows))
    found = NearestNeighbors(n_neighbors=n + 1).fit(points)
    distance, near = found.kneighbors(points[rows])
    return np.asarray(near[:, 1:], dtype=np.int64), np.asarray(distance[:, 1 : 1 + _N_LIKES].mean(axis=1))


def _distances(points: FloatArray, means: FloatArray) -> FloatArray:
    return np.stack([np.sqrt(((points - mean) ** 2).sum(axis=1)) for mean in means], axis=1)


def _narrow(space: Space, rows: IntArray, own: IntArray, predicted: IntArray) -> BoolArray:
    """Whether few coordinates set a row apart from its class, and all of them speak for the prediction."""
    origin = space.means[np.maximum(own, 0)]
    moved, toward = space.points[rows] - origin, space.means[predicted] - origin
    few = max(1, round(space.points.shape[1] / 8))
    top = np.argsort(-np.abs(moved), axis=1)[:, :few]
    part = np.take_along_axis(moved, top, axis=1)
    goal = np.take_along_axis(toward, top, axis=1)
    nearer = np.abs(part - goal) < np.abs(part)
    share = (nearer * part**2).sum(axis=1) / np.maximum((moved**2).sum(axis=1), _TINY)
    return np.asarray((own >= 0) & (share >= 0.5))


def _between(space: Space, rows: IntArray, own: IntArray, predicted: IntArray) -> BoolArray:
    """Whether a row is no farther from the line between its class and the predicted one than is usual."""
    origin = space.means[np.maximum(own, 0)]
    moved, toward = space.points[rows] - origin, space.means[predicted] - origin
    along = (moved * toward).sum(axis=1) / np.maximum((toward**2).sum(axis=1), _TINY)
    rest = moved - np.clip(along, 0, 1)[:, None] * toward
    return np.asarray((own >= 0) & (np.sqrt((rest**2).sum(axis=1)) <= space.far))


def _together(own: IntArray, predicted: IntArray, same: BoolArray, k: int, correct: Any) -> BoolArray:
    """Whether two classes occur together far more often than by chance, or are confused so across groups."""
    pair = np.maximum(own, 0) * k + predicted
    across, counts = np.unique(pair[~same], return_counts=True)
    usual = counts.mean() if len(counts) else 0.0
    often = across[(counts >= 3) & (counts >= 3 * usual)]
    found = np.isin(pair, often)
    if correct is not None:
        table = np.asarray(correct, dtype=np.float64)
        both, sizes = table.T @ table, table.sum(axis=0)
        chance = np.outer(sizes, sizes) / max(len(table), 1)
        linked = (both >= 3) & (both >= 3 * chance)
        found |= linked[np.maximum(own, 0), predicted]
    return np.asarray(found)

"""Makers of label noise that say which labels they made wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from labelscope.data.labels import Labels, encode
from labelscope.errors import InvalidInputError
from labelscope.types import Array, BoolArray, FloatArray, IntArray


def symmetric(labels: Any, *, rate: float = 0.1, random_state: int = 0) -> tuple[Any, BoolArray]:
    """Give a share of the rows another label, every other class being equally likely.

    Parameters
    ----------
    labels : (n,) labels
        Any container that `labelscope.Dataset` takes; unlabelled rows stay so.
    rate : float
        Share of the labelled rows to make wrong; exactly the nearest whole number is.
    random_state : int
        Seed.

    Returns
    -------
    noisy : same container, dtype and index
    is_wrong : (n,) bool

    Raises
    ------
    InvalidInputError
        ``rate`` is not in [0, 1], or there are fewer than two classes.

    Examples
    --------
    >>> noisy, wrong = symmetric(["cat", "dog"] * 10, rate=0.25)
    >>> type(noisy).__name__, int(wrong.sum())
    ('list', 5)
    """
    read, rng = _read(labels, rate), np.random.default_rng(random_state)
    rows = _draw(read.codes, rate, rng)
    codes = read.codes.copy()
    codes[rows] = (codes[rows] + rng.integers(1, read.n_classes, len(rows))) % read.n_classes
    return _result(read, codes)


def asymmetric(
    labels: Any, *, rate: float = 0.1, pairs: Mapping[Any, Any] | None = None, random_state: int = 0
) -> tuple[Any, BoolArray]:
    """Confuse each class with one other class.

    Parameters
    ----------
    labels : (n,) labels
        As in `symmetric`.
    rate : float
        Share of the labelled rows (of the classes in ``pairs``) to make wrong.
    pairs : mapping of label to label, optional
        What each class turns into; by default the next class, the last one turning into the first.
    random_state : int
        Seed.

    Returns
    -------
    noisy : same container, dtype and index
    is_wrong : (n,) bool

    Examples
    --------
    >>> noisy, wrong = asymmetric(np.array([0, 1, 2] * 10), rate=0.5, pairs={0: 1})
    >>> np.unique(noisy[wrong]).tolist(), int(wrong.sum())
    ([1], 5)
    """
    read, rng = _read(labels, rate), np.random.default_rng(random_state)
    target = np.roll(np.arange(read.n_classes), -1)
    eligible = read.codes.copy()
    if pairs is not None:
        target = np.full(read.n_classes, -1)
        for source, other in pairs.items():
            target[read.code_of(source)] = read.code_of(other)
        eligible = np.where((eligible >= 0) & (target[eligible] >= 0), eligible, -1)
    rows = _draw(eligible, rate, rng)
    codes = read.codes.copy()
    codes[rows] = target[codes[rows]]
    return _result(read, codes)


def instance_dependent(
    labels: Any, pred_probs: Any, *, rate: float = 0.1, random_state: int = 0
) -> tuple[Any, BoolArray]:
    """Make mistakes where a model finds another class likely, as people do.

    Parameters
    ----------
    labels : (n,) labels
        As in `symmetric`.
    pred_probs : (n, K) float
        Probabilities of some model, one column per class; those of the other classes say how likely each
        mistake is.
    rate : float
        Share of the labelled rows to make wrong.
    random_state : int
        Seed.

    Returns
    -------
    noisy : same container, dtype and index
    is_wrong : (n,) bool

    Examples
    --------
    >>> P = np.array([[1.0, 0.0]] * 9 + [[0.5, 0.5]])
    >>> instance_dependent([0] * 9 + [1], P, rate=0.1)[1].nonzero()[0].tolist()
    [9]
    """
    read, rng = _read(labels, rate), np.random.default_rng(random_state)
    weights = _matrix("pred_probs", pred_probs, len(read.codes))
    if weights.shape[1] != read.n_classes:
        raise InvalidInputError(
            f"pred_probs has {weights.shape[1]} columns, but there are {read.n_classes} classes.",
            "Pass one column per class, in the order of the sorted labels.",
        )
    labelled = np.flatnonzero(read.codes >= 0)
    weights = np.maximum(weights, 1e-12)
    weights[labelled, read.codes[labelled]] = 0.0
    level = np.log(weights[labelled].sum(axis=1)) + rng.gumbel(size=len(labelled))
    rows = labelled[np.argsort(-level, kind="stable")[: round(rate * len(labelled))]]
    codes = read.codes.copy()
    with np.errstate(divide="ignore"):
        codes[rows] = (np.log(weights[rows]) + rng.gumbel(size=(len(rows), read.n_classes))).argmax(axis=1)
    return _result(read, codes)


def cluster_shaped(
    labels: Any, features: Any, *, rate: float = 0.1, size: int = 8, random_state: int = 0
) -> tuple[Any, BoolArray]:
    """Mislabel whole neighborhoods alike: a row and its nearest rows of the same class.

    Parameters
    ----------
    labels : (n,) labels
        As in `symmetric`.
    features : (n, d) float
        Where the rows are.
    rate : float
        Share of the labelled rows to make wrong.
    size : int
        Rows in one neighborhood; the last one may be smaller.
    random_state : int
        Seed.

    Returns
    -------
    noisy : same container, dtype and index
    is_wrong : (n,) bool

    Examples
    --------
    >>> X = np.arange(40.0)[:, None]
    >>> _, wrong = cluster_shaped([0] * 20 + [1] * 20, X, rate=0.2, size=4)
    >>> int(wrong.sum())
    8
    """
    read, rng = _read(labels, rate), np.random.default_rng(random_state)
    where = _matrix("features", features, len(read.codes))
    if size < 1:
        raise InvalidInputError(f"size is {size}.", "Pass 1 or more rows per neighborhood.")
    codes = read.codes.copy()
    left = round(rate * int((read.codes >= 0).sum()))
    while left > 0:
        clean = np.flatnonzero((codes == read.codes) & (codes >= 0))
        seed = rng.choice(clean)
        same = clean[read.codes[clean] == read.codes[seed]]
        distance = ((where[same] - where[seed]) ** 2).sum(axis=1)
        rows = same[np.argsort(distance, kind="stable")[: min(size, left)]]
        codes[rows] = (read.codes[seed] + rng.integers(1, read.n_classes)) % read.n_classes
        left -= len(rows)
    return _result(read, codes)


def annotator_dependent(
    labels: Any, annotators: Any = 5, *, rate: float = 0.1, random_state: int = 0
) -> tuple[Any, BoolArray]:
    """Let annotators of unequal skill and with habits of their own label the rows.

    Parameters
    ----------
    labels : (n,) labels
        As in `symmetric`.
    annotators : int or (n,) array
        Who labels each row, or how many annotators to draw from.
    rate : float
        Share of the labelled rows to make wrong, over all annotators.
    random_state : int
        Seed.

    Returns
    -------
    noisy : same container, dtype and index
    is_wrong : (n,) bool

    Examples
    --------
    >>> who = np.arange(100) % 4
    >>> _, wrong = annotator_dependent(["a", "b"] * 50, who, rate=0.1)
    >>> int(wrong.sum())
    10
    """
    read, rng = _read(labels, rate), np.random.default_rng(random_state)
    n = len(read.codes)
    if np.ndim(annotators) == 0:
        who = rng.integers(0, max(int(annotators), 1), n)
    else:
        if len(annotators) != n:
            raise InvalidInputError.wrong_length("annotators", len(annotators), n, "labels")
        who = np.unique(np.asarray(annotators), return_inverse=True)[1]
    n_people = int(who.max()) + 1 if n else 0
    carelessness = rng.gamma(1.0, size=n_people)
    habits = rng.dirichlet(np.full(read.n_classes, 0.5), size=(n_people, read.n_classes)) + 1e-9
    habits[:, np.arange(read.n_classes), np.arange(read.n_classes)] = 0.0
    labelled = np.flatnonzero(read.codes >= 0)
    level = np.log(carelessness[who[labelled]] + 1e-12) + rng.gumbel(size=len(labelled))
    rows = labelled[np.argsort(-level, kind="stable")[: round(rate * len(labelled))]]
    codes = read.codes.copy()
    with np.errstate(divide="ignore"):
        pull = np.log(habits[who[rows], codes[rows]]) + rng.gumbel(size=(len(rows), read.n_classes))
    codes[rows] = pull.argmax(axis=1)
    return _result(read, codes)


def check_rate(rate: float) -> None:
    """Refuse a rate that is no share."""
    if not 0 <= rate <= 1:
        raise InvalidInputError(f"rate is {rate}.", "Pass a share between 0 and 1.")


def _read(labels: Any, rate: float) -> Labels:
    check_rate(rate)
    read = encode(labels, task="classification")
    if read.n_classes < 2:
        raise InvalidInputError(
            f"The labels have {read.n_classes} class.",
            "At least two classes are needed to make a label wrong.",
        )
    return read


def _draw(codes: IntArray, rate: float, rng: np.random.Generator) -> IntArray:
    rows = np.flatnonzero(codes >= 0)
    return np.asarray(rng.choice(rows, round(rate * len(rows)), replace=False), dtype=np.int64)


def _matrix(name: str, values: Any, n: int) -> FloatArray:
    matrix = np.array(values, dtype=np.float64)
    if matrix.ndim != 2 or len(matrix) != n:
        raise InvalidInputError(f"{name} has shape {matrix.shape}.", f"Pass a matrix with {n:,} rows.")
    return matrix


def _result(read: Labels, codes: Array) -> tuple[Any, BoolArray]:
    return read.rebuild(codes), np.asarray(codes != read.codes)

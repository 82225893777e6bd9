"""The default mix: one calibrated probability per row that its given label is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from labelscope.errors import MissingEvidenceError
from labelscope.scorers import latent, noise_kinds
from labelscope.scorers.inputs import Inputs, blocks, labels_of, read
from labelscope.scorers.neighbors.votes import count_votes
from labelscope.scorers.voters import heads, voters
from labelscope.types import Array, BoolArray, Evidence, FloatArray, IntArray, Score

_PROBABILITY_FLOOR = 1e-8
_EXTRA_VOTES = 0.5
_LOWEST_FLAG = 0.25
_FIT_CELLS = 400_000
_DENSE_UP_TO = 64
_CANDIDATES = 32


@dataclass(frozen=True, kw_only=True)
class Ensemble:
    """Fuse out-of-sample probabilities and neighbor votes into a calibrated suspicion.

    The weights of both parts and the confusions between classes are fitted to the given labels by maximum
    likelihood (see `labelscope.scorers.latent`), under two readings of them: mistakes fall anywhere, or they
    gather on ambiguous rows. How the readings are weighed, and whether items from outside the class set are
    seen, follows from how many mistakes sit on clear rows (see `labelscope.scorers.noise_kinds`). Without
    human verdicts this calibration is a model's assumption, and ``meta["noise_rate"]`` says so; see
    `labelscope.scorers.calibration` for what verdicts do.

    Parameters
    ----------
    max_fit_rows : int
        Parameters are fitted on at most about this many rows, chosen by content and not by position.
    level : float
        Coverage of the interval of the noise rate.

    Notes
    -----
    Works with ``pred_probs``, with ``knn_ids``, or with both. Where there are ``features`` too, neighbors
    that share a row's label and its small cluster count for half in log votes, so that mistakes which come
    in clusters vouch less for each other (see `labelscope.scorers.voters`). ``details`` holds ``p_given``,
    ``p_suggested``, ``model`` and ``neighbors`` (suspicion by each part alone), ``neighbors_for`` and
    ``neighbors_against``. ``meta`` holds ``scale``, ``parts``, ``joint``, ``noise_rate``, ``n_errors``,
    ``expected_precision_100``, ``kappa`` and ``noise_kind``: in words which kind of noise is seen, and the
    shares that say so.

    Examples
    --------
    >>> import numpy as np
    >>> from labelscope.types import Evidence
    >>> P = np.array([[0.95, 0.05], [0.9, 0.1], [0.1, 0.9], [0.02, 0.98]] * 20)
    >>> y = np.array([0, 0, 1, 1] * 20); y[0] = 1
    >>> int(Ensemble().score(Evidence(given_labels=y, pred_probs=P)).suspicion.argmax())
    0
    """

    name: ClassVar[str] = "auto"
    family: ClassVar[str] = "ensemble"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "pred_probs", "knn_ids", "knn_distances")
    enough: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("given_labels", "pred_probs"),
        ("given_labels", "knn_ids"),
    )
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    reference: ClassVar[str] = "labelscope; Dawid & Skene (1979) with a row-dependent labeler"
    fitted: ClassVar[bool] = False

    max_fit_rows: int = 20_000
    level: float = 0.9

    def score(self, evidence: Evidence) -> Score:
        """Score every row.

        Parameters
        ----------
        evidence : Evidence
            ``given_labels`` and at least one of ``pred_probs`` (n, K) and ``knn_ids`` (n, k).

        Returns
        -------
        Score

        Raises
        ------
        MissingEvidenceError
            Neither probabilities nor neighbors are given.
        """
        if "pred_probs" not in evidence and "knn_ids" not in evidence:
            raise MissingEvidenceError.of("pred_probs", type(self).__name__, evidence)
        inputs = read(evidence, type(self).__name__)
        found = _evidence(inputs, evidence.get("features"))
        if inputs.n_classes < 2 or not inputs.labelled.any() or not found:
            return _nothing_to_say(inputs)
        table = _table(found, inputs)
        at_most = min(self.max_fit_rows, max(2000, _FIT_CELLS // table.width))
        chosen = _sample(table, inputs, at_most)
        sampled = [part[chosen] for part in table.parts.values()]
        model = latent.fit(sampled, table.given[chosen], pairwise=table.classes is None)
        return _assemble(inputs, table, model, self.level)


@dataclass(frozen=True)
class _Table:
    """Log evidence by row and column; with many classes the columns are each row's likeliest ones."""

    parts: dict[str, FloatArray]
    given: IntArray
    classes: IntArray | None = None

    @property
    def width(self) -> int:
        return int(next(iter(self.parts.values())).shape[1])

    def codes(self, columns: IntArray) -> IntArray:
        """Return class codes of one column per row."""
        if self.classes is None:
            return columns
        return np.asarray(self.classes[np.arange(len(columns)), columns])


def _log_evidence(name: str, values: FloatArray) -> FloatArray:
    """Return float64 logs, up to a constant for each row, of probabilities or of votes."""
    widened = values.astype(np.float64)
    return np.log(np.maximum(widened, _PROBABILITY_FLOOR) if name == "model" else widened + _EXTRA_VOTES)


def _evidence(inputs: Inputs, features: FloatArray | None) -> dict[str, FloatArray]:
    """Return probabilities and votes, whichever there are."""
    found: dict[str, FloatArray] = {}
    if inputs.pred_probs is not None:
        found["model"] = inputs.pred_probs
    if inputs.knn_ids is not None and inputs.knn_ids.shape[1] and inputs.n_classes:
        found["neighbors"] = count_votes(inputs.knn_ids, inputs.codes, inputs.n_classes)
        if features is not None:
            found["neighbors"] = _halfway(found["neighbors"], inputs, inputs.knn_ids, features)
    return found


def _halfway(votes: FloatArray, inputs: Inputs, ids: IntArray, features: FloatArray) -> FloatArray:
    """Go half the way, in logs, from all votes to those that do not come from a row's own small cluster.

    The latter alone find more of the mistakes that come in clusters, but are biased against every label, and
    the number of errors with them.
    """
    heard = count_votes(voters(ids, inputs.codes, inputs.n_classes, features), inputs.codes, inputs.n_classes)
    return np.asarray(np.sqrt((votes + _EXTRA_VOTES) * (heard + _EXTRA_VOTES)) - _EXTRA_VOTES)


def _table(evidence: dict[str, FloatArray], inputs: Inputs) -> _Table:
    """Keep all classes when they are few, else the given one and the likeliest others."""
    if inputs.n_classes <= _DENSE_UP_TO:
        logs: dict[str, FloatArray] = {}
        for name, values in evidence.items():
            logs[name] = _log_evidence(name, values)
        return _Table(logs, inputs.codes)
    parts: dict[str, FloatArray] = {name: np.empty((inputs.n, _CANDIDATES)) for name in evidence}
    classes = np.empty((inputs.n, _CANDIDATES), dtype=np.int64)
    for rows in blocks(inputs.n, inputs.n_classes):
        classes[rows] = chosen = _likeliest({k: v[rows] for k, v in evidence.items()}, inputs.codes[rows])
        for name, values in evidence.items():
            parts[name][rows] = _log_evidence(name, np.take_along_axis(values[rows], chosen, axis=1))
    return _Table(parts, np.where(inputs.labelled, 0, -1), classes)


def _likeliest(evidence: dict[str, FloatArray], codes: IntArray) -> IntArray:
    """Return (n, candidates) class codes: the given label first, then others among the likeliest."""
    if len(evidence) == 1:
        level = next(iter(evidence.values())).copy()
    else:
        logs = [_log_evidence(name, values) for name, values in evidence.items()]
        level = np.sum(logs, axis=0)
    rows, labelled = np.arange(len(level)), codes >= 0
    level[rows[labelled], codes[labelled]] = np.inf
    # Selecting values is several times faster than selecting positions; ties need the slow way.
    cut = np.partition(level, level.shape[1] - _CANDIDATES, axis=1)[:, level.shape[1] - _CANDIDATES]
    over = level >= cut[:, None]
    for row in np.flatnonzero(over.sum(axis=1) != _CANDIDATES):
        over[row] = False
        over[row, np.argsort(-level[row], kind="stable")[:_CANDIDATES]] = True
    chosen = np.nonzero(over)[1].reshape(len(level), _CANDIDATES)
    place = (chosen == np.maximum(codes, 0)[:, None]).argmax(axis=1)
    place[~labelled] = 0
    chosen[rows, place] = chosen[:, 0]
    chosen[rows[labelled], 0] = codes[labelled]
    return np.asarray(chosen, dtype=np.int64)


def _mixed(keys: Array) -> Array:
    """Scramble uint64 keys, wrapping around."""
    with np.errstate(over="ignore"):
        keys = (keys ^ (keys >> np.uint64(31))) * np.uint64(0x9E3779B97F4A7C15)
        return np.asarray((keys ^ (keys >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9))


def _sample(table: _Table, inputs: Inputs, at_most: int) -> IntArray:
    """Choose and order labelled rows by a hash of their content, not by their position or their class's.

    Neighbors' hashes are mixed in, because rows with the same counts of votes would otherwise be alike.
    """
    rows = np.flatnonzero(inputs.labelled)
    if len(rows) <= min(at_most, latent.FIRST_ROWS):
        return rows
    keys = np.zeros(inputs.n, dtype=np.uint64)
    for part in table.parts.values():
        own = np.where(inputs.labelled, part[np.arange(inputs.n), np.maximum(table.given, 0)], 1.0)
        keys = _mixed(keys + own.view(np.uint64))
        # All of a row counts, in whatever order its classes are: where probabilities saturate, very many
        # rows have the same largest one, and would be chosen or left out together.
        keys = _mixed(keys + part.view(np.uint64).sum(axis=1, dtype=np.uint64))
    if inputs.knn_ids is not None:
        for _ in range(2):
            around = np.where(inputs.knn_ids >= 0, keys[inputs.knn_ids], np.uint64(0))
            keys = _mixed(keys + around.sum(axis=1, dtype=np.uint64))
    keys = keys[rows]
    if len(rows) > at_most:
        kept = keys <= np.partition(keys, at_most - 1)[at_most - 1]
        rows, keys = rows[kept], keys[kept]
    # Only rows that nothing tells apart share a key; a flood of those is cut off.
    return np.asarray(rows[np.argsort(keys, kind="stable")][: 2 * at_most])


def _assemble(inputs: Inputs, table: _Table, model: latent.LatentModel, level: float) -> Score:
    parts, given = table.parts, np.maximum(table.given, 0)
    fused, doubts = model.posterior(list(parts.values()), table.given)
    rows, labelled = np.arange(inputs.n), inputs.labelled
    p_given = np.where(labelled, fused[rows, given], 0.0)
    suspicion = np.clip(doubts @ model.weights, 0.0, 1.0)
    flagged = best_expected_f1(suspicion)
    likeliest = fused.argmax(axis=1)
    others = fused.copy()
    others[rows[labelled], given[labelled]] = -1.0
    # A flagged row gets the best class other than the given one, so that a suggestion always is a change.
    likeliest = np.where(flagged, others.argmax(axis=1), likeliest)
    details: dict[str, Array] = {
        "p_given": p_given.astype(np.float32),
        "p_suggested": fused[rows, likeliest].astype(np.float32),
    }
    for index, (name, part) in enumerate(parts.items()):
        alone = model.part(index).posterior([part], table.given)[1][:, 0] if len(parts) > 1 else suspicion
        details[name] = alone.astype(np.float32)
    if "neighbors" in parts and inputs.knn_ids is not None:
        details["neighbors_for"], details["neighbors_against"] = heads(inputs.knn_ids, inputs.codes)
    meta = _facts(inputs, table, model, fused, suspicion, doubts, level)
    meta["parts"] = list(parts)
    return Score(
        suspicion=suspicion.astype(np.float32),
        suggested=labels_of(table.codes(likeliest), inputs.classes),
        flagged=flagged,
        details=details,
        meta=meta,
    )


def _facts(
    inputs: Inputs,
    table: _Table,
    model: latent.LatentModel,
    fused: FloatArray,
    suspicion: FloatArray,
    doubts: FloatArray,
    level: float,
) -> dict[str, Any]:
    labelled, n_classes = inputs.labelled, inputs.n_classes
    given, joint = inputs.codes[labelled], np.zeros(n_classes**2)
    for column in range(table.width):
        codes = np.full(inputs.n, column) if table.classes is None else table.classes[:, column]
        cells = given * n_classes + codes[labelled]
        joint += np.bincount(cells, weights=fused[labelled, column], minlength=n_classes**2)
    top = np.partition(suspicion, max(len(suspicion) - 100, 0))[-100:]
    rate = _noise_rate(suspicion[labelled], model, level)
    return {
        "scale": "probability",
        "joint": joint.reshape(n_classes, n_classes),
        "noise_rate": rate,
        "n_errors": rate["value"] * len(given),
        "expected_precision_100": float(top.mean()),
        "kappa": model.kappa,
        "noise_kind": model.kind,
    }


def _noise_rate(suspicion: FloatArray, model: latent.LatentModel, level: float) -> dict[str, Any]:
    """Return the rate with an interval for chance and for the model's own error."""
    value = float(suspicion.mean())
    chance = float((suspicion * (1.0 - suspicion)).sum()) / len(suspicion) ** 2
    relative = float(np.sqrt(chance)) / max(value, 1e-12)
    low, high = noise_kinds.count_interval(value, relative, model.clear, model.following, level)
    # Nothing expected is not nothing there: the rule of three, at this level.
    unseen = float(-np.log(1.0 - level)) / len(suspicion)
    return {
        "value": value,
        "low": low,
        "high": min(1.0, max(high, unseen)),
        "level": level,
        "measured": False,
    }


def best_expected_f1(suspicion: FloatArray) -> BoolArray:
    """Return the rows whose flagging has the highest expected F1, given calibrated probabilities.

    Parameters
    ----------
    suspicion : (n,) float
        Probability that each row is wrong.

    Returns
    -------
    (n,) bool
        Rows with equal suspicion are treated alike, and none below .25 is flagged: where little can be told
        apart, flagging nearly everything would have the best expected F1 and help nobody.

    Examples
    --------
    >>> best_expected_f1(np.array([0.9, 0.1, 0.8, 0.0])).tolist()
    [True, False, True, False]
    """
    values = np.round(np.asarray(suspicion, dtype=np.float64), 6)
    candidates = -np.sort(-values[values >= _LOWEST_FLAG])
    if not len(candidates):
        return np.zeros(len(values), dtype=bool)
    found = np.cumsum(candidates)
    expected = 2.0 * found / (np.arange(1, len(candidates) + 1) + values.sum())
    cut = candidates[int(expected.argmax())]
    return np.asarray(values >= cut)


def _nothing_to_say(inputs: Inputs) -> Score:
    """One class, or no labels: nothing can be wrong."""
    n, n_classes = inputs.n, inputs.n_classes
    zeros = np.zeros(n, dtype=np.float32)
    best = np.maximum(inputs.codes, 0)
    if inputs.pred_probs is not None and n and n_classes:
        best = np.where(inputs.labelled, best, inputs.pred_probs.argmax(axis=1))
    rate = {"value": 0.0, "low": 0.0, "high": 1.0, "level": 0.9, "measured": False}
    counts = np.bincount(inputs.codes[inputs.labelled], minlength=n_classes)
    details: dict[str, Array] = {"p_given": np.where(inputs.labelled, 1.0, 0.0).astype(np.float32)}
    details["p_suggested"] = details["p_given"]
    meta: dict[str, Any] = {"scale": "probability", "parts": [], "joint": np.diag(counts).astype(float)}
    meta |= {"noise_rate": rate, "n_errors": 0.0, "expected_precision_100": 0.0, "kappa": 0.0}
    meta["noise_kind"] = noise_kinds.described(1.0, 0.0, 0.0)
    return Score(zeros, labels_of(best, inputs.classes), np.zeros(n, dtype=bool), details, meta)

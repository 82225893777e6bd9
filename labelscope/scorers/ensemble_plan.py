"""The default mix in blocks: keys of rows, a sample to fit the model on, and what it believes of every row.

Covered are probabilities, neighbors, or both, without ``features``. Row by row everything is what
`labelscope.scorers.ensemble` computes; the joint is summed in whole numbers, so that it does not depend on
the blocks.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.scorers import ensemble as mix
from labelscope.scorers import latent, noise_kinds
from labelscope.scorers.blockwise import Block, Partial, Plan, Shape, Step, Stepped, chunk_rows
from labelscope.scorers.confident import row_sums
from labelscope.scorers.inputs import Inputs, labels_of
from labelscope.scorers.neighbors.graph_blocks import id_range, refuse_strangers
from labelscope.scorers.neighbors.votes import count_votes
from labelscope.types import Array, FloatArray, IntArray, Score

if TYPE_CHECKING:
    from labelscope.scorers.ensemble import Ensemble

# Sums of shares are kept as whole numbers: exact up to a hundred million rows.
_UNIT = 2.0**36


def ensemble_plan(method: Ensemble, shape: Shape) -> Plan:
    """Yield the steps of the default mix, and make its score.

    Parameters
    ----------
    method : Ensemble
        Its settings.
    shape : Shape
        With ``pred_probs``, ``knn_ids`` or both present.

    Returns
    -------
    Score
    """
    needs: tuple[str, ...] = tuple(name for name in ("pred_probs", "knn_ids") if name in shape.present)
    needs = (*needs, "all_codes") if "knn_ids" in needs else needs
    first = yield Step(_keyed, partial(_checked, n=len(shape.codes)), needs)
    width = first.reduced
    inputs = Inputs(shape.codes, shape.classes)
    if inputs.n_classes < 2 or not inputs.labelled.any() or not width:
        return mix._nothing_to_say(inputs)
    at_most = min(method.max_fit_rows, max(2000, mix._FIT_CELLS // width))
    chosen = yield from _sample(first.rows["key"], shape, at_most)
    wanted = np.sort(chosen)
    made = yield Step(partial(_taken, wanted=wanted), _stacked, needs)
    order = np.searchsorted(wanted, chosen)
    parts = {name: values[order] for name, values in made.reduced.items()}
    given = parts.pop("given").astype(np.int64)
    pairwise = inputs.n_classes <= mix._DENSE_UP_TO
    model = latent.fit(list(parts.values()), given, pairwise=pairwise)
    believed = yield Step(partial(_believed, model=model), _added, needs)
    return _score(method, shape, model, list(parts), believed)


def _table(block: Block) -> Any:
    """Return the log evidence of a block's rows, and what was found wrong with its probabilities."""
    evidence: dict[str, FloatArray] = {}
    seen = row_sums.Sums()
    if block.pred_probs is not None:
        limit = row_sums.tolerance(block.pred_probs.dtype)
        half = block.pred_probs.dtype == np.float16
        probs = block.pred_probs.astype(np.float32) if half else block.pred_probs
        if probs.size:
            found = row_sums.look_at(probs, limit, block.start)
            seen = found if len(found.repaired) or len(found.not_finite) else seen
        evidence["model"] = row_sums.repaired(probs, limit)
    if block.knn_ids is not None and block.all_codes is not None and block.knn_ids.shape[1]:
        evidence["neighbors"] = count_votes(block.knn_ids, block.all_codes, block.n_classes)
    inputs = Inputs(np.asarray(block.codes), np.arange(block.n_classes))
    return (mix._table(evidence, inputs) if evidence and block.n_classes else None), seen, evidence


def _keyed(block: Block) -> Partial:
    low, high = id_range(block)
    if low < -1 or (block.all_codes is not None and high >= len(block.all_codes)):
        return Partial((low, high, row_sums.Sums(), 0), {"key": np.zeros(len(block.codes), np.uint64)})
    table, seen, _ = _table(block)
    keys = np.zeros(len(block.codes), dtype=np.uint64)
    if table is None or len(seen.not_finite):
        return Partial((low, high, seen, 0), {"key": keys})
    rows, labelled = np.arange(len(keys)), block.codes >= 0
    for part in table.parts.values():
        own = np.where(labelled, part[rows, np.maximum(table.given, 0)], 1.0)
        keys = mix._mixed(keys + own.view(np.uint64))
        keys = mix._mixed(keys + np.ascontiguousarray(part).view(np.uint64).sum(axis=1, dtype=np.uint64))
    return Partial((low, high, seen, table.width), {"key": keys})


def _checked(made: Sequence[Any], n: int) -> int:
    refuse_strangers(min(one[0] for one in made), max(one[1] for one in made), n)
    row_sums.joined([one[2] for one in made]).settle(n)
    return int(max(one[3] for one in made))


def _sample(keys: Array, shape: Shape, at_most: int) -> Generator[Step, Stepped, IntArray]:
    rows = np.flatnonzero(shape.codes >= 0)
    if len(rows) <= min(at_most, latent.FIRST_ROWS):
        return rows
    if "knn_ids" in shape.present:
        for _ in range(2):
            keys = (yield Step(partial(_around, keys=keys), None, ("knn_ids",))).rows["key"]
    keys = keys[rows]
    if len(rows) > at_most:
        kept = keys <= np.partition(keys, at_most - 1)[at_most - 1]
        rows, keys = rows[kept], keys[kept]
    # Only rows that nothing tells apart share a key; a flood of those is cut off.
    return np.asarray(rows[np.argsort(keys, kind="stable")][: 2 * at_most])


def _around(block: Block, keys: Array) -> Partial:
    ids = np.asarray(block.knn_ids)
    heard = np.where(ids >= 0, keys[ids], np.uint64(0)).sum(axis=1, dtype=np.uint64)
    return Partial(None, {"key": mix._mixed(keys[block.start : block.stop] + heard)})


def _taken(block: Block, wanted: IntArray) -> Partial:
    """Return the evidence of the rows that the model is fitted on."""
    table, _, _ = _table(block)
    rows = wanted[(wanted >= block.start) & (wanted < block.stop)] - block.start
    return Partial({**{name: part[rows] for name, part in table.parts.items()}, "given": table.given[rows]})


def _stacked(made: Sequence[dict[str, Array]]) -> dict[str, Array]:
    return {name: np.concatenate([one[name] for one in made]) for name in made[0]}


def _believed(block: Block, model: latent.LatentModel) -> Partial:
    table, _, evidence = _table(block)
    n, n_classes, codes = len(block.codes), block.n_classes, block.codes
    joint = np.zeros((n_classes, n_classes), dtype=np.int64)
    pieces: list[dict[str, Array]] = []
    # Chunk by chunk: matrix products may round by a row's place in them.
    for start in range(0, max(n, 1), chunk_rows(n_classes)):
        rows = slice(start, min(start + chunk_rows(n_classes), n))
        parts = {name: part[rows] for name, part in table.parts.items()}
        pieces.append(_rows(parts, table.given[rows], model))
        columns = None if table.classes is None else table.classes[rows]
        _count(joint, pieces[-1].pop("fused"), codes[rows], columns)
    found = _stacked(pieces)
    for name in ("best", "other"):
        if table.classes is not None:
            found[name] = table.classes[np.arange(n), found[name]].astype(np.int32)
    if "neighbors" in evidence:
        votes = evidence["neighbors"]
        agreeing = np.where(codes >= 0, votes[np.arange(n), np.maximum(codes, 0)], 0.0)
        found["neighbors_for"] = agreeing.astype(np.int32)
        found["neighbors_against"] = (votes.sum(axis=1) - agreeing).astype(np.int32)
    return Partial(joint, found)


def _rows(parts: dict[str, FloatArray], codes: IntArray, model: latent.LatentModel) -> dict[str, Array]:
    given, rows, labelled = np.maximum(codes, 0), np.arange(len(codes)), codes >= 0
    fused, doubts = model.posterior(list(parts.values()), codes)
    others = fused.copy()
    others[rows[labelled], given[labelled]] = -1.0
    best, other = fused.argmax(axis=1), others.argmax(axis=1)
    suspicion = np.clip((doubts * model.weights).sum(axis=1), 0.0, 1.0)
    found: dict[str, Array] = {
        "fused": fused,
        "suspicion": suspicion,
        "p_given": np.where(labelled, fused[rows, given], 0.0).astype(np.float32),
        "best": best.astype(np.int32),
        "other": other.astype(np.int32),
        "p_best": fused[rows, best].astype(np.float32),
        "p_other": fused[rows, other].astype(np.float32),
    }
    for index, (name, part) in enumerate(parts.items()):
        alone = model.part(index).posterior([part], codes)[1][:, 0] if len(parts) > 1 else suspicion
        found[name] = alone.astype(np.float32)
    return found


def _count(joint: IntArray, fused: FloatArray, codes: IntArray, columns: IntArray | None) -> None:
    labelled = codes >= 0
    units = np.rint(fused[labelled] * _UNIT)
    n_classes = len(joint)
    for place in range(fused.shape[1]):
        true = place if columns is None else columns[labelled, place]
        cells = codes[labelled] * n_classes + true
        # Whole numbers below 2 ** 53 are exact in float64; a chunk's sums are.
        found = np.bincount(cells, weights=units[:, place], minlength=n_classes**2)
        joint += found.astype(np.int64).reshape(joint.shape)


def _added(made: Sequence[IntArray]) -> FloatArray:
    return np.asarray(sum(made[1:], made[0]) / _UNIT)


def _score(
    method: Ensemble, shape: Shape, model: latent.LatentModel, names: list[str], believed: Stepped
) -> Score:
    rows, labelled = believed.rows, shape.codes >= 0
    suspicion = rows["suspicion"]
    flagged = mix.best_expected_f1(suspicion)
    # A flagged row gets the best class other than the given one, so that a suggestion always is a change.
    suggested = np.where(flagged, rows["other"], rows["best"])
    p_suggested = np.where(flagged, rows["p_other"], rows["p_best"])
    kept = [*names, *(name for name in ("neighbors_for", "neighbors_against") if name in rows)]
    details = {"p_given": rows["p_given"], "p_suggested": p_suggested, **{name: rows[name] for name in kept}}
    top = np.partition(suspicion, max(len(suspicion) - 100, 0))[-100:]
    spread = noise_kinds.count_spread(model.clear, model.following)
    rate = mix._noise_rate(suspicion[labelled], spread, method.level)
    meta: dict[str, Any] = {
        "scale": "probability",
        "joint": believed.reduced,
        "noise_rate": rate,
        "n_errors": rate["value"] * int(labelled.sum()),
        "expected_precision_100": float(top.mean()),
        "kappa": model.kappa,
        "noise_kind": model.kind,
        "parts": names,
    }
    return Score(suspicion.astype(np.float32), labels_of(suggested, shape.classes), flagged, details, meta)

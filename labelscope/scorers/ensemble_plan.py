"""The default mix in blocks: keys of rows, a sample to fit the model on, and what it believes of every row.

Neighbors that are given are those that vote. Whatever drives the plan, in memory, from files or on a
cluster, the score is the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from labelscope.scorers import flagging, latent, noise_kinds
from labelscope.scorers.blockwise import Block, Partial, Plan, Shape, Step, Stepped
from labelscope.scorers.confident import row_sums
from labelscope.scorers.evidence_tables import (
    CANDIDATES,
    DENSE_UP_TO,
    PAIRS_ROWS,
    PAIRS_UP_TO,
    Table,
    parts_of,
    table_of,
    values_of,
)
from labelscope.scorers.inputs import labels_of
from labelscope.scorers.kept_candidates import Kept, keeps, keyed_and_kept
from labelscope.scorers.neighbors.graph_blocks import id_range, refuse_strangers
from labelscope.scorers.pair_rates import pairs_tell
from labelscope.scorers.posterior import step_of
from labelscope.scorers.row_keys import keys_of, mixed
from labelscope.types import Array, FloatArray, IntArray, Score

_FIT_CELLS = 400_000
_FEWEST_FIT_ROWS = 2000


Raise = Callable[[FloatArray, float], tuple[FloatArray, FloatArray, float] | None]


def ensemble_plan(shape: Shape, max_fit_rows: int, level: float, raised: Raise | None = None) -> Plan:
    """Yield the steps of the default mix, and make its score.

    Parameters
    ----------
    shape : Shape
        With ``pred_probs``, ``knn_ids`` or both present.
    max_fit_rows : int
        Parameters are fitted on about so many rows.
    level : float
        Coverage of the interval of the noise rate.
    raised : callable, optional
        Given suspicion (n,) and how surely foreign items are seen, returns raised suspicion, foreignness (n,)
        and its cut, or None; only where all rows are in this process.

    Returns
    -------
    Score
    """
    needs: tuple[str, ...] = tuple(name for name in ("pred_probs", "knn_ids") if name in shape.present)
    needs = (*needs, "all_codes") if "knn_ids" in needs else needs
    n_classes, labelled = len(shape.classes), shape.codes >= 0
    keep = keeps(shape, needs)
    first = yield Step(partial(_keyed, keep=keep), partial(_checked, n=len(shape.codes)), needs)
    kept = Kept(first.rows["classes"], first.rows["values"]) if keep else None
    names, off = first.reduced
    if n_classes < 2 or not labelled.any() or not names:
        return (yield from _nothing_to_say(shape))
    pairwise = n_classes <= DENSE_UP_TO
    width = n_classes if pairwise else CANDIDATES
    at_most = min(max_fit_rows, max(_FEWEST_FIT_ROWS, _FIT_CELLS // width))
    chosen = yield from _sample(first.rows["key"], shape, at_most, latent.first_rows(width))
    del first
    wanted = np.sort(chosen)
    order = np.searchsorted(wanted, chosen)
    asked = not pairwise and n_classes <= PAIRS_UP_TO and len(shape.codes) <= PAIRS_ROWS
    for dense in (True, False) if asked else (pairwise,):
        if kept is None:
            made = yield Step(partial(_taken, wanted=wanted, off=off, dense=dense), _stacked, needs)
            found = made.reduced
        else:
            found = _of_table(kept.table(wanted, shape.codes[wanted]))
        parts = [found[name][order] for name in names]
        given = found["given"][order]
        if not (asked and dense):
            break
        pairwise = pairs_tell(parts, given)
        if pairwise:
            break
    model = latent.fit(parts, given, pairwise=pairwise)
    del found, parts
    believed = yield step_of(model, off, needs, kept)
    foreign = None if raised is None else raised(believed.rows["suspicion"], model.outside)
    score = _score(shape, model, names, _moved(believed, foreign), level)
    if foreign is None:
        return score
    details = {**score.details, "foreign": foreign[1]}
    return replace(score, details=details, meta={**score.meta, "foreign_cut": foreign[2]})


def _moved(believed: Stepped, foreign: tuple[FloatArray, FloatArray, float] | None) -> Stepped:
    """Give other classes what the given one loses where suspicion was raised."""
    if foreign is None:
        return believed
    rows, raised = believed.rows, foreign[0]
    before = rows["suspicion"]
    factor = np.divide(raised, before, out=np.ones_like(raised), where=before > 0)
    given = np.where(raised > before, np.minimum(rows["given"], 1.0 - raised), rows["given"])
    moved = {"suspicion": raised, "given": given, "other": rows["other"] * factor}
    return Stepped(believed.reduced, {**rows, **moved})


def _keyed(block: Block, keep: bool) -> Partial:
    low, high = id_range(block)
    if low < -1 or (block.all_codes is not None and high >= len(block.all_codes)):
        none = np.zeros(len(block.codes), np.uint64)
        return Partial((low, high, row_sums.Sums(), []), {"key": none})
    if keep:
        made = keyed_and_kept(block)
        return Partial((low, high, made.reduced, parts_of(block)), made.rows)
    key, seen = keys_of(block)
    return Partial((low, high, seen, parts_of(block) if block.n_classes else []), {"key": key})


def _checked(made: Sequence[Any], n: int) -> tuple[list[str], IntArray]:
    """Refuse what is wrong; return the parts that there are, and the rows that need repair."""
    refuse_strangers(min(one[0] for one in made), max(one[1] for one in made), n)
    seen = row_sums.joined([one[2] for one in made])
    seen.settle(n)
    return made[0][3], seen.repaired


def _sample(keys: Array, shape: Shape, at_most: int, first: int) -> Generator[Step, Stepped, IntArray]:
    """Choose and order labelled rows by a hash of their content, not by their position.

    Neighbors' hashes are mixed in, because rows with the same counts of votes would otherwise be alike.
    """
    n_labelled = int(np.count_nonzero(shape.codes >= 0))
    if n_labelled <= min(at_most, first):
        return np.flatnonzero(shape.codes >= 0)
    if "knn_ids" in shape.present:
        for _ in range(2):
            keys = (yield Step(partial(_around, keys=keys), None, ("knn_ids",))).rows["key"]
    rows = _lowest(keys, shape.codes >= 0, at_most, n_labelled)
    keys = keys[rows]
    if len(rows) > at_most:
        kept = keys <= np.partition(keys, at_most - 1)[at_most - 1]
        rows, keys = rows[kept], keys[kept]
    # Only rows that nothing tells apart share a key; a flood of those is cut off.
    return np.asarray(rows[np.argsort(keys, kind="stable")][: 2 * at_most])


def _lowest(keys: Array, labelled: Array, at_most: int, n_labelled: int) -> IntArray:
    """Return labelled rows among which those with the lowest keys are: few where keys are spread evenly."""
    if n_labelled > 2 * at_most:
        bound = np.uint64(2**64 * 1.2 * at_most / n_labelled)
        rows = np.flatnonzero((keys <= bound) & labelled)
        if len(rows) >= at_most:
            return rows
    return np.flatnonzero(labelled)


def _around(block: Block, keys: Array) -> Partial:
    ids = np.asarray(block.knn_ids)
    heard = np.where(ids >= 0, keys[ids], np.uint64(0)).sum(axis=1, dtype=np.uint64)
    return Partial(None, {"key": mixed(keys[block.start : block.stop] + heard)})


def _taken(block: Block, wanted: IntArray, off: IntArray, dense: bool) -> Partial:
    """Return the evidence of the rows that the model is fitted on."""
    low, high = np.searchsorted(wanted, [block.start, block.stop])
    rows = wanted[low:high] - block.start
    table = table_of(values_of(block, rows, off), block.codes[rows], dense=dense)
    return Partial(_of_table(table))


def _of_table(table: Table) -> dict[str, Array]:
    return {**{name: part.T for name, part in table.parts.items()}, "given": table.given}


def _stacked(made: Sequence[dict[str, Array]]) -> dict[str, Array]:
    return {name: np.concatenate([one[name] for one in made]) for name in made[0]}


def _score(
    shape: Shape, model: latent.LatentModel, names: list[str], believed: Stepped, level: float
) -> Score:
    rows, codes = believed.rows, shape.codes
    suspicion, given, other, rival = (rows[name] for name in ("suspicion", "given", "other", "rival"))
    flagged = flagging.best_expected_f1(suspicion)
    # A flagged row gets the best class other than the given one, so that a suggestion always is a change.
    moved = flagged | (other > given) | (codes < 0)
    moved |= (other == given) & (rival < codes)
    moving = np.flatnonzero(moved)
    best, p_best = codes.copy(), given.copy()
    best[moving], p_best[moving] = rival[moving], other[moving]
    details: dict[str, Array] = {"p_given": given, "p_suggested": p_best}
    # One part alone is the whole.
    details |= {name: rows.get(name, suspicion) for name in names}
    for name in ("for", "against"):
        if name in rows:
            details[f"neighbors_{name}"] = rows[name]
    n_labelled = int(np.count_nonzero(codes >= 0))
    rate = flagging.noise_rate(suspicion, n_labelled, model.clear, model.following, level)
    meta: dict[str, Any] = {
        "scale": "probability",
        "joint": believed.reduced,
        "noise_rate": rate,
        "n_errors": rate["value"] * n_labelled,
        "expected_precision_100": flagging.expected_precision(suspicion),
        "kappa": model.kappa,
        "noise_kind": model.kind,
        "parts": names,
    }
    return Score(suspicion, labels_of(best, shape.classes, own=True), flagged, details, meta)


def _nothing_to_say(shape: Shape) -> Plan:
    """One class, or no labels: nothing can be wrong."""
    n, n_classes, labelled = len(shape.codes), len(shape.classes), shape.codes >= 0
    best = np.maximum(shape.codes, 0)
    if "pred_probs" in shape.present and n and n_classes and not labelled.all():
        likeliest = yield Step(_likeliest)
        best = np.where(labelled, best, likeliest.rows["class"])
    rate = {"value": 0.0, "low": 0.0, "high": 1.0, "level": 0.9, "measured": False}
    counts = np.bincount(shape.codes[labelled], minlength=n_classes)
    shares = labelled.astype(np.float32)
    meta: dict[str, Any] = {"scale": "probability", "parts": [], "joint": np.diag(counts).astype(float)}
    meta |= {"noise_rate": rate, "n_errors": 0.0, "expected_precision_100": 0.0, "kappa": 0.0}
    meta["noise_kind"] = noise_kinds.described(1.0, 0.0, 0.0)
    zeros = np.zeros(n, dtype=np.float32)
    details: dict[str, Array] = {"p_given": shares, "p_suggested": shares}
    return Score(zeros, labels_of(best, shape.classes), np.zeros(n, dtype=bool), details, meta)


def _likeliest(block: Block) -> Partial:
    probs: FloatArray = np.asarray(block.pred_probs)
    return Partial(None, {"class": probs.argmax(axis=1)})

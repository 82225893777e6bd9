"""What the latent-label model believes of every row, in blocks.

The same function of a row as `labelscope.scorers.latent.LatentModel.posterior`, without a table of all
rows: tiles stay in a core's cache, classes lie along rows of memory, and of what is believed only the given
label's share, the strongest other class and its share are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from labelscope.scorers import noise_kinds
from labelscope.scorers.blockwise import Block, Partial, Step, chunk_rows
from labelscope.scorers.evidence_tables import (
    DENSE_UP_TO,
    FLOOR,
    PAIRS_UP_TO,
    Table,
    parts_of,
    table_of,
    values_of,
)
from labelscope.scorers.expected_joint import JointCounts, added
from labelscope.scorers.kept_candidates import Kept
from labelscope.scorers.latent import Component, LatentModel
from labelscope.types import Array, FloatArray, IntArray

# Tables of candidates are narrow enough for whole chunks, and long loops let the other thread work as well.
_DENSE_TILES = 8
# So many rows of kept candidates.
_KEPT_TOGETHER = 4096
# Below it the exponential of float32 is subnormal, and no longer quick.
_LOWEST_SCORE = np.float32(-80.0)
# The likeliest of so many classes stays that far above 0; else scores are shifted to it.
_STEEP = 30.0
_NEGLIGIBLE = 0.01


def step_of(
    model: LatentModel, off: IntArray, needs: tuple[str, ...] = ("pred_probs",), kept: Kept | None = None
) -> Step:
    """Return the step that takes beliefs.

    Parameters
    ----------
    model : LatentModel
        Fitted to the same evidence.
    off : (o,) int
        Rows whose probabilities need repair.
    needs : tuple of str
        Matrices that there are.
    kept : Kept, optional
        Candidates of all rows, where they were found before; then no matrix is looked at.

    Returns
    -------
    Step
        Its reduction is the joint (K, K) float64, the expected number of rows by given label (row) and true
        label (column). For every row it makes ``suspicion`` (doubt in the given label, averaged over the
        model's components; 0 for unlabelled rows), ``given`` (averaged posterior of the given label; 0 for
        unlabelled rows), ``other`` (the largest posterior among other classes), ``rival`` (the class that
        has it, the lowest code among equals), where there are several parts each one's own doubt by its
        name, and where there are neighbors how many are ``for`` and ``against`` the given label.
    """
    return Step(partial(_believe, model=model, off=off, kept=kept), added, needs if kept is None else ())


def _believe(block: Block, *, model: LatentModel, off: IntArray, kept: Kept | None) -> Partial:
    n, names = len(block.codes), parts_of(block) if kept is None else ["model"]
    alone = [model.part(index) for index in range(len(names))] if len(names) > 1 else []
    floats = ("suspicion", "given", "other", *(names if alone else ()))
    rows: dict[str, Array] = {name: np.zeros(n, np.float32) for name in floats}
    whole = ("rival", *(("for", "against") if "neighbors" in names else ()))
    rows |= {name: np.zeros(n, np.int32) for name in whole}
    joint = JointCounts(block.n_classes)
    readers = [_Reader(one) for one in (model, *alone)]
    dense = model.pairwise or block.n_classes <= DENSE_UP_TO
    off = off[(off >= block.start) & (off < block.stop)]
    for tile, table, votes in _tables(block, off, dense=dense, kept=kept):
        found = {name: values[tile] for name, values in rows.items()}
        labels = _Labels.of(table)
        others, found["given"][:], found["suspicion"][:] = readers[0].read(list(table.parts.values()), labels)
        for name, reader in zip(names, readers[1:], strict=False):
            found[name][:] = reader.read([table.parts[name]], labels)[2]
        if votes is not None:
            found["for"][:], found["against"][:] = votes
        joint.count(others, block.codes[tile], table.classes, labels.chosen)
        _strongest(others, table, found)
    return Partial(joint, rows)


def _tables(
    block: Block, off: IntArray, *, dense: bool, kept: Kept | None
) -> Iterator[tuple[slice, Table, tuple[Array, Array] | None]]:
    """Cut chunks alike wherever blocks begin: matrix products may round by a column's place in them."""
    n = len(block.codes)
    chunk = chunk_rows(block.n_classes)
    if kept is not None:
        # There are no matrix products: whole chunks go together, what is left of one goes alone.
        whole, together = n - n % chunk, max(1, _KEPT_TOGETHER // chunk) * chunk
        for start in (*range(0, whole, together), *range(whole, n, chunk)):
            tile = slice(start, min(start + together, whole) if start < whole else n)
            rows = slice(block.start + tile.start, block.start + tile.stop)
            yield tile, kept.table(rows, block.codes[tile]), None
        return
    size = -(-chunk // _DENSE_TILES) if dense else chunk
    for first in range(0, n, chunk):
        last = min(first + chunk, n)
        for start in range(first, last, size):
            tile = slice(start, min(start + size, last))
            values, codes = values_of(block, tile, off), block.codes[tile]
            votes = _heads(values["neighbors"], codes) if "neighbors" in values else None
            yield tile, table_of(values, codes, dense=dense), votes


def _heads(votes: FloatArray, codes: IntArray) -> tuple[Array, Array]:
    """Count the labelled neighbors that carry the same label, and those that carry another one."""
    agreeing = np.where(codes >= 0, votes[np.arange(len(codes)), np.maximum(codes, 0)], 0.0)
    return agreeing, votes.sum(axis=1) - agreeing


def _strongest(others: FloatArray, table: Table, found: dict[str, Array]) -> None:
    """Write the largest share of classes that are not the given one, and which has it."""
    n_columns = len(others)
    top = others.max(axis=0, out=found["other"])
    # The lowest code among equals has the highest weight; bytes are quick to search.
    equal = (others == top).view(np.uint8)
    equal *= np.arange(n_columns, 0, -1, dtype=np.uint8)[:, None]
    columns = n_columns - equal.max(axis=0).astype(np.int64)
    if not top.all():
        # Nothing is left for any of the others: the first of them, which the given one is not.
        nothing = np.flatnonzero(top == 0)
        columns[nothing] = table.given[nothing] == 0
    found["rival"][:] = table.codes(columns)


@dataclass(frozen=True)
class _Labels:
    """Where the given labels of a tile lie.

    Attributes
    ----------
    own : (m,) int64
        Places in a flat table (W, b), of labelled rows.
    labelled : (m,) int64 or None
        Which rows these are; None for all of them.
    unlabelled : (b - m,) int64
        The others.
    chosen : (W, b) float32 or None
        1 at given labels, where all classes are there.
    """

    own: IntArray
    labelled: IntArray | None
    unlabelled: IntArray
    chosen: FloatArray | None

    @classmethod
    def of(cls, table: Table) -> _Labels:
        given, b = table.given, len(table.given)
        unlabelled = np.flatnonzero(given < 0)
        labelled = np.flatnonzero(given >= 0) if len(unlabelled) else None
        own = given * b
        own += np.arange(b)
        own = own if labelled is None else own[labelled]
        chosen = None
        if table.classes is None:
            chosen = np.zeros((table.width, b), dtype=np.float32)
            chosen.reshape(-1)[own] = 1.0
        return cls(own, labelled, unlabelled, chosen)

    def take_out(self, shares: FloatArray) -> FloatArray:
        """Return (b,) shares of the given labels, 0 for unlabelled rows, and leave 0 in their place."""
        every = shares.reshape(-1)
        at = every.take(self.own)
        every[self.own] = 0.0
        if self.labelled is None:
            return at
        spread = np.zeros(shares.shape[1], dtype=np.float32)
        spread[self.labelled] = at
        return spread


class _Reader:
    """A model in single precision.

    Parameters
    ----------
    model : LatentModel
    """

    def __init__(self, model: LatentModel) -> None:
        self.components = [_Fitted(one) for one in model.components]
        self.weights, self.outside = model.weights.astype(np.float32), model.outside

    def read(self, logs: Sequence[FloatArray], labels: _Labels) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return averaged beliefs (W, b) in classes that are not given, (b,) in the given one, and doubts."""
        flat = _flatness(logs[0]) if self.outside >= _NEGLIGIBLE else None
        made: list[tuple[FloatArray, FloatArray, FloatArray]] = []
        for one, weight in zip(self.components, self.weights, strict=True):
            shares = one.shares(logs, labels)
            at = labels.take_out(shares)
            at *= one.own
            # Summing the others keeps tiny doubts that 1 - p would round away.
            total = shares.sum(axis=0)
            scale = total + at
            np.divide(weight, scale, out=scale)
            doubt = total
            doubt *= scale
            if flat is not None:
                scale *= _raise(doubt, flat, float(weight), self.outside)
            if len(labels.unlabelled):
                scale[labels.unlabelled] = weight / shares[:, labels.unlabelled].sum(axis=0)
                doubt[labels.unlabelled] = 0.0
            shares *= scale
            given = weight - doubt
            given[labels.unlabelled] = 0.0
            made.append((shares, given, doubt))
        others, given, doubts = made[0]
        for more in made[1:]:
            others += more[0]
            given += more[1]
            doubts += more[2]
        return others, np.clip(given, 0.0, 1.0, out=given), np.clip(doubts, 0.0, 1.0, out=doubts)


def _raise(doubt: FloatArray, flat: FloatArray, weight: float, outside: float) -> FloatArray:
    """Tilt doubts, which are shares of a weight, in place; return by what factor they grew."""
    before = doubt.astype(np.float64) / weight
    raised = noise_kinds.tilted(before, flat, outside)
    doubt[:] = raised * weight
    return np.divide(raised, before, out=np.zeros_like(before), where=before > 0).astype(np.float32)


class _Fitted:
    """A component's tables in single precision.

    Parameters
    ----------
    component : Component
    """

    def __init__(self, component: Component) -> None:
        self.kappa, self.beta = component.kappa, component.beta.astype(np.float32)
        widest = DENSE_UP_TO if len(component.tau) <= DENSE_UP_TO else PAIRS_UP_TO
        self.steep = float(component.beta.sum()) * np.log(widest) > _STEEP
        self.deep = float(component.beta.sum()) * float(np.log(FLOOR)) < _LOWEST_SCORE
        tau = component.tau
        self.rate = float(tau[0, 0]) if tau.shape == (1, 1) else None
        # Where all pairs have one rate, the given label is raised instead of all others being lowered.
        self.own = np.float32(1.0 if self.rate is None else 1.0 / self.rate)
        if self.rate is None:
            odds = tau if self.kappa else tau / tau.sum(axis=1, keepdims=True)
            self.odds, self.tau = odds.astype(np.float32), tau.astype(np.float32)

    def shares(self, logs: Sequence[FloatArray], labels: _Labels) -> FloatArray:
        """Return (W, b) beliefs that are not normalized, but for the given label's `own`."""
        scores = logs[0] * self.beta[0]
        for part, weight in zip(logs[1:], self.beta[1:], strict=True):
            scores += part * weight
        if len(logs) > 1 or self.steep:
            scores -= scores.max(axis=0)
        if self.deep:
            np.maximum(scores, _LOWEST_SCORE, out=scores)
        total = self._total(scores) if self.kappa else None
        found: FloatArray = np.exp(scores, out=scores)
        if labels.chosen is not None and self.rate is None:
            odds = self.odds @ labels.chosen
            odds[:, labels.unlabelled] = 1.0  # there the label says nothing
            found *= odds
        if total is not None:
            total[:, labels.unlabelled] = 1.0
            found /= total
        return found

    def _total(self, scores: FloatArray) -> FloatArray:
        pull: FloatArray = np.exp(scores * np.float32(self.kappa))
        if self.rate is None:
            return np.asarray(self.tau @ pull)
        everything = pull.sum(axis=0)
        everything *= np.float32(self.rate)
        pull *= np.float32(1.0 - self.rate)
        pull += everything
        return pull


def _flatness(logs: FloatArray) -> FloatArray:
    """See `labelscope.scorers.noise_kinds.flatness`."""
    level = logs - logs.max(axis=0)
    shares = np.exp(level)
    total = shares.sum(axis=0)
    shares *= level
    entropy = np.log(total) - shares.sum(axis=0) / total
    return np.asarray(entropy.astype(np.float64) / np.log(max(len(logs), 2)))

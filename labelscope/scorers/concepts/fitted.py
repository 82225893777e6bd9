"""A fitted joint energy: predict, score, propagate a fix, tabulate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.scorers.concepts.conditionals import Conditionals, count_conditionals
from labelscope.scorers.concepts.energy import JointEnergy, one_hot, sigmoid, softmax
from labelscope.scorers.concepts.heads import Heads, Variables
from labelscope.scorers.concepts.mean_field import Beliefs, minimize
from labelscope.scorers.concepts.relations import FoldRelations, Weights, spins_of
from labelscope.scorers.inputs import blocks, labels_of
from labelscope.types import Array, FloatArray, IntArray, Score

# People rarely err in one place only: how often the other values are wrong where a fix shows that one was.
_ERRED = 0.25


@dataclass(frozen=True, eq=False)
class FittedConceptEnergy:
    """What `ConceptEnergy.fit` returns.

    Attributes
    ----------
    joint : JointEnergy
        Of the attributes in ``variables.used``.
    parts : FoldRelations or None
        The relations by which rows are scored that were not fitted on; None where nothing was learned.
    variables : Variables
        The given class and attributes, n rows.
    heads : Heads
        What the features say.
    weights : Weights
        Of heads and relations.
    flip_rate : float
        Share of given values that are wrong.
    facts : dict
    """

    joint: JointEnergy
    parts: FoldRelations | None
    variables: Variables
    heads: Heads
    weights: Weights
    flip_rate: float
    facts: dict[str, Any]

    @cached_property
    def unary(self) -> Heads:
        """What the heads say, with their weights."""
        return self.heads.weighed(self.weights.attributes, self.weights.classes)

    def predict(self, rows: Any = None) -> Beliefs:
        """Predict class and attributes together, from the features alone.

        Parameters
        ----------
        rows : (m,) int, optional
            By default all.

        Returns
        -------
        Beliefs
            Of all C attributes; those that have a single value keep it.
        """
        picked = np.arange(len(self.variables.codes)) if rows is None else np.asarray(rows, dtype=np.int64)
        used = self.variables.used
        return self._whole(
            minimize(self.joint, self.unary.concepts[picked][:, used], self.unary.classes[picked])
        )

    def propagate(
        self,
        rows: int | Sequence[int] | IntArray,
        fix: Mapping[str | int, Any],
        *,
        concepts: Any = None,
        codes: Any = None,
        trusted: bool = True,
    ) -> tuple[Beliefs, Beliefs]:
        """Clamp what a person fixed and minimize the energy of the rest.

        Parameters
        ----------
        rows : int or (m,) int
        fix : mapping
            Attribute columns to 0 or 1, and ``"class"`` to a class code; the same for all rows.
        concepts : (m, C) float, optional
            Current attributes, 1, 0 and NaN; by default the given ones.
        codes : (m,) int, optional
            Current classes, -1 for none; by default the given ones.
        trusted : bool
            Whether current values count as evidence, as strong as ``flip_rate`` says, and weaker where the
            fix shows that one of them was wrong; otherwise only the features speak for what is not fixed.

        Returns
        -------
        before, after : Beliefs
            Of the m rows. Before: of each variable given the current values of all others; where these do not
            count, from the features alone. After: with the fix clamped, exactly 0 or 1, and the energy of all
            else minimized.

        Raises
        ------
        InvalidInputError
            No such row, attribute, class or value.
        """
        picked = np.atleast_1d(np.asarray(rows, dtype=np.int64))
        n, used = len(self.variables.codes), self.variables.used
        if len(picked) and not 0 <= picked.min() <= picked.max() < n:
            bad = picked[(picked < 0) | (picked >= n)][0]
            raise InvalidInputError(f"There is no row {bad}.", f"Rows go from 0 to {n - 1}.")
        clamped, code = self._clamped(fix)
        unary = self.unary.concepts[picked][:, used]
        class_unary = np.array(self.unary.classes[picked])
        if trusted:
            given = self.variables.concepts[picked] if concepts is None else concepts
            now = np.asarray(given, dtype=np.float64).reshape(len(picked), -1)[:, used]
            held = np.asarray(self.variables.codes[picked] if codes is None else codes).reshape(-1)
            hot, signs = one_hot(held, class_unary.shape[1]), np.nan_to_num(2.0 * now - 1.0)
            before = self._as_held(
                unary + _trust(self.flip_rate) * signs, class_unary + _trust(self.flip_rate) * hot, now, held
            )
            erred = (now != clamped[used]) & ~np.isnan(now) & ~np.isnan(clamped[used])
            erred_row = erred.any(axis=1) | ((code >= 0) & (held >= 0) & (held != code))
            trust = np.where(erred_row, _trust(_ERRED), _trust(self.flip_rate))[:, None]
            unary, class_unary = unary + trust * signs, class_unary + trust * hot
        else:
            before = minimize(self.joint, unary, class_unary)
        fixed = np.tile(clamped[used], (len(picked), 1))
        after = minimize(self.joint, unary, class_unary, fixed=fixed, fixed_class=np.full(len(picked), code))
        whole = self._whole(after)
        told = ~np.isnan(clamped)
        whole.concepts[:, told] = clamped[told]
        return self._whole(before), whole

    def explain(self) -> Conditionals:
        """Tabulate p(attribute | class), p(attribute | attribute) with and without a class, combinations.

        Returns
        -------
        Conditionals
            Of the attributes in ``variables.used``.
        """
        return count_conditionals(
            self.variables.concepts[:, self.variables.used], self.variables.codes, self.joint
        )

    def score(self) -> Score:
        """Score every row; see `ConceptEnergy`."""
        variables = self.variables
        n, n_concepts = variables.concepts.shape
        attribute, suggested = np.zeros((n, n_concepts)), np.zeros((n, n_concepts), dtype=np.int8)
        of_class, best = np.zeros(n), np.maximum(variables.codes, 0)
        if variables.tells:
            for rows, joint in self._parts():
                attribute[rows], of_class[rows], best[rows] = self._doubts(rows, joint)
        attribute = np.where(variables.known, attribute, 0.0)
        of_class = np.where(variables.codes >= 0, of_class, 0.0)
        likely = self.unary.filled >= 0.5
        given = np.where(np.isnan(variables.concepts), likely, variables.concepts == 1)
        wrong = self._posterior(attribute) > 0.5
        suggested[:] = given ^ wrong
        suspicion = np.maximum(of_class, attribute.max(axis=1, initial=0.0)).astype(np.float32)
        doubted = (self._posterior(of_class) > 0.5) & (best != variables.codes)
        details: dict[str, Array] = {
            "attribute_suspicion": attribute.astype(np.float32),
            "class_suspicion": of_class.astype(np.float32),
            "suggested_concepts": suggested,
        }
        dropped = np.setdiff1d(np.arange(n_concepts), variables.used).tolist()
        meta = {"scale": "rank", "weights": asdict(self.weights), "dropped": dropped, **self.facts}
        named = labels_of(np.asarray(best), variables.classes)
        return Score(suspicion, named, np.asarray(doubted | wrong.any(axis=1)), details, meta)

    def _parts(self) -> Iterator[tuple[IntArray, JointEnergy]]:
        """Yield blocks of rows, each with the energy that has not seen them."""
        n, width = (
            len(self.variables.codes),
            max(self.variables.concepts.shape[1], len(self.variables.classes)),
        )
        if self.parts is None:
            yield np.arange(n), self.joint
            return
        for fold, fitted in enumerate(self.parts.fitted):
            rows = np.flatnonzero(self.parts.folds == fold)
            for block in blocks(len(rows), width):
                yield rows[block], replace(self.joint, relations=fitted)

    def _doubts(self, rows: IntArray, joint: JointEnergy) -> tuple[FloatArray, FloatArray, IntArray]:
        """Probability of the other value of each attribute, of another class, and the best class."""
        variables, used = self.variables, self.variables.used
        concepts, codes = variables.concepts[rows][:, used], variables.codes[rows]
        unary, class_unary = self.unary.concepts[rows][:, used], self.unary.classes[rows]
        filled, classes = sigmoid(unary), softmax(class_unary)
        if np.isnan(concepts).any() or (codes < 0).any():
            # What is unknown is believed as what is known makes it likely.
            made = minimize(joint, unary, class_unary, fixed=concepts, fixed_class=codes)
            filled, classes = made.concepts, made.classes
        spins = spins_of(concepts, filled)
        known = one_hot(codes, len(variables.classes), classes)
        logits = joint.attribute_logits(unary, spins, known)
        turned = np.zeros(variables.concepts[rows].shape)
        turned[:, used] = sigmoid(np.where(concepts == 1, -logits, logits))
        probs = softmax(joint.class_logits(class_unary, spins))
        given = np.maximum(codes, 0)
        others = probs.copy()
        others[np.arange(len(codes)), given] = 0.0
        return turned, others.sum(axis=1), probs.argmax(axis=1)

    def _as_held(
        self, unary: FloatArray, class_unary: FloatArray, concepts: FloatArray, codes: IntArray
    ) -> Beliefs:
        """Probability of each variable given what holds of all others."""
        filled, classes = sigmoid(unary), softmax(class_unary)
        if np.isnan(concepts).any() or (codes < 0).any():
            made = minimize(self.joint, unary, class_unary, fixed=concepts, fixed_class=codes)
            filled, classes = made.concepts, made.classes
        spins, known = spins_of(concepts, filled), one_hot(codes, class_unary.shape[1], classes)
        return Beliefs(
            sigmoid(self.joint.attribute_logits(unary, spins, known)),
            softmax(self.joint.class_logits(class_unary, spins)),
            self.joint.energy(unary, class_unary, spins, known),
        )

    def _posterior(self, other: FloatArray) -> FloatArray:
        """Probability that a given value is wrong, since people are wrong at ``flip_rate``."""
        wrong = self.flip_rate * other
        return np.asarray(wrong / np.maximum(wrong + (1.0 - self.flip_rate) * (1.0 - other), 1e-300))

    def _clamped(self, fix: Mapping[str | int, Any]) -> tuple[FloatArray, int]:
        n_concepts, n_classes = self.variables.concepts.shape[1], len(self.variables.classes)
        clamped, code = np.full(n_concepts, np.nan), -1
        for variable, value in fix.items():
            if variable == "class":
                code = int(value)
                if not 0 <= code < n_classes:
                    raise InvalidInputError(
                        f"There is no class {code}.", f"Codes go from 0 to {n_classes - 1}."
                    )
                continue
            if isinstance(variable, str) or not 0 <= variable < n_concepts:
                raise InvalidInputError.unknown("attribute", variable, ["class", *range(n_concepts)])
            if value not in (0, 1):
                raise InvalidInputError(f"Attribute {variable} is fixed to {value!r}.", "Pass 0 or 1.")
            clamped[variable] = float(value)
        return clamped, code

    def _whole(self, made: Beliefs) -> Beliefs:
        """Put attributes that have a single value back between the others."""
        n_concepts = self.variables.concepts.shape[1]
        if len(self.variables.used) == n_concepts:
            return made
        known = ~np.isnan(self.variables.concepts)
        usual = np.nansum(self.variables.concepts, axis=0) / np.maximum(known.sum(axis=0), 1)
        whole = np.tile(usual, (len(made.concepts), 1))
        whole[:, self.variables.used] = made.concepts
        return Beliefs(whole, made.classes, made.energy)


def _trust(rate: float) -> float:
    """Log-odds by which a given value speaks for itself."""
    return float(np.log1p(-rate) - np.log(rate))

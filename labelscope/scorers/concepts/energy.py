"""One energy for a class, its attributes and their relations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelscope.types import FloatArray, IntArray


@dataclass(frozen=True)
class Relations:
    """The global part of the energy: how attributes and class go together, whatever a row looks like.

    With spins s of 1 (present) and -1 (absent), the logarithm of how usual a combination of attributes and
    class is, up to a constant, is ``s @ coupling @ s / 2 + s @ table[:, y] + s @ bias + prior[y]``.

    Attributes
    ----------
    coupling : (C, C) float64
        Symmetric, 0 on the diagonal.
    table : (C, K) float64
        What each class says of each attribute.
    bias : (C,) float64
    prior : (K,) float64
    """

    coupling: FloatArray
    table: FloatArray
    bias: FloatArray
    prior: FloatArray

    def attribute_logits(self, spins: FloatArray, classes: FloatArray) -> FloatArray:
        """Log-odds of each attribute given all others, (m, C).

        Parameters
        ----------
        spins : (m, C) float
            1, -1, or between them what is expected.
        classes : (m, K) float
            One row per row: 1 for its class, or probabilities.
        """
        return np.asarray(2.0 * (spins @ self.coupling + classes @ self.table.T + self.bias))

    def class_logits(self, spins: FloatArray) -> FloatArray:
        """Log-probabilities of the classes given the attributes, up to a constant, (m, K)."""
        return np.asarray(spins @ self.table + self.prior)


@dataclass(frozen=True)
class JointEnergy:
    """The joint energy: class energy, attribute energies and, with a weight, their relations.

    What the features say comes from heads that already know how common each class and attribute is, so the
    independent part is taken out of the relations: with a weight of 0 only the heads speak, with 1 head and
    relations count in full.

    Attributes
    ----------
    relations : Relations
    base : (C,) float64
        Log-odds of each attribute over all rows.
    class_base : (K,) float64
        Log-shares of the classes.
    weight : float
        Weight of the relations.
    """

    relations: Relations
    base: FloatArray
    class_base: FloatArray
    weight: float

    def attribute_logits(self, unary: FloatArray, spins: FloatArray, classes: FloatArray) -> FloatArray:
        """Log-odds of each attribute given features, class and all other attributes, (m, C).

        They are by how much the energy rises when the attribute goes from present to absent.

        Parameters
        ----------
        unary : (m, C) float
            Log-odds of the heads.
        spins, classes
            See `Relations.attribute_logits`.
        """
        return np.asarray(unary + self.weight * (self.relations.attribute_logits(spins, classes) - self.base))

    def class_logits(self, unary: FloatArray, spins: FloatArray) -> FloatArray:
        """Log-probabilities of the classes given features and attributes, up to a constant, (m, K)."""
        return np.asarray(unary + self.weight * (self.relations.class_logits(spins) - self.class_base))

    def energy(
        self, unary: FloatArray, class_unary: FloatArray, spins: FloatArray, classes: FloatArray
    ) -> FloatArray:
        """Energy of configurations, or expected energy of independent variables, (m,); low is plausible.

        Parameters
        ----------
        unary : (m, C) float
        class_unary : (m, K) float
            Log-probabilities of the class head.
        spins, classes
            See `Relations.attribute_logits`.
        """
        own = self.relations
        pairs = 0.5 * np.einsum("mi,ij,mj->m", spins, own.coupling, spins, optimize=True)
        fields = (spins * (classes @ own.table.T + own.bias - 0.5 * self.base)).sum(axis=1)
        alone = (classes * (own.prior - self.class_base)).sum(axis=1)
        heads = 0.5 * (spins * unary).sum(axis=1) + (classes * class_unary).sum(axis=1)
        return np.asarray(-(heads + self.weight * (pairs + fields + alone)))


def one_hot(codes: IntArray, n_classes: int, unknown: FloatArray | None = None) -> FloatArray:
    """Return (n, K) of 1 at each row's class; rows of code -1 hold ``unknown``, by default nothing."""
    out = np.zeros((len(codes), n_classes)) if unknown is None else np.array(unknown, dtype=np.float64)
    known = np.flatnonzero(codes >= 0)
    out[known] = 0.0
    out[known, codes[known]] = 1.0
    return out


def sigmoid(logits: FloatArray) -> FloatArray:
    """Return 1 / (1 + exp(-logits)) without overflow."""
    small = np.exp(-np.abs(logits))
    return np.asarray(np.where(logits >= 0, 1.0, small) / (1.0 + small))


def softmax(logits: FloatArray) -> FloatArray:
    """Return probabilities along the last axis."""
    shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=-1, keepdims=True))

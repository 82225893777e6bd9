"""ECBM: one energy of class, attributes and their relations finds the ones that do not fit in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.scorers.concepts.energy import JointEnergy
from labelscope.scorers.concepts.fitted import FittedConceptEnergy
from labelscope.scorers.concepts.heads import heads_of, read_variables
from labelscope.scorers.concepts.relations import Weights, choose_weights, fit_folds, fit_relations
from labelscope.types import Evidence, Score


@dataclass(frozen=True, kw_only=True)
class ConceptEnergy:
    """Suspect a class, or an attribute, that does not go with the row and with the other ones (ECBM).

    The energy of a row has three parts: what its features say of the class, what they say of each attribute,
    and which attributes go with each other and with the class. An attribute is suspect when the energy drops
    as it is turned around, everything else at its given value.

    Parameters
    ----------
    weight : float, optional
        Weight of the relations, the heads having full weight. By default the weights of all three parts are
        those under which held-out rows are most likely: a head that tells the class by the same looks as
        the attributes would count the same evidence twice.
    flips : bool
        Fit the relations with a fifth of the attributes turned around in a fifth of the rows, as published,
        so that no single attribute is relied upon. Wrong classes are then found a little better; relations
        that are nearly rules are understated, and with them p(attribute | class).
    flip_rate : float
        Share of given attributes and classes that are wrong, as far as flags and proposals are concerned.
    random_state : int
        Seed of folds and flips.

    Notes
    -----
    This is the method's small form: linear heads and relations, fitted by pseudo-likelihood. A row is scored
    by heads and relations that have not seen its own labels, so that wrong ones cannot vouch for themselves.
    ``suspicion`` is the larger of ``details["class_suspicion"]`` (n,), 1 - p(y | x, c), and
    ``details["attribute_suspicion"]`` (n, C), the probability of the other value; both are an order, since
    they do not know how often people are wrong. ``suggested`` are classes, ``details["suggested_concepts"]``
    is (n, C) int8. ``meta``: ``weights`` of the three parts, ``log_likelihoods`` of the weights of the
    relations that were tried, and ``dropped`` attributes, which have a single value (with a notice). `fit`
    returns the fitted energy, which also predicts, propagates a fix and tabulates p(attribute | class).

    References
    ----------
    Xu, Qin, Mi, Wang, Li: Energy-based concept bottleneck models, ICLR 2024.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat([0, 1], 60)
    >>> concepts = np.column_stack([y, 1 - y, rng.integers(0, 2, 120)]).astype(float)
    >>> X = rng.normal(size=(120, 4)) + 3 * y[:, None]
    >>> concepts[5, 0] = 1
    >>> score = ConceptEnergy().score(Evidence(given_labels=y, concepts=concepts, features=X))
    >>> int(score.details["attribute_suspicion"][:, 0].argmax())
    5
    """

    name: ClassVar[str] = "concept_energy"
    family: ClassVar[str] = "concepts"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "concepts", "features")
    enough: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("given_labels", "concepts", "features"),
        ("given_labels", "concepts", "pred_probs", "concept_probs"),
    )
    uses: ClassVar[tuple[str, ...]] = ("pred_probs", "concept_probs", "groups", "duplicates")
    tasks: ClassVar[tuple[str, ...]] = ("concepts",)
    reference: ClassVar[str] = "Xu, Qin, Mi, Wang, Li: Energy-based concept bottleneck models, ICLR 2024"
    fitted: ClassVar[bool] = True

    weight: float | None = None
    flips: bool = False
    flip_rate: float = 0.05
    random_state: int = 0

    def __post_init__(self) -> None:
        if self.weight is not None and not (np.isfinite(self.weight) and self.weight >= 0):
            raise InvalidInputError(f"weight is {self.weight}.", "Pass 0 or more, or None to have it chosen.")
        if not 0 < self.flip_rate < 0.5:
            raise InvalidInputError(f"flip_rate is {self.flip_rate}.", "Pass a share above 0 and below .5.")

    def fit(self, evidence: Evidence) -> FittedConceptEnergy:
        """Fit the energy.

        Parameters
        ----------
        evidence : Evidence
            ``given_labels`` (n,), ``concepts`` (n, C) of 1, 0 and NaN where unknown; ``features`` (n, d), or
            out-of-sample ``pred_probs`` (n, K) and ``concept_probs`` (n, C), which are read where given.

        Returns
        -------
        FittedConceptEnergy

        Raises
        ------
        MissingEvidenceError, InvalidInputError, InvalidTypeError
            Evidence is absent or does not fit.
        """
        for name in ("given_labels", "concepts"):
            if name not in evidence:
                raise MissingEvidenceError.of(name, type(self).__name__, evidence)
        variables = read_variables(evidence)
        heads = heads_of(evidence, variables, random_state=self.random_state)
        used = variables.used
        own = (variables.concepts[:, used], variables.codes, heads.filled[:, used], heads.class_filled)
        relations = fit_relations(*own, flips=self.flips, random_state=self.random_state)
        joint = JointEnergy(relations, heads.base[used], heads.class_base, self.weight or 0.0)
        if not variables.tells:
            joint = replace(joint, weight=0.0)
            return FittedConceptEnergy(joint, None, variables, heads, Weights(0.0), self.flip_rate, {})
        parts = fit_folds(*own, whole=relations, flips=self.flips, random_state=self.random_state)
        weights, tried = choose_weights(
            parts, own[0], variables.codes, joint, heads.concepts[:, used], heads.classes
        )
        if self.weight is not None:
            weights, tried = Weights(float(self.weight)), {}
        joint = replace(joint, weight=weights.relations)
        facts = {"log_likelihoods": tried}
        return FittedConceptEnergy(joint, parts, variables, heads, weights, self.flip_rate, facts)

    def score(self, evidence: Evidence) -> Score:
        """Score every row.

        Parameters
        ----------
        evidence : Evidence
            As for `fit`.

        Returns
        -------
        Score

        Raises
        ------
        MissingEvidenceError, InvalidInputError, InvalidTypeError
            Evidence is absent or does not fit.
        """
        return self.fit(evidence).score()

"""Scorers: pure functions from evidence to suspicion, one method a file."""

from __future__ import annotations

import re

from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.scorers.annotators.disagreement import AnnotatorDisagreement
from labelscope.scorers.candidates import candidates
from labelscope.scorers.concept_ensemble import ConceptEnsemble
from labelscope.scorers.concepts.concept_energy import ConceptEnergy
from labelscope.scorers.confident.confident_learning import ConfidentLearning
from labelscope.scorers.confident.confusion_prior import ConfusionPairPrior
from labelscope.scorers.confident.family import confident_family
from labelscope.scorers.confident.imbalance_aware import ImbalanceAware
from labelscope.scorers.confident.log_ratio import LogRatio
from labelscope.scorers.confident.model_disagreement import ModelDisagreement
from labelscope.scorers.confident.normalized_margin import NormalizedMargin
from labelscope.scorers.confident.self_confidence import SelfConfidence
from labelscope.scorers.confident.shrunk_class_space import ShrunkClassSpace
from labelscope.scorers.confident.weighted_entropy import ConfidenceWeightedEntropy
from labelscope.scorers.dynamics.area_under_margin import AreaUnderMargin
from labelscope.scorers.dynamics.cartography import Cartography
from labelscope.scorers.dynamics.forgetting import Forgetting
from labelscope.scorers.dynamics.loss_gate import DynamicLossGate
from labelscope.scorers.ensemble import Ensemble
from labelscope.scorers.federated.local_global import LocalGlobal
from labelscope.scorers.judges.judge_ensemble import JudgeEnsemble
from labelscope.scorers.judges.policies import propose
from labelscope.scorers.multilabel.confident_tags import ConfidentTags
from labelscope.scorers.multilabel.kept_labels import kept_labels_table
from labelscope.scorers.multilabel.long_tail_partial import LongTailPartial
from labelscope.scorers.multilabel.popularity import macro_f1_by_popularity
from labelscope.scorers.multilabel.positive_unlabeled import PositiveUnlabeled
from labelscope.scorers.multilabel.prompt_tuned import PromptTuned
from labelscope.scorers.neighbors.agreement import NeighborAgreement
from labelscope.scorers.neighbors.duplicate_conflicts import ConflictingDuplicates
from labelscope.scorers.neighbors.held_out import ClusterHeldOut
from labelscope.scorers.neighbors.minority import MinorityInComponent
from labelscope.scorers.neighbors.rank import NeighborRank
from labelscope.scorers.neighbors.shapley import NeighborShapley
from labelscope.scorers.neighbors.vote import NeighborVote
from labelscope.scorers.reasons import reasons
from labelscope.scorers.regression.conr_head import cross_predict_conr_head, fit_conr_head
from labelscope.scorers.regression.conr_loss import conr_loss
from labelscope.scorers.regression.contrastive import ContrastiveRegression
from labelscope.scorers.regression.residual import ResidualOutlier
from labelscope.scorers.representation.calibration import RepresentationCalibration
from labelscope.scorers.representation.weight_aware import WeightAware
from labelscope.scorers.tag_ensemble import TagEnsemble
from labelscope.scorers.target_ensemble import TargetEnsemble
from labelscope.types import Scorer

__all__ = [
    "AnnotatorDisagreement",
    "AreaUnderMargin",
    "Cartography",
    "ClusterHeldOut",
    "ConfidenceWeightedEntropy",
    "ConceptEnergy",
    "ConceptEnsemble",
    "ConfidentLearning",
    "ConfidentTags",
    "ConflictingDuplicates",
    "ContrastiveRegression",
    "ConfusionPairPrior",
    "DynamicLossGate",
    "Ensemble",
    "Forgetting",
    "ImbalanceAware",
    "JudgeEnsemble",
    "LocalGlobal",
    "LogRatio",
    "LongTailPartial",
    "MinorityInComponent",
    "ModelDisagreement",
    "NeighborAgreement",
    "NeighborRank",
    "NeighborShapley",
    "NeighborVote",
    "NormalizedMargin",
    "PositiveUnlabeled",
    "PromptTuned",
    "RepresentationCalibration",
    "ResidualOutlier",
    "SelfConfidence",
    "ShrunkClassSpace",
    "TagEnsemble",
    "TargetEnsemble",
    "WeightAware",
    "by_name",
    "candidates",
    "confident_family",
    "conr_loss",
    "cross_predict_conr_head",
    "fit_conr_head",
    "kept_labels_table",
    "macro_f1_by_popularity",
    "propose",
    "reasons",
]

_SCORERS: tuple[type, ...] = (
    SelfConfidence,
    NormalizedMargin,
    ConfidenceWeightedEntropy,
    LogRatio,
    ConfusionPairPrior,
    ConfidentLearning,
    ModelDisagreement,
    NeighborAgreement,
    NeighborVote,
    NeighborRank,
    MinorityInComponent,
    ConflictingDuplicates,
    ClusterHeldOut,
    NeighborShapley,
    ShrunkClassSpace,
    RepresentationCalibration,
    WeightAware,
    ImbalanceAware,
    LocalGlobal,
    AnnotatorDisagreement,
    JudgeEnsemble,
    AreaUnderMargin,
    Cartography,
    Forgetting,
    DynamicLossGate,
    ConfidentTags,
    PositiveUnlabeled,
    LongTailPartial,
    PromptTuned,
    ResidualOutlier,
    ContrastiveRegression,
    ConceptEnergy,
    Ensemble,
    TagEnsemble,
    TargetEnsemble,
    ConceptEnsemble,
)


def by_name(name: str | Scorer) -> Scorer:
    """Return the scorer of a name, with its default settings.

    Parameters
    ----------
    name : str or Scorer
        A class name, its snake_case, or ``"auto"`` for the default mix; a scorer is returned as it is.

    Returns
    -------
    Scorer

    Raises
    ------
    InvalidInputError
        No scorer has that name; the near miss is named.
    InvalidTypeError
        Neither a name nor a scorer.

    Examples
    --------
    >>> by_name("normalized_margin")
    NormalizedMargin(adjust=False)
    """
    if isinstance(name, type):
        name = name()
    if not isinstance(name, str):
        if isinstance(name, Scorer):
            return name
        raise InvalidTypeError(
            f"A scorer or its name is needed, but a {type(name).__name__} is given.",
            "Pass for instance 'auto', 'self_confidence' or labelscope.scorers.SelfConfidence().",
        )
    for scorer in _SCORERS:
        if name in (scorer.__name__, _snake(scorer.__name__), scorer().name):
            made: Scorer = scorer()
            return made
    known = ["auto", *(_snake(scorer.__name__) for scorer in _SCORERS), *(one.__name__ for one in _SCORERS)]
    raise InvalidInputError.unknown("scorer", name, known)


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()

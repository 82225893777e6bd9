"""Providers: each makes one kind of evidence, once, for everyone (public as ``labelscope.providers``)."""

from __future__ import annotations

from labelscope.evidence.annotators import (
    AnnotatorConsensus,
    AnnotatorLabels,
    answers_from_table,
    crowdlab,
    dawid_skene,
    glad,
    majority,
    read_answers,
)
from labelscope.evidence.calibrated_probabilities import CalibratedProbabilities
from labelscope.evidence.class_statistics import ClassStatistics
from labelscope.evidence.concept_probs import ConceptProbabilities
from labelscope.evidence.duplicates import Duplicates
from labelscope.evidence.dynamics import TrainingDynamics, draw_fake_class
from labelscope.evidence.dynamics_hooks import RecordedModel, SkorchRecorder, record_partial_fit
from labelscope.evidence.embeddings import (
    AudioFeatures,
    GivenFeatures,
    ImageFeatures,
    TabularFeatures,
    TextFeatures,
    default_provider,
)
from labelscope.evidence.estimators import is_estimator
from labelscope.evidence.feature_checks import check_features, left_out
from labelscope.evidence.judgements import (
    CallableJudge,
    CentroidJudge,
    ColumnJudge,
    HTTPJudge,
    Judgements,
    JudgePrompt,
    NaiveBayesJudge,
    NeighborJudge,
    offline_judges,
)
from labelscope.evidence.neighbors import NeighborGraph, neighbor_accuracy
from labelscope.evidence.pred_probs import PredictedProbabilities
from labelscope.evidence.pred_probs_checks import check_pred_probs, warn_about_columns
from labelscope.evidence.projection import Projection
from labelscope.evidence.self_supervised import ClusterAwareDino, ContrastiveFeatures
from labelscope.evidence.self_supervised.local_global_conv import LocalGlobalConv
from labelscope.evidence.several_models import combine_models
from labelscope.evidence.shrunk_probe import ShrunkProbe
from labelscope.evidence.tag_probs import TagProbabilities
from labelscope.evidence.target_predictions import TargetPredictions

__all__ = [
    "AnnotatorConsensus",
    "AnnotatorLabels",
    "AudioFeatures",
    "CalibratedProbabilities",
    "CallableJudge",
    "CentroidJudge",
    "ClassStatistics",
    "ClusterAwareDino",
    "ColumnJudge",
    "ContrastiveFeatures",
    "ConceptProbabilities",
    "Duplicates",
    "GivenFeatures",
    "HTTPJudge",
    "ImageFeatures",
    "JudgePrompt",
    "Judgements",
    "LocalGlobalConv",
    "NaiveBayesJudge",
    "NeighborGraph",
    "NeighborJudge",
    "PredictedProbabilities",
    "Projection",
    "RecordedModel",
    "ShrunkProbe",
    "SkorchRecorder",
    "TabularFeatures",
    "TagProbabilities",
    "TargetPredictions",
    "TextFeatures",
    "TrainingDynamics",
    "answers_from_table",
    "check_features",
    "left_out",
    "check_pred_probs",
    "combine_models",
    "crowdlab",
    "dawid_skene",
    "default_provider",
    "draw_fake_class",
    "glad",
    "is_estimator",
    "majority",
    "neighbor_accuracy",
    "record_partial_fit",
    "offline_judges",
    "read_answers",
    "warn_about_columns",
]

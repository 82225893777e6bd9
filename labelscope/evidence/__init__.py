"""Providers: each makes one kind of evidence, once, for everyone (public as ``labelscope.providers``)."""

from __future__ import annotations

from labelscope.evidence.class_statistics import ClassStatistics
from labelscope.evidence.duplicates import Duplicates
from labelscope.evidence.embeddings import (
    AudioFeatures,
    GivenFeatures,
    ImageFeatures,
    TabularFeatures,
    TextFeatures,
    default_provider,
)
from labelscope.evidence.estimators import is_estimator
from labelscope.evidence.feature_checks import check_features
from labelscope.evidence.neighbors import NeighborGraph, neighbor_accuracy
from labelscope.evidence.pred_probs import PredictedProbabilities
from labelscope.evidence.pred_probs_checks import check_pred_probs
from labelscope.evidence.projection import Projection

__all__ = [
    "AudioFeatures",
    "ClassStatistics",
    "Duplicates",
    "GivenFeatures",
    "ImageFeatures",
    "NeighborGraph",
    "PredictedProbabilities",
    "Projection",
    "TabularFeatures",
    "TextFeatures",
    "check_features",
    "check_pred_probs",
    "default_provider",
    "is_estimator",
    "neighbor_accuracy",
]

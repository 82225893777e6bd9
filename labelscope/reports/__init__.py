"""Reports: what is known about a dataset's labels, as HTML and Markdown."""

from __future__ import annotations

from labelscope.reports.annotation_quality import annotation_quality
from labelscope.reports.benchmark_stability import benchmark_stability
from labelscope.reports.confidence_bins import precision_by_confidence
from labelscope.reports.effort import EffortReport, effort
from labelscope.reports.gain import GainReport, gain
from labelscope.reports.health import health
from labelscope.reports.judge_quality import judge_quality
from labelscope.reports.mistakes import mistakes
from labelscope.reports.nutrition_label import NutritionLabel, nutrition_label
from labelscope.reports.plan_budget import BudgetPlan, plan_budget
from labelscope.reports.report import Report, check_path
from labelscope.reports.rescored_models import rescored_models
from labelscope.reports.validation import validation
from labelscope.reports.value_of_labels import value_of_labels
from labelscope.review.budget import BudgetSettings
from labelscope.review.corrected import corrected_labels
from labelscope.review.extrapolating import Checked, error_rate
from labelscope.review.mistakes import MistakeReview
from labelscope.review.slices import evaluate_slice, load_slice
from labelscope.review.validating import ValidationSession

__all__ = [
    "BudgetPlan",
    "BudgetSettings",
    "Checked",
    "EffortReport",
    "GainReport",
    "MistakeReview",
    "NutritionLabel",
    "Report",
    "ValidationSession",
    "annotation_quality",
    "benchmark_stability",
    "check_path",
    "corrected_labels",
    "effort",
    "error_rate",
    "evaluate_slice",
    "gain",
    "health",
    "judge_quality",
    "load_slice",
    "mistakes",
    "plan_budget",
    "nutrition_label",
    "precision_by_confidence",
    "rescored_models",
    "validation",
    "value_of_labels",
]

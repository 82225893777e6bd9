"""For those who write scorers and queues: checks of the contract, sample texts, and makers of label noise."""

from __future__ import annotations

from labelscope.testing.noise import (
    annotator_dependent,
    asymmetric,
    cluster_shaped,
    instance_dependent,
    symmetric,
)
from labelscope.testing.noise_tags import flipped_concepts, missing_tags, spurious_tags
from labelscope.testing.noise_targets import replaced_targets, shifted_targets
from labelscope.testing.policies import check_policy
from labelscope.testing.sample_texts import topic_texts
from labelscope.testing.scoring import check_scorer

__all__ = [
    "annotator_dependent",
    "asymmetric",
    "check_policy",
    "check_scorer",
    "cluster_shaped",
    "flipped_concepts",
    "instance_dependent",
    "missing_tags",
    "replaced_targets",
    "shifted_targets",
    "spurious_tags",
    "symmetric",
    "topic_texts",
]

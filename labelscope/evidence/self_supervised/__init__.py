"""Features learned from the rows alone, without any label; they need torch."""

from __future__ import annotations

from labelscope.evidence.self_supervised.contrastive import ContrastiveFeatures
from labelscope.evidence.self_supervised.dino import ClusterAwareDino
from labelscope.evidence.self_supervised.local_global_conv import LocalGlobalConv, with_global_branches

__all__ = ["ClusterAwareDino", "ContrastiveFeatures", "LocalGlobalConv", "with_global_branches"]

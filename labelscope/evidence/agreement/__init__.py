"""Agreement beyond chance of people, judges or models who answered the same items, with intervals."""

from __future__ import annotations

from labelscope.evidence.agreement.alpha import krippendorff_alpha
from labelscope.evidence.agreement.kappas import (
    cohen_kappa,
    fleiss_kappa,
    pairwise_kappas,
    percent_agreement,
)
from labelscope.evidence.agreement.result import Agreement

__all__ = [
    "Agreement",
    "cohen_kappa",
    "fleiss_kappa",
    "krippendorff_alpha",
    "pairwise_kappas",
    "percent_agreement",
]

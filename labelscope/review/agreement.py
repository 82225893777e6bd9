"""Agreement of those who answered the same items: Cohen, Fleiss and Krippendorff, each with an interval.

Judges and models are compared by the same functions as people, so that their mathematics lies among the
evidence; reviews and reports take them from here.
"""

from __future__ import annotations

from labelscope.evidence.agreement import (
    Agreement,
    cohen_kappa,
    fleiss_kappa,
    krippendorff_alpha,
    pairwise_kappas,
    percent_agreement,
)

__all__ = [
    "Agreement",
    "cohen_kappa",
    "fleiss_kappa",
    "krippendorff_alpha",
    "pairwise_kappas",
    "percent_agreement",
]

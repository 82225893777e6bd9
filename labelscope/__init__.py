"""Find and fix wrong labels without leaving the notebook.

Names are resolved on first use, so that ``import labelscope`` loads nothing heavy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labelscope import errors as errors
    from labelscope import evidence as providers
    from labelscope import reports as reports
    from labelscope import scorers as scorers
    from labelscope import testing as testing
    from labelscope.api import audit, export, report, score, view
    from labelscope.auditing.audit import Audit
    from labelscope.data import labels as labels
    from labelscope.data.dataset import Dataset
    from labelscope.review import queues as queues
    from labelscope.review.session import Session
    from labelscope.types import Evidence, Score
    from labelscope.widget.view import View

__version__ = "0.1.0"

__all__ = [
    "Audit",
    "Dataset",
    "Evidence",
    "Score",
    "Session",
    "View",
    "audit",
    "errors",
    "export",
    "labels",
    "providers",
    "queues",
    "report",
    "reports",
    "score",
    "scorers",
    "testing",
    "view",
]

_MODULES = {
    "errors": "labelscope.errors",
    "labels": "labelscope.data.labels",
    "providers": "labelscope.evidence",
    "queues": "labelscope.review.queues",
    "reports": "labelscope.reports",
    "scorers": "labelscope.scorers",
    "testing": "labelscope.testing",
}
_NAMES = {
    "Audit": "labelscope.auditing.audit",
    "Dataset": "labelscope.data.dataset",
    "Evidence": "labelscope.types",
    "Score": "labelscope.types",
    "Session": "labelscope.review.session",
    "View": "labelscope.widget.view",
    "audit": "labelscope.api",
    "export": "labelscope.api",
    "report": "labelscope.api",
    "score": "labelscope.api",
    "view": "labelscope.api",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        value: Any = importlib.import_module(_MODULES[name])
    elif name in _NAMES:
        value = getattr(importlib.import_module(_NAMES[name]), name)
    else:
        raise AttributeError(f"module 'labelscope' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])

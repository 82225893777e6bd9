"""Reports: what is known about a dataset's labels, as HTML and Markdown."""

from __future__ import annotations

from labelscope.reports.health import health
from labelscope.reports.report import Report

__all__ = ["Report", "health"]

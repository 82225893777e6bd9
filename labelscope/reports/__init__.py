"""Reports: what is known about a dataset's labels, as HTML and Markdown."""

from __future__ import annotations

from labelscope.reports.health import health
from labelscope.reports.report import Report, check_path
from labelscope.reports.value_of_labels import value_of_labels

__all__ = ["Report", "check_path", "health", "value_of_labels"]

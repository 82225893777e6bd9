"""What reports cost: ``python tests/benchmarks/bench_reports.py``.

Seconds to make the nutrition label of 50,000 rows and 20 columns, and to write it as HTML, JSON and Croissant: of the
frame alone, and of an audit of it, whose errors are tested against every column.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

import labelscope as ls
from labelscope.reports import nutrition_label


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def took(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found


def frame_of(n: int = 50_000, seed: int = 0) -> pa.Table:
    """Ten columns of numbers, nine of text, one of ids, and labels."""
    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {f"number {k}": rng.normal(size=n).round(3) for k in range(8)}
    columns |= {f"count {k}": rng.poisson(4, n) for k in range(2)}
    for k, size in enumerate([2, 3, 5, 8, 12, 40, 300, 3_000, 10_000]):
        columns[f"text {k}"] = np.array([f"value {v}" for v in range(size)])[rng.integers(0, size, n)]
    columns["id"] = [f"row-{k:06d}" for k in range(n)]
    columns["label"] = np.array([f"class {c}" for c in range(10)])[rng.integers(0, 10, n)]
    return pa.table(columns)


def audit_of(table: pa.Table, seed: int = 0) -> ls.Audit:
    """Scores that came from elsewhere: one label in twenty is suspected."""
    dataset = ls.Dataset(table, "label")
    rng = np.random.default_rng([seed, 1])
    suspicion = np.where(rng.random(dataset.n) < 0.05, rng.uniform(0.5, 1, dataset.n), 0.02)
    codes = np.where(suspicion > 0.5, (dataset.labels.codes + 1) % 10, dataset.labels.codes)
    return ls.Audit.from_arrays(dataset, suspicion=suspicion, suggested_codes=codes)


def main() -> None:
    warnings.simplefilter("ignore", ls.errors.LabelscopeWarning)
    table = frame_of()
    for name, source, labels in (("frame", table, "label"), ("audit", audit_of(table), None)):
        seconds, label = took(lambda source=source, labels=labels: nutrition_label(source, labels))
        parts = {"HTML": label.to_html, "JSON": label.to_json, "Croissant": label.to_croissant}
        written = {kind: took(make) for kind, make in parts.items()}
        times = ", ".join(f"{kind} {spent:.2f} s" for kind, (spent, _) in written.items())
        size = len(written["JSON"][1]) / 1000
        total = seconds + written["HTML"][0]
        say(
            f"nutrition label of {table.num_rows:,} x {table.num_columns - 1} ({name}): {total:.2f} s to HTML"
            f" (label {seconds:.2f} s, {times}; {size:.0f} kB of JSON; the goal is under 5 s)"
        )


if __name__ == "__main__":
    main()

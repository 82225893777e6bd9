"""Measure streaming from disk: ``python tests/benchmarks/bench_scale.py [--quick]``.

Each run is a process of its own. Printed are seconds and peak memory above what the process held before it
looked at the matrix, for a matrix in memory and for the same matrix in a file, and whether results are equal
to the last bit for 1, 2 and 7 blocks.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

SIZE, QUICK = (1_000_000, 100), (200_000, 100)
SCORERS = ("self_confidence", "normalized_margin", "confidence_weighted_entropy", "confident_learning")
WAYS = ("in memory", "streamed", "1 block", "2 blocks", "7 blocks")


def write(path: Path, n: int, k: int) -> None:
    """Write softmax probabilities float32 (n, k), a chunk at a time."""
    rng = np.random.default_rng(0)
    made = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(n, k))
    for start in range(0, n, 50_000):
        rows = slice(start, min(start + 50_000, n))
        probs = rng.standard_normal((rows.stop - rows.start, k), dtype=np.float32)
        probs[np.arange(len(probs)), rng.integers(0, k, len(probs))] += 6
        np.exp(probs, out=probs)
        made[rows] = probs / probs.sum(axis=1, keepdims=True)
    made.flush()


def memory(kind: str) -> float:
    """Return ``VmRSS`` or ``VmHWM`` of this process in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(kind)).split()[1]) / 1000


def run(path: str, scorer: str, way: str) -> None:
    """Score in one way and print seconds, peak memory and a digest of the result."""
    from labelscope.auditing.executors import Local
    from labelscope.auditing.executors.scoring import score_in_blocks
    from labelscope.scorers import by_name
    from labelscope.types import Evidence

    warnings.simplefilter("ignore")
    n, k = np.load(path, mmap_mode="r").shape
    labels, classes = np.random.default_rng(1).integers(0, k, n), np.arange(k)
    method, small = by_name(scorer), Evidence(given_labels=labels[:500], classes=classes)
    # What is imported on first use is not the matrix's.
    score_in_blocks(method, small.including(pred_probs=np.full((500, k), 1 / k, np.float32)), Local())
    before = memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    given: Any = np.load(path) if way == "in memory" else path
    start = time.perf_counter()
    evidence = Evidence(given_labels=labels, classes=classes, pred_probs=given)
    if way == "in memory":
        score = method.score(evidence)
    else:
        rows = {"streamed": None, "1 block": n, "2 blocks": -(-n // 2), "7 blocks": -(-n // 7)}[way]
        score = score_in_blocks(method, evidence, Local(block_rows=rows))
    took = time.perf_counter() - start
    digest = hashlib.sha256()
    for array in (score.suspicion, score.suggested, score.flagged, *score.details.values()):
        digest.update(np.ascontiguousarray(array).tobytes())
    sys.stdout.write(json.dumps([took, memory("VmHWM") - before, digest.hexdigest()]))


def main() -> None:
    """Print one row for each method and way."""
    n, k = QUICK if "--quick" in sys.argv else SIZE
    row = "{:>28} {:>10} {:>8} {:>8} {:>9} {:>6}\n"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "probs.npy"
        write(path, n, k)
        sys.stdout.write(f"{n:,} x {k} float32, {path.stat().st_size / 1e6:,.0f} MB\n")
        sys.stdout.write(row.format("method", "way", "seconds", "ratio", "peak MB", "equal"))
        for scorer in SCORERS:
            first: Any = None
            for way in WAYS:
                command = [sys.executable, __file__, "--run", str(path), scorer, way]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                took, peak, digest = json.loads(done.stdout)
                first = first or (took, digest)
                equal = "yes" if digest == first[1] else "NO"
                ratio = f"{took / first[0]:.2f}"
                sys.stdout.write(row.format(scorer, way, f"{took:.2f}", ratio, f"{peak:.0f}", equal))


if __name__ == "__main__":
    if "--run" in sys.argv:
        run(*sys.argv[sys.argv.index("--run") + 1 :])
    else:
        main()

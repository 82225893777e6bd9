"""What a fix costs before its proposals glow: ``python tests/benchmarks/bench_propagation.py``.

Milliseconds of fitting the joint energy of class and attributes once, of proposing after one fix (a page waits for
it: 50 ms), and of the same fix for a selection of similar rows.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import labelscope as ls
from labelscope.review.propagation import apply_to_similar, fitted_energy, propose

LIMIT = 50.0


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def took(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start)


def session_of(n: int, n_concepts: int, n_classes: int, seed: int = 0) -> ls.Session:
    rng = np.random.default_rng(seed)
    kinds = rng.integers(0, 2, (n_classes, n_concepts))
    y = rng.integers(0, n_classes, n)
    concepts = np.abs(kinds[y] - (rng.random((n, n_concepts)) < 0.1)).astype(float)
    X = (2 * concepts - 1) @ rng.normal(size=(n_concepts, 32)) / np.sqrt(n_concepts)
    X = (X + 1.5 * rng.normal(size=X.shape)).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ls.Session(ls.audit(ls.Dataset(X, y, concepts=concepts)), journal=None)


def main() -> None:
    say(
        f"{'rows':>8} {'attributes':>10} {'classes':>8} {'fit ms':>9} {'a row ms':>9} {'worst':>7} {'similar ms':>11}"
    )
    for n, n_concepts, n_classes in ((2_000, 16, 8), (10_000, 40, 20), (5_000, 112, 50)):
        session = session_of(n, n_concepts, n_classes)
        fit = took(lambda session=session: fitted_energy(session.audit))
        names = session.state.tag_names
        times = []
        for row in range(40):
            fix = {names[row % n_concepts]: int(session.state.tags[row, row % n_concepts] == 0)}
            times.append(took(lambda row=row, fix=fix, session=session: propose(session, row, fix)))
        fix = {names[0]: int(session.state.tags[0, 0] == 0)}
        similar = took(lambda session=session, fix=fix: apply_to_similar(session, range(500), 0, fix))
        say(
            f"{n:8,} {n_concepts:10} {n_classes:8} {fit:9.0f} {np.median(times):9.1f} {max(times):7.1f} {similar:11.1f}"
            + ("" if np.median(times) < LIMIT else f"   over {LIMIT:.0f} ms")
        )


if __name__ == "__main__":
    main()

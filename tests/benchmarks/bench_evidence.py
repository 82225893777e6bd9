"""Time the evidence beside its peers in one run: ``python tests/benchmarks/bench_evidence.py``.

Only ratios mean something: both sides run on the same cores, one after the other; where others use these
cores as well, CPU time is steadier than the clock. Set OMP_NUM_THREADS and OPENBLAS_NUM_THREADS to 1 for
single-threaded figures. First uses run in processes of their own, so that imports and compilation count,
ours and theirs alike. ``--quick`` uses 10,000 rows instead of 60,000; ``--million`` makes the graph and the
map of a million rows, without a peer.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from labelscope import Evidence
from labelscope.evidence import (
    Duplicates,
    NeighborGraph,
    PredictedProbabilities,
    Projection,
    neighbor_accuracy,
)
from labelscope.evidence.exact_neighbors import prepared
from labelscope.evidence.folds import deal, matrix_keys
from labelscope.evidence.partitioned_neighbors import nearest_of, recall_of
from labelscope.scorers import Ensemble

STAGES = (NeighborGraph, Duplicates, PredictedProbabilities, Projection)


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def show(what: str, ours: float, theirs: float, peer: str, quality: str = "") -> None:
    say(f"{what:34s} {ours:8.2f} s   {peer:22s} {theirs:8.2f} s   {theirs / ours:6.1f} x   {quality}")


def clusters(n: int, d: int, k: int, noise: float = 0.15) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Curved clusters far apart, a share of labels drawn anew: features, true and given codes."""
    rng = np.random.default_rng(0)
    true = rng.integers(0, k, n)
    inner = rng.normal(size=(n, 12)) + 2.0 * rng.normal(size=(k, 12))[true]
    features = np.tanh(inner @ rng.normal(size=(12, d)) / 3) + 0.3 * rng.normal(size=(n, d))
    return features.astype(np.float32), true, noisy(true, k, noise)


def overlapping(n: int, d: int, k: int, noise: float = 0.15) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Classes of four overlapping clusters each, along directions of very different spread."""
    rng = np.random.default_rng(5)
    true = rng.integers(0, k, n)
    spread = np.arange(1, d + 1) ** -0.5
    means = spread * (0.3 * rng.normal(size=(k, 4, d)) + 0.1 * rng.normal(size=(k, 1, d)))
    features = spread * rng.normal(size=(n, d)) + means[true, rng.integers(0, 4, n)]
    features = features @ np.linalg.qr(rng.normal(size=(d, d)))[0]
    return features.astype(np.float32), true, noisy(true, k, noise)


def noisy(true: np.ndarray, k: int, noise: float) -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.where(rng.random(len(true)) < noise, rng.integers(0, k, len(true)), true)


def log_loss(probs: np.ndarray, codes: np.ndarray) -> float:
    return float(-np.log(np.maximum(probs[np.arange(len(codes)), codes], 1e-9)).mean())


def compare_probabilities(features: np.ndarray, true: np.ndarray, given: np.ndarray, name: str) -> None:
    """Beside scikit-learn's logistic regression on the same folds, at its default and a stronger penalty."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    evidence = Evidence(features=features, given_labels=given, classes=np.arange(given.max() + 1))
    cpu = [time.process_time()]
    made, ours = timed(lambda: PredictedProbabilities().make(None, evidence))
    cpu.append(time.process_time())
    probs = made.arrays["pred_probs"]
    folds = deal(given, matrix_keys(features), 5)

    def theirs(penalty: float) -> np.ndarray:
        out = np.zeros_like(probs)
        for fold in range(5):
            train = folds != fold
            model = make_pipeline(StandardScaler(), LogisticRegression(C=penalty))
            out[~train] = model.fit(features[train], given[train]).predict_proba(features[~train])
        return out

    for penalty in (1.0, 0.01):
        before = time.process_time()
        other, seconds = timed(partial(theirs, penalty))
        spent = cpu[1] - cpu[0], time.process_time() - before
        hits = [float((one.argmax(axis=1) == given).mean()) for one in (probs, other)]
        losses = [log_loss(one, given) for one in (probs, other)]
        quality = f"accuracy {hits[0]:.4f} / {hits[1]:.4f}, log-loss {losses[0]:.4f} / {losses[1]:.4f}"
        quality += f", CPU {spent[0]:.1f} / {spent[1]:.1f} s: {spent[1] / spent[0]:.1f} x"
        show(f"probabilities {name}", ours, seconds, f"scikit-learn C={penalty:g}", quality)
    report_mixture(evidence.including(pred_probs=probs), true, given, name)


def report_mixture(evidence: Evidence, true: np.ndarray, given: np.ndarray, name: str) -> None:
    """The default mix with the probe alone, the neighbor votes alone, and both together."""
    from sklearn.metrics import average_precision_score

    whole = evidence.including(**NeighborGraph().make(None, evidence).arrays)
    wrong, common = given != true, ("given_labels", "classes")
    parts = []
    for what, own in (
        ("probe", ("pred_probs",)),
        ("votes", ("knn_ids",)),
        ("together", ("pred_probs", "knn_ids")),
    ):
        score = Ensemble().score(Evidence({key: whole[key] for key in (*common, *own)}))
        corrected = np.where(score.suspicion > 0.5, score.suggested, given)
        precision = average_precision_score(wrong, score.suspicion)
        brier = float(np.square(score.suspicion - wrong).mean())
        parts.append(f"{what} {precision:.4f}, {brier:.5f}, {float((corrected == true).mean()):.4f}")
    say(f"  default mix: average precision, Brier score, corrected labels right, {name}: " + "; ".join(parts))


def compare_neighbors(features: np.ndarray, name: str) -> None:
    """Beside pynndescent, as umap-learn uses it: its first use compiles."""
    from pynndescent import NNDescent

    made, ours = timed(lambda: NeighborGraph(method="approximate").make(None, Evidence(features=features)))
    rows = np.arange(0, len(features), max(1, len(features) // 500))
    truth = nearest_of(prepared(features, "cosine"), rows, 15)
    for when in ("first", "again"):
        index, seconds = timed(lambda: NNDescent(features, metric="cosine", n_neighbors=16))
        found = [
            recall_of(ids[rows], truth) for ids in (made.arrays["knn_ids"], index.neighbor_graph[0][:, 1:])
        ]
        quality = f"recall {found[0]:.4f} / {found[1]:.4f} (reported {made.facts['graph_recall']:.4f})"
        show(f"neighbors {name}", ours, seconds, f"pynndescent, {when}", quality)


def all_evidence(features: np.ndarray, given: np.ndarray) -> tuple[np.ndarray, dict[str, float]]:
    evidence = Evidence(features=features, given_labels=given, classes=np.arange(given.max() + 1))
    seconds = {}
    for stage in STAGES:
        made, seconds[stage.name] = timed(partial(stage().make, None, evidence))
        evidence = evidence.including(**made.arrays)
    return np.asarray(evidence["map"]), seconds


def in_a_fresh_process(who: str, folder: Path) -> tuple[np.ndarray, dict[str, float]]:
    """Run one side in a process of its own; the time counts from its imports on."""
    subprocess.run([sys.executable, __file__, f"--only={who}", str(folder)], check=True, env=os.environ)
    return np.load(folder / f"{who}.npy"), json.loads((folder / f"{who}.json").read_text())


def run_one_side(who: str, folder: Path) -> None:
    features, given = np.load(folder / "features.npy"), np.load(folder / "given.npy")
    warnings.simplefilter("ignore")
    if who == "ours":
        (positions, first), total = timed(lambda: all_evidence(features, given))
        (_, _), again = timed(lambda: all_evidence(features, given))
    else:

        def theirs() -> Any:
            import umap

            return umap.UMAP(metric="cosine").fit_transform(features)

        positions, total = timed(theirs)
        first, again = {}, timed(theirs)[1]
    np.save(folder / f"{who}.npy", positions)
    (folder / f"{who}.json").write_text(json.dumps({"first": total, "again": again, **first}))


def compare_audits(features: np.ndarray, true: np.ndarray, given: np.ndarray, name: str) -> None:
    """Everything an audit makes of features, map included, beside umap-learn's map alone."""
    from sklearn.manifold import trustworthiness

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        np.save(folder / "features.npy", features)
        np.save(folder / "given.npy", given)
        (ours, our_times), (theirs, their_times) = (in_a_fresh_process(w, folder) for w in ("ours", "umap"))
    rows = np.random.default_rng(0).permutation(len(features))[:1500]
    found = []
    for positions in (ours, theirs):
        graph = NeighborGraph().make(None, Evidence(features=positions)).arrays
        trust = trustworthiness(features[rows], positions[rows], n_neighbors=15, metric="cosine")
        found.append((trust, neighbor_accuracy(true, graph["knn_ids"])))
    (trust, hit), (their_trust, their_hit) = found
    quality = f"trustworthiness {trust:.4f} / {their_trust:.4f}, label accuracy {hit:.4f} / {their_hit:.4f}"
    show(f"all evidence {name}", our_times["first"], their_times["first"], "umap-learn, first", quality)
    show(f"all evidence {name}", our_times["again"], their_times["again"], "umap-learn, again")
    say("  " + ", ".join(f"{stage.name} {our_times[stage.name]:.2f} s" for stage in STAGES))


def report_million() -> None:
    import resource

    features, true, given = clusters(1_000_000, 64, 10)
    evidence = Evidence(features=features, given_labels=given, classes=np.arange(10))
    for stage in (NeighborGraph(), Duplicates(), Projection()):
        made, seconds = timed(partial(stage.make, None, evidence))
        evidence = evidence.including(**made.arrays)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        say(f"1,000,000 x 64 {stage.name:20s} {seconds:8.2f} s   peak {peak:,} MB   {made.facts}")
    plane = NeighborGraph().make(None, Evidence(features=evidence["map"])).arrays["knn_ids"]
    hits = [neighbor_accuracy(true, ids) for ids in (evidence["knn_ids"], plane)]
    say(f"  neighbors vote for the true class: {hits[0]:.4f} in the features, {hits[1]:.4f} on the map")


def main() -> None:
    warnings.simplefilter("ignore")
    if "--million" in sys.argv:
        report_million()
        return
    n, d = (10_000, 128) if "--quick" in sys.argv else (60_000, 384)
    for kind, make in (("clusters", clusters), ("overlapping", overlapping)):
        features, true, given = make(n, d, 10)
        name = f"{kind} {n:,} x {d}"
        compare_probabilities(features, true, given, name)
        compare_audits(features, true, given, name)
        if kind == "clusters":
            compare_neighbors(features, name)


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[1].startswith("--only="):
        run_one_side(sys.argv[1].removeprefix("--only="), Path(sys.argv[2]))
    else:
        main()

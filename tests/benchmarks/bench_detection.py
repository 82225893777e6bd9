"""Which errors are found, beside cleanlab on the same probabilities: ``python tests/benchmarks/bench_detection.py``.

Digits with planted errors (five seeds), and the human errors of CIFAR-10N where the shared data is at hand.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from sklearn.datasets import load_digits
from sklearn.metrics import average_precision_score

import labelscope as ls

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def f1(flagged: Any, wrong: Any) -> float:
    return float(2 * (flagged & wrong).sum() / max(flagged.sum() + wrong.sum(), 1))


def row(order: Any, flagged: Any, wrong: Any) -> list[float]:
    return [
        average_precision_score(wrong, order),
        f1(flagged, wrong),
        float((flagged & wrong).sum() / wrong.sum()),
        float((flagged & wrong).sum() / max(flagged.sum(), 1)),
        float(flagged.sum()),
    ]


def show(name: str, found: Any) -> None:
    ap, score, recall, precision, flagged = np.mean(np.atleast_2d(found), axis=0)
    say(
        f"  {name:28} AP {ap:.4f}  F1 {score:.3f}  recall {recall:.3f}  precision {precision:.3f}  flagged {flagged:,.0f}"
    )


def theirs(labels: Any, probs: Any) -> tuple[Any, Any]:
    return -get_label_quality_scores(labels, probs), find_label_issues(labels, probs)


def digits() -> None:
    data = load_digits()
    makers = {"symmetric 5 %": (ls.testing.symmetric, 0.05), "asymmetric 10 %": (ls.testing.asymmetric, 0.10)}
    for name, (maker, rate) in makers.items():
        ours, same, alone = [], [], []
        for seed in range(5):
            labels, wrong = maker(data.target, rate=rate, random_state=seed)
            audit = ls.audit(data.images, labels, random_state=seed)
            ours.append(row(audit.suspicion, audit.flagged, wrong))
            same.append(row(*theirs(labels, np.asarray(audit.evidence["pred_probs"])), wrong))
            from sklearn.linear_model import LogisticRegression
            from sklearn.model_selection import cross_val_predict

            plain = cross_val_predict(
                LogisticRegression(max_iter=500), data.data / 16, labels, cv=5, method="predict_proba"
            )
            alone.append(row(*theirs(labels, plain), wrong))
        say(f"digits, {name}, mean of five seeds")
        show("labelscope", ours)
        show("cleanlab, our probabilities", same)
        show("cleanlab, logistic regression", alone)


def cifar10n() -> None:
    if not SHARED.is_dir():
        say("CIFAR-10N skipped: the shared data is not on this machine")
        return
    stored = np.load(SHARED / "cifar10n_aggregate.npz")
    labels, wrong = stored["given_label"].astype(np.int64), stored["given_label"] != stored["clean_label"]
    probs = stored["pred_probs_resnet18"]
    score = ls.score("auto", given_labels=labels, pred_probs=probs)
    say(f"CIFAR-10N aggregate, published ResNet-18 probabilities, {wrong.sum():,} human errors")
    show("labelscope", row(score.suspicion, score.flagged, wrong))
    show("cleanlab", row(*theirs(labels, probs), wrong))
    rate = score.meta["noise_rate"]
    say(f"  estimated errors {rate['value'] * len(labels):,.0f}")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    digits()
    cifar10n()

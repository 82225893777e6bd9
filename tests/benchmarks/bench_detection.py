"""Which errors are found, beside cleanlab on the same probabilities.

``python tests/benchmarks/bench_detection.py [seeds]``: digits as a whole audit sees them,
planted noise of six kinds in three data sets, and human errors where the shared data is at hand.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any

import numpy as np
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from planted_noise import KINDS, SHARED, data_sets, evidence_of
from sklearn.datasets import load_digits
from sklearn.metrics import average_precision_score, roc_auc_score

import labelscope as ls
from labelscope.scorers.calibration import noise_estimate, recalibrate
from labelscope.types import Evidence


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


def judged(suspicion: Any, flagged: Any, rate: Any, wrong: Any) -> list[float]:
    """Average precision, F1, estimate / truth, covered, Brier skill, worst of ten bins."""
    share = float(wrong.mean())
    skill = 1 - float(((suspicion - wrong) ** 2).mean()) / (share * (1 - share))
    first = np.argsort(-suspicion)[: max(10, min(len(wrong), int(2 * rate["value"] * len(wrong))))]
    bins = max(abs(suspicion[part].mean() - wrong[part].mean()) for part in np.array_split(first, 10))
    covered = rate["low"] <= share <= rate["high"]
    return [
        average_precision_score(wrong, suspicion),
        f1(flagged, wrong),
        rate["value"] / share,
        float(covered),
        skill,
        float(bins),
    ]


def mix(evidence: Evidence, wrong: Any) -> list[float]:
    score = ls.scorers.Ensemble().score(evidence)
    return judged(
        np.asarray(score.suspicion, dtype=np.float64), score.flagged, score.meta["noise_rate"], wrong
    )


COLUMNS = "AP    F1    n/true in   Brier  bins"


def planted(rate: float, seeds: int) -> None:
    """Noise of six kinds in up to three data sets; every score sees the same probabilities."""
    say(f"planted noise, {rate:.0%} of the labels, mean of {seeds} seeds")
    for name, features, labels in data_sets():
        graphs: dict[int, Any] = {}
        for kind, maker in KINDS.items():
            found: dict[str, list[list[float]]] = {}
            for seed in range(900, 900 + seeds):
                given, wrong = maker(features, labels, rate, seed)
                evidence = evidence_of(features, given, int(labels.max()) + 1, graphs)
                probs = np.asarray(evidence["pred_probs"], dtype=np.float64)
                for method, values in compared(probs, np.asarray(given), wrong).items():
                    found.setdefault(method, []).append(values)
                some = {key: evidence[key] for key in ("given_labels", "classes", "pred_probs")}
                found.setdefault("mix, probabilities alone", []).append(mix(Evidence(some), wrong))
                found.setdefault("mix, everything", []).append(mix(evidence, wrong))
            say(f"{name}, {kind}".ljust(34) + COLUMNS)
            for method, rows in found.items():
                means = np.mean(rows, axis=0)
                say(f"  {method:30}  " + "  ".join("  . " if np.isnan(v) else f"{v:.3f}"[:5] for v in means))


def compared(probs: Any, given: Any, wrong: Any) -> dict[str, list[float]]:
    """Judge two published scores, taken as one minus a probability, disagreement and the default filter."""
    found = {}
    for method in ("self_confidence", "normalized_margin"):
        doubt = 1.0 - get_label_quality_scores(given, probs, method=method)
        rate = {"value": float(doubt.mean()), "low": float("nan"), "high": float("nan")}
        found[method] = judged(doubt, doubt > 0.5, rate, wrong)
        found[method][3] = float("nan")
    flags = {"disagreement": probs.argmax(axis=1) != given, "default filter": find_label_issues(given, probs)}
    for method, flagged in flags.items():
        found[method] = [float("nan")] * 6
        found[method][1:3] = [f1(flagged, wrong), float(flagged.sum() / wrong.sum())]
    return found


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
    show(
        "disagreement", row(1 - probs[np.arange(len(labels)), labels], probs.argmax(axis=1) != labels, wrong)
    )
    rate, n = score.meta["noise_rate"], len(labels)
    say(f"  estimated errors {rate['value'] * n:,.0f} ({rate['low'] * n:,.0f} to {rate['high'] * n:,.0f})")
    say(f"  kind of noise {score.meta['noise_kind']}")
    suspicion = np.asarray(score.suspicion, dtype=np.float64)
    first = np.argsort(-suspicion)[: int(wrong.sum())]
    say(f"  recall in the first {len(first):,}: {wrong[first].sum() / wrong.sum():.3f}")
    say(
        "  Brier skill {4:.3f}, worst of ten bins {5:.3f}".format(
            *judged(suspicion, score.flagged, rate, wrong)
        )
    )
    mended(suspicion, wrong)


def mended(suspicion: Any, wrong: Any) -> None:
    """Brier skill after 300 uniform verdicts, and how often and how narrowly they cover the number."""
    skills, hits, widths = [], [], []
    for seed in range(20):
        rows = np.random.default_rng(seed).choice(len(wrong), 300, replace=False)
        moved = recalibrate(suspicion, rows, wrong[rows])
        skills.append(1 - ((moved - wrong) ** 2).mean() / (wrong.mean() * (1 - wrong.mean())))
        said = noise_estimate(suspicion, rows, wrong[rows])
        hits.append(said.low <= wrong.mean() <= said.high)
        widths.append((said.high - said.low) / 2 / wrong.mean())
    say(
        f"  after 300 uniform verdicts, 20 draws: Brier skill {np.mean(skills):.3f}, measured number covered "
        f"{np.mean(hits):.2f}, half width {np.mean(widths):.2f}"
    )


def verdicts() -> None:
    """Published verdicts on flagged rows: a biased sample, reported and never tuned on."""
    for name in ("cifar10", "20news"):
        path = SHARED / f"labelerrors_{name}.npz"
        if not path.exists():
            continue
        stored = np.load(path)
        checked, wrong = stored["checked_idx"], np.asarray(stored["is_error"], dtype=bool)
        labels, probs = stored["labels"].astype(np.int64), stored["pred_probs"]
        score = ls.score("auto", given_labels=labels, pred_probs=probs)
        ours = roc_auc_score(wrong, score.suspicion[checked])
        single = roc_auc_score(wrong, -get_label_quality_scores(labels, probs)[checked])
        say(
            f"{name} verdicts, {wrong.sum()} of {len(wrong)} wrong: AUROC {ours:.3f}, self-confidence {single:.3f}"
        )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    digits()
    planted(0.1, int(sys.argv[1]) if len(sys.argv) > 1 else 2)
    cifar10n()
    verdicts()

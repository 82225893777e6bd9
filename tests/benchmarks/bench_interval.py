"""Does the interval of the number of errors cover it? ``python tests/benchmarks/bench_interval.py [draws]``.

Each draw plants noise of one of six kinds at a rate between 2 and 40 % in 1,000 digits or MNIST digits, and
asks the default mix, first with probabilities alone and then with neighbors and features too.
"""

from __future__ import annotations

import sys
import warnings
from collections import defaultdict
from typing import Any

import numpy as np
from planted_noise import KINDS, data_sets, evidence_of

from labelscope.scorers import Ensemble
from labelscope.types import Evidence

# Constants of the interval were chosen on draws 7000 to 7119; these are others.
SEED = 52_000
N, RATES = 1000, (0.02, 0.05, 0.1, 0.2, 0.4)


def main(draws: int) -> None:
    """Print coverage, width and error of the estimate by kind and by rate."""
    found: dict[tuple[str, str], list[Any]] = defaultdict(list)
    sets = [one for one in data_sets() if one[0] != "banking77"]
    for draw in range(draws):
        rng = np.random.default_rng(SEED + draw)
        name, features, labels = sets[draw % len(sets)]
        rows = np.sort(rng.choice(len(labels), N, replace=False))
        kind = list(KINDS)[draw // len(sets) % len(KINDS)]
        rate = RATES[draw // (len(sets) * len(KINDS)) % len(RATES)]
        points, true = features[rows], labels[rows]
        given, wrong = KINDS[kind](points, true, rate, SEED + draw)
        full = evidence_of(points, given, int(true.max()) + 1)
        alone = Evidence({key: full[key] for key in ("given_labels", "classes", "pred_probs")})
        for what, evidence in (("probabilities", alone), ("everything", full)):
            said = Ensemble().score(evidence).meta["noise_rate"]
            error = said["value"] / wrong.mean()
            hit = said["low"] <= wrong.mean() <= said["high"]
            width = (said["high"] - said["low"]) / 2 / said["value"]
            for key in ("all", kind, f"{rate:.0%}", name):
                found[what, key].append((hit, width, error, abs(np.log(error))))
    for (what, key), values in sorted(found.items()):
        hit, width, error, off = np.mean(np.array(values, dtype=float), axis=0)
        sys.stdout.write(
            f"{what:14} {key:20} draws {len(values):4}  covered {hit:.3f}  half width {width:.2f}  "
            f"estimate / truth {error:.2f}  mean |log| {off:.2f}\n"
        )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 240)

"""The value of labels: long-tailed digits with an unlabelled pool, classes that share a center, foreign pools.

Each on given features and on contrastive ones, which have seen no label.
"""

from __future__ import annotations

import numpy as np
import pytest
from learned_features import contrastive
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from labelscope.errors import LabelscopeWarning
from labelscope.evidence.ranks import auroc
from labelscope.reports import value_of_labels
from labelscope.scorers import ImbalanceAware
from labelscope.types import Evidence

pytestmark = pytest.mark.acceptance
SEEDS = range(60, 66)


def drawn(seed, imbalance, rate=0.2):
    """Exponential class sizes, up to five times as many unlabelled rows, noise toward frequent classes."""
    y = load_digits().target
    rng = np.random.default_rng(seed)
    order = rng.permutation(10)
    labelled, pool = [], []
    for place, code in enumerate(order):
        rows = rng.permutation(np.flatnonzero(y == code))
        size = round(len(rows) * imbalance ** (-place / 9))
        labelled.append(rows[:size])
        pool.append(rows[size : 6 * size])
    labelled, pool = np.concatenate(labelled), np.concatenate(pool)
    true = y[labelled]
    counts, given = np.bincount(true, minlength=10).astype(float), true.copy()
    for row in np.flatnonzero(rng.random(len(true)) < rate):
        flow = counts.copy()
        flow[true[row]] = 0
        given[row] = rng.choice(10, p=flow / flow.sum())
    codes = np.concatenate([given, np.full(len(pool), -1)])
    return np.concatenate([labelled, pool]), codes, true, order[-5:]


def judged(points, codes, true, tail, **settings):
    """AUROC of all and of true tail rows, share of clean tail rows flagged, right suggestions for wrong ones."""
    n = len(true)
    wrong, rare = codes[:n] != true, np.isin(true, tail)
    evidence = Evidence(given_labels=codes, classes=np.arange(10), features=points.astype(np.float32))
    score = ImbalanceAware(representation="given", **settings).score(evidence)
    doubt, flagged = score.suspicion[:n], score.flagged[:n]
    right = np.asarray(score.suggested)[:n] == true
    return [
        auroc(doubt, wrong),
        auroc(doubt[rare], wrong[rare]),
        flagged[rare & ~wrong].mean(),
        right[rare & wrong].mean(),
    ]


@pytest.fixture(scope="module", params=["given", "contrastive"])
def digits(request):
    """What gives the features of rows, by their kind."""
    if request.param == "contrastive":
        learned = request.getfixturevalue("contrastive_digits")
        return request.param, lambda rows: learned[rows]
    X = load_digits().data
    return request.param, lambda rows: PCA(20, random_state=0).fit_transform(X[rows])


@pytest.fixture(scope="module", params=[20, 50])
def regimes(request, digits):
    """What `judged` says, the mean over all draws, by balancing and whether the pool is learned from."""
    found: dict[tuple[str, bool] | str, list[list[float]]] = {}
    for seed in SEEDS:
        rows, *labels = drawn(seed, request.param)
        points = digits[1](rows)
        for balance in ("none", "effective"):
            for omega in (0.0, 1.0):
                one = judged(points, *labels, balance=balance, omega=omega)
                found.setdefault((balance, omega > 0), []).append(one)
        if digits[0] == "contrastive":
            pixels = PCA(20, random_state=0).fit_transform(load_digits().data[rows])
            found.setdefault("plain on pixels", []).append(judged(pixels, *labels, balance="none", omega=0.0))
    return digits[0], request.param, {name: np.mean(rows, axis=0) for name, rows in found.items()}


def test_rare_rows_are_no_longer_falsely_flagged(regimes):
    """On contrastive features one stated margin has no room.

    At imbalance 20 the pool is to lower false alarms by .03 with a balanced head, too. That head falsely
    flags .15 of the tail on given features, but .07 on contrastive ones: four trainings with six draws each
    gave .067, .070, .070 and .073, which the pool lowers to .047, .049, .045 and .044, by .020 to .029 or a
    third. There a sixth is asserted.
    """
    features, imbalance, found = regimes
    plain, both = found["none", False], found["effective", True]
    assert both[2] < 0.5 * plain[2]
    assert both[0] >= plain[0] - 0.005
    assert both[1] >= plain[1] and both[3] >= plain[3]
    for balance in ("none", "effective"):
        bare, pooled = found[balance, False], found[balance, True]
        assert pooled[0] >= bare[0] - 0.005
        if imbalance == 20:
            roomy = features == "given" or balance == "none"
            assert pooled[2] <= (bare[2] - 0.03 if roomy else bare[2] * 5 / 6)
    if features == "contrastive":
        # Features that no label has shaped spare rare rows already under a plain head.
        assert plain[2] < 0.7 * found["plain on pixels"][2]
        assert both[2] < 0.25 * found["plain on pixels"][2]


@pytest.mark.parametrize("minority", [0.2, 0.05])
def test_classes_that_share_a_center(minority):
    """Theory 3 of the paper: the minority has a quarter of the variance; labels mislead a linear head."""
    results: dict[str, list[tuple[float, float]]] = {}
    for seed in range(70, 74):
        rng = np.random.default_rng(seed)
        y = (rng.random(1000) < minority).astype(int)
        X = rng.normal(size=(1000, 20)) * np.where(y == 1, 1.0, 2.0)[:, None]
        given = np.where(rng.random(1000) < 0.15, 1 - y, y)
        evidence = Evidence(given_labels=given, classes=np.arange(2), features=X.astype(np.float32))
        for name, scorer in (
            ("raw", ImbalanceAware(representation="given", balance="none")),
            ("kernel", ImbalanceAware(representation="kernel", balance="none", penalty=1.0)),
            ("default", ImbalanceAware()),
        ):
            doubt = scorer.score(evidence).suspicion
            few = y == 1
            wrong = given != y
            results.setdefault(name, []).append((auroc(doubt, wrong), auroc(doubt[few], wrong[few])))
    mean = {name: np.mean(rows, axis=0) for name, rows in results.items()}
    assert mean["raw"][1] < 0.3
    # The default finds by itself that the features do not part the classes, and takes the kernel's components.
    assert mean["default"][1] > 0.75
    # Balanced heads cost order among all rows: measured .93 at 20 %, .73 at 5 %.
    if minority == 0.2:
        assert mean["kernel"][1] > 0.75 and mean["kernel"][0] > mean["raw"][0] + 0.1
        assert mean["default"][0] > 0.85
    else:
        # A plain head without a prior for the minority gives its rows up even here (measured .2 to .5).
        assert mean["kernel"][1] > mean["raw"][1] and mean["kernel"][0] > mean["raw"][0] + 0.02


@pytest.mark.parametrize("minority", [0.2, 0.05])
def test_contrastive_features_part_classes_that_share_a_center(minority):
    """A linear head on them does what it cannot do on the numbers themselves.

    Six other draws gave, for the minority, .95 (none less than .92) at 20 %; at 5 % a plain head still gives
    it up (.46), a balanced one finds its errors (.998) at the price of the order among all rows (.73).
    """
    results: dict[str, list[tuple[float, float]]] = {}
    for seed in range(74, 77):
        rng = np.random.default_rng(seed)
        y = (rng.random(1000) < minority).astype(int)
        X = (rng.normal(size=(1000, 20)) * np.where(y == 1, 1.0, 2.0)[:, None]).astype(np.float32)
        given = np.where(rng.random(1000) < 0.15, 1 - y, y)
        few, wrong = y == 1, given != y
        for name, points in (("raw", X), ("learned", contrastive(X, seed))):
            evidence = Evidence(given_labels=given, classes=np.arange(2), features=points)
            for balance in ("none", "effective"):
                doubt = ImbalanceAware(representation="given", balance=balance).score(evidence).suspicion
                row = auroc(doubt, wrong), auroc(doubt[few], wrong[few])
                results.setdefault(f"{name}, {balance}", []).append(row)
    mean = {name: np.mean(rows, axis=0) for name, rows in results.items()}
    assert mean["raw, none"][1] < 0.3
    assert mean["learned, effective"][1] > 0.95
    assert mean["learned, none"][0] > mean["raw, none"][0] + 0.02
    if minority == 0.2:
        assert mean["learned, none"][1] > 0.75


@pytest.mark.parametrize("kind", ["noise", "classes"])
def test_a_pool_that_is_four_fifths_foreign_is_refused(kind, digits):
    X, y = load_digits(return_X_y=True)
    # Noise is among the rows that contrastive features are learned from, so that each draw has its own.
    for seed in range(80, 82 if digits[0] == "contrastive" and kind == "noise" else 84):
        rng = np.random.default_rng(seed)
        foreign = rng.permutation(10)[:4]
        native = rng.permutation(np.flatnonzero(~np.isin(y, foreign)))
        labelled, relevant = native[:400], native[400:500]
        if kind == "noise":
            others = rng.uniform(0, 16, size=(400, X.shape[1]))
            rows = np.concatenate([X[labelled], X[relevant], others])
            if digits[0] == "given":
                points = PCA(20, random_state=0).fit_transform(rows).astype(np.float32)
            else:
                points = contrastive(rows.reshape(-1, 8, 8), seed, n_epochs=30)
        else:
            others = rng.permutation(np.flatnonzero(np.isin(y, foreign)))[:400]
            points = digits[1](np.concatenate([labelled, relevant, others])).astype(np.float32)
        codes = np.concatenate([y[labelled], np.full(500, -1)])
        evidence = Evidence(given_labels=codes, classes=np.arange(10), features=points)
        with pytest.warns(LabelscopeWarning, match="belong to no labelled class"):
            report = value_of_labels(evidence)
        assert report.omega < 0.3 and report.relevance < 0.4
        assert "Warning" in report.to_markdown()
        with pytest.warns(LabelscopeWarning, match="belong to no labelled class"):
            assert ImbalanceAware().score(evidence).meta["omega"] < 0.3
        kept = Evidence(given_labels=codes[:500], classes=np.arange(10), features=points[:500])
        assert value_of_labels(kept).omega == 1.0

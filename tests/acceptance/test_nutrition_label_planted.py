"""The nutrition label names planted defects with their numbers, those alone, and none on clean data.

The experiment is this project's own: the paper (Holland et al. 2018) reports a prototype and no measurements.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

import labelscope as ls
from labelscope.reports import nutrition_label

pytestmark = pytest.mark.acceptance
N, SITES = 2_000, np.array(["A", "B", "C", "D"])
NAMES = np.array(["cat", "dog", "fox", "owl"])
SEEDS = (70, 71, 72)


def rows_of(rng, n, shares):
    """True classes, features that tell them apart, and columns that have nothing to do with them."""
    true = rng.permutation(np.repeat(np.arange(4), np.round(np.array(shares) * n).astype(int)))
    centers = 4.5 * np.eye(4, 6)
    X = centers[true] + rng.normal(size=(n, 6))
    frame = pd.DataFrame(X, columns=[f"feature {j}" for j in range(6)])
    frame["site"] = SITES[rng.integers(0, 4, n)]
    frame["camera"] = rng.choice(["x", "y", "z"], n)
    frame["age"] = rng.integers(18, 90, n)
    frame["income"] = rng.lognormal(3, 0.5, n).round(2)
    return true, frame


def planted(seed):
    """Return the frame with its defects, the number of each, and the rows whose label is wrong."""
    rng = np.random.default_rng(seed)
    true, frame = rows_of(rng, N, (0.4, 0.35, 0.24, 0.01))
    given = true.copy()
    wrong = rng.random(N) < np.where(frame["site"] == "B", 0.15, 0.02)
    wrong &= true != 3
    given[wrong] = (given[wrong] + rng.integers(1, 3, wrong.sum())) % 3
    # Thirty rows repeat another one to the last digit; eight of them have another label.
    rare = np.flatnonzero(true == 3)
    order = np.setdiff1d(rng.permutation(N), rare, assume_unique=True)
    first, copy = np.minimum(order[:30], order[30:60]), np.maximum(order[:30], order[30:60])
    gaps = rng.choice(np.setdiff1d(np.arange(N), np.r_[first, copy]), 240, replace=False)
    frame.loc[gaps, "income"] = np.nan
    frame.loc[copy] = frame.loc[first].to_numpy()
    frame = frame.infer_objects()
    given[copy], wrong[copy] = given[first], wrong[first]
    given[copy[:8]] = (true[first[:8]] + 1) % 3
    given[first[:8]] = true[first[:8]]
    wrong[copy[:8]], wrong[first[:8]] = True, False
    frame["unit"] = "cm"
    frame["record"] = [f"{seed}-{k:05d}" for k in range(N)]
    frame["label"] = NAMES[given]
    return frame, given, wrong


def audited(frame):
    features = frame[[f"feature {j}" for j in range(6)]].to_numpy(float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ls.errors.LabelscopeWarning)
        return ls.audit(ls.Dataset(frame, "label"), features=features)


def labelled_elsewhere(rng, shares, n=1_500):
    true, frame = rows_of(rng, n, shares)
    frame["label"] = NAMES[true]
    return ls.Dataset(frame, "label")


@pytest.fixture(scope="module", params=SEEDS)
def scene(request):
    frame, given, wrong = planted(request.param)
    audit = audited(frame)
    shares = np.bincount(given, minlength=4) / N
    # One class is half again as frequent elsewhere; the others keep their proportions.
    shares[1] *= 1.5
    reference = labelled_elsewhere(np.random.default_rng([request.param, 1]), _whole(shares, 1_500))
    return frame, given, wrong, audit, nutrition_label(audit, reference=reference)


def _whole(shares, n):
    """Shares that come out as whole rows."""
    counts = np.floor(shares / shares.sum() * n)
    counts[0] += n - counts.sum()
    return counts / n


def columns_of(label, kind):
    return {entry["name"]: entry for entry in label.modules["statistics"][kind]}


def test_the_planted_problems_are_named_and_only_those(scene):
    label = scene[-1]
    assert {(alert["code"], alert["subject"]) for alert in label.alerts} == {
        ("missing_values", "income"),
        ("constant_column", "unit"),
        ("identifier_column", "record"),
        ("rare_class", "owl"),
        ("exact_duplicates", "rows"),
        ("conflicting_duplicates", "rows"),
        ("errors_depend_on_column", "site"),
        ("wrong_labels", "labels"),
        ("class_share_shifted", "dog"),
    }


def test_planted_numbers_are_exact(scene):
    frame, given, _, _, label = scene
    income = columns_of(label, "continuous")["income"]
    assert income["missing"] == 240 and income["missing_share"] == 0.12
    assert label.rows(income["missing_rows"]).tolist() == np.flatnonzero(frame["income"].isna()).tolist()
    figures = label.modules["statistics"]["labels"]["figures"]
    assert figures["exact duplicates"]["value"] == 30
    assert figures["duplicates with another label"]["value"] == 8
    assert len(label.rows("duplicates")) == 60 and len(label.rows("duplicates in conflict")) == 16
    (owl,) = label.modules["statistics"]["labels"]["tail"]
    assert owl["name"] == "owl" and owl["rows"]["value"] == 20 and owl["share"] == 0.01
    assert label.rows(owl["rows"]["rows"]).tolist() == np.flatnonzero(given == 3).tolist()
    assert columns_of(label, "nominal")["unit"]["unique"] == 1
    assert columns_of(label, "nominal")["record"]["unique"] == N


def test_errors_by_site_lie_in_their_intervals_and_site_comes_first(scene):
    frame, _, wrong, _, label = scene
    entries = label.modules["probabilistic_model"]["errors_by_column"]
    assert entries[0]["column"] == "site" and entries[0]["p"] < 0.01 and entries[0]["q"] < 0.01
    assert all(entry["q"] > 0.01 for entry in entries[1:])
    groups = {group["value"]: group for group in entries[0]["groups"]}
    assert entries[0]["groups"][0]["value"] == "B" and set(groups) == set(SITES)
    for site, group in groups.items():
        truth = wrong[frame["site"] == site].mean()
        assert group["rate"]["low"] <= truth <= group["rate"]["high"]
        assert group["rate"]["basis"] == "estimated"
    rate = label.document["label_quality"]["figures"]["wrong labels before review"]
    assert rate["basis"] == "estimated" and abs(rate["value"] - wrong.mean()) < 0.01


def test_a_review_makes_the_same_numbers_measured(scene):
    frame, given, wrong, audit, _ = scene
    session = ls.Session(audit, journal=None, reviewer="ada")
    right = np.where(wrong, (given + 1) % 3, given)
    session.keep(np.flatnonzero(~wrong))
    for code in range(3):
        rows = np.flatnonzero(wrong & (right == code))
        session.relabel(rows, NAMES[code])
    label = nutrition_label(session)
    (site,) = (e for e in label.modules["probabilistic_model"]["errors_by_column"] if e["column"] == "site")
    for group in site["groups"]:
        assert group["rate"]["basis"] == "measured"
        assert group["wrong"] == wrong[frame["site"] == group["value"]].sum()
        assert group["left"] == 0
    change = nutrition_label(audit).diff(label)
    assert {alert["code"] for alert in change.resolved} >= {"errors_depend_on_column", "wrong_labels"}
    assert change.same_data and not change.new
    assert any(one.name == "label quality: reviewed" and one.after == 1 for one in change.changes)


def test_at_most_one_clean_set_in_twenty_is_alarmed():
    alarmed = []
    for seed in range(200, 220):
        rng = np.random.default_rng(seed)
        shares = (0.4, 0.25, 0.2, 0.15)
        true, frame = rows_of(rng, 1_000, shares)
        frame["label"] = NAMES[true]
        elsewhere = NAMES[rng.choice(4, 1_500, p=shares)]
        counts = {str(name): int((elsewhere == name).sum()) for name in NAMES}
        label = nutrition_label(audited(frame), reference={"name": "elsewhere", "shares": counts})
        alarmed += [(seed, alert["code"], alert["subject"]) for alert in label.alerts]
    assert len({seed for seed, *_ in alarmed}) <= 1, alarmed

from __future__ import annotations

import json
import re
import warnings
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from scipy.stats import binomtest

import labelscope as ls
from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.reports import NutritionLabel, nutrition_label
from labelscope.reports.nutrition.alerts import SEVERITIES
from labelscope.reports.nutrition.columns import column_of, groups_of
from labelscope.reports.nutrition.dependence import (
    code_dependence,
    cramers_v,
    false_discovery,
    mutual_information,
    rate_dependence,
)
from labelscope.reports.nutrition.ground_truth import shifted
from labelscope.reports.nutrition.label_statistics import effective_number, gini, tail_of
from labelscope.reports.nutrition.probabilistic import shrunken
from labelscope.reports.nutrition.schema import MODULES, SCHEMA
from labelscope.review.querying import parse
from labelscope.scorers.proportions import exact_interval

EVIL = '<script>alert("x")</script>|*b*'


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ls.errors.LabelscopeWarning)
        yield


def frame_of(n=120, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "site": rng.choice(["A", "B"], n),
            "age": rng.integers(20, 60, n),
            "weight": rng.normal(70, 10, n),
            "label": rng.choice(["cat", "dog", "owl"], n),
        }
    )
    frame.loc[[3, 5], "weight"] = np.nan
    return frame


def session_of(frame, label="label", **options):
    dataset = ls.Dataset(frame, label, **options)
    rng = np.random.default_rng(1)
    codes = dataset.labels.codes
    suspicion = np.where(np.arange(dataset.n) % 7 == 0, 0.9, 0.05 * rng.random(dataset.n))
    suggested = np.where(suspicion > 0.5, (codes + 1) % max(len(dataset.labels.classes), 1), codes)
    audit = ls.Audit.from_arrays(dataset, suspicion=suspicion, suggested_codes=suggested)
    return ls.Session(audit, journal=None, reviewer="ada")


def entry(label, kind, name):
    return next(e for e in label.modules["statistics"][kind] if e["name"] == name)


def codes_of(label):
    return {alert["code"] for alert in label.alerts}


class Checker(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.tags, self.attributes, self.text = [], set(), [], []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += [(tag, *attr) for attr in attrs]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def parsed(html):
    checker = Checker()
    checker.feed(html)
    checker.close()
    assert checker.open == []
    return checker


def check_whole(label):
    """What holds of every label: schema, round trip, rows behind numbers, a basis for each number."""
    document = label.to_dict()
    Draft202012Validator(SCHEMA).validate(document)
    assert tuple(document["modules"]) == MODULES
    back = NutritionLabel.from_json(label.to_json())
    assert back.to_json() == label.to_json() and back.to_html() == label.to_html()
    for key, found in document["selections"].items():
        rows = label.rows(key)
        assert rows.dtype == np.int64 and len(rows) == found["n"] and (np.diff(rows) > 0).all()
    known = set(document["selections"])

    def walk(value):
        if isinstance(value, dict):
            if "basis" in value and "value" in value:
                assert value["basis"] in ("measured", "estimated")
            keys = value.get("rows")
            assert not isinstance(keys, str) or keys in known
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(document)
    found = parsed(label.to_html())
    assert not found.tags & {"script", "link", "img", "iframe"}
    keys = {value for _, name, value in found.attributes if name == "data-rows"}
    assert keys <= known
    assert label.to_markdown().startswith("# Nutrition label of ")
    json.dumps(label.to_croissant(), allow_nan=False)
    assert all(alert["severity"] in SEVERITIES for alert in label.alerts)


# -- inputs --------------------------------------------------------------------------------------------------


def sources():
    rng = np.random.default_rng(4)
    X, y = rng.normal(size=(60, 4)), rng.integers(0, 3, 60)
    texts = [f"film number {k} was good" for k in range(60)]
    sets = [set(rng.choice(["joy", "awe", "fear"], rng.integers(0, 3), replace=False)) for _ in range(60)]
    targets, concepts = rng.normal(size=60), rng.integers(0, 2, (60, 3))
    return {
        "images": lambda: nutrition_label(rng.random((60, 8, 8)), y),
        "text": lambda: nutrition_label(ls.Dataset(texts, y)),
        "features": lambda: nutrition_label(ls.audit(X, y), reference=y),
        "pandas": lambda: nutrition_label(frame_of(), "label"),
        "polars": lambda: nutrition_label(pl.from_pandas(frame_of()), "label"),
        "pyarrow": lambda: nutrition_label(pa.table(frame_of().to_dict("list")), "label"),
        "session": lambda: nutrition_label(session_of(frame_of())),
        "multilabel": lambda: nutrition_label(ls.audit(X, sets, task="multilabel"), reference=sets),
        "regression": lambda: nutrition_label(
            ls.Session(ls.audit(X, targets, task="regression"), journal=None), reference=targets + 1
        ),
        "concepts": lambda: nutrition_label(ls.audit(ls.Dataset(X, y, concepts=concepts))),
        "one class": lambda: nutrition_label(X, np.zeros(60, dtype=int)),
        "no labels": lambda: nutrition_label(X, [None] * 60),
    }


@pytest.mark.parametrize("name", sources())
def test_every_kind_of_input_has_all_modules(name):
    check_whole(sources()[name]())


def test_frames_of_all_libraries_give_the_same_numbers():
    made = [sources()[name]().modules for name in ("pandas", "polars", "pyarrow")]
    for module in ("variables", "statistics", "pair_plots", "probabilistic_model"):
        assert made[0][module] == made[1][module] == made[2][module]


def test_tasks_have_statistics_of_their_own():
    figures = {
        name: sources()[name]().modules["statistics"]["labels"]["figures"]
        for name in ("multilabel", "regression", "concepts")
    }
    assert figures["multilabel"]["tags"]["value"] == 3 and "classes" not in figures["multilabel"]
    assert figures["regression"]["distinct targets"]["value"] == 60
    assert figures["concepts"]["classes"]["value"] == 3
    assert sources()["concepts"]().modules["variables"]["n_tags"] == 3


def test_numbers_of_a_regression_reference():
    truth = sources()["regression"]().modules["ground_truth"]["figures"]
    assert truth["mean difference"]["value"] == pytest.approx(-1)
    assert truth["correlation"]["value"] == pytest.approx(1)


def test_no_columns_and_empty_columns():
    label = nutrition_label(np.zeros((4, 2, 2)), [0, 1, 0, 1])
    assert label.modules["variables"]["columns"] == [] and "no columns" in label.to_markdown()
    frame = pd.DataFrame({"gone": [None] * 6, "nan": [np.nan] * 6, "label": list("ababab")})
    label = nutrition_label(frame, "label")
    check_whole(label)
    assert [a["subject"] for a in label.alerts if a["code"] == "empty_column"] == ["gone", "nan"]
    assert entry(label, "continuous", "nan")["mean"] is None
    assert entry(label, "nominal", "gone")["most_frequent"] == {"value": "–", "count": None}


def test_values_that_are_not_finite():
    X = np.random.default_rng(0).normal(size=(30, 2))
    X[:4, 1] = [np.nan, np.inf, -np.inf, np.nan]
    label = nutrition_label(X, np.arange(30) % 2)
    check_whole(label)
    found = entry(label, "continuous", "x1")
    assert found["missing"] == 2 and found["infinite"] == 2
    assert found["mean"] == pytest.approx(X[4:, 1].mean(), rel=1e-7)
    assert label.rows(found["infinite_rows"]).tolist() == [1, 2]
    assert "infinite_values" in codes_of(label)


def test_one_class_and_none():
    assert codes_of(sources()["one class"]()) == {"one_class"}
    assert codes_of(sources()["no labels"]()) == {"no_labels"}


def test_ten_thousand_categories_stay_small():
    rng = np.random.default_rng(0)
    n = 20_000
    frame = pd.DataFrame(
        {"word": [f"v{k}" for k in rng.integers(0, 10_000, n)], "label": rng.integers(0, 2, n)}
    )
    label = nutrition_label(frame, "label")
    assert len(label.to_json()) < 50_000
    assert entry(label, "nominal", "word")["unique"] == frame["word"].nunique()
    assert "word" not in str(label.modules["probabilistic_model"]["errors_by_column"])
    classes = nutrition_label(rng.normal(size=(n, 2)), [f"c{k}" for k in rng.integers(0, 10_000, n)])
    assert len(classes.to_json()) < 100_000 and "single_rows" in codes_of(classes)
    assert (
        classes.modules["variables"]["n_classes"] > 8_000
        and len(classes.modules["variables"]["classes"]) == 100
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"metadata": {"licence": "x"}}, "(?s)'licence'.*'license'"),
        ({"metadata": 3}, "metadata is a int"),
        ({"metadata": {"license": object()}}, "license"),
        ({"metadata": {"variables": "age"}}, "variables"),
        ({"metadata": {"kinds": {"age": "odd"}}}, "kind of the column 'age'"),
        ({"metadata": {"kinds": {"aeg": "ordinal"}}}, "(?s)'aeg'.*'age'"),
        ({"reference": 3}, "reference is 3"),
        ({"reference": ["cat"]}, "(?s)reference has 1 entries"),
        ({"reference": ["zebra"] * 120}, "(?s)No label of the reference.*zebra"),
        ({"reference": {"zebra": 0.5}}, "names no class"),
        ({"reference": {"cat": -1}}, "share of 'cat'"),
        ({"reference": {"labels": ["cat"] * 120, "shares": {"cat": 1}}}, "keys"),
        ({"pairs": [("label", "aeg")]}, "(?s)'aeg'.*'age'"),
        ({"pairs": "label"}, "pairs"),
        ({"pairs": ["label"]}, "pairs"),
        ({"level": 2.0}, "level"),
        ({"level": True}, "level"),
        ({"least_count": 0}, "least_count"),
        ({"least_count": 2.5}, "least_count"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises((InvalidInputError, InvalidTypeError), match=message):
        nutrition_label(frame_of(), "label", **arguments)


def test_labels_beside_a_source_that_has_some():
    with pytest.raises(InvalidTypeError, match="has its own"):
        nutrition_label(session_of(frame_of()), frame_of()["label"])


# -- statistics ----------------------------------------------------------------------------------------------


def test_rules_of_medians_modes_and_ties():
    frame = pd.DataFrame(
        {
            "mode": [*"aaabbc", None, None],
            "tie": [*"aabbcd", None, None],
            "different": list("abcdefgh"),
            "same": ["x"] * 8,
            "even": [1.0, 2.0, 4.0, 10.5, 0.0, np.nan, np.nan, np.nan],
            "whole": [0, 0, 3, 4, 5, 6, 7, 8],
            "label": list("uvuvuvuv"),
        }
    )
    label = nutrition_label(frame, "label", least_count=1)
    found = entry(label, "nominal", "mode")
    assert (found["count"], found["unique"], found["missing"], found["missing_share"]) == (6, 3, 2, 0.25)
    assert (found["most_frequent"]["value"], found["most_frequent"]["count"]) == ("a", 3)
    assert (found["least_frequent"]["value"], found["least_frequent"]["count"]) == ("c", 1)
    tie = entry(label, "nominal", "tie")
    assert tie["most_frequent"] == {"value": "multiple detected", "count": 2}
    assert tie["least_frequent"] == {"value": "multiple detected", "count": 1}
    different = entry(label, "nominal", "different")
    assert different["most_frequent"]["value"] == different["least_frequent"]["value"] == "–"
    same = entry(label, "nominal", "same")
    assert same["most_frequent"]["value"] == same["least_frequent"]["value"] == "x"
    even = entry(label, "continuous", "even")
    assert (even["count"], even["min"], even["median"], even["max"], even["mean"]) == (5, 0, 2, 10.5, 3.5)
    assert even["std"] == pytest.approx(np.std([1, 2, 4, 10.5, 0], ddof=1), rel=1e-7)
    assert even["zeros_share"] == 0.2 and even["missing_share"] == 0.375
    whole = entry(label, "discrete", "whole")
    assert whole["median"] == 4.5 and whole["zeros_share"] == 0.25
    assert label.rows(whole["zero_rows"]).tolist() == [0, 1]
    assert label.rows(found["most_frequent"]["rows"]).tolist() == [0, 1, 2]


def test_kinds_are_found_or_stated():
    frame = pd.DataFrame(
        {
            "grade": pd.Categorical(list("lmhl"), categories=list("lmh"), ordered=True),
            "when": pd.date_range("2024-01-01", periods=4),
            "flag": [True, False, None, True],
            "score": [1, 2, 2, 3],
            "lists": [[1], [2], None, [1]],
            "label": list("abab"),
        }
    )
    label = nutrition_label(frame, "label", metadata={"kinds": {"score": "ordinal"}})
    kinds = {c["name"]: (c["kind"], c["role"]) for c in label.modules["variables"]["columns"]}
    assert kinds["grade"][0] == "ordinal" and kinds["when"] == ("ordinal", "date")
    assert kinds["flag"][0] == "nominal" and kinds["lists"][0] == "nominal"
    assert entry(label, "nominal", "lists")["unique"] == 2
    assert kinds["score"] == ("ordinal", None)
    assert entry(label, "ordinal", "score")["most_frequent"] == {
        "value": "2", "count": 2, "rows": "column:score=2",
    }  # fmt: skip
    column = column_of("grade", np.array(list("lmhl"), dtype=object), order=list("lmh"))
    assert column.categories == ["l", "m", "h"] and column.codes.tolist() == [0, 1, 2, 0]


def test_identifiers_texts_and_constants():
    n = 60
    frame = pd.DataFrame(
        {
            "record": [f"r{k}" for k in range(n)],
            "row_id": np.arange(n) + 1000,
            "remark": [f"this is remark number {k}" for k in range(n)],
            "unit": ["cm"] * n,
            "height": np.random.default_rng(0).normal(size=n),
            "label": list("ab") * (n // 2),
        }
    )
    label = nutrition_label(frame, "label")
    roles = {c["name"]: c["role"] for c in label.modules["variables"]["columns"]}
    assert roles == {
        "record": "identifier", "row_id": "identifier", "remark": "text", "unit": "constant", "height": None,
    }  # fmt: skip
    skipped = {e["column"]: e["why"] for e in label.modules["probabilistic_model"]["not_tested"]}
    assert set(skipped) == {"record", "row_id", "remark", "unit"}


def test_rare_values_that_may_name_people_are_suppressed():
    names = ["Ada Lovelace"] * 8 + [f"person {k}" for k in range(60)] + ["Bob Unique"] * 2 + ["x"] * 3
    frame = pd.DataFrame({"name": names, "label": (list("ab") * 40)[: len(names)]})
    label = nutrition_label(frame, "label")
    found = entry(label, "nominal", "name")
    assert found["most_frequent"]["value"] == "Ada Lovelace"
    frame["name"] = [f"person {k // 2}" for k in range(len(names) - 1)] + ["Bob Unique"]
    label = nutrition_label(frame, "label")
    assert entry(label, "nominal", "name")["least_frequent"] == {"value": "suppressed", "count": None}
    for made in (label.to_json(), label.to_html(), label.to_markdown(), json.dumps(label.to_croissant())):
        assert "Bob Unique" not in made and "person 3" not in made
    shown = nutrition_label(frame, "label", least_count=1)
    assert entry(shown, "nominal", "name")["least_frequent"]["value"] == "Bob Unique"


def test_duplicates_and_conflicts():
    rows = [
        ("a", 1.5, "u"),
        ("b", 2.5, "v"),
        ("a", 1.5, "v"),
        ("a", 1.5, "u"),
        ("c", 3.5, "u"),
        ("b", 2.5, "v"),
    ]
    label = nutrition_label(pd.DataFrame(rows, columns=["x", "y", "label"]), "label")
    figures = label.modules["statistics"]["labels"]["figures"]
    assert (
        figures["exact duplicates"]["value"] == 3 and figures["duplicates with another label"]["value"] == 1
    )
    assert label.rows("duplicates").tolist() == [0, 1, 2, 3, 5]
    assert label.rows("duplicates in conflict").tolist() == [0, 2, 3]
    texts = nutrition_label(["a b", "a  b", "c"], ["x", "y", "x"]).modules["statistics"]["labels"]["figures"]
    assert texts["exact duplicates"]["value"] == 1
    images = np.random.default_rng(0).random((5, 3, 3))
    images[4] = images[1]
    figures = nutrition_label(images, [0, 1, 0, 1, 0]).modules["statistics"]["labels"]["figures"]
    assert figures["duplicates with another label"]["value"] == 1


def test_repeats_that_chance_explains_are_no_alert():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.integers(0, 2, (200, 3)), columns=list("abc"))
    frame["label"] = rng.choice(["u", "v"], 200)
    label = nutrition_label(frame, "label")
    assert label.modules["statistics"]["labels"]["figures"]["exact duplicates"]["value"] > 150
    assert not codes_of(label) & {"exact_duplicates", "conflicting_duplicates"}


@given(st.lists(st.integers(0, 50), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_sizes_of_classes(counts):
    sizes = np.array(counts)
    k, total = len(counts), sum(counts)
    if total:
        slow = sum(abs(a - b) for a in counts for b in counts) / (2 * k * total)
        assert gini(sizes) == pytest.approx(slow)
        assert 1 - 1e-9 <= effective_number(sizes) <= k + 1e-9
    assert set(tail_of(sizes).tolist()) <= {j for j, c in enumerate(counts) if 0 < c < 0.2 * total / k * k}


def test_the_tail_is_sure():
    assert tail_of(np.array([400, 380, 200, 20])).tolist() == [3]
    assert tail_of(np.array([30, 28, 32, 5])).tolist() == []  # by chance it could be a fifth
    assert tail_of(np.random.default_rng(0).poisson(5, 10_000)).tolist() == []


# -- dependence ----------------------------------------------------------------------------------------------


def test_mutual_information_and_cramers_v_from_their_definitions():
    rng = np.random.default_rng(2)
    a, b = rng.integers(0, 4, 300), rng.integers(0, 3, 300)
    b = np.where(rng.random(300) < 0.4, a % 3, b)
    bits, chi = 0.0, 0.0
    for x in range(4):
        for y in range(3):
            p, px, py = np.mean((a == x) & (b == y)), np.mean(a == x), np.mean(b == y)
            bits += p * np.log2(p / (px * py)) if p else 0.0
            chi += (p - px * py) ** 2 / (px * py)
    assert mutual_information(a, b, 4) == pytest.approx(bits)
    fair = max(0, chi - 3 * 2 / 299) / (min(4 - 9 / 299, 3 - 4 / 299) - 1)
    assert cramers_v(a, b) == pytest.approx(np.sqrt(fair))
    assert cramers_v(a, np.zeros(300, int)) == 0 and cramers_v(a[:1], b[:1]) == 0


def test_false_discovery_from_its_definition():
    p = np.random.default_rng(0).random(12) ** 2
    order = np.argsort(p)
    slow = np.empty(12)
    for rank, k in enumerate(order):
        slow[k] = min(1.0, min(p[order[j]] * 12 / (j + 1) for j in range(rank, 12)))
    assert false_discovery(p) == pytest.approx(slow)


def test_permutation_p_values_are_uniform_without_a_connection():
    rng = np.random.default_rng(5)
    groups = [rng.integers(0, k, 400) for k in (2, 3, 5, 8) for _ in range(25)]
    found = rate_dependence((rng.random(400) < 0.1).astype(float), groups, random_state=1)
    p = np.array([one.p for one in found])
    assert 0.02 < np.mean(p < 0.1) < 0.2 and 0.35 < np.mean(p) < 0.65
    assert min(one.q for one in found) > 0.01
    codes = code_dependence(rng.integers(0, 3, 400), groups[:10], random_state=1)
    assert min(one.q for one in codes) > 0.01


def test_smooth_probabilities_alone_are_no_finding():
    rng = np.random.default_rng(6)
    position = rng.integers(0, 8, 1_000)
    soft = 0.004 + 0.004 * position / 7  # a model's doubt grows along the column that it was made of
    assert rate_dependence(soft, [position])[0].q > 0.01
    errors = (rng.random(1_000) < np.where(position == 7, 0.4, 0.02)).astype(float)
    assert rate_dependence(errors, [position])[0].q < 1e-6


def test_shrinkage():
    wrong, sizes = np.array([0.0, 3.0, 50.0, 300.0]), np.array([3.0, 3.0, 500.0, 600.0])
    found, overall = shrunken(wrong, sizes), 353 / 1106
    plain = wrong / sizes
    assert ((found - plain) * (overall - plain) >= 0).all()  # toward the overall share
    assert abs(found[3] - 0.5) < 0.01 and abs(found[0] - overall) < abs(plain[0] - overall)
    assert shrunken(np.zeros(2), np.zeros(2)).tolist() == [0, 0]


@given(st.integers(0, 40), st.integers(1, 40), st.floats(0.5, 0.99))
@settings(max_examples=40, deadline=None)
def test_intervals_equal_the_exact_ones(hits, n, level):
    hits = min(hits, n)
    scipys = binomtest(hits, n).proportion_ci(level, method="exact")
    assert exact_interval(hits, n, level) == pytest.approx((scipys.low, scipys.high), abs=1e-9)
    assert exact_interval(0, 0, level) == (0.0, 1.0)


def test_groups_cover_all_rows():
    column = column_of("x", np.array([*np.arange(50.0), np.nan, np.nan]))
    groups, names = groups_of(column, least=2)
    assert len(groups) == 52 and names[-1] == "(missing)" and np.bincount(groups)[-1] == 2
    assert len(names) == 9 and set(groups) == set(range(9))
    few = column_of("y", np.array(["a"] * 5 + ["b"], dtype=object))
    assert groups_of(few, least=3)[1] == ["a", "(other)"]


# -- ground truth --------------------------------------------------------------------------------------------


def test_a_reference_of_the_same_rows():
    frame = frame_of()
    truth = frame["label"].tolist()
    truth[:30] = [None] * 10 + ["owl"] * 19 + ["cow"]
    label = nutrition_label(frame, "label", reference={"name": "experts", "labels": truth})
    check_whole(label)
    module = label.modules["ground_truth"]
    known = [k for k, t in enumerate(truth) if t is not None]
    differ = [k for k in known if truth[k] != frame["label"][k]]
    figures = module["figures"]
    assert figures["compared rows"]["value"] == 110 and figures["rows that differ"]["value"] == len(differ)
    assert label.rows("reference differs").tolist() == differ
    agreement = figures["agreement"]
    assert agreement["value"] == pytest.approx(1 - len(differ) / 110)
    assert agreement["low"] < agreement["value"] < agreement["high"] and figures["kappa"]["value"] < 1
    assert sum(cell["rows"]["value"] for cell in module["confusion"]) == len(differ)
    for cell in module["confusion"]:
        for row in label.rows(cell["rows"]["rows"]).tolist():
            assert frame["label"][row] == cell["label"]
            assert truth[row] == cell["reference"] or cell["reference"] == "(no class here)"
    assert module["foreign"] == {"cow": 1} and "may be wrong" in module["caution"]
    assert label.document["label_quality"]["figures"]["differ from the reference"]["basis"] == "measured"
    assert label.modules["probabilistic_model"]["errors_measured"] is True


def test_a_class_that_grew_is_named_alone():
    ours, theirs = np.array([500.0, 300, 200]), np.array([300.0, 300, 200])
    assert shifted(ours, theirs, exact=False) == [0]
    assert shifted(ours, ours * 2, exact=False) == []
    assert shifted(ours, ours / 1000, exact=True) == []
    assert shifted(np.zeros(3), ours, exact=False) == []
    rng = np.random.default_rng(0)
    false = sum(
        bool(shifted(*rng.multinomial(800, [0.4, 0.3, 0.2, 0.1], size=2).astype(float), exact=False))
        for _ in range(300)
    )
    assert false <= 12  # one in a hundred


def test_shares_and_another_dataset():
    frame = frame_of()
    label = nutrition_label(frame, "label", reference={"cat": 1 / 3, "dog": 1 / 3, "owl": 1 / 3})
    module = label.modules["ground_truth"]
    assert not module["aligned"] and {c["reference_share"] for c in module["classes"]} == {0.33333333}
    other = ls.Dataset(frame_of(400, seed=8), "label")
    module = nutrition_label(frame, "label", reference=other).modules["ground_truth"]
    assert {c["column"] for c in module["columns"]} == {"site", "age", "weight"}
    same = nutrition_label(frame, "label", reference=ls.Dataset(frame, "label")).modules["ground_truth"]
    assert same["figures"]["agreement"]["value"] == 1
    diagonal = [same["correlation"]["values"][k][k] for k in range(2)]
    assert diagonal == pytest.approx([1, 1])


# -- reviews -------------------------------------------------------------------------------------------------


def test_a_review_is_part_of_the_label():
    session = session_of(frame_of())
    before = nutrition_label(session)
    session.relabel([0, 7], "owl")
    session.keep([14])
    session.exclude([21])
    label = nutrition_label(session, metadata={"author": "the lab"})
    check_whole(label)
    steps = label.modules["provenance"]["steps"]
    assert [step["step"] for step in steps] == ["original labels", "scored", "reviewed"]
    assert steps[0]["who"] == "the lab" and steps[2]["who"] == "ada" and steps[2]["kept"] == 1
    assert label.rows(steps[2]["rows"]["rows"]).tolist() == [0, 7, 14, 21]
    quality = label.document["label_quality"]
    assert quality["figures"]["reviewed"]["value"] == pytest.approx(4 / 120, rel=1e-6)
    assert "no probability" in quality["basis"] and "wrong labels before review" not in quality["figures"]
    assert len(label.rows("flags left")) == len(label.rows("flagged")) - 4
    assert not label.modules["probabilistic_model"]["errors_are_rates"] and "flag rate" in label.to_markdown()
    change = before.diff(label)
    assert change.same_data and ("author", None, "the lab") in change.stated
    reviewed = next(c for c in change.changes if c.name == "label quality: reviewed")
    assert reviewed.before == 0 and reviewed.difference == reviewed.after
    assert "What changed" in change.to_markdown() and "<script" not in change.to_html()
    json.dumps(change.to_dict())
    with pytest.raises(InvalidTypeError, match="no nutrition label"):
        before.diff(3)


def test_what_a_method_decided_is_no_look():
    """Flips of judges and answers of a teacher: nobody reviewed them, and they measure nothing."""
    session = session_of(frame_of())
    n = session.audit.n
    session.relabel([0, 7], "owl", source="judge")
    session.relabel([14], "owl")
    label = nutrition_label(session)
    check_whole(label)
    figures = label.document["label_quality"]["figures"]
    assert figures["reviewed"]["value"] == pytest.approx(1 / n, rel=1e-6)
    assert figures["taken over unseen"]["value"] == 2 and figures["relabelled"]["value"] == 3
    assert label.rows("reviewed").tolist() == [14] and label.rows("taken over unseen").tolist() == [0, 7]
    assert "2 rows were taken over from methods" in label.document["label_quality"]["basis"]
    by_person, by_method = label.modules["provenance"]["steps"][2:]
    if by_person["step"] != "reviewed":
        by_person, by_method = by_method, by_person
    assert by_person["step"] == "reviewed" and by_person["rows"]["value"] == 1
    assert by_method["step"] == "taken over unseen" and by_method["rows"]["value"] == 2
    assert label.rows(by_method["rows"]["rows"]).tolist() == [0, 7]
    made = label.to_croissant()
    assert made["rai:dataAnnotationProtocol"] == [
        "Reviewers: 1. Rows decided about: 1, of which drawn by chance: 0. Labels changed: 1.",
        "Rows taken over from methods, at which nobody looked one by one: 2. Labels changed: 2.",
    ]
    agents = [one.get("prov:wasAssociatedWith", {}).get("prov:label") for one in made["prov:wasGeneratedBy"]]
    assert {"reviewer 1", "a method"} <= set(agents) and "ada" not in agents
    session.keep(np.flatnonzero(session.state.state == 0))
    assert nutrition_label(session).modules["probabilistic_model"]["errors_measured"] is False
    session.keep([0, 7])
    assert nutrition_label(session).modules["probabilistic_model"]["errors_measured"] is True
    # Accepting everything is no review: nothing is measured, and nobody reviewed.
    accepted = session_of(frame_of())
    accepted.accept(range(n))
    label = nutrition_label(accepted)
    figures = label.document["label_quality"]["figures"]
    assert figures["reviewed"]["value"] == 0 and figures["taken over unseen"]["value"] == n
    assert label.modules["probabilistic_model"]["errors_measured"] is False
    assert "rai:dataAnnotationProtocol" in label.to_croissant()


def dependent_audit(flagged_along=False):
    """Suspicion that grows with a number; flags that follow it, or a site."""
    rng = np.random.default_rng(4)
    n = 1_000
    x = rng.random(n)
    frame = pd.DataFrame({"x": x, "label": rng.choice(["cat", "dog"], n)})
    dataset = ls.Dataset(frame, "label")
    flagged = rng.random(n) < (0.3 * (x > 0.7) if flagged_along else 0.03)
    suspicion = np.where(flagged, 0.9, 0.45 * x).astype(np.float32)
    codes = dataset.labels.codes
    audit = ls.Audit.from_arrays(
        dataset, suspicion=suspicion, suggested_codes=np.where(flagged, 1 - codes, codes), flagged=flagged
    )
    ((name, score),) = audit.scores.items()
    return replace(audit, scores={name: replace(score, meta={"scale": "probability"})})


def dependence_alerts(source):
    return [a for a in nutrition_label(source).alerts if a["code"] == "errors_depend_on_column"]


def test_a_model_that_hesitates_along_a_column_is_no_severe_alert():
    (alert,) = dependence_alerts(dependent_audit())
    assert alert["severity"] == "low" and "The model hesitates along 'x'" in alert["message"]
    (alert,) = dependence_alerts(dependent_audit(flagged_along=True))
    assert alert["severity"] == "high" and alert["message"].startswith("Labels are wrong more often")


def test_mended_labels_are_no_alert_though_the_model_still_hesitates():
    audit = dependent_audit(flagged_along=True)
    session = ls.Session(audit, journal=None, reviewer="ada")
    flagged = np.flatnonzero(audit.flagged)
    session.accept(flagged[: len(flagged) // 2])
    assert len(dependence_alerts(session)) == 1, "half of them are left"
    session.accept(flagged[len(flagged) // 2 :])
    assert dependence_alerts(session) == []
    resolved = nutrition_label(audit).diff(nutrition_label(session)).resolved
    assert "errors_depend_on_column" in {alert["code"] for alert in resolved}


def test_an_estimate_says_so_and_a_measured_one_too():
    rng = np.random.default_rng(0)
    true = rng.integers(0, 2, 400)
    X = 3 * np.eye(2, 3)[true] + rng.normal(size=(400, 3))
    given_labels = np.where(rng.random(400) < 0.1, 1 - true, true)
    session = ls.Session(ls.audit(X, given_labels), journal=None, reviewer="ada")
    before = nutrition_label(session)
    figures = before.document["label_quality"]["figures"]
    assert figures["wrong labels before review"]["basis"] == "estimated"
    assert figures["wrong labels after review"]["basis"] == "estimated"
    for _ in range(150):
        (row,) = session.queue(n=1).tolist()
        if true[row] == given_labels[row]:
            session.keep(row)
        else:
            session.relabel(row, int(true[row]))
    after = nutrition_label(session)
    figures = after.document["label_quality"]["figures"]
    for name in ("wrong labels before review", "wrong labels after review"):
        assert figures[name]["basis"] == "measured" and figures[name]["low"] <= figures[name]["value"]
    assert figures["wrong labels after review"]["value"] < figures["wrong labels before review"]["value"]
    change = before.diff(after)
    by_name = {one.name.removeprefix("label quality: "): one for one in change.changes}
    rate = by_name["wrong labels after review"]
    low, high = rate.interval_after
    assert low == figures["wrong labels after review"]["low"] <= rate.after <= high
    assert rate.interval_before is not None and by_name["reviewed"].interval_after is None
    assert f"{100 * rate.after:.2f} % ({100 * low:.2f} % to {100 * high:.2f} %)" in change.to_markdown()


def test_queries_find_the_same_rows():
    frame = frame_of()
    frame["odd name"] = ['say "hi"', "a\\b", None] * 40
    session = session_of(frame)
    session.relabel([0, 7], "owl")
    label = nutrition_label(session)
    asked = 0
    for key in label.to_dict()["selections"]:
        query = label.query(key)
        if query is not None:
            asked += 1
            assert parse(query).rows(session).tolist() == label.rows(key).tolist(), query
    assert asked > 12


def test_keys():
    label = nutrition_label(frame_of(), "label")
    assert set(label.keys()) == set(label.document["selections"])
    with pytest.raises(InvalidInputError, match=r"(?s)'labels mising'.*'labels missing'"):
        label.rows("labels mising")
    with pytest.raises(InvalidInputError, match="no key"):
        label.query("?")
    read = NutritionLabel.from_json(label.to_json())
    with pytest.raises(InvalidInputError, match="read from a file"):
        read.rows("labels missing")
    assert read.query("labels missing") == "given is missing"


# -- formats -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda d: "{", "no JSON"),
        (lambda d: [1], "no nutrition label"),
        (lambda d: {**d, "format": "x"}, "no nutrition label"),
        (lambda d: {**d, "version": 99}, "version 99"),
        (lambda d: {**d, "alerts": [{"code": 1}]}, "damaged at alerts/0"),
        (lambda d: {k: v for k, v in d.items() if k != "modules"}, "damaged at the top"),
        (
            lambda d: {
                **d,
                "label_quality": {"figures": {"x": {"value": 1, "basis": "guessed"}}, "basis": ""},
            },
            "damaged at label_quality/figures/x/basis",
        ),
    ],
)
def test_damaged_documents_are_refused(damage, message):
    document = nutrition_label(frame_of(), "label").to_dict()
    with pytest.raises(InvalidInputError, match=message):
        NutritionLabel.from_json(damage(document))


def test_the_schema_is_one():
    Draft202012Validator.check_schema(SCHEMA)


def test_what_nobody_stated_is_shown():
    label = nutrition_label(frame_of(), "label")
    text = label.to_markdown()
    assert "| license | not stated |" in text and "| source | not stated |" in text
    assert "not stated" in label.to_html()
    filled = label.with_metadata(
        license="CC0", source="a survey", variables={"age": "in years"}, classes={"cat": "a small feline"},
        personal_sensitive_information=["age"], file="pets.csv",
    )  # fmt: skip
    check_whole(filled)
    assert "| license | CC0 |" in filled.to_markdown() and "in years" in filled.to_html()
    assert filled.document["title"] == "pets.csv" and label.document["title"] != "pets.csv"
    assert filled.with_metadata(license=None).modules["metadata"]["stated"]["license"] is None
    for bad in (
        {"licence": "x"},
        {"licence": None},
        {"variables": {"aeg": "x"}},
        {"kinds": {"age": "ordinal"}},
    ):
        with pytest.raises(InvalidInputError):
            label.with_metadata(**bad)


def test_text_from_data_stays_text():
    frame = pd.DataFrame({EVIL: [EVIL, "b"] * 20, "`|": [EVIL, 'z"'] * 20, "label": [EVIL, "</style>"] * 20})
    session = session_of(frame)
    session.relabel([0], "</title><img src=x onerror=alert(1)>", new_class=True)
    label = nutrition_label(session, metadata={"license": EVIL, "author": [EVIL], "variables": {EVIL: EVIL}})
    check_whole(label)
    html = label.to_html()
    found = parsed(html)
    assert not found.tags & {"script", "img", "b-"} and EVIL in "".join(found.text)
    assert not re.search(r"https?://|@import|url\(", html)
    assert not [a for a in found.attributes if a[1].startswith("on") or a[1] in ("src", "href")]
    assert "<script>" not in label.to_markdown()
    fragment = label._repr_html_()
    assert "<html" not in fragment and "body{" not in fragment


def test_saving(tmp_path):
    label = nutrition_label(frame_of(), "label")
    assert label.save(tmp_path / "l.html").read_text(encoding="utf-8") == label.to_html()
    assert label.save(tmp_path / "l.md").read_text(encoding="utf-8") == label.to_markdown()
    read = NutritionLabel.from_json(label.save(tmp_path / "l.json").read_text(encoding="utf-8"))
    assert read.to_dict() == label.to_dict()
    croissant = json.loads(label.save(tmp_path / "l.croissant.json").read_text(encoding="utf-8"))
    assert croissant == label.to_croissant()
    with pytest.raises(InvalidInputError, match="suffix of labels"):
        label.save(tmp_path / "l.pdf")


def test_reports_of_the_public_function(tmp_path):
    session = session_of(frame_of())
    made = ls.report(session, tmp_path / "label.html", kind="nutrition")
    assert isinstance(made, NutritionLabel) and "<!doctype html>" in (tmp_path / "label.html").read_text()
    ls.report(session.audit, tmp_path / "label.json", kind="nutrition")
    assert NutritionLabel.from_json((tmp_path / "label.json").read_text()).modules
    with pytest.raises(InvalidInputError, match="suffix of labels"):
        ls.report(session, tmp_path / "label.pdf", kind="nutrition")
    with pytest.raises(InvalidInputError, match=r"(?s)'nutritoin'.*'nutrition'"):
        ls.report(session, kind="nutritoin")


def test_the_command(tmp_path, capsys):
    from labelscope.cli import main

    frame_of().to_csv(tmp_path / "pets.csv", index=False)
    arguments = ["report", str(tmp_path / "pets.csv"), "--label", "label", "--kind", "nutrition"]
    assert main([*arguments, "--out", str(tmp_path / "label.json")]) == 0
    label = NutritionLabel.from_json((tmp_path / "label.json").read_text())
    assert label.modules["metadata"]["counted"]["rows"]["value"] == 120
    assert main([*arguments, "--out", str(tmp_path / "label.pdf")]) == 1
    assert "suffix of labels" in capsys.readouterr().err


# -- Croissant -----------------------------------------------------------------------------------------------


def described(tmp_path: Path):
    frame = frame_of()
    frame.to_csv(tmp_path / "pets.csv", index=False)
    session = session_of(frame)
    session.relabel([0, 7], "owl")
    return nutrition_label(
        session,
        metadata={
            "description": "Pets as people saw them.", "license": "https://spdx.org/licenses/CC0-1.0",
            "url": "https://example.org/pets", "version": "1.0.0", "released": "2024-05-01",
            "citation": "@misc{pets}", "keywords": ["pets", "labels"], "language": "en",
            "source": "https://example.org/survey", "author": ["A. Lab"], "author_contact": "lab@example.org",
            "content_url": "pets.csv", "encoding_format": "text/csv", "sha256": "0" * 64,
            "data_collection": "A survey.", "data_use_cases": ["training"], "annotations_per_item": "1",
            "annotator_demographics": ["students"], "personal_sensitive_information": ["none"],
            "data_collection_timeframe": ["2024-01-01", "2024-02-01"],
            "classes": {"cat": "a small feline"}, "variables": {"age": "in years"},
        },
    )  # fmt: skip


# mlcroissant reads JSON-LD by a class that rdflib is about to drop.
@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
def test_mlcroissant_accepts_it(tmp_path):
    mlcroissant = pytest.importorskip("mlcroissant", reason="mlcroissant is not installed")
    label = described(tmp_path)
    path = label.save(tmp_path / "croissant.json")
    found = mlcroissant.Dataset(jsonld=path)
    metadata = found.metadata
    assert not metadata.ctx.issues.errors and not metadata.ctx.issues.warnings
    assert metadata.ctx.is_v1_1() and "http://mlcommons.org/croissant/RAI/1.0" in metadata.conforms_to
    assert metadata.data_collection == "A survey." and metadata.data_use_cases == ["training"]
    assert any("reviewed: 1.7 % (measured)" in said for said in metadata.data_annotation_analysis)
    assert "weight: 1.7 % missing." in metadata.data_collection_missing_data
    assert metadata.data_annotation_platform == ["labelscope"] and metadata.machine_annotation_tools == [
        "given"
    ]
    assert metadata.annotator_demographics == ["students"] and metadata.annotations_per_item == "1"
    classes = list(found.records("classes"))
    sizes = {row["classes/name"]: row["classes/rows"] for row in classes}
    assert sizes == session_sizes(label)
    fields = {field.name: field for record in metadata.record_sets for field in record.fields}
    assert {"site", "age", "weight"} <= set(fields) and fields["age"].description == "in years"


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
@pytest.mark.parametrize("name", ["images", "text", "multilabel", "regression", "concepts", "no labels"])
def test_mlcroissant_accepts_every_task(name):
    mlcroissant = pytest.importorskip("mlcroissant", reason="mlcroissant is not installed")
    found = mlcroissant.Dataset(jsonld=sources()[name]().to_croissant())
    assert not found.metadata.ctx.issues.errors


def session_sizes(label):
    return {c["name"]: c["rows"]["value"] for c in label.modules["variables"]["classes"]}


def test_croissant_structure(tmp_path):
    label = described(tmp_path)
    found = label.to_croissant()
    assert found["conformsTo"] == [
        "http://mlcommons.org/croissant/1.1",
        "http://mlcommons.org/croissant/RAI/1.0",
    ]
    assert found["@context"]["rai"] == "http://mlcommons.org/croissant/RAI/"
    assert found["rai:dataCollectionTimeFrame"] == ["2024-01-01", "2024-02-01"]
    activities = found["prov:wasGeneratedBy"]
    assert [one["prov:label"] for one in activities] == ["original labels", "scored", "reviewed"]
    assert found["prov:wasDerivedFrom"] == {"@id": "https://example.org/survey"}
    assert "ada" not in json.dumps(found).replace("metadata", "")  # reviewers are numbered, not named
    bare = nutrition_label(frame_of(), "label").to_croissant()
    assert "license" not in bare and "distribution" not in bare and bare["description"].startswith("120 rows")

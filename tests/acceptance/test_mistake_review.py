"""Remaining mistakes: the released expert reviews replayed, and a panel on planted mistakes."""

from __future__ import annotations

import json
import warnings
from collections import Counter

import numpy as np
import pytest

import labelscope as ls
from labelscope.errors import LabelscopeWarning
from labelscope.reports import MistakeReview, evaluate_slice, load_slice, mistakes
from labelscope.review.label_sets import label_sets_of, multi_label_accuracy
from labelscope.review.learned_severity import learn_severity
from labelscope.review.severity import CATEGORIES, category_of, severity_of

pytestmark = pytest.mark.acceptance
TABLES = {
    "vit3b": {"categories": (241, 54, 52, 30, 1), "severities": (154, 150, 74)},
    "greedy_soups": {"categories": (172, 26, 32, 19, 0), "severities": (89, 111, 49)},
}
KINDS = ("fine_grained", "fine_grained_oov", "spurious", "non_prototypical", "other")
SEVERITIES = ("major", "minor", "borderline")


def session_of(labels, features=None, names=None):
    n = len(labels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        dataset = ls.Dataset(np.zeros((n, 1)), labels, class_names=names)
    evidence = {} if features is None else {"features": features}
    audit = ls.Audit.from_arrays(
        dataset, suspicion=np.zeros(n), suggested_codes=dataset.labels.codes, evidence=evidence
    )
    return ls.Session(audit, journal=None, reviewer="ada")


@pytest.fixture(scope="module")
def released(shared_data):
    files = {}
    for name in TABLES:
        path = shared_data / f"imagenet_mistakes_{name}.json"
        if not path.is_file():
            pytest.skip("the released expert reviews are not on this machine")
        files[name] = json.loads(path.read_text())
    return files


@pytest.fixture(scope="module")
def replayed(released):
    images = sorted({image for file in released.values() for image in file})
    # The files name predictions only: one more class stands for whatever the right labels are.
    labels = np.full(len(images), 1000)
    predictions = {
        name: np.array([file[image]["top_prediction"] if image in file else 1000 for image in images])
        for name, file in released.items()
    }
    session = session_of(labels, names=[str(code) for code in range(1001)])
    review = MistakeReview(session, predictions)
    place = {image: row for row, image in enumerate(images)}
    for name, file in released.items():
        review.vote_all(
            [
                {
                    "row": place[image],
                    "prediction": one["top_prediction"],
                    "verdict": "wrong",
                    "category": one["failure category"],
                    "severity": one["failure severity"],
                }
                for image, one in file.items()
            ],
            reviewer=f"panel of {name}",
        )
    return images, review, mistakes(review)


def test_the_released_reviews_are_reproduced_exactly(replayed):
    images, review, report = replayed
    assert len(images) == report.facts["n_rows"] == 463
    assert report.facts["n_sum"] == 378 + 249 and report.facts["n_mistakes"] == 378 + 249 - 143
    assert report.facts["n_shared_rows"] == 164 and report.facts["n_same"] == 143
    assert report.facts["n_major_rows"] == 48 and len(report.regression_set.rows) == 48
    assert review.discussion() == []
    for name, table in TABLES.items():
        one = report.models[name]
        assert one["remaining"] == one["apparent"] == sum(table["categories"])
        assert tuple(one["categories"][kind] for kind in KINDS) == table["categories"]
        assert tuple(one["severities"][word] for word in SEVERITIES) == table["severities"]
        assert one["slice"] == {"accuracy": 0.0, "n_right": 0, "n": 48, "builder": True}
    vit = report.models["vit3b"]["table"]
    assert vit["spurious", "major"] == 37 and vit["fine_grained", "major"] == 87
    assert vit["non_prototypical", "major"] == 7


def test_severities_learned_from_other_mistakes_are_right_more_often_than_the_usual_one_of_a_kind(released):
    """By kind and predicted class, each left out in turn; the files name no given class and no taxonomy."""
    for name, usual, least in (("vit3b", 174, 178), ("greedy_soups", 125, 130)):
        said = list(released[name].values())
        found = learn_severity(
            [CATEGORIES.index(category_of(one["failure category"])) for one in said],
            [SEVERITIES.index(severity_of(one["failure severity"])) for one in said],
            np.array([[one["top_prediction"]] for one in said]),
            ("with this prediction",),
        )
        assert round(found.usual_accuracy * len(said)) == usual
        assert found.accuracy * len(said) >= least and found.learned


def test_one_looks_at_the_union_and_not_at_the_sum(replayed, released):
    _, review, report = replayed
    pairs = {(image, one["top_prediction"]) for file in released.values() for image, one in file.items()}
    assert len(review.mistakes) == len(pairs) == report.facts["n_mistakes"]
    assert report.facts["n_sum"] - report.facts["n_mistakes"] == 143


def test_a_set_built_by_one_model_is_saved_with_its_builder(replayed, tmp_path):
    _, review, _ = replayed
    built = review.findings().major_slice(["vit3b"], name="vit3b-major")
    assert len(built.rows) == 154
    again = load_slice(built.save(tmp_path / "major.npz"))
    predictions = dict(zip(review.models, review.codes, strict=True))
    found = evaluate_slice(again, {name: np.array(codes) for name, codes in predictions.items()})
    assert found["vit3b"]["n_right"] == 0 and found["vit3b"]["builder"]
    assert found["greedy_soups"]["n_right"] > 0 and not found["greedy_soups"]["builder"]


# -- a panel on planted mistakes ----------------------------------------------------------------------------

N_CLASSES, N_SUPER, WIDTH, PER_CLASS = 20, 5, 16, 60
PLANTED = {"fine_grained": 36, "fine_grained_oov": 24, "spurious": 24, "non_prototypical": 24}


class World:
    """Classes as clusters, siblings near each other; a last coordinate is the background.

    Mistakes of four kinds are planted, and as many predictions more that are right labels nobody wrote
    down: four in ten of all that look like mistakes.
    """

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.rng = rng
        self.group = np.arange(N_CLASSES) // (N_CLASSES // N_SUPER)
        core = WIDTH - 1
        homes = np.linalg.qr(rng.normal(size=(core, core)))[0][:N_SUPER] * 14
        self.means = np.zeros((N_CLASSES, WIDTH))
        self.means[:, :core] = homes[self.group] + rng.normal(size=(N_CLASSES, core)) * 1.2
        # Some classes have a background of their own.
        self.scenic = np.array([0, 4, 8, 12, 16])
        self.means[self.scenic, core] = 9.0
        self.labels = np.repeat(np.arange(N_CLASSES), PER_CLASS)
        self.points = self.means[self.labels] + rng.normal(size=(len(self.labels), WIDTH))
        self.predicted = self.labels.copy()
        self.kind = np.full(len(self.labels), "", dtype=object)
        self.correct = [{int(label)} for label in self.labels]
        self.free = list(rng.permutation(len(self.labels)))
        self._plant(core)
        self._add_right_ones(round(sum(PLANTED.values()) * 40 / 60))

    def _take(self, n, fits=None):
        taken = [row for row in self.free if fits is None or fits(self.labels[row])][:n]
        self.free = [row for row in self.free if row not in set(taken)]
        return np.array(taken)

    def _sibling(self, label):
        return int(
            self.rng.choice(
                np.flatnonzero((self.group == self.group[label]) & (np.arange(N_CLASSES) != label))
            )
        )

    def _stranger(self, label):
        return int(self.rng.choice(np.flatnonzero(self.group != self.group[label])))

    def _plant(self, core):
        rng = self.rng
        for row in self._take(PLANTED["fine_grained"]):
            other = self._sibling(self.labels[row])
            mix = rng.uniform(0.45, 0.9)
            middle = (1 - mix) * self.means[self.labels[row]] + mix * self.means[other]
            middle[core] = self.means[self.labels[row], core]
            self._mistake(row, other, "fine_grained", middle + rng.normal(size=WIDTH))
        # Objects of a class that is not among the labels: two clusters, each beside a class.
        for near in rng.choice(N_CLASSES, 2, replace=False):
            away = rng.normal(size=WIDTH)
            away[core] = 0
            center = self.means[near] + 7 * away / np.linalg.norm(away)
            for row in self._take(
                PLANTED["fine_grained_oov"] // 2, lambda c, g=self.group[near]: self.group[c] == g
            ):
                said = int(near) if self.labels[row] != near else self._sibling(near)
                self._mistake(row, said, "fine_grained_oov", center + rng.normal(size=WIDTH))
        for row in self._take(PLANTED["spurious"], lambda c: c not in self.scenic):
            scenic = self.scenic[self.group[self.scenic] != self.group[self.labels[row]]]
            point = self.points[row].copy()
            point[core] = 9.0 + rng.normal()
            self._mistake(row, int(rng.choice(scenic)), "spurious", point)
        for row in self._take(PLANTED["non_prototypical"]):
            away = rng.normal(size=WIDTH)
            point = self.means[self.labels[row]] + away / np.linalg.norm(away) * rng.uniform(8, 11)
            self._mistake(row, self._stranger(self.labels[row]), "non_prototypical", point)

    def _mistake(self, row, said, kind, point):
        self.points[row], self.predicted[row], self.kind[row] = point, said, kind

    def _add_right_ones(self, n):
        for row in self._take(n):
            other = self._stranger(self.labels[row])
            self.predicted[row] = other
            self.correct[row] = {int(self.labels[row]), other}


def panel(review, world, people, rate):
    """Each person slips on one prediction in ten; what they differ on is discussed and put right."""
    truth = {}
    for case in review.queue("nobody"):
        right = case.prediction in world.correct[case.row]
        truth[case.row, case.prediction] = ("correct", None) if right else ("wrong", world.kind[case.row])
    for who in people:
        for (row, said), (verdict, kind) in truth.items():
            if world.rng.random() < rate:
                verdict, kind = ("wrong", "other") if verdict == "correct" else ("correct", None)
            severity = None if verdict != "wrong" else "major" if kind == "spurious" else "minor"
            review.vote(row, said, verdict, category=kind or None, severity=severity, reviewer=who)
    for case in review.discussion():
        verdict, kind = truth[case.row, case.prediction]
        severity = None if verdict != "wrong" else "major" if kind == "spurious" else "minor"
        review.vote(
            case.row, case.prediction, verdict, category=kind or None, severity=severity, settled=True
        )
    return truth


@pytest.fixture(scope="module", params=[201, 202, 203, 204])
def study(request):
    world = World(request.param)
    other = world.labels.copy()
    # The second model shares half of the first one's mistakes, and a third none of them.
    wrong = np.flatnonzero(world.predicted != world.labels)
    shared = world.rng.permutation(wrong)[: len(wrong) // 2]
    other[shared] = world.predicted[shared]
    clean = np.setdiff1d(np.arange(len(other)), wrong)
    third = world.labels.copy()
    slips = world.rng.choice(clean, 60, replace=False)
    third[slips] = [world._sibling(label) for label in third[slips]]
    models = {"first": world.predicted, "second": other}
    session = session_of(world.labels, world.points.astype(np.float32))
    review = MistakeReview(session, models, raters_per_item=2)
    truth = panel(review, world, ("ada", "bob", "cy"), 0.1)
    return world, models, third, review, truth, mistakes(review)


def test_the_share_of_non_mistakes_is_measured(study):
    *_, truth, report = study
    assert report.facts["verdicts"]["open"] == 0
    share = report.facts["non_mistakes"]
    planted = np.mean([verdict == "correct" for verdict, _ in truth.values()])
    assert planted == pytest.approx(0.4, abs=0.001)
    assert abs(share.value - 0.4) < 0.03 and share.low < 0.4 < share.high
    kappa = report.facts["agreement"]["verdict"]
    assert 0.4 < kappa.value < 0.9


def test_accuracy_after_review_is_the_true_one(study):
    world, models, _, _, _, report = study
    sets = label_sets_of(world.labels, range(N_CLASSES), correct=world.correct)
    for name, predicted in models.items():
        one = report.models[name]
        true = multi_label_accuracy(predicted, sets)
        assert abs(one["accuracy_after"] - true) <= 0.002
        assert one["accuracy_before"] < true - 0.02
    before, after = report.facts["set_size"]
    assert before == 1.0 and after > before


def test_suggested_categories_are_better_than_the_majority(study):
    _, _, _, review, truth, _ = study
    suggested = dict(
        zip(
            zip(review.mistakes.rows.tolist(), review.mistakes.predictions.tolist(), strict=True),
            review.suggest(),
            strict=True,
        )
    )
    kinds = {pair: kind for pair, (verdict, kind) in truth.items() if verdict == "wrong"}
    hits = np.mean([suggested[pair] == kind for pair, kind in kinds.items()])
    majority = Counter(kinds.values()).most_common(1)[0][1] / len(kinds)
    assert majority < 0.5
    assert hits >= 0.65


def test_the_union_needs_fewer_looks_than_the_sum(study):
    _, models, _, review, _, report = study
    overlap = int(((models["first"] == models["second"]) & (models["first"] != study[0].labels)).sum())
    assert overlap > 0 and report.facts["n_sum"] - report.facts["n_mistakes"] == overlap
    assert len(review.queue("nobody")) == 0 and len(review.mistakes) == report.facts["n_mistakes"]


def test_a_model_that_shares_no_mistakes_passes_the_set_and_builders_fail(study):
    _, models, third, _, _, report = study
    chosen = report.regression_set
    assert len(chosen.rows) >= 5 and chosen.builders == ("first", "second")
    found = evaluate_slice(chosen, {**models, "third": third})
    assert found["third"]["accuracy"] > 0.9 and not found["third"]["builder"]
    assert found["first"]["accuracy"] == found["second"]["accuracy"] == 0.0
    assert found["first"]["builder"] and found["second"]["builder"]

"""What a page is told of a taxonomy, and the column of contradictions as it is now."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import labelscope as ls
from labelscope.errors import LabelscopeWarning
from labelscope.widget.picture import picture
from labelscope.widget.shared import shared_of

pytestmark = pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")


def audited(labels, taxonomy, **options):
    dataset = ls.Dataset([f"text {row}" for row in range(len(labels))], labels, **options)
    n = dataset.n
    evidence = None if taxonomy is None else {"taxonomy": taxonomy}
    return ls.Audit.from_arrays(
        dataset, suspicion=np.linspace(0.9, 0, n), suggested_codes=np.zeros(n, int), evidence=evidence
    )


@pytest.mark.parametrize(
    ("labels", "options"),
    [(["dog", "cat", "oak"], {}), ([{"dog"}, {"cat"}, {"oak"}], {"task": "multilabel"})],
    ids=["classes", "tags"],
)
def test_a_picture_says_once_what_is_above_each_class_or_tag(labels, options):
    taxonomy = {"dog": "pet", "cat": "pet", "pet": "animal", "oak": None, "animal": None, "fish": "animal"}
    found = picture(audited(labels, taxonomy, **options), with_map=False)["taxonomy"]
    # cat, dog, oak; then what is above them and none itself
    assert found == {"parents": [3, 3, -1, 4, -1], "upper": ["pet", "animal"]}
    assert "taxonomy" not in picture(audited(labels, None, **options), with_map=False)


def test_a_class_that_is_above_others_is_no_upper_name():
    taxonomy = {"puppy": "dog", "dog": "animal", "cat": "animal"}
    found = picture(audited(["dog", "puppy", "cat"], taxonomy), with_map=False)["taxonomy"]
    assert found == {"parents": [3, 3, 1, -1], "upper": ["animal"]}  # cat, dog, puppy


def test_many_classes_are_told_in_time_and_bytes_that_grow_with_them():
    names = [f"n{k}" for k in range(1500)]
    taxonomy = {name: (f"n{(k - 1) // 4}" if k else None) for k, name in enumerate(names)}
    found = picture(audited(names, taxonomy), with_map=False)["taxonomy"]
    place = {name: k for k, name in enumerate(sorted(names))}
    assert found["upper"] == [] and len(found["parents"]) == 1500
    assert all(found["parents"][place[f"n{k}"]] == place[f"n{(k - 1) // 4}"] for k in range(1, 1500))


def test_contradictions_are_a_column_as_tags_are_now():
    audit = audited([{"dog"}, {"dog", "animal"}, set()], {"dog": "animal", "animal": None}, task="multilabel")
    session = ls.Session(audit, journal=None)
    columns = shared_of(session).columns
    assert "contradiction" in [info["name"] for info in columns.infos()]

    def now():
        _, values = columns.packed("contradiction")
        return np.asarray(values, dtype=np.float64).tolist()

    assert now() == [1, 0, 0]
    session.add_tags(0, "dog")
    assert now() == [0, 0, 0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        session.relabel(2, {"dog"})
    assert now() == [0, 0, 1]

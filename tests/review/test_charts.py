from __future__ import annotations

import json

import pytest

import labelscope as ls


@pytest.mark.parametrize("name", ["suspicion", "progress", "classes", "changes"])
@pytest.mark.parametrize("started", [False, True])
def test_charts_hold_their_data(session, name, started):
    if started:
        session.relabel([0, 1], "owl", new_class=True)
        session.relabel(2, None)
        session.unsure(4)
        session.undo()
    found = getattr(session.charts, name)().to_dict()
    assert found["title"] == name.capitalize()
    values = found["data"]["values"]
    assert isinstance(values, list) and json.dumps(found)
    if started and name == "changes":
        assert {"given": "fox", "now": "unlabelled", "rows": 1} in values
    if started and name == "progress":
        assert values[-1]["rows"] == 3


def test_a_long_review_makes_a_small_chart(build):
    session = ls.Session(build(n=3), journal=None)
    for k in range(1500):
        session.relabel(k % 3, ("cat", "dog")[k % 2])
    values = session.charts.progress().to_dict()["data"]["values"]
    assert len(values) < 1700 and values[-1]["gesture"] == 1500


def test_suspicion_by_class_counts_every_row_without_a_decision(session):
    session.keep([0, 5])
    found = session.charts.suspicion_by_class().to_dict()
    rows = found["data"]["values"]
    assert sum(row["rows"] for row in rows) == 10 and {row["given"] for row in rows} == {"cat", "dog", "fox"}


def test_joint_leaves_right_labels_out(session):
    rows = session.charts.joint().to_dict()["data"]["values"]
    assert sum(row["rows"] for row in rows) == 3 and all(row["given"] != row["true"] for row in rows)


def test_effort_shows_the_interval_once_it_is_measured(build):
    session = ls.Session(build(n=200), journal=None)
    assert len(session.charts.effort().to_dict()["layer"]) == 1
    for _ in range(30):
        session.relabel(int(session.queue(n=1)[0]), "fox")
    found = session.charts.effort().to_dict()
    curve, ends = (found["datasets"][layer["data"]["name"]] if "name" in layer["data"] else layer["data"]["values"]
                   for layer in found["layer"])  # fmt: skip
    assert curve[-1]["looks"] == 30 and ends[0]["low"] >= curve[-1]["found"]


def test_linked_charts_share_one_selection(session):
    session.relabel(0, "fox")
    found = session.charts.linked().to_dict()
    assert [param["name"] for param in found["params"]] == ["given_label"]
    assert len(found["hconcat"]) == 3
    assert all(one["transform"] == [{"filter": {"param": "given_label"}}] for one in found["hconcat"][1:])

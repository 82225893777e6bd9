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

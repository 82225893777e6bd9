"""Plans in sessions: the same pages after a restart and for others, copies, closing a page again, settling."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import labelscope as ls
from labelscope.errors import InvalidInputError, InvalidTypeError, RefusedError
from labelscope.review.controls import Controls
from labelscope.review.pages import page_done
from labelscope.review.plan_files import plan_json, read_plan
from labelscope.review.planned import holders, plan_in_force, seat_of, take_seat, turn_of
from labelscope.review.planned_pages import OPEN, UNKNOWN, ending_of, open_planned
from labelscope.review.plans import taken_by
from labelscope.review.queues import Plan, ReviewPlan

pytestmark = pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")
N, K = 400, 4
POLICY = ReviewPlan(
    budget=120, page=10, overlap=0.3, self_overlap=0.4, reviewers=["ada", "bob"], random_state=3
)


def audit_of(seed=0, n=N):
    rng = np.random.default_rng(seed)
    given_ = rng.integers(K, size=n)
    suggested = (given_ + (rng.random(n) < 0.3)) % K
    dataset = ls.Dataset([f"text {row}" for row in range(n)], [f"class {code}" for code in given_])
    return ls.Audit.from_arrays(
        dataset, suspicion=rng.beta(1, 4, n), suggested_codes=suggested, flagged=suggested != given_
    )


@pytest.fixture(scope="module")
def audit():
    return audit_of()


@pytest.fixture
def sessions(audit, tmp_path):
    """Ada made the plan; Bob got it as a file and has a journal of his own."""
    ada = ls.Session(audit, journal=tmp_path / "ada.jsonl", reviewer="ada")
    bob = ls.Session(audit, journal=tmp_path / "bob.jsonl", reviewer="bob")
    bob.plan(ada.plan(POLICY).save(tmp_path / "plan.json"))
    return ada, bob


def close(session, number=None, *, wrong=None, left=(), seconds=9.0):
    """Close the page that is next, or a given one; ``wrong`` maps rows to codes."""
    turn = turn_of(session, session.plan())
    shown = open_planned(session, turn, turn.at if number is None else number, Controls(session, 0))
    rows = shown.rows[~np.isin(shown.rows, left)]
    names = session.state.classes
    marked = {
        row: None if code is None else names[code] for row, code in (wrong or {}).items() if row in rows
    }
    page_done(session, rows, marked, session.plan().mean, seconds, shown.page.token)
    return shown


def finish(session, answer):
    """Close all pages; ``answer(row, visit)`` is the code that a row gets there."""
    visits: dict[int, int] = {}
    while (turn := turn_of(session, session.plan())).at is not None:
        shown = open_planned(session, turn, turn.at, Controls(session, 0))
        said = {}
        for row, label in zip(shown.rows.tolist(), shown.labels.tolist(), strict=True):
            code = answer(row, visits.get(row, 0))
            visits[row] = visits.get(row, 0) + 1
            if code != label:
                said[row] = session.state.classes[code]
        page_done(session, shown.rows, said, session.plan().mean, 9.0, shown.page.token)


def shared_rows(plan):
    """Rows that stand with both people, and rows that come back to the same one."""
    own = {name: np.concatenate([page.rows for page in plan.pages_of(name)]) for name in plan.reviewers}
    both = np.intersect1d(*own.values())
    again = {
        name: np.setdiff1d(rows[np.bincount(rows, minlength=N)[rows] > 1], both) for name, rows in own.items()
    }
    return both, again


def rows_of(plan):
    return [(page.reviewer, page.label, page.rows.tolist()) for page in plan.pages]


def test_two_people_with_journals_of_their_own_get_the_same_pages(sessions):
    ada, bob = sessions
    assert ada.plan().id == bob.plan().id and rows_of(ada.plan()) == rows_of(bob.plan())
    assert ada.plan().n_copies > 10 and ada.plan().n_self > 5
    assert (seat_of(ada, ada.plan()), seat_of(bob, bob.plan())) == ("ada", "bob")
    mine = turn_of(bob, bob.plan()).pages
    assert [page.reviewer for page in mine] == ["bob"] * len(mine)


def test_after_a_restart_the_pages_are_the_same_and_the_first_open_one_is_next(sessions, audit):
    ada, _ = sessions
    before = rows_of(ada.plan())
    close(ada)
    close(ada, wrong=dict.fromkeys(range(N), 0))
    ada.relabel(ada.plan().pages_of("ada")[2].rows[:3], "class 0")
    again = ls.Session(audit, journal=ada.journal_path, reviewer="ada")
    # What is suspicious is another thing by now; the plan of these verdicts would have other pages.
    assert rows_of(POLICY.plan(again.evidence())) != before
    assert rows_of(again.plan()) == before and again.plan().id == ada.plan().id
    turn = turn_of(again, again.plan())
    assert turn.at == 2 and turn.done[:3] == (True, True, False)
    timed = [event.data for event in again.events if event.kind == "page_timed"]
    assert [(data["plan"], data["page"]) for data in timed] == [(turn.plan.id, 0), (turn.plan.id, 1)]


def test_the_same_plan_is_written_once_and_another_one_takes_its_place(sessions, tmp_path):
    ada, _ = sessions
    first = ada.plan()
    ada.plan(tmp_path / "plan.json")
    assert [event.kind for event in ada.events] == ["planned"]
    other = ada.plan(ReviewPlan(budget=20, reviewers=["ada", "bob"]))
    assert ada.plan() is other and other.id != first.id
    assert ada.plan(first).id == first.id == ada.plan().id


def test_anothers_plan_does_not_take_the_place_of_ones_own(sessions):
    ada, bob = sessions
    close(bob)
    mine = bob.plan().id
    ada.plan(ReviewPlan(budget=20, reviewers=["ada", "bob"]))
    bob.merge(ada.journal_path)
    assert bob.plan().id == mine and turn_of(bob, bob.plan()).at == 1


def test_who_has_no_plan_goes_by_what_was_merged(sessions, audit):
    ada, _ = sessions
    lead = ls.Session(audit, journal=None, reviewer="lead")
    assert lead.plan() is None
    lead.merge(ada.journal_path)
    assert lead.plan().id == ada.plan().id


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**16), apart=st.floats(0, 1), torn=st.floats(0, 1))
def test_agreement_and_consistency_are_what_was_planted(audit, tmp_path_factory, seed, apart, torn):
    folder = tmp_path_factory.mktemp("planted")
    rng = np.random.default_rng(seed)
    ada = ls.Session(audit, journal=folder / "ada.jsonl", reviewer="ada")
    plan = ada.plan(POLICY)
    bob = ls.Session(audit, journal=folder / "bob.jsonl", reviewer="bob")
    bob.plan(plan.save(folder / "plan.json"))
    both, again = shared_rows(plan)
    truth = rng.integers(K, size=N)
    differ = set(both[rng.random(len(both)) < apart].tolist())
    unlike = {who: set(rows[rng.random(len(rows)) < torn].tolist()) for who, rows in again.items()}
    for session in (ada, bob):
        own = unlike[session.reviewer]

        def answer(row, visit, own=own, me=session.reviewer):
            moved = (me == "bob" and row in differ) or (visit == 1 and row in own)
            return int(truth[row] + moved) % K

        finish(session, answer)
    merged = ada.merge(bob.journal_path)
    report = ls.reports.effort(ada)
    assert report.between.n == len(both) and report.within.n == len(again["ada"]) + len(again["bob"])
    assert round(report.between.differ.value * len(both)) == len(differ) == len(merged.conflicts)
    n_torn = sum(map(len, unlike.values()))
    assert round(report.within.differ.value * report.within.n) == n_torn
    end = ending_of(ada)
    assert (end.same_others, end.n_others) == (len(both) - len(differ), len(both))
    assert (end.same_own, end.n_own) == (len(again["ada"]) - len(unlike["ada"]), len(again["ada"]))
    assert set(end.differ) == differ | unlike["ada"]
    # Settling what differs changes labels, and not what was measured.
    if end.differ:
        ada.relabel(end.differ, "class 0")
        for row in end.differ:
            ada.relabel(row, "class 1")
        settled = ls.reports.effort(ada)
        assert (settled.between, settled.within) == (report.between, report.within)
        assert settled.left_out["settled"] == 2 * len(end.differ)
        assert {ada.labels()[row] for row in end.differ} == {"class 1"}


def test_a_copy_comes_again_although_its_row_is_decided_and_tells_nothing(sessions):
    ada, bob = sessions
    plan = ada.plan()
    _, again = shared_rows(plan)
    pages = plan.pages_of("ada")
    row = int(again["ada"][0])
    first, second = [at for at, page in enumerate(pages) if row in page.rows]
    other = (pages[first].label + 1) % K
    close(ada, first, wrong={row: other})
    assert ada.state.current[row] == other
    before = open_planned(bob, turn_of(bob, bob.plan()), 0, Controls(bob, 0))
    shown = open_planned(ada, turn_of(ada, plan), second, Controls(ada, 0))
    assert row in shown.rows and shown.marks == {} and shown.left_out == 0
    at = shown.rows.tolist().index(row)
    # As it would be shown to somebody who never saw it: the labels of the plan, not what was said of it.
    assert shown.labels[at] == pages[second].label
    assert shown.others[at] == (ada.state.given[row] if ada.state.given[row] != shown.labels[at] else -1)
    assert vars(shown).keys() == vars(before).keys()
    close(ada, second)
    assert ada.state.current[row] == pages[second].label
    assert ada.events[-1].data["page"] == second
    assert ending_of(ada).differ == (row,), "the earlier answer is not lost"
    # Copies are no exception for a second person.
    ada.merge(bob.journal_path)
    assert turn_of(ada, plan).done[first]


def test_rows_that_somebody_decided_are_left_out_unless_they_are_copies(sessions, audit):
    ada, bob = sessions
    plan = ada.plan()
    page = plan.pages_of("ada")[0]
    single = np.setdiff1d(page.rows, plan.twice)
    twice = np.intersect1d(page.rows, plan.twice)
    assert len(single) > 2 and len(twice)
    bob.keep([*single[:2], *twice])
    ada.merge(bob.journal_path)
    shown = open_planned(ada, turn_of(ada, plan), 0, Controls(ada, 0))
    assert shown.left_out == 2 and set(shown.rows) == set(page.rows) - set(single[:2].tolist())
    ada.exclude(single)
    if not len(twice):
        return
    shown = open_planned(ada, turn_of(ada, plan), 0, Controls(ada, 0))
    assert sorted(shown.rows) == sorted(twice.tolist())


def test_a_page_of_which_nothing_is_left_is_done(audit):
    ada = ls.Session(audit, journal=None, reviewer="ada")
    plan = ada.plan(ReviewPlan(budget=40, page=10, overlap=0, reviewers=["ada"]))
    ada.keep(plan.pages[0].rows)
    turn = turn_of(ada, plan)
    assert turn.at == 1 and turn.done[0] and turn.batches[0] == ""
    with pytest.raises(InvalidInputError, match="meanwhile"):
        open_planned(ada, turn, 0, Controls(ada, 0))


def test_a_page_that_is_closed_again_replaces_what_was_said_and_undo_brings_it_back(sessions):
    ada, _ = sessions
    plan = ada.plan()
    rows = plan.pages_of("ada")[0].rows
    label = plan.pages_of("ada")[0].label
    first, second, third, fourth = rows[:4].tolist()
    close(ada, 1, seconds=4.0)
    close(ada, wrong={first: (label + 1) % K, second: None}, left=[third], seconds=4.0)
    shown = open_planned(ada, turn_of(ada, plan), 0, Controls(ada, 0))
    assert shown.marks == {first: (label + 1) % K, second: UNKNOWN, third: OPEN}
    close(ada, 0, wrong={fourth: (label + 2) % K}, seconds=4.0)
    said = np.full(len(rows), label)
    said[3] = (label + 2) % K
    assert (ada.state.current[rows] == said).all() and (ada.state.state[rows] > 0).all()
    assert ada.events[-2].data["seconds"] == 8.0 and ada.events[-2].data["earlier"] == 4.0
    report = ls.reports.effort(ada)
    # Both times count, and nobody's clock is called wrong for it.
    n = len(rows) + len(plan.pages_of("ada")[1].rows)
    assert (report.n_looks, report.within.n, report.left_out["skewed"]) == (n, 0, 0)
    assert report.time.seconds_per_item.value == pytest.approx(12 / n)
    assert open_planned(ada, turn_of(ada, plan), 0, Controls(ada, 0)).marks == {fourth: (label + 2) % K}
    ada.undo()
    assert ada.state.current[first] == (label + 1) % K and ada.state.state[third] == 0
    assert turn_of(ada, plan).at == 2
    ada.undo()
    assert turn_of(ada, plan).at == 0 and (ada.state.state[rows] == 0).all()
    ada.redo()
    assert turn_of(ada, plan).at == 2
    ada.undo(), ada.undo()
    assert not ada.can_undo and turn_of(ada, plan).done[:2] == (False, False)


def test_controls_are_on_pages_of_a_plan_too(sessions):
    ada, _ = sessions
    turn = turn_of(ada, ada.plan())
    shown = open_planned(ada, turn, 0, Controls(ada, 0.03))
    control = shown.page.control
    assert control is not None and control.row not in turn.pages[0].rows
    assert control.suggested == ada.state.classes[turn.pages[0].label]
    with pytest.raises(RefusedError):
        page_done(ada, [*shown.rows, control.row], {}, ada.plan().mean, 5.0, shown.page.token)
    assert turn_of(ada, ada.plan()).at == 0 and ada.progress().reviewed == 0


def test_pages_by_suspicion_have_a_label_for_each_row(audit):
    ada = ls.Session(audit, journal=None, reviewer="ada")
    plan = ada.plan(ReviewPlan(budget=30, page=10, group_by=None, overlap=0, reviewers=["ada"]))
    shown = open_planned(ada, turn_of(ada, plan), 0, Controls(ada, 0))
    suggested = np.asarray(audit.suggested_codes)
    assert plan.pages[0].label == -1 and (shown.labels == suggested[shown.rows]).all()
    apart = suggested[shown.rows] != audit.given_codes[shown.rows]
    assert (shown.others[apart] == audit.given_codes[shown.rows][apart]).all() and (
        shown.others[~apart] == -1
    ).all()
    page_done(ada, shown.rows, {}, plan.mean, 1.0, shown.page.token)
    assert (ada.state.current[shown.rows] == suggested[shown.rows]).all()


def test_seats(sessions, audit, tmp_path):
    ada, _ = sessions
    plan = ada.plan()
    eve = ls.Session(audit, journal=tmp_path / "eve.jsonl", reviewer="eve")
    eve.plan(tmp_path / "plan.json")
    assert seat_of(eve, eve.plan()) is None and turn_of(eve, eve.plan()).at is None
    with pytest.raises(RefusedError, match="eve is none of them"):
        open_planned(eve, turn_of(eve, eve.plan()), 0, Controls(eve, 0))
    with pytest.raises(InvalidInputError, match="bob"):
        take_seat(eve, eve.plan(), "bobb")
    eve.merge(ada.journal_path)
    assert holders(eve, eve.plan()) == {"ada": "ada"}
    with pytest.raises(InvalidInputError, match="ada has the pages"):
        take_seat(eve, eve.plan(), "ada")
    take_seat(eve, eve.plan(), "bob")
    again = ls.Session(audit, journal=tmp_path / "eve.jsonl", reviewer="eve")
    assert seat_of(again, again.plan()) == "bob"
    assert all(page.reviewer == "bob" for page in turn_of(again, again.plan()).pages)
    upper = ls.Session(audit, journal=None, reviewer="ADA")
    assert seat_of(upper, plan) == "ada"
    alone = ls.Session(audit, journal=None, reviewer="eve")
    assert seat_of(alone, alone.plan(ReviewPlan(budget=20))) == "reviewer 1"
    assert seat_of(alone, alone.plan(ReviewPlan(budget=20, reviewers=2))) is None


def test_a_plan_of_another_dataset_is_refused(sessions, tmp_path):
    other = ls.Session(audit_of(seed=1), journal=None, reviewer="bob")
    with pytest.raises(InvalidInputError, match="fingerprint"):
        other.plan(tmp_path / "plan.json")
    with pytest.raises(InvalidInputError, match="fingerprint"):
        other.plan(sessions[0].plan())
    loose = POLICY.plan(sessions[0].evidence())
    small = ls.Session(audit_of(n=20), journal=None, reviewer="bob")
    with pytest.raises(InvalidInputError, match="has 20 rows"):
        small.plan(loose)
    assert other.events == small.events == ()
    with pytest.raises(InvalidInputError, match="of which dataset"):
        loose.save(tmp_path / "loose.json")


def test_files_that_are_no_plans_are_refused(sessions, tmp_path):
    ada, _ = sessions
    whole = json.loads((tmp_path / "plan.json").read_bytes())
    bad = tmp_path / "bad.json"

    def refused(content, says):
        bad.write_text(content if isinstance(content, str) else json.dumps(content))
        with pytest.raises(InvalidInputError, match=says):
            Plan.load(bad)

    for content in ("", "{", "[]", "7", '"x"', "{}", "[" * 100_000):
        refused(content, "no plan in")
    for name in whole:
        for value in (None, "x", [[]], -3, {"a": 1}):
            if value != whole[name] and (name, value) != ("parameters", {"a": 1}):
                refused({**whole, name: value}, "no plan in|changed")
    refused({**whole, "labelscope_plan": 2}, "pip install -U")
    pages = json.loads(json.dumps(whole["pages"]))
    pages[0]["rows"][0], pages[0]["rows"][1] = pages[0]["rows"][1], pages[0]["rows"][0]
    refused({**whole, "pages": pages}, "changed")
    pages[0]["rows"][0] = N
    refused({**whole, "pages": pages}, "no plan")
    with pytest.raises(InvalidInputError, match="cannot be read"):
        ada.plan(tmp_path / "nowhere.json")
    with pytest.raises(InvalidTypeError, match="int"):
        ada.plan(7)
    with pytest.raises(InvalidInputError, match="no folder"):
        ada.plan().save(tmp_path / "no" / "plan.json")
    ada.keep(range(N))
    with pytest.raises(InvalidInputError, match="no pages"):
        ada.plan(POLICY)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, N + 5) | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), value=JSON)
def test_a_plan_of_which_a_part_was_changed_is_never_read_as_another_plan(audit, data, value):
    plan = ls.Session(audit, journal=None, reviewer="ada").plan(POLICY)
    whole = json.loads(json.dumps(plan_json(plan)))
    at = whole
    while True:
        key = data.draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
        if not isinstance(at[key], dict | list) or not at[key] or data.draw(st.booleans()):
            break
        at = at[key]
    at[key] = value
    try:
        found = read_plan(whole, "here")
    except InvalidInputError:
        return
    assert (found.id, rows_of(found)) == (plan.id, rows_of(taken_by(ls.Session(audit, journal=None), found)))


def test_damaged_events_about_plans_are_passed_over(sessions, audit, tmp_path):
    ada, _ = sessions
    wanted = ada.plan().id
    path = tmp_path / "damaged.jsonl"
    lines = ada.journal_path.read_text().splitlines()
    event = json.loads(lines[1])
    for number, data in enumerate(
        ({"plan": {}}, {"plan": 3}, {"plan": {**event["data"]["plan"], "mean": "given"}}, {"seat": 3, "of": wanted},
         {"seat": "nobody", "of": wanted}, {"seat": "bob", "of": "another"}, {})
    ):  # fmt: skip
        later = {
            **event,
            "id": f"x{number}",
            "batch": f"x{number}",
            "at": "2999-01-01T00:00:00.000000Z",
            "data": data,
        }
        lines.append(json.dumps(later))
    path.write_text("\n".join(lines) + "\n")
    again = ls.Session(audit, journal=path, reviewer="ada")
    assert plan_in_force(again).id == wanted and seat_of(again, again.plan()) == "ada"


@settings(max_examples=25, deadline=None)
@given(
    budget=st.integers(1, 200), page=st.integers(1, 60), overlap=st.floats(0, 1), self_overlap=st.floats(0, 1),
    reviewers=st.lists(st.text(min_size=1, max_size=8).filter(str.strip), min_size=1, max_size=4, unique=True),
    group_by=st.sampled_from(["predicted", "given", None]),
)  # fmt: skip
def test_a_plan_comes_back_from_its_file_as_it_was(audit, tmp_path_factory, **options):
    session = ls.Session(audit, journal=None, reviewer="ada")
    plan = session.plan(ReviewPlan(**options))
    back = Plan.load(plan.save(tmp_path_factory.mktemp("plans") / "plan.json"))
    other = ls.Session(audit, journal=None, reviewer="bob")
    taken = other.plan(back)
    assert back.id == taken.id == plan.id and rows_of(taken) == rows_of(plan)
    assert taken.rows.tolist() == plan.rows.tolist() and taken.suggested.tolist() == plan.suggested.tolist()
    assert (taken.n_copies, taken.n_self, taken.caught, taken.curve) == (
        plan.n_copies, plan.n_self, plan.caught, plan.curve,
    )  # fmt: skip
    copies = [page.copies.tolist() for page in plan.pages]
    assert [page.copies.tolist() for page in taken.pages] == copies


def test_classes_that_one_session_does_not_know_yet(audit, tmp_path):
    ada = ls.Session(audit, journal=tmp_path / "ada.jsonl", reviewer="ada")
    ada.relabel(range(60), "class 0 or so", new_class=True)
    evidence = ada.evidence()
    suggested = np.asarray(evidence["suggested"]).copy()
    suggested[200:] = K
    plan = ada.plan(POLICY.plan(evidence.including(suggested=suggested)))
    path = plan.save(tmp_path / "plan.json")
    bob = ls.Session(audit, journal=tmp_path / "bob.jsonl", reviewer="bob")
    with pytest.raises(InvalidInputError, match="class 0 or so"):
        bob.plan(path)
    bob.relabel(399, "a first one", new_class=True)
    bob.merge(ada.journal_path)
    taken = bob.plan(path)
    assert taken.id == plan.id
    assert [taken.classes[page.label] for page in taken.pages] == [
        plan.classes[page.label] for page in plan.pages
    ]

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

import labelscope as ls
from labelscope.errors import InvalidInputError, InvalidTypeError, LabelscopeWarning
from labelscope.review.class_errors import class_errors, size_curve, spline_basis
from labelscope.review.effort import effort_points, net_gain, true_wrong
from labelscope.review.events import Event
from labelscope.review.looks import NOTHING, looks_of, seconds_since_1970
from labelscope.review.pace import class_times, smoothed, time_spent
from labelscope.review.reviewers import answer_table, pairs_of
from labelscope.review.schemes import (
    DOUBLE,
    FLAGGED,
    SCHEMES,
    SINGLE,
    ReviewerRates,
    advise,
    differing,
    error_of,
    panel_error,
    rates_from_counts,
)
from labelscope.review.state import fold
from labelscope.review.stopping import stopping_point

N = 40
GIVEN = np.arange(N) % 4


def look(batch, who, at, *, kept=(), moved=(), unsure=(), excluded=(), seconds=None, source="widget", **data):
    """Events of one batch; ``moved`` maps rows to labels."""
    made = []

    def add(kind, rows, after=(), extra=None):
        made.append(
            Event(kind, f"{batch}-{len(made)}-{at}", batch, f"2025-03-01T10:{at:02d}:00.000000Z", who, source,
                  tuple(rows), tuple(int(GIVEN[row]) for row in rows if row < N), tuple(after), (), extra or {})
        )  # fmt: skip

    if moved:
        add("relabelled", list(moved), list(moved.values()))
    if kept:
        add("kept", list(kept), [int(GIVEN[row]) for row in kept])
    if unsure:
        add("unsure", list(unsure))
    if excluded:
        add("excluded", list(excluded))
    if seconds is not None:
        add("page_timed", [], extra={"seconds": seconds, "n": 0, "wrong": 0, "mean": "given", **data})
    return made


def looks_from(*batches):
    return looks_of(fold(GIVEN, list(range(4)), [event for batch in batches for event in batch]))


def test_a_page_is_one_look_a_row():
    looks = looks_from(look("a", "ada", 1, kept=[0, 1], moved={2: 3, 5: 0}, unsure=[5, 6], seconds=12.0))
    assert sorted(looks.row.tolist()) == [0, 1, 2, 5, 6] and looks.reviewers == ("ada",)
    by_row = dict(
        zip(looks.row.tolist(), zip(looks.answer.tolist(), looks.unsure.tolist(), strict=True), strict=True)
    )
    assert by_row == {0: (0, False), 1: (1, False), 2: (3, False), 5: (0, True), 6: (NOTHING, True)}
    assert looks.pages.seconds.tolist() == [12.0] and looks.pages.n.tolist() == [5]
    assert looks.outcome(GIVEN)[np.argsort(looks.row)].tolist() == [1, 1, 0, 2, 2]


def test_alone_the_last_word_counts_and_after_a_page_it_revises():
    looks = looks_from(
        look("a", "ada", 1, kept=[0, 1], seconds=5.0),
        look("b", "ada", 2, moved={0: 3}),
        look("c", "ada", 3, moved={7: 1}),
        look("d", "ada", 4, kept=[7]),
        look("e", "ada", 5, kept=[0], moved={9: 2}, seconds=6.0),
        look("f", "bob", 6, kept=[0]),
    )
    said = [(row, looks.reviewers[who], answer, page) for row, who, answer, page in
            zip(looks.row, looks.reviewer, looks.answer, looks.page, strict=True)]  # fmt: skip
    assert sorted(said) == sorted(
        [
            (0, "ada", 3, 0),
            (1, "ada", 1, 0),
            (7, "ada", 3, -1),
            (0, "ada", 0, 1),
            (9, "ada", 2, 1),
            (0, "bob", 0, -1),
        ]
    )
    assert looks.left_out["revised"] == 2
    within = pairs_of(looks, same=True)
    assert within.row.tolist() == [0] and within.differ.tolist() == [True]
    between = pairs_of(looks)
    assert between.row.tolist() == [0] and not between.agree[0]  # ada's first look and bob's


def test_undone_pages_do_not_count():
    page = look("a", "ada", 1, kept=[0, 1], seconds=5.0)
    undo = Event(
        "reverted", "z", "z", "2025-03-01T10:09:00.000000Z", "ada", "widget", (0, 1), data={"reverts": "a"}
    )
    looks = looks_from(page, [undo], look("b", "ada", 10, kept=[2], seconds=4.0))
    assert looks.row.tolist() == [2] and len(looks.pages) == 1


def test_what_nobody_looked_at_is_no_look():
    looks = looks_from(
        look("a", "ada", 1, moved={0: 1, 1: 2}, source="suggestion"),
        look("b", "ada", 2, moved={2: 1, 3: 2}, source="propagated"),
        look("c", "ada", 3, moved={4: 1}, source="suggestion"),
    )
    assert looks.row.tolist() == [4] and looks.left_out["taken_over"] == 4


def test_duplicate_events_count_once():
    page = look("a", "ada", 1, kept=[0, 1], seconds=5.0)
    again = [Event(**{**event.__dict__, "id": event.id + "x", "batch": "copy"}) for event in page]
    once, twice = looks_from(page, page), looks_from(page, again)
    assert len(once) == len(twice) == 2 and len(twice.pages) == 1
    assert once.left_out["duplicates"] == 0 and twice.left_out["duplicates"] == 2


def test_broken_times_and_rows():
    pages = [look(str(k), "ada", k + 1, kept=[k], seconds=seconds) for k, seconds in
             enumerate([5.0, None, "7", -3, float(3601), True, 0, 10**9])]  # fmt: skip
    looks = looks_from(*pages, look("empty", "ada", 31, seconds=3.0))
    assert looks.left_out["untimed"] == 4 and looks.left_out["empty"] == 1
    spent = time_spent(looks)
    assert spent.n_pages == 1 and spent.n_breaks == 2 and spent.seconds_per_item.value == 5.0
    assert time_spent(looks, idle=3.0).basis == "none" or time_spent(looks, idle=3.0).n_breaks == 3
    assert np.isnan(seconds_since_1970("yesterday")) and np.isnan(seconds_since_1970(None))
    assert seconds_since_1970("1970-01-01T00:00:01") == 1.0
    for idle in (0, -1, True, "1", float("nan")):
        with pytest.raises(InvalidInputError, match="idle"):
            time_spent(looks, idle=idle)


def test_clock_skew_is_counted_and_told():
    looks = looks_from(
        look("a", "ada", 1, kept=[0], seconds=20.0),
        look("b", "ada", 2, kept=[1], seconds=55.0),
        look("c", "ada", 3, kept=[2], seconds=90.0),
        look("d", "bob", 3, kept=[3], seconds=90.0),
    )
    assert looks.left_out["skewed"] == 1
    assert time_spent(looks).n_pages == 4  # the page's own clock is right


def test_time_without_pages_is_that_between_decisions():
    batches = [look(f"b{k}", "ada", k, kept=[k]) for k in range(1, 10)]
    spent = time_spent(looks_from(*batches))
    assert spent.basis == "gaps" and spent.median == 60.0 and spent.n_pages == 0
    assert time_spent(looks_from(*batches[:3])).basis == "none"
    assert time_spent(looks_from()).seconds_per_item is None


def test_seconds_per_item_and_its_interval():
    rng = np.random.default_rng(31)
    inside = 0
    for _ in range(200):
        n = rng.integers(2, 6, 40)
        rows = iter(range(10_000))
        seconds = rng.gamma(5, 0.6, 40) * n
        state_given = np.zeros(400, int)
        events = []
        for k in range(40):
            listed = tuple(itertools.islice(rows, int(n[k])))
            stamp = f"2025-03-01T{k // 4 + 1:02d}:00:00.000000Z"
            events += [
                Event(
                    "kept",
                    f"k{k}",
                    f"b{k}",
                    stamp,
                    "ada",
                    "widget",
                    listed,
                    (0,) * len(listed),
                    (0,) * len(listed),
                ),
                Event(
                    "page_timed",
                    f"t{k}",
                    f"b{k}",
                    stamp,
                    "ada",
                    "widget",
                    data={"seconds": float(seconds[k])},
                ),
            ]
        found = time_spent(looks_of(fold(state_given, [0], events))).seconds_per_item
        assert found.value == pytest.approx(seconds.sum() / n.sum())
        inside += found.low <= 3.0 <= found.high
    assert inside / 200 > 0.88


def test_times_by_class():
    pages = [
        look(f"p{c}", "ada", c + 1, kept=list(range(c, N, 4)), seconds=10.0 * (1 + 5 * (c == 2)))
        for c in range(4)
    ]
    looks = looks_from(*pages)
    found = class_times(looks, time_spent(looks), given=GIVEN, suggested=GIVEN)
    assert [(one.code, one.n_items, one.seconds_per_item) for one in found][:2] == [
        (2, 10, 6.0),
        (0, 10, 1.0),
    ]
    assert class_times(looks_from(), time_spent(looks_from()), given=GIVEN, suggested=GIVEN) == ()


@pytest.mark.parametrize(("m", "window"), [(60, 51), (30, 51), (25, 7), (4, 51), (1, 5), (0, 5)])
def test_smoothing_is_a_local_polynomial(m, window):
    rng = np.random.default_rng(32)
    values = rng.normal(size=m)
    found = smoothed(values, window, 3)
    size = min(window, m) - (1 - min(window, m) % 2)
    if size <= 3:
        assert (found == values).all()
        return
    half = size // 2
    for place in range(m):
        middle = min(max(place, half), m - 1 - half)
        x = np.arange(middle - half, middle + half + 1)
        fit = np.polynomial.Polynomial.fit(x, values[x], 3)
        assert found[place] == pytest.approx(fit(place), abs=1e-6)


def test_a_spline_is_smooth_and_straight_outside():
    knots = np.array([0.0, 1.0, 2.0, 4.0])
    x = np.linspace(-3, 8, 4001)
    basis = spline_basis(x, knots)
    curve = basis @ np.array([1.0, 0.5, -2.0, 3.0])
    second = np.diff(curve, 2) / (x[1] - x[0]) ** 2
    assert np.abs(second[(x[1:-1] < -0.01) | (x[1:-1] > 4.01)]).max() < 1e-5
    assert np.abs(np.diff(second)).max() < 0.1  # no jump in curvature at a knot


def test_class_size_and_errors():
    looks = looks_from(look("a", "ada", 1, kept=[0, 4, 8], moved={1: 0, 5: 2}, seconds=3.0))
    doubt = np.full(N, 0.1)
    rows = class_errors(looks, GIVEN, doubt)
    assert [(row.code, row.size, row.n_looked, row.corrected) for row in rows] == [
        (0, 10, 3, 0),
        (1, 10, 2, 2),
    ]
    assert rows[1].expected_rate == pytest.approx((2 + 0.8) / 10) and rows[1].rate.measured
    assert size_curve(rows) == ()
    sizes = np.arange(1, 41) * 5
    given = np.repeat(np.arange(40), sizes)
    wrong = np.random.default_rng(33).random(len(given)) < 1 / np.sqrt(given + 2)
    events = [Event("relabelled", "1", "1", "2025-03-01T10:00:00Z", "ada", "widget", tuple(np.flatnonzero(wrong).tolist()), (), tuple(((given[wrong] + 1) % 40).tolist())),
              Event("kept", "2", "1", "2025-03-01T10:00:00Z", "ada", "widget", tuple(np.flatnonzero(~wrong).tolist()), (), tuple(given[~wrong].tolist()))]  # fmt: skip
    many = class_errors(looks_of(fold(given, list(range(40)), events)), given, np.zeros(len(given)))
    curve = dict(size_curve(many))
    for code in (5, 20, 35):
        assert curve[int(sizes[code])] == pytest.approx(1 / np.sqrt(code + 2), abs=0.06)


# -- what it brings -----------------------------------------------------------------------------------------


def test_the_curve_counts_what_reviewers_break():
    rng = np.random.default_rng(34)
    m, error = 40_000, 0.06
    wrong = rng.random(m) < np.linspace(0.8, 0.0, m)
    err = rng.random(m) < error
    changed = np.where(wrong, True, err)  # a wrong label that is mended wrongly is changed, too
    points = effort_points(changed, m, seconds_per_item=3.6, reviewer_error=error)
    assert len(points) == 100 and points[-1].items == m
    for point in points[9::10]:
        k = point.items
        gained = (wrong[:k].sum() - err[:k].sum()) / m
        assert point.gained == pytest.approx(gained, abs=0.006)
        assert point.gained_if_right == pytest.approx(changed[:k].sum() / m)
        assert point.hours == pytest.approx(k / 1000) and point.per_hour == pytest.approx(
            1000 * point.per_item
        )
    assert points[-1].per_item < 0 < points[0].per_item
    assert effort_points([], 5) == () and effort_points([True], 5)[0].gained is None


@drawn(st.lists(st.booleans(), min_size=1, max_size=60), st.floats(0, 0.4))
def test_points_agree_with_a_loop(changed, error):
    points = effort_points(changed, 60, reviewer_error=error)
    for point in points:
        count = sum(changed[: point.items])
        wrong = min(max((count - point.items * error) / (1 - error), 0), point.items)
        assert point.gained == pytest.approx((wrong - point.items * error) / 60, abs=1e-9)
    steps = [0, *(point.items for point in points)]
    total = sum(
        point.per_item * (b - a) for point, (a, b) in zip(points, itertools.pairwise(steps), strict=True)
    )
    assert total == pytest.approx(points[-1].gained, abs=1e-9)


@drawn(st.lists(st.floats(0, 1), max_size=80), st.floats(0, 1), st.integers(1, 9))
def test_stopping_is_before_the_first_page_that_reviewers_would_harm(errors, error, page):
    expected = len(errors)
    for start in range(0, len(errors), page):
        part = errors[start : start + page]
        if sum(part) / len(part) < error - 1e-12:
            expected = start
            break
        if abs(sum(part) / len(part) - error) <= 1e-12:
            return
    assert stopping_point(errors, error, page=page) == expected


def test_reviewers_errors_are_taken_out():
    assert true_wrong(np.array([50.0]), np.array([100]), 0.0)[0] == 50
    assert true_wrong(np.array([3.0]), np.array([100]), 0.05)[0] == 0
    assert net_gain(np.array([10.0]), np.array([100]), 0.1)[0] == -10


# -- people ------------------------------------------------------------------------------------------------


def test_pairs_by_a_loop():
    rng = np.random.default_rng(35)
    batches = []
    for k in range(60):
        who = ("ada", "bob", "eve")[k % 3]
        rows = rng.choice(N, 4, replace=False).tolist()
        moved = {row: int(rng.integers(4)) for row in rows[:2]}
        unsure = rows[1:3] if k % 4 == 0 else []
        rest = [row for row in rows[2:] if row not in unsure]
        batches.append(look(f"b{k:02d}", who, k % 60, kept=rest, moved=moved, unsure=unsure, seconds=9.0))
    looks = looks_from(*batches)
    firsts: dict[int, list[tuple[str, int, bool]]] = {}
    for row, who, answer, doubt in zip(
        looks.row.tolist(), looks.reviewer.tolist(), looks.answer.tolist(), looks.unsure.tolist(), strict=True
    ):
        if all(who != seen[0] for seen in firsts.setdefault(row, [])):
            firsts[row].append((who, answer, doubt))
    counts = np.zeros(3, int)
    for seen in firsts.values():
        if len(seen) >= 2:
            (_, a, d), (_, b, e) = seen[:2]
            both = a != NOTHING and b != NOTHING
            counts += [both and a == b, both and a != b, d or e]
    found = pairs_of(looks)
    assert [found.agree.sum(), found.differ.sum(), found.uncertain.sum()] == counts.tolist()
    assert len(found) == sum(len(seen) >= 2 for seen in firsts.values())
    rows, table = answer_table(looks)
    for row, answers in zip(rows.tolist(), table.tolist(), strict=True):
        assert sum(answer >= 0 for answer in answers) >= 2 and row in firsts


def test_the_reviewers_error_from_duplicates():
    rng = np.random.default_rng(36)
    m, error = 20_000, 0.08
    one, other = (np.where(rng.random(m) < error, rng.integers(1, 10**6, m), 0) for _ in range(2))
    from labelscope.review.reviewers import Pairs

    same = one == other
    found = Pairs(np.arange(m), one, other, same, ~same, np.zeros(m, bool)).error()
    assert (
        found.value == pytest.approx(error, abs=0.006) and found.low < error < found.high and found.measured
    )
    none = np.zeros(0, bool)
    assert Pairs(np.zeros(0, int), none, none, none, none, none).error() is None


@drawn(st.floats(0, 0.5), st.floats(0, 1))
def test_error_and_difference_are_inverse(error, same):
    assert error_of(differing(error, same), same) == pytest.approx(error, abs=1e-6)
    assert panel_error(error, same) <= error + 1e-12


def test_panels_by_simulation():
    rng = np.random.default_rng(37)
    for error, same in ((0.1, 0.2), (0.4, 0.5)):
        m = 400_000
        # Two mistakes about a row are the same with the probability wanted.
        answers = [
            np.where(
                rng.random(m) < error, np.where(rng.random(m) < same**0.5, 1, rng.integers(2, 10**9, m)), 0
            )
            for _ in range(3)
        ]
        panel = np.where(answers[0] == answers[1], answers[0], answers[2])
        assert (panel != 0).mean() == pytest.approx(panel_error(error, same), abs=0.004)
        assert (answers[0] != answers[1]).mean() == pytest.approx(differing(error, same), abs=0.004)


def test_rates_are_recovered_from_pairs():
    rng = np.random.default_rng(38)
    m, true = 60_000, ReviewerRates(error=0.02, ambiguous=0.08, ambiguous_error=0.35, flagged=0.7)
    hard = rng.random(m) < true.ambiguous
    error = np.where(hard, true.ambiguous_error, true.error)
    one, other = (
        np.where(rng.random(m) < error, np.where(rng.random(m) < 0.3**0.5, 1, rng.integers(2, 10**9, m)), 0)
        for _ in range(2)
    )
    flag, second = (hard & (rng.random(m) < true.flagged) for _ in range(2))
    differ, doubt = one != other, flag | second
    found = rates_from_counts(
        plain=int((~doubt).sum()), plain_differ=int((differ & ~doubt).sum()), one_flagged=int((flag ^ second).sum()),
        both_flagged=int((flag & second).sum()), guessed=int(doubt.sum()), guessed_differ=int((differ & doubt).sum()),
    )  # fmt: skip
    for name, slack in (("error", 0.004), ("ambiguous", 0.006), ("ambiguous_error", 0.03), ("flagged", 0.03)):
        assert getattr(found, name) == pytest.approx(getattr(true, name), abs=slack), name
    assert found.look_error == pytest.approx(true.look_error, abs=0.005)
    assert true.clear_cut_error() == pytest.approx(error[~flag].mean(), abs=0.003)
    assert rates_from_counts(plain=0, plain_differ=0, one_flagged=3) is None
    assert not rates_from_counts(plain=9, plain_differ=1).measured["ambiguous"]


def test_advice_compares_at_equal_effort():
    risk = np.sort(np.random.default_rng(39).beta(0.2, 4, 5000))[::-1]
    rates = ReviewerRates(error=0.06, ambiguous=0.05, flagged=0.8)
    found = advise(risk, rates, 1000)
    for scheme in found.schemes:
        assert scheme.n_rows == int(1000 / scheme.looks_per_row)
        left = risk[scheme.n_rows :].sum() + scheme.error * scheme.n_rows
        assert scheme.accuracy == pytest.approx(1 - left / 5000)
        assert scheme.accuracy_at_stop >= scheme.accuracy - 1e-12 and scheme.stop_at <= scheme.n_rows
    assert (
        found.of(SINGLE).looks_per_row == 1 < found.of(FLAGGED).looks_per_row < found.of(DOUBLE).looks_per_row
    )
    assert found.of(DOUBLE).error < found.of(FLAGGED).error < found.of(SINGLE).error
    assert found.best == max(found.schemes, key=lambda scheme: scheme.accuracy).name and set(SCHEMES) >= {
        found.best
    }
    assert advise(risk, rates, 0).of(SINGLE).n_rows == 0
    with pytest.raises(InvalidInputError, match="near"):
        _ = found.of("near")
    for effort, chance in ((-1, risk), (True, risk), (5, [2.0]), (5, [np.nan])):
        with pytest.raises(InvalidInputError):
            advise(chance, rates, effort)
    with pytest.raises(InvalidInputError, match="flagged"):
        ReviewerRates(error=0.1, flagged=2.0)


# -- the report ----------------------------------------------------------------------------------------------


def test_reports_of_strange_reviews(build):
    audit = build(
        np.arange(120) % 3, suspicion=np.linspace(0.9, 0.01, 120), suggested=(np.arange(120) + 1) % 3
    )
    session = ls.Session(audit, journal=None, reviewer="ada")
    empty = ls.reports.effort(session)
    assert empty.n_looks == 0 and "Nobody has looked" in str(empty)
    session.relabel(range(60), 1)
    with pytest.warns(LabelscopeWarning) as told:
        report = ls.reports.effort(session)
    said = " ".join(str(one.message) for one in told)
    assert "one and the same answer" in said and "One person reviewed" in said
    assert report.agreement is None and report.advice is None and report.stop.stop is None
    assert report.between.n == 0 and "not measured" in str(report)

    other = ls.Session(audit, journal=None, reviewer="bob")
    other.keep(range(60))
    with pytest.warns(LabelscopeWarning, match="agreed with every given label"):
        ls.reports.effort(other)


def test_two_people_merge_and_are_compared(build, tmp_path):
    audit = build(
        np.arange(120) % 3, suspicion=np.linspace(0.9, 0.01, 120), suggested=(np.arange(120) + 1) % 3
    )
    ada = ls.Session(audit, journal=tmp_path / "a.jsonl", reviewer="ada")
    bob = ls.Session(audit, journal=tmp_path / "b.jsonl", reviewer="bob")
    given = np.arange(120) % 3
    ada.relabel(range(40), (given[:40] + 1) % 3)
    bob.relabel(range(20, 40), [(given[row] + 1 + (row % 10 == 0)) % 3 for row in range(20, 40)])
    bob.keep(range(40, 60))
    with pytest.warns(LabelscopeWarning, match="differ on 2 rows"):
        ada.merge(tmp_path / "b.jsonl")
    report = ls.reports.effort(ada)
    assert report.n_looks == 80 and report.n_rows == 60
    assert (report.between.n, report.between.agree.value, report.between.differ.value) == (20, 0.9, 0.1)
    assert report.error_basis == "two people" and report.reviewer_error.value == pytest.approx(1 - 0.9**0.5)
    assert report.agreement.kappa.n_items == 20 and report.agreement.alpha.defined
    assert [one.reviewer for one in report.reviewers] == ["ada", "bob"]
    assert report.stop.n_left == 60 and report.advice is not None and report.curve[-1].items == 60
    text = report.to_markdown()
    assert "measured" in text and "estimated" in text and "<table" in report.to_html()
    # Merging again changes nothing.
    with pytest.warns(LabelscopeWarning, match="differ"):
        ada.merge(tmp_path / "b.jsonl")
    assert ls.reports.effort(ada).n_looks == 80


def test_one_persons_copies_give_a_lower_bound(build):
    from labelscope.review.controls import Controls
    from labelscope.review.pages import open_page, page_done

    audit = build(np.arange(120) % 3, suspicion=np.linspace(0.9, 0.01, 120))
    session = ls.Session(audit, journal=None, reviewer="ada")
    for rows, wrong in ((range(20), {3: 0}), (range(20, 40), {}), (range(10), {5: 0})):
        page = open_page(session, rows, "given", Controls(session, 0))
        page_done(session, rows, wrong, "given", 40.0, page.token)
    with pytest.warns(LabelscopeWarning, match="One person"):
        report = ls.reports.effort(session)
    assert report.within.n == 10 and report.error_basis == "one person" and "lower bound" in str(report)
    assert report.time.n_pages == 3 and report.time.hours == pytest.approx(120 / 3600)
    assert report.reviewers[0].consistency.value == 0.9


def test_bad_arguments(build):
    session = ls.Session(build(), journal=None)
    with pytest.raises(InvalidTypeError, match="Session"):
        ls.reports.effort(session.audit)
    for wrong in ({"page": 0}, {"page": True}, {"n_looks": -1}, {"level": 1.5}, {"level": 1}, {"idle": 0}):
        with pytest.raises(InvalidInputError):
            ls.reports.effort(session, **wrong)


def test_tags_count_as_looks_but_are_not_compared():
    tags = ls.Dataset(["a", "b", "c"], [{"x"}, {"y"}, {"x", "y"}], task="multilabel")
    audit = ls.Audit.from_arrays(tags, suspicion=np.full(3, 0.4), suggested_codes=[0, 1, 2])
    session = ls.Session(audit, journal=None, reviewer="ada")
    session.add_tags(0, "y")
    session.keep(1)
    with pytest.warns(LabelscopeWarning, match="One person"):
        report = ls.reports.effort(session)
    assert report.n_looks == 2 and report.left_out["tags"] == 1 and report.outcomes["tags changed"][0] == 1

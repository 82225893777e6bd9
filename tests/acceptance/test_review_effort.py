"""Efficient manual review (Pedersen et al.): replayed counts, planned catch, when to stop, one or two people."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from review_worlds import World, answers_of, census, expected_accuracy, suspicion_of, true_chance

import labelscope as ls
from labelscope.errors import LabelscopeWarning
from labelscope.review.break_even import break_even, chances_of_answers, counted
from labelscope.review.events import Event
from labelscope.review.journal import Journal
from labelscope.review.journal_lines import Header
from labelscope.review.schemes import (
    DOUBLE,
    FLAGGED,
    SCHEMES,
    SINGLE,
    ReviewerRates,
    advise,
    rates_from_counts,
)
from labelscope.review.stopping import stop_advice
from labelscope.types import Evidence

pytestmark = pytest.mark.acceptance

# -- (i) the published counts ------------------------------------------------------------------------------

N_LOOKS, N_PAIRS, N_SELF = 90_000, 7_749, 1_251
CORRECTED, AGREED, INVALID = 56_557, 28_764, 181
AGREE, DIFFER, UNCERTAIN = 6_698, 694, 363
WRONG, RIGHT, DOUBT, GUESS, NONE = range(5)


def published_looks(rng: Any) -> NDArray[np.int64]:
    """Make looks with the published counts: row, person, what the look is, and which label it gives."""
    both = AGREE + DIFFER + UNCERTAIN - N_PAIRS  # doubts with a guess that agree: two headings
    pairs = [(WRONG, 1, WRONG, 1)] * round(0.662 * (AGREE - both))
    pairs += [(RIGHT, 0, RIGHT, 0)] * (AGREE - both - len(pairs))
    sided = round(0.449 * DIFFER)
    pairs += [(GUESS, 1, WRONG, 1)] * both + [(WRONG, 1, WRONG, 2)] * (DIFFER - sided)
    pairs += [(RIGHT, 0, WRONG, 1)] * sided + [(DOUBT, 0, WRONG, 1)] * (UNCERTAIN - both)
    assert len(pairs) == N_PAIRS
    looks = []
    for row, (one, label, other, second) in enumerate(pairs):
        first, then = rng.permutation(7)[:2]
        looks += [(row, first, one, label), (row, then, other, second)]
    for row in range(N_PAIRS, N_PAIRS + N_SELF):
        who = rng.integers(7)
        looks += [(row, who, WRONG, 1), (row, who, WRONG, 1 if row % 10 else 2)]
    kinds = np.array([look[2] for look in looks])
    left = N_LOOKS - len(looks)
    rest = [WRONG] * (CORRECTED - int((kinds == WRONG).sum())) + [RIGHT] * (
        AGREED - int((kinds == RIGHT).sum())
    )
    rest += [NONE] * INVALID
    rest += [DOUBT] * (left - len(rest))
    start = N_PAIRS + N_SELF
    people = rng.integers(7, size=left)
    looks += [(start + k, people[k], kind, int(kind == WRONG)) for k, kind in enumerate(rest)]
    return np.array(looks, dtype=np.int64)


def pages_of(looks: NDArray[np.int64], given: NDArray[np.int64], who: int, rng: Any) -> list[list[Event]]:
    """Write one person's looks as pages of 60, the second look at a row in the second half."""
    own = looks[looks[:, 1] == who]
    again = np.zeros(len(own), dtype=bool)
    again[np.setdiff1d(np.arange(len(own)), np.unique(own[:, 0], return_index=True)[1])] = True
    pages = []
    clock = datetime(2021, 3, 1, 8, tzinfo=UTC) + timedelta(minutes=who)
    for part in (own[~again], own[again]):
        part = part[np.lexsort((part[:, 0], given[part[:, 0]]))]
        for begin in range(0, len(part), 60):
            page = part[begin : begin + 60]
            seconds = round(float(rng.gamma(4, 1.2)) * len(page), 3)
            if rng.random() < 0.02:
                seconds = 5_000.0 + begin
            clock += timedelta(seconds=seconds + 8)
            pages.append(page_events(page, given, f"reviewer {who}", seconds, clock, len(pages), rng))
    return pages


def page_events(
    page: NDArray[np.int64],
    given: NDArray[np.int64],
    who: str,
    seconds: float,
    at: datetime,
    n: int,
    rng: Any,
) -> list[Event]:
    """Write what is said on a page as one batch."""
    stamp = at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    batch = f"{who}-{n:05d}"
    events: list[Event] = []

    def add(kind: str, rows: Any, after: Any = (), data: Any = None) -> None:
        if len(rows) or kind == "page_timed":
            listed = [int(row) for row in rows]
            before = [int(given[row]) for row in listed]
            events.append(
                Event(kind, f"{batch}-{len(events)}", batch, stamp, who, "widget", tuple(listed),
                      tuple(before), tuple(after), (), data or {})
            )  # fmt: skip

    for kind, name in ((WRONG, "relabelled"), (GUESS, "relabelled"), (RIGHT, "kept")):
        rows, label = page[page[:, 2] == kind, 0], page[page[:, 2] == kind, 3]
        add(name, rows, [int((given[row] + step) % 300) for row, step in zip(rows, label, strict=True)])
    add("unsure", page[np.isin(page[:, 2], (DOUBT, GUESS)), 0])
    add("excluded", page[page[:, 2] == NONE, 0])
    add("page_timed", [], data={"seconds": seconds, "n": len(page), "wrong": 0, "mean": "given"})
    return events


def test_the_published_shares_are_recomputed_from_the_events(tmp_path: Path) -> None:
    rng = np.random.default_rng(20_521)
    looks = published_looks(rng)
    n = int(looks[:, 0].max()) + 1
    given = rng.choice(300, n, p=(lambda w: w / w.sum())(1 / np.arange(1, 301)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        dataset = ls.Dataset(np.arange(n, dtype=np.float32)[:, None], given, task="classification")
        audit = ls.Audit.from_arrays(
            dataset, suspicion=np.linspace(0.9, 0.1, n), suggested_codes=dataset.labels.codes
        )
        session = ls.Session(audit, journal=tmp_path / "reviewer-0.jsonl", reviewer="lead")
        for who in range(7):
            path = tmp_path / f"{who}.jsonl"
            Journal(path, Header.of(dataset)).append(
                [event for page in pages_of(looks, given, who, rng) for event in page]
            )
            session.merge(path)
        report = ls.reports.effort(session)
    assert report.n_looks == N_LOOKS and report.n_rows == n == N_LOOKS - N_PAIRS - N_SELF
    shares = {name: 100 * share.value for name, (_, share) in report.outcomes.items()}
    found = [shares["corrected"], shares["agreed"]]
    found += [
        100 * part.value for part in (report.between.agree, report.between.differ, report.between.uncertain)
    ]
    assert np.abs(np.array(found) - [62.84, 31.9, 86.43, 8.96, 4.69]).max() <= 0.1
    assert report.between.n == N_PAIRS and report.within.n == N_SELF and report.between.n_both == 6
    assert report.outcomes["corrected"][0] == CORRECTED and report.outcomes["agreed"][0] == AGREED
    # Of the pairs that agree 33.8 % side with the model, and one does in 44.9 % of those that differ.
    assert abs(report.between.agree_on_given.value - 0.338) <= 0.001
    assert abs(report.between.differ_with_given.value - 0.449) <= 0.001
    assert abs(report.within.agree.value - (1 - 125 / 1_251)) < 0.001
    assert report.time.n_breaks > 0 and abs(report.time.seconds_per_item.value - 4.8) < 0.2
    assert len(report.reviewers) == 7 and sum(one.n_looks for one in report.reviewers) == N_LOOKS


# -- (ii) planned and realised catch -----------------------------------------------------------------------


@pytest.mark.parametrize("seed", [311, 312, 313])
def test_the_plan_catches_what_it_says(seed: int) -> None:
    world = census(seed)
    evidence = Evidence(
        given_labels=world.given, suspicion=suspicion_of(world, census(seed + 1_000)),
        state=np.zeros(len(world.given), np.uint8), suggested=world.given,
    )  # fmt: skip
    for budget in (0.01, 0.03, 0.05, 0.1):
        plan = ls.queues.ReviewPlan(budget=budget, reviewers=2).plan(evidence)
        realised = world.wrong[plan.rows].sum() / world.wrong.sum()
        assert abs(plan.caught.value - realised) <= 0.05
        after = 1 - (world.wrong.sum() - world.wrong[plan.rows].sum()) / len(world.wrong)
        assert abs(plan.accuracy_after - after) <= 0.003
        if budget == 0.03:
            # A random share of 3 % catches 3 %.
            assert realised >= 0.7 and realised >= 15 * budget


# -- (iii) when to stop, and how many people ---------------------------------------------------------------

ERROR, AMBIGUOUS, GUESS_ERROR, SAME = 0.05, 0.066, 0.4, 0.3
LOOK_ERROR = (1 - AMBIGUOUS) * ERROR + AMBIGUOUS * GUESS_ERROR


@dataclass(frozen=True)
class Review:
    """A review of a world, row after row from the most suspicious on; a share of the rows is looked at twice."""

    suspicion: NDArray[np.float64]
    true_chance: NDArray[np.float64]
    said: NDArray[np.int64]  # as in `Verdicts.counts`
    copied: NDArray[np.bool_]
    differ: NDArray[np.bool_]


def review_of(seed: int, n: int, overlap: float = 0.1, off: float = 0.0) -> Review:
    """Simulate one; ``off`` is how far suspicion is from a probability, in logits."""
    world, rng = census(seed, n), np.random.default_rng([seed, 3])
    chance = suspicion_of(world, census(seed + 1_000))
    if off:
        safe = np.clip(chance, 1e-9, 1 - 1e-9)
        odds = np.log(safe / (1 - safe))
        chance = 1 / (1 + np.exp(-rng.normal(0, off) - np.exp(rng.normal(0, off / 2)) * odds))
    order = np.argsort(-chance, kind="stable")
    error = np.where(rng.random(n) < AMBIGUOUS, GUESS_ERROR, ERROR)
    # The network's own mistake is the one that lies near.
    given = world.wrong.astype(np.int64)
    one, other = (answers_of(world.wrong, error, SAME, rng) for _ in range(2))
    keep, again = one == given, other == given
    copied = rng.random(n) < overlap
    twice = np.select([keep & again, keep ^ again, one == other], [2, 3, 4], default=5)
    said = np.where(copied, twice, ~keep)
    return Review(
        chance[order], true_chance(world.confidence)[order], said[order], copied[order], (one != other)[order]
    )


def halt_of(review: Review, rule: Any, page: int = 60) -> int:
    """Go on until the rule says to stop, asked after each page or, of many, every few; 30 copies come first."""
    every = page * max(1, len(review.said) // 40_000)
    for done in range(every, len(review.said), every):
        if review.copied[:done].sum() >= 30 and rule(review, done, page):
            return done
    return len(review.said)


def shipped(review: Review, done: int, page: int) -> bool:
    """What `reports.effort` says."""
    found = break_even(counted(review.suspicion[:done], review.said[:done]), probability=True)
    return bool(stop_advice(review.suspicion[done:], found, n_reviewed=done, page=page).stop)


def with_known_chances(review: Review, done: int, page: int) -> bool:
    """Know of each row the true chance that it is wrong, and how people err but for how often."""
    error = np.linspace(0.005, 0.3, 120)
    right, wrong = chances_of_answers(error, CLUSTERED, SAME, SAME**0.5)
    p, said = review.true_chance[:done, None], review.said[:done]
    fit = np.log(right[:, said].T * (1 - p) + wrong[:, said].T * p).sum(axis=0)
    weight = np.exp(fit - fit.max())
    middle = error[np.searchsorted(np.cumsum(weight), weight.sum() / 2)]
    return bool(review.true_chance[done : done + page].mean() < middle)


# The mean square of the error of a look, above the square of its mean.
CLUSTERED = ((1 - AMBIGUOUS) * ERROR**2 + AMBIGUOUS * GUESS_ERROR**2) / LOOK_ERROR**2 - 1


def halts_at(n: int, seeds: Any, rule: Any = shipped, **how: Any) -> NDArray[np.float64]:
    """Where reviews halt, in parts of the item count that maximizes accuracy."""
    items, accuracy = expected_accuracy(LOOK_ERROR)
    best = n * items[int(accuracy.argmax())]
    return np.array([halt_of(review_of(seed, n, **how), rule) / best for seed in seeds])


def within(halts: NDArray[np.float64]) -> float:
    """Share of the halts within 15 % of the optimum."""
    return float((np.abs(halts - 1) <= 0.15).mean())


@pytest.mark.parametrize(("n", "least"), [(100_000, 0.9), (400_000, 0.95)])
def test_the_stopping_rule_halts_near_the_optimum(n: int, least: float) -> None:
    # Some 400 and 1,600 rows are seen twice by then, where the census had 7,749.
    items, accuracy = expected_accuracy(LOOK_ERROR)
    best = int(accuracy.argmax())
    assert accuracy[best] - np.interp(3 * items[best], items, accuracy) > 0.0025  # going on does harm
    halts = halts_at(n, range(420, 440))
    assert within(halts) >= least
    assert abs(np.median(halts) - 1) <= 0.05


def test_the_stopping_rule_with_few_duplicates() -> None:
    # With 20,000 rows the optimum comes after 806 items and 80 duplicates. Who knows the true chance of each
    # row and how people err, but for how often, halts within 15 % in four worlds of five: no rule can do so
    # in nineteen of twenty. This one does in two of three (134 of 200 other seeds, the other 163), says how far
    # off it may be, and loses little, since the curve is flat there.
    n, seeds = 20_000, range(440, 480)
    items, accuracy = expected_accuracy(LOOK_ERROR)
    best = int(accuracy.argmax())
    halts = halts_at(n, seeds)
    bound = within(halts_at(n, seeds, with_known_chances))
    assert within(halts) >= 0.6 and bound - within(halts) <= 0.2
    assert bound < 0.95
    assert abs(halts.mean() - 1) <= 0.05
    assert (accuracy[best] - np.interp(halts * items[best], items, accuracy)).max() <= 0.0005
    assert accuracy[best] - np.interp(2_400 / n, items, accuracy) > 0.0025


@pytest.mark.parametrize("off", [0.0, 0.5])
def test_the_interval_of_the_stopping_point_covers_the_optimum(off: float) -> None:
    # Also where suspicion is no probability: its level is off by half a logit or so, and its slope by a quarter.
    n, hits, wide, more = 20_000, 0, [], []
    items, accuracy = expected_accuracy(LOOK_ERROR)
    best = n * items[int(accuracy.argmax())]
    for seed in range(500, 540):
        review, done = review_of(seed, n, off=off), 480
        found = break_even(counted(review.suspicion[:done], review.said[:done]), probability=True)
        said = stop_advice(review.suspicion[done:], found, n_reviewed=done)
        hits += done + said.n_low <= best <= done + said.n_high
        wide.append((said.n_high - said.n_low) / best)
        more.append(said.n_more)
    assert hits >= 0.9 * 40
    assert 0.15 < np.median(wide) < 1.5
    assert np.median(more) > 100  # and more copies are asked for


def simulated_accuracy(world: World, rates: ReviewerRates, effort: int, scheme: str, rng: Any) -> float:
    """Spend looks from the most suspicious row on; who answers errs as the rates say."""
    n = len(world.wrong)
    hard = rng.random(n) < rates.ambiguous
    error = np.where(hard, rates.ambiguous_error, rates.error)
    first, second, third = (answers_of(world.wrong, error, rates.same_mistake, rng) for _ in range(3))
    flagged = rng.random(n) < np.where(hard, rates.flagged, 0.005)
    panel, apart = np.where(first == second, first, third), first != second
    answer, cost = {
        SINGLE: (first, np.ones(n)),
        FLAGGED: (np.where(flagged, panel, first), 1.0 + flagged * (1 + apart)),
        DOUBLE: (panel, 2.0 + apart),
    }[scheme]
    order = np.argsort(world.confidence)
    looked = order[: np.searchsorted(np.cumsum(cost[order]), effort, side="right")]
    wrong = world.wrong.copy()
    wrong[looked] = answer[looked] != 0
    return 1 - float(wrong.mean())


def measured_rates(true: ReviewerRates, rng: Any, m: int = 1_000) -> ReviewerRates | None:
    """Measure rates on rows that two people looked at."""
    hard, none = rng.random(m) < true.ambiguous, np.zeros(m, dtype=bool)
    error = np.where(hard, true.ambiguous_error, true.error)
    one, other = (answers_of(none, error, true.same_mistake, rng) for _ in range(2))
    flag, second = (rng.random(m) < np.where(hard, true.flagged, 0.005) for _ in range(2))
    differ, any_flag = one != other, flag | second
    return rates_from_counts(
        plain=int((~any_flag).sum()), plain_differ=int((~any_flag & differ).sum()),
        one_flagged=int((flag ^ second).sum()), both_flagged=int((flag & second).sum()),
        guessed=int(any_flag.sum()), guessed_differ=int((any_flag & differ).sum()),
    )  # fmt: skip


def test_the_advice_names_the_best_scheme() -> None:
    hits, best_ones, careful = 0, [], []
    for seed in range(600, 620):
        rng = np.random.default_rng([seed, 4])
        error = rng.uniform(0.003, 0.02) if seed % 2 else rng.uniform(0.03, 0.1)
        true = ReviewerRates(
            error=error, ambiguous=rng.uniform(0.03, 0.12), ambiguous_error=rng.uniform(0.3, 0.5),
            flagged=rng.uniform(0.5, 0.9), same_mistake=rng.uniform(0.1, 0.5),
        )  # fmt: skip
        effort = int(rng.uniform(500, 3_000))
        worlds = [census(7_000 + 10 * seed + k) for k in range(8)]
        reached = {
            name: float(np.mean([simulated_accuracy(world, true, effort, name, rng) for world in worlds]))
            for name in SCHEMES
        }
        rates = measured_rates(true, rng)
        assert rates is not None
        chance = suspicion_of(census(seed), census(seed + 1_000))
        advised = advise(chance, rates, effort).best
        best = max(reached, key=lambda name: reached[name])
        best_ones.append(best)
        careful.append(best == FLAGGED and error < 0.02)
        # Two labels of 20,000 are less than the simulation itself can tell apart.
        hits += reached[best] - reached[advised] <= 2 / 20_000
    assert hits >= 18
    assert set(best_ones) == set(SCHEMES) and any(careful)


# -- (iv) the time of a reader -----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [711, 712])
def test_grouped_pages_take_less_time(seed: int) -> None:
    world = census(seed)
    evidence = Evidence(
        given_labels=world.given, suspicion=suspicion_of(world, census(seed + 1_000)), suggested=world.given
    )
    plan = ls.queues.ReviewPlan(budget=0.03, overlap=0.0).plan(evidence)
    listed = ls.queues.ReviewPlan(budget=0.03, overlap=0.0, group_by=None).plan(evidence)
    assert set(plan.rows) == set(listed.rows)

    def seconds(rows: NDArray[np.int64]) -> float:
        switches = 1 + int((np.diff(world.given[rows]) != 0).sum())
        return 1.5 * len(rows) + 3.0 * float(world.wrong[rows].sum()) + 6.0 * switches

    grouped = np.concatenate([page.rows for page in plan.pages])
    assert seconds(grouped) <= 0.6 * seconds(listed.rows)

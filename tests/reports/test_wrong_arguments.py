"""Everything that reports, charts, exports and queues are given of a wrong kind ends in an error of ours."""

from __future__ import annotations

import inspect
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import labelscope as ls
from labelscope import reports
from labelscope.errors import InvalidInputError, InvalidTypeError, LabelscopeError
from labelscope.review.charts import Charts

pytestmark = pytest.mark.filterwarnings("ignore")
N = 60
TASKS = ("single", "multilabel", "regression", "concepts")
FUNCTIONS = {
    name: getattr(reports, name)
    for name in reports.__all__
    if name[0].islower() or name in ("MistakeReview", "ValidationSession", "BudgetSettings", "Checked")
} | {"export": ls.export, "report": ls.report}
CHARTS = [name for name in vars(Charts) if not name.startswith("_")]
QUEUES = [name for name in ls.queues.__all__ if inspect.isclass(getattr(ls.queues, name)) and name != "Plan"]


@pytest.fixture(scope="module")
def sessions() -> dict[str, ls.Session]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, 4)).astype(np.float32)
    y = (X[:, 0] > 0).astype(int)
    y[:4] = 1 - y[:4]
    tags = (X[:, :3] > 0).astype(int)
    tags[:3] = 1 - tags[:3]
    targets = 3.0 * X[:, 0] + 0.1 * rng.normal(size=N)
    targets[:3] = 9
    made = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        datasets = (
            ls.Dataset(X, np.array(["a", "b"])[y]),
            ls.Dataset(X, tags, task="multilabel"),
            ls.Dataset(X, targets, task="regression"),
            ls.Dataset(X, y, concepts=tags.astype(float)),
        )
        for task, dataset in zip(TASKS, datasets, strict=True):
            session = made[task] = ls.Session(ls.audit(dataset), journal=None)
            session.keep([0, 1])
            session.accept([2, 3])
            session.unsure(5)
            session.keep(session.queue("random", n=3))
    return made


def odd(session: ls.Session) -> list[Any]:
    """Values of all kinds that somebody may pass by mistake."""
    return [
        None, True, 0, 3, -1, 2.5, float("nan"), float("inf"), "x", b"x", object(), len, dict,
        [], {}, {1}, [None], [1, 2], ["x"], {"m": "x"}, {"m": [1, 2]}, {1: 2}, ["a"] * N,
        np.zeros(0), np.zeros(()), np.zeros(N), np.zeros((2, 2)), np.array([None] * N, dtype=object),
        {"m": np.zeros(N)}, {"m": np.zeros((N, 2))}, pd.DataFrame({"a": [1, 2]}),
        session, session.audit, session.audit.dataset,
    ]  # fmt: skip


def usual(session: ls.Session) -> dict[str, dict[str, Any]]:
    """What each function needs at least."""
    codes = np.maximum(session.audit.given_codes, 0)
    models = {"m": codes}
    sure, some = np.linspace(0, 1, N), np.arange(N) < 30
    found: dict[str, dict[str, Any]] = {
        "annotation_quality": {"experts": [["a", "a"], ["b", "b"]]},
        "benchmark_stability": {"models": models, "source": session},
        "judge_quality": {"score": session.audit.main, "source": session},
        "mistakes": {"source": session, "predictions": models},
        "MistakeReview": {"session": session, "predictions": models},
        "precision_by_confidence": {"confidence": sure, "flagged": some, "is_error": some},
        "rescored_models": {"models": models, "given_labels": codes, "judged_labels": codes},
        "evaluate_slice": {"chosen": None, "models": models},
        "error_rate": {"checked": reports.Checked(1, 2)},
        "Checked": {"errors": 1, "right": 2},
        "BudgetSettings": {},
        "check_path": {"path": "a.html"},
        "load_slice": {"path": "a.json"},
        "export": {"source": session, "path": "x.csv"},
    }
    for name in ("corrected_labels", "effort", "gain", "ValidationSession"):
        found[name] = {"session": session}
    for name in ("health", "plan_budget", "nutrition_label", "validation", "value_of_labels", "report"):
        found[name] = {"source": session}
    return found


def raw(call: Callable[[], Any]) -> str:
    """Return how a call failed, empty where it went well or said clearly what is wrong."""
    try:
        call()
    except (LabelscopeError, OSError):
        return ""
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__}: {error} ({Path(place.filename).name}:{place.lineno})"
    return ""


def with_odd(
    make: Callable[..., Any],
    base: dict[str, Any],
    session: ls.Session,
    named_by: Callable[..., Any] | None = None,
) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield calls with one argument of another kind each; ``named_by`` has the arguments where make has not."""
    for name, parameter in inspect.signature(named_by or make).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        for value in odd(session):
            given = {**base, name: value}
            yield f"{name}={value!r:.40}", lambda given=given: make(**given)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def complaints(calls: Iterator[tuple[str, Callable[[], Any]]]) -> list[str]:
    return [f"{what}: {found}" for what, call in calls if (found := raw(call))]


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_reports_and_exports(sessions: dict[str, ls.Session], name: str) -> None:
    for session in sessions.values():
        base = usual(session)[name]
        assert not raw(lambda base=base: FUNCTIONS[name](**base))
        assert not complaints(with_odd(FUNCTIONS[name], base, session))


@pytest.mark.parametrize("name", CHARTS)
def test_charts(sessions: dict[str, ls.Session], name: str) -> None:
    for session in sessions.values():
        chart = getattr(session.charts, name)
        assert not raw(chart)
        assert not complaints(with_odd(chart, {}, session))


@pytest.mark.parametrize("name", QUEUES)
def test_queues(sessions: dict[str, ls.Session], name: str) -> None:
    kind = getattr(ls.queues, name)
    for session in sessions.values():
        for n in (None, 0, 3):
            assert not raw(lambda n=n, session=session: session.queue(kind.name, n=n))

        def asked(session: ls.Session = session, **options: Any) -> Any:
            return session.queue(kind(**options), n=3)

        assert not complaints(with_odd(asked, {}, session, named_by=kind))


def test_the_queue_itself(sessions: dict[str, ls.Session]) -> None:
    for session in sessions.values():
        assert not complaints(with_odd(session.queue, {}, session))
        no_policy: Any = session.audit
        with pytest.raises(InvalidTypeError, match=r"does not take \(evidence, n\)"):
            session.queue(no_policy)


def test_raters_are_no_session(sessions: dict[str, ls.Session]) -> None:
    with pytest.raises(InvalidTypeError, match="experts is a Session") as caught:
        reports.annotation_quality(sessions["single"])
    assert "reports.effort(session)" in caught.value.hint
    with pytest.raises(InvalidInputError, match=r"crowd\[1\] has not as many answers"):
        reports.annotation_quality(crowd=[["a", "b"], ["a"]])

"""Models scored on the labels as given, as judges would have them, and as people settled them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from labelscope.data.arguments import check_counts, check_numbers, check_rows, check_seed, listed
from labelscope.errors import InvalidInputError, InvalidTypeError, notify
from labelscope.evidence.agreement.answers import as_objects, read
from labelscope.reports.labels_against import decimal
from labelscope.reports.report import Report, Section, Table
from labelscope.types import Array, Estimate, FloatArray, IntArray

STAGES = ("given", "judged", "validated")
_NAMES = {"given": "as given", "judged": "corrected by judges", "validated": "validated by people"}


@dataclass(frozen=True)
class Rescored:
    """One model on one kind of labels.

    Attributes
    ----------
    accuracy : Estimate
    shift : Estimate
        Change against the labels as given, with a paired bootstrap interval.
    rank : float
        1 is best; models that are level share the mean of their ranks.
    """

    accuracy: Estimate
    shift: Estimate
    rank: float


@dataclass(frozen=True, repr=False)
class RescoredModels(Report):
    """The report, with its numbers.

    Attributes
    ----------
    models : dict of str to dict of str to Rescored
        By model and then by stage: ``"given"``, ``"judged"`` and, where people looked, ``"validated"``.
    conflicts : tuple of str
        Models that are among the judges as well.
    """

    models: dict[str, dict[str, Rescored]] = field(default_factory=dict)
    conflicts: tuple[str, ...] = ()


def rescored_models(
    models: Mapping[str, Any],
    given_labels: Any,
    judged_labels: Any,
    validated_labels: Any = None,
    *,
    judges: Iterable[str] = (),
    level: float = 0.95,
    n_bootstrap: int = 1000,
    random_state: int = 0,
) -> RescoredModels:
    """Score and rank models on each kind of labels.

    Parameters
    ----------
    models : mapping of str to (n,) labels
        What each model predicts.
    given_labels, judged_labels : (n,) labels
        As given, and after the proposals of judges. None, NaN and -1 are left out for all models.
    validated_labels : (n,) labels, optional
        After people settled what judges flagged. Without them the report says that nothing is measured.
    judges : iterable of str
        Names of the models that judged.
    level : float
        Coverage of intervals.
    n_bootstrap, random_state : int
        Resamples of the rows and their seed.

    Returns
    -------
    RescoredModels
        A report. A model that is also a judge agrees with labels that it made itself; a notice names it.

    Raises
    ------
    InvalidInputError
        No models, or lengths that differ.

    Examples
    --------
    >>> found = rescored_models({"a": [0, 1, 1], "b": [0, 0, 1]}, [0, 0, 1], [0, 1, 1])
    >>> [(name, one["given"].rank, one["judged"].rank) for name, one in found.models.items()]
    [('a', 2.0, 1.0), ('b', 1.0, 2.0)]
    """
    if not isinstance(models, Mapping):
        raise InvalidTypeError(
            f"models is a {type(models).__name__}.", 'Pass predictions by name: {"resnet": labels}.'
        )
    check_numbers(level=level)
    check_counts(1, n_bootstrap=n_bootstrap)
    check_seed(random_state)
    if not 0 < level < 1:
        raise InvalidInputError(f"level is {level}.", "Pass a coverage between 0 and 1, such as 0.95.")
    named = listed("judges", judges, "the names of the models that judged")
    if not models:
        raise InvalidInputError("No models are given.", "Pass the predictions of at least one.")
    stages = {"given": given_labels, "judged": judged_labels}
    if validated_labels is not None:
        stages["validated"] = validated_labels
    labels, said = _coded(stages, models)
    right = {stage: said == codes[:, None] for stage, codes in labels.items()}
    known = {stage: codes >= 0 for stage, codes in labels.items()}
    n = len(said)
    weights = np.random.default_rng(random_state).multinomial(n, np.full(n, 1 / n), size=n_bootstrap)
    rescored: dict[str, dict[str, Rescored]] = {name: {} for name in models}
    drawn = {stage: _shares(weights, right[stage], known[stage]) for stage in labels}
    whole = {stage: _shares(np.ones((1, n)), right[stage], known[stage])[0] for stage in labels}
    for stage in labels:
        ranks = _ranks(whole[stage])
        for place, name in enumerate(models):
            value, shift = whole[stage][place], whole[stage][place] - whole["given"][place]
            change = drawn[stage][:, place] - drawn["given"][:, place]
            accuracy = _estimate(value, drawn[stage][:, place], level)
            rescored[name][stage] = Rescored(accuracy, _estimate(shift, change, level), float(ranks[place]))
    conflicts = tuple(sorted(set(models) & {str(one) for one in named}))
    if conflicts:
        notify(
            "judge_is_ranked",
            f"{', '.join(conflicts)} judged the labels and is ranked on them, which is no merit.",
            "Leave it out of the ranking, or use judges that are not ranked.",
        )
    sections = _sections(rescored, conflicts, list(labels))
    return RescoredModels("Models on corrected labels", sections, models=rescored, conflicts=conflicts)


def _coded(stages: dict[str, Any], models: Mapping[str, Any]) -> tuple[dict[str, IntArray], IntArray]:
    columns: list[Array] = []
    given = {**{f"{key}_labels": value for key, value in stages.items()}, **models}
    for name, one in given.items():
        check_rows(str(name), one)
    n = len(stages["given"])
    for name, one in given.items():
        if np.ndim(one) != 1 or len(one) != n:
            raise InvalidInputError.wrong_length(str(name), len(one), n, "given_labels")
        columns.append(as_objects(one.to_numpy() if hasattr(one, "to_numpy") else one))
    if not n:
        raise InvalidInputError("There are no rows.", "Pass at least one.")
    codes = read(np.column_stack(columns), -1).codes
    labels = {stage: codes[:, place] for place, stage in enumerate(stages)}
    # What is no label for a model is no answer, and wrong everywhere.
    return labels, np.where(codes[:, len(stages) :] < 0, -2, codes[:, len(stages) :])


def _shares(weights: Array, right: Array, known: Array) -> FloatArray:
    hits = weights @ (right & known[:, None]).astype(np.float64)
    return np.asarray(hits / np.maximum(weights @ known.astype(np.float64), 1e-300)[:, None])


def _estimate(value: float, drawn: FloatArray, level: float) -> Estimate:
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(float(value), float(min(low, value)), float(max(high, value)), level, measured=True)


def _ranks(values: FloatArray) -> FloatArray:
    better = (values[None, :] > values[:, None] + 1e-12).sum(axis=1)
    level = (np.abs(values[None, :] - values[:, None]) <= 1e-12).sum(axis=1)
    return np.asarray(1 + better + (level - 1) / 2)


def _sections(
    models: dict[str, dict[str, Rescored]], conflicts: tuple[str, ...], stages: list[str]
) -> tuple[Section, ...]:
    said = []
    if "validated" not in stages:
        said.append(
            "People did not settle what the judges flagged: agreement with corrected labels is no measure of"
            " how good a model is. Not measured."
        )
    if conflicts:
        said.append(f"Warning: {', '.join(conflicts)} judged the labels and is ranked on them.")
    tables = []
    for stage in stages:
        rows = sorted(models.items(), key=lambda item: item[1][stage].rank)
        cells = tuple(
            (
                name,
                one[stage].rank,
                one["given"].rank - one[stage].rank,
                decimal(one[stage].accuracy),
                decimal(one[stage].shift),
            )
            for name, one in rows
        )
        header = ("model", "rank", "ranks gained", "accuracy", "shift")
        tables.append(Table(header, cells, f"On the labels {_NAMES[stage]}."))
    return (Section("Scores and ranks", tuple(said), tables=tuple(tables)),)

"""Module 3, variables: every column and every class, with the description that somebody gave of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from labelscope.reports.nutrition.figures import Selections, figure, literal
from labelscope.reports.nutrition.subject import Subject

MOST_CLASSES = 100


def class_key(subject: Subject, code: int, selections: Selections) -> str:
    """Return the key of the rows of a class."""
    name, codes = subject.class_names[code], subject.codes
    value = literal(subject.state.classes[code])
    query = None if value is None else f"{subject.label_word} == {value}"
    return selections.add(
        f"class:{code}:{name[:60]}", lambda: codes == code, int(subject.counts[code]), query
    )


def tag_key(subject: Subject, place: int, selections: Selections) -> str:
    """Return the key of the rows that have a tag, or an attribute."""
    tags = subject.tags
    assert tags is not None  # asked for where there are tags
    names, matrix = tags
    has = matrix[:, place] == 1
    return selections.add(f"tag:{place}:{names[place][:60]}", has, int(has.sum()))


def variables_module(subject: Subject, stated: Mapping[str, Any], selections: Selections) -> dict[str, Any]:
    """Make the module.

    Parameters
    ----------
    subject : Subject
    stated : mapping
    selections : Selections

    Returns
    -------
    dict
        ``columns``; ``classes``, the most frequent ones; ``tags`` where there are some.
    """
    said, meanings = stated.get("variables", {}), stated.get("classes", {})
    columns = [
        {
            "name": column.name,
            "kind": column.kind,
            "role": column.role or None,
            "derived": column.derived,
            "description": said.get(column.name),
        }
        for column in subject.columns.values()
    ]
    classes: list[dict[str, Any]] = []
    if subject.task in ("classification", "concepts"):
        counts = subject.counts
        for code in np.argsort(-counts, kind="stable")[:MOST_CLASSES].tolist():
            name = subject.class_names[code]
            key = class_key(subject, code, selections)
            rows = figure(int(counts[code]), measured=True, rows=key)
            classes.append({"name": name, "description": meanings.get(name), "rows": rows})
    tags: list[dict[str, Any]] = []
    if subject.tags is not None:
        names, matrix = subject.tags
        has, unknown = (matrix == 1).sum(axis=0), (matrix == -1).sum(axis=0)
        for place in np.argsort(-has, kind="stable")[:MOST_CLASSES].tolist():
            rows = figure(int(has[place]), measured=True, rows=tag_key(subject, place, selections))
            meaning = meanings.get(names[place], said.get(names[place]))
            tags.append(
                {"name": names[place], "description": meaning, "rows": rows, "unknown": int(unknown[place])}
            )
    return {
        "columns": columns,
        "n_columns": subject.n_columns,
        "classes": classes,
        "n_classes": 0 if subject.task in ("regression", "multilabel") else len(subject.class_names),
        "tags": tags,
        "n_tags": 0 if subject.tags is None else len(subject.tags[0]),
    }

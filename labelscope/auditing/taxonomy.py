"""A taxonomy that was given beside labels: read with the labels' own names, and what does not fit is said."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from labelscope.data.dataset import Dataset
from labelscope.data.tag_tree import TagTree
from labelscope.data.taxonomy import Taxonomy
from labelscope.errors import InvalidInputError, TaskError, notify
from labelscope.types import Evidence

_ALIKE = 0.8
_SEPARATOR = "/"
# Names that are compared letter by letter with all others.
_MOST = 50


def read_taxonomy(given: Any, dataset: Dataset) -> Taxonomy:
    """Read what ``evidence={"taxonomy": …}`` holds.

    Parameters
    ----------
    given : mapping, paths, pairs or Taxonomy
        As for `labelscope.labels.Taxonomy.of`. Labels may be below others that are no class or tag.
    dataset : Dataset
        Of classes or tags.

    Returns
    -------
    Taxonomy
        With every class or tag in it: those that the given one lacks stand alone.

    Raises
    ------
    TaskError
        Targets, or attributes beside a class.
    InvalidInputError, InvalidTypeError
        A circle, a parent that is not there, two parents, or a class or tag that is nearly in it.
    """
    task = "concepts" if dataset.concepts is not None else dataset.labels.task
    if task not in ("classification", "multilabel"):
        raise TaskError(
            f"A taxonomy is read for classes and for tags, but the task is {task}.",
            "Leave evidence['taxonomy'] out.",
        )
    word, plural = ("tag", "tags") if task == "multilabel" else ("class", "classes")
    tags = dataset.labels.tags
    names = tuple(map(str, dataset.labels.names if tags is None else tags.names))
    found = _read(given, names)
    mentioned = _mentioned(given, found)
    lacking = [name for name in names if name not in mentioned]
    if names and len(lacking) == len(names):
        raise InvalidInputError(
            f"None of the {len(names):,} {plural} is in the taxonomy.",
            f"It has {_some(sorted(mentioned))}; the {plural} are {_some(names)}.",
        )
    beside = sorted(mentioned - set(names))
    for name in lacking[:_MOST]:
        near = difflib.get_close_matches(name, beside, n=1, cutoff=_ALIKE)
        if near:
            raise InvalidInputError(
                f"The {word} {name!r} is not in the taxonomy. Did you mean {near[0]!r} there?",
                f"Write both alike, or say that it stands alone: {{{name!r}: None}}.",
            )
    _doubt(found, names, word)
    if not lacking:
        return found
    notify(
        "taxonomy_lacks",
        f"{_count(len(lacking), word, plural)} not in the taxonomy, with nothing above or below:"
        f" {_some(lacking)}.",
        "Add them to it where that is wrong.",
    )
    alone = [name for name in lacking if name not in found]
    parents = np.concatenate([found.parents, np.full(len(alone), -1, dtype=np.int64)])
    return Taxonomy((*found.names, *alone), parents)


def notice_of_contradictions(evidence: Evidence, dataset: Dataset) -> str:
    """Say which rows have a tag without what it implies; return the words for the audit's summary."""
    taxonomy = evidence.get("taxonomy")
    if taxonomy is None:
        return ""
    tags = dataset.labels.tags
    if tags is None:
        return f"taxonomy of {len(taxonomy):,} labels"
    tree = TagTree.of(taxonomy, tags.names)
    found = tree.violations(tags.matrix)
    rows = np.flatnonzero(found.any(axis=1))
    if not len(rows):
        return "no row contradicts the taxonomy"
    child = int(np.flatnonzero(found[rows[0]])[0])
    shown = f"{tags.names[child]!r} without {tags.names[tree.parents[child]]!r}"
    said = "1 row contradicts" if len(rows) == 1 else f"{len(rows):,} rows contradict"
    tagged = int((tags.matrix == 1).any(axis=1).sum())
    lowest = 2 * len(rows) > tagged
    notify(
        "taxonomy_contradictions",
        f"{said} the taxonomy: a tag is there without one that it implies (first: row {rows[0]}, {shown}).",
        "These are most of the rows with tags: if tags name the lowest level only, close them first with "
        "ls.labels.Taxonomy.of(…).close(matrix, names)."
        if lowest
        else "Their reasons say whether the upper tag is missing or the lower one wrong; the query "
        "`contradiction > 0` finds them.",
        rows,
    )
    return f"{said} the taxonomy"


def _read(given: Any, names: Sequence[str]) -> Taxonomy:
    if isinstance(given, Mapping):
        return Taxonomy.of(given, labels=names if None in given.values() else None)
    if isinstance(given, (str, bytes, Taxonomy)) or not isinstance(given, Iterable):
        return Taxonomy.of(given)
    items = list(given)
    if not items or not all(isinstance(item, str) for item in items):
        return Taxonomy.of(items)
    whole = _spelled(Taxonomy.from_paths(items), names)
    if sum(name in whole for name in names) * 2 > len(names):
        return whole
    last = {path.rpartition(_SEPARATOR)[2].strip() for path in items}
    return Taxonomy.from_paths(items, last=True) if last & set(names) else whole


def _mentioned(given: Any, found: Taxonomy) -> set[str]:
    """Labels that were written down, and not only known from the data."""
    if not isinstance(given, Mapping):
        return set(found.names)
    return {str(name) for item in given.items() for name in item if name is not None}


def _spelled(found: Taxonomy, names: Sequence[str]) -> Taxonomy:
    """Call paths as the labels do, which may put spaces around the separators."""
    as_labels = {_SEPARATOR.join(part.strip() for part in name.split(_SEPARATOR)): name for name in names}
    return Taxonomy(tuple(as_labels.get(name, name) for name in found.names), found.parents)


def _doubt(found: Taxonomy, names: Sequence[str], word: str) -> None:
    """Say so where a label above others is no class or tag, but nearly one."""
    upper = sorted({found.names[place] for place in found.parents.tolist() if place >= 0} - set(names))
    pairs = [(one, difflib.get_close_matches(one, names, n=1, cutoff=_ALIKE)) for one in upper[:_MOST]]
    doubtful = [f"{one!r} (did you mean {near[0]!r}?)" for one, near in pairs if near]
    if doubtful:
        notify(
            "taxonomy_near_miss",
            f"Labels in the taxonomy are no {word} themselves, though nearly one: "
            f"{_some(doubtful, quote=False)}.",
            f"Write it as the {word}, if that is meant.",
        )


def _count(n: int, one: str, many: str) -> str:
    return f"1 {one} is" if n == 1 else f"{n:,} {many} are"


def _some(names: Iterable[str], *, quote: bool = True) -> str:
    shown = [repr(name) if quote else name for name in names]
    return ", ".join(shown[:5]) + (f", … ({len(shown):,} in all)" if len(shown) > 5 else "")


__all__ = ["notice_of_contradictions", "read_taxonomy"]

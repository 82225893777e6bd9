"""The nutrition label of a dataset: seven modules, label quality and alerts, in four formats."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labelscope.data.arguments import check_seed
from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.reports.nutrition.alerts import alerts_of
from labelscope.reports.nutrition.figures import Selections
from labelscope.reports.nutrition.ground_truth import disagreement, truth_module
from labelscope.reports.nutrition.metadata import PLACE, RESPONSIBLE, checked, metadata_module
from labelscope.reports.nutrition.pairs import pairs_module
from labelscope.reports.nutrition.probabilistic import model_module
from labelscope.reports.nutrition.provenance import provenance_module
from labelscope.reports.nutrition.quality import quality_block
from labelscope.reports.nutrition.reference import read_reference
from labelscope.reports.nutrition.repeats import find_repeats
from labelscope.reports.nutrition.schema import FORMAT, VERSION, check_document
from labelscope.reports.nutrition.stating import restated
from labelscope.reports.nutrition.statistics import statistics_module
from labelscope.reports.nutrition.subject import against_reference, subject_of
from labelscope.reports.nutrition.variables import variables_module
from labelscope.review.files import replacing
from labelscope.review.session import Session
from labelscope.types import IntArray

if TYPE_CHECKING:
    from labelscope.reports.nutrition.diff import LabelDiff
    from labelscope.reports.report import Report

_SUFFIXES = (".html", ".htm", ".md", ".json")


@dataclass(frozen=True, eq=False)
class NutritionLabel:
    """A label: one JSON document, and the rows behind its numbers.

    Attributes
    ----------
    document : dict
        As :meth:`to_dict`; not to be changed.

    Examples
    --------
    >>> import labelscope as ls
    >>> dataset = ls.Dataset(["good film", "bad film", "bad cut"], ["+", "-", None])
    >>> label = ls.reports.nutrition_label(dataset, metadata={"license": "CC0"})
    >>> [alert["code"] for alert in label.alerts]
    ['unlabelled_rows', 'single_rows']
    >>> label.rows("labels missing").tolist()
    [2]
    """

    document: dict[str, Any]
    selections: Selections = field(default_factory=Selections, repr=False)

    @property
    def alerts(self) -> list[dict[str, Any]]:
        """What somebody should know before using the data, most severe first."""
        return list(self.document["alerts"])

    @property
    def modules(self) -> dict[str, Any]:
        """The seven modules by name."""
        return dict(self.document["modules"])

    def keys(self) -> tuple[str, ...]:
        """Return the keys of all numbers that stand for rows."""
        return tuple(self.document["selections"])

    def rows(self, key: str) -> IntArray:
        """Return the rows that a number stands for.

        Parameters
        ----------
        key : str
            From ``rows`` of a number or an alert.

        Returns
        -------
        (m,) int64
            In ascending order.

        Raises
        ------
        InvalidInputError
            An unknown key, or a label that was read from a file and knows only how many rows there were.
        """
        if key not in self.document["selections"]:
            raise InvalidInputError.unknown("key", key, self.document["selections"])
        if key not in self.selections:
            raise InvalidInputError(
                "This label was read from a file, which holds no row numbers.",
                "Make it from the session or dataset again, or run the query, if"
                f" label.query({key!r}) has one.",
            )
        return self.selections[key].find()

    def query(self, key: str) -> str | None:
        """Return the rows of a key in the language of queries; None where that cannot say it."""
        if key not in self.document["selections"]:
            raise InvalidInputError.unknown("key", key, self.document["selections"])
        found = self.document["selections"][key]["query"]
        return None if found is None else str(found)

    def to_dict(self) -> dict[str, Any]:
        """Return the document: plain JSON, without row numbers, small enough to be sent to a page.

        Returns
        -------
        dict
            A copy.
        """
        return dict(json.loads(self.to_json()))

    def to_json(self, indent: int | None = None) -> str:
        """Return the document as JSON; it has a version and a schema (`nutrition.schema.SCHEMA`)."""
        return json.dumps(self.document, ensure_ascii=False, indent=indent, allow_nan=False)

    @classmethod
    def from_json(cls, text: str | bytes | Mapping[str, Any]) -> NutritionLabel:
        """Read a label.

        Parameters
        ----------
        text : str, bytes or mapping
            As from :meth:`to_json`.

        Returns
        -------
        NutritionLabel
            Without row numbers: :meth:`rows` raises.

        Raises
        ------
        InvalidInputError
            No JSON, another format or version, or a document that is damaged; the place is named.
        """
        return cls(check_document(text))

    def to_report(self) -> Report:
        """Return the label as sections of text and tables."""
        from labelscope.reports.nutrition.text import report_of

        return report_of(self.document)

    def to_html(self) -> str:
        """Return one page: no network, no scripts; all text that came from data is escaped."""
        from labelscope.reports.nutrition.html import label_page

        return label_page(self.document)

    def to_markdown(self) -> str:
        """Return Markdown with tables; all text that came from data is escaped."""
        return self.to_report().to_markdown()

    def to_croissant(self) -> dict[str, Any]:
        """Return Croissant 1.1 metadata (JSON-LD) with the properties of its responsible-AI vocabulary.

        Returns
        -------
        dict
            Reviewers are counted and not named. What nobody stated is left out.
        """
        from labelscope.reports.nutrition.croissant import croissant_of

        return croissant_of(self.document)

    def diff(self, other: NutritionLabel) -> LabelDiff:
        """Compare this label, the one before, with a later one.

        Parameters
        ----------
        other : NutritionLabel

        Returns
        -------
        LabelDiff
        """
        from labelscope.reports.nutrition.diff import diff

        return diff(self, other)

    def with_metadata(self, **fields: Any) -> NutritionLabel:
        """Return the label with fields that people state filled in or changed; None empties one.

        Parameters
        ----------
        **fields
            As ``metadata`` of :func:`nutrition_label`; ``variables`` and ``classes`` add descriptions.

        Raises
        ------
        InvalidInputError, InvalidTypeError
            As there; ``kinds`` of columns have to be given when the label is made.
        """
        return replace(self, document=restated(self.document, fields))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the label.

        Parameters
        ----------
        path : path
            ``.html``, ``.md`` or ``.json``; ``croissant.json`` and ``….croissant.json`` are Croissant.

        Returns
        -------
        Path

        Raises
        ------
        InvalidInputError
            Another suffix.
        ExportError
            The file cannot be written.
        """
        target = Path(path).expanduser()
        check_label_path(target)
        if target.name.lower().endswith("croissant.json"):
            text = json.dumps(self.to_croissant(), ensure_ascii=False, indent=2) + "\n"
        else:
            makers = {".html": self.to_html, ".htm": self.to_html, ".md": self.to_markdown}
            suffix = target.suffix.lower()
            text = makers[suffix]() if suffix in makers else self.to_json(indent=2) + "\n"
        with replacing(target) as file:
            file.write(text.encode("utf-8", "backslashreplace"))
        return target

    def _repr_html_(self) -> str:
        from labelscope.reports.nutrition.html import label_fragment

        return label_fragment(self.document)

    def __str__(self) -> str:
        return self.to_markdown()

    def __repr__(self) -> str:
        return f"<NutritionLabel of {self.document['title']!r}: {len(self.alerts):,} alerts>"


def check_label_path(path: str | os.PathLike[str]) -> None:
    """Refuse a path that no label can be saved to; raises InvalidInputError."""
    suffix = Path(path).suffix.lower()
    if suffix not in _SUFFIXES:
        raise InvalidInputError.unknown("suffix of labels", suffix, _SUFFIXES)


def nutrition_label(
    source: Any,
    labels: Any = None,
    *,
    metadata: Mapping[str, Any] | None = None,
    reference: Any = None,
    pairs: Sequence[tuple[str, str]] | None = None,
    least_count: int = 5,
    level: float = 0.95,
    random_state: int = 0,
) -> NutritionLabel:
    """Make the nutrition label of a dataset.

    Parameters
    ----------
    source : Session, Audit, Dataset, frame, or what else a Dataset is made of
        An audit adds what is suspected, and a session what people decided; its label is about the labels as
        they are now.
    labels : column name or (n,) labels, optional
        For a frame or an array.
    metadata : mapping, optional
        What people state: ``license``, ``source``, ``author``, ``description``, ``url``, ``keywords`` …, the
        fields of Croissant's RAI vocabulary in snake case, descriptions of ``variables`` and ``classes`` by
        name, and ``kinds`` of columns, e.g. ``{"grade": "ordinal"}``. What is not stated is shown as such.
    reference : (n,) labels, Dataset, Audit, Session or mapping, optional
        A second labelling or a trusted part of the same rows, None where unknown; a dataset of other rows;
        or shares by class. ``{"name": …, "labels": …}`` gives it a name.
    pairs : sequence of (str, str), optional
        Variables to plot against each other: ``"label"``, ``"suspicion"``, ``"decision"``, methods, columns.
    least_count : int
        Rare values of text columns with many values are shown only with so many rows, since they may name
        people.
    level : float
        Coverage of the intervals made here.
    random_state : int
        Seed of permutation tests.

    Returns
    -------
    NutritionLabel

    Raises
    ------
    InvalidInputError, InvalidTypeError
        An argument that cannot be used: the message says what was given and what is needed.

    Notes
    -----
    Holland, Hosny, Newman, Joseph, Chmielinski: The Dataset Nutrition Label, 2018. Each number says whether
    it was measured (counted, or found by people) or estimated (by a model). Columns are tested for a
    connection with errors by permutation, with a false-discovery rule over all of them.

    Examples
    --------
    >>> import labelscope as ls, pyarrow as pa
    >>> frame = pa.table({"site": ["A", "A", "B", "B"], "kind": ["x", "y", "x", None]})
    >>> label = nutrition_label(frame, "kind")
    >>> label.modules["statistics"]["labels"]["figures"]["unlabelled"]["value"]
    1
    >>> NutritionLabel.from_json(label.to_json()).to_json() == label.to_json()
    True
    """
    _check(least_count, level, pairs, random_state)
    stated = checked(metadata)
    if isinstance(source, Session):
        with source.ledger.lock:
            return _label(source, labels, stated, reference, pairs, (least_count, level, random_state))
    return _label(source, labels, stated, reference, pairs, (least_count, level, random_state))


def _label(
    source: Any,
    labels: Any,
    stated: dict[str, Any],
    reference: Any,
    pairs: Sequence[tuple[str, str]] | None,
    settings: tuple[int, float, int],
) -> NutritionLabel:
    least_count, level, random_state = settings
    subject = subject_of(source, labels, stated.get("kinds", {}))
    truth = read_reference(subject, reference)
    selections = Selections()
    wrong = None if truth is None or truth.targets is not None else disagreement(subject, truth)
    measured = None if wrong is None or truth is None else against_reference(subject, wrong, truth.name)
    repeats = find_repeats(subject)
    modules = {
        "metadata": metadata_module(subject, stated, selections),
        "provenance": provenance_module(subject, stated, selections),
        "variables": variables_module(subject, stated, selections),
        "statistics": statistics_module(subject, repeats, least_count, selections),
        "pair_plots": pairs_module(subject, pairs, least_count, selections),
        "probabilistic_model": model_module(
            subject, measured or subject.errors, random_state=random_state, level=level, selections=selections
        ),
        "ground_truth": truth_module(subject, truth, level, selections),
    }
    responsible = {name: stated.get(name) for name in RESPONSIBLE}
    document: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "title": stated.get("file") or subject.dataset.name,
        "modules": modules,
        "responsible_use": {**responsible, **{name: stated.get(name) for name in PLACE}},
        "label_quality": quality_block(subject, measured, level, selections),
    }
    document["alerts"] = alerts_of(subject, document, repeats, selections)
    document["selections"] = {key: {"n": found.n, "query": found.query} for key, found in selections.items()}
    return NutritionLabel(document, selections)


def _check(least_count: Any, level: Any, pairs: Any, random_state: Any) -> None:
    check_seed(random_state)
    whole = isinstance(least_count, int) and not isinstance(least_count, bool)
    if not whole or least_count < 1:
        raise InvalidInputError(
            f"least_count is {least_count!r}.", "Give a number of rows from 1, such as 5."
        )
    if isinstance(level, bool) or not isinstance(level, float) or not 0 < level < 1:
        raise InvalidInputError(f"level is {level!r}.", "Give a share between 0 and 1, such as 0.95.")
    if pairs is not None and (isinstance(pairs, str) or not isinstance(pairs, Sequence)):
        raise InvalidTypeError(f"pairs is {pairs!r:.60}.", 'Pass pairs of names: [("label", "age")].')

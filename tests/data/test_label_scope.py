"""Labels of parts of a row are named and refused, with the tools that do them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from labelscope.data.labels import decide_task, encode
from labelscope.errors import InvalidTypeError, TaskError

OUT: dict[str, tuple[Any, str]] = {
    "pixels": (np.zeros((3, 4, 4), dtype=int), "every pixel.*(?s:.*)CVAT"),
    "masks": ([np.zeros((4, 4))] * 2, "masks.*(?s:.*)CVAT"),
    "boxes in mappings": ([{"bbox": [0, 0, 1, 1], "label": "a"}], "bounding boxes.*(?s:.*)FiftyOne"),
    "lists of boxes": ([[{"bbox": [0, 0, 1, 1]}], []], "bounding boxes"),
    "four numbers": ([[[0, 0, 1, 1]], [[1, 1, 2, 2], [0, 0, 3, 3]]], "bounding boxes"),
    "outlines": ([{"segmentation": [[0, 0, 1, 1]]}], "outlines"),
    "spans in mappings": ([[{"start": 0, "end": 3, "label": "PER"}], []], "spans.*(?s:.*)Argilla"),
    "spans in tuples": ([[(0, 3, "PER")], []], "spans.*(?s:.*)doccano"),
    "tokens": ([["O", "B-PER", "I-PER"], ["O"]], "per token"),
    "series of mappings": (pd.Series([{"boxes": []}, {"boxes": []}]), "bounding boxes"),
    "polars structs": (pl.Series([[{"start": 0, "end": 1}], []]), "spans"),
}


@pytest.mark.parametrize("case", OUT)
@pytest.mark.parametrize("task", [None, "multilabel", "classification"])
def test_parts_of_rows_are_out_of_scope(case: str, task: str | None) -> None:
    given, match = OUT[case]
    with pytest.raises(TaskError, match=match) as caught:
        encode(given, task=task)
    assert "out of scope" in caught.value.message


def test_other_mappings_are_no_labels() -> None:
    with pytest.raises(InvalidTypeError, match=r"(?s)label, score.*row\['label'\]"):
        encode([{"label": "a", "score": 0.5}])


def test_the_task_is_decided_where_it_is_plain() -> None:
    assert decide_task([1, 2, None]) == "classification"
    assert decide_task([{"O"}, {"B-PER"}]) == "multilabel"
    assert decide_task([["O-ring", "bolt"], ["O"]]) == "multilabel"
    assert decide_task([0.5, None]) == "regression"
    assert decide_task(["a"], task="concepts") == "concepts"

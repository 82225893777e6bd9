"""Which commands and requests there are, and what each takes; by area, each name once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labelscope.review.severity import CATEGORIES, SEVERITIES, VERDICTS
from labelscope.widget.readers import (
    REQUIRED,
    Reader,
    maybe,
    one_of,
    read_cards,
    read_count,
    read_fix,
    read_flag,
    read_label,
    read_labels,
    read_names,
    read_number,
    read_options,
    read_row,
    read_rows,
    read_share,
    read_size,
    read_source,
    read_tags,
    read_text,
    read_wrong,
)

#: Name of an argument to how it is read, and its default.
Fields = Mapping[str, tuple[Reader, Any]]

_ROWS: Fields = {"rows": (read_rows, REQUIRED)}
_ROW: Fields = {"row": (read_row, REQUIRED)}
_TOKEN: Fields = {"token": (read_text, REQUIRED)}
_MEAN: Fields = {"mean": (one_of("suggested", "given"), REQUIRED)}

_DECISIONS: Mapping[str, Fields] = {
    "relabel": {
        **_ROWS,
        "to": (read_label, REQUIRED),
        "new_class": (read_flag, False),
        "source": (read_source, "widget"),
    },
    "accept": _ROWS,
    "keep": _ROWS,
    "unsure": _ROWS,
    "exclude": _ROWS,
    "accept_set": {**_ROW, "labels": (read_labels, REQUIRED), "new_class": (read_flag, False)},
    "tag": {**_ROWS, "tags": (read_tags, REQUIRED)},
    "note": {**_ROW, "text": (read_text, REQUIRED)},
    "undo": {},
    "redo": {},
}
_TAGS: Mapping[str, Fields] = {
    "add_tags": {**_ROWS, "tags": (read_names, REQUIRED)},
    "remove_tags": {**_ROWS, "tags": (read_names, REQUIRED)},
    "accept_proposals": {**_ROW, "variables": (read_names, REQUIRED)},
    "fix_similar": {**_ROWS, **_ROW, "fix": (read_fix, REQUIRED)},
}
_MANY_AT_ONCE: Mapping[str, Fields] = {
    "accept_rest": _TOKEN,
    "page_done": {
        **_ROWS,
        **_MEAN,
        **_TOKEN,
        "wrong": (read_wrong, REQUIRED),
        "seconds": (read_number, REQUIRED),
        "idle": (read_number, 0.0),
    },
    "plan_seat": {"plan": (read_text, REQUIRED), "reviewer": (read_text, REQUIRED)},
    "plan_withdraw": {"plan": (read_text, REQUIRED)},
    "control_answer": {
        **_ROW,
        "id": (read_text, REQUIRED),
        "verdict": (one_of("accept", "keep", "relabel", "unsure"), REQUIRED),
        "to": (read_label, None),
    },
}
_REPORTED: Mapping[str, Fields] = {
    "accept_bulk": {**_ROWS, "plan": (read_text, REQUIRED)},
    "ask_teacher": {},
    "vote": {**_ROW, "answer": (one_of("first", "second", "both", "neither", "unsure"), REQUIRED)},
    "judge_mistake": {
        **_ROW,
        "prediction": (read_label, REQUIRED),
        "verdict": (one_of(*VERDICTS), REQUIRED),
        "category": (maybe(one_of(*CATEGORIES)), None),
        "severity": (maybe(one_of(*SEVERITIES)), None),
        "settled": (read_flag, False),
    },
}
_SETTINGS: Mapping[str, Fields] = {
    "set_gate": {"at": (read_share, REQUIRED)},
    "reset_gate": {},
    "set_options": {
        "control_rate": (maybe(read_share), None),
        "reveal": (maybe(one_of("at_once", "after_answer")), None),
        "live": (maybe(read_flag), None),
    },
    "save_filter": {"filter": (read_text, REQUIRED), "query": (read_text, REQUIRED)},
    "drop_filter": {"filter": (read_text, REQUIRED)},
}
COMMANDS: Mapping[str, Fields] = {**_DECISIONS, **_TAGS, **_MANY_AT_ONCE, **_REPORTED, **_SETTINGS}

_MEDIA: Mapping[str, Fields] = {
    "cards": {"rows": (read_cards, REQUIRED), "size": (read_size, 96)},
    "detail": _ROW,
    "media": {**_ROW, "size": (read_size, 512)},
    "spectrogram": {**_ROW, "width": (read_size, 512), "height": (read_size, 128)},
}
_FINDING: Mapping[str, Fields] = {
    "queue": {"policy": (read_text, "")},
    "search": {"query": (read_text, REQUIRED)},
    "similar": _ROW,
    "exemplars": {"code": (read_count, REQUIRED), "n": (read_count, 8)},
    "columns": {},
    "column": {"column": (read_text, REQUIRED)},
    "query": {"text": (read_text, REQUIRED)},
    "complete": {"text": (read_text, REQUIRED), "cursor": (read_count, REQUIRED)},
}
_REVIEW: Mapping[str, Fields] = {
    "rescore": {},
    "gate": {},
    "estimate": {},
    "check": {
        "given": (read_label, REQUIRED),
        "suggested": (read_label, REQUIRED),
        "precision": (read_share, 0.9),
    },
    "check_state": _TOKEN,
    "preview": {**_ROWS, "to": (read_label, REQUIRED)},
    "page_control": {**_ROWS, **_MEAN},
    "plan": {
        "queue": (read_flag, False),
        "of": (read_text, ""),
        "page": (maybe(read_count), None),
    },
}
_CUT: Fields = {
    "tag": (read_text, REQUIRED),
    "side": (one_of("missing", "spurious"), REQUIRED),
    "threshold": (read_share, REQUIRED),
}
_TAG_REVIEW: Mapping[str, Fields] = {
    "tag_counts": {},
    "accept_tag_cut": _CUT,
    "tag_check": {**_CUT, "precision": (read_share, 0.9)},
    "conditionals": {},
    "similar_fixes": {**_ROWS, **_ROW, "fix": (read_fix, REQUIRED)},
    "propagate": {**_ROW, "fix": (read_fix, REQUIRED)},
    "accept_preview": _ROWS,
}
_NAMED: Fields = {"report": (read_text, REQUIRED)}
_REPORTS: Mapping[str, Fields] = {
    "reports": {},
    "report": {**_NAMED, "options": (read_options, {})},
    "report_state": {**_NAMED, "job": (read_text, REQUIRED)},
    "report_cancel": {"job": (read_text, REQUIRED)},
    "report_rows": {**_NAMED, "key": (read_text, REQUIRED)},
    "report_file": _NAMED,
    "bulk": {"plan": (read_text, REQUIRED)},
    "queues": {},
    "overlay": {},
    "ballot": _ROW,
    "mistake": {**_ROW, "discuss": (read_flag, False)},
    "major_slice": {"slice": (read_text, REQUIRED), "min_models": (read_count, 0)},
}
_FILES: Mapping[str, Fields] = {"export": {"format": (read_text, REQUIRED)}, "packet": {}}
REQUESTS: Mapping[str, Fields] = {
    **_MEDIA,
    **_FINDING,
    **_REVIEW,
    **_TAG_REVIEW,
    **_REPORTS,
    **_FILES,
}

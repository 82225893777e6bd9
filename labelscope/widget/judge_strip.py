"""What judges say of one row, for the inspector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labelscope.review.judges import Judges, judges_of
from labelscope.widget.messages import plain_number

if TYPE_CHECKING:
    from labelscope.review.session import Session

Json = dict[str, Any]

_MAX_JUDGES = 50


def judges_json(session: Session, row: int) -> Json:
    """Return ``judges``: each one's answer, or why there is none, and their verdict; empty without judges."""
    judges = judges_of(session)
    if judges is None:
        return {}
    votes = judges.votes[row]
    said = [
        {
            "name": name,
            "code": int(votes[judge]),
            "sure": _number(judges.sureness(row, judge)),
            "silence": judges.silence(row, judge),
            "about": _about(judges, judge),
        }
        for judge, name in enumerate(judges.names[:_MAX_JUDGES])
    ]
    return {
        "judges": {
            "said": said,
            "more": max(0, len(judges) - _MAX_JUDGES),
            "code": int(judges.verdict[row]),
            "sure": plain_number(judges.confidence[row]),
        }
    }


def _about(judges: Judges, judge: int) -> str:
    """Say what answered, how it was asked, and what that cost."""
    facts, model, prompt = judges.about[judge], judges.models[judge], judges.prompts[judge]
    cost, seconds = facts.get("cost"), facts.get("latency_s")
    parts = [
        f"model {model}" if model not in ("", judges.names[judge]) else "",
        f"prompt {prompt}" if prompt else "",
        f"asked at {facts['host']}" if facts.get("host") else "",
        "learned from the labels of other rows" if facts.get("learns") else "",
        f"cost {cost:.4g} for all rows" if cost else "",
        f"{seconds:.2g} s for all rows" if seconds else "",
    ]
    return ", ".join(part for part in parts if part)


def _number(value: float | None) -> Any:
    return None if value is None else plain_number(value)

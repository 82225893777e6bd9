"""Carry out what a page commands: one call of the session each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from labelscope.widget.messages import Json, Message

if TYPE_CHECKING:
    from labelscope.review.events import Event
    from labelscope.widget.shared import Shared

#: Decisions of one row at a time, after which a control may be due.
_DECIDING = frozenset(
    {"relabel", "accept", "keep", "unsure", "exclude", "accept_set", "add_tags", "remove_tags"}
)


def run(shared: Shared, message: Message) -> Json:
    """Carry out a command; its events are on disk when this returns.

    Parameters
    ----------
    shared : Shared
        Of the session's views.
    message : Message
        A checked command.

    Returns
    -------
    dict
        ``rows``: how many rows the command touched; ``batch``: the undo step, or None when nothing changed;
        ``control``: what to show next instead of the queue, or None.
    """
    name, args = message.name, message.args
    if name == "control_answer":
        return shared.judging.control_answer(**args)
    if name in _SETTINGS:
        _SETTINGS[name](shared, **args)
        return {"rows": 0, "batch": None}
    happened = _decide(shared, name, args)
    touched = {row for event in happened for row in event.rows}
    data: Json = {"rows": len(touched), "batch": happened[-1].batch if happened else None}
    if name in _DECIDING and len(touched) == 1:
        control = shared.judging.next_control()
        if control is not None:
            data["control"] = control
    return data


def _decide(shared: Shared, name: str, args: Json) -> tuple[Event, ...]:
    session = shared.session
    planned: dict[str, Callable[..., tuple[Event, ...]]] = {
        "accept_rest": shared.judging.accept_rest,
        "page_done": shared.judging.page_done,
        "plan_seat": shared.planning.plan_seat,
        "plan_withdraw": shared.planning.plan_withdraw,
        "accept_bulk": shared.reporting.accept_bulk,
        "ask_teacher": shared.reporting.ask_teacher,
        "vote": shared.voting.vote,
        "judge_mistake": shared.mistaken.judge,
    }
    if name in planned:
        return planned[name](**args)
    if name == "relabel":
        return session.relabel(args["rows"], args["to"], new_class=args["new_class"], source=args["source"])
    if name == "accept":
        return session.accept(args["rows"], source="suggestion")
    if name == "accept_set":
        return session.accept_set(args["row"], args["labels"], new_class=args["new_class"], source="widget")
    if name in ("add_tags", "remove_tags"):
        change = session.add_tags if name == "add_tags" else session.remove_tags
        return change(args["rows"], args["tags"], source="widget")
    if name == "accept_proposals":
        from labelscope.review.proposals import accept_proposals

        return accept_proposals(session, args["row"], args["variables"])
    if name == "fix_similar":
        from labelscope.review.similar_fixes import fix_similar

        return fix_similar(session, args["rows"], args["row"], args["fix"])
    if name == "tag":
        return session.tag(args["rows"], source="widget", **args["tags"])
    if name == "note":
        return session.note(args["row"], args["text"], source="widget")
    if name in ("undo", "redo"):
        return (session.undo if name == "undo" else session.redo)(source="widget")
    plain = {"keep": session.keep, "unsure": session.unsure, "exclude": session.exclude}
    return plain[name](args["rows"], source="widget")


def _set_gate(shared: Shared, at: float) -> None:
    from labelscope.review.gates import set_gate

    set_gate(shared.session, at)


def _reset_gate(shared: Shared) -> None:
    from labelscope.review.gates import reset_gate

    reset_gate(shared.session)


def _set_options(shared: Shared, **options: Any) -> None:
    from labelscope.review.controls import checked_rate

    if options.get("control_rate") is not None:
        checked_rate(options["control_rate"])
    shared.settings.set(**options)


def _save_filter(shared: Shared, filter: str, query: str) -> None:
    shared.settings.save_filter(filter, query)


def _drop_filter(shared: Shared, filter: str) -> None:
    shared.settings.drop_filter(filter)


_SETTINGS: dict[str, Callable[..., None]] = {
    "set_gate": _set_gate,
    "reset_gate": _reset_gate,
    "set_options": _set_options,
    "save_filter": _save_filter,
    "drop_filter": _drop_filter,
}

"""Carry out what a page commands: one call of the session each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelscope.widget.messages import Json, Message

if TYPE_CHECKING:
    from labelscope.review.events import Event
    from labelscope.review.session import Session


def run(session: Session, message: Message) -> Json:
    """Carry out a command; its events are on disk when this returns.

    Parameters
    ----------
    session : Session
    message : Message
        A checked command.

    Returns
    -------
    dict
        ``rows``: how many rows the command touched; ``batch``: the undo step, or None when nothing changed.
    """
    args = message.args
    happened: tuple[Event, ...]
    if message.name == "relabel":
        happened = session.relabel(
            args["rows"], args["to"], new_class=args["new_class"], source=args["source"]
        )
    elif message.name == "note":
        happened = session.note(args["row"], args["text"], source="widget")
    elif message.name == "undo":
        happened = session.undo(source="widget")
    elif message.name == "redo":
        happened = session.redo(source="widget")
    elif message.name == "accept":
        happened = session.accept(args["rows"], source="suggestion")
    else:
        decide = {"keep": session.keep, "unsure": session.unsure, "exclude": session.exclude}[message.name]
        happened = decide(args["rows"], source="widget")
    touched = {row for event in happened for row in event.rows}
    return {"rows": len(touched), "batch": happened[-1].batch if happened else None}

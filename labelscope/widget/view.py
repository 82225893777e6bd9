"""The widget: a picture of a session and a source of commands. Traits and wiring only; it owns no label."""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from labelscope.errors import InvalidInputError, InvalidTypeError, LabelscopeError, MissingBundleError
from labelscope.widget import messages
from labelscope.widget.desk import Desk
from labelscope.widget.interrupts import held_back
from labelscope.widget.loops import LoopPost, running_loop
from labelscope.widget.messages import Json
from labelscope.widget.picture import edits, picture
from labelscope.widget.rows import pack_mask, unpack_mask
from labelscope.widget.static import static_html
from labelscope.widget.telling import Teller
from labelscope.widget.traits import CurrentRow, SelectedRows

if TYPE_CHECKING:
    from labelscope.auditing.audit import Audit
    from labelscope.review.session import Session
    from labelscope.widget.frame_columns import FrameColumns

BUNDLE = Path(__file__).parent.parent / "static" / "widget.js"
COLOR_BY = ("given", "current", "suggested", "suspicion", "state")
THEMES = ("auto", "light", "dark")
RENDERERS = ("auto", "webgl2", "raster")
#: Above this many edited rows, the trait that saves them follows within a second instead of at once.
_MANY_EDITS = 5_000

_log = logging.getLogger(__name__)


class View(anywidget.AnyWidget):
    """Look at suspected labels and fix them, in the notebook.

    Parameters
    ----------
    audit_or_session : Audit or Session
        A session is made for an audit. Several views of one session stay in step.
    height : int
        Height in CSS pixels, 240 to 4,000.
    color_by : {"given", "current", "suggested", "suspicion", "state"}
        What colors the points at first.
    theme : {"auto", "light", "dark"}
    renderer : {"auto", "webgl2", "raster"}
        How the points are drawn; auto takes the faster one of this machine.
    reviewer : str, optional
        Who decides; goes into the journal.
    journal : {"auto"}, path or None
        Where decisions are written; None keeps them in memory.

    Attributes
    ----------
    session : Session
    selection : (m,) int64
        Selected rows, sorted; takes row numbers, a slice or a mask. One change per gesture: observe it.
    current : int or None
        The row under the cursor.

    Raises
    ------
    InvalidInputError
        An unknown option, or ``reviewer`` and ``journal`` together with a session.
    MissingBundleError
        The package was installed from source without its JavaScript.

    Examples
    --------
    >>> import labelscope as ls
    >>> from sklearn.datasets import load_digits
    >>> images, labels = load_digits(return_X_y=True)
    >>> view = ls.View(ls.audit(images.reshape(-1, 8, 8), labels), journal=None)
    >>> view.selection = [5, 3]
    >>> view.selection
    array([3, 5])
    """

    if BUNDLE.is_file():
        _esm: Any = BUNDLE

    _picture = traitlets.Dict().tag(sync=True)
    _edits = traitlets.Dict().tag(sync=True)
    _options = traitlets.Dict().tag(sync=True)
    # memoryview from JupyterLab, bytes from marimo: traitlets.Bytes would refuse the first
    _selection = traitlets.Any(b"").tag(sync=True, echo_update=False)
    current = CurrentRow().tag(sync=True)
    selection = SelectedRows()

    def __init__(
        self,
        audit_or_session: Audit | Session,
        *,
        height: int = 640,
        color_by: str = "given",
        theme: str = "auto",
        renderer: str = "auto",
        reviewer: str | None = None,
        journal: Any = "auto",
    ) -> None:
        options = _checked_options(height=height, color_by=color_by, theme=theme, renderer=renderer)
        _require_bundle(self)
        self._session = _session_of(audit_or_session, reviewer, journal)
        self._desk = Desk(self._session)
        self._post = LoopPost()
        self._map_thread: threading.Thread | None = None
        self._edits_due = False
        audit = self._session.audit
        super().__init__(
            _picture=picture(audit, with_map=audit.has_map, session=self._session),
            _edits=edits(self._session),
            _options={
                **options,
                "reviewer": str(self._session.reviewer or ""),
                "reveal": self._desk.answers.shared.settings.reveal,
            },
            _selection=pack_mask(self.selection, self.n_rows),
        )
        self.on_msg(_receive)
        self.observe(_mask_to_rows, "_selection")
        self.observe(_rows_to_mask, "selection")
        self._unsubscribe: Callable[[], None] | None = self._session.subscribe(_listener(self))
        self._teller = Teller(self, self._desk.answers, self._post)
        self._desk.answers.shared.join(self._teller)

    @property
    def session(self) -> Session:
        """The session that this view shows."""
        return self._session

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return int(self._session.audit.n)

    def give(self, **named: Any) -> None:
        """Hand over what the reports and queues of this view cannot know of themselves.

        Parameters
        ----------
        **named
            ``models``: predictions by the name of the model; ``experts``, ``crowd`` and ``judges``: answers,
            (n, raters) or (n,), with ``truth`` and ``costs``; ``prior_probs``: (n, K), for the budget;
            ``metadata`` and ``reference``: for the nutrition label, as `reports.nutrition_label` takes them;
            ``plan``: a review plan, or the path of a saved one, whose pages ``g`` goes through;
            ``validation``: a `reports.ValidationSession`; ``mistakes``: a `reports.MistakeReview`;
            ``teacher``: a function of rows that returns their labels. None takes one back.

        Raises
        ------
        InvalidInputError, InvalidTypeError
            An unknown name, or something that does not fit the rows.

        Examples
        --------
        >>> import labelscope as ls
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True)
        >>> view = ls.View(ls.audit(X, y), journal=None)
        >>> view.give(models={"always 0": 0 * y, "perfect": y})
        """
        self._desk.answers.shared.given.give(**named)
        # Pages ask again which queues can be had.
        self._desk.answers.shared.tell_settings()
        if "judges" in named:
            self._desk.answers.shared.tell_columns()

    def set_state(self, sync_data: Json) -> None:
        """Take what a page changed; what cannot be taken is refused with a notice in the page."""
        try:
            super().set_state(sync_data)
        except (LabelscopeError, traitlets.TraitError) as problem:
            self.send(messages.notice(problem))

    def close(self) -> None:
        """Remove the view from all pages and let go of the session, which lives on."""
        stop, self.__dict__["_unsubscribe"] = self.__dict__.get("_unsubscribe"), None
        if stop is not None:
            stop()
        teller = self.__dict__.get("_teller")
        if teller is not None:
            self._desk.answers.shared.leave(teller)
        super().close()

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        self._want_map()
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return None
        data, metadata = bundle
        try:
            shared = self._desk.answers.shared
            data["text/html"] = static_html(self._session, self._desk.answers.thumbnails, veil=shared.veil)
        except Exception:  # the widget itself is shown all the same
            _log.exception("the static picture could not be drawn")
        return data, metadata

    def __repr__(self) -> str:
        counts = self._session.progress()
        name = self._session.audit.dataset.name
        return f"<View of {name!r}: {self.n_rows:,} rows, {counts.reviewed:,} reviewed>"

    # -- from the session to the pages ------------------------------------------------------------------

    def _broadcast(self, happened: Sequence[Any]) -> None:
        session = self._session
        message = messages.events(
            [event.to_json() for event in happened],
            session.progress(),
            can_undo=bool(session.can_undo),
            can_redo=bool(session.can_redo),
            saved=session.journal_path is not None,
        )
        self._post(lambda: self._tell(message))

    def _tell(self, message: Json) -> None:
        if self.comm is None:
            return
        self.send(message)
        if self._edits_due:
            return
        loop = running_loop()
        if loop is None or len(self._edits.get("state", b"")) < _MANY_EDITS:
            self._edits = edits(self._session)
        else:
            self._edits_due = True
            loop.call_later(1.0, self._save_edits)

    def _save_edits(self) -> None:
        self._edits_due = False
        if self.comm is not None:
            self._edits = edits(self._session)

    # -- the map, which may take seconds ----------------------------------------------------------------

    def _want_map(self) -> None:
        """Make the map in the background once somebody looks; a script that only makes a view never waits."""
        if self._map_thread is not None or self._session.audit.has_map:
            if self._session.audit.has_map:
                self._show_map()
            return
        self._map_thread = threading.Thread(
            target=_make_map, args=(weakref.ref(self), self._session.audit, self._post), name="labelscope-map"
        )
        self._map_thread.start()

    def _show_map(self) -> None:
        columns = self._picture.get("columns", {})
        if self.comm is not None and columns.get("x") is None:
            self._picture = picture(self._session.audit, with_map=True, session=self._session)


def _receive(view: View, content: Any, buffers: Sequence[Any]) -> None:
    """Answer a page's message; anywidget's own commands pass by."""
    if isinstance(content, dict) and content.get("kind") == "anywidget-command":
        return
    shared = view._desk.answers.shared
    deciding = isinstance(content, dict) and content.get("type") == "command"
    with held_back() if deciding else nullcontext():
        answer, attached = view._desk.handle(content, buffers)
        view.send(answer, attached or None)
    if view.comm is not None:
        shared.alive()
    if isinstance(content, dict) and content.get("type") == "hello" and answer["type"] == "reply":
        view._teller.greeted()
        if not shared.columns.complete:
            _read_columns(weakref.ref(view._teller), shared.columns)
        view._want_map()


def _read_columns(teller: weakref.ref[Teller], columns: FrameColumns) -> None:
    """Read the columns of a large frame in a thread, and tell the page then."""

    def read() -> None:
        infos = columns.infos()
        found = teller()
        if found is not None:
            found.told_columns(infos)

    threading.Thread(target=read, name="labelscope-columns", daemon=True).start()


def _listener(view: View) -> Callable[[Any], None]:
    """Return a callback that does not keep the view alive, and never fails in the session's face."""
    reference = weakref.ref(view)

    def listen(happened: Any) -> None:
        found = reference()
        if found is None:
            return
        try:
            found._broadcast(happened)
        except Exception:  # the decision is recorded; a page that cannot be told must not undo that
            _log.exception("a view could not be told of new events")

    return listen


def _make_map(reference: weakref.ref[View], audit: Audit, post: LoopPost) -> None:
    """Run in a thread: make the map, then tell the view in its own thread, if it still exists."""
    problem: Exception | None = None
    try:
        _ = audit.map
    except Exception as raised:
        problem = raised

    def tell() -> None:
        view = reference()
        if view is None or view.comm is None:
            return
        if problem is None:
            view._show_map()
        else:
            view.send(messages.notice(problem, level="warning"))

    post(tell)


def _mask_to_rows(change: Any) -> None:
    view: View = change["owner"]
    rows = unpack_mask(change["new"], view.n_rows)
    view.selection = rows


def _rows_to_mask(change: Any) -> None:
    view: View = change["owner"]
    mask = pack_mask(change["new"], view.n_rows)
    if bytes(view._selection) != mask:
        view._selection = mask


def _checked_options(**options: Any) -> Json:
    for name, known in (("color_by", COLOR_BY), ("theme", THEMES), ("renderer", RENDERERS)):
        if options[name] not in known:
            raise InvalidInputError.unknown(name, options[name], known)
    height = options["height"]
    if isinstance(height, bool) or not isinstance(height, int) or not 240 <= height <= 4_000:
        raise InvalidInputError(f"height is {height!r}.", "Give whole pixels from 240 to 4,000.")
    return options


def _require_bundle(view: View) -> None:
    if hasattr(view, "_esm"):
        return
    if not BUNDLE.is_file():
        raise MissingBundleError(
            "The widget's JavaScript is missing: labelscope/static/widget.js has not been built.",
            "In a clone, run `make build` (needs Node 20); or install a wheel: pip install labelscope.",
        )
    view._esm = BUNDLE.read_text(encoding="utf-8")  # built after this module was imported


def _session_of(source: Audit | Session, reviewer: str | None, journal: Any) -> Session:
    from labelscope.auditing.audit import Audit
    from labelscope.review.session import Session

    if isinstance(source, Audit):
        return Session(source, journal=journal, reviewer=reviewer)
    if not isinstance(source, Session):
        raise InvalidTypeError(
            f"A view shows an Audit or a Session, but this is a {type(source).__name__}.",
            "Write ls.view(ls.audit(data, labels)).",
        )
    if reviewer is not None or journal != "auto":
        raise InvalidInputError(
            "This session has its reviewer and journal already.",
            "Set them where the session is made: ls.Session(audit, journal=..., reviewer=...).",
        )
    return source

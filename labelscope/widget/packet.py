"""A packet: one HTML file in which a colleague reviews without Python and without a network.

The widget, a kernel in the page and the data are in the file; its Content-Security-Policy forbids every
connection. The colleague downloads a journal, which ``session.merge`` takes back.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.errors import LabelscopeError, MissingBundleError
from labelscope.review.files import replacing
from labelscope.review.journal_lines import Header
from labelscope.types import IntArray
from labelscope.widget.cards import card, detail
from labelscope.widget.columns import sample_rows
from labelscope.widget.judging import gate_json
from labelscope.widget.picture import picture
from labelscope.widget.shared import shared_of
from labelscope.widget.task_columns import pack_attributes
from labelscope.widget.thumbnails import Thumbnails

if TYPE_CHECKING:
    from labelscope.auditing.audit import Audit
    from labelscope.review.session import Session

BUNDLE = Path(__file__).parent.parent / "static" / "packet.js"
FORMAT = 1
MAX_ROWS = 2_000
MAX_BYTES = 25_000_000
#: The map of more rows is not made just for a packet.
_MAX_MAP = 20_000
_MAX_COLUMN_BYTES = 2_000_000
_PIXELS, _NEIGHBOR_PIXELS = 256, 96
_NEIGHBORS = 4
_MAX_TEXT = 100_000

Json = dict[str, Any]

_STYLE = """
:root{color-scheme:light dark;--bg:#fff;--ink:#1b1f24;--ink2:#59636e;--line:#d8dee4;--accent:#0a5fb4}
@media (prefers-color-scheme:dark){:root{--bg:#0f1317;--ink:#e6eaee;--ink2:#9aa6b2;--line:#2b333b;
 --accent:#7db7f5}}
body{margin:0;font:14px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;color:var(--ink);
 background:var(--bg)}
.start{max-width:34em;margin:12vh auto 0;padding:0 16px}
.start h1{font-size:20px;overflow-wrap:anywhere}
label{display:block;margin:16px 0 8px}
input{display:block;margin-top:4px;font:inherit;padding:6px 8px;width:20em;max-width:100%;
 box-sizing:border-box}
button{font:inherit;padding:6px 14px;border-radius:6px;border:1px solid var(--line);background:none;
 color:inherit;cursor:pointer}
button:hover{border-color:var(--accent)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.bar{display:flex;flex-wrap:wrap;gap:4px 16px;align-items:center;padding:6px 12px;
 border-bottom:1px solid var(--line)}
.bar .count{margin-left:auto;color:var(--ink2)}
.bar strong{max-width:40ch;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
"""


def packet_html(session: Session, *, max_rows: int = MAX_ROWS, max_bytes: int = MAX_BYTES) -> str:
    """Return a packet of a session.

    Parameters
    ----------
    session : Session
    max_rows : int
        Most rows that come along with their media, in the order of the queue.
    max_bytes : int
        Most bytes of the data; what does not fit is left out, and the page says so.

    Returns
    -------
    str
        HTML. Without scripts of its own making it shows nothing; all data in it is inert JSON.

    Raises
    ------
    MissingBundleError
        The package was installed from source without its JavaScript.
    """
    script = _script()
    name = str(session.audit.dataset.name)
    policy = (
        f"default-src 'none'; script-src 'sha256-{_digest(script)}'; style-src 'unsafe-inline'; "
        "img-src blob: data:; media-src blob: data:; base-uri 'none'; form-action 'none'"
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Review {escape(name)}</title>\n<style>{_STYLE}</style></head>\n"
        '<body><div id="packet"><p class="start">This page needs JavaScript, which is switched off here.</p>'
        "</div>\n"
        f'<script type="application/json" id="packet-data">{inert(packet_data(session, max_rows, max_bytes))}'
        f"</script>\n<script>{script}</script></body></html>\n"
    )


def write_packet(source: Audit | Session, path: Path) -> Path:
    """Write a packet.

    Parameters
    ----------
    source : Audit or Session
    path : Path

    Returns
    -------
    Path

    Raises
    ------
    ExportError
        The file cannot be written.
    MissingBundleError
        The package was installed from source without its JavaScript.
    """
    from labelscope.auditing.audit import Audit
    from labelscope.review.session import Session

    session = Session(source, journal=None) if isinstance(source, Audit) else source
    target = path.expanduser()
    data = packet_html(session).encode("utf-8", "backslashreplace")
    with replacing(target) as file:
        file.write(data)
    return target


def packet_data(session: Session, max_rows: int = MAX_ROWS, max_bytes: int = MAX_BYTES) -> Json:
    """Return what a packet holds: ``PacketData`` of ``js/src/packet/data.ts``."""
    session.poll()
    dataset = session.audit.dataset
    queue = np.asarray(session.queue(), dtype=np.int64)
    content = _Content(session, max_bytes)
    for row in queue[:max_rows]:
        if not content.add(int(row)):
            break
    content.add_neighbors()
    rows = np.array(sorted(content.cards), dtype=np.int64)
    return {
        "format": FORMAT,
        "header": Header.of(dataset).to_line().decode("ascii").rstrip("\n"),
        "fingerprint": dataset.fingerprint,
        "name": str(dataset.name),
        "picture": _picture(session, rows),
        "events": [event.to_json() for event in session.events],
        "order": _base64(_order(session, queue, content.taken).astype("<u4").tobytes()),
        "cards": [content.cards[row] for row in sorted(content.cards)],
        "thumbs": content.thumbs,
        "media": content.media,
        "details": content.details,
        "columns": _columns(session),
        "gate": gate_json(session),
        "notice": content.notice(len(queue)),
        "options": {
            "color_by": "given",
            "theme": "auto",
            "renderer": "auto",
            "reveal": shared_of(session).settings.reveal,
        },
    }


def inert(data: Json) -> str:
    r"""Return JSON that no HTML parser can take for anything else: no ``<`` in it, ASCII only.

    Examples
    --------
    >>> print(inert({"a": "</script><!--"}))
    {"a":"\u003c/script>\u003c!--"}
    """
    return json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


class _Content:
    """Collects rows until the bytes are used up."""

    def __init__(self, session: Session, max_bytes: int) -> None:
        self._session = session
        self._left = max_bytes
        self._thumbnails = Thumbnails(session.audit.dataset.media)
        self._ranks = _ranks(session)
        self._facts = shared_of(session).facts
        self.taken: list[int] = []
        self.cards: dict[int, Json] = {}
        self.thumbs: dict[str, str] = {}
        self.media: dict[str, Json] = {}
        self.details: dict[str, Json] = {}

    def add(self, row: int) -> bool:
        """Take a row with all there is about it; False when it does not fit any more."""
        found = detail(self._session, row, int(self._ranks[row]), self._thumbnails, self._facts)
        for name in ("history", "note", "tags"):  # the page tells these from the events
            found.pop(name, None)
        shown = card(self._session.audit, row, self._thumbnails)
        thumb, medium = self._thumb(row, _PIXELS), self._medium(row)
        if not thumb and self._thumbnails.media.kind == "image":
            shown["broken"] = found["broken"] = True
        size = 4 * len(json.dumps(found)) // 3 + len(json.dumps(shown)) + len(thumb)
        size += len(medium["data"]) if medium else 0
        if size > self._left:
            return False
        self._left -= size
        self.taken.append(row)
        self.cards[row] = shown
        self.details[str(row)] = found | {"history": [], "note": ""}
        if thumb:
            self.thumbs[str(row)] = thumb
        if medium:
            self.media[str(row)] = medium
        return True

    def add_neighbors(self) -> None:
        """Take small cards of the rows that the evidence is about, as far as they fit."""
        for row in self.taken:
            for near in self._session.audit.neighbors(row, k=_NEIGHBORS):
                other = int(near)
                if other in self.cards:
                    continue
                shown, thumb = card(self._session.audit, other), self._thumb(other, _NEIGHBOR_PIXELS)
                size = len(json.dumps(shown)) + len(thumb)
                if size > self._left:
                    return
                self._left -= size
                self.cards[other] = shown
                if thumb:
                    self.thumbs[str(other)] = thumb

    def notice(self, wanted: int) -> str:
        """Say what was left out."""
        if len(self.taken) >= wanted:
            return ""
        return (
            f"{len(self.taken):,} of {wanted:,} rows came along: the first ones of the queue. "
            "The others show without their media."
        )

    def _thumb(self, row: int, pixels: int) -> str:
        try:
            return _base64(self._thumbnails.thumb(row, pixels))
        except LabelscopeError:
            return ""

    def _medium(self, row: int) -> Json | None:
        """Return sound or long text; a picture is its thumbnail already."""
        if self._thumbnails.media.kind not in ("audio", "text"):
            return None
        try:
            blob = self._thumbnails.large(row, _PIXELS)
        except LabelscopeError:
            return None
        return {"mime": blob.mime, "data": _base64(blob.data[: None if "audio" in blob.mime else _MAX_TEXT])}


def _picture(session: Session, rows: IntArray) -> Json:
    audit = session.audit
    with_map = bool(audit.has_map)
    if not with_map and audit.n <= _MAX_MAP:
        try:
            _ = audit.map
            with_map = True
        except LabelscopeError:  # a plot without a map is a list of rows
            with_map = False
    sample = sample_rows(audit.suspicion, audit.flagged)
    chosen = None if sample is None else np.union1d(sample, rows)
    found = picture(audit, with_map=with_map, session=session, rows=chosen)
    found["rows"] = None if found["rows"] is None else _base64(found["rows"])
    found["columns"] = {n: None if c is None else _base64(c) for n, c in found["columns"].items()}
    attributes = pack_attributes(audit.dataset)
    if attributes is not None:
        found["attributes"] = _base64(attributes)
    if "class_values" in found:
        found["class_values"] = _base64(found["class_values"])
    return {**found, "cards": []}


def _order(session: Session, queue: IntArray, taken: list[int]) -> IntArray:
    """Return all rows: those that came along, the rest of the queue, then all others."""
    order = np.concatenate([np.array(taken, dtype=np.int64), queue, np.arange(session.audit.n)])
    _, first = np.unique(order, return_index=True)
    found: IntArray = order[np.sort(first)]
    return found


def _columns(session: Session) -> list[Json]:
    """Return columns of the user's frame for filters, as far as they are small."""
    columns = shared_of(session).columns
    found: list[Json] = []
    left = _MAX_COLUMN_BYTES
    for info in columns.infos():
        if info["kind"] == "text":
            continue
        values = columns.one(info["name"]).values
        if values is None or values.nbytes > left:
            continue
        left -= values.nbytes
        found.append({"info": info, "dtype": str(values.dtype.name), "data": _base64(values.tobytes())})
    return found


def _ranks(session: Session) -> IntArray:
    order = np.argsort(-np.asarray(session.suspicion), kind="stable")
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.arange(1, len(order) + 1)
    return ranks


def _script() -> str:
    if not BUNDLE.is_file():
        raise MissingBundleError(
            "The page of a packet is missing: labelscope/static/packet.js has not been built.",
            "In a clone, run `make build` (needs Node 20); or install a wheel: pip install labelscope.",
        )
    # Inside strings and templates these mean the same; inside HTML they would end the script.
    text = BUNDLE.read_text(encoding="utf-8")
    return text.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _digest(script: str) -> str:
    return _base64(hashlib.sha256(script.encode()).digest())


def _base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")

"""The picture that an output shows where no widget runs: plain HTML, nothing to load, everything escaped."""

from __future__ import annotations

import base64
import io
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.data.tags import NO_TAGS
from labelscope.review.state import UNREVIEWED
from labelscope.review.suggestions import shown_labels, suggested_labels
from labelscope.types import Array, BoolArray, IntArray
from labelscope.widget.cards import card
from labelscope.widget.columns import sample_rows, scale_map
from labelscope.widget.messages import plain_number
from labelscope.widget.picture import most_suspicious
from labelscope.widget.thumbnails import Thumbnails

if TYPE_CHECKING:
    from labelscope.auditing.audit import Audit
    from labelscope.review.session import Session

_SIDE = 440
_N_ROWS = 12
_N_LEGEND = 12
_BACKGROUND = (255, 255, 255)
_RING = (176, 0, 32)
_GRAY = (150, 150, 150)
_HIDDEN = "hidden"
_RAMP = ((220, 228, 120), (40, 30, 110))
#: Okabe-Ito without black, then four more that differ in lightness too.
_COLORS = (
    (0, 114, 178), (230, 159, 0), (0, 158, 115), (204, 121, 167), (86, 180, 233), (213, 94, 0),
    (148, 128, 20), (60, 60, 110), (120, 70, 30), (0, 90, 70), (170, 170, 90), (110, 50, 110),
)  # fmt: skip


def static_html(session: Session, thumbnails: Thumbnails, *, veil: str = "none") -> str:
    """Draw a session as self-contained HTML for notebooks without a widget manager, and for mail and print.

    Parameters
    ----------
    session : Session
        Its map is drawn when it is ready, else a histogram of suspicion.
    thumbnails : Thumbnails
        Pictures of the rows in the table.
    veil : {"none", "hint", "labels"}
        What to leave out, see `Shared.veil`.

    Returns
    -------
    str
        No script, no link, no style sheet; all data are escaped.
    """
    audit = session.audit
    if audit.n and audit.has_map and veil != "labels":
        pixels = draw_map(audit, flagged=audit.flagged & ~_veiled(session, veil))
        figure, what = _image(pixels, "Map of the rows, colored by given label"), _legend(audit)
    else:
        figure, what = _image(draw_histogram(audit.suspicion), "Histogram of suspicion"), "Suspicion, 0 to 1"
    counts = session.progress()
    return (
        '<div style="font:13px/1.4 system-ui,sans-serif;color:#1b1f24;background:#fff;padding:12px;'
        'border:1px solid #d0d7de;border-radius:8px;max-width:1100px">'
        f"<div><b>{escape(str(audit.dataset.name))}</b> · {audit.n:,} rows"
        f" · {int(audit.flagged.sum()):,} flagged · {counts.reviewed:,} reviewed"
        f"{f' · {counts.taken_over:,} accepted in one go' if counts.taken_over else ''}"
        f"{f' · {counts.by_machine:,} decided by a method' if counts.by_machine else ''}"
        f" · {counts.relabelled:,} relabelled</div>"
        f'<div style="color:#57606a;margin:2px 0 8px">{escape(str(audit.summary))}</div>'
        '<table style="border:0;font:inherit;color:inherit"><tr style="background:#fff">'
        f'<td style="vertical-align:top;padding:0 12px 0 0">{figure}'
        f'<div style="text-align:left">{what}</div></td>'
        f'<td style="vertical-align:top">{_table(session, thumbnails, veil)}</td></tr></table>'
        '<div style="color:#57606a;margin-top:6px">A picture as of when the cell ran. '
        "Run the cell to review and relabel.</div></div>"
    )


def draw_map(audit: Audit, side: int = _SIDE, *, flagged: BoolArray | None = None) -> Array:
    """Raster the map: a dot a row in the color of its given label, a ring around flagged ones.

    Parameters
    ----------
    audit : Audit
    side : int
        Width and height in pixels.
    flagged : (n,) bool, optional
        Rows with a ring; by default those of the audit.

    Returns
    -------
    (side, side, 3) uint8
    """
    ringed = audit.flagged if flagged is None else flagged
    rows = sample_rows(audit.suspicion, audit.flagged)
    chosen = np.arange(audit.n) if rows is None else rows
    x, y = scale_map(audit.map[chosen])
    margin = 8
    span = side - 2 * margin - 1
    px = margin + (x.astype(np.int64) * span) // 65_535
    py = margin + ((65_535 - y.astype(np.int64)) * span) // 65_535
    canvas = np.full((side, side, 3), _BACKGROUND, dtype=np.uint8)
    codes = audit.given_codes[chosen]
    colors = _colors_of(audit, codes)
    _stamp(canvas, px, py, colors, 1 if len(chosen) > 5_000 else 2)
    marked = np.flatnonzero(ringed[chosen])
    marked = marked[np.argsort(audit.suspicion[chosen[marked]], kind="stable")][-2_000:]
    for dx, dy in _RING_OFFSETS:
        canvas[np.clip(py[marked] + dy, 0, side - 1), np.clip(px[marked] + dx, 0, side - 1)] = _RING
    _stamp(canvas, px[marked], py[marked], colors[marked], 2)
    return canvas


def _colors_of(audit: Audit, codes: IntArray) -> Array:
    """Return (m, 3) uint8: a color a class, or shades from low to high of numbers, by their ranks."""
    if audit.dataset.labels.task == "regression":
        ranks = np.argsort(np.argsort(audit.classes, kind="stable"), kind="stable")
        share = np.append(ranks / max(len(ranks) - 1, 1), 0.0)[codes]
        low, high = np.array(_RAMP[0]), np.array(_RAMP[1])
        found = low + share[:, None] * (high - low)
    else:
        found = np.array(_COLORS)[codes % len(_COLORS)]
    return np.where((codes < 0)[:, None], _GRAY, found).astype(np.uint8)


_RING_OFFSETS = [(dx, dy) for dx in range(-4, 5) for dy in range(-4, 5) if 9 < dx * dx + dy * dy <= 18]


def draw_histogram(suspicion: Array, side: int = _SIDE) -> Array:
    """Raster a histogram of suspicion; heights grow with the square root of the counts.

    Parameters
    ----------
    suspicion : (n,) float
        In [0, 1].
    side : int
        Width in pixels; the height is half of it.

    Returns
    -------
    (side // 2, side, 3) uint8
    """
    height, n_bins = side // 2, 40
    counts, _ = np.histogram(suspicion, bins=n_bins, range=(0, 1))
    tall = np.rint(np.sqrt(counts / max(int(counts.max()), 1)) * (height - 8)).astype(int)
    canvas = np.full((height, side, 3), _BACKGROUND, dtype=np.uint8)
    for place, pixels in enumerate(tall):
        left = place * side // n_bins
        canvas[height - pixels :, left : left + side // n_bins - 1] = _COLORS[0]
    return canvas


def _stamp(canvas: Array, px: IntArray, py: IntArray, colors: Array, radius: int) -> None:
    side = canvas.shape[0]
    for dx in range(-radius, radius + 1):
        for dy in range(-radius, radius + 1):
            if dx * dx + dy * dy <= radius * radius:
                canvas[np.clip(py + dy, 0, side - 1), np.clip(px + dx, 0, side - 1)] = colors


def _image(pixels: Array, alt: str) -> str:
    from PIL import Image

    out = io.BytesIO()
    picture = Image.fromarray(pixels).quantize(64, dither=Image.Dither.NONE)
    picture.save(out, "PNG", optimize=False, compress_level=6)
    return _inline(out.getvalue(), "image/png", alt, pixels.shape[1])


def _inline(data: bytes, mime: str, alt: str, width: int) -> str:
    source = base64.b64encode(data).decode("ascii")
    return f'<img alt="{escape(alt)}" width="{width}" src="data:{mime};base64,{source}">'


def _legend(audit: Audit) -> str:
    names = audit.dataset.labels.names
    ring = f'<span style="color:rgb{_RING}">◯</span> flagged'
    if audit.dataset.labels.task == "regression":
        order = np.argsort(audit.classes, kind="stable")
        ends = [(word, _RAMP[at], names[order[at]]) for word, at in (("low", 0), ("high", -1)) if len(order)]
        marks = [
            f'<span style="margin-right:10px"><span style="color:rgb{color}">●</span> {word}'
            f" {escape(str(name)[:20])}</span>"
            for word, color, name in ends
        ]
        return f"{' '.join(marks)} {ring}"
    shown = [
        f'<span style="white-space:nowrap;margin-right:10px"><span style="color:rgb{color}">●</span> '
        f"{escape(str(name))}</span>"
        for name, color in zip(names[:_N_LEGEND], _COLORS, strict=False)
    ]
    more = f"and {len(names) - _N_LEGEND:,} more classes " if len(names) > _N_LEGEND else ""
    return f"{' '.join(shown)} {more}{ring}"


def _veiled(session: Session, veil: str) -> BoolArray:
    """Return the rows of which something is left out."""
    if veil == "hint":
        return np.asarray(session.state.state == UNREVIEWED, dtype=bool)
    return np.full(session.audit.n, veil == "labels")


def _table(session: Session, thumbnails: Thumbnails, veil: str) -> str:
    audit = session.audit
    head = "".join(
        f'<th style="text-align:left;padding:2px 8px">{name}</th>'
        for name in ("", "id", "given", "suggested", "suspicion", "now")
    )
    rows = most_suspicious(audit, _N_ROWS)
    # An order by suspicion would tell it.
    rows = np.arange(min(audit.n, _N_ROWS)) if veil == "labels" else rows
    veils = np.where(_veiled(session, veil)[rows], veil, "none").tolist()
    pairs = zip(rows.tolist(), veils, strict=True)
    body = "".join(_row(session, row, thumbnails, hidden) for row, hidden in pairs)
    title = "Rows" if veil == "labels" else "Most suspicious rows"
    return (
        '<table style="border-collapse:collapse;font:inherit;color:inherit">'
        '<caption style="text-align:left;color:#57606a">'
        f"{title}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _row(session: Session, row: int, thumbnails: Thumbnails, veil: str) -> str:
    audit = session.audit
    names = _names(session)
    suspicion = plain_number(audit.suspicion[row])
    level = _likely(suspicion) if audit.has_probability else f"{suspicion:.2f}"
    given, now = int(audit.given_codes[row]), int(session.state.current[row])
    labels, hint = veil != "labels", veil == "none"
    cells = [
        _media(audit, row, thumbnails),
        # Names of files and folders often are names of classes.
        escape(str(audit.dataset.ids[row])[:80]) if labels else str(row),
        escape(names(given)) if labels else _HIDDEN,
        escape(_suggestion(session, row)) if hint else _HIDDEN,
        escape(level) if hint else _HIDDEN,
        escape(names(now)) if now != given and labels else "",
    ]
    return "<tr>" + "".join(f'<td style="text-align:left;padding:2px 8px">{c}</td>' for c in cells) + "</tr>"


def _likely(suspicion: float) -> str:
    """Never round to a certainty that is not there."""
    return "> 99%" if suspicion > 0.995 else "< 1%" if suspicion < 0.005 else f"{suspicion:.0%}"


def _names(session: Session) -> Any:
    known = shown_labels(session.state, session.audit.dataset)
    return lambda code: str(known[code])[:80] if code >= 0 else "–"


def _suggestion(session: Session, row: int) -> str:
    """Return what to call the suggestion, also where it is a set or a number that no row has."""
    audit = session.audit
    code = int(audit.suggested_codes[row])
    if not audit.dataset.labels.is_open:
        return str(_names(session)(code))
    found = suggested_labels(audit, audit.suggested_codes, session.state, np.array([row]))[0]
    return (
        "–" if found is None else f"{found:.6g}" if isinstance(found, float) else (str(found) or NO_TAGS)[:80]
    )


def _media(audit: Audit, row: int, thumbnails: Thumbnails) -> str:
    try:
        data = thumbnails.thumb(row, 40)
    except Exception:  # the table is shown all the same
        return "unreadable"
    if data:
        mime = "image/png" if data.startswith(b"\x89PNG") else "image/jpeg"
        return _inline(data, mime, "", 40)
    shown = card(audit, row)
    text = shown.get("text") or ", ".join(f"{k} {v}" for k, v in shown.get("record", [])[:4])
    return escape((text or shown["caption"])[:140])

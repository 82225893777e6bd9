"""What a benchmark of a plot needs from the page: redraws, first picture, bytes, memory; see ``bench_plot.py``."""

from __future__ import annotations

import base64
import io
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "browser"))

from lab import Browser, Notebook, Server, start_lab

__all__ = ["Bench", "Server", "start_lab"]

Box = tuple[float, float, float, float]

# A redraw is a frame in which something painted all points again: a large GL draw call, or pixels put onto a large
# canvas. Installed before any script of the page.
PROBE = r"""
(() => {
  const P = window.__probe = {bytes: 0, tick: 0, drawn: -1, redraws: 0, gap: 0, last: 0, least: 1000, first: 0};
  const size = d => typeof d === 'string' ? new Blob([d]).size : d?.size ?? d?.byteLength ?? 0;
  const Socket = window.WebSocket;
  window.WebSocket = class extends Socket {
    constructor(...a) { super(...a); super.addEventListener('message', e => {
      if (/channels/.test(this.url)) P.bytes += size(e.data); }); }
  };
  const note = n => {
    if (n < P.least || P.drawn === P.tick) return;
    const now = performance.now();
    P.drawn = P.tick; P.redraws++;
    if (P.last) P.gap = Math.max(P.gap, now - P.last);
    P.last = now; P.first ||= performance.timeOrigin + now;
  };
  for (const C of [window.WebGLRenderingContext, window.WebGL2RenderingContext].filter(Boolean)) {
    const wrap = (name, count) => { const f = C.prototype[name]; if (f) C.prototype[name] = function (...a) {
      note(count(a)); return f.apply(this, a); }; };
    wrap('drawArrays', a => a[2]); wrap('drawElements', a => a[1]);
    wrap('drawArraysInstanced', a => a[2] * a[3]); wrap('drawElementsInstanced', a => a[1] * a[4]);
    const extension = C.prototype.getExtension;
    C.prototype.getExtension = function (name) {
      const e = extension.call(this, name);
      if (e?.drawArraysInstancedANGLE && !e.probed) {
        e.probed = true;
        const f = e.drawArraysInstancedANGLE;
        e.drawArraysInstancedANGLE = function (m, i, c, p) { note(c * p); return f.call(e, m, i, c, p); };
      }
      return e;
    };
  }
  const put = CanvasRenderingContext2D.prototype.putImageData;
  CanvasRenderingContext2D.prototype.putImageData = function (image, ...a) {
    if (image.width * image.height > 90000) note(Infinity);
    return put.call(this, image, ...a);
  };
  const tick = () => { P.tick++; requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
  for (const type of ['pointerup', 'mouseup'])
    addEventListener(type, () => { P[type] = performance.timeOrigin + performance.now(); }, true);
})();
"""

RUN = """async i => {
  const w = jupyterapp.shell.currentWidget; w.content.activeCellIndex = i; w.content.deselectAll();
  const start = performance.timeOrigin + performance.now();
  Object.assign(window.__probe, {bytes: 0, first: 0});
  await jupyterapp.commands.execute('notebook:run-cell');
  const errors = w.content.widgets[i].model.outputs.toJSON().filter(o => o.output_type === 'error');
  if (errors.length) throw new Error(errors[0].ename + ': ' + errors[0].evalue);
  return start; }"""


class Bench:
    """One notebook in one fresh browser, with the probe in its page."""

    def __init__(self, lab: Server, cells: list[str], name: str) -> None:
        self.browser = Browser(size=(1280, 1300))
        self.browser.context.add_init_script(PROBE)
        self.notebook = Notebook(self.browser, lab, cells, f"{name}/a.ipynb")
        self.page = self.notebook.page
        self.page.set_default_timeout(120_000)
        self.cdp = self.browser.context.new_cdp_session(self.page)

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(Exception):
            self.notebook.close()
        self.browser.close()

    def probe(self, key: str) -> float:
        return float(self.page.evaluate("k => window.__probe[k] ?? 0", key))

    def box(self, selector: str) -> Box:
        """Place of the largest canvas that the selector finds."""
        boxes = [one.bounding_box() for one in self.page.locator(selector).all()]
        x, y, w, h = max(
            ((b["x"], b["y"], b["width"], b["height"]) for b in boxes if b), key=lambda b: b[2] * b[3]
        )
        return x, y, w, h

    def first_picture(self, cell: int, selector: str, settle: float = 2.0) -> dict[str, float]:
        """Run a cell; ms to the first draw and to 95 % of the final picture, and bytes to the page."""
        with self._screencast() as frames:
            self.page.wait_for_timeout(300)
            start = self.page.evaluate(RUN, cell)
            self._quiet(frames, settle)
            box = self.box(selector)
        first = self.probe("first")
        return {
            "draw_ms": first - start if first else float("nan"),
            "visible_ms": _visible(frames, box, start),
            "bytes": self.probe("bytes"),
        }

    def redraws(self, gesture: Callable[[float], None], least: int, seconds: float = 4.0) -> dict[str, float]:
        """Redraws a second while a gesture of real input events runs, and the longest gap between two."""
        self.page.evaluate(
            "n => Object.assign(window.__probe, {redraws: 0, gap: 0, last: 0, least: n})", least
        )
        start = time.monotonic()
        gesture(seconds)
        took = time.monotonic() - start
        return {"per_s": self.probe("redraws") / took, "gap_ms": self.probe("gap")}

    def zoom(self, box: Box) -> Callable[[float], None]:
        def gesture(seconds: float) -> None:
            self.page.mouse.move(box[0] + box[2] / 2, box[1] + box[3] / 2)
            start = time.monotonic()
            while (t := time.monotonic() - start) < seconds:
                self.page.mouse.wheel(0, -40 if int(t) % 2 == 0 else 40)
                self.page.wait_for_timeout(8)

        return gesture

    def pan(self, box: Box) -> Callable[[float], None]:
        def gesture(seconds: float) -> None:
            mouse, x, y = self.page.mouse, box[0] + box[2] / 2, box[1] + box[3] / 2
            mouse.move(x, y)
            mouse.down()
            start = time.monotonic()
            while (t := time.monotonic() - start) < seconds:
                mouse.move(x + 80 * np.sin(4 * t), y + 40 * (1 - np.cos(4 * t)))
                self.page.wait_for_timeout(8)
            mouse.up()

        return gesture

    def lasso(self, box: Box, share: float) -> float:
        """Draw a square lasso of a share of the canvas; ms from the button's release to the last news in Python."""
        known = int(self.notebook.value("len(seen)"))
        a, b = 0.5 - share / 2, 0.5 + share / 2
        corners = [(a, a), (b, a), (b, b), (a, b), (a, a + 0.02)]
        points = [(box[0] + u * box[2], box[1] + v * box[3]) for u, v in corners]
        self.page.mouse.move(*points[0])
        self.page.mouse.down()
        for point in points[1:]:
            self.page.mouse.move(*point, steps=6)
            self.page.wait_for_timeout(15)
        self.page.mouse.up()
        released = self.probe("pointerup") or self.probe("mouseup")
        self.notebook.until(f"len(seen) > {known}", 30)
        self.page.wait_for_timeout(1200)
        return float(self.notebook.value("seen[-1]")) - released

    def memory(self) -> float:
        """MB that the page's process holds alone, after a garbage collection."""
        import psutil

        self.cdp.send("HeapProfiler.collectGarbage")
        self.page.wait_for_timeout(300)
        self.cdp.send("HeapProfiler.collectGarbage")
        sizes = [
            process.memory_full_info().uss
            for process in psutil.Process().children(recursive=True)
            if "--type=renderer" in process.cmdline()
        ]
        return max(sizes, default=0) / 1e6

    @contextmanager
    def _screencast(self) -> Iterator[list[tuple[float, str]]]:
        frames: list[tuple[float, str]] = []

        def arrived(event: dict[str, Any]) -> None:
            frames.append((event["metadata"]["timestamp"] * 1000, event["data"]))
            with suppress(Exception):
                self.cdp.send("Page.screencastFrameAck", {"sessionId": event["sessionId"]})

        self.cdp.on("Page.screencastFrame", arrived)
        options = {"format": "jpeg", "quality": 40, "maxWidth": 1280, "maxHeight": 1300, "everyNthFrame": 1}
        self.cdp.send("Page.startScreencast", options)
        try:
            yield frames
        finally:
            self.cdp.send("Page.stopScreencast")
            self.cdp.remove_listener("Page.screencastFrame", arrived)

    def _quiet(self, frames: list[tuple[float, str]], settle: float) -> None:
        """Wait until neither bytes nor pictures came for a while."""
        seen: tuple[float, int] = (-1.0, -1)
        since = time.monotonic()
        while time.monotonic() - since < settle:
            self.page.wait_for_timeout(100)
            now = (self.probe("bytes"), len(frames))
            if now != seen:
                seen, since = now, time.monotonic()


def _visible(frames: list[tuple[float, str]], box: Box, start: float) -> float:
    """Ms from the start to the first frame that shows 95 % of what the last one shows inside the box."""
    from PIL import Image

    x, y, w, h = (int(v) for v in box)

    def crop(data: str) -> NDArray[np.int16]:
        image = Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")
        return np.asarray(image, dtype=np.int16)[y : y + h, x : x + w]

    pictures = [(at, data) for at, data in sorted(frames) if at >= start]
    if not pictures:
        return float("nan")
    last, before = crop(pictures[-1][1]), crop(sorted(frames)[0][1])
    if last.shape != before.shape:
        return float("nan")
    ink = np.abs(last - before).max(axis=2) > 24
    for at, data in pictures:
        same = np.abs(crop(data) - last).max(axis=2) <= 24
        if (same & ink).sum() >= 0.95 * ink.sum():
            return at - start
    return float("nan")

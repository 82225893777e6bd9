"""A view that comes and goes fifty times leaves nothing behind: no URL, no context, no listener, no canvas."""

from __future__ import annotations

from collections.abc import Callable

from lab import Notebook
from pages import CATS, view_cell

Make = Callable[..., Notebook]

WATCH = """() => {
    const urls = window.openUrls = new Set(), contexts = window.contexts = [];
    const create = URL.createObjectURL, revoke = URL.revokeObjectURL;
    URL.createObjectURL = blob => { const url = create.call(URL, blob); urls.add(url); return url; };
    URL.revokeObjectURL = url => { urls.delete(url); revoke.call(URL, url); };
    for (const canvas of [HTMLCanvasElement, OffscreenCanvas]) {
        const get = canvas.prototype.getContext;
        canvas.prototype.getContext = function (kind, ...rest) {
            const made = get.call(this, kind, ...rest);
            if (made && String(kind).startsWith('webgl')) contexts.push(made);
            return made;
        };
    }
    const lasting = window.lasting = new Map(), add = EventTarget.prototype.addEventListener,
        remove = EventTarget.prototype.removeEventListener, names = new Map();
    const name = (target, type, call) => {
        for (const part of [target, call]) if (!names.has(part)) names.set(part, names.size);
        return `${target.constructor.name} ${type} ${names.get(target)} ${names.get(call)}`;
    };
    const lasts = target => target === window || target === document || target instanceof MediaQueryList;
    EventTarget.prototype.addEventListener = function (type, call, options) {
        add.call(this, type, call, options);
        if (!call || !lasts(this ?? window) || options?.once) return;
        const key = name(this ?? window, type, call);
        lasting.set(key, (new Error().stack.includes('blob:') ? 'ours ' : 'host ') + key);
        options?.signal?.addEventListener('abort', () => lasting.delete(key));
    };
    EventTarget.prototype.removeEventListener = function (type, call, options) {
        remove.call(this, type, call, options);
        if (call && lasts(this ?? window)) lasting.delete(name(this ?? window, type, call));
    }; }"""
#: Takes the output with the view away and brings it back, as a person does who clears a cell or moves it.
AGAIN = """async times => {
    const cell = jupyterapp.shell.currentWidget.content.widgets[1], saved = cell.model.outputs.toJSON();
    const settled = test => new Promise((resolve, reject) => {
        const end = performance.now() + 20000;
        const look = () => test() ? resolve() : performance.now() > end ? reject(Error('late')) : requestAnimationFrame(look);
        look();
    });
    for (let k = 0; k < times; k++) {
        cell.model.outputs.clear();
        await settled(() => document.querySelector('.labelscope') === null);
        cell.model.outputs.fromJSON(saved);
        await settled(() => document.querySelector('.labelscope')?.shadowRoot.querySelector('.ls-root[data-ready] .ls-card img'));
    } }"""
LEFT = """() => ({urls: window.openUrls.size, contexts: new Set(window.contexts.filter(c => !c.isContextLost())).size,
    hosts: document.querySelectorAll('.labelscope').length,
    listeners: [...window.lasting.values()].filter(from => from.startsWith('ours')).sort()})"""


def _heap(nb: Notebook) -> dict[str, float]:
    session = nb.page.context.new_cdp_session(nb.page)
    session.send("HeapProfiler.enable")
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    found = {m["name"]: m["value"] for m in session.send("Performance.getMetrics")["metrics"]}
    session.detach()
    return found


def test_fifty_mounts_leave_nothing_behind(notebook: Make) -> None:
    nb = notebook([CATS, view_cell()], run=False)
    nb.page.evaluate(WATCH)
    nb.run(0)
    nb.run(1)
    nb.ready()
    nb.page.evaluate(AGAIN, 5)
    first, before = nb.page.evaluate(LEFT), _heap(nb)
    nb.page.evaluate(AGAIN, 45)
    last, after = nb.page.evaluate(LEFT), _heap(nb)
    # One view holds up to fifty or so, by how many cards have come; forty-five kept ones would hold a thousand.
    assert last["urls"] <= first["urls"] + 40, "object URLs of thumbnails are given back or used again"
    assert last["contexts"] <= 1, "one context is shared by all views of a page"
    assert last["hosts"] == 1
    assert first["listeners"] and len(last["listeners"]) <= len(first["listeners"]), last["listeners"]
    # A view has a thousand elements; the host keeps a few of its own each time that an output is shown.
    assert after["Nodes"] - before["Nodes"] < 45 * 100, (before["Nodes"], after["Nodes"])
    nb.page.evaluate("() => jupyterapp.shell.currentWidget.content.widgets[1].model.outputs.clear()")
    nb.page.wait_for_function("() => document.querySelector('.labelscope') === null")
    nb.value("view.close()")
    nb.page.wait_for_function("() => window.openUrls.size === 0")

"""Views with reports, asked as the page asks."""

import time

import numpy as np

import labelscope as ls


def blobs(n=90, n_open=0, n_wrong=6, seed=0):
    """Three classes that are easy to tell apart, some labels wrong, the last rows unlabelled."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 3
    X = (rng.normal(size=(3, 6)) * 6)[y] + rng.normal(size=(n, 6))
    given = np.array(["cat", "dog", "eel"], dtype=object)[y]
    for row in range(n_wrong):
        given[row] = "dog" if given[row] != "dog" else "eel"
    if n_open:
        given[-n_open:] = None
    return X.astype(np.float32), given, np.array(["cat", "dog", "eel"])[y]


def view_of(make_page, **options):
    X, given, truth = blobs(**options)
    audit = ls.audit(X, list(given), features=X, evidence={"map": X[:, :2]})
    return make_page(audit, journal=None), truth


def report(view, name, **options):
    """Ask for a report and wait for it, as the page does."""
    state, _ = view.ask("report", report=name, options=options)
    deadline = time.monotonic() + 60
    while state["state"] == "running":
        assert time.monotonic() < deadline, state
        time.sleep(0.02)
        state, _ = view.ask("report_state", report=name, job=state["job"])
    assert state["state"] == "done", state
    return state["report"]


def rows_of(page, name, key):
    data, buffers = page.ask("report_rows", report=name, key=key)
    rows = np.frombuffer(buffers[0], "<u4")
    assert data["rows"] == len(rows)
    return rows.tolist()

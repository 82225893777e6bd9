"""marimo: buffers come as bytes, and its wrapper reads and sets the same traits."""

import numpy as np
import pytest

from labelscope.widget.rows import pack_mask

marimo = pytest.importorskip("marimo")


@pytest.fixture
def wrapped(page, monkeypatch):
    from marimo._plugins.ui._impl.anywidget.init import init_marimo_widget
    from marimo._plugins.ui._impl.comm import MarimoComm

    told = []
    monkeypatch.setattr(
        MarimoComm, "_broadcast", lambda self, data, buffers, esm_spec=None: told.append(data)
    )
    init_marimo_widget(page)
    del page.send  # speak through marimo's comm, not into the list of the test
    return marimo.ui.anywidget(page), told


@pytest.fixture
def page(audit, tmp_path, monkeypatch):
    from labelscope.widget.view import View

    monkeypatch.chdir(tmp_path)

    class Plain(View):
        _esm = "export default { render() {} }"

    view = Plain(audit, journal=None)
    view.send = view.send  # an attribute that the fixture above may remove
    yield view
    view.close()


def test_state_and_messages_pass_through_marimo(wrapped):
    element, told = wrapped
    assert told[0]["state"]["_options"]["color_by"] == "given"
    comm = element.widget.comm
    mask = pack_mask(np.array([1, 3]), 60)
    update = {"method": "update", "state": {"current": 2}, "buffer_paths": [["_selection"]]}
    comm.handle_msg({"content": {"data": update}, "buffers": [mask]})
    assert element.selection.tolist() == [1, 3]
    assert element.current == 2
    rows = np.array([0, 4], "<u4").tobytes()
    command = {
        "type": "command",
        "id": "1",
        "command": {"name": "relabel", "rows": {"buffer": 0}, "to": "eel"},
    }
    comm.handle_msg({"content": {"data": {"method": "custom", "content": command}}, "buffers": [rows]})
    assert element.session.progress().relabelled == 2
    custom = [data["content"]["type"] for data in told if data.get("method") == "custom"]
    assert custom == ["events", "reply"]

"""Keys as fast as they come: who only presses Enter is noticed, and who looks needs one key a decision."""

from __future__ import annotations

import json
from collections.abc import Callable

from lab import Notebook
from pages import DIGITS, first_card, view_cell

Make = Callable[..., Notebook]

#: What a reviewer sees of the current row: its number, what Enter and Space would say, and what the digits mean.
SEEN = """async () => {
    await new Promise(requestAnimationFrame);
    const root = document.querySelector('.labelscope').shadowRoot;
    const text = query => root.querySelector(query)?.textContent ?? '';
    const digit = text => text.replace(/\\s.*$/, '').replace(/\\D/g, '');
    return {
        row: +root.querySelector('.ls-card.current, .ls-inspector h2 span')?.dataset?.row,
        shown: +text('.ls-inspector h2 span').replace(/\\D/g, ''),
        accept: text("[data-action='accept'] .ls-clip").replace('accept ', ''),
        keep: text("[data-action='keep'] .ls-clip").replace('keep ', ''),
        digits: Object.fromEntries([...root.querySelectorAll('[aria-keyshortcuts][data-code]')]
            .map(b => [b.dataset.code, b.getAttribute('aria-keyshortcuts')])),
        noticed: root.querySelector('.ls-warning') !== null,
    }; }"""


def _in_journal(nb: Notebook, name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (nb.folder / name).read_text().splitlines()[1:]]


def test_nodding_through_is_noticed_within_a_hundred_decisions(notebook: Make) -> None:
    nb = notebook([DIGITS, view_cell(journal="nods.jsonl", controls=0.03)])
    nb.ready()
    first_card(nb)[0].click()
    nb.until("view.current is not None")
    pressed = 0
    while pressed < 110 and not nb.page.evaluate(SEEN)["noticed"]:
        nb.page.keyboard.press("Enter")
        pressed += 1
        nb.page.wait_for_timeout(100)  # ten keys a second: no hand nods faster for long
    nb.until(f"len(decided()) + kinds().count('voted') == {pressed}")
    answers = nb.value("[e.data for e in view.session.events if e.kind == 'voted']")
    assert len(answers) >= 3
    assert not any(answer["passed"] for answer in answers[:3])
    assert nb.value("len(decided())") <= 100
    nb.widget.locator(".ls-warning").wait_for()
    assert "known to be wrong" in nb.widget.locator(".ls-warning").inner_text()
    # Every key is on the disk, once, and no control touched a label.
    lines = _in_journal(nb, "nods.jsonl")
    kept = [line for line in lines if line["kind"] in ("relabelled", "kept")]
    assert len(kept) == nb.value("len(decided())")
    asked = [row for line in lines if line["kind"] == "voted" for row in line["rows"]]  # type: ignore[attr-defined]
    touched = [row for line in kept for row in line["rows"]]  # type: ignore[attr-defined]
    assert len(set(touched)) == len(touched) and not set(asked) & set(touched)


def test_an_expert_needs_one_key_a_decision(notebook: Make) -> None:
    nb = notebook([DIGITS, view_cell(journal="expert.jsonl", controls=0.03, live=True)])
    nb.ready()
    first_card(nb)[0].click()
    nb.until("view.current is not None")
    truth = nb.value("digits.target.tolist()")
    keys = answered = 0
    while answered < 64:
        seen = nb.page.evaluate(SEEN)
        right = str(truth[seen["shown"]])
        if seen["accept"] == right:
            press = ["Enter"]
        elif seen["keep"] == right:
            press = ["Space"]
        else:
            press = [seen["digits"][right]] if right in seen["digits"] else ["l", right, "Enter"]
        for key in press:
            nb.page.keyboard.press(key)
        keys += len(press)
        answered += 1
    nb.until(f"len(decided()) + kinds().count('voted') == {answered}")
    n = nb.value("len(decided())")
    assert n >= 60 and keys <= 1.1 * answered
    assert nb.value("all(e.data['passed'] for e in view.session.events if e.kind == 'voted')")
    rows = [row for _, found in nb.value("decided()") for row in found]
    assert len(set(rows)) == n
    assert nb.value(f"view.session.labels()[{rows}].tolist()") == [truth[row] for row in rows]
    lines = _in_journal(nb, "expert.jsonl")
    assert [line["rows"] for line in lines if line["kind"] in ("relabelled", "kept")] == [
        [row] for row in rows
    ]

"""Texts as evidence: for methods that read words, in an audit of texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from labelscope.auditing.plan import Workbench
from labelscope.errors import UnreadableMediaError
from labelscope.types import Array, Scorer


def text_evidence(bench: Workbench, scorers: Sequence[Scorer]) -> None:
    """Add ``texts`` (n,) str to the evidence of a workbench, where a method reads them and rows are texts.

    Parameters
    ----------
    bench : Workbench
        Nothing happens when its media are not texts or the user gave ``texts``; nothing is cached.
    scorers : sequence of Scorer
        Those that list ``"texts"`` in ``needs`` or ``uses`` ask for them.
    """
    media: Any = bench.dataset.media
    asked = any("texts" in (*scorer.needs, *getattr(scorer, "uses", ())) for scorer in scorers)
    if not asked or "texts" in bench.evidence or media.kind != "text":
        return
    texts: Array = np.empty(bench.dataset.n, dtype=object)
    for row in range(bench.dataset.n):
        try:
            texts[row] = media.text(row)
        except UnreadableMediaError:
            texts[row] = ""  # as where features are made, which also lists such rows in a notice
    bench.evidence = bench.evidence.including(texts=texts)

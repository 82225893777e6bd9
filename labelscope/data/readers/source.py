"""What every reader returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from labelscope.data.media import Media
from labelscope.types import Array, BoolArray


@dataclass(frozen=True)
class Source:
    """Data that was read, before its labels are encoded.

    Attributes
    ----------
    media : Media
        What the rows hold.
    labels : container of labels or None
        The labels that the data brings along.
    class_names : sequence, mapping or None
        The names of the classes, as :func:`labelscope.data.labels.encode` takes them.
    ids : (n,) array or None
        Ids that the data brings along.
    name : str
        Of the file, folder or dataset; empty when it has none.
    frame : native frame or None
        Where columns can be looked up.
    missing : (n,) bool or None
        Rows whose label means "none" in this source's own convention.
    index : pandas index or None
        Against which the index of labels is checked.
    """

    media: Media
    labels: Any = None
    class_names: Any = None
    ids: Array | None = None
    name: str = ""
    frame: Any = None
    missing: BoolArray | None = None
    index: Any = None


__all__ = ["Source"]

"""Mixed media: a picture or a sound with values beside it, such as a product photo with its title."""

from __future__ import annotations

from typing import Any

from labelscope.data.table_media import TableMedia


class MixedMedia:
    """Media that are decoded, with a record of each row beside them.

    Features are made from the picture or the sound; the record is shown, searched and captioned.

    Parameters
    ----------
    main : ImageMedia or AudioMedia
    beside : TableMedia
        As many rows.

    Examples
    --------
    >>> import numpy as np, pyarrow as pa
    >>> from labelscope.data.media import ImageMedia
    >>> table = TableMedia(pa.table({"title": ["a red shoe", "a blue hat"]}))
    >>> media = MixedMedia(ImageMedia(np.zeros((2, 8, 8))), table)
    >>> media.kind, media.record(1)["title"], media.pil(0).size
    ('image', 'a blue hat', (8, 8))
    """

    def __init__(self, main: Any, beside: TableMedia) -> None:
        self.main = main
        self.beside = beside

    @property
    def kind(self) -> str:
        """Of the main media."""
        return str(self.main.kind)

    def __len__(self) -> int:
        return len(self.main)

    def __repr__(self) -> str:
        return f"MixedMedia({self.main!r}, {self.beside!r})"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name in ("main", "beside"):
            raise AttributeError(name)
        return getattr(self.main, name)

    def record(self, row: int) -> dict[str, Any]:
        """Return what is beside a row: values by column name."""
        return self.beside.record(row)

    def caption(self, row: int) -> str:
        """Say in few words what the row is: its values, else what the main media says."""
        return self.beside.caption(row) or str(self.main.caption(row))

    def content_key(self) -> str:
        """Digest the main media, from which all evidence is made."""
        return str(self.main.content_key())

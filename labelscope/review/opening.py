"""Where a session writes, and under whose name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labelscope.errors import InvalidTypeError

if TYPE_CHECKING:
    from labelscope.auditing.audit import Audit


def reviewer_name(given: str | None) -> str:
    """Return who decides: as given, else ``LABELSCOPE_REVIEWER`` of the environment, else the login name."""
    if given is None:
        given = os.environ.get("LABELSCOPE_REVIEWER") or _login()
    if not isinstance(given, str) or not given.strip():
        raise InvalidTypeError(f"reviewer is {given!r}.", 'Pass a name, such as reviewer="ada".')
    return given.strip()


def _login() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no login name in some containers
        return "reviewer"


def journal_path(given: Any, audit: Audit) -> Path | None:
    """Return where decisions are written; None keeps them in memory."""
    if given is None:
        return None
    if not isinstance(given, str | os.PathLike) or not str(given):
        raise InvalidTypeError(
            f"journal is {given!r:.60}.", 'Pass "auto", a path, or None to keep decisions in memory.'
        )
    if given != "auto":
        return Path(given)
    name = "".join(c if c.isalnum() or c in "-_." else "-" for c in audit.dataset.name).strip("-.")[:60]
    return Path.cwd() / ".labelscope" / f"{name or 'dataset'}-{audit.dataset.fingerprint}.jsonl"

"""Where blocks of rows are scored: in this process, or by the workers of a Dask cluster."""

from __future__ import annotations

from typing import Any

from labelscope.auditing.executors.cluster import Cluster
from labelscope.auditing.executors.cut import Matrices
from labelscope.auditing.executors.local import Local
from labelscope.errors import InvalidInputError, InvalidTypeError

Executor = Local | Cluster

_NEEDED = "Leave executor=None for this process, or pass a dask.distributed.Client, such as Client(cluster)."


def executor_of(given: Any) -> Executor:
    """Return what runs blocks.

    Parameters
    ----------
    given : None, dask.distributed.Client, Local or Cluster
        None is this process. Dask is imported by whoever made the client, never here.

    Returns
    -------
    Local or Cluster

    Raises
    ------
    InvalidTypeError
        Anything else.
    InvalidInputError
        A client that is closed, or that belongs to an event loop.

    Examples
    --------
    >>> executor_of(None)
    Local(block_bytes=16777216, block_rows=None)
    """
    if given is None:
        return Local()
    if isinstance(given, (Local, Cluster)):
        return given
    kind = type(given)
    is_client = all(callable(getattr(given, name, None)) for name in ("submit", "scatter", "scheduler_info"))
    if isinstance(given, type) or not is_client:
        cluster = " A cluster is not its client." if hasattr(given, "scheduler_address") else ""
        shown = repr(given) if isinstance(given, (str, int, float, type)) else f"a {kind.__name__}"
        raise InvalidTypeError(
            f"executor= is {shown}, but None or a dask.distributed.Client is needed.{cluster}", _NEEDED
        )
    if getattr(given, "asynchronous", False):
        raise InvalidInputError(
            "executor= is an asynchronous Client, whose results can only be awaited.",
            "Pass Client(..., asynchronous=False).",
        )
    if getattr(given, "status", "running") != "running":
        raise InvalidInputError(f"executor= is a Client that is {given.status}.", "Open a new Client.")
    return Cluster(given)


__all__ = ["Cluster", "Executor", "Local", "Matrices", "executor_of"]

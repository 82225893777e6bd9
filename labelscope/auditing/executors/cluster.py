"""Blocks on a Dask cluster: workers open the files themselves and are sent ranges of rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from typing import Any

from labelscope.auditing.executors.cut import MATRICES, Matrices, cut, read_block
from labelscope.data.matrices import MatrixSource
from labelscope.errors import ExecutorError, LabelscopeError, Notice, collect_notices, notify
from labelscope.evidence.progress import progress
from labelscope.scorers.blockwise import Block, Partial, Plan, Step, Stepped, drive, gathered
from labelscope.types import Array, IntArray, Score

_BLOCK_BYTES = 1 << 26
# Blocks for each thread of the cluster, so that a slow worker does not keep all others waiting, and how
# many of them are under way at a time.
_SHARE, _AHEAD = 4, 2
_RETRIES = 3
_SMALL = 1 << 18
# Seconds: waited for a first worker, and between attempts to reach one while another is being started anew.
_PATIENCE = 60
_LOOK = "Look at the workers' logs; give them more memory, or start new ones."
_PAUSES = (0.1, 0.5, 2.0, 5.0)


@dataclass(frozen=True)
class Cluster:
    """The same blocks on the workers of a Dask cluster.

    A block whose worker dies is done again by another one; what all blocks share is sent once for each step
    and sent again when the workers that had it are gone.

    Parameters
    ----------
    client : dask.distributed.Client
    block_bytes : int
        Bytes of the matrices of a block, at most.
    block_rows : int, optional
        Rows of a block instead; results do not depend on it.
    """

    client: Any
    block_bytes: int = _BLOCK_BYTES
    block_rows: int | None = None

    def drive(self, plan: Plan, matrices: Matrices, what: str) -> Score:
        """Run a plan on all rows; see `Local.drive`.

        Raises
        ------
        ExecutorError
            Workers died again and again, or there are none.
        """
        return drive(plan, lambda step: self._run(step, matrices, what))

    def _run(self, step: Step, matrices: Matrices, what: str) -> Stepped:
        threads = max(1, sum(self.client.nthreads().values()))
        rows = self.block_rows
        if rows is None:
            even = -(-matrices.n // (_SHARE * threads))
            rows = min(self.block_bytes // matrices.row_bytes(step.needs), even)
        spans = cut(matrices.n, matrices.n_classes, rows)
        running = _Running(self.client, step, matrices, spans)
        made = dict(progress(running.answers(_AHEAD * threads), what, total=len(spans)))
        return gathered(step, [made[place] for place in range(len(spans))])


@dataclass(frozen=True)
class _Shared:
    """What all blocks of a step have in common."""

    function: Callable[[Block], Partial]
    n_classes: int
    sources: dict[str, MatrixSource]
    all_codes: IntArray | None


@dataclass(frozen=True)
class _Rows:
    """What is sent of a block's rows: labels, and matrices that workers cannot open."""

    codes: IntArray
    sent: dict[str, Array]

    @property
    def size(self) -> int:
        return int(self.codes.nbytes) + sum(int(one.nbytes) for one in self.sent.values())


@dataclass(frozen=True)
class _Refused:
    """An error that is the user's to mend; returned, because raised ones are tried again."""

    kind: type[LabelscopeError]
    message: str
    hint: str


@dataclass
class _Running:
    """The tasks of one step."""

    client: Any
    step: Step
    matrices: Matrices
    spans: list[tuple[int, int]]
    refused: dict[int, _Refused] = field(default_factory=dict)
    _shared: Any = None

    def answers(self, ahead: int) -> Iterator[tuple[int, Partial]]:
        """Yield the place of a block and what was made of it, in the order in which workers finish."""
        from distributed import as_completed

        waiting = list(range(len(self.spans)))[::-1]
        lost = dict.fromkeys(range(len(self.spans)), 0)
        places: dict[Any, int] = {}
        finished: Any = as_completed
        done = finished(loop=self.client.loop, raise_errors=False)

        def submit(place: int) -> None:
            future = self._submit(place)
            places[future] = place
            done.add(future)

        try:
            for _ in range(min(ahead, len(waiting))):
                submit(waiting.pop())
            for future in done:
                place = places.pop(future)
                answer = self._answer(future, place)
                if answer is None:
                    lost[place] += 1
                    self._check(lost[place], place)
                    submit(place)
                    continue
                yield place, answer
                if waiting and not self.refused:
                    submit(waiting.pop())
        finally:
            self.client.cancel(list(places))
        if self.refused:
            # The first in the order of the rows: which one came first is chance.
            first = self.refused[min(self.refused)]
            raise first.kind(first.message, first.hint)

    def _submit(self, place: int) -> Any:
        span = self.spans[place]
        if self._shared is None:
            self._shared = self._scattered()
        sent = {name: one.read(*span) for name, one in self._present().items() if not one.shared}
        rows: Any = _Rows(self.matrices.codes[slice(*span)], sent)
        if rows.size > _SMALL:
            # Straight to a worker: what is sent with a task goes through the scheduler and stays there.
            rows = self._sent(rows)
        return self.client.submit(_work, self._shared, span, rows, pure=False, retries=2, priority=-place)

    def _present(self) -> dict[str, MatrixSource]:
        sources = self.matrices.sources
        return {name: sources[name] for name in MATRICES if name in self.step.needs and name in sources}

    def _scattered(self) -> Any:
        all_codes = self.matrices.codes if "all_codes" in self.step.needs else None
        opened = {name: one for name, one in self._present().items() if one.shared}
        shared = _Shared(self.step.function, self.matrices.n_classes, opened, all_codes)
        return self._sent(shared, broadcast=True)

    def _sent(self, what: Any, *, broadcast: bool = False) -> Any:
        """Send something to workers, of which some may be dying at this very moment."""
        for pause in _PAUSES:
            self._wait_for_a_worker()
            try:
                return self.client.scatter(what, broadcast=broadcast, hash=False)
            except OSError as error:  # a broken connection
                reason = error
                time.sleep(pause)
        raise ExecutorError(f"No worker of the cluster can be reached: {reason}.", _LOOK) from reason

    def _wait_for_a_worker(self) -> None:
        if self.client.nthreads():
            return
        try:
            self.client.wait_for_workers(1, timeout=_PATIENCE)
        except TimeoutError as error:
            raise ExecutorError(f"The cluster has had no worker for {_PATIENCE} seconds.", _LOOK) from error

    def _answer(self, future: Any, place: int) -> Partial | None:
        """Return what a block made; None when it has to be done again."""
        try:
            partial, refused, notices = future.result()
        except CancelledError:
            self._shared = None
            return None
        except Exception as error:
            if type(error).__name__ != "KilledWorker":
                raise
            start, stop = self.spans[place]
            raise ExecutorError(
                f"Workers died each time they scored the rows {start:,} to {stop - 1:,}; most often they run "
                f"out of memory ({error}).",
                "Give each worker more memory, or start fewer threads in each.",
            ) from error
        for notice in notices:
            notify(notice.code, notice.message, notice.hint, notice.rows)
        if refused is not None:
            self.refused[place] = refused
            return Partial()
        made: Partial = partial
        return made

    def _check(self, times: int, place: int) -> None:
        if times > _RETRIES:
            start, stop = self.spans[place]
            raise ExecutorError(
                f"The rows {start:,} to {stop - 1:,} were lost {times} times with the workers that had them.",
                _LOOK,
            )


def _work(
    shared: _Shared, span: tuple[int, int], rows: _Rows
) -> tuple[Partial | None, _Refused | None, list[Notice]]:
    """Score one block; runs on a worker."""
    with collect_notices() as notices:
        try:
            read = {**rows.sent, **{name: one.read(*span) for name, one in shared.sources.items()}}
            block = read_block(span, rows.codes, shared.n_classes, read, shared.all_codes)
            return shared.function(block), None, notices
        except LabelscopeError as error:
            return None, _Refused(type(error), error.message, error.hint), notices

"""Blocks in this process, one after another, with bounded memory."""

from __future__ import annotations

from dataclasses import dataclass

from labelscope.auditing.executors.cut import MATRICES, Matrices, cut, read_block
from labelscope.evidence.progress import progress
from labelscope.scorers.blockwise import Partial, Plan, Step, Stepped, drive, gathered
from labelscope.types import Score


@dataclass(frozen=True)
class Local:
    """A plain loop over blocks of rows.

    Parameters
    ----------
    block_bytes : int
        Bytes of the matrices that are read at a time; work on them takes a few times as much.
    block_rows : int, optional
        Rows of a block instead; results do not depend on it.
    """

    block_bytes: int = 1 << 24
    block_rows: int | None = None

    def drive(self, plan: Plan, matrices: Matrices, what: str) -> Score:
        """Run a plan on all rows.

        Parameters
        ----------
        plan : Plan
        matrices : Matrices
        what : str
            Shown beside the progress bar.

        Returns
        -------
        Score
        """
        return drive(plan, lambda step: self._run(step, matrices, what))

    def _run(self, step: Step, matrices: Matrices, what: str) -> Stepped:
        rows = self.block_rows or self.block_bytes // matrices.row_bytes(step.needs)
        spans = cut(matrices.n, matrices.n_classes, rows)
        return gathered(step, [_partial(step, matrices, span) for span in progress(spans, what)])


def _partial(step: Step, matrices: Matrices, span: tuple[int, int]) -> Partial:
    names = [name for name in MATRICES if name in step.needs and name in matrices.sources]
    block = read_block(
        span,
        matrices.codes[slice(*span)],
        matrices.n_classes,
        {name: matrices.sources[name].read(*span) for name in names},
        matrices.codes if "all_codes" in step.needs else None,
    )
    return step.function(block)

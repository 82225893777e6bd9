"""A judge that is a Python function."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from labelscope.data.trie import LabelTrie
from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.evidence.judgements.answers import read_answer
from labelscope.evidence.judgements.cases import Cases
from labelscope.evidence.judgements.verdicts import Verdicts, abstained, from_codes, from_probabilities
from labelscope.evidence.progress import progress


@dataclass(frozen=True, kw_only=True)
class CallableJudge:
    """A function that is asked batch by batch.

    Parameters
    ----------
    function : callable
        From a list of items (texts, or rows of features) and a tuple of class names to an (m, K) matrix of
        probabilities, or to m answers: a label each as a text, None to abstain. Given labels are not passed.
    name, model, prompt : str
        Names of the column of votes, of what answers, and of how it is asked; by default the function's.
    batch_size : int
        Items per call.

    Notes
    -----
    A call that raises TimeoutError or ConnectionError is an abstention of its batch; any other error is
    raised.

    Examples
    --------
    >>> from labelscope.evidence.judgements.cases import Cases
    >>> judge = CallableJudge(function=lambda texts, classes: ["long" if len(t) > 4 else "?" for t in texts])
    >>> said = judge.judge(Cases(2, ("long", "short"), ("a long text", "hm")))
    >>> said.codes.tolist(), said.reasons
    ([0, -1], ('', "not a label: '?'"))
    """

    learns: ClassVar[bool] = False

    function: Callable[[Sequence[Any], tuple[str, ...]], Any]
    name: str = ""
    model: str = ""
    prompt: str = ""
    batch_size: int = 64

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise InvalidTypeError(
                f"function is a {type(self.function).__name__}, which cannot be called.",
                "Pass a function of (items, classes).",
            )
        if self.batch_size < 1:
            raise InvalidInputError(f"batch_size is {self.batch_size}.", "Pass 1 or more.")
        called = str(getattr(self.function, "__name__", type(self.function).__name__))
        object.__setattr__(self, "name", self.name or (f"{self.model} {self.prompt}".strip() or called))
        object.__setattr__(self, "model", self.model or self.name)

    def judge(self, cases: Cases) -> Verdicts:
        """Judge all rows.

        Parameters
        ----------
        cases : Cases
            With texts or features.

        Returns
        -------
        Verdicts
            Facts: ``n_calls``, ``latency_s``.

        Raises
        ------
        InvalidInputError
            Answers of another number, or probabilities that are none.
        MissingEvidenceError
            Neither texts nor features.
        """
        items: Any = cases.items(self.name)
        starts = range(0, cases.n, self.batch_size)
        start_at = time.perf_counter()
        parts = [
            self._batch(items[start : start + self.batch_size], cases.classes)
            for start in progress(starts, f"asking {self.name}")
        ]
        facts = {"n_calls": len(parts), "latency_s": round(time.perf_counter() - start_at, 6)}
        if not parts:
            return abstained(0, len(cases.classes), "", facts)
        reasons = [reason for part in parts for reason in part.reasons]
        return Verdicts(np.concatenate([part.probs for part in parts]), tuple(reasons), facts)

    def _batch(self, items: Any, classes: tuple[str, ...]) -> Verdicts:
        n, k = len(items), len(classes)
        try:
            said = self.function(list(items) if isinstance(items, tuple) else items, classes)
        except TimeoutError:
            return abstained(n, k, "timed out")
        except ConnectionError:
            return abstained(n, k, "no connection")
        if np.ndim(said) == 2:
            return from_probabilities(said, n, k, self.name)
        if isinstance(said, str) or not hasattr(said, "__len__") or len(said) != n:
            count = len(said) if hasattr(said, "__len__") and not isinstance(said, str) else 1
            raise InvalidInputError(
                f"{self.name} gave {count:,} answers to {n:,} items.", "Return one answer per item."
            )
        trie = LabelTrie(classes)
        answers = [(None, "abstained") if one is None else read_answer(one, trie) for one in list(said)]
        place = {label: code for code, label in enumerate(classes)}
        codes = np.array([-1 if label is None else place[label] for label, _ in answers], dtype=np.int64)
        return from_codes(codes, [reason for _, reason in answers], k)

"""A judge whose answers are there already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from labelscope.data.trie import LabelTrie
from labelscope.errors import InvalidInputError
from labelscope.evidence.judgements.answers import read_answer
from labelscope.evidence.judgements.cases import Cases
from labelscope.evidence.judgements.verdicts import Verdicts, from_codes, from_probabilities


@dataclass(frozen=True, kw_only=True)
class ColumnJudge:
    """A column of judgements that were made elsewhere.

    Parameters
    ----------
    values : (n,) labels or (n, K) probabilities
        Labels as values or names of classes; None and NaN are abstentions, and so is, with its reason, what
        is no class.
    name, model, prompt : str
        Names of the column of votes, of what answered, and of how it was asked.

    Examples
    --------
    >>> from labelscope.evidence.judgements.cases import Cases
    >>> judge = ColumnJudge(values=["a", None, "c"], name="gpt")
    >>> said = judge.judge(Cases(3, ("a", "b")))
    >>> said.codes.tolist(), said.reasons
    ([0, -1, -1], ('', 'abstained', "not a label: 'c'"))
    """

    learns: ClassVar[bool] = False

    values: Any
    name: str = "column"
    model: str = ""
    prompt: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "model", self.model or self.name)

    def judge(self, cases: Cases) -> Verdicts:
        """Return the column as verdicts.

        Parameters
        ----------
        cases : Cases
            Only its classes and length are read.

        Returns
        -------
        Verdicts

        Raises
        ------
        InvalidInputError
            Another length, or probabilities that are none.
        """
        values = self.values.to_numpy() if hasattr(self.values, "to_numpy") else self.values
        if isinstance(values, str) or not hasattr(values, "__len__") or len(values) != cases.n:
            n = len(values) if hasattr(values, "__len__") and not isinstance(values, str) else 1
            raise InvalidInputError.wrong_length(f"the column {self.name!r}", n, cases.n)
        if np.ndim(values) == 2:
            return from_probabilities(values, cases.n, len(cases.classes), f"the column {self.name!r}")
        trie = LabelTrie(cases.classes) if cases.classes else None
        place = {label: code for code, label in enumerate(cases.classes)}
        codes, reasons = np.full(cases.n, -1, dtype=np.int64), []
        for row, value in enumerate(list(values)):
            if value is None or value != value or trie is None:
                reasons.append("abstained")
                continue
            label, reason = read_answer(_text(value), trie)
            codes[row] = -1 if label is None else place[label]
            reasons.append(reason)
        return from_codes(codes, reasons, len(cases.classes))


def _text(value: Any) -> str:
    """Write a value as class names are written: 2.0 of a float column with gaps is the class 2."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)

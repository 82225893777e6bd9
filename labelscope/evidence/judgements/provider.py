"""Provider: what judges say about every row, each asked once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.evidence.judgements.cases import Cases, cases_of
from labelscope.evidence.judgements.centroid import CentroidJudge
from labelscope.evidence.judgements.naive_bayes import NaiveBayesJudge
from labelscope.evidence.judgements.vector_neighbors import NeighborJudge
from labelscope.evidence.judgements.verdicts import Judge, Verdicts, silences_of
from labelscope.types import Evidence, Made

if TYPE_CHECKING:
    from labelscope.data.dataset import Dataset


def offline_judges() -> tuple[Judge, ...]:
    """Return three judges that need no network and share little: words, mean texts, and static vectors."""
    return (NaiveBayesJudge(), CentroidJudge(), NeighborJudge())


def check_judges(judges: Sequence[Any]) -> tuple[Judge, ...]:
    """Refuse what cannot judge, and names that are there twice.

    Raises
    ------
    InvalidTypeError
        Something without ``judge(cases)``, such as a bare function.
    InvalidInputError
        Two judges of one name.
    """
    if isinstance(judges, Judge):
        judges = (judges,)
    names: set[str] = set()
    for one in judges:
        if not isinstance(one, Judge):
            raise InvalidTypeError(
                f"A {type(one).__name__} is no judge.",
                "Wrap a function in CallableJudge(function=...), a column in ColumnJudge(values=...).",
            )
        if one.name in names:
            raise InvalidInputError(
                f"Two judges are called {one.name!r}.", "Give each a name of its own with name= or title=."
            )
        names.add(one.name)
    return tuple(judges)


@dataclass(frozen=True, kw_only=True)
class Judgements:
    """What judges say: `HTTPJudge`, `CallableJudge`, `ColumnJudge` and offline ones.

    Parameters
    ----------
    judges : sequence of judges
        By default the three of `offline_judges`.

    Examples
    --------
    >>> import labelscope as ls
    >>> dataset = ls.Dataset(["good film", "bad film"], ["+", "-"])
    >>> from labelscope.evidence.judgements import ColumnJudge
    >>> judge = ColumnJudge(values=["+", None], name="gpt")
    >>> made = Judgements(judges=[judge]).make(dataset, ls.Evidence())
    >>> made.arrays["judgements"].tolist(), made.facts["judges"][0]["reasons"]
    ([[0], [-1]], {'abstained': 1})
    """

    name: ClassVar[str] = "judgements"
    makes: ClassVar[tuple[str, ...]] = ("judgements", "judgement_probs", "judgement_silences")
    needs: ClassVar[tuple[str, ...]] = ("given_labels",)

    judges: Sequence[Judge] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "judges", check_judges(self.judges))

    def make(self, dataset: Dataset | None, evidence: Evidence, *, random_state: int = 0) -> Made:
        """Make ``judgements`` (n, J) int64, -1 abstained, ``judgement_probs`` (n, J, K) and their silences.

        Parameters
        ----------
        dataset : Dataset or None
            Gives texts, labels and class names where the evidence does not.
        evidence : Evidence
            ``given_labels``; ``classes``, ``texts`` (n,), ``features`` (n, d) and ``groups`` when present.
            Only judges that learn see labels, and never the one of the row that they judge.
        random_state : int
            Seed of folds.

        Returns
        -------
        Made
            ``judgement_probs`` are float32. ``judgement_silences`` (n, J) int64 are positions in the fact
            ``silences``, why a judge gave no answer; -1 where it gave one. Facts: ``judges``, a list with
            ``name``, ``model``, ``prompt``, ``learns``, ``n_answered``, ``n_abstained``, ``reasons`` (counts
            of abstentions) and what each judge says of itself; and their sums ``judges_cost`` (None where one
            is not known), ``judges_latency_s``, ``judges_calls``.

        Raises
        ------
        LabelscopeError
            What a judge raises; see there.
        """
        cases = cases_of(dataset, evidence, by=self.name, random_state=random_state)
        judges = self.judges or offline_judges()
        heard = [one.judge(_shown(one, cases)) for one in judges]
        facts = [_facts(one, said) for one, said in zip(judges, heard, strict=True)]
        costs = [one.get("cost") for one in facts]
        probs = np.stack([said.probs for said in heard], axis=1).astype(np.float32)
        silences, places = silences_of([said.reasons for said in heard])
        return Made(
            {
                "judgements": np.stack([said.codes for said in heard], axis=1),
                "judgement_probs": probs,
                "judgement_silences": places,
            },
            {
                "judges": facts,
                "silences": silences,
                "judges_cost": None if None in costs else round(sum(float(one or 0) for one in costs), 9),
                "judges_latency_s": round(sum(float(one.get("latency_s", 0)) for one in facts), 6),
                "judges_calls": sum(int(one.get("n_calls", 0)) for one in facts),
            },
        )


def _shown(judge: Judge, cases: Cases) -> Cases:
    return cases if judge.learns else cases.blind()


def _facts(judge: Judge, said: Verdicts) -> dict[str, Any]:
    n_answered = int(said.answered.sum())
    prompt = judge.prompt
    return {
        "name": judge.name,
        "model": judge.model,
        "prompt": str(getattr(prompt, "name", prompt)),
        "learns": bool(judge.learns),
        "n_answered": n_answered,
        "n_abstained": len(said.reasons) - n_answered,
        "reasons": said.counted(),
        "guideline": str(getattr(judge, "guideline", "")),
        "cost": 0.0 if judge.learns else None,
        **said.facts,
    }

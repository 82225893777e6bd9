"""Mistake review: which of the mistakes that models still make are mistakes, of what kind, and how bad."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.errors import InvalidInputError, InvalidTypeError, notify
from labelscope.review.agreement import Agreement, cohen_kappa, fleiss_kappa
from labelscope.review.ballots import checked_agree
from labelscope.review.corrected import check_classes
from labelscope.review.events import Draft, Event, finish, scalar_key, to_scalar
from labelscope.review.findings import Findings, Opinion, settled_findings
from labelscope.review.label_sets import collapsed_codes, find_mistakes, sets_of_session
from labelscope.review.predictions import read_models
from labelscope.review.severity import (
    CATEGORIES,
    SEVERITIES,
    VERDICTS,
    CategoryHints,
    category_of,
    severity_of,
    verdict_of,
)
from labelscope.types import FloatArray, IntArray

if TYPE_CHECKING:
    from labelscope.review.session import Session


@dataclass(frozen=True)
class Case:
    """One prediction to judge.

    Attributes
    ----------
    row : int
    prediction : label value
    models : tuple of str
        Who predicts it.
    suggested_category : str
        One of ``severity.CATEGORIES``, or empty without features.
    """

    row: int
    prediction: Any
    models: tuple[str, ...]
    suggested_category: str = ""


class MistakeReview:
    """Have people judge each prediction that is outside the label sets, once for all models that make it.

    Opinions are events ``voted`` of the session's journal. A verdict stands when ``raters_per_item`` people
    gave it and nobody another one; what people differ on goes to :meth:`discussion`, and is settled by a vote
    with ``settled=True``.

    Parameters
    ----------
    session : Session
        Of classes.
    predictions : mapping of str to (n,) labels or (n, K) probabilities
    label_sets, unclear_sets : n sets of labels or (n, K) 0/1, optional
        Right labels and those nobody is sure of; by default the current labels, and the sets accepted in the
        session. Excluded rows are problematic.
    collapsed : pairs of labels
        Classes that count as one.
    superclasses : (K,) labels, optional
        Groups of classes, for suggestions.
    raters_per_item : int
    study : str

    Attributes
    ----------
    sets : LabelSets
        Before the review.
    mistakes : label_sets.Mistakes

    Raises
    ------
    InvalidInputError, InvalidTypeError
        Predictions or sets that do not fit the rows or the classes.
    TaskError
        Labels are sets of tags or numbers.

    Notes
    -----
    Vasudevan, Caine, Gontijo-Lopes, Fridovich-Keil, Roelofs: When does dough become a bagel? Analyzing the
    remaining mistakes on ImageNet, NeurIPS 2022.

    Examples
    --------
    >>> import labelscope as ls
    >>> dataset = ls.Dataset(["dough", "bagel", "bread"], ["dough", "bagel", "bread"])
    >>> audit = ls.Audit.from_arrays(dataset, suspicion=[0, 0, 0], suggested_codes=[1, 0, 2])
    >>> review = MistakeReview(ls.Session(audit, journal=None), {"vit": ["bagel", "bagel", "dough"]})
    >>> _ = review.vote(0, "bagel", "correct")
    >>> _ = review.vote(2, "dough", "wrong", category="fine_grained", severity="major")
    >>> review.findings().accuracy()["vit"]
    (0.3333333333333333, 0.6666666666666666)
    """

    def __init__(
        self,
        session: Session,
        predictions: Mapping[str, Any],
        *,
        label_sets: Any = None,
        unclear_sets: Any = None,
        collapsed: Iterable[Any] = (),
        superclasses: Sequence[Any] | None = None,
        raters_per_item: int = 1,
        study: str = "mistakes",
    ) -> None:
        check_classes(session)
        checked_agree(raters_per_item, None, "majority")
        if not isinstance(study, str) or not study.strip():
            raise InvalidTypeError(f"study is {study!r:.60}.", 'Give it a name, such as study="panel".')
        self.session = session
        self.study = study.strip()
        self.raters_per_item = int(raters_per_item)
        self.superclasses = superclasses
        self.sets = sets_of_session(session, label_sets, unclear_sets)
        names = tuple(session.audit.dataset.labels.names)
        self.models, self.codes = read_models(predictions, session.audit.n, self.sets.classes, names)
        self.collapsed = collapsed_codes(collapsed, self.sets.classes)
        self.mistakes = find_mistakes(self.models, self.codes, self.sets, self.collapsed)
        pairs = zip(self.mistakes.rows.tolist(), self.mistakes.predictions.tolist(), strict=True)
        self._place = {pair: place for place, pair in enumerate(pairs)}
        self._code_of = {scalar_key(to_scalar(value)): code for code, value in enumerate(self.sets.classes)}
        self._hints: CategoryHints | None = None

    def queue(self, reviewer: str | None = None, n: int | None = None) -> list[Case]:
        """Return what a person still has to judge: what most models predict first, then by row.

        Parameters
        ----------
        reviewer : str, optional
            By default the session's.
        n : int, optional
            How many at most.

        Returns
        -------
        list of Case
        """
        opinions = self.opinions()
        return self._cases(self.left(opinions, self.findings(opinions), reviewer)[:n].tolist())

    def left(self, opinions: Sequence[Opinion], found: Findings, reviewer: str | None = None) -> IntArray:
        """Return what a person still has to judge as positions in ``mistakes``, in the order of the queue."""
        who = self._who(reviewer)
        done = found.stands
        done[[one.place for one in opinions if one.reviewer == who]] = True
        order = self.order()
        return order[~done[order]]

    def order(self) -> IntArray:
        """Return the positions of all mistakes: what most models predict first, then by row."""
        return np.argsort(-self.mistakes.made.sum(axis=1), kind="stable")

    def discussion(self) -> list[Case]:
        """Return what people differ on, in verdict, category or severity, until a settled vote ends it."""
        return self._cases(np.flatnonzero(self.findings().disputed).tolist())

    def vote(
        self,
        row: int,
        prediction: Any,
        verdict: str,
        *,
        category: str | None = None,
        severity: str | None = None,
        reviewer: str | None = None,
        settled: bool = False,
        source: str = "api",
    ) -> tuple[Event, ...]:
        """Record what a person says about a prediction, in place of what the same person said before.

        Parameters
        ----------
        row : int
        prediction : label
        verdict : {"correct", "wrong", "unclear", "problematic"}
            Of the prediction; ``"problematic"`` is of the row, on which nothing can be judged.
        category, severity : str, optional
            Of a wrong prediction: one of ``severity.CATEGORIES`` and ``severity.SEVERITIES``.
        reviewer : str, optional
            By default the session's.
        settled : bool
            Whether this is what the panel agreed on.
        source : str

        Returns
        -------
        tuple of Event

        Raises
        ------
        InvalidInputError
            No model makes this mistake, or another word.
        """
        data = self._opinion(row, prediction, verdict, category, severity)
        return self._record([data | {"settled": True} if settled else data], reviewer, source)

    def vote_all(
        self, opinions: Iterable[Mapping[str, Any]], *, reviewer: str | None = None
    ) -> tuple[Event, ...]:
        """Record many opinions of one person at once.

        Parameters
        ----------
        opinions : iterable of mapping
            Each with ``row``, ``prediction``, ``verdict``, and ``category``, ``severity`` where it is wrong.
        reviewer : str, optional

        Returns
        -------
        tuple of Event
        """
        names = ("row", "prediction", "verdict", "category", "severity")
        found = [self._opinion(*(one.get(name) for name in names)) for one in opinions]
        return self._record(found, reviewer, "api")

    def opinions(self, *, quiet: bool = False) -> tuple[Opinion, ...]:
        """Return the last word of each person about each mistake, and of the panel.

        Parameters
        ----------
        quiet : bool
            Say nothing of opinions about predictions that are no mistakes any more.

        Returns
        -------
        tuple of Opinion
        """
        last: dict[tuple[int, str, bool], Opinion] = {}
        unreadable = 0
        with self.session.ledger.lock:
            events = self.session.state.active_events()
        for event in events:
            if event.kind == "voted" and event.data.get("study") == self.study:
                one = self._read(event)
                if one is None:
                    unreadable += 1
                else:
                    last[one.place, one.reviewer, one.settled] = one
        if unreadable and not quiet:
            notify(
                "votes_unreadable",
                f"{unreadable:,} opinions of the study {self.study!r} are about no mistake of these models"
                " and are not counted.",
                "Review with the same predictions and label sets.",
            )
        return tuple(last.values())

    def findings(self, opinions: Sequence[Opinion] | None = None) -> Findings:
        """Return what the opinions come to."""
        said = self.opinions() if opinions is None else opinions
        return settled_findings(
            said, self.mistakes, self.sets, self.codes,
            collapsed=self.collapsed, raters_per_item=self.raters_per_item,
            ids=self.session.audit.dataset.ids, fingerprint=self.session.audit.dataset.fingerprint,
        )  # fmt: skip

    def suggest(self) -> list[str]:
        """Return the suggested category of each mistake; empty texts where the audit has no features."""
        return self._suggest(range(len(self.mistakes)))

    def hints(self) -> CategoryHints | None:
        """Return what suggests categories; None where the audit has no features."""
        if self._hints is None:
            features = self.session.audit.evidence.get("features")
            if not isinstance(features, np.ndarray) or features.ndim != 2:
                return None
            self._hints = CategoryHints(
                self.mistakes, features, self.sets.original,
                n_classes=len(self.sets.classes), superclasses=self.superclasses, correct=self.sets.correct,
            )  # fmt: skip
        return self._hints

    def _suggest(self, places: Sequence[int]) -> list[str]:
        hints = self.hints()
        return [""] * len(places) if hints is None else hints.of(places)

    def agreement(self) -> dict[str, Agreement | None]:
        """Return how far people agree before they discuss.

        Returns
        -------
        dict of str to Agreement or None
            For ``"verdict"``, ``"category"`` and ``"severity"``: Cohen's kappa of two people, Fleiss' of
            more; None where fewer than two people judged the same mistake.
        """
        own = [one for one in self.opinions() if not one.settled]
        people = sorted({one.reviewer for one in own})
        found: dict[str, Agreement | None] = {}
        for name in ("verdict", "category", "severity"):
            table: FloatArray = np.full((len(self.mistakes), len(people)), np.nan)
            for one in own:
                value = getattr(one, name)
                if value >= 0:
                    table[one.place, people.index(one.reviewer)] = value
            both = (~np.isnan(table)).sum(axis=1) > 1
            if not both.any():
                found[name] = None
            elif len(people) == 2:
                found[name] = cohen_kappa(table[both, 0], table[both, 1])
            else:
                found[name] = fleiss_kappa(table[both])
        return found

    # -- votes --------------------------------------------------------------------------------------------

    def _opinion(
        self, row: Any, prediction: Any, verdict: Any, category: Any, severity: Any
    ) -> dict[str, Any]:
        word = verdict_of(verdict)
        place = self.place_of(row, prediction)
        if word != "wrong" and (category is not None or severity is not None):
            raise InvalidInputError(
                f"The verdict is {word!r}, but a category or a severity is given.",
                "Both are about wrong predictions; leave them out, or say wrong.",
            )
        return {
            "study": self.study,
            "row": int(self.mistakes.rows[place]),
            "prediction": to_scalar(self.sets.classes[int(self.mistakes.predictions[place])]),
            "verdict": word,
            "category": None if category is None else category_of(category),
            "severity": None if severity is None else severity_of(severity),
        }

    def _record(self, opinions: list[dict[str, Any]], reviewer: Any, source: str) -> tuple[Event, ...]:
        who, ledger = self._who(reviewer), self.session.ledger
        drafts = [Draft("voted", [one.pop("row")], data=one) for one in opinions]
        return ledger.append(lambda: finish(drafts, who, source, ledger.state.last_key[0]))

    def _read(self, event: Event) -> Opinion | None:
        data = event.data
        code = self._code_of.get(scalar_key(data.get("prediction")), -1)
        place = self._place.get((event.rows[0], code)) if len(event.rows) == 1 else None
        if place is None or data.get("verdict") not in VERDICTS:
            return None
        kind, bad = data.get("category"), data.get("severity")
        return Opinion(
            place,
            event.reviewer,
            VERDICTS.index(data["verdict"]),
            CATEGORIES.index(kind) if kind in CATEGORIES else -1,
            SEVERITIES.index(bad) if bad in SEVERITIES else -1,
            data.get("settled") is True,
        )

    def place_of(self, row: Any, prediction: Any) -> int:
        """Return the position of a row's prediction in ``mistakes``.

        Raises
        ------
        InvalidInputError
            No model makes this mistake.
        """
        if isinstance(row, bool) or not isinstance(row, int | np.integer):
            raise InvalidTypeError(f"row is {row!r:.40}.", "Pass the position of the row.")
        code = self._code_of.get(scalar_key(to_scalar(prediction)))
        if code is None:
            raise InvalidInputError.unknown("class", prediction, self.sets.classes)
        place = self._place.get((int(row), code))
        if place is None:
            raise InvalidInputError(
                f"No model makes the mistake {prediction!r:.40} on row {row}.",
                "Judge what the queue lists; what is in the label sets is no mistake.",
            )
        return place

    def _cases(self, places: list[int]) -> list[Case]:
        suggested, classes = self._suggest(places), self.sets.classes
        found = []
        for place, hint in zip(places, suggested, strict=True):
            made = self.mistakes.made[place]
            models = tuple(name for name, makes in zip(self.models, made.tolist(), strict=True) if makes)
            label = to_scalar(classes[int(self.mistakes.predictions[place])])
            found.append(Case(int(self.mistakes.rows[place]), label, models, hint))
        return found

    def _who(self, reviewer: Any) -> str:
        name = self.session.reviewer if reviewer is None else reviewer
        if not isinstance(name, str) or not name.strip():
            raise InvalidTypeError(f"reviewer is {reviewer!r:.60}.", 'Pass a name, such as reviewer="ada".')
        return name.strip()

    def __repr__(self) -> str:
        return (
            f"<MistakeReview {self.study!r}: {len(self.mistakes):,} mistakes on {self.mistakes.n_rows:,} rows"
            f" of {len(self.models)} models>"
        )

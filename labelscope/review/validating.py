"""Human validation: several people vote on flagged rows, and on a hidden sample of the others."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.data.arguments import check_flags, check_seed
from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.review.ballots import (
    OPEN,
    OPTIONS,
    PARTS,
    Vote,
    checked_agree,
    count_votes,
    outcome_names,
    outcomes_of,
    votes_of,
)
from labelscope.review.corrected import CorrectedLabels, check_classes, corrected_labels
from labelscope.review.events import Draft, Event, finish, to_scalar
from labelscope.review.exemplars import exemplars_of
from labelscope.review.rows import as_rows
from labelscope.types import IntArray

if TYPE_CHECKING:
    from labelscope.review.session import Session

_SIDES = ("first", "second")
_MOST_EXEMPLARS = 50


@dataclass(frozen=True)
class Ballot:
    """What a person sees of one row: two labels, each with rows that surely are of it.

    Attributes
    ----------
    row : int
    labels : tuple of two label values
        In blind mode in random order, the same whenever this person sees the row.
    exemplars : tuple of two (m,) int64
        Rows most surely of each label, surest first; never the row itself.
    answers : tuple of str
        What may be answered: ``"first"``, ``"second"``, ``"both"``, ``"neither"``, ``"unsure"``.
    blind : bool
    """

    row: int
    labels: tuple[Any, Any]
    exemplars: tuple[IntArray, IntArray]
    answers: tuple[str, ...]
    blind: bool


class ValidationSession:
    """Let several people vote on each flagged row, and on unflagged rows that look like any other.

    Votes are events ``voted`` of the session's journal and change no label; :meth:`corrected_labels` says
    what they come to. Rows come in an order by chance, so that those done so far are a sample of all.

    Parameters
    ----------
    session : Session
        Of classes.
    raters_per_item : int
        People who are to vote about each row.
    agree : int, optional
        Votes that an option needs; by default more than half.
    policy : {"majority", "unanimous"}
        When a row is settled, and need not be voted on by more people: with ``"majority"`` once an option has
        the votes, with ``"unanimous"`` once all have voted or two differ.
    n_checked : int, optional
        Flagged rows to check; by default all.
    n_hidden : int
        Unflagged rows to mix in.
    blind : bool
        Whether people are not told which of the two labels is the given one.
    study : str
        Name by which votes are found again.
    random_state : int

    Attributes
    ----------
    checked, hidden : (m,) int64
        Flagged and unflagged rows to vote on, each in its order by chance.

    Raises
    ------
    TaskError
        Labels are sets of tags or numbers.
    InvalidInputError
        Nothing is flagged and nothing is hidden, or a number that makes no sense.

    Notes
    -----
    Northcutt, Athalye, Mueller: Pervasive label errors in test sets destabilize machine learning benchmarks,
    NeurIPS 2021.

    Examples
    --------
    >>> import labelscope as ls
    >>> dataset = ls.Dataset(["good film", "bad film", "bad cut"], ["+", "-", "+"])
    >>> audit = ls.Audit.from_arrays(dataset, suspicion=[0, 0, 0.9], suggested_codes=[0, 1, 1])
    >>> study = ValidationSession(ls.Session(audit, journal=None), raters_per_item=3)
    >>> for name in ("ada", "bob", "eve"):
    ...     _ = study.vote(2, "suggested", reviewer=name)
    >>> study.outcomes()
    {2: 'correctable'}
    """

    def __init__(
        self,
        session: Session,
        *,
        raters_per_item: int = 5,
        agree: int | None = None,
        policy: str = "majority",
        n_checked: int | None = None,
        n_hidden: int = 0,
        blind: bool = True,
        study: str = "validation",
        random_state: int = 0,
    ) -> None:
        check_classes(session)
        check_seed(random_state)
        if not isinstance(study, str) or not study.strip():
            raise InvalidTypeError(f"study is {study!r:.60}.", 'Give it a name, such as study="round 2".')
        self.session = session
        self.raters_per_item = raters_per_item
        self.agree = checked_agree(raters_per_item, agree, policy)
        self.policy = policy
        check_flags(blind=blind)
        self.blind = bool(blind)
        self.study = study.strip()
        self.random_state = random_state
        labeled = np.asarray(session.audit.given_codes) >= 0
        flagged = np.asarray(session.audit.flagged, dtype=bool)
        self._frames = {
            "flagged": self._shuffled(np.flatnonzero(flagged & labeled), 1),
            "unflagged": self._shuffled(np.flatnonzero(~flagged & labeled), 2),
        }
        self._place = {
            int(row): (part, place, len(order))
            for part, order in self._frames.items()
            for place, row in enumerate(order)
        }
        self.checked: IntArray = self._drawn("flagged", n_checked, "n_checked")
        self.hidden: IntArray = self._drawn("unflagged", n_hidden, "n_hidden")
        if not len(self.checked) + len(self.hidden):
            raise InvalidInputError(
                f"{len(self._frames[PARTS[0]]):,} rows are flagged, but there is none to vote on.",
                "Set n_hidden to look at unflagged rows, or n_checked to look at flagged ones.",
            )

    def hidden_error_sample(self, n: int) -> IntArray:
        """Set how many unflagged rows are mixed in: what the flags miss is estimated from these.

        Parameters
        ----------
        n : int
            In all; asking for more later extends the sample and changes none of it.

        Returns
        -------
        (m,) int64
            The unflagged rows.
        """
        self.hidden = self._drawn("unflagged", n, "n")
        return self.hidden

    def queue(self, reviewer: str | None = None, n: int | None = None) -> IntArray:
        """Return rows that a person still has to vote on.

        Parameters
        ----------
        reviewer : str, optional
            By default the session's.
        n : int, optional
            How many at most.

        Returns
        -------
        (m,) int64
            Flagged and unflagged rows mixed evenly; who votes cannot tell them apart. Rows whose outcome
            stands are left out.
        """
        who = self._who(reviewer)
        votes = self.votes()
        done = {vote.row for vote in votes if vote.reviewer == who}
        rows, counts = count_votes(votes)
        stands = self._outcomes_of(counts) != OPEN
        full = counts.sum(axis=1) >= self.raters_per_item
        done |= set(rows[stands | full].tolist())
        left = [row for row in self._mixed().tolist() if row not in done]
        return np.array(left[:n], dtype=np.int64)

    def ballot(self, row: int, reviewer: str | None = None, n_exemplars: int = 8) -> Ballot:
        """Return what to show of a row.

        Parameters
        ----------
        row : int
        reviewer : str, optional
            By default the session's; the order of the two labels depends on the person.
        n_exemplars : int
            Rows to show of each label.

        Returns
        -------
        Ballot
        """
        position = self._row(row)
        pair = [int(self.session.state.given[position]), self.suggested_code(position)]
        if self._swapped(position, self._who(reviewer)):
            pair.reverse()
        classes = self.session.state.classes
        first, second = (to_scalar(classes[code]) for code in pair)
        shown = min(max(int(n_exemplars), 0), _MOST_EXEMPLARS)
        one, other = (exemplars_of(self.session, code, shown, but=position) for code in pair)
        return Ballot(position, (first, second), (one, other), (*_SIDES, *OPTIONS[2:]), self.blind)

    def suggested_code(self, row: int) -> int:
        """Return the code of the label that a row's given label is held against.

        The audit's suggestion where it is another label; else the likeliest other class of the model, or
        without one the largest other class.
        """
        audit = self.session.audit
        given, suggested = int(audit.given_codes[row]), int(audit.suggested_codes[row])
        if suggested >= 0 and suggested != given:
            return suggested
        probs = audit.evidence.get("pred_probs")
        k = len(audit.classes)
        if k < 2:
            raise InvalidInputError("There is one class only, so there are no two labels to choose between.")
        codes = np.asarray(audit.given_codes)
        weight = np.bincount(codes[codes >= 0], minlength=k).astype(np.float64)
        if isinstance(probs, np.ndarray) and probs.ndim == 2 and probs.shape[1] == k:
            weight = probs[row].astype(np.float64)
        weight[given] = -np.inf
        return int(weight.argmax())

    def vote(
        self,
        rows: Any,
        answers: Any,
        *,
        reviewer: str | None = None,
        blind: bool | None = None,
        source: str = "api",
    ) -> tuple[Event, ...]:
        """Record a person's votes; a later vote about the same row replaces the earlier one.

        Parameters
        ----------
        rows : int, ints, slice or mask
        answers : str or one a row
            ``"first"`` and ``"second"`` as on the person's :meth:`ballot`, or ``"given"``, ``"suggested"``,
            ``"both"``, ``"neither"``, ``"unsure"``.
        reviewer : str, optional
            By default the session's.
        blind : bool, optional
            Whether the person did not know which label was given; by default as the study is.
        source : str

        Returns
        -------
        tuple of Event

        Raises
        ------
        InvalidInputError
            Another answer, another number of answers, or a row without a label.
        JournalError
            Nothing was recorded.
        """
        who, hidden = self._who(reviewer), self.blind if blind is None else bool(blind)
        positions = as_rows(rows, self.session.audit.n).tolist()
        said = [answers] * len(positions) if isinstance(answers, str) else list(answers)
        if len(said) != len(positions):
            raise InvalidInputError.wrong_length("answers", len(said), len(positions), "rows")
        pairs = zip(positions, said, strict=True)
        votes = [self._vote(self._row(row), str(word), who, hidden) for row, word in pairs]
        ledger = self.session.ledger

        def make() -> tuple[Event, ...]:
            classes, suspicion = ledger.state.classes, self.session.suspicion
            drafts = []
            for vote in votes:
                before = to_scalar(classes[ledger.state.given[vote.row]])
                doubt = [round(float(suspicion[vote.row]), 6)]
                drafts.append(Draft("voted", [vote.row], [before], [before], doubt, vote.data(self.study)))
            return finish(drafts, who, source, ledger.state.last_key[0])

        return ledger.append(make)

    def votes(self) -> tuple[Vote, ...]:
        """Return the votes of this study, of all people, that are in the journal."""
        return votes_of(self.session, self.study)

    def outcomes(self, policy: str | None = None) -> dict[int, str]:
        """Return what the votes come to.

        Parameters
        ----------
        policy : {"majority", "unanimous"}, optional
            By default the study's. Rows that a majority settled have too few votes to be unanimous.

        Returns
        -------
        dict of int to str
            By row: ``"non_error"``, ``"correctable"``, ``"multi_label"``, ``"neither"``, ``"no_agreement"``;
            or ``"open"`` where votes are missing, ``"unsure"`` where most were unsure.
        """
        rows, counts = count_votes(self.votes())
        found = self._outcomes_of(counts, policy)
        return dict(zip(rows.tolist(), outcome_names(found), strict=True))

    def corrected_labels(self, policy: str | None = None, unknown: str = "drop") -> CorrectedLabels:
        """Return the labels by the votes of this study; see `review.corrected.corrected_labels`."""
        return corrected_labels(
            self.session, study=self.study, policy=policy or self.policy, unknown=unknown,
            raters_per_item=self.raters_per_item, agree=self.agree,
        )  # fmt: skip

    # -- design -------------------------------------------------------------------------------------------

    def _outcomes_of(self, counts: IntArray, policy: str | None = None) -> IntArray:
        return outcomes_of(
            counts, raters_per_item=self.raters_per_item, agree=self.agree, policy=policy or self.policy
        )

    def _shuffled(self, rows: IntArray, salt: int) -> IntArray:
        return np.random.default_rng([int(self.random_state), salt]).permutation(rows)

    def _drawn(self, part: str, n: Any, name: str) -> IntArray:
        frame = self._frames[part]
        if n is None:
            return frame
        if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 0:
            raise InvalidInputError(f"{name} is {n!r}.", "Give the number of rows to draw, from 0.")
        return frame[: int(n)]

    def _mixed(self) -> IntArray:
        """Both samples in one list, each spread evenly over it and in its own order."""
        parts = (self.checked, self.hidden)
        where = [(np.arange(len(part)) + 0.5) / max(len(part), 1) for part in parts]
        order = np.argsort(np.concatenate(where), kind="stable")
        return np.concatenate(parts)[order]

    def _vote(self, row: int, answer: str, who: str, blind: bool) -> Vote:
        if answer in _SIDES:
            answer = OPTIONS[_SIDES.index(answer) ^ self._swapped(row, who)]
        elif answer not in OPTIONS:
            raise InvalidInputError.unknown("answer", answer, (*_SIDES, *OPTIONS))
        suggested = to_scalar(self.session.state.classes[self.suggested_code(row)])
        part, place, frame = self._place[row]
        if place >= len(self.checked if part == PARTS[0] else self.hidden):
            part, place, frame = "", -1, 0  # picked by hand: no sample
        return Vote(row, who, answer, suggested, blind, part, place, frame)

    def _swapped(self, row: int, who: str) -> int:
        """Whether a person sees the suggestion first: by chance, and the same every time."""
        if not self.blind:
            return 0
        key = f"{self.random_state}|{self.study}|{row}|{who}".encode("utf-8", "backslashreplace")
        return hashlib.blake2b(key, digest_size=1).digest()[0] & 1

    def _row(self, row: Any) -> int:
        positions = as_rows(row, self.session.audit.n)
        if len(positions) != 1:
            raise InvalidInputError(
                f"A ballot is about one row, but {len(positions):,} are given.", "Pass one."
            )
        position = int(positions[0])
        if self.session.audit.given_codes[position] < 0:
            raise InvalidInputError(f"Row {position} has no label to vote on.", "Label it with relabel.")
        return position

    def _who(self, reviewer: Any) -> str:
        name = self.session.reviewer if reviewer is None else reviewer
        if not isinstance(name, str) or not name.strip():
            raise InvalidTypeError(f"reviewer is {reviewer!r:.60}.", 'Pass a name, such as reviewer="ada".')
        return name.strip()

    def __repr__(self) -> str:
        return (
            f"<ValidationSession {self.study!r}: {len(self.checked):,} {PARTS[0]} and {len(self.hidden):,}"
            f" {PARTS[1]} rows, {self.raters_per_item} raters an item>"
        )

"""What a person hands to a view from the next cell: predictions, answers of people and judges, a teacher."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.review.judge_answers import heard
from labelscope.review.judges import give_judges, judges_of
from labelscope.review.planned import put_plan, ready_plan
from labelscope.types import Score

if TYPE_CHECKING:
    from labelscope.review.session import Session

#: What can be given, and what for.
NAMES = {
    "models": "predictions by the name of the model, for benchmark stability and mistakes",
    "experts": "answers of experts, (n, raters) or (n,)",
    "crowd": "answers of a crowd, (n, raters) or (n,)",
    "judges": "answers of judges, (n, raters) or (n,), a frame, or the score of a JudgeEnsemble",
    "truth": "(n,) labels that answers are measured against",
    "costs": "cost of one answer by source, such as {'experts': 1.5}",
    "prior_probs": "(n, K) probabilities that need no label, for the budget",
    "validation": "a reports.ValidationSession of this session, in place of five raters an item",
    "mistakes": "a reports.MistakeReview of this session, with label sets or for several people",
    "metadata": "what people state for the nutrition label, such as {'license': 'CC0'}",
    "reference": "a second labelling or a trusted part of the rows, for the nutrition label",
    "plan": "a review plan, the path of a saved one, or a queues.ReviewPlan; None withdraws it",
    "teacher": "a function of rows that returns their labels",
}
_ROWS = ("experts", "crowd", "judges", "truth", "prior_probs")


class Given:
    """Holds what was given; belongs to a session.

    Parameters
    ----------
    session : Session
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._held: dict[str, Any] = {}
        #: rises with each thing that is given: what was made of the ones before is of before
        self.version = 0

    def give(self, **named: Any) -> None:
        """Take things by name; None takes one back.

        Raises
        ------
        InvalidInputError, InvalidTypeError
            An unknown name, or something that does not fit the rows; nothing is taken then.
        """
        for name, value in named.items():
            if name not in NAMES:
                raise InvalidInputError.unknown("thing to give", name, NAMES)
            if name == "plan":
                self._check_plan(value)
            elif value is not None:
                self._check(name, value)
        judges = named.get("judges")
        if judges is not None and self._names_classes:
            judges = heard(judges, self._session.audit)
        if "plan" in named:
            plan = named.pop("plan")
            if plan is None:
                self._session.withdraw_plan()
            else:
                put_plan(self._session, plan)
        if "judges" in named and self._names_classes:
            give_judges(self._session, judges)
        self._held = {k: v for k, v in {**self._held, **named}.items() if v is not None}
        self.version += 1

    def get(self, name: str) -> Any:
        """Return what was given under a name; None without."""
        return self._held.get(name)

    def sources(self) -> dict[str, Any]:
        """Return the answers that were given, by source."""
        found: dict[str, Any] = {
            name: self._held[name] for name in ("experts", "crowd", "judges") if name in self._held
        }
        judges = judges_of(self._session)
        if isinstance(found.get("judges"), Score) and judges is not None:
            found["judges"] = judges.answers(self._session.audit.classes)
        return found

    @property
    def _names_classes(self) -> bool:
        return self._session.audit.dataset.labels.task == "classification"

    def _check_plan(self, plan: Any) -> None:
        if plan is not None:
            ready_plan(self._session, plan)
        elif self._session.plan() is None:
            raise InvalidInputError("No plan is in force.", "None withdraws one; give a plan to put it.")

    def _check(self, name: str, value: Any) -> None:
        n = self._session.audit.n
        if name == "models":
            from labelscope.review.predictions import read_models

            state = self._session.state
            read_models(value, n, state.classes, self._session.audit.dataset.labels.names)
        elif name == "teacher" and not callable(value):
            raise InvalidTypeError(
                f"teacher is a {type(value).__name__}.", "Give a function of rows that returns their labels."
            )
        elif name == "validation":
            from labelscope.review.validating import ValidationSession

            if not isinstance(value, ValidationSession) or value.session is not self._session:
                raise InvalidTypeError(
                    f"validation is a {type(value).__name__}.",
                    "Give reports.ValidationSession(view.session, ...).",
                )
        elif name == "mistakes":
            from labelscope.review.mistakes import MistakeReview

            if not isinstance(value, MistakeReview) or value.session is not self._session:
                raise InvalidTypeError(
                    f"mistakes is a {type(value).__name__}.",
                    "Give reports.MistakeReview(view.session, {...}).",
                )
        elif name in ("metadata", "reference"):
            self._check_label(name, value)
        elif name == "costs" and not isinstance(value, Mapping):
            raise InvalidTypeError(
                f"costs is a {type(value).__name__}.", "Give costs by source: {'experts': 1.5}."
            )
        elif name in _ROWS and not (name == "judges" and isinstance(value, Score)):
            if not hasattr(value, "__len__"):
                raise InvalidTypeError(f"{name} is a {type(value).__name__}.", "Give one entry a row.")
            if len(value) != n:
                raise InvalidInputError.wrong_length(name, len(value), n)

    def _check_label(self, name: str, value: Any) -> None:
        from labelscope.reports.nutrition.metadata import checked
        from labelscope.reports.nutrition.reference import read_reference
        from labelscope.reports.nutrition.subject import subject_of

        if name == "metadata":
            checked(value)
        else:
            read_reference(subject_of(self._session, None, {}), value)

"""Answers of judges that somebody hands over: columns of labels, or the score of an ensemble."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.data.frames import column_names, column_values, is_frame
from labelscope.data.label_values import is_missing, plain
from labelscope.errors import InvalidInputError
from labelscope.evidence.judgements.cases import Cases
from labelscope.evidence.judgements.column_judge import ColumnJudge
from labelscope.evidence.judgements.verdicts import silences_of
from labelscope.review.events import scalar_key, to_scalar
from labelscope.scorers.judges import JudgeEnsemble
from labelscope.types import Array, Evidence, IntArray, Score

if TYPE_CHECKING:
    from labelscope.auditing.audit import Audit


def heard(answers: Any, audit: Audit) -> Score:
    """Return what judges say as the score of an ensemble.

    Parameters
    ----------
    answers : Score, frame, or (n, judges) or (n,) labels
        The score of `scorers.JudgeEnsemble`; or labels as values or names of classes, a column a judge. None
        and NaN are abstentions, and so is, with its reason, what is no class of the data.
    audit : Audit

    Returns
    -------
    Score
        With ``votes`` and ``silences`` (n, judges) among its details.

    Raises
    ------
    InvalidInputError
        Another number of rows, no judge, or a score without votes.
    """
    if isinstance(answers, Score):
        return _of_score(answers, audit)
    columns, names = _columns(answers)
    for column in columns:
        if len(column) != audit.n:
            raise InvalidInputError.wrong_length("judges", len(column), audit.n)
    labels = tuple(map(str, audit.dataset.labels.names))
    read = [_read(column, labels) for column in columns]
    # What a judge says again and again is one reason; each column has as many places as the longest.
    most = max(len(reasons) for _, _, reasons in read)
    texts, table = silences_of([[*reasons, *[""] * (most - len(reasons))] for _, _, reasons in read])
    votes = np.stack([codes[said] for said, codes, _ in read], axis=1)
    places = np.stack([table[said, judge] for judge, (said, _, _) in enumerate(read)], axis=1)
    score = JudgeEnsemble(models=names).score(
        Evidence(given_labels=audit.given_codes, classes=audit.classes, judgements=votes)
    )
    return Score(
        score.suspicion,
        score.suggested,
        score.flagged,
        {**score.details, "silences": places},
        {**score.meta, "silences": texts},
    )


def _of_score(score: Score, audit: Audit) -> Score:
    """Take over a score; its codes become those of the audit."""
    if np.ndim(score.details.get("votes", 0)) != 2 or "sureness" not in score.details:
        raise InvalidInputError("judges is a score without votes.", "Give that of scorers.JudgeEnsemble().")
    if len(score.suspicion) != audit.n:
        raise InvalidInputError.wrong_length("judges", len(score.suspicion), audit.n)
    place = {scalar_key(to_scalar(value)): code for code, value in enumerate(audit.classes.tolist())}
    known = [place.get(scalar_key(to_scalar(value)), -1) for value in score.meta["classes"]]
    votes = np.array([*known, -1], dtype=np.int64)[score.details["votes"]]
    return Score(
        score.suspicion, score.suggested, score.flagged, {**score.details, "votes": votes}, score.meta
    )


def _columns(answers: Any) -> tuple[list[Array], tuple[str, ...]]:
    if is_frame(answers):
        names = column_names(answers)
        columns = [np.asarray(column_values(answers, name), dtype=object) for name in names]
        if columns:
            return columns, tuple(map(str, names))
    matrix = np.asarray(answers.to_numpy() if hasattr(answers, "to_numpy") else answers, dtype=object)
    matrix = matrix[:, None] if matrix.ndim == 1 else matrix
    if matrix.ndim != 2 or not matrix.shape[1]:
        raise InvalidInputError(
            f"judges has the shape {matrix.shape}.", "Give one column of labels a judge: (n, judges) or (n,)."
        )
    return list(matrix.T), tuple(f"judge {place + 1}" for place in range(matrix.shape[1]))


def _read(column: Array, labels: tuple[str, ...]) -> tuple[IntArray, IntArray, list[str]]:
    """Read what a judge says: the place of each row among what it says, with a code and a reason each.

    What it says more than once is read once.
    """
    listed = column.tolist()
    keys = listed if set(map(type, listed)) <= {str, type(None)} else list(map(_key, listed))
    distinct = dict.fromkeys(keys)
    numbers = dict(zip(distinct, range(len(distinct)), strict=True))
    places = np.fromiter(map(numbers.__getitem__, keys), np.int64, len(keys))
    first = np.zeros(len(distinct), dtype=np.int64)
    first[places[::-1]] = np.arange(len(keys))[::-1]
    values = [_said(listed[row], labels) for row in first.tolist()]
    verdicts = ColumnJudge(values=values).judge(Cases(len(values), labels))
    return places, verdicts.codes, list(verdicts.reasons)


def _key(value: Any) -> tuple[type, Any]:
    return type(value), value if isinstance(value, str | int | float) else str(value)


def _said(value: Any, labels: tuple[str, ...]) -> Any:
    if is_missing(value):
        return None
    own = plain(value)
    if not isinstance(own, str | int | float):
        return str(own)  # no label, and said as such
    # As everywhere, -1 is "no answer" where it is no label.
    return None if own == -1 and not isinstance(own, bool) and "-1" not in labels else own

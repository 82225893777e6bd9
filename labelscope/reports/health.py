"""The health of a dataset's labels: what is suspected, what was found, class by class."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.auditing.audit import Audit
from labelscope.errors import InvalidTypeError
from labelscope.reports.report import Report, Section, Table
from labelscope.review.progress import progress_of
from labelscope.review.session import Session
from labelscope.review.state import EXCLUDED, RELABELLED, ReviewState
from labelscope.types import IntArray

_MOST_CLASSES = 100
_MOST_PAIRS = 15
_MOST_ROWS = 20


def health(source: Audit | Session) -> Report:
    """Report on the labels of an audit or a session.

    Parameters
    ----------
    source : Audit or Session
        A session adds what people decided.

    Returns
    -------
    Report
        The evidence line, counts, class health, confusions, what was changed, and notices.

    Raises
    ------
    InvalidTypeError
        ``source`` is neither.

    Examples
    --------
    >>> import labelscope as ls
    >>> dataset = ls.Dataset(["good film", "bad film", "bad cut"], ["+", "-", "+"])
    >>> audit = ls.Audit.from_arrays(dataset, suspicion=[0, 0, 0.9], suggested_codes=[0, 1, 1])
    >>> health(audit).sections[0].heading
    'Overview'
    """
    if not isinstance(source, Audit | Session):
        raise InvalidTypeError(
            f"A report is about an Audit or a Session, but this is a {type(source).__name__}.",
            "Write ls.report(ls.audit(data, labels)).",
        )
    session = source if isinstance(source, Session) else None
    audit = source if isinstance(source, Audit) else source.audit
    state = ReviewState(audit.given_codes, audit.classes.tolist()) if session is None else session.state
    sections = [_overview(audit)]
    if audit.task in ("classification", "concepts"):
        sections += [_classes(audit, state), _pairs(audit)]
    if audit.scores and "tag_counts" in audit.main.meta:
        sections.append(_tags(audit))
    if session is not None and len(state.events):
        sections.append(_review(session))
    sections += [_suspects(audit, state), _notices(audit)]
    filled = [found for found in sections if found.paragraphs or found.figures or found.tables]
    return Report(f"Label health of {audit.dataset.name}", tuple(filled))


def _overview(audit: Audit) -> Section:
    labeled = int((audit.given_codes >= 0).sum())
    rate = audit.noise_rate
    figures = [
        ("rows", f"{audit.n:,}"),
        ("classes", f"{len(audit.classes):,}"),
        ("unlabelled", f"{audit.n - labeled:,}"),
        ("flagged", f"{int(audit.flagged.sum()):,}"),
    ]
    said = []
    if np.isfinite(rate.value) and (rate.measured or audit.has_probability):
        figures.append(("wrong labels, estimated", f"{100 * rate.value:.1f} %"))
        said.append(
            f"Between {100 * rate.low:.1f} % and {100 * rate.high:.1f} % of the given labels are wrong"
            f" ({100 * rate.level:.0f} % interval; {_basis(rate.measured)})."
        )
    return Section("Overview", (audit.summary, *said), tuple(figures))


def _basis(measured: bool) -> str:
    return "measured on human verdicts" if measured else "a model's estimate, not yet checked by people"


def _names(audit: Audit, state: ReviewState) -> list[str]:
    names = list(audit.dataset.labels.names)
    return [*names, *(str(value) for value in state.classes[len(names) :]), "–"]


def _classes(audit: Audit, state: ReviewState) -> Section:
    given, names = audit.given_codes, _names(audit, state)
    k, n_labeled = len(state.classes), max(int((given >= 0).sum()), 1)
    counts = _count(given, k)
    flagged = np.asarray(audit.flagged, dtype=bool)
    wrong = _count(given[flagged], k)
    away = _count(given[state.state == RELABELLED], k)
    now = _count(state.current[state.state != EXCLUDED], k)
    rows = []
    for code in np.argsort(-wrong / np.maximum(counts, 1), kind="stable")[:_MOST_CLASSES].tolist():
        mine = flagged & (given == code)
        targets = _count(audit.suggested_codes[mine], k)
        rival = names[int(targets.argmax())] if targets.any() else None
        size = int(counts[code])
        flag_rate = int(wrong[code]) / size if size else None
        rows.append(
            (
                names[code],
                size,
                size / n_labeled,
                int(wrong[code]),
                flag_rate,
                rival,
                int(away[code]),
                int(now[code]),
            )
        )
    header = ("class", "given", "share", "flagged", "flag rate", "mostly looks like", "relabelled", "now")
    more = f"The {_MOST_CLASSES} classes with the highest flag rate of {k:,}." if k > _MOST_CLASSES else ""
    return Section("Class health", tables=(Table(header, tuple(rows), more),) if rows else ())


def _tags(audit: Audit) -> Section:
    """List the tags, or the attributes, of which most are expected to be wrong."""
    held = audit.dataset.labels.tags or audit.dataset.concepts
    assert held is not None  # tags are counted where there are any
    counts = audit.main.meta["tag_counts"]
    wrong = np.add(counts["missing"], counts["spurious"])
    rows = tuple(
        (held.names[j], counts["given"][j], round(counts["missing"][j]), round(counts["spurious"][j]))
        for j in np.argsort(-wrong, kind="stable")[:_MOST_CLASSES].tolist()
    )
    header = ("name", "given", "missing, estimated", "extra, estimated")
    heading = "Tags" if audit.dataset.concepts is None else "Attributes"
    return Section(heading, tables=(Table(header, rows, ""),) if rows else ())


def _pairs(audit: Audit) -> Section:
    names = audit.dataset.labels.names
    joint = np.array(audit.joint, dtype=np.float64)
    if joint.shape != (len(names), len(names)):
        return Section("Confusions")
    np.fill_diagonal(joint, 0)
    order = np.argsort(-joint, axis=None, kind="stable")[:_MOST_PAIRS]
    pairs = [divmod(int(cell), len(names)) for cell in order if joint.flat[cell] >= 0.5]
    rows = tuple((names[given], names[true], round(float(joint[given, true]))) for given, true in pairs)
    caption = "Given labels that probably should be another one, by the number of rows expected."
    table = Table(("given", "probably is", "rows, estimated"), rows, caption)
    return Section("Confusions", tables=(table,) if rows else ())


def _review(session: Session) -> Section:
    state, audit = session.state, session.audit
    done = progress_of(state, np.asarray(audit.flagged, dtype=bool))
    figures = (
        ("reviewed", f"{done.reviewed:,} of {done.n:,}"),
        *((("accepted in one go, not looked at", f"{done.taken_over:,}"),) if done.taken_over else ()),
        *((("decided by a method, not a person", f"{done.by_machine:,}"),) if done.by_machine else ()),
        ("relabelled", f"{done.relabelled:,}"),
        ("kept", f"{done.kept:,}"),
        ("unsure", f"{done.unsure:,}"),
        ("excluded", f"{done.excluded:,}"),
        ("flagged, not decided", f"{done.flagged_left:,}"),
        ("errors per 100 looks", f"{done.per_100:.1f}"),
    )
    changed = np.flatnonzero(state.current != state.given)
    names, k = _names(audit, state), len(state.classes) + 1
    cells = _count((state.given[changed] % k) * k + state.current[changed] % k, k * k)
    order = [int(cell) for cell in np.argsort(-cells, kind="stable")[:_MOST_PAIRS] if cells[cell]]
    rows = tuple((names[cell // k], names[cell % k], int(cells[cell])) for cell in order)
    people = sorted({event.reviewer for event in state.events})
    first, last = state.events[0].at[:10], state.events[-1].at[:10]
    when = first if first == last else f"{first} to {last}"
    said = f"By {', '.join(people[:10])}{' and others' if len(people) > 10 else ''}, {when}."
    tables = (Table(("given", "now", "rows"), rows, "What was changed most."),) if rows else ()
    return Section("Review", (said,), figures, tables)


def _suspects(audit: Audit, state: ReviewState) -> Section:
    order = audit.order()
    left = order[audit.flagged[order] & (state.state[order] == 0)][:_MOST_ROWS]
    labels, names = audit.dataset.labels, _names(audit, state)
    rows = []
    for row in left.tolist():
        why = audit.reasons(row)
        given, suggested = int(labels.codes[row]), int(audit.suggested_codes[row])
        score: Any = float(audit.suspicion[row])
        rows.append(
            (str(audit.dataset.ids[row]), names[given], names[suggested], score, why[0] if why else "")
        )
    header = ("id", "given", "suggested", "suspicion", "why")
    caption = "Flagged and not reviewed, most suspicious first."
    return Section("Most suspicious", tables=(Table(header, tuple(rows), caption),) if rows else ())


def _notices(audit: Audit) -> Section:
    return Section("Notices", tuple(str(notice) for notice in audit.notices))


def _count(codes: IntArray, size: int) -> IntArray:
    return np.bincount(codes[codes >= 0], minlength=size).astype(np.int64)

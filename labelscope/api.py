"""The public functions: audit, score, view, report and export."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labelscope.auditing.arguments import checked_evidence, checked_scorer, checked_seed, refuse_near_misses
from labelscope.auditing.audit import Audit
from labelscope.auditing.build import build_audit, fill_evidence
from labelscope.data.dataset import Dataset
from labelscope.errors import InvalidInputError, InvalidTypeError, MissingEvidenceError, collect_notices
from labelscope.review.session import Session
from labelscope.scorers import by_name
from labelscope.types import Evidence, Score, Scorer

if TYPE_CHECKING:
    from labelscope.reports import Report
    from labelscope.widget.view import View


def audit(
    data: Any,
    labels: Any = None,
    *,
    task: str | None = None,
    features: Any = None,
    pred_probs: Any = None,
    model: Any = None,
    scorers: str | Scorer | Sequence[str | Scorer] = "auto",
    executor: Any = None,
    evidence: Mapping[str, Any] | None = None,
    random_state: int = 0,
) -> Audit:
    """Look at a dataset's labels: gather evidence, score every row, and say which labels look wrong.

    Parameters
    ----------
    data : array, list, frame, path or Dataset
        Images (n, h, w[, c]); features (n, d); a list of PIL images, paths, strings or bytes; a folder laid
        out by class; a pandas, polars or pyarrow frame; a Parquet, CSV or JSONL file; a Hugging Face or
        torch-style dataset; or a :class:`labelscope.Dataset`.
    labels : (n,) labels or str, optional
        Int, str, bool or categorical; None or NaN means unlabelled. A column name when ``data`` is a frame or
        file; not needed when the data brings its labels.
    task : str, optional
        ``"classification"``; only needed when the labels can be read in two ways.
    features : (n, d) array or provider, optional
        Embeddings of your own.
    pred_probs : (n, K) array or list of them, optional
        Out-of-sample predicted probabilities; column j is label j when labels are ints in range(K), else the
        j-th of the sorted labels.
    model : estimator or encoder, optional
        A scikit-learn classifier is cross-validated for ``pred_probs``; a callable, torch module or object
        with ``encode`` makes ``features``.
    scorers : str, scorer or sequence of them
        ``"auto"`` is the default mix.
    executor : None
        Where blocks run; only None (this process) for now.
    evidence : mapping, optional
        More evidence by name: ``map`` as (n, 2) or two column names, ``cleanlab`` as a frame of its issues,
        ``groups`` (n,), ``knn_ids`` and ``knn_distances`` (n, k).
    random_state : int
        Seed of folds, projections and samples.

    Returns
    -------
    Audit

    Raises
    ------
    LabelscopeError
        When an argument cannot be used: the message says what was given, what is needed and how to fix it.

    Examples
    --------
    >>> import labelscope as ls
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> audit = ls.audit(X, y)
    >>> audit.flagged.shape
    (150,)
    """
    if executor is not None:
        raise InvalidInputError(
            f"executor={executor!r} is given, but blocks run in this process only for now.",
            "Leave executor=None.",
        )
    random_state = checked_seed(random_state)
    evidence = checked_evidence(evidence)
    if isinstance(data, Dataset):
        if labels is not None:
            raise InvalidTypeError(
                "labels= is given together with a Dataset, which has its own.",
                "Leave labels out, or make a Dataset with the other labels.",
            )
        dataset, early = data, []
    else:
        # Columns of pred_probs say which ints are classes, so labels are read with them at hand.
        wide = None if pred_probs is None else {"pred_probs": pred_probs}
        with collect_notices() as early:
            dataset = Dataset(data, labels, task=task, evidence=wide)
    return build_audit(
        dataset,
        features=features,
        pred_probs=pred_probs,
        model=model,
        scorers=scorers,
        evidence=evidence,
        random_state=random_state,
        early=early,
    )


def score(scorer: str | Scorer, *, random_state: int = 0, **evidence: Any) -> Score:
    """Run one method on arrays, without a dataset or a widget.

    Parameters
    ----------
    scorer : str or scorer
        Class name, its snake_case, or ``"auto"`` for the default mix.
    random_state : int
        Seed of what has to be made.
    **evidence
        ``given_labels`` (n,), and ``pred_probs`` (n, K), ``features`` (n, d) or what else the scorer needs;
        what is missing is made from ``features`` where that is possible.

    Returns
    -------
    Score

    Raises
    ------
    MissingEvidenceError
        When something is needed that cannot be made.

    Examples
    --------
    >>> import numpy as np, labelscope as ls
    >>> probs = np.array([[0.9, 0.1], [0.2, 0.8], [0.05, 0.95]])
    >>> found = ls.score("self_confidence", given_labels=np.array([0, 1, 0]), pred_probs=probs)
    >>> int(found.suspicion.argmax())
    2
    """
    chosen = checked_scorer(by_name(scorer) if isinstance(scorer, str) else scorer)
    refuse_near_misses(evidence, (*chosen.needs, *getattr(chosen, "uses", ())))
    if evidence.get("given_labels") is None:
        missing = MissingEvidenceError.of("given_labels", chosen.name, set(evidence) - {"given_labels"})
        raise MissingEvidenceError(missing.message, "Pass given_labels=, one label per row.")
    with collect_notices():  # what one call says twice is said once
        try:
            return chosen.score(fill_evidence(chosen, Evidence(evidence), checked_seed(random_state)))
        except MissingEvidenceError as missing:
            raise MissingEvidenceError(
                missing.message,
                "Pass it, or features= as an (n, d) array, from which pred_probs and neighbors are made.",
            ) from None


def view(source: Audit | Session, **options: Any) -> View:
    """Show an audit or a session as a widget: a linked plot and gallery in which labels are fixed.

    Parameters
    ----------
    source : Audit or Session
        An audit gets a session with a journal beside the notebook.
    **options
        ``height`` in CSS pixels, ``color_by``, ``theme``, ``renderer``; ``journal`` and ``reviewer`` for a
        new session.

    Returns
    -------
    View
        ``view.selection``, ``view.current`` and ``view.session`` work from the next cell.

    Raises
    ------
    InvalidTypeError
        When ``source`` is neither.
    InvalidInputError
        When an option is unknown or has a value that cannot be used.
    """
    from labelscope.widget.view import View

    if not isinstance(source, (Audit, Session)):
        raise InvalidTypeError(
            f"ls.view got a {type(source).__name__}, but shows an audit or a session.",
            "Write ls.view(ls.audit(data, labels)).",
        )
    known = [name for name in inspect.signature(View).parameters if name != "audit_or_session"]
    for name in options:
        if name not in known:
            raise InvalidInputError.unknown("option of ls.view", name, known)
    return View(source, **options)


def report(source: Audit | Session, path: str | os.PathLike[str] | None = None) -> Report:
    """Summarize how good the labels are.

    Parameters
    ----------
    source : Audit or Session
    path : path, optional
        Where to save it; ``.html`` or ``.md``.

    Returns
    -------
    Report
    """
    from labelscope.reports import health

    made = health(source)
    if path is not None:
        made.save(Path(path))
    return made


def export(source: Audit | Session, path: str | os.PathLike[str], format: str | None = None) -> Path:
    """Write the labels as they are now, with the record of who changed what.

    Parameters
    ----------
    source : Audit or Session
    path : path
        Parquet, CSV, JSONL or .npy by its suffix.
    format : str, optional
        ``"parquet"``, ``"csv"``, ``"jsonl"``, ``"npy"`` or ``"cleanlab"``, when the suffix does not say.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    InvalidInputError
        When the format is unknown.
    """
    from labelscope.exports import write

    return write(source, Path(path), format)

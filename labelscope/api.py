"""The public functions: audit, score, view, report and export."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labelscope.auditing.arguments import checked_evidence, checked_seed, refuse_near_misses
from labelscope.auditing.audit import Audit
from labelscope.auditing.build import build_audit
from labelscope.auditing.executors import Cluster, executor_of
from labelscope.auditing.executors.scoring import in_memory, on_disk, score_in_blocks, score_known
from labelscope.auditing.filling import fill_evidence, look_at_columns
from labelscope.auditing.tasks.one_call import chosen_for, fill_for_task
from labelscope.data.arguments import as_path, check_choice
from labelscope.data.dataset import Dataset
from labelscope.errors import InvalidInputError, InvalidTypeError, MissingEvidenceError, collect_notices
from labelscope.review.session import Session
from labelscope.types import Evidence, Score, Scorer

if TYPE_CHECKING:
    from labelscope.reports import NutritionLabel, Report
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
        Int, str, bool or categorical; a set or list of tags per row, or a 0/1 matrix (n, K) with
        ``task="multilabel"``; numbers for a regression. None or NaN means unlabelled. A column name when
        ``data`` is a frame or file; not needed when the data brings its labels.
    task : str, optional
        ``"classification"``, ``"multilabel"``, ``"regression"`` or ``"concepts"``; only needed when the
        labels can be read in two ways.
    features : (n, d) array, path or provider, optional
        Embeddings of your own.
    pred_probs : (n, K) array, path or list of arrays, optional
        Out-of-sample predicted probabilities; column j is label j when labels are ints in range(K), else the
        j-th of the sorted labels; of tags, column j is the probability of tag j and rows need not sum to
        one. A path ends in ``.npy``, ``.parquet`` or ``.zarr``; ``.npy`` files and
        memory maps are scored in blocks, without being held in memory.
    model : estimator or encoder, optional
        A scikit-learn classifier is cross-validated for ``pred_probs`` (of targets, a regressor for
        ``predictions``); a callable, torch module or object
        with ``encode`` makes ``features``.
    scorers : str, scorer or sequence of them
        ``"auto"`` is the default mix of the task.
    executor : None or dask.distributed.Client
        Where blocks of rows are scored: in this process, or on a cluster. Results are the same.
    evidence : mapping, optional
        More evidence by name: ``map`` as (n, 2) or two column names, ``cleanlab`` as a frame of its issues,
        ``knn_ids`` and ``knn_distances`` (n, k); ``groups`` (n,), whose rows share a fold of
        cross-validation, and ``sites`` (n,) or the name of a column, where rows come from, each with ways of
        its own (`scorers.LocalGlobal`); ``taxonomy`` of classes or tags, as `labels.Taxonomy.of` reads it;
        out-of-sample ``predictions`` (n,) of targets; ``concepts`` (n, C), attributes beside a class, and
        ``concept_probs`` (n, C).
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
    runner = executor_of(executor)
    random_state = checked_seed(random_state)
    evidence = checked_evidence(evidence)
    with collect_notices() as early:
        given = in_memory({"features": features, "pred_probs": pred_probs}, "An audit")
    pred_probs = given["pred_probs"]
    if isinstance(data, Dataset):
        if labels is not None:
            raise InvalidTypeError(
                "labels= is given together with a Dataset, which has its own.",
                "Leave labels out, or make a Dataset with the other labels.",
            )
        dataset = data
    else:
        # Columns of pred_probs say which ints are classes, and predictions that they are amounts, so labels
        # are read with them at hand.
        wide = {"pred_probs": pred_probs, "predictions": evidence.get("predictions")}
        concepts = evidence.pop("concepts", None)
        with collect_notices() as more:
            dataset = Dataset(data, labels, task=task, concepts=concepts, evidence=_present(wide))
        early += more
    return build_audit(
        dataset,
        features=given["features"],
        pred_probs=pred_probs,
        model=model,
        scorers=scorers,
        executor=runner,
        evidence=evidence,
        random_state=random_state,
        early=early,
    )


def _present(items: Mapping[str, Any]) -> dict[str, Any] | None:
    return {name: value for name, value in items.items() if value is not None} or None


def score(
    scorer: str | Scorer,
    *,
    task: str | None = None,
    executor: Any = None,
    random_state: int = 0,
    **evidence: Any,
) -> Score:
    """Run one method on arrays or files, without a dataset or a widget.

    Parameters
    ----------
    scorer : str or scorer
        Class name, its snake_case, or ``"auto"`` for the default mix of the task.
    task : str, optional
        ``"classification"``, ``"multilabel"``, ``"regression"`` or ``"concepts"``. By default what the method
        is for; of ``"auto"`` what the labels are: a 0/1 matrix is tags, fractional numbers are targets, and
        ``concepts`` stand beside a class. Whole numbers that are targets need ``task="regression"``.
    executor : None or dask.distributed.Client
        Where blocks of rows are scored: in this process, or on a cluster. Results are the same to the last
        bit.
    random_state : int
        Seed of what has to be made.
    **evidence
        ``given_labels`` (n,), of tags (n, K), and ``pred_probs`` (n, K), ``features`` (n, d) or what else
        the scorer needs;
        what is missing is made from ``features`` where that is possible. ``pred_probs``, ``knn_ids`` and
        ``knn_distances`` may be memory maps, Zarr arrays, or paths that end in ``.npy``, ``.parquet`` or
        ``.zarr``; they are read block by block, in a few tens of megabytes.

    Returns
    -------
    Score

    Raises
    ------
    MissingEvidenceError
        When something is needed that cannot be made.
    InvalidInputError
        When values do not fit, or when a method that looks at all rows at once is given a cluster.

    Examples
    --------
    >>> import numpy as np, labelscope as ls
    >>> probs = np.array([[0.9, 0.1], [0.2, 0.8], [0.05, 0.95]])
    >>> found = ls.score("self_confidence", given_labels=np.array([0, 1, 0]), pred_probs=probs)
    >>> int(found.suspicion.argmax())
    2
    """
    runner = executor_of(executor)
    chosen, kind = chosen_for(scorer, task, evidence)
    refuse_near_misses(evidence, (*chosen.needs, *getattr(chosen, "uses", ())))
    if evidence.get("given_labels") is None:
        missing = MissingEvidenceError.of("given_labels", chosen.name, set(evidence) - {"given_labels"})
        raise MissingEvidenceError(missing.message, "Pass given_labels=, one label per row.")
    with collect_notices():  # what one call says twice is said once
        try:
            files, seed = on_disk(evidence), checked_seed(random_state)
            if files and (evidence.get("features") is not None or kind != "classification"):
                evidence, files = in_memory(evidence, "Making evidence from features"), False
            given = Evidence(evidence)
            if kind != "classification":
                return score_known(chosen, fill_for_task(kind, chosen, given, seed), runner)
            filled = fill_evidence(chosen, given, seed)
            blocks = files or isinstance(runner, Cluster)
            found = score_in_blocks(chosen, filled, runner) if blocks else chosen.score(filled)
            look_at_columns(chosen, given, filled)
            return found
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

    Examples
    --------
    >>> import labelscope as ls
    >>> audit = ls.audit([[0.0], [0.1], [5.0], [5.1]] * 10, ["low", "low", "high", "high"] * 10)
    >>> view = ls.view(audit, journal=None)  # without a journal, decisions stay in memory
    >>> view.selection = [3, 1]
    >>> view.selection.tolist(), view.current is None
    ([1, 3], True)
    >>> view.session.labels()[:3]
    ['low', 'low', 'high']
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


def report(
    source: Audit | Session, path: str | os.PathLike[str] | None = None, *, kind: str = "auto"
) -> Report | NutritionLabel | Path:
    """Summarize how good the labels are, or write a packet for a colleague.

    Parameters
    ----------
    source : Audit or Session
    path : path, optional
        Where to save it; ``.html`` or ``.md``, a nutrition label ``.json`` as well.
    kind : {"auto", "health", "nutrition", "packet"}
        ``"nutrition"`` is the nutrition label of the data, see ``reports.nutrition_label``.
        ``"packet"`` writes one HTML file in which a colleague reviews without Python and without a network;
        ``session.merge`` takes back the journal that they download. ``"auto"`` is a packet when the file's
        name ends with ``packet.html``, else the report of label health.

    Returns
    -------
    Report, NutritionLabel or Path
        The report, the label, or the file of the packet.

    Raises
    ------
    InvalidInputError
        An unknown kind, another suffix, or a packet without a path.

    Examples
    --------
    >>> import labelscope as ls
    >>> audit = ls.audit([[0.0], [0.1], [5.0], [5.1]] * 10, ["low", "low", "high", "high"] * 10)
    >>> ls.report(audit).to_markdown().splitlines()[0]
    '# Label health of dataset'
    """
    from labelscope.reports import health, nutrition_label
    from labelscope.reports.nutrition_label import check_label_path

    kinds = ("auto", "health", "nutrition", "packet")
    check_choice("kind of report", kind, kinds)
    target = None if path is None else as_path(path)
    named = target is not None and target.name.lower().endswith("packet.html")
    if kind == "packet" or (kind == "auto" and named):
        from labelscope.widget.packet import write_packet

        if target is None or target.suffix.lower() not in (".html", ".htm"):
            raise InvalidInputError(
                "A packet is one HTML file.", 'Name it: ls.report(session, "packet.html").'
            )
        return write_packet(source, target)
    if kind == "nutrition" and target is not None:
        check_label_path(target)
    made: Report | NutritionLabel = nutrition_label(source) if kind == "nutrition" else health(source)
    if target is not None:
        made.save(target)
    return made


def export(
    source: Audit | Session,
    path: str | os.PathLike[str],
    format: str | None = None,
    *,
    drop_excluded: bool = False,
) -> Path:
    """Write the labels as they are now, with the record of who changed what.

    Parameters
    ----------
    source : Audit or Session
    path : path
        Parquet, CSV, JSONL or .npy by its suffix.
    format : str, optional
        ``"parquet"``, ``"csv"``, ``"jsonl"``, ``"npy"`` or ``"cleanlab"``, when the suffix does not say.
    drop_excluded : bool
        Whether to leave excluded rows out.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    InvalidTypeError
        When ``source`` is neither, or ``path`` is no path.
    InvalidInputError
        When the format is unknown, or cannot hold the labels.
    ExportError
        When the file cannot be written.

    Examples
    --------
    >>> import tempfile, labelscope as ls
    >>> audit = ls.audit([[0.0], [0.1], [5.0], [5.1]] * 10, [0, 0, 1, 1] * 10)
    >>> session = ls.Session(audit, journal=None, reviewer="ada")
    >>> session.relabel(2, 0)
    <1 event: relabelled 1 row>
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ls.export(session, f"{folder}/clean.csv").read_text().splitlines()[3][:20]
    '2,1,0,relabelled,ada'
    """
    from labelscope.exports import write

    return write(source, path, format, drop_excluded=drop_excluded)

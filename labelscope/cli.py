"""The ``labelscope`` command: demo, audit, report, export and cache."""

from __future__ import annotations

import argparse
import io
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import labelscope
from labelscope.errors import InvalidInputError, LabelscopeError, LabelscopeWarning

if TYPE_CHECKING:
    from labelscope.auditing.audit import Audit


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name.

    Returns
    -------
    int
        0 on success, 1 when something given cannot be used, 130 when interrupted, 141 when nobody reads on.
    """
    arguments = _parser().parse_args(argv)
    try:
        with warnings.catch_warnings():
            # A notice is for the reader of the terminal, who has no use for the line of code that raised it.
            warnings.simplefilter("always", LabelscopeWarning)
            warnings.showwarning = _show_warning
            status = int(arguments.run(arguments))
            sys.stdout.flush()
            return status
    except LabelscopeError as error:
        sys.stderr.write(f"labelscope: {error}\n")
        return 1
    except FileNotFoundError as error:
        sys.stderr.write(f"labelscope: there is no file {error.filename or error}.\n")
        return 1
    except BrokenPipeError:  # whoever reads, such as head, has seen enough
        sys.stdout = io.StringIO()  # what is written yet, also when Python ends, would raise again
        return 141
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("labelscope", description="Find and fix wrong labels.")
    parser.add_argument("--version", action="version", version=f"labelscope {labelscope.__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    demo = commands.add_parser("demo", help="open the quick-start notebook in JupyterLab")
    demo.add_argument("--headless", action="store_true", help="run the notebook's job without a browser")
    demo.add_argument("--folder", type=Path, default=Path("labelscope-demo"), help="where its files go")
    demo.set_defaults(run=_demo)

    audit = commands.add_parser("audit", help="list the labels of a file that look wrong")
    audit.add_argument("file", type=Path, help="Parquet, CSV or JSONL file, or a folder laid out by class")
    _add_columns(audit)
    audit.add_argument("--top", type=_number_of_rows, metavar="N", help="list N rows, flagged or not")
    audit.add_argument("--out", type=Path, metavar="PATH", help="write the list as .parquet, .csv or .jsonl")
    audit.set_defaults(run=_audit)

    report = commands.add_parser("report", help="write a report on a file's labels")
    report.add_argument("file", type=Path)
    _add_columns(report)
    kinds = ("health", "nutrition")
    report.add_argument(
        "--kind", choices=kinds, default="health", help="health of labels, or nutrition label"
    )
    report.add_argument("--out", type=Path, default=Path("labels.html"), metavar="PATH", help=".html or .md")
    report.set_defaults(run=_report)

    export = commands.add_parser("export", help="write the labels that a journal leads to")
    export.add_argument("journal", type=Path)
    export.add_argument("--data", type=Path, required=True, metavar="FILE", help="the file that was reviewed")
    _add_columns(export)
    export.add_argument("--out", type=Path, default=Path("clean.parquet"), metavar="PATH")
    export.add_argument("--drop-excluded", action="store_true", help="leave excluded rows out")
    export.set_defaults(run=_export)

    cache = commands.add_parser("cache", help="look after the cache of embeddings and maps")
    cache.add_argument("action", choices=["clear", "info"])
    cache.set_defaults(run=_cache)
    return parser


def _add_columns(command: argparse.ArgumentParser) -> None:
    command.add_argument("--label", metavar="COL", help="column that holds the labels")
    command.add_argument("--ids", metavar="COL", help="column with names of the rows, else they are counted")
    tasks = ("classification", "multilabel", "regression")
    command.add_argument("--task", choices=tasks, help="what the labels are, where it is not plain")


def _show_warning(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    sys.stderr.write(f"{'notice' if issubclass(category, LabelscopeWarning) else 'warning'}    {message}\n")


def _number_of_rows(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of rows; give a whole number from 1 on")
    return int(text)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _demo(arguments: argparse.Namespace) -> int:
    from labelscope.demo import open_lab, run_headless

    if not arguments.headless:
        return open_lab(arguments.folder)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for line in run_headless(arguments.folder).lines():
        _say(line)
    return 0


def _audit(arguments: argparse.Namespace) -> int:
    from labelscope.api import audit
    from labelscope.exports import check_path, write_issues

    if arguments.out:
        check_path(arguments.out, tables_only=True)  # an audit may take minutes
    found = audit(*_data_and_labels(arguments), task=arguments.task)
    _say(found.summary)
    if arguments.out:
        _say(f"written    {write_issues(found, arguments.out, top=arguments.top)}")
        return 0
    rows = found.order()[: arguments.top or int(found.flagged.sum())]
    for row in rows.tolist():
        both = (found.given_codes[row], found.suggested_codes[row])
        given, suggested = (_shown(found, int(code)) for code in both)
        why = " ".join(found.reasons(row)[:1])
        _say(f"{found.suspicion[row]:.2f}  {found.dataset.ids[row]}  {given} -> {suggested}  {why}")
    return 0


def _data_and_labels(arguments: argparse.Namespace) -> tuple[Any, str | None]:
    file = _existing(arguments.file)
    if arguments.ids is None:
        return file, arguments.label
    from labelscope.data.dataset import Dataset

    return Dataset(file, arguments.label, ids=arguments.ids, task=arguments.task), None


def _shown(found: Audit, code: int) -> str:
    labels = found.dataset.labels
    return labels.names[code] if labels.is_open and code >= 0 else str(labels.values([code])[0])


def _report(arguments: argparse.Namespace) -> int:
    from labelscope.api import audit, report
    from labelscope.reports import check_path
    from labelscope.reports.nutrition_label import check_label_path

    nutrition = arguments.kind == "nutrition"
    (check_label_path if nutrition else check_path)(arguments.out)  # an audit may take minutes
    found = audit(*_data_and_labels(arguments), task=arguments.task)
    report(found, arguments.out, kind=arguments.kind)
    _say(f"written    {arguments.out}")
    return 0


def _export(arguments: argparse.Namespace) -> int:
    from labelscope.auditing.audit import Audit
    from labelscope.data.dataset import Dataset
    from labelscope.exports import check_path, write
    from labelscope.review.session import Session

    _existing(arguments.journal)
    check_path(arguments.out)
    file = _existing(arguments.data)
    dataset = Dataset(file, arguments.label, ids=arguments.ids, task=arguments.task)
    # The journal alone decides the labels, so nothing has to be embedded or scored here.
    blank = Audit.from_arrays(
        dataset, suspicion=dataset.labels.codes * 0.0, suggested_codes=dataset.labels.codes
    )
    session = Session(blank, journal=None)
    session.merge(arguments.journal)  # only read, so a journal that cannot be written will do
    path = write(session, arguments.out, None, drop_excluded=arguments.drop_excluded)
    progress = session.progress()
    machine = f"{progress.by_machine:,} decided by a method, " if progress.by_machine else ""
    together = f"{progress.taken_over:,} accepted in one go, " if progress.taken_over else ""
    _say(
        f"{progress.reviewed:,} reviewed, {together}{machine}{progress.relabelled:,} relabelled,"
        f" {progress.excluded:,} excluded"
    )
    _say(f"written    {path}")
    return 0


def _cache(arguments: argparse.Namespace) -> int:
    from labelscope.auditing.cache import Cache

    cache = Cache()
    if arguments.action == "clear":
        _say(f"freed      {cache.clear() / 1e6:.1f} MB in {cache.folder}")
    else:
        _say(f"{cache.size() / 1e6:.1f} MB in {cache.folder}")
    return 0


def _existing(path: Path) -> Path:
    if path.exists():
        return path
    near = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    raise InvalidInputError.unknown("file", path.name, near)

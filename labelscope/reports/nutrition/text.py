"""A label as sections of text and tables, from its document alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from labelscope.reports.report import Cell, Report, Section, Table, number_text

NOT_STATED = "not stated"
_MOST = 100
_TESTED = 30


def report_of(document: Mapping[str, Any]) -> Report:
    """Write a document as a report: alerts, label quality, then the seven modules.

    Parameters
    ----------
    document : dict

    Returns
    -------
    Report
    """
    parts: tuple[Callable[[Mapping[str, Any]], Section], ...] = (
        alerts, quality, metadata, provenance, variables, statistics, pair_plots, model, truth,
    )  # fmt: skip
    return Report(f"Nutrition label of {document['title']}", tuple(part(document) for part in parts))


def shown(figure: Mapping[str, Any], *, share: bool = False) -> Any:
    """Write a number with its interval, as a cell that carries its rows."""
    value = figure["value"]
    if value is None:
        return "–"
    said: Any = value
    if figure.get("low") is not None and figure.get("high") is not None:
        said = f"{_plain(value, share)} ({_plain(figure['low'], share)} to {_plain(figure['high'], share)})"
    elif share:
        said = _plain(value, share)
    return Cell(said, figure["rows"]) if figure.get("rows") else said


def text_of_figure(name: str, figure: Mapping[str, Any]) -> str | Cell:
    """Write a number as text; shares in percent."""
    said = shown(figure, share=is_share(name))
    inner = said.value if isinstance(said, Cell) else said
    text = inner if isinstance(inner, str) else _plain(inner, False)
    return Cell(text, said.rows) if isinstance(said, Cell) else text


def is_share(name: str) -> bool:
    """Whether a number by this name is a share of rows."""
    return any(word in name for word in ("share", "wrong labels", "reviewed", "agreement", "differ from"))


def stated(value: Any) -> str:
    """Write what a person stated, or that nobody did."""
    if value in (None, "", []):
        return NOT_STATED
    return ", ".join(value) if isinstance(value, list) else str(value)


def _plain(value: float, share: bool) -> str:
    if share:
        return f"{100 * value:.1f} %"
    return f"{value:,}" if isinstance(value, int) else number_text(value, digits=4)


def _basis(figure: Mapping[str, Any]) -> str:
    return str(figure["basis"])


def _figures(figures: Mapping[str, Any], header: str) -> Table:
    rows = tuple((name, text_of_figure(name, found), _basis(found)) for name, found in figures.items())
    return Table((header, "value", "basis"), rows)


def alerts(document: Mapping[str, Any]) -> Section:
    """List the alerts."""
    found = document["alerts"][:_MOST]
    if not found:
        return Section("Alerts", ("None.",))
    rows = tuple(
        (
            alert["severity"],
            Cell(alert["message"], alert["rows"]) if alert["rows"] else alert["message"],
            alert["basis"],
            alert["action"],
        )
        for alert in found
    )
    more = len(document["alerts"]) - len(found)
    said = (f"{more:,} more are in the JSON.",) if more else ()
    return Section("Alerts", said, tables=(Table(("severity", "what", "basis", "what to do"), rows),))


def quality(document: Mapping[str, Any]) -> Section:
    """Write the label-quality block."""
    block = document["label_quality"]
    tables = (_figures(block["figures"], "label quality"),) if block["figures"] else ()
    return Section("Label quality", (block["basis"],), tables=tables)


def metadata(document: Mapping[str, Any]) -> Section:
    """Write module 1."""
    module = document["modules"]["metadata"]
    facts = {key: module[key] for key in ("name", "task", "modality", "data_hash", "labels_hash", "created")}
    said = tuple((name.replace("_", " "), stated(value)) for name, value in module["stated"].items())
    counted = tuple((name.replace("_", " "), str(value)) for name, value in facts.items())
    responsible = tuple(
        (name.replace("_", " "), stated(value))
        for name, value in document["responsible_use"].items()
        if name not in ("content_url", "encoding_format", "sha256")
    )
    return Section(
        "1. Metadata",
        tables=(
            _figures(module["counted"], "counted"),
            Table(("found", "value"), counted),
            Table(("stated by people", "value"), said),
            Table(("responsible use, stated by people", "value"), responsible),
        ),
    )


def provenance(document: Mapping[str, Any]) -> Section:
    """Write module 2."""
    module = document["modules"]["provenance"]
    said = tuple((name.replace("_", " "), stated(value)) for name, value in module["stated"].items())
    rows = []
    for step in module["steps"]:
        days = list(dict.fromkeys(step[end][:10] for end in ("first", "last") if step.get(end)))
        count = None if not step.get("rows") else shown(step["rows"])
        basis = None if not step.get("rows") else _basis(step["rows"])
        rows.append(
            (step["step"], stated(step["who"]), stated(step["how"]), count, basis, step.get("relabelled"),
             " to ".join(days) or None)
        )  # fmt: skip
    header = ("step", "who", "how", "rows", "basis", "relabelled", "when")
    return Section(
        "2. Provenance",
        tables=(Table(("stated by people", "value"), said), Table(header, tuple(rows), "Steps of labeling.")),
    )


def variables(document: Mapping[str, Any]) -> Section:
    """Write module 3."""
    module = document["modules"]["variables"]
    tables = []
    if module["columns"]:
        rows = tuple(
            (c["name"], c["kind"] + (f", {c['role']}" if c["role"] else ""), stated(c["description"]))
            for c in module["columns"][:_MOST]
        )
        tables.append(Table(("column", "kind", "description"), rows, _of(len(rows), module["n_columns"])))
    for word, total in (("classes", module["n_classes"]), ("tags", module["n_tags"])):
        if module[word]:
            rows = tuple(
                (c["name"], shown(c["rows"]), stated(c["description"])) for c in module[word][:_MOST]
            )
            header = (word.removesuffix("es") if word == "classes" else "tag", "rows", "description")
            tables.append(Table(header, rows, _of(len(rows), total)))
    said = () if module["columns"] else ("There are no columns beside the labels.",)
    return Section("3. Variables", said, tables=tuple(tables))


def _of(n: int, total: int) -> str:
    return f"{n:,} of {total:,}." if n < total else ""


def statistics(document: Mapping[str, Any]) -> Section:
    """Write module 4."""
    module = document["modules"]["statistics"]
    tables = [_figures(module["labels"]["figures"], "labels")]
    if module["labels"]["tail"]:
        tail = tuple((t["name"], shown(t["rows"]), t["share"]) for t in module["labels"]["tail"])
        tables.append(Table(("class of the tail", "rows", "share"), tail))
    for kind in ("ordinal", "nominal"):
        header = ("name", "type", "count", "unique", "most frequent", "rows", "least frequent", "rows",
                  "missing share")  # fmt: skip
        rows = tuple(_value_row(entry) for entry in module[kind][:_MOST])
        if rows:
            caption = f"{kind.capitalize()} columns. Missing is not counted as an entry."
            tables.append(Table(header, rows, caption))
    for kind in ("continuous", "discrete"):
        header = ("name", "count", "min", "median", "max", "mean", "deviation", "missing share",
                  "zeros share")  # fmt: skip
        rows = tuple(_number_row(entry) for entry in module[kind][:_MOST])
        if rows:
            tables.append(Table(header, rows, f"{kind.capitalize()} columns."))
    least = module["suppressed_below"]
    said = (
        "All of these are measured: counted over all rows.",
        f"Values of text columns with many values are suppressed where fewer than {least} rows have them.",
    )
    return Section("4. Statistics", said, tables=tuple(tables))


def _value_row(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    found: list[Any] = [entry["name"], entry["type"], entry["count"], entry["unique"]]
    for name in ("most_frequent", "least_frequent"):
        one = entry[name]
        found += [Cell(one["value"], one["rows"]) if one.get("rows") else one["value"], one["count"]]
    return (*found, Cell(float(entry["missing_share"]), entry["missing_rows"]))


def _number_row(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    zeros: Any = entry["zeros_share"]
    if zeros is not None:
        zeros = Cell(float(zeros), entry["zero_rows"])
    values = [entry[name] for name in ("min", "median", "max", "mean", "std")]
    missing = Cell(float(entry["missing_share"]), entry["missing_rows"])
    return (entry["name"], entry["count"], *values, missing, zeros)


def pair_plots(document: Mapping[str, Any]) -> Section:
    """Write module 5: the pairs as tables; the page draws them."""
    module = document["modules"]["pair_plots"]
    tables = []
    for plot in module["plots"]:
        rows = tuple(
            (name, *(Cell(n, key) if key else n for n, key in zip(counts, keys, strict=True)))
            for name, counts, keys in zip(plot["x_bins"], plot["counts"], plot["rows"], strict=True)
        )
        if rows:
            caption = f"{plot['x']} against {plot['y']}: rows; Cramér's V {plot['association'] or 0:.2f}."
            tables.append(Table((f"{plot['x']} \\ {plot['y']}", *plot["y_bins"]), rows, caption))
    return Section("5. Pair plots", tables=tuple(tables))


def model(document: Mapping[str, Any]) -> Section:
    """Write module 6."""
    module = document["modules"]["probabilistic_model"]
    rows: tuple[tuple[Any, ...], ...]
    header: tuple[str, ...]
    tables = []
    if module["errors_by_column"]:
        word = "error rate" if module["errors_are_rates"] else "flag rate"
        n_tested = len(module["errors_by_column"])
        tested = f"Labels wrong before any review, by column, {n_tested:,} tested at once:"
        rows = tuple(
            (e["column"], e["bits"], e["threshold"], e["p"], e["q"])
            for e in module["errors_by_column"][:_TESTED]
        )
        tables.append(
            Table(("column", "bits", "by chance", "p", "q"), rows, f"{tested} {module['errors_basis']}.")
        )
        for entry in module["errors_by_column"][:3]:
            groups = tuple(
                (g["value"], g["n"], shown(g["rate"], share=True), g["shrunk"], _basis(g["rate"]))
                for g in entry["groups"]
            )
            header = (entry["column"], "rows", word, f"{word}, shrunken", "basis")
            tables.append(Table(header, groups))
    if module["true_given_label"]:
        rows = tuple(
            (e["given"], e["true"], e["share"]["value"], shown(e["rows"]), _basis(e["share"]))
            for e in module["true_given_label"]
        )
        tables.append(Table(("given", "probably is", "share of given", "rows", "basis"), rows))
    if module["labels_by_column"]:
        rows = tuple(
            (e["column"], e["bits"], e["threshold"], e["share_of_label"], e["p"], e["q"])
            for e in module["labels_by_column"][:_TESTED]
        )
        header = ("column", "bits", "by chance", "share of label told", "p", "q")
        tables.append(Table(header, rows, "What columns tell about the label (measured)."))
    for entry in module["labels_by_column"]:
        if "table" in entry:
            table = entry["table"]
            rows = tuple(
                (value, n, *shares)
                for value, n, shares in zip(table["values"], table["n"], table["shares"], strict=True)
            )
            named = tuple(f"{label} (share)" for label in table["labels"])
            tables.append(Table((entry["column"], "rows", *named), rows, "Labels given a value, shrunken."))
    said = () if module["errors_by_column"] else ("Nothing is known about errors by column: not measured.",)
    return Section("6. Probabilistic model", said, tables=tuple(tables))


def truth(document: Mapping[str, Any]) -> Section:
    """Write module 7."""
    module = document["modules"]["ground_truth"]
    rows: tuple[tuple[Any, ...], ...]
    if not module["given"]:
        return Section("7. Ground truth", ("No reference was given: not measured.",))
    tables = [_figures(module["figures"], f"against {module['name']}")] if module["figures"] else []
    if module["confusion"]:
        rows = tuple((e["label"], e["reference"], shown(e["rows"])) for e in module["confusion"])
        tables.append(Table(("label", module["name"], "rows"), rows))
    if module["classes"]:
        rows = tuple(
            (e["name"], e["share"], e["reference_share"], "differs" if e["shifted"] else "")
            for e in module["classes"]
        )
        tables.append(
            Table(("class", "share here", f"share in {module['name']}", "by more than chance"), rows)
        )
    if module["columns"]:
        rows = tuple((e["column"], e["measure"], e["value"]) for e in module["columns"])
        tables.append(Table(("column", "measure", "difference"), rows))
    if module["correlation"]:
        found = module["correlation"]
        rows = tuple((name, *values) for name, values in zip(found["columns"], found["values"], strict=True))
        tables.append(Table(("correlation", *found["reference"]), rows))
    return Section("7. Ground truth", (module["caution"],), tables=tuple(tables))

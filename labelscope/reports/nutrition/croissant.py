"""A label as Croissant 1.1 metadata, with the responsible-AI vocabulary and the provenance of the labels."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from labelscope.reports.nutrition.provenance import REVIEWED, UNSEEN
from labelscope.reports.nutrition.text import is_share, text_of_figure
from labelscope.reports.report import Cell

CROISSANT = "http://mlcommons.org/croissant/1.1"
RAI = "http://mlcommons.org/croissant/RAI/1.0"
_SELF = (
    "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract", "field", "fileProperty",
    "fileObject", "fileSet", "format", "includes", "isArray", "isLiveDataset", "jsonPath", "key", "md5",
    "parentField", "path", "recordSet", "references", "regex", "repeated", "replace", "samplingRate",
    "separator", "source", "subField", "transform",
)  # fmt: skip
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "description": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
    **{name: f"cr:{name}" for name in _SELF},
}
_SINGLE = (
    "data_collection", "data_collection_missing_data", "data_collection_raw_data", "data_imputation_protocol",
    "data_manipulation_protocol", "annotations_per_item", "data_social_impact",
    "data_release_maintenance_plan",
)  # fmt: skip
_TYPES = {"continuous": "sc:Float", "discrete": "sc:Integer"}
_BIASES = ("errors_depend_on_column", "rare_class", "class_share_shifted", "one_class")


def croissant_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """Write a document as Croissant.

    Parameters
    ----------
    document : dict

    Returns
    -------
    dict
        JSON-LD. What nobody stated is left out. Classes are a record set with their data in line; columns
        are one whose fields are read from the file, where ``content_url`` says where that lies.
    """
    modules = document["modules"]
    stated = modules["metadata"]["stated"]
    origin = modules["provenance"]["stated"]
    use = document["responsible_use"]
    found: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": [CROISSANT, RAI],
        "name": document["title"],
        "description": stated["description"] or _description(modules),
        "license": stated["license"],
        "url": stated["url"],
        "version": stated["version"],
        "datePublished": stated["released"],
        "keywords": stated["keywords"],
        "inLanguage": stated["language"],
        "citeAs": stated["citation"],
        "creator": _creator(origin["author"], origin["author_contact"]),
        "temporalCoverage": stated["time_range"],
        **_responsible(document),
        **_provenance(modules["provenance"]),
        **_resources(modules, use),
    }
    return {name: value for name, value in found.items() if value not in (None, "", [], {})}


def _description(modules: Mapping[str, Any]) -> str:
    counted, metadata = modules["metadata"]["counted"], modules["metadata"]
    classes = counted["classes"]["value"]
    more = f" of {classes:,} classes" if classes else ""
    return f"{counted['rows']['value']:,} rows{more} ({metadata['task']}, {metadata['modality']})."


def _creator(author: Any, contact: str | None) -> list[dict[str, Any]]:
    names = author if isinstance(author, list) else [author] if author else []
    made = [{"@type": "sc:Person", "name": name} for name in names]
    if made and contact and "@" in contact:
        made[0]["email"] = contact
    elif made and contact:
        made[0]["url"] = contact
    return made


def _responsible(document: Mapping[str, Any]) -> dict[str, Any]:
    """Give what was stated, and beside it what the label found."""
    use = {name: value for name, value in document["responsible_use"].items() if value}
    found = {name: list(value) if isinstance(value, list) else [value] for name, value in use.items()}
    for name in ("content_url", "encoding_format", "sha256"):
        found.pop(name, None)
    for name, more in _found(document).items():
        found[name] = found.get(name, []) + more
    written = {}
    for name, values in found.items():
        words = name.split("_")
        key = "rai:" + words[0] + "".join(word.capitalize() for word in words[1:])
        key = {"rai:dataCollectionTimeframe": "rai:dataCollectionTimeFrame"}.get(key, key)
        if values:
            written[key] = " ".join(values) if name in _SINGLE else values if len(values) > 1 else values[0]
    return written


def _found(document: Mapping[str, Any]) -> dict[str, list[str]]:
    modules = document["modules"]
    steps = modules["provenance"]["steps"]
    reviewers = [step for step in steps if step["step"] == REVIEWED]
    methods = [step for step in steps if step["step"] == UNSEEN]
    scored = [str(step["who"]) for step in steps if step["step"] == "scored"]
    quality = [
        f"{name}: {_text(name, figure)} ({figure['basis']})."
        for name, figure in document["label_quality"]["figures"].items()
    ]
    agreed = [
        f"{modules['ground_truth']['name']}: {name} {_text(name, figure)} ({figure['basis']})."
        for name, figure in modules["ground_truth"]["figures"].items()
    ]
    gaps = [
        f"{entry['name']}: {100 * entry['missing_share']:.1f} % missing."
        for kind in ("ordinal", "nominal", "continuous", "discrete")
        for entry in modules["statistics"][kind]
        if entry["missing"]
    ]
    unlabelled = modules["statistics"]["labels"]["figures"]["unlabelled"]["value"]
    gaps += [f"{unlabelled:,} rows have no label."] if unlabelled else []
    alerts = document["alerts"]
    return {
        "data_collection_missing_data": gaps[:50],
        "data_annotation_platform": ["labelscope"] if reviewers or methods else [],
        "data_annotation_protocol": _protocol(reviewers, methods),
        "data_annotation_analysis": quality + agreed,
        "machine_annotation_tools": scored,
        "data_biases": [alert["message"] for alert in alerts if alert["code"] in _BIASES][:50],
        "data_limitations": [alert["message"] for alert in alerts if alert["code"] not in _BIASES][:50],
    }


def _protocol(reviewers: list[dict[str, Any]], methods: list[dict[str, Any]]) -> list[str]:
    """Say what people looked at, and what nobody did."""
    found = []
    if reviewers:
        looked = sum(step["rows"]["value"] for step in reviewers)
        drawn, changed = (
            sum(step.get(name, 0) for step in reviewers) for name in ("by_chance", "relabelled")
        )
        found.append(
            f"Reviewers: {len(reviewers):,}. Rows decided about: {looked:,}, of which drawn by chance:"
            f" {drawn:,}. Labels changed: {changed:,}."
        )
    if methods:
        decided, changed = (
            sum(values)
            for values in ((s["rows"]["value"] for s in methods), (s["relabelled"] for s in methods))
        )
        found.append(
            f"Rows taken over from methods, at which nobody looked one by one: {decided:,}. Labels changed:"
            f" {changed:,}."
        )
    return found


def _text(name: str, figure: Mapping[str, Any]) -> str:
    said = text_of_figure(name, figure)
    text = said.value if isinstance(said, Cell) else said
    return f"{text}" if not is_share(name) or "%" in str(text) else f"{100 * figure['value']:.1f} %"


def _provenance(module: Mapping[str, Any]) -> dict[str, Any]:
    """Say what was done to the labels, as activities; reviewers are numbered, not named."""
    activities, people = [], 0
    for place, step in enumerate(module["steps"]):
        reviewed, unseen = step["step"] == REVIEWED, step["step"] == UNSEEN
        people += reviewed
        who = f"reviewer {people}" if reviewed else "a method" if unseen else step["who"]
        activity: dict[str, Any] = {
            "@type": "prov:Activity",
            "@id": f"labeling/{place}",
            "prov:label": step["step"],
        }
        if who:
            kind = "prov:SoftwareAgent" if unseen or step["step"] == "scored" else "prov:Agent"
            activity["prov:wasAssociatedWith"] = {
                "@type": kind,
                "@id": f"labeling/agent/{place}",
                "prov:label": who if isinstance(who, str) else ", ".join(who),
            }
        for key, end in (("prov:startedAtTime", "first"), ("prov:endedAtTime", "last")):
            if step.get(end):
                activity[key] = step[end]
        activities.append(activity)
    source = module["stated"]["source"]
    derived = {"prov:label": source if isinstance(source, str) else ", ".join(source)} if source else None
    if isinstance(source, str) and re.match(r"https?://\S+$", source):
        derived = {"@id": source}
    return {"prov:wasDerivedFrom": derived, "prov:wasGeneratedBy": activities}


def _resources(modules: Mapping[str, Any], use: Mapping[str, Any]) -> dict[str, Any]:
    sets = []
    classes = modules["variables"]["classes"] or modules["variables"]["tags"]
    if classes:
        sets.append(_classes(classes))
    distribution = []
    if use.get("content_url"):
        name = use["content_url"].rsplit("/", 1)[-1] or "data"
        file = {
            "@type": "cr:FileObject",
            "@id": name,
            "name": name,
            "contentUrl": use["content_url"],
            "encodingFormat": use.get("encoding_format") or "application/octet-stream",
        }
        if use.get("sha256"):
            file["sha256"] = use["sha256"]
        distribution.append(file)
        if use.get("encoding_format") in ("text/csv", "application/x-parquet", "text/tab-separated-values"):
            sets.append(_columns(modules["variables"]["columns"], name))
    return {"distribution": distribution, "recordSet": [found for found in sets if found.get("field")]}


def _classes(classes: list[dict[str, Any]]) -> dict[str, Any]:
    described = any(entry.get("description") for entry in classes)
    fields = [
        {"@type": "cr:Field", "@id": "classes/name", "name": "classes/name", "dataType": "sc:Text"},
        {"@type": "cr:Field", "@id": "classes/rows", "name": "classes/rows", "dataType": "sc:Integer"},
    ]
    if described:
        fields.append(
            {
                "@type": "cr:Field",
                "@id": "classes/description",
                "name": "classes/description",
                "dataType": "sc:Text",
            }
        )
    data = []
    for entry in classes:
        row = {"classes/name": entry["name"], "classes/rows": entry["rows"]["value"]}
        data.append(row | ({"classes/description": entry["description"] or ""} if described else {}))
    return {
        "@type": "cr:RecordSet",
        "@id": "classes",
        "name": "classes",
        "dataType": "sc:Enumeration",
        "key": {"@id": "classes/name"},
        "field": fields,
        "data": data,
    }


def _columns(columns: list[dict[str, Any]], file: str) -> dict[str, Any]:
    fields = []
    for place, column in enumerate(columns):
        if column["derived"]:
            continue
        field = {
            "@type": "cr:Field",
            "@id": f"rows/{place}",
            "name": column["name"],
            "dataType": "sc:Date" if column["role"] == "date" else _TYPES.get(column["kind"], "sc:Text"),
            "source": {"fileObject": {"@id": file}, "extract": {"column": column["name"]}},
        }
        fields.append(field | ({"description": column["description"]} if column["description"] else {}))
    return {"@type": "cr:RecordSet", "@id": "rows", "name": "rows", "field": fields}

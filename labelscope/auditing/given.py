"""What the user gave: validated and named before any work starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from labelscope.auditing.taxonomy import read_taxonomy
from labelscope.data.dataset import Dataset
from labelscope.data.frames import column_names, column_values, is_frame
from labelscope.data.ids import make_groups
from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.evidence import check_features, check_pred_probs, combine_models, left_out
from labelscope.evidence.neighbor_checks import whole_graph
from labelscope.types import Evidence, FloatArray, Provider

KNOWN = (
    "map",
    "cleanlab",
    "knn_ids",
    "knn_distances",
    "groups",
    "sites",
    "taxonomy",
    "duplicates",
    "features",
    "pred_probs",
    "concepts",
    "views",
    "verified",
    "training_dynamics",
    "held_out_dynamics",
    "fake_class",
    "judgements",
    "judgement_probs",
    "tag_negatives",
    "predictions",
    "texts",
)
#: What is handed to the methods that read it as it is; they check more than its length.
_AS_IS = KNOWN[KNOWN.index("verified") :]


@dataclass(frozen=True)
class Given:
    """Evidence from the user, plus what has to be made or read in a way of its own."""

    evidence: Evidence
    features_provider: Provider | None
    issues: Any
    facts: dict[str, Any] = field(default_factory=dict)


def split_model(model: Any, *, numbers: bool = False) -> tuple[Any, Any]:
    """Tell an encoder from an estimator.

    Parameters
    ----------
    model : object or None
        An estimator has ``fit``; anything else that can be called or has ``encode`` is an encoder.
    numbers : bool
        Whether numbers are to be predicted, and not classes.

    Returns
    -------
    encoder, estimator : tuple
        One of them at most is not None.

    Raises
    ------
    InvalidTypeError
        When it is neither.
    """
    if model is None:
        return None, None
    if isinstance(model, type):
        raise InvalidTypeError(
            f"model= is the class {model.__name__}, not an object of it.",
            f"Write model={model.__name__}(...).",
        )
    gives = ("predict",) if numbers else ("predict_proba", "decision_function")
    if hasattr(model, "fit") and any(hasattr(model, name) for name in gives):
        return None, model
    if callable(model) or hasattr(model, "encode"):
        return model, None
    if hasattr(model, "fit"):
        raise InvalidTypeError(
            f"model= is a {type(model).__name__}, which can be fitted but gives no probabilities of classes.",
            "Pass a classifier with predict_proba or decision_function.",
        )
    raise InvalidTypeError(
        f"model= is a {type(model).__name__}, which can neither be fitted nor called.",
        "Pass a scikit-learn classifier with predict_proba, or an encoder: a callable, a torch module, or an "
        "object with encode().",
    )


def given_evidence(dataset: Dataset, *, features: Any, pred_probs: Any, more: Mapping[str, Any]) -> Given:
    """Validate and name what the user passed.

    Parameters
    ----------
    dataset : Dataset
    features : (n, d) array, frame, provider or callable, optional
    pred_probs : (n, K) array or list of them, optional
    more : mapping
        Other evidence by name: ``map`` as an (n, 2) array or two column names, ``cleanlab`` as a frame of
        issues, ``knn_ids``, ``knn_distances``, ``groups``, ``sites``, ``taxonomy``, ``duplicates``;
        ``views``, a list of (n, d) matrices; and what methods read as it is: ``verified``,
        ``training_dynamics`` ….

    Returns
    -------
    Given

    Raises
    ------
    InvalidInputError
        When a name is unknown or an array does not fit the dataset.
    """
    for name in more:
        if name not in KNOWN:
            raise InvalidInputError.unknown("evidence", name, KNOWN)
    labels = dataset.labels
    facts: dict[str, Any] = {}
    items, provider = shared_evidence(dataset, features, more)
    items |= {"given_labels": labels.codes, "classes": labels.classes}
    pred_probs = more.get("pred_probs") if pred_probs is None else pred_probs
    if pred_probs is not None:
        models = _models(pred_probs, dataset)
        items["pred_probs"] = models[0]
        if len(models) > 1:
            items["model_probs"] = tuple(models)
            items["pred_probs"], weights = combine_models(models, labels.codes)
            facts["model_weights"] = [float(weight) for weight in weights]
    return Given(Evidence(items), provider, more.get("cleanlab"), facts)


def shared_evidence(
    dataset: Dataset, features: Any, more: Mapping[str, Any]
) -> tuple[dict[str, Any], Provider | None]:
    """Validate and name what every task takes: features, groups, sites, taxonomy, map, neighbors, duplicates.

    Returns
    -------
    items : dict
        Evidence by name.
    provider : Provider or None
        What makes the features, where ``features`` is that.

    Raises
    ------
    InvalidInputError
        An array does not fit the dataset.
    """
    items: dict[str, Any] = {}
    features = more.get("features") if features is None else features
    provider = features if hasattr(features, "make") else None
    if callable(features) and provider is None and not hasattr(features, "__array__"):
        raise InvalidTypeError(
            f"features= is {getattr(features, '__name__', type(features).__name__)}, which is called and no"
            " matrix.",
            "Pass it as model=, which makes features of the data, or pass what it gives as features=.",
        )
    if features is not None and provider is None:
        items["features"] = check_features(features, dataset.n)
        held = left_out(features)
        items |= {} if held is None else {"columns_left_out": held}
    if more.get("groups") is not None:
        items["groups"], items["group_names"] = _group_codes(more["groups"], dataset.n)
    elif dataset.groups is not None:
        items["groups"], items["group_names"] = dataset.groups, dataset.group_names
    if more.get("sites") is not None:
        items["sites"], items["site_names"] = make_groups(_sites(more["sites"], dataset), dataset.n, "sites")
    if more.get("taxonomy") is not None:
        items["taxonomy"] = read_taxonomy(more["taxonomy"], dataset)
    if more.get("map") is not None:
        items["map"] = _map(more["map"], dataset)
    if more.get("duplicates") is not None:
        items["duplicates"] = _of_length("duplicates", np.asarray(more["duplicates"]), dataset.n)
    if more.get("knn_ids") is not None or more.get("knn_distances") is not None:
        graph = whole_graph(more.get("knn_ids"), more.get("knn_distances"), dataset.n)
        items["knn_ids"], items["knn_distances"] = graph
    return items | _handed_on(dataset.n, more), provider


def _handed_on(n: int, more: Mapping[str, Any]) -> dict[str, Any]:
    """Check the length of what methods read as it is, views among it: one matrix a view."""
    items: dict[str, Any] = {}
    for name in _AS_IS:
        if more.get(name) is not None:
            items[name] = _of_length(name, more[name], n)
    if more.get("views") is not None:
        views = more["views"]
        if isinstance(views, np.ndarray) or not isinstance(views, list | tuple) or not len(views):
            raise InvalidInputError(
                f"views is a {type(views).__name__}.", "Pass a list with one (n, d) matrix for each view."
            )
        items["views"] = tuple(check_features(view, n) for view in views)
    return items


def _of_length(name: str, value: Any, n: int) -> Any:
    # str of a fixed width would take much memory
    kind = object if name == "texts" else None
    array = value if hasattr(value, "shape") else np.asarray(value, dtype=kind)
    if array.ndim == 0 or len(array) != n:
        raise InvalidInputError.wrong_length(name, 1 if array.ndim == 0 else len(array), n)
    return array


def _models(pred_probs: Any, dataset: Dataset) -> list[FloatArray]:
    """Check the probabilities of one model or of each of several."""
    labels = dataset.labels
    several = isinstance(pred_probs, (list, tuple)) and len(pred_probs) > 0 and np.ndim(pred_probs[0]) == 2
    models = pred_probs if several else [pred_probs]
    return [check_pred_probs(p, labels.codes, labels.classes) for p in models]


def _group_codes(groups: Any, n: int) -> tuple[Any, tuple[str, ...]]:
    values = np.asarray(groups)
    if len(values) != n:
        raise InvalidInputError.wrong_length("groups", len(values), n)
    names, codes = np.unique(values.astype(str) if values.dtype == object else values, return_inverse=True)
    return codes, tuple(str(name) for name in names.tolist())


def _sites(given: Any, dataset: Dataset) -> Any:
    """Return one site per row: as given, or a column of the frame by name."""
    if not isinstance(given, str):
        return given
    if dataset.frame is None:
        raise InvalidInputError(
            f"sites={given!r} names a column, but the data is not a frame.", "Pass one site per row."
        )
    return column_values(dataset.frame, given)


def _map(given: Any, dataset: Dataset) -> FloatArray:
    if isinstance(given, (tuple, list)) and len(given) == 2 and all(isinstance(name, str) for name in given):
        if dataset.frame is None:
            raise InvalidInputError(
                f"map={given!r} names columns, but the data is not a frame.", "Pass an array of shape (n, 2)."
            )
        given = [column_values(dataset.frame, name) for name in given]
        given = np.column_stack([np.asarray(column) for column in given])
    elif is_frame(given):
        given = np.column_stack([column_values(given, name) for name in column_names(given)])
    try:
        array = np.asarray(given, dtype=np.float32)
    except (TypeError, ValueError):
        raise InvalidInputError(
            "map= holds values that are not numbers.",
            "Pass an array of shape (n, 2), or the names of two numeric columns of the frame.",
        ) from None
    if array.shape != (dataset.n, 2):
        raise InvalidInputError(
            f"map has shape {array.shape}, but ({dataset.n:,}, 2) is needed.", "Give x and y for every row."
        )
    if not np.isfinite(array).all():
        bad = int((~np.isfinite(array).all(axis=1)).sum())
        raise InvalidInputError(
            f"map has NaN or infinite positions in {bad:,} rows.", "Fill or drop them first."
        )
    return array

"""What the user should know about given probabilities and small classes before trusting the audit."""

from __future__ import annotations

import numpy as np

from labelscope.data.dataset import Dataset
from labelscope.errors import notify
from labelscope.evidence import PredictedProbabilities
from labelscope.evidence.folds import matrix_keys
from labelscope.evidence.in_sample_checks import InSample, neighbor_shares, never_in_doubt, repeats_labels
from labelscope.types import Evidence, FloatArray, IntArray

# Fewer rows than folds: some fold has none, and a class's threshold is the mean of almost nothing.
_SMALL = 5
_PROBE_ROWS = 10_000
_PROBE_CLASS = 10
# Share of labels, contradicted by neighbors, that a model has to repeat to be worth a probe.
_WORTH_A_PROBE = 0.1


def warn_about_small_classes(dataset: Dataset) -> None:
    """Name the classes of which nothing sure can be said; those of one row have a notice of their own."""
    labels = dataset.labels
    counts = labels.counts()
    small = np.flatnonzero((counts > 1) & (counts < _SMALL))
    if not len(small) or int((counts > 0).sum()) < 2:
        return
    shown = ", ".join(f"{labels.names[code]!r} ({counts[code]:,})" for code in small[:5])
    more = f", … ({len(small):,} in all)" if len(small) > 5 else ""
    notify(
        "classes_too_small",
        f"{len(small):,} classes have fewer than {_SMALL} rows, too few to say whether their labels are "
        f"right: {shown}{more}.",
        "Look at these rows yourself, merge the classes, or add rows to them.",
        np.flatnonzero(np.isin(labels.codes, small)),
    )


def notices_of_probabilities(evidence: Evidence, random_state: int) -> None:
    """Raise the notices about probabilities that the user gave, once neighbors are known.

    Parameters
    ----------
    evidence : Evidence
        ``given_labels`` and ``classes``, ``pred_probs``, ``model_probs`` where there are several models,
        and what was made of ``features``, ``knn_ids`` and ``duplicates``.
    random_state : int
        Seed of the sample of rows and of the probe's folds.
    """
    _warn_about_duplicates(evidence)
    models = evidence["model_probs"] if "model_probs" in evidence else (evidence["pred_probs"],)
    checks = in_sample(list(models), evidence, random_state)
    for place, check in enumerate(checks):
        if not check.found:
            continue
        which = f"pred_probs[{place}]" if len(checks) > 1 else "pred_probs"
        reached = (
            f" A cross-validated probe of the features agrees with {100 * check.reachable:.1f} %."
            if np.isfinite(check.reachable)
            else ""
        )
        rows = "that neighbors and probe contradict" if reached else "of which the model is unsure"
        notify(
            "pred_probs_in_sample",
            f"{which} look as if the model was fitted on the rows that it predicts: they agree with "
            f"{100 * check.agreement:.1f} % of the given labels, and with {100 * check.repeated:.1f} % of "
            f"the {len(check.rows):,} labels {rows}.{reached} Such a model repeats wrong labels.",
            "Pass out-of-sample probabilities, such as cross_val_predict(..., method='predict_proba'), or "
            "leave pred_probs out, or pass model=.",
            check.rows,
        )


def in_sample(models: list[FloatArray], evidence: Evidence, random_state: int = 0) -> list[InSample]:
    """Check each model for having seen the labels, by neighbors and a probe where there are features.

    Parameters
    ----------
    models : list of (n, K) float
    evidence : Evidence
        ``given_labels``, ``classes``; ``features`` and ``knn_ids`` for the thorough check.
    random_state : int

    Returns
    -------
    list of InSample
        One for each model.
    """
    codes = np.asarray(evidence["given_labels"])
    found = [never_in_doubt(model, codes) for model in models]
    if "features" not in evidence or "knn_ids" not in evidence or not (codes >= 0).any():
        return found
    rows = _sampled(evidence["features"], np.flatnonzero(codes >= 0), random_state)
    votes = neighbor_shares(evidence["knn_ids"], codes, len(evidence["classes"]), rows=rows)
    worth = [place for place, model in enumerate(models) if _worth_a_probe(model[rows], codes[rows], votes)]
    if not worth:
        return found
    # Classes of a few rows would only raise notices of the probe's own.
    enough = (np.bincount(codes[rows], minlength=votes.shape[1]) >= _PROBE_CLASS)[codes[rows]]
    rows, votes = rows[enough], votes[enough]
    if len(np.unique(codes[rows])) < 2:
        return found
    known = Evidence(
        features=evidence["features"][rows], given_labels=codes[rows], classes=evidence["classes"]
    )
    probe = PredictedProbabilities().make(None, known, random_state=random_state).arrays["pred_probs"]
    for place in worth:
        check = repeats_labels(models[place][rows], codes[rows], votes, probe)
        if check.found:
            found[place] = InSample(True, check.agreement, check.reachable, check.repeated, rows[check.rows])
    return found


def _sampled(features: FloatArray, rows: IntArray, random_state: int) -> IntArray:
    """At most 10,000 of the rows, chosen by content, so that their order does not decide what is found."""
    if len(rows) <= _PROBE_ROWS:
        return rows
    keys = matrix_keys(features, random_state=random_state)[rows]
    return np.sort(rows[np.argsort(keys, kind="stable")[:_PROBE_ROWS]])


def _worth_a_probe(model: FloatArray, codes: IntArray, votes: FloatArray) -> bool:
    right = model.argmax(axis=1) == codes
    against = (codes >= 0) & (votes.max(axis=1) >= 0.5) & (votes.argmax(axis=1) != codes)
    return bool(against.any()) and float(right[against].mean()) >= _WORTH_A_PROBE


def _warn_about_duplicates(evidence: Evidence) -> None:
    """Duplicates with different labels: in different folds, each is predicted from the other's label."""
    if "duplicates" not in evidence:
        return
    codes, sets = np.asarray(evidence["given_labels"]), np.asarray(evidence["duplicates"])
    labelled = np.flatnonzero(codes >= 0)
    # One number for each pair of set and label sorts many times faster than pairs do.
    n_codes = int(codes.max(initial=0)) + 1
    pairs = np.unique(sets[labelled].astype(np.int64) * n_codes + codes[labelled])
    names, n_labels = np.unique(pairs // n_codes, return_counts=True)
    rows = labelled[np.isin(sets[labelled], names[n_labels > 1])]
    if len(rows):
        notify(
            "pred_probs_duplicates",
            f"{len(rows):,} rows are duplicates of rows with another label. If they were in different folds "
            "when pred_probs were made, each was predicted by a model that had seen its copy's label.",
            "Keep duplicates in one fold, e.g. GroupKFold with audit.evidence['duplicates'] as groups, or "
            "leave pred_probs out.",
            rows,
        )

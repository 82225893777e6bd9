"""The properties that every scorer has, checked one by one."""

from __future__ import annotations

import dataclasses
import itertools
import pickle
from collections.abc import Iterable
from typing import Any

import numpy as np

from labelscope.errors import LabelscopeError, MissingEvidenceError
from labelscope.evidence.ranks import auroc, ranks
from labelscope.testing import sample
from labelscope.testing.kits import KITS, Kit
from labelscope.testing.sample_rows import permuted
from labelscope.types import Array, BoolArray, Evidence, FloatArray, Score, Scorer

_ATOL = 1e-5
_FITTED_SPEARMAN = 0.95
_FACTS = ("name", "family", "needs", "tasks", "reference", "fitted")


def check_scorer(scorer: Scorer) -> None:
    """Check that a scorer keeps the contract of `labelscope.types.Scorer`.

    Parameters
    ----------
    scorer : Scorer
        An instance. It is checked on evidence of each of its ``tasks`` (classification, multilabel,
        regression, concepts). Optional class attributes: ``enough``, alternatives of needs of which one
        suffices, and ``row_wise``, a claim that each row is scored by itself.

    Raises
    ------
    AssertionError
        The message starts with the name of the property that failed.

    Examples
    --------
    >>> from labelscope.scorers import SelfConfidence
    >>> check_scorer(SelfConfidence())
    """
    _check_facts(scorer)
    for task in scorer.tasks:
        kit = KITS[task]
        full, is_wrong = sample.planted(task=task)
        for names in _alternatives(scorer):
            evidence = _only(full, names, scorer)
            _check_untouched(scorer, evidence)
            score = _check_result(scorer, evidence, kit)
            _check_unlabelled(scorer, evidence, kit)
            _check_repeatable(scorer, evidence, score)
            _check_rows_permuted(scorer, evidence, score)
            _check_renamed(scorer, evidence, score, kit)
            _check_blocks(scorer, evidence, kit)
            _check_pickles(scorer, evidence, score)
            _check_edges(scorer, names, kit)
            _check_finds(score, is_wrong)
            kit.check_finds(score, evidence)
        _check_missing(scorer, full)


def _fail(prop: str, message: str) -> AssertionError:
    return AssertionError(f"{prop}: {message}")


def _require(condition: bool, prop: str, message: str) -> None:
    if not condition:
        raise _fail(prop, message)


def _alternatives(scorer: Scorer) -> list[tuple[str, ...]]:
    """Return all needs first, then every smaller set that the scorer calls enough."""
    needs = tuple(scorer.needs)
    return [needs, *(names for names in getattr(scorer, "enough", ()) if tuple(names) != needs)]


def _only(evidence: Evidence, names: Iterable[str], scorer: Scorer) -> Evidence:
    unknown = [name for name in names if name not in evidence]
    _require(
        not unknown, "facts", f"check_scorer has no evidence {unknown} for {type(scorer).__name__}.needs"
    )
    return Evidence({name: evidence[name] for name in names})


def _check_facts(scorer: Scorer) -> None:
    kind = type(scorer)
    for fact in _FACTS:
        _require(hasattr(scorer, fact), "facts", f"{kind.__name__} has no attribute {fact!r}")
    _require(dataclasses.is_dataclass(kind), "facts", f"{kind.__name__} is not a dataclass")
    parameters = kind.__dataclass_params__  # type: ignore[attr-defined]
    _require(bool(parameters.frozen), "facts", f"{kind.__name__} is not frozen")
    positional = [one.name for one in dataclasses.fields(kind) if one.init and not one.kw_only]  # type: ignore[arg-type]
    _require(not positional, "facts", f"{kind.__name__} takes {positional} by position; use kw_only=True")
    try:
        kind()
    except TypeError as error:
        raise _fail("facts", f"{kind.__name__}() without arguments raises {error}") from error
    _require(
        bool(scorer.tasks) and set(scorer.tasks) <= set(KITS),
        "facts",
        f"tasks {scorer.tasks} are not among {sorted(KITS)}",
    )


def _check_result(scorer: Scorer, evidence: Evidence, kit: Kit, where: str = "") -> Score:
    """Check shape, range and NaN of one result."""
    n = len(evidence["given_labels"])
    score = scorer.score(evidence)
    _require(isinstance(score, Score), "shape", f"score() returned {type(score).__name__}, not Score{where}")
    suspicion = np.asarray(score.suspicion)
    _require(suspicion.shape == (n,), "shape", f"suspicion has shape {suspicion.shape} for {n} rows{where}")
    _require(suspicion.dtype == np.float32, "shape", f"suspicion is {suspicion.dtype}, not float32{where}")
    for name, array in (("suggested", score.suggested), ("flagged", score.flagged), *score.details.items()):
        if array is not None:
            _require(len(array) == n, "shape", f"{name} has {len(array)} entries for {n} rows{where}")
    if score.flagged is not None:
        _require(np.asarray(score.flagged).dtype == bool, "shape", f"flagged is not bool{where}")
    _require(score.meta.get("scale") in ("rank", "probability"), "shape", f"meta['scale'] is missing{where}")
    _require(
        not np.isnan(suspicion).any(),
        "no NaN",
        f"suspicion is NaN in {int(np.isnan(suspicion).sum())} rows{where}",
    )
    low, high = (float(suspicion.min()), float(suspicion.max())) if n else (0.0, 0.0)
    _require(
        low >= 0 and high <= 1,
        "range",
        f"suspicion goes from {low:.3g} to {high:.3g}, not within [0, 1]{where}",
    )
    kit.check_score(score, evidence, where)
    return score


def _check_unlabelled(scorer: Scorer, evidence: Evidence, kit: Kit) -> None:
    rows = np.arange(0, len(evidence["given_labels"]), 11)
    score = _check_result(scorer, kit.with_unlabelled(evidence, rows), kit, " with unlabelled rows")
    _require(not np.asarray(score.suspicion)[rows].any(), "unlabelled rows", "their suspicion is not 0")
    if score.flagged is not None:
        _require(not np.asarray(score.flagged)[rows].any(), "unlabelled rows", "some are flagged")


def _check_untouched(scorer: Scorer, evidence: Evidence) -> None:
    # Evidence shows read-only views; the owners' arrays behind them could still be written to.
    arrays = {name: np.array(array) for name, array in evidence.items()}
    before = {name: array.copy() for name, array in arrays.items()}
    try:
        scorer.score(Evidence(arrays))
    except ValueError as error:
        if "read-only" in str(error):
            raise _fail("inputs untouched", f"score() writes to its evidence ({error})") from error
        raise
    for name, array in arrays.items():
        same = np.array_equal(array, before[name], equal_nan=array.dtype.kind == "f")
        _require(same, "inputs untouched", f"score() changed {name}")


def _check_repeatable(scorer: Scorer, evidence: Evidence, first: Score) -> None:
    same = np.array_equal(first.suspicion, scorer.score(evidence).suspicion)
    _require(same, "same result", "scoring twice gives two results")


def _check_rows_permuted(scorer: Scorer, evidence: Evidence, one: Score) -> None:
    order = np.random.default_rng(1).permutation(len(evidence["given_labels"]))
    other = scorer.score(permuted(evidence, order))
    _same(scorer, "row-permutation equivariance", np.asarray(one.suspicion)[order], other.suspicion)
    if not scorer.fitted and one.flagged is not None and other.flagged is not None:
        same = np.array_equal(np.asarray(one.flagged)[order], other.flagged)
        _require(same, "row-permutation equivariance", "flags depend on the order of rows")


def _check_renamed(scorer: Scorer, evidence: Evidence, one: Score, kit: Kit) -> None:
    for renaming in kit.renamings:
        prop = f"{renaming.name} equivariance"
        other = scorer.score(renaming.apply(evidence))
        _same(scorer, prop, one.suspicion, other.suspicion)
        if not scorer.fitted and one.flagged is not None and other.flagged is not None:
            same = np.array_equal(one.flagged, other.flagged)
            _require(same, prop, f"flags depend on the order of {renaming.what}")
        for detail in renaming.columns if not scorer.fitted else ():
            if detail in one.details and detail in other.details:
                _same(scorer, prop, np.asarray(one.details[detail])[:, renaming.order], other.details[detail])


def _same(scorer: Scorer, prop: str, one: Array, other: Array) -> None:
    if scorer.fitted:
        agreement = _spearman(np.asarray(one), np.asarray(other))
        _require(agreement >= _FITTED_SPEARMAN, prop, f"Spearman {agreement:.3f} is under {_FITTED_SPEARMAN}")
        return
    worst = float(np.abs(np.asarray(one, dtype=np.float64) - np.asarray(other, dtype=np.float64)).max())
    _require(worst <= _ATOL, prop, f"suspicion differs by up to {worst:.3g}")


def _check_blocks(scorer: Scorer, evidence: Evidence, kit: Kit) -> None:
    if not getattr(scorer, "row_wise", False):
        return
    n = len(evidence["given_labels"])
    whole = np.asarray(scorer.score(kit.sliced(evidence, slice(0, n))).suspicion)
    cuts = [0, 1, n // 3, n]
    parts = [
        np.asarray(scorer.score(kit.sliced(evidence, slice(start, stop))).suspicion)
        for start, stop in itertools.pairwise(cuts)
    ]
    _require(
        np.array_equal(whole, np.concatenate(parts)), "block invariance", "blocks are scored differently"
    )


def _check_pickles(scorer: Scorer, evidence: Evidence, score: Score) -> None:
    try:
        again: Any = pickle.loads(pickle.dumps(scorer))
    except Exception as error:
        raise _fail("pickles", f"{type(scorer).__name__} cannot be pickled: {error}") from error
    same = np.array_equal(again.score(evidence).suspicion, score.suspicion)
    _require(again == scorer and same, "pickles", "the unpickled scorer differs")


def _check_edges(scorer: Scorer, names: tuple[str, ...], kit: Kit) -> None:
    for case, make in kit.edge_cases.items():
        made = make()
        evidence = Evidence({name: made[name] for name in (*names, "classes") if name in made})
        try:
            _check_result(scorer, evidence, kit, f" for {case}")
        except LabelscopeError:
            continue  # refused with a clear error
        except AssertionError:
            raise
        except Exception as error:
            raise _fail(case, f"neither handled nor refused: {type(error).__name__}: {error}") from error


def _check_finds(score: Score, is_wrong: BoolArray) -> None:
    found = auroc(np.asarray(score.suspicion), is_wrong) or 0.0
    _require(found > 0.65, "finds planted errors", f"AUROC {found:.3f} is no better than chance")


def _check_missing(scorer: Scorer, full: Evidence) -> None:
    enough = [frozenset(names) for names in getattr(scorer, "enough", (scorer.needs,))]
    for name in scorer.needs:
        if all(name not in names for names in enough):
            continue
        # Without `name`, and without the alternatives that would do without it as well.
        others = {one for names in enough if name not in names for one in names} - {"given_labels"}
        left = Evidence({need: full[need] for need in scorer.needs if need != name and need not in others})
        try:
            scorer.score(left)
        except MissingEvidenceError:
            continue
        except Exception as error:
            raise _fail(
                "missing evidence",
                f"without {name} it raises {type(error).__name__}, not MissingEvidenceError",
            ) from error
        raise _fail("missing evidence", f"without {name} it raises nothing")


def _spearman(one: FloatArray, other: FloatArray) -> float:
    first, second = ranks(one), ranks(other)
    if first.std() == 0 or second.std() == 0:
        return float(np.array_equal(first, second))
    return float(np.corrcoef(first, second)[0, 1])

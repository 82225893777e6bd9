"""Two experts for data in groups: one that knows the group, one that knows all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from labelscope.errors import InvalidInputError, MissingEvidenceError, notify
from labelscope.evidence import check_features
from labelscope.evidence.experts import Experts, ExpertSettings, experts, groups_standardized
from labelscope.evidence.folds import deal, matrix_keys
from labelscope.evidence.given import group_codes, site_codes, site_name
from labelscope.evidence.probe_input import units_of
from labelscope.scorers.inputs import Inputs, labels_of, read
from labelscope.types import Array, BoolArray, Evidence, FloatArray, IntArray, Score

EXPERTNESS = ("support", "confidence")
# The support counts squared, and less from so many labels of a group on.
_POWER, _AMPLE = 2.0, 100.0


@dataclass(frozen=True, kw_only=True)
class LocalGlobal:
    """Ask a local expert and a global one, and believe the one that knows more about the row (FedLabel).

    A group is a source, a site, a team or a language. Its local expert learned from its own labelled rows
    and knows its peculiarities; the global one is averaged from all groups' parameters, rows staying where
    they are, and knows classes that the group does not have. Groups come as evidence ``sites``; ``groups``,
    whose rows cross-validation keeps together, stand in where there are none, with a notice.

    Parameters
    ----------
    tau : float
        Confidence below which nobody is believed: such rows are never flagged.
    expertness : {"support", "confidence"}
        ``"support"`` multiplies the local confidence by a power of the largest cosine to a labelled row of
        the group, since local experts are sure of themselves where they have seen nothing, and both by their
        out-of-fold accuracy in the group. The power is 2 up to 100 labels of the group and falls with the
        square of their number beyond, since ample labels leave little unseen. ``"confidence"`` compares them
        as they are.
    n_rounds, n_steps : int
        Rounds of averaging, and steps of each group in a round.
    penalty : float
        Strength of the squared penalty of the probes, on standardized features.
    min_group : int
        Groups with fewer labelled rows, or with one class, have no local expert: the global one answers.
    n_folds : int
        Labelled rows are answered by experts that have not seen them.
    random_state : int
        Seed of the folds.

    Notes
    -----
    With d(e) = 1 - the probability that expert e gives the given label, ``suspicion`` is
    d(chosen) × (1 + d(other)) / 2: experts that agree raise it. ``flagged`` rows contradict the chosen
    expert, whose confidence reaches ``tau``. ``details``: ``expert`` (n,) ``"local"`` or ``"global"``,
    ``agree`` (n,) bool, ``local_confidence``, ``global_confidence`` (n,) as they are compared,
    ``local_suggested``, ``global_suggested`` (n,) labels, ``support`` (n,), ``sure`` (n,) bool (the chosen
    confidence reaches ``tau``). ``meta["groups"]`` lists for each group its rows, labelled rows and classes,
    shares of rows answered locally and agreed on, and the out-of-fold accuracy of both experts and of the
    chosen one; against the labels of ``verified`` rows where there are any (``meta["accuracy_on"]``), else
    against the given ones.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y, site = np.tile([0, 1], 40), np.repeat([0, 1], 40)
    >>> X = rng.normal(size=(80, 2)) + np.where(site == 1, -4, 4)[:, None] * y[:, None]
    >>> given = y.copy(); given[0] = 1
    >>> score = LocalGlobal().score(Evidence(given_labels=given, features=X, sites=site))
    >>> int(score.suspicion.argmax()), str(score.details["expert"][0])
    (0, 'local')
    """

    name: ClassVar[str] = "local_global"
    family: ClassVar[str] = "federated"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "features", "sites", "groups")
    enough: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("given_labels", "features", "sites"),
        ("given_labels", "features", "groups"),
    )
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    reference: ClassVar[str] = (
        "Cho, Joshi, Dimitriadis: Local or global: selective knowledge assimilation for federated learning"
        " with limited labels, ICCV 2023"
    )
    fitted: ClassVar[bool] = True

    tau: float = 0.6
    expertness: str = "support"
    n_rounds: int = 8
    n_steps: int = 8
    penalty: float = 0.1
    min_group: int = 5
    n_folds: int = 4
    random_state: int = 0

    def __post_init__(self) -> None:
        if self.expertness not in EXPERTNESS:
            raise InvalidInputError.unknown("expertness", self.expertness, EXPERTNESS)
        if not 0 <= self.tau <= 1:
            raise InvalidInputError(f"tau is {self.tau}.", "Pass a confidence from 0 to 1.")
        if not self.penalty > 0:
            raise InvalidInputError(f"penalty is {self.penalty}.", "Pass a number above 0.")
        for name, least in (("n_rounds", 1), ("n_steps", 1), ("min_group", 1), ("n_folds", 2)):
            if getattr(self, name) < least:
                raise InvalidInputError(f"{name} is {getattr(self, name)}.", f"Pass {least} or more.")

    def score(self, evidence: Evidence) -> Score:
        """Score every row; unlabelled ones get suggestions.

        Parameters
        ----------
        evidence : Evidence
            ``given_labels`` (n,), ``features`` (n, d) of one model for all sites, ``sites`` (n,); rows
            without a site are answered by the global expert. ``site_names``, what int ``sites`` are codes
            into; ``verified`` (n,) bool where there is one; ``groups`` (n,) and ``duplicates`` (n,), rows of
            which share a fold.

        Returns
        -------
        Score

        Raises
        ------
        MissingEvidenceError, InvalidInputError
            Evidence is absent or does not fit.
        """
        inputs, features, groups = self._read(evidence)
        labels = inputs.codes[inputs.labelled]
        if len(np.unique(labels)) < 2:
            return _everything_fine(inputs, labels)
        if inputs.n and not (np.bincount(groups[inputs.labelled]).max(initial=0) < inputs.labelled.sum()):
            notify(
                "one_group",
                "All labelled rows are in one group, so the local and the global expert know the same.",
                "Pass sites= that tell apart, for example, sites, sources or teams.",
            )
        tell_of_groups(evidence)
        said = self._asked(features, inputs, groups, evidence)
        accuracy = _accuracies(said, inputs, groups)
        local, shared = self._confidence(said, accuracy, inputs, groups)
        return self._result(inputs, evidence, groups, said, (local, shared))

    def probabilities(self, evidence: Evidence) -> FloatArray:
        """Return what each row's better expert says, which has not seen the row's label.

        Parameters
        ----------
        evidence : Evidence
            As :meth:`score` takes it.

        Returns
        -------
        (n, K) float64
        """
        inputs, features, groups = self._read(evidence)
        said = self._asked(features, inputs, groups, evidence)
        local, shared = self._confidence(said, _accuracies(said, inputs, groups), inputs, groups)
        is_local = said.has_local & (local >= shared)
        return np.where(is_local[:, None], said.local, said.shared)

    def _read(self, evidence: Evidence) -> tuple[Inputs, FloatArray, IntArray]:
        """Read labels, features and sites."""
        for name in ("given_labels", "features"):
            if name not in evidence:
                raise MissingEvidenceError.of(name, type(self).__name__, evidence)
        inputs = read(evidence, type(self).__name__)
        features = check_features(evidence["features"], inputs.n)
        sites = site_codes(evidence, inputs.n)
        if sites is None:
            raise MissingEvidenceError.of("sites", type(self).__name__, evidence)
        return inputs, features, sites

    def _asked(self, features: FloatArray, inputs: Inputs, groups: IntArray, evidence: Evidence) -> Experts:
        """Answers of experts that have not seen the row's label."""
        settings = ExpertSettings(self.n_rounds, self.n_steps, self.penalty, self.min_group)
        wide, codes = groups_standardized(features, groups), inputs.codes
        keys = matrix_keys(features, random_state=self.random_state)
        # Folds are dealt within groups, so that every local expert loses its share of rows.
        strata = np.where(inputs.labelled, codes * (int(groups.max()) + 1) + groups, -1)
        together = group_codes(None, evidence, inputs.n) if evidence.get("sites") is not None else None
        exact = np.unique(keys, return_inverse=True)[1]
        units = units_of(inputs.labelled, exact, evidence, together, self.n_folds)
        folds = deal(strata, keys, self.n_folds, units=units)
        n, k = inputs.n, inputs.n_classes
        whole = Experts(np.zeros((n, k)), np.zeros((n, k)), np.zeros(n), np.zeros(n, dtype=bool))
        for fold in range(-1, int(folds.max()) + 1):
            asked = np.flatnonzero(folds == fold)
            if not len(asked):
                continue
            known = codes if fold < 0 else np.where(folds == fold, -1, codes)
            if not (known >= 0).any():
                whole.local[asked] = whole.shared[asked] = 1.0 / k
                continue
            part = experts(wide, known, groups, asked, k, settings)
            for name in ("local", "shared", "support", "has_local"):
                getattr(whole, name)[asked] = getattr(part, name)
        return whole

    def _confidence(
        self, said: Experts, accuracy: tuple[FloatArray, FloatArray], inputs: Inputs, groups: IntArray
    ) -> tuple[FloatArray, FloatArray]:
        local, shared = said.local.max(axis=1), said.shared.max(axis=1)
        if self.expertness == "support":
            labels = np.bincount(groups[inputs.labelled], minlength=int(groups.max()) + 1)
            power = _POWER * np.square(_AMPLE / np.maximum(labels, _AMPLE))
            local = local * said.support ** power[groups] * accuracy[0][groups]
            shared = shared * accuracy[1][groups]
        return np.where(said.has_local, local, 0.0), shared

    def _result(
        self,
        inputs: Inputs,
        evidence: Evidence,
        groups: IntArray,
        said: Experts,
        confidence: tuple[FloatArray, FloatArray],
    ) -> Score:
        rows, given = np.arange(inputs.n), np.maximum(inputs.codes, 0)
        is_local = said.has_local & (confidence[0] >= confidence[1])
        first, second = said.local.argmax(axis=1), said.shared.argmax(axis=1)
        best = np.where(is_local, first, second)
        doubts = 1.0 - said.local[rows, given], 1.0 - said.shared[rows, given]
        own, other = np.where(is_local, doubts, doubts[::-1])
        sure = np.where(is_local, said.local.max(axis=1), said.shared.max(axis=1)) >= self.tau
        details: dict[str, Array] = {
            "expert": np.where(is_local, "local", "global"),
            "agree": np.asarray(first == second),
            "local_confidence": confidence[0],
            "global_confidence": confidence[1],
            "local_suggested": labels_of(first, inputs.classes),
            "global_suggested": labels_of(second, inputs.classes),
            "support": said.support,
            "sure": np.asarray(sure),
        }
        checked, basis = _checked(evidence, inputs)
        meta: dict[str, Any] = {
            "scale": "rank",
            "tau": self.tau,
            "accuracy_on": basis,
            "groups": _group_table(evidence, inputs, groups, checked, (first, second, best), is_local),
        }
        doubt = np.clip(own * (1.0 + other) / 2.0, 0.0, 1.0)
        return Score(
            suspicion=np.where(inputs.labelled, doubt, 0).astype(np.float32),
            suggested=labels_of(best, inputs.classes),
            flagged=np.asarray(inputs.labelled & (best != given) & sure),
            details=details,
            meta=meta,
        )


def _accuracies(said: Experts, inputs: Inputs, groups: IntArray) -> tuple[FloatArray, FloatArray]:
    """Out-of-fold accuracy of both experts in each group, with one hit and one miss more."""
    size = int(groups.max()) + 1
    rows = np.flatnonzero(inputs.labelled)
    total = np.bincount(groups[rows], minlength=size) + 2.0
    found = []
    for probs in (said.local, said.shared):
        hits = probs[rows].argmax(axis=1) == inputs.codes[rows]
        found.append((np.bincount(groups[rows], weights=hits, minlength=size) + 1.0) / total)
    return found[0], found[1]


def _checked(evidence: Evidence, inputs: Inputs) -> tuple[BoolArray, str]:
    """Rows against whose labels experts are measured."""
    verified = evidence.get("verified")
    if verified is not None:
        mask = np.asarray(verified)
        if mask.shape != (inputs.n,):
            raise InvalidInputError(
                f"verified has the shape {mask.shape}.", f"Pass ({inputs.n},) bool, one a row."
            )
        if (mask.astype(bool) & inputs.labelled).any():
            return np.asarray(mask.astype(bool) & inputs.labelled), "verified"
    return np.asarray(inputs.labelled), "given"


def _group_table(
    evidence: Evidence,
    inputs: Inputs,
    groups: IntArray,
    checked: BoolArray,
    codes: tuple[IntArray, IntArray, IntArray],
    is_local: BoolArray,
) -> list[dict[str, Any]]:
    names = _names(evidence)
    table = []
    for group in np.unique(groups).tolist():
        rows = np.flatnonzero(groups == group)
        labelled, measured = rows[inputs.labelled[rows]], rows[checked[rows]]
        right = [
            float((code[measured] == inputs.codes[measured]).mean()) if len(measured) else None
            for code in codes
        ]
        name = names[rows[0]]
        table.append(
            {
                "group": name.item() if hasattr(name, "item") else name,
                "n": len(rows),
                "n_labelled": len(labelled),
                "n_classes": len(np.unique(inputs.codes[labelled])),
                "n_checked": len(measured),
                "local_share": float(is_local[rows].mean()),
                "agree_share": float((codes[0][rows] == codes[1][rows]).mean()),
                "local_accuracy": right[0],
                "global_accuracy": right[1],
                "selected_accuracy": right[2],
            }
        )
    return table


def tell_of_groups(evidence: Evidence) -> None:
    """Say it where groups stand in for sites."""
    if site_name(evidence) == "groups":
        notify(
            "groups_as_sites",
            "There are no sites, so every group is taken for a site with an expert of its own; groups also"
            " say which rows cross-validation keeps together.",
            "Pass evidence={'sites': ...}, one per row, where sites and groups are not the same.",
        )


def _names(evidence: Evidence) -> Array:
    """Return the site of each row as it is called, (n,) object."""
    name = str(site_name(evidence))
    given, called = np.asarray(evidence[name], dtype=object), f"{name.removesuffix('s')}_names"
    if evidence.get(called) is None:
        return given
    names = list(evidence[called])
    codes = np.asarray(evidence[name])
    if codes.dtype.kind not in "iu" or (len(codes) and not 0 <= codes.min() <= codes.max() < len(names)):
        raise InvalidInputError(
            f"{called} has {len(names):,} names, but {name} are no codes into them.",
            f"Pass {name} as int codes from 0, or leave {called} out.",
        )
    return np.array([names[code] for code in codes.tolist()], dtype=object)


def _everything_fine(inputs: Inputs, labels: IntArray) -> Score:
    """Fewer than two labelled classes: nothing can be wrong, and the one class is all there is to suggest."""
    notify(
        "too_few_classes",
        f"{len(np.unique(labels))} of the classes have labelled rows, so no label can be doubted.",
        "Label some rows of two or more classes first.",
    )
    n, zeros = inputs.n, np.zeros(inputs.n)
    only = labels_of(np.full(n, labels[0] if len(labels) else 0, dtype=np.int64), inputs.classes)
    details: dict[str, Array] = {
        "expert": np.full(n, "global"),
        "agree": np.ones(n, dtype=bool),
        "local_confidence": zeros,
        "global_confidence": zeros,
        "local_suggested": only,
        "global_suggested": only,
        "support": zeros,
        "sure": np.zeros(n, dtype=bool),
    }
    return Score(zeros.astype(np.float32), only, np.zeros(n, dtype=bool), details, {"scale": "rank"})

import subprocess
import sys
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

import labelscope as ls
from labelscope.evidence import Duplicates, NeighborGraph, PredictedProbabilities, Projection
from labelscope.types import Made, Provider

# What feeds evidence from a training loop is no provider: it holds what the loop said so far.
RECORDERS = {"RecordedModel", "SkorchRecorder", "TrainingDynamics"}
# Judges answer for the provider Judgements, and have a contract and tests of their own.
JUDGES = {name for name in ls.providers.__all__ if name.endswith("Judge")} | {"JudgePrompt"}
PROVIDERS = [
    value
    for name in ls.providers.__all__
    if isinstance(value := getattr(ls.providers, name), type) and name not in RECORDERS | JUDGES
]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_providers_have_one_shape(provider):
    made = provider()
    assert isinstance(made, Provider)
    assert made == provider() and hash(made) == hash(provider())
    with pytest.raises((FrozenInstanceError, AttributeError)):
        made.name = "other"
    with pytest.raises(TypeError):
        provider(1)


def test_importing_providers_loads_nothing_heavy():
    heavy = [
        "torch",
        "umap",
        "numba",
        "sklearn",
        "scipy",
        "PIL",
        "pandas",
        "polars",
        "pyarrow",
        "pynndescent",
        "wordllama",
        "tqdm",
    ]
    code = f"import sys, labelscope.evidence; print([m for m in {heavy} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize("n", [2, 5, 40])
@pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")
def test_chain_from_data_to_map(n):
    rng = np.random.default_rng(0)
    data = ls.Dataset(rng.normal(size=(n, 4)), [["no", "yes"][i % 2] for i in range(n)])
    evidence = ls.Evidence(given_labels=data.labels.codes, classes=data.labels.classes)
    before = {name: value.copy() for name, value in evidence.items()}
    for provider in (
        ls.providers.default_provider(data),
        NeighborGraph(),
        Duplicates(),
        PredictedProbabilities(),
        ls.providers.ClassStatistics(),
        Projection(),
    ):
        made = provider.make(data, evidence, random_state=3)
        assert isinstance(made, Made) and set(provider.makes) <= set(made.arrays)
        evidence = evidence.including(**made.arrays)
    for name, value in before.items():
        np.testing.assert_array_equal(evidence[name], value)

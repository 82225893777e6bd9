import numpy as np
import pytest

from labelscope import Evidence
from labelscope.errors import InvalidInputError, InvalidTypeError, LabelscopeWarning, collect_notices
from labelscope.evidence import Duplicates, PredictedProbabilities, probe


def blobs(n=300, k=3, d=5, seed=0, spread=6.0):
    rng = np.random.default_rng(seed)
    codes = np.arange(n) % k
    features = rng.normal(size=(n, d)) + spread * rng.normal(size=(k, d))[codes]
    return features.astype(np.float32), codes


def evidence_of(features, codes, names=None, **more):
    names = np.array(list("abcdefghij")[: codes.max() + 1]) if names is None else names
    return Evidence(features=features, given_labels=codes, classes=names, **more)


def predict(evidence, **options):
    made = PredictedProbabilities(**options).make(None, evidence)
    pred_probs = made.arrays["pred_probs"]
    np.testing.assert_allclose(pred_probs.sum(axis=1), 1, atol=1e-5)
    assert pred_probs.dtype == np.float32 and (pred_probs >= 0).all()
    return pred_probs, made.facts


def test_blobs_are_told_apart():
    features, codes = blobs()
    _, facts = predict(evidence_of(features, codes))
    assert facts["probe_accuracy"] > 0.97 and facts["n_folds"] == 5 and facts["n_unseen"] == 0
    assert facts["majority_share"] == pytest.approx(1 / 3)


def test_predictions_are_out_of_sample():
    rng = np.random.default_rng(0)
    features, codes = rng.normal(size=(400, 40)), rng.integers(0, 2, 400)
    assert predict(evidence_of(features, codes))[1]["probe_accuracy"] < 0.62
    from sklearn.tree import DecisionTreeClassifier

    facts = predict(evidence_of(features, codes), model=DecisionTreeClassifier(random_state=0))[1]
    assert facts["probe_accuracy"] < 0.62


def test_digits_beat_scikit_learn_logistic_regression():
    from sklearn.datasets import load_digits
    from sklearn.linear_model import LogisticRegression

    features, codes = load_digits(return_X_y=True)
    ours = predict(evidence_of(features, codes))[1]
    theirs = predict(evidence_of(features / 16, codes), model=LogisticRegression(max_iter=300))[1]
    assert ours["probe_accuracy"] >= theirs["probe_accuracy"] - 0.003
    assert ours["probe_log_loss"] <= theirs["probe_log_loss"] + 0.01
    assert ours["probe_accuracy"] > 0.97


def overlapping(n=3000, d=40, k=5, seed=0):
    """Anisotropic clusters that overlap, a tenth of the labels drawn anew."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, k, n)
    spread = np.arange(1, d + 1) ** -0.7
    features = (rng.normal(size=(n, d)) + 0.5 * rng.normal(size=(k, d))[codes]) * spread
    features = features @ np.linalg.qr(rng.normal(size=(d, d)))[0]
    return features.astype(np.float32), np.where(rng.random(n) < 0.1, rng.integers(0, k, n), codes)


def test_as_good_as_the_best_penalty_of_scikit_learn():
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    features, codes = overlapping()
    evidence = evidence_of(features, codes)
    ours = predict(evidence)[1]
    theirs = [
        predict(evidence, model=make_pipeline(StandardScaler(), LogisticRegression(C=C)))[1]
        for C in (1.0, 0.1, 0.01, 0.001)
    ]
    assert ours["probe_accuracy"] >= max(one["probe_accuracy"] for one in theirs) - 0.004
    assert ours["probe_log_loss"] <= min(one["probe_log_loss"] for one in theirs) + 0.01


def test_fit_is_the_minimum_that_scikit_learn_finds():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    whitened = np.hstack([rng.normal(size=(400, 6)), np.ones((400, 1))]).astype(np.float32)
    codes, folds = rng.integers(0, 3, 400), rng.integers(0, 4, 400)
    codes = np.where(rng.random(400) < 0.5, (whitened[:, :3] @ np.eye(3)).argmax(axis=1), codes)
    start = probe.centers(whitened, codes, folds, 3, 1.0)
    weights = probe.fit(whitened, codes, folds, start, np.full(6, 0.02), n_steps=60)
    assert weights.shape == (4, 3, 7)
    for fold in range(4):
        train = folds != fold
        model = LogisticRegression(C=1 / (0.02 * train.sum()), tol=1e-8, max_iter=500)
        expected = model.fit(whitened[train, :6], codes[train]).predict_proba(whitened[:, :6])
        np.testing.assert_allclose(probe.predict(whitened, weights[fold]), expected, atol=0.01)


def test_centers_are_the_means_outside_the_fold():
    rng = np.random.default_rng(0)
    whitened = np.hstack([rng.normal(size=(60, 4)), np.ones((60, 1))]).astype(np.float32)
    codes, folds = rng.integers(0, 2, 60), rng.integers(0, 3, 60)
    codes[:1], folds[:1] = 2, 1
    weights = probe.centers(whitened, codes, folds, 3, 2.0)
    train = (folds != 1) & (codes == 0)
    np.testing.assert_allclose(weights[1, 0, :4], 2 * whitened[train, :4].mean(axis=0), rtol=1e-4)
    assert weights[1, 2, -1] == -1e9 and weights[0, 2, -1] > -100


@pytest.mark.parametrize("power", [0.5, 1.0, 2.5])
def test_temperature_is_found(power):
    rng = np.random.default_rng(0)
    logits = 2 * rng.normal(size=(20000, 4))
    truth = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    codes = (rng.random((20000, 1)) > truth.cumsum(axis=1)).sum(axis=1).clip(0, 3)
    given = truth ** (1 / power)
    found = probe.sharpness(given / given.sum(axis=1, keepdims=True), codes)
    assert found == pytest.approx(power, rel=0.06)
    assert probe.sharpness(truth[:10], codes[:10]) == 1.0


@pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")
def test_constant_features_give_the_shares_of_the_classes():
    codes = np.arange(90) % 3
    codes[:15] = 0
    pred_probs, _ = predict(evidence_of(np.ones((90, 4), dtype=np.float32), codes))
    np.testing.assert_allclose(pred_probs.mean(axis=0), np.bincount(codes) / 90, atol=0.05)


def test_features_with_nan_are_repaired_with_a_notice():
    features, codes = blobs(60)
    features[7, 1] = np.nan
    with pytest.warns(LabelscopeWarning, match="NaN"):
        pred_probs, _ = predict(evidence_of(features, codes))
    assert np.isfinite(pred_probs).all()


def test_order_of_rows_and_classes_hardly_matter():
    features, codes = blobs(spread=1.0)
    pred_probs, _ = predict(evidence_of(features, codes))
    rng = np.random.default_rng(1)
    order, names = rng.permutation(len(codes)), np.array([2, 0, 1])
    moved, _ = predict(evidence_of(features[order], names[codes[order]]))
    np.testing.assert_allclose(moved[:, names], pred_probs[order], atol=0.02)


def test_same_seed_same_result():
    features, codes = blobs(spread=1.0)
    np.testing.assert_array_equal(
        predict(evidence_of(features, codes))[0], predict(evidence_of(features, codes))[0]
    )


def test_duplicates_do_not_leak():
    rng = np.random.default_rng(0)
    features, codes = np.repeat(rng.normal(size=(150, 30)), 2, axis=0), np.repeat(rng.integers(0, 2, 150), 2)
    evidence = evidence_of(features.astype(np.float32), codes)
    from sklearn.neighbors import KNeighborsClassifier

    model = KNeighborsClassifier(1)
    assert predict(evidence, model=model)[1]["probe_accuracy"] < 0.65
    near = evidence_of((features + rng.normal(scale=1e-4, size=features.shape)).astype(np.float32), codes)
    # Two copies in different folds, which happens to four fifths of them, give the label away.
    assert predict(near, model=model)[1]["probe_accuracy"] > 0.8
    from labelscope.evidence import NeighborGraph

    near = near.including(**NeighborGraph().make(None, near).arrays)
    near = near.including(**Duplicates().make(None, near).arrays)
    assert predict(near, model=model)[1]["probe_accuracy"] < 0.65


def test_groups_stay_together():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(30), 10)
    features = (rng.normal(size=(30, 10)) * 5)[groups] + rng.normal(size=(300, 10))
    codes = rng.integers(0, 2, 30)[groups]
    assert predict(evidence_of(features, codes))[1]["probe_accuracy"] > 0.9
    assert predict(evidence_of(features, codes, groups=groups))[1]["probe_accuracy"] < 0.75


def test_one_group_is_a_notice():
    features, codes = blobs(60)
    with pytest.warns(LabelscopeWarning, match="one group"):
        predict(evidence_of(features, codes, groups=np.zeros(60, int)))


def test_unlabelled_rows_get_predictions():
    features, codes = blobs()
    hidden = codes.copy()
    hidden[::4] = -1
    for model in (None, "tree"):
        if model:
            from sklearn.tree import DecisionTreeClassifier

            model = DecisionTreeClassifier(random_state=0)
        pred_probs, _ = predict(evidence_of(features, hidden), model=model)
        assert (pred_probs[::4].argmax(axis=1) == codes[::4]).mean() > 0.9


def test_class_with_one_row_is_a_notice():
    features, codes = blobs(91)
    codes = np.where(np.arange(91) == 90, 3, codes)
    with collect_notices() as notices, pytest.warns(LabelscopeWarning):
        pred_probs, facts = predict(evidence_of(features, codes))
    assert notices[-1].code == "class_unseen" and notices[-1].rows == (90,)
    assert facts["n_unseen"] == 1 and pred_probs[90, 3] == pytest.approx(1 / 91)


def test_class_with_two_rows_and_empty_class():
    features, codes = blobs(92)
    codes = np.where(np.arange(92) >= 90, 3, codes)
    pred_probs, _ = predict(evidence_of(features, codes, np.array(list("abcde"))))
    assert (pred_probs[:, 4] == 0).all()


def test_one_class_only():
    with pytest.warns(LabelscopeWarning, match="no other can be suggested"):
        pred_probs, facts = predict(evidence_of(np.eye(4), np.zeros(4, int), np.array(["a", "b"])))
    assert (pred_probs[:, 0] == 1).all() and facts["probe"] == "none"


@pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")
@pytest.mark.parametrize("n", [2, 3, 4, 5, 7])
def test_few_rows(n):
    features, codes = blobs(n, 2)
    assert predict(evidence_of(features, codes))[0].shape == (n, 2)
    assert predict(evidence_of(np.ones((n, 2)), codes))[0].shape == (n, 2)


def test_nothing_to_learn_from():
    with pytest.raises(InvalidInputError, match="None of the 3 rows has a label"):
        predict(Evidence(features=np.eye(3), given_labels=np.full(3, -1), classes=np.array(["a"])))
    with pytest.raises(InvalidInputError, match="at least 2"):
        predict(evidence_of(*blobs(20)), n_folds=1)


def test_many_classes():
    features, codes = blobs(3000, 600, 32, spread=3.0)
    pred_probs, facts = predict(evidence_of(features, codes, np.arange(600)))
    assert pred_probs.shape == (3000, 600) and facts["probe_accuracy"] > 0.9


def test_any_estimator():
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC

    features, codes = blobs()
    model = LogisticRegression(class_weight={"a": 1, "b": 2, "c": 1})
    assert predict(evidence_of(features, codes), model=model)[1]["probe_accuracy"] > 0.95
    assert not hasattr(model, "coef_")
    assert (
        predict(evidence_of(features, codes), model=make_pipeline(StandardScaler(), model))[1]["n_folds"] == 5
    )
    with pytest.warns(LabelscopeWarning, match="no predict_proba"):
        assert predict(evidence_of(features, codes), model=LinearSVC())[1]["probe_accuracy"] > 0.95
    names = np.array([10, 20, 30], dtype=object)
    assert (
        predict(evidence_of(features, codes, names), model=LogisticRegression())[1]["probe_accuracy"] > 0.95
    )


class NeedsCodes:
    def fit(self, data, labels):
        if sorted(set(labels)) != list(range(len(set(labels)))):
            raise ValueError("classes must be 0, 1, 2")
        from sklearn.naive_bayes import GaussianNB

        self.inner = GaussianNB().fit(data, labels)
        return self

    def predict_proba(self, data):
        return self.inner.predict_proba(data)


def test_estimators_that_insist_on_codes():
    assert predict(evidence_of(*blobs()), model=NeedsCodes())[1]["probe_accuracy"] > 0.9


def test_estimators_that_cannot_serve():
    from sklearn.cluster import AgglomerativeClustering
    from sklearn.linear_model import LogisticRegression, Perceptron
    from sklearn.neighbors import NearestCentroid

    with pytest.raises(InvalidTypeError, match="no fit and predict_proba"):
        predict(evidence_of(*blobs(30)), model=len)
    with pytest.raises(InvalidTypeError, match="no fit and predict_proba"):
        predict(evidence_of(*blobs(30)), model=AgglomerativeClustering())
    with pytest.raises(InvalidInputError, match="could not be fitted"):
        predict(evidence_of(*blobs(30)), model=LogisticRegression(C=-1))
    with pytest.warns(LabelscopeWarning):
        predict(evidence_of(*blobs(30)), model=Perceptron())
    if not hasattr(NearestCentroid(), "predict_proba"):
        with pytest.raises(InvalidTypeError, match="neither"):
            predict(evidence_of(*blobs(30)), model=NearestCentroid())


def test_text_pipeline_reads_the_texts():
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    import labelscope as ls

    texts = [f"the {word} number {i}" for i in range(20) for word in ("cat", "dog")]
    data = ls.Dataset(texts, ["cat", "dog"] * 20)
    made = PredictedProbabilities(model=make_pipeline(TfidfVectorizer(), LogisticRegression())).make(
        data, Evidence()
    )
    assert made.facts["probe_accuracy"] == 1.0


def test_table_pipeline_reads_the_frame():
    import pandas as pd
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    import labelscope as ls

    frame = pd.DataFrame({"kind": ["u", "v"] * 20, "size": np.arange(40) % 7, "y": ["no", "yes"] * 20})
    frame.loc[3, "kind"] = "u"
    prepare = make_column_transformer((OneHotEncoder(), ["kind"]), remainder="passthrough")
    made = PredictedProbabilities(model=make_pipeline(prepare, LogisticRegression())).make(
        ls.Dataset(frame, "y"), Evidence()
    )
    assert made.facts["probe_accuracy"] > 0.9


@pytest.mark.parametrize("n", [50, 60, 80])
def test_as_many_principal_components_as_rows(n):
    from sklearn.datasets import load_digits
    from sklearn.decomposition import PCA

    images, digits = load_digits(return_X_y=True)
    rows = np.random.default_rng(0).permutation(len(images))[:n]
    # Brought to one deviation each, these components would put all rows at the same distance.
    features = PCA(min(n - 1, 64)).fit_transform(images[rows]).astype(np.float32)
    _, facts = predict(evidence_of(features, digits[rows] % 5))
    assert facts["probe_accuracy"] > 0.8


def test_few_rows_with_columns_in_other_units():
    features, codes = blobs(n=60, d=16)
    features[:, ::2] = np.random.default_rng(1).normal(size=(60, 8)) * 1e4  # noise that would drown the rest
    _, facts = predict(evidence_of(features, codes))
    assert facts["probe_accuracy"] > 0.9

"""The recorder of training dynamics: ids, epochs, batches and what is kept."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import labelscope as ls
from labelscope import scorers
from labelscope.errors import InvalidInputError, InvalidTypeError, LabelscopeWarning
from labelscope.evidence import (
    RecordedModel,
    SkorchRecorder,
    TrainingDynamics,
    draw_fake_class,
    record_partial_fit,
)

FAMILY = [scorers.AreaUnderMargin(), scorers.Cartography(), scorers.Forgetting()]
quiet = pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")


@st.composite
def streams(draw: Any) -> list[tuple[int, list[int], Any]]:
    """Batches (epoch, rows, logits) of six rows: partial coverage, repeats, batches of one or of none."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    epochs = sorted(draw(st.lists(st.integers(0, 9), min_size=1, max_size=8)))
    batches = []
    for epoch in epochs:
        rows = draw(st.lists(st.integers(0, 5), min_size=0, max_size=7))
        logits = rng.normal(size=(len(rows), 3)).astype(np.float32)
        logits[rng.random(len(rows)) < 0.1] = np.nan
        batches.append((epoch, rows, logits))
    return batches


@quiet
@settings(max_examples=100, deadline=None)
@given(streams())
def test_an_epoch_is_the_mean_of_a_rows_outputs_in_it(batches: Any) -> None:
    full, lean = TrainingDynamics(6), TrainingDynamics(6, keep="sums")
    for epoch, rows, logits in batches:
        full.update(rows, logits, epoch)
        lean(rows, logits, epoch)
    kept = full.finish()
    numbers = sorted({epoch for epoch, _, _ in batches})
    assert kept.training_dynamics.shape == (6, len(numbers), 3) and full.n_epochs == len(numbers)
    for row in range(6):
        for position, number in enumerate(numbers):
            said = [
                logits[at]
                for epoch, rows, logits in batches
                for at, one in enumerate(rows)
                if epoch == number and one == row and not np.isnan(logits[at]).any()
            ]
            got = kept.training_dynamics[row, position]
            if said:
                np.testing.assert_allclose(got, np.mean(np.array(said, dtype=np.float64), axis=0), rtol=1e-6)
            else:
                assert np.isnan(got).all()
    _same_scores(kept, lean.finish())


@quiet
@settings(max_examples=100, deadline=None)
@given(streams())
def test_without_epochs_each_appearance_is_the_next_one(batches: Any) -> None:
    full, lean = TrainingDynamics(6), TrainingDynamics(6, keep="sums")
    said: dict[int, list[Any]] = {row: [] for row in range(6)}
    for _, rows, logits in batches:
        full.update(rows, logits)
        lean.update(rows, logits)
        for at, row in enumerate(rows):
            said[row].append(logits[at])
    kept = full.finish().training_dynamics
    assert kept.shape[1] <= max(len(one) for one in said.values())
    for row, outputs in said.items():
        for position in range(kept.shape[1]):
            expected = outputs[position] if position < len(outputs) else np.full(3, np.nan)
            expected = np.full(3, np.nan) if np.isnan(expected).any() else expected
            np.testing.assert_array_equal(kept[row, position], expected)
    if kept.shape[1]:
        _same_scores(ls.Evidence(training_dynamics=kept), lean.finish())


def _same_scores(one: Any, other: Any) -> None:
    labels = {"given_labels": np.arange(6) % 3, "classes": np.arange(3)}
    for scorer in FAMILY:
        first, second = scorer.score(one.including(**labels)), scorer.score(other.including(**labels))
        np.testing.assert_array_equal(first.suspicion, second.suspicion)
        for name in first.details:
            np.testing.assert_array_equal(first.details[name], second.details[name])


@pytest.mark.parametrize("keep", ["logits", "sums"])
def test_fake_rows_score_the_same_however_dynamics_are_kept(keep: str) -> None:
    rng = np.random.default_rng(0)
    y = np.arange(40) % 3
    codes, fake = draw_fake_class(y, random_state=1)
    assert fake.sum() == 10 and (codes[fake] == 3).all() and (codes[~fake] == y[~fake]).all()
    recorder, outputs = TrainingDynamics(40, keep=keep, fake_class=fake), rng.normal(size=(3, 40, 4))
    for epoch in range(3):
        recorder.update(range(40), outputs[epoch], epoch)
    score = ls.score("area_under_margin", given_labels=y, **recorder.finish())
    area = score.details["area_under_margin"]
    row = int(np.flatnonzero(fake)[0])
    real = outputs[:, row, :3].astype(np.float32).astype(np.float64)
    expected = np.mean([z[y[row]] - np.delete(z, y[row]).max() for z in real])
    assert area[row] == pytest.approx(expected) and score.meta["n_fake"] == 10


def test_own_ids_and_a_final_batch_of_one() -> None:
    recorder = TrainingDynamics(["x", "y", "z"])
    recorder.update(["z", "x"], np.eye(2, dtype=np.float16), epoch=1)
    recorder.update("y", np.array([0.25, 0.5], dtype=np.float16), epoch=1)
    recorder.update(["y"], [4.0, 5.0], epoch=2)
    kept = recorder.finish().training_dynamics
    assert kept[:, 0].tolist() == [[0.0, 1.0], [0.25, 0.5], [1.0, 0.0]]
    assert kept[1, 1].tolist() == [4.0, 5.0] and np.isnan(kept[[0, 2], 1]).all()
    with pytest.raises(InvalidInputError, match="row id 'w'"):
        recorder.update(["w"], [[0.0, 1.0]], epoch=3)


def test_binary_outputs_of_one_column() -> None:
    for shape in ((3,), (3, 1)):
        recorder = TrainingDynamics(3)
        recorder.update([0, 1, 2], np.array([2.0, -1.0, 0.0]).reshape(shape))
        kept = recorder.finish().training_dynamics[:, 0]
        assert (kept[:, 1] - kept[:, 0]).tolist() == [2.0, -1.0, 0.0]
    recorder = TrainingDynamics(2, outputs="probabilities")
    recorder.update([0, 1], [0.75, 1.0])
    kept = recorder.finish().training_dynamics[:, 0]
    assert np.exp(kept[0]).tolist() == pytest.approx([0.25, 0.75]) and np.isfinite(kept).all()


def test_rows_never_seen_and_broken_outputs_are_told() -> None:
    recorder = TrainingDynamics(4)
    recorder.update([0, 1], [[0.0, 1.0], [np.nan, 1.0]], epoch=0)
    recorder.update([3], [[np.inf, -np.inf]], epoch=0)
    with pytest.warns(LabelscopeWarning) as told:
        evidence = recorder.finish()
    assert any("2 of 4 rows were never" in str(one.message) for one in told)
    assert any("1 recorded outputs were NaN" in str(one.message) for one in told)
    score = ls.score("area_under_margin", given_labels=[0, 0, 1, 1], **evidence)
    assert score.suspicion[[1, 2]].tolist() == [0, 0] and score.flagged.tolist() == [True, False, False, True]
    assert score.details["n_recorded"].tolist() == [1, 0, 0, 1]


def test_mistakes_are_named() -> None:
    recorder = TrainingDynamics(3)
    with pytest.raises(InvalidInputError, match="No training step"):
        recorder.finish()
    recorder.update([0, 1, 2], np.zeros((3, 2)), epoch=4)
    bad: list[tuple[Any, Any, Any, str]] = [
        ([0], np.zeros((1, 3)), 4, "columns"),
        ([3], np.zeros((1, 2)), 4, "3 rows"),
        ([-1], np.zeros((1, 2)), 4, "3 rows"),
        ([0, 1], np.zeros((3, 2)), 4, "2 ids"),
        ([[0]], np.zeros((1, 2)), 4, "ids have shape"),
        ([0], np.zeros((1, 2)), 3, "is over"),
        ([0], np.zeros((1, 2)), None, "in every update"),
        ([0], np.zeros((1, 0)), 4, "at least one column"),
    ]
    for ids, logits, epoch, words in bad:
        with pytest.raises(InvalidInputError, match=words):
            recorder.update(ids, logits, epoch)
    before = recorder.finish().training_dynamics
    with pytest.raises(InvalidInputError, match="is over"):
        recorder.update([0], np.zeros((1, 2)), 4)
    recorder.update([0], np.ones((1, 2)), 5)
    assert before.shape == (3, 1, 2) and recorder.finish().training_dynamics.shape == (3, 2, 2)
    with pytest.raises(InvalidTypeError, match="whole numbers"):
        recorder.update([0.5], np.zeros((1, 2)), 6)
    with pytest.raises(InvalidInputError, match="more than once"):
        TrainingDynamics(["a", "b", "a"])
    with pytest.raises(InvalidInputError, match="sums"):
        TrainingDynamics(3, keep="sum")
    with pytest.raises(InvalidInputError, match="outside"):
        TrainingDynamics(3, outputs="probabilities").update([0], [[2.0, -1.0]])
    with pytest.raises(InvalidInputError, match="mask"):
        TrainingDynamics(3, fake_class=[0, 1, 0])


def test_a_callback_without_skorch() -> None:
    class Subset:
        def __init__(self, dataset: Any, indices: Any) -> None:
            self.dataset, self.indices = dataset, indices

        def __len__(self) -> int:
            return len(self.indices)

    class Net:
        def __init__(self) -> None:
            self.epoch = 0

        def forward(self, dataset: Any) -> Any:
            self.epoch += 1
            rows = (
                np.arange(6)[dataset.dataset.indices][dataset.indices]
                if isinstance(dataset, Subset)
                else np.arange(6)
            )
            return np.column_stack([rows, rows * 0 + self.epoch]).astype(np.float32), "hidden"

    recorder = TrainingDynamics(6)
    callback, net = SkorchRecorder(recorder).initialize(), Net()
    train = Subset(Subset(range(6), [5, 3, 1, 0]), [0, 2, 3])
    callback.on_train_begin(net, X=None, y=None)
    for _ in range(2):
        callback.on_epoch_begin(net, dataset_train=train, dataset_valid=None)
        callback.on_batch_begin(net, batch=None, training=True)
        callback.on_grad_computed(net, named_parameters=None)
        callback.on_batch_end(net, batch=None, training=True, loss=0.0, y_pred=None)
        callback.on_epoch_end(net, dataset_train=train, dataset_valid=None)
    callback.on_train_end(net)
    with pytest.warns(LabelscopeWarning, match="3 of 6 rows"):
        kept = recorder.finish().training_dynamics
    assert kept[[5, 1, 0], :, 0].tolist() == [[5, 5], [1, 1], [0, 0]]
    assert kept[5, :, 1].tolist() == [1, 2] and np.isnan(kept[[2, 3, 4]]).all()
    assert callback.set_params(**callback.get_params()).recorder is recorder
    with pytest.raises(InvalidInputError, match="recorder"):
        callback.set_params(recoder=1)


def test_partial_fit_leaves_the_estimator_alone_and_names_mistakes() -> None:
    from sklearn.linear_model import LogisticRegression, SGDClassifier

    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 2)), np.array(["no", "yes", "maybe"] * 10, dtype=object)
    y[4] = None
    model = SGDClassifier(random_state=0)
    one = record_partial_fit(model, X, y, 3, batch_size=7)
    assert one.training_dynamics.shape == (30, 3, 3) and not hasattr(model, "coef_")
    assert one.classes.tolist() == ["maybe", "no", "yes"] and one.given_labels[4] == -1
    again = record_partial_fit(model, X, y, 3, batch_size=7)
    np.testing.assert_array_equal(one.training_dynamics, again.training_dynamics)
    with_fake = record_partial_fit(model, X, y, 3, fake_class=True)
    assert with_fake.training_dynamics.shape == (30, 3, 4) and with_fake.fake_class.sum() == 7
    assert scorers.AreaUnderMargin().score(with_fake).meta["n_fake"] == 7
    for estimator, words in ((LogisticRegression(), "partial_fit"), (object(), "partial_fit")):
        with pytest.raises(InvalidTypeError, match=words):
            record_partial_fit(estimator, X, y)
    with pytest.raises(InvalidInputError, match="29"):
        record_partial_fit(model, X[:29], y)
    with pytest.raises(InvalidInputError, match="two classes"):
        record_partial_fit(model, X, ["a"] * 30)
    with pytest.raises(InvalidInputError, match="epochs"):
        record_partial_fit(model, X, y, 0)


def test_models_are_recorded_in_training_only() -> None:
    class Model:
        training = True

        def __call__(self, x: Any) -> Any:
            return type("Output", (), {"logits": x})()

    recorder, model = TrainingDynamics(2), Model()
    recorded = RecordedModel(model, recorder)
    recorded([0, 1], np.eye(2), epoch=0)
    model.training = False
    assert recorded([0, 1], np.eye(2) * 9, epoch=0).logits[0, 0] == 9
    assert recorder.finish().training_dynamics[:, 0].tolist() == np.eye(2).tolist()


def test_nothing_of_torch_is_loaded() -> None:
    code = (
        "import sys, numpy as np; from labelscope.evidence import TrainingDynamics, RecordedModel;"
        "r = TrainingDynamics(1); RecordedModel(lambda x: x, r)([0], np.eye(2)[:1]); r.finish();"
        "print([m for m in ('torch', 'sklearn', 'skorch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

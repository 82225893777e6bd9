"""Hooks that feed a `TrainingDynamics` from torch loops, skorch and scikit-learn's ``partial_fit``."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.data.labels import encode
from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.evidence.dynamics import TrainingDynamics, draw_fake_class
from labelscope.evidence.estimators import take
from labelscope.evidence.progress import progress
from labelscope.types import Array, Evidence, IntArray


class RecordedModel:
    """A torch module (or any callable) whose forward passes in training are recorded.

    Parameters
    ----------
    model : callable
        Called with the inputs; gives logits, a tuple that starts with them, or an object with ``logits``.
    recorder : TrainingDynamics
        Where they go.

    Notes
    -----
    Nothing is recorded while ``model.training`` is False. Gradients are not touched: what is recorded is a
    detached copy. Instead of wrapping the model, ``recorder(ids, logits, epoch)`` in the loop does the same.

    Examples
    --------
    >>> recorder = TrainingDynamics(2)
    >>> model = RecordedModel(lambda x: x * 2, recorder)
    >>> model([0, 1], np.eye(2), epoch=0).tolist()
    [[2.0, 0.0], [0.0, 2.0]]
    >>> recorder.finish().training_dynamics[:, 0].tolist()
    [[2.0, 0.0], [0.0, 2.0]]
    """

    def __init__(self, model: Any, recorder: TrainingDynamics) -> None:
        self.model, self.recorder = model, recorder

    def __call__(self, ids: Any, *inputs: Any, epoch: int | None = None, **named: Any) -> Any:
        """Return what the model gives for the inputs, and record it under ``ids``."""
        outputs = self.model(*inputs, **named)
        if getattr(self.model, "training", True):
            self.recorder.update(ids, _logits(outputs), epoch)
        return outputs


class SkorchRecorder:
    """A skorch callback that records every row of the training set after each epoch.

    Parameters
    ----------
    recorder : TrainingDynamics
        With ``outputs="probabilities"`` when the module ends in a softmax, as it does for skorch's
        ``NeuralNetClassifier`` with its default loss.

    Notes
    -----
    It costs one more forward pass an epoch and needs no ids in the batches: skorch's own split is a torch
    ``Subset``, whose indices are the row numbers. skorch is not imported; the class only looks like a
    callback. Training that goes on (``partial_fit``) goes on recording.

    Examples
    --------
    >>> recorder = TrainingDynamics(100)
    >>> callbacks = [("dynamics", SkorchRecorder(recorder))]
    """

    def __init__(self, recorder: TrainingDynamics) -> None:
        self.recorder = recorder
        self._epoch = 0

    def initialize(self) -> SkorchRecorder:
        """Return itself; what was recorded stays."""
        return self

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the settings, as scikit-learn asks for them."""
        return {"recorder": self.recorder}

    def set_params(self, **params: Any) -> SkorchRecorder:
        """Set ``recorder``."""
        for name, value in params.items():
            if name != "recorder":
                raise InvalidInputError.unknown("parameter", name, ["recorder"])
            self.recorder = value
        return self

    def on_train_begin(self, net: Any, *args: Any, **kwargs: Any) -> None:
        """Do nothing."""

    def on_train_end(self, net: Any, *args: Any, **kwargs: Any) -> None:
        """Do nothing."""

    def on_epoch_begin(self, net: Any, *args: Any, **kwargs: Any) -> None:
        """Do nothing."""

    def on_batch_begin(self, net: Any, *args: Any, **kwargs: Any) -> None:
        """Do nothing."""

    def on_batch_end(self, net: Any, *args: Any, **kwargs: Any) -> None:
        """Do nothing."""

    def on_grad_computed(self, net: Any, *args: Any, **kwargs: Any) -> None:
        """Do nothing."""

    def on_epoch_end(self, net: Any, dataset_train: Any = None, **kwargs: Any) -> None:
        """Record what the net says of its training rows."""
        ids = _rows_of(dataset_train)
        outputs = _logits(net.forward(dataset_train))
        self.recorder.update(ids, outputs, self._epoch)
        self._epoch += 1


def record_partial_fit(
    estimator: Any,
    X: Any,
    y: Any,
    epochs: int = 20,
    *,
    batch_size: int = 32,
    fake_class: bool = False,
    keep: str = "logits",
    random_state: int = 0,
) -> Evidence:
    """Train a copy of a scikit-learn estimator by ``partial_fit`` and record every row after each epoch.

    Parameters
    ----------
    estimator : estimator
        With ``partial_fit`` and ``decision_function`` or ``predict_proba``; left untouched. Its own
        ``random_state`` is yours to set.
    X : (n, d) array, sparse matrix or frame
        Features, scaled as the estimator needs them.
    y : (n,) labels
        Unlabelled rows are recorded, not trained on.
    epochs : int
        Passes over the data. Stop before the labels are memorized.
    batch_size : int
        Rows of one call of ``partial_fit``.
    fake_class : bool
        Train a share of the rows as a fake class, from which `AreaUnderMargin` learns its cut.
    keep : {"logits", "sums"}
        As in `TrainingDynamics`.
    random_state : int
        Seed of the order of rows and of the fake class.

    Returns
    -------
    Evidence
        ``given_labels`` as codes into ``classes``, ``training_dynamics`` and, if asked for, ``fake_class``.

    Raises
    ------
    InvalidTypeError, InvalidInputError
        The estimator cannot be recorded, or lengths do not fit.

    Examples
    --------
    >>> from sklearn.linear_model import SGDClassifier
    >>> X, y = np.array([[0.0], [0.1], [0.9], [1.0]]), ["low", "low", "high", "high"]
    >>> record_partial_fit(SGDClassifier(random_state=0), X, y, 5).training_dynamics.shape
    (4, 5, 2)
    """
    outputs = _check_recordable(estimator)
    if epochs < 1 or batch_size < 1:
        raise InvalidInputError(
            f"epochs is {epochs} and batch_size is {batch_size}.", "Pass 1 or more of each."
        )
    n = X.shape[0] if hasattr(X, "shape") else len(X)
    labels = encode(y, task="classification")
    if len(labels.codes) != n:
        raise InvalidInputError.wrong_length("y", len(labels.codes), n, "X")
    codes: IntArray = labels.codes
    fake = None
    if fake_class:
        codes, fake = draw_fake_class(y, random_state=random_state)
    width = labels.n_classes + int(fake_class)
    if width < 2:
        raise InvalidInputError("y has fewer than two classes.", "Pass labels of at least two classes.")
    recorder = TrainingDynamics(
        n,
        keep=keep,
        outputs="logits" if outputs == "decision_function" else "probabilities",
        fake_class=fake,
    )
    _train(estimator, X, codes, width, (epochs, batch_size, random_state), outputs, recorder)
    return recorder.finish().including(given_labels=labels.codes, classes=labels.classes)


def _train(
    estimator: Any,
    X: Any,
    codes: IntArray,
    width: int,
    plan: tuple[int, int, int],
    outputs: str,
    recorder: TrainingDynamics,
) -> None:
    from sklearn.base import clone

    epochs, batch_size, random_state = plan
    model, rng = clone(estimator), np.random.default_rng(random_state)
    labelled = np.flatnonzero(codes >= 0)
    for epoch in progress(range(epochs), "training", total=epochs):
        order = rng.permutation(labelled)
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            model.partial_fit(take(X, rows), codes[rows], classes=np.arange(width))
        recorder.update(np.arange(recorder.n), getattr(model, outputs)(X), epoch)


def _check_recordable(estimator: Any) -> str:
    """Return the name of the method that gives outputs."""
    if callable(getattr(estimator, "partial_fit", None)):
        for name in ("decision_function", "predict_proba"):
            if callable(getattr(estimator, name, None)):
                return name
    raise InvalidTypeError(
        f"{type(estimator).__name__} cannot be recorded: it needs partial_fit, and decision_function or "
        "predict_proba.",
        "Pass for instance sklearn.linear_model.SGDClassifier() or sklearn.neural_network.MLPClassifier().",
    )


def _logits(outputs: Any) -> Any:
    if hasattr(outputs, "logits"):
        return outputs.logits
    return outputs[0] if isinstance(outputs, tuple) else outputs


def _rows_of(dataset: Any) -> Array:
    """Return the row numbers of a torch ``Subset`` (also of a subset of one), or 0 to n - 1."""
    chain = []
    while hasattr(dataset, "indices") and hasattr(dataset, "dataset"):
        chain.append(np.asarray(dataset.indices))
        dataset = dataset.dataset
    rows = np.arange(len(dataset)) if not chain else chain[-1]
    for indices in reversed(chain[:-1]):
        rows = rows[indices]
    return np.asarray(rows)

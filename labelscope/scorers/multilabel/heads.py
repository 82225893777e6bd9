"""Small heads on features, linear or with one hidden layer, and Adam: gradients are written by hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelscope.types import FloatArray

_BLOCK = 8192
_DECAYS = (0.9, 0.999)
_TINY = 1e-8


@dataclass(frozen=True)
class Head:
    """Weights of a head from features to K logits.

    Attributes
    ----------
    layers : tuple of (width + 1, next width) float32
        One layer, or two with rectified units between them; the last row of each is its bias.

    Examples
    --------
    >>> head = start_head(3, 2)
    >>> head.logits(np.ones((4, 3), dtype=np.float32)).tolist()
    [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]
    """

    layers: tuple[FloatArray, ...]

    @property
    def n_outputs(self) -> int:
        """K."""
        return int(self.layers[-1].shape[1])

    def logits(self, features: FloatArray) -> FloatArray:
        """Logits (m, K) of features (m, d), in blocks of rows."""
        out = np.empty((len(features), self.n_outputs), dtype=np.float32)
        for start in range(0, len(features), _BLOCK):
            out[start : start + _BLOCK] = self.run(features[start : start + _BLOCK])[-1]
        return out

    def run(self, features: FloatArray) -> list[FloatArray]:
        """Outputs of each layer for a batch; all but the last are rectified."""
        outputs: list[FloatArray] = []
        below = features
        for place, layer in enumerate(self.layers):
            above = below @ layer[:-1]
            above += layer[-1]
            if place < len(self.layers) - 1:
                np.maximum(above, 0, out=above)
            outputs.append(above)
            below = above
        return outputs

    def gradients(
        self, features: FloatArray, outputs: list[FloatArray], slope: FloatArray
    ) -> list[FloatArray]:
        """Gradients of the layers from the gradient (m, K) of a loss by the logits.

        Parameters
        ----------
        features : (m, d) float32
            The batch.
        outputs : list
            What :meth:`run` returned for it.
        slope : (m, K) float32
            Gradient by the logits.
        """
        found: list[FloatArray] = []
        for place in range(len(self.layers) - 1, -1, -1):
            below = features if place == 0 else outputs[place - 1]
            found.append(np.vstack([below.T @ slope, slope.sum(axis=0, keepdims=True)]))
            if place:
                slope = (slope @ self.layers[place][:-1].T) * (below > 0)
        return found[::-1]


def start_head(n_columns: int, n_tags: int, *, n_hidden: int = 0, random_state: int = 0) -> Head:
    """Make a head whose logits are zero; hidden units start at random (He et al. 2015).

    Parameters
    ----------
    n_columns, n_tags : int
        Width of the features and number of tags.
    n_hidden : int
        Rectified units between them; 0 is a linear head.
    random_state : int
        Seed.
    """
    if not n_hidden:
        return Head((np.zeros((n_columns + 1, n_tags), dtype=np.float32),))
    rng = np.random.default_rng(random_state)
    below = rng.normal(scale=np.sqrt(2.0 / max(n_columns, 1)), size=(n_columns + 1, n_hidden))
    below[-1] = 0.0
    return Head((below.astype(np.float32), np.zeros((n_hidden + 1, n_tags), dtype=np.float32)))


class Adam:
    """Adam (Kingma and Ba 2015) with decoupled weight decay and a bound on the norm of gradients.

    Parameters
    ----------
    head : Head
        Changed in place by every step.
    decay : float
        Share of the weights (not biases) that a step at rate 1 takes away.
    largest : float
        Gradients of a larger norm are shortened to it.
    """

    def __init__(self, head: Head, *, decay: float = 1e-4, largest: float = 5.0) -> None:
        self.head, self._decay, self._largest = head, decay, largest
        self._first = [np.zeros_like(layer) for layer in head.layers]
        self._second = [np.zeros_like(layer) for layer in head.layers]
        self._n = 0

    def step(self, gradients: list[FloatArray], rate: float) -> None:
        """Go one step."""
        self._n += 1
        size = float(np.sqrt(sum(float(np.vdot(one, one)) for one in gradients)))
        shrink = np.float32(min(1.0, self._largest / max(size, 1e-12)))
        first, second = _DECAYS
        fix, fix_second = 1 - first**self._n, 1 - second**self._n
        for layer, one, mean, square in zip(
            self.head.layers, gradients, self._first, self._second, strict=True
        ):
            slope = one * shrink
            mean += np.float32(1 - first) * (slope - mean)
            square += np.float32(1 - second) * (slope * slope - square)
            layer[:-1] *= np.float32(1 - rate * self._decay)
            move = mean / (np.sqrt(square / np.float32(fix_second)) + np.float32(_TINY))
            layer -= np.float32(rate / fix) * move


def one_cycle(step: int, n_steps: int, peak: float) -> float:
    """Rate at a step: up in the first three tenths, then down to nothing (Smith and Topin 2019).

    Examples
    --------
    >>> [round(one_cycle(step, 10, 1.0), 2) for step in (0, 3, 9)]
    [0.25, 1.0, 0.05]
    """
    up = max(1, round(0.3 * n_steps))
    if step < up:
        return peak * (step + 1) / (up + 1)
    along = (step - up) / max(n_steps - up, 1)
    return float(peak * 0.5 * (1 + np.cos(np.pi * along)))


def sigmoid(logits: FloatArray) -> FloatArray:
    """Logistic function without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * logits)))


def log_sigmoid(logits: FloatArray) -> FloatArray:
    """Logarithm of the logistic function without overflow."""
    return np.asarray(np.minimum(logits, 0) - np.log1p(np.exp(-np.abs(logits))))


__all__ = ["Adam", "Head", "log_sigmoid", "one_cycle", "sigmoid", "start_head"]

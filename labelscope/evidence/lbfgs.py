"""L-BFGS with backtracking (Liu and Nocedal 1989), told values from outside, so that several run abreast."""

from __future__ import annotations

import numpy as np

from labelscope.types import FloatArray

_MEMORY = 8
_SUFFICIENT = 1e-4
_SHORTEST = 1e-3


class Descent:
    """One minimization: evaluate the function at ``trial``, ``tell`` the result, until ``done``.

    Parameters
    ----------
    start : array of float32
        Where to start.
    n_steps : int
        Most steps; each takes one evaluation, more where it has to be shortened.
    tolerance : float
        Relative decrease below which the minimization ends.

    Attributes
    ----------
    trial : array of float32
        Where the function is wanted.
    best : array of float32
        Lowest point so far.
    value : float
        The function there.
    done : bool

    Examples
    --------
    >>> descent = Descent(np.array([3.0], dtype=np.float32))
    >>> while not descent.done:
    ...     descent.tell(float(descent.trial[0] ** 2), 2 * descent.trial)
    >>> abs(float(descent.best[0])) < 1e-3
    True
    """

    def __init__(self, start: FloatArray, *, n_steps: int = 15, tolerance: float = 1e-5) -> None:
        self.trial = self.best = start
        self.value = np.inf
        self.done = False
        self._left, self._tolerance = n_steps, tolerance
        self._gradient: FloatArray = np.zeros_like(start)
        self._history: list[tuple[FloatArray, FloatArray, float]] = []
        self._step: FloatArray = np.zeros_like(start)
        self._slope, self._size = 0.0, 1.0

    def tell(self, value: float, gradient: FloatArray) -> None:
        """Take the function's value and gradient at ``trial`` and choose the next trial."""
        if np.isfinite(self.value):
            enough = value <= self.value + _SUFFICIENT * self._size * self._slope
            if not enough and self._size >= _SHORTEST:
                self._size *= 0.35
                self.trial = self.best + np.float32(self._size) * self._step
                return
            if not value < self.value:
                self.done = True
                return
            moved, turned = self.trial - self.best, gradient - self._gradient
            curvature = float(np.vdot(moved, turned))
            if curvature > 1e-12:
                self._history = [*self._history[1 - _MEMORY :], (moved, turned, curvature)]
            self._left -= 1
            self.done = self._left <= 0 or self.value - value < self._tolerance * max(abs(self.value), 1e-3)
        self.best, self.value, self._gradient = self.trial, value, gradient
        if not self.done:
            self._turn()

    def _turn(self) -> None:
        self._step, self._size = self._direction(), 1.0
        self._slope = float(np.vdot(self._step, self._gradient))
        if not self._slope < -1e-9:
            self.done = True
            return
        self.trial = self.best + self._step

    def _direction(self) -> FloatArray:
        step = -self._gradient
        if not self._history:
            return np.asarray(step * np.float32(2.0))
        shares = []
        for moved, turned, curvature in reversed(self._history):
            share = float(np.vdot(moved, step)) / curvature
            shares.append(share)
            step = step - np.float32(share) * turned
        _, turned, curvature = self._history[-1]
        step = step * np.float32(curvature / float(np.vdot(turned, turned)))
        for (moved, turned, curvature), share in zip(self._history, reversed(shares), strict=True):
            step = step + np.float32(share - float(np.vdot(turned, step)) / curvature) * moved
        return np.asarray(step)

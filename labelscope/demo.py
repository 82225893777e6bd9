"""The first notebook's job without a browser: real handwriting, some labels swapped, how many were found."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from labelscope.api import audit, export
from labelscope.errors import MissingExtraError
from labelscope.review.session import Session
from labelscope.testing import symmetric

NOTEBOOK = "00_quickstart.ipynb"


@dataclass(frozen=True)
class DemoResult:
    """What the demo found.

    Attributes
    ----------
    planted, flagged, found : int
        Labels swapped, rows flagged, and flagged rows whose label had been swapped.
    restored : int
        Swapped labels that hold the true class again after every suggestion was accepted.
    seconds : float
        From arrays to clean labels on disk.
    path : Path
        The clean labels.
    """

    planted: int
    flagged: int
    found: int
    restored: int
    seconds: float
    path: Path

    @property
    def precision(self) -> float:
        """Share of flagged rows whose label had been swapped."""
        return self.found / max(self.flagged, 1)

    def lines(self) -> Iterator[str]:
        """Say it in words."""
        yield f"planted    {self.planted} wrong labels among 1,797 digits (5 %, seed 0)"
        yield f"found      {self.found} of {self.planted} ({100 * self.found / self.planted:.1f} %)"
        yield f"precision  {self.precision:.3f} ({self.flagged} flagged)"
        yield f"restored   {self.restored} labels are right again after accepting the suggestions"
        yield f"time       {self.seconds:.1f} s from arrays to clean labels"
        yield f"written    {self.path}"


def noisy_digits(rate: float = 0.05, random_state: int = 0) -> tuple[Any, Any, Any]:
    """Return scikit-learn's digits with a share of the labels swapped.

    Parameters
    ----------
    rate : float
        Share of labels that become another digit, each equally likely.
    random_state : int

    Returns
    -------
    images : (1797, 8, 8) float64
    given : (1797,) int64
        Labels, some of them wrong.
    true : (1797,) int64
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    given, _ = symmetric(digits.target, rate=rate, random_state=random_state)
    return digits.images, given, digits.target


def run_headless(folder: Path) -> DemoResult:
    """Audit, accept every suggestion, write the clean labels.

    Parameters
    ----------
    folder : Path
        Where ``clean.parquet`` goes.

    Returns
    -------
    DemoResult
    """
    images, given, true = noisy_digits()
    start = time.perf_counter()
    found = audit(images, given)
    session = Session(found, journal=None)
    session.accept(np.flatnonzero(found.flagged))
    path = export(session, folder / "clean.parquet")
    seconds = time.perf_counter() - start
    wrong = given != true
    return DemoResult(
        planted=int(wrong.sum()),
        flagged=int(found.flagged.sum()),
        found=int((found.flagged & wrong).sum()),
        restored=int((wrong & (np.asarray(session.labels()) == true)).sum()),
        seconds=seconds,
        path=path,
    )


def notebook_path() -> Path:
    """Return the quick-start notebook, of the checkout or of the installed package."""
    here = Path(__file__).resolve().parent
    for folder in (here.parent / "notebooks", here / "static"):
        if (folder / NOTEBOOK).is_file():
            return folder / NOTEBOOK
    raise FileNotFoundError(f"{NOTEBOOK} is neither in the package nor in the checkout; reinstall labelscope")


def open_lab(folder: Path) -> int:
    """Copy the quick-start notebook into ``folder`` when it is not there, and open JupyterLab on it.

    Parameters
    ----------
    folder : Path
        Where the notebook, its journal and its exports live.

    Returns
    -------
    int
        Exit status of JupyterLab.

    Raises
    ------
    MissingExtraError
        When JupyterLab is not installed.
    """
    import importlib.util
    import shutil
    import subprocess
    import sys

    if importlib.util.find_spec("jupyterlab") is None:
        raise MissingExtraError.of("jupyterlab", "lab", "labelscope demo")
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / NOTEBOOK
    if not target.exists():
        shutil.copyfile(notebook_path(), target)
    # JupyterLab refuses to start as root unless told so, and containers often run as root.
    root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    return subprocess.call([sys.executable, "-m", "jupyterlab", *root, str(target)])

"""The map beside jupyter-scatter and embedding-atlas, in one run, in a real JupyterLab and headless Chromium.

Run with ``python tests/benchmarks/bench_plot.py [--quick] [--points N …] [--runs 1] [--peers FOLDER]``; ``--quick``
leaves out 1,000,000 points. The peers are installed without their dependencies into a folder of their own (a temporary one, or
FOLDER, which is kept and used again). embedding-atlas is 0.22.0: later ones draw nothing without WebGPU. What is
measured for each of the three, on the same points:

* from the start of the cell to the first draw of the points, and to 95 % of the final picture. The audit is made in
  an earlier cell, as the peers' data frame is;
* redraws a second while the wheel zooms and the mouse pans, without a graphics card;
* from the end of a lasso to the last change of the selection in Python (median of four);
* bytes to the page and memory of the page's process.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plot_probe import Bench, Server, start_lab

# jupyter-scatter and embedding-atlas, and what importing their widgets needs beyond labelscope's own test suite
PEERS = ["jupyter-scatter", "embedding-atlas==0.22.0"]
PEER_NEEDS = ["duckdb", "geoindex-rs", "pooch", "inquirer", "blessed", "jinxed", "readchar", "editor", "xmod"]

DATA = """
import time, warnings
warnings.simplefilter("ignore")
import numpy as np, pandas as pd
N, K = {n}, 10
rng = np.random.default_rng(0)
true = rng.integers(0, K, N)
angle = true / K * 2 * np.pi
xy = np.c_[np.cos(angle) * 3 + rng.normal(size=N) * .6, np.sin(angle) * 3 + rng.normal(size=N) * .6].astype("float32")
given = true.copy()
wrong = rng.random(N) < .05
given[wrong] = rng.integers(0, K, wrong.sum())
seen = []
"""


@dataclass(frozen=True)
class Tool:
    """How one widget is made, found in the page, and told to draw a lasso."""

    name: str
    package: str
    prepare: str
    show: str
    canvas: str
    arm: str = ""
    click: str = ""
    pan: str = ""
    enlarge: tuple[str, ...] = ()


OURS = Tool(
    "labelscope",
    "labelscope",
    """
import labelscope as ls
ls.View  # imports the widget, as the peers are imported here
p = np.full((N, K), .02, dtype="float32")
p[np.arange(N), true] = .82
audit = ls.audit(xy, given, pred_probs=p, scorers=["confident_learning"], evidence={"map": xy})
""",
    """
view = ls.View(audit, journal=None)
view.observe(lambda change: seen.append(time.time() * 1000), "selection")
view
""",
    ".ls-plot canvas",
    click="[data-action='lasso']",
    pan="[data-action='pan']",
)
JSCATTER = Tool(
    "jupyter-scatter",
    "jupyter-scatter",
    """
import jscatter
frame = pd.DataFrame({"x": xy[:, 0], "y": xy[:, 1],
                      "label": pd.Categorical.from_codes(given, [f"class {i}" for i in range(K)])})
""",
    """
s = jscatter.Scatter(data=frame, x="x", y="y", color_by="label", height=600)
s.widget.observe(lambda change: seen.append(time.time() * 1000), "selection")
s.show()
""",
    ".jp-OutputArea canvas",
    arm="s.mouse('lasso')",
)
ATLAS = Tool(
    "embedding-atlas",
    "embedding-atlas",
    """
from embedding_atlas.widget import EmbeddingAtlasWidget
frame = pd.DataFrame({"x": xy[:, 0], "y": xy[:, 1]})
""",
    """
w = EmbeddingAtlasWidget(frame, x="x", y="y")
w.observe(lambda change: seen.append(time.time() * 1000), "_predicate")
w
""",
    ".jp-OutputArea canvas",
    click="button[title*='lasso selection mode']",
    enlarge=("button[title*='hide table']", "button[title*='hide charts']"),
)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def install(folder: Path) -> None:
    """Put the peers into a folder, without what they depend on."""
    if any(folder.glob("jupyter_scatter-*")):
        return
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder)]
    subprocess.run([*command, *PEERS, *PEER_NEEDS], check=True)


def measure(lab: Server, tool: Tool, n: int, turn: int) -> dict[str, float]:
    """All figures of one widget at one size."""
    cells = [DATA.format(n=n) + tool.prepare, tool.show]
    with Bench(lab, cells, f"{tool.package}-{n}-{turn}") as bench:
        bench.notebook.run(0)
        empty = bench.memory()
        found = bench.first_picture(1, tool.canvas)
        found["memory_mb"] = bench.memory() - empty
        for selector in tool.enlarge:
            bench.page.locator(selector).first.click()
            bench.page.wait_for_timeout(800)
        box = bench.box(tool.canvas)
        if tool.pan:
            bench.page.locator(tool.pan).first.click()
            bench.page.mouse.click(box[0] + box[2] - 30, box[1] + box[3] - 30)
        found["canvas"] = box[2] * box[3]
        least = min(n, 1000)
        zoom, pan = bench.redraws(bench.zoom(box), least), bench.redraws(bench.pan(box), least)
        found |= {"zoom_per_s": zoom["per_s"], "pan_per_s": pan["per_s"]}
        found["gap_ms"] = max(zoom["gap_ms"], pan["gap_ms"])
        found["lasso_ms"] = _lassos(bench, tool, box)
    return found


def _lassos(bench: Bench, tool: Tool, box: Any) -> float:
    if tool.arm:
        bench.notebook.value(tool.arm)
    if tool.click:
        bench.page.locator(tool.click).first.click()
    return statistics.median(bench.lasso(box, share) for share in (0.4, 0.76, 0.4, 0.76))


ROWS = [
    ("draw_ms", "cell to first draw, ms", 1.0),
    ("visible_ms", "cell to 95 % of the picture, ms", 1.0),
    ("zoom_per_s", "zoom, redraws a second", 1.0),
    ("pan_per_s", "pan, redraws a second", 1.0),
    ("gap_ms", "longest gap between redraws, ms", 1.0),
    ("lasso_ms", "lasso to Python, ms", 1.0),
    ("bytes", "bytes to the page, MB", 1e-6),
    ("canvas", "size of the canvas, 1,000 pixels", 1e-3),
    ("memory_mb", "memory of the page above empty, MB", 1.0),
]


def report(n: int, results: dict[str, dict[str, float]]) -> None:
    ours = results[OURS.name]
    say(f"\n{n:,} points" + "".join(f"{name:>18}" for name in results) + "   ratio to each peer")
    for key, title, unit in ROWS:
        values = [found.get(key, float("nan")) * unit for found in results.values()]
        ratios = [
            found.get(key, float("nan")) / ours[key] for name, found in results.items() if name != OURS.name
        ]
        line = f"  {title:<36}" + "".join(f"{value:>16.1f}" for value in values)
        say(line + "   " + " ".join(f"{ratio:.2f}" for ratio in ratios))


def median(runs: list[dict[str, float]]) -> dict[str, float]:
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def versions(folder: Path) -> str:
    found = [f"labelscope {importlib.metadata.version('labelscope')}"]
    for name in ("jupyter_scatter", "embedding_atlas"):
        found += [f"{path.name.split('.dist-info')[0]}" for path in folder.glob(f"{name}-*.dist-info")]
    return ", ".join(found)


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--quick", action="store_true", help="leave out 1,000,000 points")
    options.add_argument("--points", type=int, nargs="+", help="sizes to measure instead")
    options.add_argument("--runs", type=int, default=1, help="medians over so many runs")
    options.add_argument("--peers", type=Path, default=None, help="folder that keeps the peers")
    chosen = options.parse_args()
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory() as folder:
        peers = chosen.peers or Path(folder) / "peers"
        install(peers)
        os.environ["PYTHONPATH"] = str(peers)
        os.environ["LABELSCOPE_CACHE"] = str(Path(folder) / "cache")
        say(f"{versions(peers)}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        lab = start_lab(Path(folder) / "lab")
        try:
            for n in chosen.points or [10_000, 100_000] + ([] if chosen.quick else [1_000_000]):
                tools = (OURS, JSCATTER, ATLAS)
                runs: dict[str, list[dict[str, float]]] = {tool.name: [] for tool in tools}
                for turn in range(chosen.runs):
                    for tool in tools:
                        found = measure(lab, tool, n, turn)
                        say(
                            f"  {tool.name}: "
                            + ", ".join(f"{key} {value:.4g}" for key, value in found.items())
                        )
                        runs[tool.name].append(found)
                report(n, {name: median(several) for name, several in runs.items()})
                say(f"  load {os.getloadavg()[0]:.1f}")
        finally:
            lab.stop()


if __name__ == "__main__":
    main()

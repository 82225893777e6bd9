"""The rules of the house: sizes, layers, public names, wheel contents and import time."""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "labelscope"
PYTHON = sorted(PACKAGE.rglob("*.py"))
TYPESCRIPT = sorted((ROOT / "js" / "src").rglob("*.ts*"))
HEAVY = (
    "torch",
    "umap",
    "numba",
    "sklearn",
    "scipy",
    "anywidget",
    "altair",
    "pandas",
    "polars",
    "pyarrow",
    "PIL",
)

PUBLIC = {
    "audit", "Audit", "Dataset", "Evidence", "Score", "score", "Session", "view", "View", "report", "export",
    "scorers", "providers", "queues", "reports", "labels", "testing", "errors",
}  # fmt: skip


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", PYTHON, ids=_name)
def test_python_file_sizes(path: Path) -> None:
    source = path.read_text()
    assert source.count("\n") <= 400
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lines = node.end_lineno - body[0].lineno + 1 if body and node.end_lineno else 0
            assert lines <= 60, f"{node.name} has {lines} lines"
            arguments = node.args
            count = len(arguments.args) + len(arguments.kwonlyargs) + len(arguments.posonlyargs)
            first = arguments.args[0].arg if arguments.args else ""
            assert count - (first in ("self", "cls")) <= 10, f"{node.name} has {count} parameters"
        if isinstance(node, ast.ClassDef):
            methods = [
                n for n in node.body if isinstance(n, ast.FunctionDef) and not n.name.startswith("_")
                and not any(isinstance(d, ast.Name) and d.id == "property" for d in n.decorator_list)
            ]  # fmt: skip
            assert len(methods) <= 20, f"{node.name} has {len(methods)} public methods"


@pytest.mark.parametrize("path", TYPESCRIPT, ids=_name)
def test_typescript_file_sizes(path: Path) -> None:
    assert path.read_text().count("\n") <= 300


def test_no_rooms_without_a_purpose() -> None:
    names = {part for path in PYTHON + TYPESCRIPT for part in (*path.parts, path.stem)}
    assert not names & {"utils", "util", "helpers", "helper", "manager", "managers", "misc", "common"}


def test_public_names() -> None:
    import labelscope

    assert set(labelscope.__all__) == PUBLIC
    for name in PUBLIC:
        assert getattr(labelscope, name) is not None
    with pytest.raises(AttributeError):
        labelscope.nonsense


def test_public_things_have_docstrings() -> None:
    import labelscope

    for name in PUBLIC:
        assert (getattr(labelscope, name).__doc__ or "").strip(), name


def test_import_is_light_and_fast() -> None:
    code = (
        "import sys, time; start = time.perf_counter(); import labelscope; took = time.perf_counter() - start;"
        f"import json; print(json.dumps([took, [m for m in {HEAVY!r} if m in sys.modules]]))"
    )
    runs = [
        json.loads(
            subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        )
        for _ in range(3)
    ]
    assert min(took for took, _ in runs) < 0.5
    assert runs[0][1] == []


def test_modules_import_nothing_heavy_at_module_level() -> None:
    allowed = {"labelscope.widget.view": {"anywidget"}}
    for path in PYTHON:
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for node in ast.parse(path.read_text()).body:
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name.split(".")[0] for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [(node.module or "").split(".")[0]]
            assert not (set(names) & set(HEAVY)) - allowed.get(module, set()), f"{module} imports {names}"


def test_layers() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([str(command)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_methods_have_their_facts() -> None:
    scorers = importlib.import_module("labelscope.scorers")
    for name in scorers.__all__:
        value = getattr(scorers, name)
        if isinstance(value, type):
            assert value.name and value.family and value.reference, name
            assert isinstance(value.needs, tuple) and isinstance(value.tasks, tuple), name
            value()


def test_versions_agree() -> None:
    import labelscope

    assert f'version = "{labelscope.__version__}"' in (ROOT / "pyproject.toml").read_text()
    assert json.loads((ROOT / "js" / "package.json").read_text())["version"] == labelscope.__version__
    assert f"## {labelscope.__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_no_paths_of_one_machine() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    pattern = re.compile(r"/(?:root|home|work|Users)/\w+")
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.suffix in {".png", ".parquet"} or path.name == Path(__file__).name or not path.is_file():
            continue
        assert not pattern.search(path.read_text(errors="ignore")), name


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
        env={**os.environ, "npm_config_offline": "true"},
    )
    return next(folder.glob("*.whl"))


def test_wheel_contents(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        bundle = archive.read("labelscope/static/widget.js")
    assert {"labelscope/py.typed", "labelscope/static/00_quickstart.ipynb"} <= names
    assert b"export" in bundle and len(bundle) > 10_000
    assert not [
        n for n in names if n.startswith(("tests/", "js/", "notebooks/")) or n.endswith((".ts", ".map"))
    ]
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_wheel_works_without_node(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "site"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(target), str(wheel)],
        check=True,
        capture_output=True,
    )
    code = (
        "import labelscope, numpy as np; assert 'site' in labelscope.__file__;"
        "audit = labelscope.audit(np.random.default_rng(0).normal(size=(40, 4)), [0, 1] * 20);"
        "view = labelscope.view(audit, journal=None); print(len(str(view._esm)) > 10_000)"
    )
    bare = {k: v for k, v in os.environ.items() if k != "PATH"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**bare, "PATH": "", "PYTHONPATH": str(target), "LABELSCOPE_CACHE": str(tmp_path / "cache")},
        check=False,
    )
    assert done.stdout.strip() == "True", done.stderr

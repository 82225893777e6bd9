from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

import labelscope as ls
from labelscope.cli import main


@pytest.fixture
def table(tmp_path: Path) -> Path:
    X, y = load_iris(return_X_y=True)
    frame = pd.DataFrame(X, columns=["sepal length", "sepal width", "petal length", "petal width"])
    frame["kind"] = np.array(["setosa", "versicolor", "virginica"])[y]
    frame.loc[5, "kind"] = "virginica"
    frame.to_csv(tmp_path / "iris.csv", index=False)
    return tmp_path / "iris.csv"


def test_audit_lists_the_suspects(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", str(table), "--label", "kind", "--top", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Features:") and len(lines) == 4
    assert "virginica -> setosa" in lines[1]


def test_audit_writes_the_list(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["audit", str(table), "--label", "kind", "--top", "4", "--out", str(tmp_path / "out.csv")]) == 0
    )
    assert len(pd.read_csv(tmp_path / "out.csv")) == 4


def test_export_replays_a_journal(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    session = ls.Session(ls.audit(table, "kind"), journal=tmp_path / "journal.jsonl")
    session.relabel([5], "setosa")
    session.exclude([7])
    out = tmp_path / "clean.jsonl"
    arguments = [
        "export",
        str(tmp_path / "journal.jsonl"),
        "--data",
        str(table),
        "--label",
        "kind",
        "--out",
        str(out),
    ]
    assert main(arguments) == 0
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert rows[5]["given"] == "virginica" and rows[5]["current"] == "setosa"
    assert "1 relabelled, 1 excluded" in capsys.readouterr().out
    assert main([*arguments, "--drop-excluded"]) == 0
    assert len(out.read_text().splitlines()) == 149


def test_ids_of_a_column(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame = pd.read_csv(table)
    frame["name"] = [f"{row:04d}" for row in range(len(frame))]
    frame.to_csv(table, index=False)
    dataset = ls.Dataset(table, "kind", ids="name")
    ls.Session(ls.audit(dataset), journal=tmp_path / "named.jsonl").relabel([5], "setosa")
    capsys.readouterr()
    columns = ["--label", "kind", "--ids", "name"]
    assert main(["audit", str(table), *columns, "--top", "1"]) == 0
    assert "  0005  virginica -> setosa" in capsys.readouterr().out
    export = ["export", str(tmp_path / "named.jsonl"), "--data", str(table), "--out", str(tmp_path / "c.csv")]
    assert main([*export, *columns]) == 0
    assert (tmp_path / "c.csv").read_text().splitlines()[6].startswith("0005,virginica,setosa,relabelled")
    assert main([*export, "--label", "kind"]) == 1  # rows that are counted are another dataset
    assert "fingerprint" in capsys.readouterr().err
    assert main(["audit", str(table), "--label", "kind", "--ids", "nam"]) == 1
    assert "Did you mean 'name'" in capsys.readouterr().err


def test_errors_are_one_line_with_the_near_miss(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", str(table), "--label", "kinds"]) == 1
    error = capsys.readouterr().err
    assert "kinds" in error and "'kind'" in error and "Traceback" not in error
    assert main(["audit", str(table.with_name("irs.csv")), "--label", "kind"]) == 1
    assert "iris.csv" in capsys.readouterr().err


def test_a_reader_that_has_seen_enough_is_no_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr(sys, "stdout", Gone())
    assert main(["cache", "info"]) == 141
    assert sys.stdout.write("left") == 4  # what is left does not raise again
    assert capsys.readouterr().err == ""


def test_report_is_written(table: Path, tmp_path: Path) -> None:
    assert main(["report", str(table), "--label", "kind", "--out", str(tmp_path / "r.html")]) == 0
    assert "<html" in (tmp_path / "r.html").read_text()


def test_cache_clear(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABELSCOPE_CACHE", str(tmp_path / "cache"))
    assert main(["cache", "clear"]) == 0
    assert "freed" in capsys.readouterr().out


def test_headless_demo(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--headless", "--folder", str(tmp_path)]) == 0
    words = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert {"planted", "found", "precision", "restored", "time", "written"} <= set(words)
    assert float(words["precision"].split()[1]) >= 0.8
    clean = pd.read_parquet(tmp_path / "clean.parquet")
    assert len(clean) == 1797 and list(clean.columns)[:4] == ["id", "given", "current", "state"]

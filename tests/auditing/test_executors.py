"""Blocks in this process: the same bits however rows are cut and wherever they lie, in little memory."""

from __future__ import annotations

import itertools
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from block_scorers import AgainstTheMean, planted, same
from hypothesis import given, settings
from hypothesis import strategies as st

import labelscope as ls
from labelscope.auditing.executors import Cluster, Local, executor_of
from labelscope.auditing.executors.cut import cut
from labelscope.auditing.executors.scoring import score_in_blocks
from labelscope.errors import (
    InvalidInputError,
    InvalidTypeError,
    LabelscopeWarning,
    MissingEvidenceError,
    collect_notices,
)
from labelscope.scorers.blockwise import chunk_rows
from labelscope.types import Evidence

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
zarr = pytest.importorskip("zarr")

CONFIDENT = ("self_confidence", "normalized_margin", "confidence_weighted_entropy", "confident_learning")
IN_BLOCKS = ("neighbor_agreement", "neighbor_vote", "neighbor_rank")


@pytest.mark.parametrize("n_classes", [3, 10, 1000])
def test_blocks_do_not_change_the_result(n_classes: int, tmp_path: Path) -> None:
    chunk = chunk_rows(n_classes)
    n = min(6 * chunk + 11, 400_000)
    made = planted(n, n_classes)
    np.save(tmp_path / "probs.npy", made["pred_probs"])
    evidence = Evidence(made).including(pred_probs=tmp_path / "probs.npy")
    whole = score_in_blocks(AgainstTheMean(), Evidence(made), Local(block_rows=n + chunk))
    for rows in (1, 3 * chunk, 1 << 30):
        same(score_in_blocks(AgainstTheMean(), evidence, Local(block_rows=rows)), whole)
    assert len(cut(n, n_classes, 1)) >= 2 and len(cut(n, n_classes, 1 << 30)) == 1


@pytest.mark.parametrize("name", IN_BLOCKS)
def test_neighbor_scorers_in_blocks_equal_those_in_memory(name: str, tmp_path: Path) -> None:
    made = planted(6 * chunk_rows(16) + 5, 16)
    del made["pred_probs"]
    scorer = ls.scorers.by_name(name)
    wanted = scorer.score(Evidence(made))
    for key in ("knn_ids", "knn_distances"):
        np.save(tmp_path / f"{key}.npy", made[key])
    files = Evidence(made).including(
        **{key: str(tmp_path / f"{key}.npy") for key in ("knn_ids", "knn_distances")}
    )
    for rows in (1, 3 * chunk_rows(16), 1 << 30):
        same(score_in_blocks(scorer, files, Local(block_rows=rows)), wanted)


@pytest.mark.parametrize("name", CONFIDENT)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_confident_scorers_in_blocks_equal_those_in_memory(name: str, dtype: str, tmp_path: Path) -> None:
    chunk = chunk_rows(50)
    made = planted(6 * chunk + 5, 50)
    probs = made["pred_probs"] ** 6
    probs = (probs / probs.sum(axis=1, keepdims=True)).astype(dtype)
    probs[::97] *= probs.dtype.type(1.003)  # repaired, with a notice
    labels = {"given_labels": made["given_labels"], "classes": made["classes"]}
    np.save(tmp_path / "p.npy", probs)
    wanted = ls.score(name, **labels, pred_probs=probs)
    for rows in (1, 3 * chunk, 1 << 30):
        evidence = Evidence(labels).including(pred_probs=tmp_path / "p.npy")
        same(score_in_blocks(ls.scorers.by_name(name), evidence, Local(block_rows=rows)), wanted)


@pytest.mark.parametrize("n_classes", [3, 100])
@pytest.mark.parametrize("present", ["pred_probs", "knn_ids", "both"])
def test_the_default_mix_in_blocks(present: str, n_classes: int, tmp_path: Path) -> None:
    chunk = chunk_rows(n_classes)
    n = 6 * chunk + 7 if n_classes == 100 else 2 * chunk + 7 if present == "pred_probs" else 6000
    made = planted(n, n_classes)
    probs = made["pred_probs"] ** 8
    probs /= probs.sum(axis=1, keepdims=True)
    made["given_labels"] = np.where(np.arange(n) % 5 > 0, probs.argmax(axis=1), made["given_labels"])
    probs[::97] *= np.float32(1.003)  # repaired, with a notice
    made["pred_probs"] = probs
    kept = {name: made[name] for name in ("pred_probs", "knn_ids") if present in (name, "both")}
    labels = {"given_labels": made["given_labels"], "classes": made["classes"]}
    paths = {name: tmp_path / f"{name}.npy" for name in kept}
    for name, matrix in kept.items():
        np.save(paths[name], matrix)
    with collect_notices() as said:
        wanted = ls.score("auto", **labels, **kept)
    with collect_notices() as also:
        same(ls.score("auto", **labels, **paths), wanted)
    assert said == also and len(said) == ("pred_probs" in kept)
    evidence = Evidence(labels).including(**paths)
    for blocks in (1, 2, 7):
        rows = chunk * int(np.ceil(np.ceil(n / chunk) / blocks))
        same(score_in_blocks(ls.scorers.Ensemble(), evidence, Local(block_rows=rows)), wanted)
    expected = np.bincount(made["given_labels"][made["given_labels"] >= 0], minlength=n_classes)
    np.testing.assert_allclose(wanted.meta["joint"].sum(axis=1), expected)


@pytest.mark.parametrize("how", ["nan", "negative", "sum", "logits", "slips"])
def test_what_is_said_of_bad_probabilities_is_the_same(how: str, tmp_path: Path) -> None:
    made = planted(3 * chunk_rows(200) + 3, 200)
    probs, labels = made["pred_probs"], {"given_labels": made["given_labels"], "classes": made["classes"]}
    rows = [2 * chunk_rows(200) + 7, 5, chunk_rows(200)]
    if how == "nan":
        probs[rows, 3] = np.nan
    elif how == "logits":
        probs[:] = np.log(probs + 1e-9)
    elif how == "slips":
        probs[rows] *= np.array([[1.001], [0.999], [1.002]], dtype=np.float32)
    else:
        probs[rows, 0] += np.array({"negative": [-0.3, -0.2, -0.1], "sum": [0.2, 0.1, 0.3]}[how], np.float32)
    np.save(tmp_path / "p.npy", probs)

    def said(given: Any) -> Any:
        with collect_notices() as notices:
            try:
                ls.score("self_confidence", pred_probs=given, **labels)
            except InvalidInputError as error:
                return str(error)
        return notices

    assert said(probs) == said(tmp_path / "p.npy")
    assert isinstance(said(probs), list) == (how == "slips") and said(probs)


@pytest.mark.parametrize("n", [600, 200_000])
@pytest.mark.parametrize("code", ["pred_probs_swapped", "pred_probs_saturated"])
def test_what_is_said_of_columns_is_the_same(code: str, n: int, tmp_path: Path) -> None:
    """Of a large matrix only some rows are looked at."""
    labels = np.arange(n) % 3
    order = [1, 0, 2] if code == "pred_probs_swapped" else [0, 1, 2]
    probs = np.where(np.eye(3)[labels][:, order] == 1, 0.8, 0.1).astype(np.float32)
    if code == "pred_probs_saturated":
        probs[::2] = np.eye(3)[labels[::2]]
        probs[1] = [0, 1, 0]
    np.save(tmp_path / "p.npy", probs)
    said = []
    for given_probs in (probs, tmp_path / "p.npy"):
        with collect_notices() as notices:
            ls.score("auto", given_labels=labels, pred_probs=given_probs)
        said.append(notices)
    assert said[0] == said[1] and [notice.code for notice in said[0]] == [code]
    assert ("that were looked at" in said[0][0].message) == (n > 600 and code == "pred_probs_saturated")


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(1, 60),
    n_classes=st.integers(0, 4),
    seed=st.integers(0, 99),
    name=st.sampled_from(IN_BLOCKS),
)
def test_small_graphs_in_blocks(n: int, n_classes: int, seed: int, name: str) -> None:
    made = planted(n, max(n_classes, 1), seed)
    made |= {"classes": np.arange(n_classes), "given_labels": np.minimum(made["given_labels"], n_classes - 1)}
    del made["pred_probs"]
    scorer = ls.scorers.by_name(name)
    same(score_in_blocks(scorer, Evidence(made), Local()), scorer.score(Evidence(made)))


@settings(max_examples=200, deadline=None)
@given(n=st.integers(0, 3_000_000), n_classes=st.integers(1, 600_000), at_most=st.integers(0, 2_000_000))
def test_cuts_cover_all_rows_at_multiples_of_the_chunk(n: int, n_classes: int, at_most: int) -> None:
    chunk = chunk_rows(n_classes)
    if n // chunk > 20_000:
        n = 20_000 * chunk
    spans = cut(n, n_classes, at_most)
    assert spans[0][0] == 0 and spans[-1][1] == n
    assert all(before[1] == after[0] for before, after in itertools.pairwise(spans))
    assert all(start % chunk == 0 and (n == 0 or stop > start) for start, stop in spans)
    assert all(stop - start <= max(at_most, chunk) for start, stop in spans)


def written(probs: Any, suffix: str, folder: Path) -> Path:
    path = folder / f"probs{suffix}"
    if suffix == ".npy":
        np.save(path, probs)
    elif suffix == ".parquet":
        pq.write_table(
            pa.table({f"p{j}": probs[:, j] for j in range(probs.shape[1])}), path, row_group_size=30_000
        )
    else:
        zarr.create_array(str(path), data=probs, chunks=(10_000, probs.shape[1]))
    return path


@pytest.mark.parametrize("suffix", [".npy", ".parquet", ".zarr"])
def test_score_takes_paths(suffix: str, tmp_path: Path) -> None:
    made = planted(2 * chunk_rows(10) + 3, 10)
    labels = {"given_labels": made["given_labels"], "classes": made["classes"]}
    path = written(made["pred_probs"], suffix, tmp_path)
    wanted = ls.score(
        AgainstTheMean(),
        **labels,
        pred_probs=np.load(written(made["pred_probs"], ".npy", tmp_path), mmap_mode="r"),
    )
    same(ls.score(AgainstTheMean(), **labels, pred_probs=path), wanted)
    same(ls.score(AgainstTheMean(), **labels, pred_probs=str(path), executor=None), wanted)
    if suffix == ".zarr":
        same(ls.score(AgainstTheMean(), **labels, pred_probs=zarr.open(str(path), mode="r")), wanted)


def test_labels_are_read_as_in_memory(tmp_path: Path) -> None:
    probs = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4], [0.2, 0.7, 0.1]])
    np.save(tmp_path / "p.npy", probs)
    for labels in (np.array([0, 1, 2, 0]), ["a", "b", "c", None], np.array([0, 0, 1, 1])):
        got = ls.score(AgainstTheMean(), given_labels=labels, pred_probs=tmp_path / "p.npy")
        codes = ls.score("self_confidence", given_labels=labels, pred_probs=probs)
        own = 1 - codes.suspicion
        assert np.allclose(got.details["own"], own, atol=1e-7)
    with pytest.raises(InvalidInputError, match="4 entries, but given_labels has 3 rows"):
        ls.score(AgainstTheMean(), given_labels=[0, 1, 2], pred_probs=tmp_path / "p.npy")
    with pytest.raises(InvalidInputError, match="3 columns, but the labels have 4 classes"):
        ls.score(AgainstTheMean(), given_labels=["a", "b", "c", "d"], pred_probs=tmp_path / "p.npy")
    with pytest.raises(InvalidInputError, match=r"Did you mean 'p\.npy'"):
        ls.score(AgainstTheMean(), given_labels=[0, 1, 2, 0], pred_probs=tmp_path / "q.npy")
    with pytest.raises(MissingEvidenceError, match="given_labels"):
        ls.score(AgainstTheMean(), pred_probs=tmp_path / "p.npy")
    with pytest.raises(MissingEvidenceError, match="knn_ids"):
        ls.score("neighbor_vote", given_labels=[0, 1, 2, 0], pred_probs=tmp_path / "p.npy")


def test_bad_rows_are_named_by_their_number(tmp_path: Path) -> None:
    made = planted(3 * chunk_rows(50) + 3, 50)
    made["pred_probs"][2 * chunk_rows(50) + 7, 3] = np.nan
    np.save(tmp_path / "p.npy", made["pred_probs"])
    with pytest.raises(InvalidInputError, match=f"NaN in row {2 * chunk_rows(50) + 7}"):
        ls.score(
            AgainstTheMean(),
            given_labels=made["given_labels"],
            classes=made["classes"],
            pred_probs=tmp_path / "p.npy",
        )


def test_neighbors_that_are_no_rows_are_refused_in_the_same_words() -> None:
    made = planted(2 * chunk_rows(64), 64)
    made["knn_ids"][-1, 2] = len(made["knn_ids"]) + 4
    del made["pred_probs"]
    scorer = ls.scorers.NeighborAgreement()
    with pytest.raises(InvalidInputError) as in_memory:
        scorer.score(Evidence(made))
    with pytest.raises(InvalidInputError) as in_blocks:
        score_in_blocks(scorer, Evidence(made), Local(block_rows=1))
    assert str(in_blocks.value) == str(in_memory.value)
    with pytest.raises(InvalidInputError, match="knn_distances has shape"):
        score_in_blocks(scorer, Evidence(made).including(knn_distances=np.ones((3, 4))), Local())
    with pytest.raises(InvalidInputError, match="knn_ids has shape"):
        score_in_blocks(scorer, Evidence(made).including(knn_ids=np.ones((3, 4), dtype=int)), Local())
    with pytest.raises(InvalidTypeError, match="positions of rows"):
        score_in_blocks(scorer, Evidence(made).including(knn_ids=made["knn_ids"] * 1.0), Local())


def test_methods_without_blocks_are_given_whole_matrices(tmp_path: Path) -> None:
    made = planted(400, 3)
    np.save(tmp_path / "ids.npy", made["knn_ids"])
    pq.write_table(
        pa.table({"ids": pa.array(made["knn_ids"].tolist(), pa.list_(pa.int32(), 4))}),
        tmp_path / "ids.parquet",
    )
    wanted = ls.score("neighbor_shapley", given_labels=made["given_labels"], knn_ids=made["knn_ids"])
    same(
        ls.score("neighbor_shapley", given_labels=made["given_labels"], knn_ids=tmp_path / "ids.npy"), wanted
    )


def test_reading_whole_says_how_much_memory_it_takes(tmp_path: Path, monkeypatch: Any) -> None:
    from labelscope.auditing.executors import scoring

    probs = planted(150_000, 30)["pred_probs"]
    path = written(probs, ".zarr", tmp_path)
    with pytest.warns(LabelscopeWarning, match=r"'probs.zarr' takes 17 MiB of memory"):
        assert np.array_equal(scoring.whole(path, "pred_probs", "A test"), probs)
    monkeypatch.setattr(scoring, "_memory", lambda: 1e6)
    with pytest.raises(InvalidInputError, match=r"0\.0 GiB, but this machine has"):
        scoring.whole(path, "pred_probs", "A test")
    mapped = scoring.whole(written(probs, ".npy", tmp_path), "pred_probs", "A test")
    assert isinstance(mapped, np.memmap)


def test_what_is_no_executor_is_refused(tmp_path: Path) -> None:
    assert executor_of(None) == Local() and executor_of(Local(block_rows=3)) == Local(block_rows=3)
    with ThreadPoolExecutor(1) as pool:
        for given, words in (
            (pool, "ThreadPoolExecutor"),
            ("dask", "'dask'"),
            (4, "executor= is 4"),
            (Cluster, "class"),
        ):
            for call in (lambda g: ls.score("self_confidence", given_labels=[0], pred_probs=[[1.0]], executor=g),
                         lambda g: ls.audit(np.eye(4), [0, 1, 0, 1], executor=g)):  # fmt: skip
                with pytest.raises(InvalidTypeError, match=rf"{words}[\s\S]*dask.distributed.Client"):
                    call(given)


def test_an_audit_takes_files(tmp_path: Path) -> None:
    from sklearn.datasets import load_iris

    X, y = load_iris(return_X_y=True)
    probs = np.full((150, 3), 0.05)
    probs[np.arange(150), y] = 0.9
    y = np.where(np.arange(150) % 17 == 3, (y + 1) % 3, y)
    wanted = ls.audit(X, y, pred_probs=probs)
    for suffix in (".npy", ".parquet", ".zarr"):
        got = ls.audit(X, y, pred_probs=written(probs, suffix, tmp_path))
        assert np.array_equal(got.suspicion, wanted.suspicion) and np.array_equal(got.flagged, wanted.flagged)
        for name, score in wanted.scores.items():
            same(got.scores[name], score)
        assert got.issues(top=3).shape == wanted.issues(top=3).shape and got.reasons(3) == wanted.reasons(3)
    np.save(tmp_path / "x.npy", X)
    assert np.array_equal(
        ls.audit(X, y, features=tmp_path / "x.npy", pred_probs=probs).suspicion, wanted.suspicion
    )
    with pytest.raises(InvalidInputError, match="150"):
        ls.audit(X[:100], y[:100], pred_probs=tmp_path / "probs.npy")


_STREAM = """
import sys, numpy as np, labelscope as ls
def peak(kind):
    return next(int(line.split()[1]) for line in open('/proc/self/status') if line.startswith(kind)) / 1024
path, small, scorer = sys.argv[1:4]
sys.path.insert(0, sys.argv[4])
from block_scorers import AgainstTheMean
def run(where):
    labels = np.arange(np.load(where, mmap_mode='r').shape[0]) % 100
    return ls.score(AgainstTheMean() if scorer == 'test' else scorer, given_labels=labels, pred_probs=where)
run(small)  # what is imported on first use is not the matrix's
before = peak('VmRSS')
open('/proc/self/clear_refs', 'w').write('5')
run(path)
print(peak('VmHWM') - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_file_of_300_mb_is_streamed_in_less_than_100(tmp_path: Path) -> None:
    """Peak of the memory that is not given back meanwhile, whatever is returned for 750,000 rows included."""
    n = 750_000
    made = np.lib.format.open_memmap(tmp_path / "p.npy", mode="w+", dtype=np.float32, shape=(n, 100))
    block = planted(50_000, 100)["pred_probs"]
    for start in range(0, n, 50_000):
        made[start : start + 50_000] = block
    made.flush()
    np.save(tmp_path / "small.npy", block[:1000])
    assert (tmp_path / "p.npy").stat().st_size == pytest.approx(300e6, rel=0.01)
    del made
    for scorer in ("test", "self_confidence"):
        assert _peak(tmp_path, scorer) < 100, scorer


def _peak(tmp_path: Path, scorer: str) -> float:
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-c",
        _STREAM,
        str(tmp_path / "p.npy"),
        str(tmp_path / "small.npy"),
        "test",
        str(Path(__file__).parent),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return float(done.stdout)

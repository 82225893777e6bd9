"""The same blocks on a cluster of two worker processes: the same bits, errors and notices, deaths survived."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from block_scorers import AgainstTheMean, alike, planted, same

import labelscope as ls
from labelscope.auditing.executors import Cluster, Local, Matrices
from labelscope.auditing.executors import cluster as running
from labelscope.auditing.executors.scoring import score_in_blocks
from labelscope.errors import (
    ExecutorError,
    InvalidInputError,
    InvalidTypeError,
    LabelscopeWarning,
    collect_notices,
)
from labelscope.scorers.blockwise import chunk_rows
from labelscope.types import Evidence

distributed = pytest.importorskip("distributed")
zarr = pytest.importorskip("zarr")
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")

CHUNK = chunk_rows(100)
N = 6 * CHUNK + 17


def _cluster(n_workers: int) -> Any:
    return distributed.LocalCluster(
        n_workers=n_workers, processes=True, threads_per_worker=1, dashboard_address=":0", silence_logs=50
    )


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with _cluster(2) as cluster, distributed.Client(cluster) as opened:
        yield opened


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    made, folder = planted(N, 100), tmp_path_factory.mktemp("matrices")
    for name in ("pred_probs", "knn_ids", "knn_distances"):
        np.save(folder / f"{name}.npy", made[name])
        made[f"{name}_path"] = folder / f"{name}.npy"
    return made


def _only(files: dict[str, Any], *names: str, suffix: str = "_path") -> dict[str, Any]:
    chosen = {name: files[name + suffix] for name in names}
    return {"given_labels": files["given_labels"], "classes": files["classes"], **chosen}


@pytest.mark.parametrize("rows", [None, 1, 3 * CHUNK, 1 << 30])
def test_blocks_on_workers_equal_those_here(rows: int | None, client: Any, files: dict[str, Any]) -> None:
    wanted = score_in_blocks(AgainstTheMean(), Evidence(_only(files, "pred_probs")), Local())
    for suffix in ("_path", ""):
        evidence = Evidence(_only(files, "pred_probs", suffix=suffix))
        same(score_in_blocks(AgainstTheMean(), evidence, Cluster(client, block_rows=rows)), wanted)


@pytest.mark.parametrize("name", ["neighbor_agreement", "neighbor_vote", "neighbor_rank"])
def test_neighbor_scorers_on_workers(name: str, client: Any, files: dict[str, Any]) -> None:
    few = {"given_labels": files["given_labels"] % 3}  # the estimate of transitions takes its time
    wanted = ls.score(name, **_only(files, "knn_ids", "knn_distances", suffix="") | few)
    same(ls.score(name, executor=client, **_only(files, "knn_ids", "knn_distances") | few), wanted)


@pytest.mark.parametrize("name", ["self_confidence", "normalized_margin", "confident_learning", "auto"])
def test_scorers_of_probabilities_on_workers(name: str, client: Any, files: dict[str, Any]) -> None:
    wanted = ls.score(name, **_only(files, "pred_probs", suffix=""))
    same(ls.score(name, executor=client, **_only(files, "pred_probs")), wanted)
    evidence = Evidence(_only(files, "pred_probs"))
    same(score_in_blocks(ls.scorers.by_name(name), evidence, Cluster(client, block_rows=1)), wanted)


def test_parquet_and_zarr_on_workers(client: Any, files: dict[str, Any], tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    probs, labels = files["pred_probs"], _only(files)
    table = pa.table({f"p{j}": probs[:, j] for j in range(probs.shape[1])})
    pq.write_table(table, tmp_path / "p.parquet", row_group_size=2 * CHUNK + 5)
    zarr.create_array(str(tmp_path / "p.zarr"), data=probs, chunks=(4000, 100))
    wanted = ls.score(AgainstTheMean(), pred_probs=files["pred_probs_path"], **labels)
    for given in (tmp_path / "p.parquet", tmp_path / "p.zarr", zarr.array(probs)):
        same(ls.score(AgainstTheMean(), executor=client, pred_probs=given, **labels), wanted)


def test_an_audit_on_workers(client: Any, tmp_path: Path) -> None:
    from sklearn.datasets import load_iris

    X, y = load_iris(return_X_y=True)
    probs = np.full((150, 3), 0.05)
    probs[np.arange(150), np.roll(y, 3)] = 0.9
    np.save(tmp_path / "p.npy", probs)
    chosen = ["neighbor_agreement", "confident_learning"]
    wanted = ls.audit(X, y, pred_probs=probs, scorers=chosen)
    got = ls.audit(X, y, pred_probs=tmp_path / "p.npy", scorers=chosen, executor=client)
    assert alike(got.suspicion, wanted.suspicion)
    for name, score in wanted.scores.items():
        same(got.scores[name], score)
    with pytest.warns(LabelscopeWarning, match="NeighborShapley looks at all rows at once"):
        ls.audit(X, y, pred_probs=probs, scorers="neighbor_shapley", executor=client)


def test_errors_and_notices_come_back_from_workers(
    client: Any, files: dict[str, Any], tmp_path: Path
) -> None:
    with collect_notices() as notices:
        ls.score(AgainstTheMean(), executor=client, **_only(files, "pred_probs"))
    assert [notice.code for notice in notices] == ["first_rows"]
    probs = files["pred_probs"].copy()
    for row in (5 * CHUNK + 1, 2 * CHUNK + 7, 4 * CHUNK):
        probs[row, 3] = np.nan
    np.save(tmp_path / "nan.npy", probs)
    with pytest.raises(InvalidInputError, match=f"NaN in row {2 * CHUNK + 7}") as refused:
        score_in_blocks(
            AgainstTheMean(),
            Evidence(_only(files)).including(pred_probs=tmp_path / "nan.npy"),
            Cluster(client, block_rows=1),
        )
    assert refused.value.hint == "Mend it."


def test_what_cannot_run_on_workers_says_so(client: Any, files: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match="NeighborShapley looks at all rows at once"):
        ls.score("neighbor_shapley", executor=client, **_only(files, "knn_ids"))
    with pytest.raises(InvalidTypeError, match=r"LocalCluster[\s\S]*A cluster is not its client"):
        ls.score("neighbor_vote", executor=client.cluster, **_only(files, "knn_ids"))


def _marks(folder: Path) -> int:
    return len(list(folder.iterdir()))


@pytest.mark.parametrize("suffix", ["_path", ""])
def test_a_killed_worker_is_survived(suffix: str, client: Any, files: dict[str, Any], tmp_path: Path) -> None:
    evidence = Evidence(_only(files, "pred_probs", suffix=suffix))
    wanted = score_in_blocks(AgainstTheMean(), evidence, Local())
    before = {worker["pid"] for worker in client.run(_pid).values()}
    deadly = AgainstTheMean(folder=str(tmp_path), deadly=(2 * CHUNK,))
    same(score_in_blocks(deadly, evidence, Cluster(client, block_rows=1)), wanted)
    killed = {int(mark.suffix[1:]) for mark in tmp_path.iterdir()}
    assert len(killed) == 1 and killed <= before  # a worker process died in mid-run


def _pid() -> dict[str, int]:
    return {"pid": os.getpid()}


def test_the_loss_of_all_workers_is_survived(files: dict[str, Any], tmp_path: Path) -> None:
    evidence = Evidence(_only(files, "pred_probs"))
    wanted = score_in_blocks(AgainstTheMean(), evidence, Local())
    with _cluster(1) as cluster, distributed.Client(cluster) as alone:
        # What was sent to the only worker dies with it.
        deadly = AgainstTheMean(folder=str(tmp_path), deadly=(3 * CHUNK,))
        same(score_in_blocks(deadly, evidence, Cluster(alone, block_rows=1)), wanted)
        assert _marks(tmp_path) == 1
    with pytest.raises(InvalidInputError, match="a Client that is closed"):
        ls.score("neighbor_vote", executor=alone, **_only(files, "knn_ids"))


class _Dead:
    """A client or a future of a cluster whose workers die again and again."""

    def __init__(self, error: Exception, threads: int = 1) -> None:
        self.error, self.threads = error, threads

    def nthreads(self) -> dict[str, int]:
        return {"tcp://nowhere": self.threads} if self.threads else {}

    def result(self, *args: Any, **kwargs: Any) -> Any:
        raise self.error

    wait_for_workers = scatter = result


def test_clusters_that_keep_failing_are_given_up(monkeypatch: Any) -> None:
    monkeypatch.setattr(running, "_PAUSES", (0.0, 0.0))
    matrices = Matrices(np.zeros(3, dtype=np.int64), 1, {})
    spans = [(0, 3)]

    def attempt(error: Exception, threads: int = 1) -> Any:
        return running._Running(_Dead(error, threads), running.Step(len), matrices, spans)

    with pytest.raises(ExecutorError, match=r"No worker of the cluster can be reached: broken pipe"):
        attempt(OSError("broken pipe"))._submit(0)
    with pytest.raises(ExecutorError, match="no worker for 60 seconds"):
        attempt(TimeoutError(), 0)._submit(0)
    killed = distributed.scheduler.KilledWorker("task", SimpleNamespace(address="tcp://nowhere"), 3)
    with pytest.raises(ExecutorError, match=r"died each time they scored the rows 0 to 2[\s\S]*more memory"):
        attempt(killed)._answer(_Dead(killed), 0)
    lost = attempt(distributed.client.FutureCancelledError("task", "lost"))
    assert lost._answer(_Dead(lost.client.error), 0) is None
    lost._check(3, 0)
    with pytest.raises(ExecutorError, match="rows 0 to 2 were lost 4 times"):
        lost._check(4, 0)
    with pytest.raises(ZeroDivisionError):
        attempt(ZeroDivisionError())._answer(_Dead(ZeroDivisionError()), 0)

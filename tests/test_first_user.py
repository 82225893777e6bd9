"""What a first user does wrong, through the public functions: one clear answer each, and nothing lost."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import labelscope as ls
from labelscope.cli import main
from labelscope.errors import (
    InvalidInputError,
    InvalidTypeError,
    LabelscopeError,
    LabelscopeWarning,
    MissingEvidenceError,
)


@pytest.fixture(scope="module")
def X() -> np.ndarray:
    rng = np.random.default_rng(0)
    return (np.eye(3, 6)[np.arange(60) % 3] * 4 + rng.normal(size=(60, 6))).astype(np.float32)


Y = np.arange(60) % 3
P = np.where(np.eye(3)[Y] == 1, 0.9, 0.05)


@pytest.mark.parametrize("seed", ["a", None, -1, 1.5, True, np.random.default_rng(0), 2**40])
def test_a_seed_that_is_none_is_refused(X: np.ndarray, seed: object) -> None:
    for call in (
        lambda: ls.audit(X, Y, random_state=seed),  # type: ignore[arg-type]
        lambda: ls.score("auto", given_labels=Y, features=X, random_state=seed),  # type: ignore[arg-type]
    ):
        with pytest.raises(LabelscopeError, match=r"random_state is .*\n  Hint: Write random_state=0"):
            call()
    assert ls.audit(X, Y, random_state=np.int64(3)).n == 60  # type: ignore[arg-type]


def test_scorers_that_are_none_are_refused(X: np.ndarray) -> None:
    for wrong in (3, ls.scorers.SelfConfidence, object()):
        with pytest.raises(InvalidTypeError, match="scorer"):
            ls.audit(X, Y, scorers=[wrong])  # type: ignore[list-item]
        with pytest.raises(InvalidTypeError, match="scorer"):
            ls.score(wrong, given_labels=Y, pred_probs=P)  # type: ignore[arg-type]
    with pytest.raises(InvalidTypeError, match="3 is no scorer"):
        ls.audit(X, Y, scorers=3)  # type: ignore[arg-type]


def test_evidence_has_names(X: np.ndarray) -> None:
    with pytest.raises(InvalidTypeError, match=r"evidence= is a list.*\n.*dict"):
        ls.audit(X, Y, evidence=[1])  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match=r"'pred_prob'.*\n.*'pred_probs'"):
        ls.score("auto", given_labels=Y, features=X, pred_prob=P)


def test_score_reads_columns_as_audit_does(X: np.ndarray) -> None:
    """Labels that are ints in range(K) are columns, also where a class has no row."""
    few = np.where(Y == 0, 1, Y)
    assert ls.score("auto", given_labels=few, pred_probs=P).suggested[0] == 0
    assert ls.score("auto", given_labels=few, pred_probs=P, features=X).suggested is not None
    one = ls.score("auto", given_labels=[2], pred_probs=P[2:3])
    assert one.suggested.tolist() == [2]


def test_score_takes_several_models_and_one_column(X: np.ndarray) -> None:
    assert ls.score("auto", given_labels=Y, pred_probs=[P, P]).suspicion.shape == (60,)
    assert ls.score("self_confidence", given_labels=Y, pred_probs=np.stack([P, P])).suspicion.shape == (60,)
    assert ls.score("neighbor_agreement", given_labels=Y, features=X[:, 0]).suspicion.shape == (60,)


def test_score_of_one_row() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        found = ls.score("auto", given_labels=["a"], features=[[1.0, 2.0]])
    assert found.suspicion.tolist() == [0] and not found.flagged.any()


def test_score_names_what_it_needs(X: np.ndarray) -> None:
    with pytest.raises(InvalidInputError, match="given_labels has 59 entries, but features has 60"):
        ls.score("auto", given_labels=Y[:-1], features=X)
    with pytest.raises(InvalidInputError, match="given_labels has 59 entries, but pred_probs has 60"):
        ls.score("auto", given_labels=Y[:-1], pred_probs=P)
    with pytest.raises(MissingEvidenceError) as caught:
        ls.score("auto", given_labels=Y)
    assert "ls.score" not in str(caught.value) and "features=" in str(caught.value)
    with pytest.raises(MissingEvidenceError, match=r"only features is given.*\n.*given_labels="):
        ls.score("auto", given_labels=None, features=X)
    with pytest.raises(InvalidInputError, match=r"path .*embeddings.*\.npy"):
        ls.score("auto", given_labels=Y, features="embeddings")


def test_no_number_is_shown_where_there_is_none(X: np.ndarray) -> None:
    with pytest.warns(LabelscopeWarning, match="has a label"):
        audit = ls.audit(X)
    assert "nan" not in audit.summary


def test_a_notice_is_said_once_and_again_on_the_next_call() -> None:
    X, y = np.ones((40, 3)), np.arange(40) % 2
    said = []
    for _ in range(2):  # the second one finds everything in the cache
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            audit = ls.audit(X, y)
        said.append([str(w.message) for w in caught])
        assert [n.code for n in audit.notices].count("features_constant") == 1
    assert said[0] == said[1]
    assert len(said[0]) == len(set(said[0]))


def test_unreadable_images_are_told_also_from_the_cache() -> None:
    images: list[object] = [np.full((8, 8), 10 * (row % 2) + row, dtype=np.uint8) for row in range(20)]
    from io import BytesIO

    from PIL import Image

    encoded = []
    for image in images:
        buffer = BytesIO()
        Image.fromarray(image).save(buffer, "PNG")
        encoded.append(buffer.getvalue())
    encoded[4] = b"\x89PNG\r\n\x1a\nxx"
    for _ in range(2):
        with pytest.warns(LabelscopeWarning, match="1 of 20 images cannot be read"):
            audit = ls.audit(encoded, np.arange(20) % 2)
        assert [n.rows for n in audit.notices if n.code == "unreadable_media"] == [(4,)]


def test_a_cache_that_cannot_be_written_is_told_once(
    X: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("LABELSCOPE_CACHE", str(tmp_path / "file"))
    with pytest.warns(LabelscopeWarning, match="LABELSCOPE_CACHE") as caught:
        audit = ls.audit(X, Y)
    assert len([w for w in caught if "cache folder" in str(w.message)]) == 1
    assert [n.code for n in audit.notices].count("cache_unwritable") == 1
    assert not caplog.records


def test_audit_methods_check_rows(X: np.ndarray) -> None:
    audit = ls.audit(X, Y)
    with pytest.raises(InvalidTypeError, match="row is 'a'"):
        audit.reasons("a")  # type: ignore[arg-type]
    for wrong in ("x", -1, 1.5, True):
        with pytest.raises(InvalidInputError, match="top is"):
            audit.issues(wrong)  # type: ignore[arg-type]
    assert audit.candidates(np.int64(0)) == audit.candidates(0)  # type: ignore[arg-type]


def test_view_names_the_option(X: np.ndarray) -> None:
    with pytest.raises(InvalidInputError, match=r"'heigth'.*\n.*'height'"):
        ls.view(ls.audit(X, Y), heigth=300)


def test_cleanlab_evidence_is_checked(X: np.ndarray) -> None:
    with pytest.raises(MissingEvidenceError, match="cleanlab"):
        ls.audit(X, Y, scorers="cleanlab")
    frame = pd.DataFrame({"label_score": ["low"] * 60})
    with pytest.raises(InvalidInputError, match=r"'label_score'.*no number"):
        ls.audit(X, Y, evidence={"cleanlab": frame})


def test_labels_that_were_fixed_are_no_issues_for_cleanlab(X: np.ndarray) -> None:
    wrong = Y.copy()
    wrong[:4] = (wrong[:4] + 1) % 3
    session = ls.Session(ls.audit(X, wrong), journal=None)
    flagged = np.flatnonzero(session.flagged)
    assert len(flagged) >= 3
    session.accept(flagged[0])
    session.keep(flagged[1])
    session.exclude(50)
    from labelscope.exports import issues_frame

    issue = issues_frame(session)["is_label_issue"]
    assert not issue[flagged[0]] and not issue[flagged[1]] and issue[flagged[2]] and issue[50]


def test_data_that_would_lose_something_are_refused(X: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"complex.*\n.*real"):
        ls.audit(X + 1j, Y)
    with pytest.raises(InvalidTypeError, match="class_names is 3"):
        ls.Dataset(X, Y, class_names=3)  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="'a' twice"):
        ls.Dataset(X, Y, class_names=["a", "a", "b"])
    with pytest.raises(InvalidInputError, match="1 value of ids occurs more than once"):
        ls.Dataset(X, Y, ids=[0, 0, *range(1, 59)])
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidInputError, match="holds no files"):
        ls.audit(tmp_path / "empty")


def test_a_torch_model_that_does_not_fit() -> None:
    torch = pytest.importorskip("torch")
    images = np.random.default_rng(0).integers(0, 255, (6, 16, 16, 3), dtype=np.uint8)
    with pytest.raises(InvalidInputError, match=r"model=Linear failed on images .*\n.*PIL images"):
        ls.audit(images, [0, 1] * 3, model=torch.nn.Linear(7, 4))


def test_a_torn_journal_is_told_once(X: np.ndarray, tmp_path: Path) -> None:
    audit, path = ls.audit(X, Y), tmp_path / "j.jsonl"
    ls.Session(audit, journal=path).keep([1, 2])
    path.write_bytes(path.read_bytes() + b'{"kind":"kept","id":"00')
    with pytest.warns(LabelscopeWarning, match="incomplete") as caught:
        session = ls.Session(audit, journal=path)
        session.keep(7)
    assert len(caught) == 1 and ls.Session(audit, journal=path).progress().reviewed == 3


@pytest.fixture
def table(X: np.ndarray, tmp_path: Path) -> Path:
    pd.DataFrame(X, columns=list("abcdef")).assign(label=Y).to_csv(tmp_path / "d.csv", index=False)
    return tmp_path / "d.csv"


def test_the_command_tells_notices_without_code(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", str(table)]) == 0
    told = capsys.readouterr().err
    assert told.startswith("notice    None of the 60 rows has a label") and ".py" not in told


def test_the_command_checks_before_it_works(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("the audit ran")

    monkeypatch.setattr("labelscope.api.audit", never)
    for out in ("x.xlsx", "x.npy", str(tmp_path / "none" / "x.csv")):
        assert main(["audit", str(table), "--label", "label", "--out", out]) == 1
    assert main(["report", str(table), "--label", "label", "--out", "x.pdf"]) == 1
    for top in ("0", "-1", "x"):
        with pytest.raises(SystemExit):
            main(["audit", str(table), "--label", "label", "--top", top])
    assert "whole number from 1 on" in capsys.readouterr().err


def test_the_command_has_a_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"labelscope {ls.__version__}\n"

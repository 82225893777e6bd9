from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_iris

import labelscope as ls
from labelscope.errors import InvalidTypeError, LabelscopeWarning, MissingEvidenceError


@pytest.fixture(scope="module")
def iris() -> tuple[np.ndarray, np.ndarray]:
    X, y = load_iris(return_X_y=True)
    return X, np.array(["setosa", "versicolor", "virginica"])[y]


def test_score_makes_what_is_missing(iris: tuple[np.ndarray, np.ndarray]) -> None:
    X, names = iris
    for scorer in ("auto", "SelfConfidence", "neighbor_agreement", ls.scorers.ConfidentLearning()):
        found = ls.score(scorer, given_labels=names, features=X)
        assert found.suspicion.shape == (150,)
        if found.suggested is not None:
            assert set(found.suggested) <= set(names)


def test_score_auto_fills_everything(iris: tuple[np.ndarray, np.ndarray]) -> None:
    found = ls.score("auto", given_labels=iris[1], features=iris[0])
    assert found.suggested is not None and found.flagged is not None
    assert found.meta["scale"] == "probability"


def test_score_says_what_is_missing(iris: tuple[np.ndarray, np.ndarray]) -> None:
    with pytest.raises(MissingEvidenceError, match="given_labels"):
        ls.score("auto", features=iris[0])
    with pytest.raises(MissingEvidenceError, match="pred_probs"):
        ls.score("self_confidence", given_labels=iris[1])
    with pytest.raises(MissingEvidenceError, match="pred_probs"):
        ls.scorers.SelfConfidence().score(ls.Evidence(given_labels=iris[1]))


def test_audit_refuses_what_it_cannot_do(iris: tuple[np.ndarray, np.ndarray]) -> None:
    with pytest.raises(InvalidTypeError, match=r"executor.*\n.*Client"):
        ls.audit(*iris, executor="cluster")
    with pytest.raises(InvalidTypeError, match="Dataset"):
        ls.audit(ls.Dataset(*iris), iris[1])


def test_notices_point_at_the_line_of_whoever_called(iris: tuple[np.ndarray, np.ndarray]) -> None:
    names = [None, *iris[1][1:]]
    with pytest.warns(LabelscopeWarning) as caught:
        ls.audit(iris[0], [*names[:-1], ""])
        ls.Dataset(["a", "b", "c"], [{"x"}, set(), {"x", "y"}], task="multilabel")
    assert len(caught) >= 2 and {one.filename for one in caught} == {__file__}


def test_view_refuses_other_things(iris: tuple[np.ndarray, np.ndarray]) -> None:
    with pytest.raises(InvalidTypeError, match=r"ls\.audit"):
        ls.view(iris[0])


def test_labels_come_back_as_they_were(iris: tuple[np.ndarray, np.ndarray]) -> None:
    session = ls.Session(ls.audit(*iris), journal=None)
    assert session.labels().dtype == iris[1].dtype
    np.testing.assert_array_equal(session.labels(), iris[1])
    session.relabel([3], "virginica")
    assert session.labels()[3] == "virginica" and session.labels().dtype == iris[1].dtype


def test_names_that_people_need_are_public():
    texts, codes = ls.testing.topic_texts(3)
    assert len(texts) == len(codes) == 3
    assert ls.reports.error_rate(ls.reports.Checked(1, 3)).value == 0.25
    assert "propose" in ls.scorers.__all__ and ls.scorers.propose.__doc__
    assert "Examples" in ls.queues.Spread.proposals.__doc__

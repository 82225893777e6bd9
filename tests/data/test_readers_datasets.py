"""Hugging Face and torch-style datasets."""

from __future__ import annotations

import pickle
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import labelscope as ls
from labelscope.errors import (
    InvalidInputError,
    InvalidTypeError,
    LabelscopeWarning,
    UnknownColumnError,
    UnreadableMediaError,
)

PIXELS = np.arange(4 * 5 * 6, dtype=np.uint8).reshape(4, 5, 6)
PICTURES = [Image.fromarray(p) for p in PIXELS]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("datasets")


def _images(hub: Any, labels: list[int] | None = None) -> Any:
    features = hub.Features(
        {"image": hub.Image(), "label": hub.ClassLabel(names=["cat", "dog"]), "n": hub.Value("int64")}
    )
    rows = {"image": PICTURES, "label": labels or [0, 1, 1, 0], "n": [1, 2, 3, 4]}
    return hub.Dataset.from_dict(rows, features=features)


def test_images_and_class_names(hub: Any) -> None:
    data = _images(hub)
    dataset = ls.Dataset(data)
    assert dataset.media.kind == "image"
    assert dataset.class_names == ("cat", "dog")
    assert dataset.labels.codes.tolist() == [0, 1, 1, 0]
    assert dataset.labels.original.dtype == np.int64
    assert np.array_equal(dataset.media.array(2), PIXELS[2])
    assert dataset.column("n").tolist() == [1, 2, 3, 4]
    assert dataset.media.caption(1) == "image 1"
    assert pickle.loads(pickle.dumps(dataset)).media.pil(0).size == (6, 5)
    assert dataset.media.content_key() == ls.Dataset(_images(hub)).media.content_key()
    picked = ls.Dataset(data.select([3, 2, 1, 0]), "label")
    assert np.array_equal(picked.media.array(0), PIXELS[3])
    assert picked.media.content_key() != dataset.media.content_key()
    assert ls.Dataset(data, ["x", "y", "y", "x"]).class_names == ("x", "y")
    assert ls.Dataset.from_huggingface(data, "label", ids="n").ids.tolist() == [1, 2, 3, 4]


def test_nothing_is_decoded_at_load(hub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    data = _images(hub)
    monkeypatch.setattr(Image, "open", lambda *a, **k: pytest.fail("decoded"))
    ls.Dataset(data).media.content_key()


def test_minus_one_means_hidden(hub: Any) -> None:
    with pytest.warns(LabelscopeWarning) as caught:
        dataset = ls.Dataset(_images(hub, [0, -1, 1, 0]))
    assert "no class" in str(caught[0].message)
    assert dataset.labels.codes.tolist() == [0, -1, 1, 0]
    assert dataset.labels.rebuild(dataset.labels.codes).tolist() == [0, -1, 1, 0]
    assert dataset.labels.rebuild([0, 1, 1, 0]).tolist() == [0, 1, 1, 0]


def test_texts_tables_and_sounds(hub: Any) -> None:
    words = ["one two three four", "five six seven eight", "nine ten eleven", "twelve and more words"]
    texts = hub.Dataset.from_dict({"text": words, "y": ["a", "b", "a", "b"]})
    assert ls.Dataset(texts, "y").media.text(3) == words[3]
    assert ls.Dataset(texts, "y").labels.original.tolist() == ["a", "b", "a", "b"]
    assert ls.Dataset(texts, [0, 1, 0, 1]).labels.n_classes == 2
    table = hub.Dataset.from_dict({"u": [1, 2, 3, 4], "v": [1.5, 2, 3, 4], "y": [0, 1, 0, 1]})
    assert ls.Dataset(table, "y").media.columns == ("u", "v")
    sounds = hub.Dataset.from_dict({"audio": [{"bytes": b"RIFF", "path": "a.wav"}] * 2, "y": [0, 1]})
    sounds.info.features["audio"] = hub.Audio()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = ls.Dataset(sounds, "y")
    assert dataset.media.kind == "audio"
    assert dataset.media.caption(0) == "a.wav"


def test_what_hub_datasets_are_refused(hub: Any) -> None:
    data = _images(hub)
    with pytest.raises(InvalidInputError, match=r"splits: train, test"):
        ls.Dataset(hub.DatasetDict({"train": data, "test": data}))
    with pytest.raises(InvalidTypeError, match="stream"):
        ls.Dataset(data.to_iterable_dataset())
    with pytest.raises(UnknownColumnError, match="Did you mean 'label'"):
        ls.Dataset(data, "lable")
    two = data.add_column("coarse", [0, 0, 1, 1]).cast_column("coarse", hub.ClassLabel(names=["x", "y"]))
    with pytest.raises(InvalidInputError, match="label, coarse"):
        ls.Dataset(two)
    assert ls.Dataset(two, "coarse").class_names == ("x", "y")
    with pytest.raises(InvalidInputError, match="no rows"):
        ls.Dataset(data.select([]))


# torch-style -----------------------------------------------------------------------------------------


class Pairs:
    """A map-style dataset that shows nothing but its rows."""

    def __init__(self, items: list[Any], labels: list[Any]) -> None:
        self.items, self.answers, self.reads = items, labels, 0

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, row: int) -> tuple[Any, Any]:
        self.reads += 1
        return self.items[row], self.answers[row]


class Records(Pairs):
    def __getitem__(self, row: int) -> Any:
        return {"image": self.items[row], "label": self.answers[row]}


class Subset:
    def __init__(self, dataset: Any, indices: list[int]) -> None:
        self.dataset, self.indices = dataset, indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, row: int) -> Any:
        return self.dataset[self.indices[row]]


def test_rows_of_pictures_are_fetched_when_shown() -> None:
    pairs = Pairs(PICTURES, ["a", "b", "a", "b"])
    dataset = ls.Dataset.from_torch(pairs)
    assert dataset.media.kind == "image"
    assert dataset.labels.rebuild(dataset.labels.codes) == ["a", "b", "a", "b"]
    reads = pairs.reads
    assert np.array_equal(dataset.media.array(3), PIXELS[3])
    assert pairs.reads == reads + 1
    assert len(dataset.media.content_key()) == 32


def test_targets_and_classes_spare_the_walk() -> None:
    pairs = Pairs(PICTURES, [0, 1, 0, 1])
    pairs.targets, pairs.classes = [0, 1, 0, 1], ["cat", "dog"]
    dataset = ls.Dataset(pairs)
    assert dataset.class_names == ("cat", "dog")
    assert pairs.reads == 1
    assert ls.Dataset(pairs, ["x", "y", "x", "y"]).class_names == ("x", "y")
    assert ls.Dataset(pairs, [1, 1, 0, 0]).class_names == ("cat", "dog")


def test_image_folder(tmp_path: Path) -> None:
    paths = [str(tmp_path / f"{i}.png") for i in range(4)]
    for path, picture in zip(paths, PICTURES, strict=True):
        picture.save(path)
    folder = Pairs(paths, [0, 0, 1, 1])
    folder.samples = list(zip(paths, [0, 0, 1, 1], strict=True))
    folder.classes = ["cat", "dog"]
    dataset = ls.Dataset(folder)
    assert dataset.media.caption(1) == "1.png"
    assert dataset.labels.codes.tolist() == [0, 0, 1, 1]
    assert folder.reads == 0
    with pytest.warns(LabelscopeWarning, match="only label is 'dog', in 2"):
        part = ls.Dataset(Subset(Subset(folder, [3, 2, 1]), [0, 1]))
    assert part.media.caption(0) == "3.png"
    assert part.class_names == ("cat", "dog")


def test_arrays_behind_a_dataset_are_taken_untransformed() -> None:
    pairs = Pairs([np.zeros(3)] * 4, [0, 1, 0, 1])
    pairs.data, pairs.targets = PIXELS, [0, 1, 0, 1]
    assert np.array_equal(ls.Dataset(pairs).media.array(1), PIXELS[1])
    assert pairs.reads == 0


def test_features_texts_and_dicts() -> None:
    assert ls.Dataset(Pairs([np.ones(3)] * 4, [0, 1, 0, 1])).media.kind == "features"
    assert ls.Dataset(Pairs(["some text"] * 4, [0, 1, 0, 1])).media.kind == "text"
    rows = Pairs(PICTURES, [0, 1, 0, 1])
    rows.__class__ = Records
    assert ls.Dataset(rows).labels.codes.tolist() == [0, 1, 0, 1]
    with pytest.raises(InvalidInputError, match="no rows"):
        ls.Dataset(Pairs([], []))


def test_list_of_pairs() -> None:
    dataset = ls.Dataset(list(zip(PICTURES, "abab", strict=True)))
    assert dataset.media.kind == "image"
    assert dataset.class_names == ("a", "b")


def test_real_torch_datasets() -> None:
    torch = pytest.importorskip("torch")
    tensors = torch.utils.data.TensorDataset(torch.rand(4, 3), torch.tensor([0, 1, 0, 1]))
    dataset = ls.Dataset(tensors)
    assert dataset.media.kind == "features"
    assert isinstance(dataset.labels.rebuild(dataset.labels.codes), torch.Tensor)
    part = ls.Dataset(torch.utils.data.Subset(tensors, [3, 0, 1, 2]))
    assert part.labels.codes.tolist() == [1, 0, 1, 0]
    walked = ls.Dataset(Pairs([torch.rand(1, 8, 8)] * 4, [torch.tensor(i % 2) for i in range(4)]))
    assert walked.media.pil(0).size == (8, 8)
    assert walked.labels.codes.tolist() == [0, 1, 0, 1]


def test_heavy_packages_stay_unloaded() -> None:
    code = (
        "import sys, labelscope as ls;"
        "ls.Dataset(['a b', 'c d', 'e', 'f'], [0, 1, 0, 1]).media.content_key();"
        "heavy = {'torch', 'pandas', 'polars', 'pyarrow', 'PIL', 'datasets', 'sklearn', 'scipy'};"
        "heavy &= set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


class _Gaps:
    """Pairs of which some cannot be read, as where a file is damaged and a transform raises."""

    def __init__(self, items: list[Any], broken: set[int], **shown: Any) -> None:
        self.items, self.broken = items, broken
        self.__dict__.update(shown)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, row: int) -> tuple[Any, int]:
        if row in self.broken:
            raise OSError("the disk is gone")
        return self.items[row], row % 2


@pytest.mark.parametrize("broken", [{0}, {2}])
def test_a_row_that_raises_is_unreadable_and_unlabelled(broken: set[int]) -> None:
    row = min(broken)
    with pytest.warns(LabelscopeWarning, match=rf"1 of 4 rows .*unlabelled. Row {row}: .*OSError: the disk"):
        dataset = ls.Dataset(_Gaps(PICTURES, broken))
    assert dataset.labels.codes.tolist() == [-1 if i in broken else i % 2 for i in range(4)]
    with pytest.raises(UnreadableMediaError, match=f"Row {row}: .*the disk is gone"):
        dataset.media.pil(row)
    assert dataset.media.pil(1).size == (6, 5)
    with pytest.warns(LabelscopeWarning, match="1 of 4 images cannot be read"):
        audit = ls.audit(dataset)
    assert audit.suspicion[row] == 0
    assert ls.Session(audit, journal=None).labels()[row] is None


def test_a_row_that_raises_keeps_a_label_that_is_known() -> None:
    with pytest.warns(LabelscopeWarning, match="1 of 4 images cannot be read"):
        audit = ls.audit(_Gaps(PICTURES, {2}, targets=[0, 1, 1, 0], classes=["cat", "dog"]))
    assert audit.dataset.labels.codes.tolist() == [0, 1, 1, 0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # labels that are given need no look at the rows
        dataset = ls.Dataset(_Gaps(PICTURES, {2}), ["a", "b", "b", "a"])
    assert dataset.labels.codes.tolist() == [0, 1, 1, 0]


def test_texts_that_cannot_be_read_are_empty() -> None:
    texts = ["one of them", "a second one", "the third", "and the last"]
    with pytest.warns(LabelscopeWarning, match=r"1 of 4 rows .*Row 1: .*OSError"):
        dataset = ls.Dataset(_Gaps(texts, {1}))
    assert dataset.labels.codes.tolist() == [0, -1, 0, 1] and dataset.media.text(0) == "one of them"


def test_a_dataset_that_gives_no_row_at_all() -> None:
    with pytest.raises(UnreadableMediaError, match=r"None of the 4 rows .*the disk is gone") as caught:
        ls.Dataset(_Gaps(PICTURES, {0, 1, 2, 3}))
    assert "dataset[0]" in caught.value.hint


def test_own_labels_keep_the_names_that_a_dataset_declares(hub: Any) -> None:
    dataset = ls.Dataset(_images(hub), np.array([1, 1, 0, 0]))
    assert dataset.class_names == ("cat", "dog") and dataset.labels.codes.tolist() == [1, 1, 0, 0]
    assert ls.Dataset(_images(hub), ["x", "y", "y", "x"]).class_names == ("x", "y")

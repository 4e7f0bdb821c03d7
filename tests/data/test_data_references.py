"""Every data reference opens, or says in three lines what is missing and where it belongs."""

from __future__ import annotations

import gzip
import pickle
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import torch
from torchvision import datasets

from image_bytes import SOUND
from resnetlab.core.errors import DownloadError, ImageError, ResnetlabError, UnknownNameError
from resnetlab.data import archives, load_data
from resnetlab.data.labelled import Split
from resnetlab.data.preprocess import normalise
from resnetlab.data.references import open_data

NOWHERE = "http://127.0.0.1:9/"  # a port that nothing listens on


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder, empty, on a machine without Debian's package."""
    monkeypatch.setenv("RESNETLAB_DATA", str(tmp_path))
    monkeypatch.setattr(archives, "DEBIAN_FASHION_MNIST", tmp_path / "nowhere")
    return tmp_path


@pytest.mark.parametrize("split", ["test", "train"])
def test_digits_come_as_the_laboratory_has_them(split: Split) -> None:
    whole, part = load_data("digits"), open_data("digits", split)
    images = torch.stack([part.read(at) for at in range(len(part))])
    assert (images * 16 - (images * 16).round()).abs().max() < 1e-4
    assert part.own is not None
    theirs = whole.test_images if split == "test" else whole.train_images
    torch.testing.assert_close(normalise(images, part.own), theirs, rtol=0, atol=1e-6)


def test_cifar10_is_read_where_torchvision_would_put_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 3072), dtype=np.uint8)
    (folder / "cifar-10-batches-py").mkdir()
    batch = {"data": pixels, "labels": [3, 1, 2]}
    names = {"label_names": list(map(str, range(10)))}
    for file, content in (("test_batch", batch), ("batches.meta", names)):
        (folder / "cifar-10-batches-py" / file).write_bytes(pickle.dumps(content))
    monkeypatch.setattr(datasets.CIFAR10, "_check_integrity", lambda self: True)
    monkeypatch.setattr(datasets.CIFAR10, "_load_meta", lambda self: setattr(self, "classes", names["label_names"]))
    data = open_data("cifar10")
    assert list(data.labels) == [3, 1, 2]
    assert torch.equal(data.read(1), torch.from_numpy(pixels[1].reshape(3, 32, 32)))


def test_fashion_mnist_is_also_taken_from_debians_package(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 28, 28), dtype=np.uint8)
    monkeypatch.setattr(archives, "DEBIAN_FASHION_MNIST", folder)
    (folder / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(bytes(16) + pixels.tobytes()))
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(bytes(8) + bytes([9, 0, 3, 3])))
    data = open_data("fashion_mnist")
    assert list(data.labels) == [9, 0, 3, 3]
    assert torch.equal(data.read(2), torch.from_numpy(pixels[2:3]))
    assert data.classes[9] == "Ankle boot"


@pytest.mark.skipif(not archives.DEBIAN_FASHION_MNIST.is_dir(), reason="Debian's dataset-fashion-mnist is not here")
def test_fashion_mnists_own_mean_and_deviation_are_those_of_its_training_images() -> None:
    data = open_data("fashion_mnist", "train")
    images = torch.stack([data.read(at) for at in range(len(data))]) / 255
    assert data.own is not None
    assert data.own.mean == pytest.approx((images.mean().item(),), abs=5e-5)
    assert data.own.std == pytest.approx((images.std().item(),), abs=5e-5)


ADDRESSES = {"cifar10": (datasets.CIFAR10, "url"), "cifar100": (datasets.CIFAR100, "url"), "fashion_mnist": None}


@pytest.mark.parametrize("name", ADDRESSES)
def test_without_a_network_the_message_says_whence_and_whither(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets.CIFAR10, "url", NOWHERE)
    monkeypatch.setattr(datasets.CIFAR100, "url", NOWHERE)
    monkeypatch.setattr(datasets.FashionMNIST, "mirrors", [NOWHERE])
    with pytest.raises(DownloadError) as caught:
        open_data(name)
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert archives.ARCHIVES[name].address in lines[1]
    assert str(folder / archives.ARCHIVES[name].folder) in lines[2]


MISTAKES = {
    "cifar1O": "did you mean cifar10",
    "digit": "did you mean digits",
    "imagefolder:": "says no place",
    "folder:here": "unknown data set",
    "hf:user/data": "needs the package datasets",
}


@pytest.mark.parametrize("reference", MISTAKES)
def test_a_mistake_is_answered(reference: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises((ResnetlabError, UnknownNameError), match=MISTAKES[reference]):
        open_data(reference)


class ClassLabel:
    names = ("cat", "dog")


class Image:
    def __init__(self, decode: bool = True) -> None:
        self.decode = decode


class Column(dict[str, list[object]]):
    """A data set as the package `datasets` gives it, as far as it is used."""

    features = types.MappingProxyType({"picture": Image(), "label": ClassLabel(), "note": object()})

    def cast_column(self, name: str, feature: Image) -> list[dict[str, object]]:
        assert (name, feature.decode) == ("picture", False)
        return [{"picture": {"bytes": data, "path": "/dev/zero"}} for data in self["picture"]]


def install(monkeypatch: pytest.MonkeyPatch, validation: Column, version: str = "4.1.0") -> None:
    """Stands in for the package `datasets`, with a data set of one split, beside which nothing may be fetched."""

    def load(name: str, *, split: str) -> Column:
        assert (name, split) == ("user/data", "validation")
        return validation

    package = types.SimpleNamespace(
        __version__=version, load_dataset=load, get_dataset_split_names=lambda name: ["validation"], Image=Image
    )
    monkeypatch.setitem(sys.modules, "datasets", package)


def test_a_data_set_of_the_hub_is_read_by_the_kinds_of_its_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, Column(picture=[SOUND["PNG"], SOUND["GIF"]], label=[1, 0]))
    data = open_data("hf:user/data")
    assert (data.classes, list(data.labels)) == (("cat", "dog"), [1, 0])
    assert data.read(1).shape == (3, 48, 64)
    with pytest.raises(ResnetlabError, match="no train split\nit has validation"):
        open_data("hf:user/data", "train")


def test_a_path_that_a_data_set_names_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, Column(picture=[None], label=[0]))
    with pytest.raises(ImageError, match="hf:user/data, image 0 is not in the data set, which only names a path"):
        open_data("hf:user/data").read(0)


def test_a_package_that_would_run_a_data_sets_code_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, Column(picture=[], label=[]), version="3.6.0")
    with pytest.raises(ResnetlabError, match=r"needs datasets 4 or later, and 3\.6\.0 is installed"):
        open_data("hf:user/data")


def test_a_folder_of_a_data_sets_name_is_not_taken_for_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install(monkeypatch, Column(picture=[SOUND["PNG"]], label=[0]))
    (tmp_path / "user" / "data").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ResnetlabError, match="hf:user/data is also a folder here"):
        open_data("hf:user/data")


@pytest.mark.parametrize("name", ["imagefolder", "csv", "../data", "/etc/data", "user/data/more", "user/", "./data"])
def test_only_the_hubs_own_names_are_handed_on(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, Column(picture=[SOUND["PNG"]], label=[0]))
    with pytest.raises(ResnetlabError, match="names no data set of the hub"):
        open_data(f"hf:{name}")

"""The ResNet-20 published for CIFAR-10 learns other classes in a few steps, with its early layers frozen."""

from __future__ import annotations

import io
import tarfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from data_files import JPEG_IMAGES, PUBLISHED_NET, needs_real_files
from resnetlab import finetune
from resnetlab.data import open_data
from resnetlab.data.archives import DEBIAN_FASHION_MNIST

pytestmark = needs_real_files

ANIMALS = ("bird", "cat", "deer", "dog", "frog")


def write_animals(folder: Path, train_images: int, test_images: int) -> str:
    """The first JPEG images of five of CIFAR-10's classes, as an image folder."""
    most, count = {"train": train_images, "test": test_images}, Counter[tuple[str, str]]()
    with tarfile.open(JPEG_IMAGES) as archive:
        for member in archive:
            split, _, rest = member.name.removeprefix("./").partition("/")
            name = rest.partition("/")[0]
            if member.isfile() and name in ANIMALS and count[split, name] < most[split]:
                count[split, name] += 1
                (folder / split / name).mkdir(parents=True, exist_ok=True)
                (folder / split / rest).write_bytes(archive.extractfile(member).read())  # type: ignore[union-attr]  # a file
    return f"imagefolder:{folder}"


def write_clothes(folder: Path, train_images: int, test_images: int) -> str:
    """The first grey images of every class of Fashion-MNIST, as an image folder."""
    for split, most in (("train", train_images), ("test", test_images)):
        images, count = open_data("fashion_mnist", split), Counter[int]()
        for number, label in enumerate(images.labels):
            if count[label] < most:
                count[label] += 1
                place = folder / split / images.classes[label].replace("/", "-")
                place.mkdir(parents=True, exist_ok=True)
                content = io.BytesIO()
                Image.fromarray(images.read(number)[0].numpy()).save(content, "PNG")
                (place / f"{number}.png").write_bytes(content.getvalue())
    return f"imagefolder:{folder}"


@pytest.mark.parametrize(
    ("write", "classes", "wanted"),
    [
        pytest.param(write_animals, 5, 60, id="five of its ten classes"),
        pytest.param(
            write_clothes,
            10,
            50,
            id="grey clothes",
            marks=pytest.mark.skipif(not DEBIAN_FASHION_MNIST.is_dir(), reason="no package dataset-fashion-mnist"),
        ),
    ],
)
def test_some_thirty_steps_tell_the_new_classes_far_better_than_chance(
    write: Callable[[Path, int, int], str],
    classes: int,
    wanted: float,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("resnetlab.actions.runs.call.write_report", lambda folder: None)
    found = finetune(
        str(PUBLISHED_NET),
        write(tmp_path / "images", 400 // classes, 200 // classes),
        freeze="stem,layer1",
        epochs=3,
        optim={"lr": 0.05},
        schedule={"warmup_epochs": 0.0},
        output=tmp_path / "run",
        quiet=True,
    )
    assert found.evaluation is not None
    assert (found.evaluation.split, found.evaluation.scores.n) == ("test", 200)
    assert found.evaluation.scores.top1 > wanted > 2 * 100 / classes

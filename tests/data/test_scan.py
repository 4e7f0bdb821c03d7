"""Images that cannot be read are found before training, named, and left out only where that is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from image_bytes import SOUND, SPOILED
from resnetlab.core.errors import ImageError
from resnetlab.data import scan
from resnetlab.data.held import Held, hold, ready_images
from resnetlab.data.labelled import LabelledImages
from resnetlab.data.references import open_data
from resnetlab.data.scan import left_out_remark, readable
from resnetlab.specs.augmentation import Augmentation
from resnetlab.specs.preprocessing import IMAGENET_MEAN, IMAGENET_STD, Preprocessing

HOW = Preprocessing(32, 32, IMAGENET_MEAN, IMAGENET_STD)
ONE_BY_ONE = Augmentation(randaugment=2)


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory: pytest.TempPathFactory) -> LabelledImages:
    """Every sound file and every spoiled one, in two classes."""
    root = tmp_path_factory.mktemp("spoiled")
    for kind, files in (("flower", SOUND), ("temple", {**SOUND, **SPOILED})):
        (root / kind).mkdir()
        for number, data in enumerate(files.values()):
            (root / kind / f"{number:03}.jpg").write_bytes(data)
    assert len(SPOILED) >= 40
    return open_data(f"imagefolder:{root}", "train")


@pytest.fixture(params=[0, 10**6], ids=["in processes", "in this process"])
def somewhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "WORTH_PROCESSES", request.param)


@pytest.mark.usefixtures("somewhere")
@pytest.mark.parametrize("augmentation", [Augmentation(), ONE_BY_ONE], ids=["held", "streamed"])
def test_spoiled_images_are_refused_by_name(augmentation: Augmentation, spoiled: LabelledImages) -> None:
    with pytest.raises(ImageError) as caught:
        ready_images(spoiled, HOW, augmentation, quiet=True)
    first, second = str(caught.value).splitlines()
    assert f"{len(SPOILED)} of {len(spoiled)} images cannot be read" in first
    assert str(spoiled.files[2 * len(SOUND)]) in first
    assert f"and {len(SPOILED) - 3} more" in first
    assert "--skip-unreadable" in second


@pytest.mark.usefixtures("somewhere")
@pytest.mark.parametrize("augmentation", [Augmentation(), ONE_BY_ONE], ids=["held", "streamed"])
def test_they_are_left_out_where_that_is_asked(augmentation: Augmentation, spoiled: LabelledImages) -> None:
    images, unreadable = ready_images(spoiled, HOW, augmentation, skip_unreadable=True, quiet=True)
    assert [one.path for one in unreadable] == [str(file) for file in spoiled.files[2 * len(SOUND) :]]
    assert len(images) == 2 * len(SOUND)
    assert isinstance(images, Held) == (augmentation != ONE_BY_ONE)
    labels = images.labels.tolist() if isinstance(images, Held) else list(images.labels)
    assert labels == [0] * len(SOUND) + [1] * len(SOUND)
    assert left_out_remark(unreadable, len(spoiled)) == (
        f"{len(SPOILED)} of {len(spoiled)} images could not be read and are left out",
    )


def test_images_that_are_held_are_those_that_could_be_read(spoiled: LabelledImages) -> None:
    held = hold(spoiled, HOW, skip_unreadable=True, quiet=True)
    kept, _ = readable(spoiled, skip_unreadable=True, quiet=True)
    assert torch.equal(held.images, hold(kept, HOW, quiet=True).images)


def test_nothing_is_left_to_train_on_where_no_image_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "1.jpg").write_bytes(b"")
    with pytest.raises(ImageError, match=r"1 of 1 images cannot be read: .*1\.jpg is empty"):
        ready_images(open_data(f"imagefolder:{tmp_path}", "train"), HOW, Augmentation(), skip_unreadable=True)


def test_images_in_memory_are_not_looked_at_again() -> None:
    digits = open_data("digits", "train")
    assert readable(digits) == (digits, ())

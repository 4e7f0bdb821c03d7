"""Images that cannot be read are found before training, named, and left out only where that is asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from image_bytes import SOUND, SPOILED
from resnetlab.core.errors import ImageError
from resnetlab.data import scan
from resnetlab.data.held import hold
from resnetlab.data.images import check_image
from resnetlab.data.labelled import LabelledImages
from resnetlab.data.references import open_data
from resnetlab.data.scan import left_out_remark, readable, refuse_at_a_glance
from resnetlab.specs.preprocessing import IMAGENET_MEAN, IMAGENET_STD, Preprocessing

HOW = Preprocessing(32, 32, IMAGENET_MEAN, IMAGENET_STD)


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
@pytest.mark.parametrize("look", [partial(hold, how=HOW), readable], ids=["held", "streamed"])
def test_spoiled_images_are_refused_by_name(look: Callable[..., object], spoiled: LabelledImages) -> None:
    with pytest.raises(ImageError) as caught:
        look(spoiled, quiet=True)
    first, second = str(caught.value).splitlines()
    assert f"{len(SPOILED)} of {len(spoiled)} images cannot be read" in first
    assert str(spoiled.files[2 * len(SOUND)]) in first
    assert f"and {len(SPOILED) - 3} more" in first
    assert "--skip-unreadable" in second


@pytest.mark.usefixtures("somewhere")
def test_they_are_left_out_where_that_is_asked(spoiled: LabelledImages) -> None:
    held = hold(spoiled, HOW, skip_unreadable=True, quiet=True)
    images, unreadable = readable(spoiled, skip_unreadable=True, quiet=True)
    assert [one.path for one in unreadable] == [str(file) for file in spoiled.files[2 * len(SOUND) :]]
    assert held.unreadable == unreadable
    assert list(images.labels) == held.labels.tolist() == [0] * len(SOUND) + [1] * len(SOUND)
    assert left_out_remark(unreadable, len(spoiled)) == (
        f"{len(SPOILED)} of {len(spoiled)} images could not be read and are left out",
    )


@pytest.mark.parametrize("ranks", [2, 3])
def test_processes_read_a_share_each_and_get_what_one_alone_reads(ranks: int, spoiled: LabelledImages) -> None:
    alone = hold(spoiled, HOW, skip_unreadable=True, quiet=True)
    waiting, given = threading.Barrier(ranks), [None] * ranks
    groups = [Together(rank, ranks, waiting, given) for rank in range(ranks)]
    with ThreadPoolExecutor(ranks) as pool:
        held = list(pool.map(lambda one: hold(spoiled, HOW, skip_unreadable=True, quiet=True, group=one), groups))
    for one in held:
        assert torch.equal(one.images, alone.images)
        assert torch.equal(one.labels, alone.labels)
        assert one.unreadable == alone.unreadable


@dataclass
class Together:
    """Threads that stand for processes."""

    rank: int
    ranks: int
    waiting: threading.Barrier
    given: list[Any]
    local_ranks: int = 1

    def gather(self, mine: Any) -> list[Any]:
        self.given[self.rank] = mine
        self.waiting.wait()
        return list(self.given)


def test_a_glance_tells_all_but_damage_within_a_picture_and_decodes_nothing_that_is_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed = []
    for number, (kind, data) in enumerate(SPOILED.items()):
        file = tmp_path / f"{number}.jpg"
        file.write_bytes(data)
        with suppress(ImageError):
            check_image(file)
            passed.append(kind)
    assert passed == ["PNG with a flipped bit"]
    monkeypatch.setattr("resnetlab.data.images.read_image", lambda path: pytest.fail(f"{path} was decoded"))
    for kind in ("JPEG", "progressive JPEG", "PNG"):
        (tmp_path / kind).write_bytes(SOUND[kind])
        check_image(tmp_path / kind)


def test_a_glance_at_many_images_names_those_that_are_none(spoiled: LabelledImages) -> None:
    with pytest.raises(ImageError, match=f"{len(SPOILED) - 1} of {len(spoiled)} images cannot be read"):
        refuse_at_a_glance(spoiled, quiet=True)


def test_images_that_are_held_are_those_that_could_be_read(spoiled: LabelledImages) -> None:
    held = hold(spoiled, HOW, skip_unreadable=True, quiet=True)
    kept, _ = readable(spoiled, skip_unreadable=True, quiet=True)
    assert torch.equal(held.images, hold(kept, HOW, quiet=True).images)


def test_nothing_is_left_to_train_on_where_no_image_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "1.jpg").write_bytes(b"")
    with pytest.raises(ImageError, match=r"1 of 1 images cannot be read: .*1\.jpg is empty"):
        hold(open_data(f"imagefolder:{tmp_path}", "train"), HOW, skip_unreadable=True, quiet=True)


def test_images_in_memory_are_not_looked_at_again() -> None:
    digits = open_data("digits", "train")
    assert readable(digits) == (digits, ())

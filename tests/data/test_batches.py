"""The batches of an epoch are the same wherever the images are, however many read them, whoever shares them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest
import torch
from torch import Tensor

from picture_folders import write_classes
from resnetlab.core.errors import ResnetlabError
from resnetlab.data.batches import Batch, Batches, Delivery, evaluation_batches, training_batches
from resnetlab.data.held import fits_in_memory, hold
from resnetlab.data.labelled import LabelledImages, Stack
from resnetlab.data.preparation import Place
from resnetlab.data.preprocess import cut, normalise
from resnetlab.data.references import open_data
from resnetlab.specs.augmentation import Augmentation
from resnetlab.specs.preprocessing import IMAGENET_MEAN, IMAGENET_STD, Preprocessing

HOW = Preprocessing(32, 36, IMAGENET_MEAN, IMAGENET_STD)
EVERYTHING = Augmentation(crop_padding=4, flip="random", cutout=8, mixup=0.2, cutmix=1.0)
ONE_BY_ONE = Augmentation(crop_scale=(0.3, 1.0), flip="alternating", randaugment=2, cutout=8)
CHANGES = {"none": Augmentation(), "of whole batches": EVERYTHING, "one by one": ONE_BY_ONE}
ALL_AT_ONCE = ("none", "of whole batches")
PLACE = Place("cpu")


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> LabelledImages:
    root = write_classes(tmp_path_factory.mktemp("data") / "classes", count=13, side=48)
    return open_data(f"imagefolder:{root}", "train")


def streamed(images: LabelledImages, augmentation: Augmentation, limit: int | None = None, **options: int) -> Batches:
    return training_batches(images, Delivery(HOW, 8, PLACE, **options), augmentation, seed=5, limit=limit)


def in_memory(images: LabelledImages, augmentation: Augmentation, limit: int | None = None, **options: int) -> Batches:
    held = hold(images, HOW, quiet=True)
    return training_batches(held, Delivery(HOW, 8, PLACE, **options), augmentation, seed=5, limit=limit)


MAKERS: dict[str, Callable[..., Batches]] = {"in memory": in_memory, "streamed": streamed}
EVERY_WAY = [("streamed", changes) for changes in CHANGES] + [("in memory", changes) for changes in ALL_AT_ONCE]


def equal(one: list[Batch], other: list[Batch]) -> bool:
    pairs = list(zip(one, other, strict=True))
    return bool(pairs) and all(torch.equal(a.images, b.images) and torch.equal(a.labels, b.labels) for a, b in pairs)


def together(parts: list[list[Batch]]) -> list[Tensor]:
    """The global batches of several processes."""
    return [
        torch.stack([batch.images for batch in batches], dim=1).flatten(0, 1) for batches in zip(*parts, strict=True)
    ]


@pytest.mark.parametrize("changes", CHANGES)
def test_any_number_of_workers_gives_the_same_bits(changes: str, photographs: LabelledImages) -> None:
    expected = list(streamed(photographs, CHANGES[changes]).epoch(1))
    assert len(expected) == 3
    for workers in (1, 2, 4):
        assert equal(list(streamed(photographs, CHANGES[changes], workers=workers).epoch(1)), expected)


@pytest.mark.parametrize("changes", ALL_AT_ONCE)
def test_images_held_in_memory_give_the_same_bits_as_streamed_ones(changes: str, photographs: LabelledImages) -> None:
    for epoch in range(2):
        memory, stream = (make(photographs, CHANGES[changes]).epoch(epoch) for make in (in_memory, streamed))
        assert equal(list(memory), list(stream))


def test_many_images_of_one_size_are_resized_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resnetlab.data.held.PIECE", 5)
    digits, larger = open_data("digits", "test"), Preprocessing(12, 12, (0.5,), (0.5,))
    assert isinstance(digits.read, Stack)
    assert len(digits) % 5
    torch.testing.assert_close(hold(digits, larger, quiet=True).images, cut(digits.read.images, larger))


@pytest.mark.parametrize(("maker", "changes"), EVERY_WAY)
def test_an_epoch_is_the_same_from_its_middle_on(maker: str, changes: str, photographs: LabelledImages) -> None:
    batches = MAKERS[maker](photographs, CHANGES[changes])
    whole = list(batches.epoch(2))
    assert equal(list(MAKERS[maker](photographs, CHANGES[changes]).epoch(2, first=1)), whole[1:])
    assert not equal(list(batches.epoch(3)), whole)


def test_what_comes_before_the_middle_is_not_read(photographs: LabelledImages) -> None:
    read: list[int] = []
    watched = LabelledImages(
        "watched", "train", photographs.classes, photographs.labels, lambda at: read.append(at) or photographs.read(at)
    )
    list(streamed(watched, EVERYTHING).epoch(0, first=2))
    assert len(read) == 8


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("ranks", [2, 4])
def test_processes_share_the_same_global_batches(
    make: Callable[..., Batches], ranks: int, photographs: LabelledImages
) -> None:
    asked = Augmentation(crop_padding=4, flip="random", cutout=8)
    alone = [batch.images for batch in make(photographs, asked).epoch(0)]
    shared = together([list(make(photographs, asked, rank=rank, ranks=ranks).epoch(0)) for rank in range(ranks)])
    assert all(torch.equal(one, other) for one, other in zip(alone, shared, strict=True))


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_a_limit_gives_the_same_unchanged_batches_every_epoch(
    make: Callable[..., Batches], photographs: LabelledImages
) -> None:
    limited, plain = make(photographs, EVERYTHING, limit=1), make(photographs, Augmentation())
    assert limited.steps == 1
    for epoch in range(2):
        assert equal(list(limited.epoch(epoch)), list(islice(plain.epoch(0), 1)))


def test_unchanged_images_are_what_evaluation_sees(photographs: LabelledImages) -> None:
    batch = next(in_memory(photographs, Augmentation()).epoch(0))
    seen = {tuple(image.flatten().tolist()) for image in batch.images}
    all_cut = normalise(torch.stack([cut(photographs.read(at), HOW) for at in range(len(photographs))]), HOW)
    assert seen < {tuple(image.flatten().tolist()) for image in all_cut}


@pytest.mark.parametrize("ranks", [1, 2, 3])
@pytest.mark.parametrize("workers", [0, 2])
def test_evaluation_sees_every_image_once_and_in_order(ranks: int, workers: int, photographs: LabelledImages) -> None:
    held = hold(photographs, HOW, quiet=True)
    expected = normalise(held.images, HOW)
    for images in (held, photographs):
        found = torch.zeros_like(expected)
        count = 0
        for rank in range(ranks):
            batches = evaluation_batches(images, Delivery(HOW, 9, PLACE, rank, ranks, workers))
            places = [part for stretch in torch.arange(26).split(9) if len(part := stretch[rank::ranks])]
            for _ in range(2):  # it can be gone through again
                for part, batch in zip(places, batches, strict=True):
                    found[part] = batch.images
                    assert batch.labels.tolist() == [photographs.labels[at] for at in part.tolist()]
            count += sum(map(len, places))
        assert count == 26
        assert torch.equal(found, expected)


@pytest.mark.parametrize("changes", CHANGES)
def test_values_stand_in_memory_as_asked(changes: str, photographs: LabelledImages) -> None:
    delivery = Delivery(HOW, 8, Place("cpu", channels_last=True))
    batches = training_batches(photographs, delivery, CHANGES[changes], seed=5)
    for batch, plain in zip(batches.epoch(0), streamed(photographs, CHANGES[changes]).epoch(0), strict=True):
        assert batch.images.is_contiguous(memory_format=torch.channels_last)
        assert torch.equal(batch.images, plain.images)


def test_images_of_float_values_keep_them() -> None:
    digits = open_data("digits", "train")
    assert digits.own is not None
    held = hold(digits, digits.own)
    assert torch.equal(held.images[7], digits.read(7))
    batch = next(training_batches(held, Delivery(digits.own, 64, PLACE), Augmentation(), seed=0).epoch(0))
    assert batch.images.shape == (64, 1, 8, 8)


def test_the_networks_own_random_numbers_are_not_drawn_from(photographs: LabelledImages) -> None:
    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    for workers in (0, 2):
        list(streamed(photographs, ONE_BY_ONE, workers=workers).epoch(0))
    list(in_memory(photographs, EVERYTHING).epoch(0))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_where_every_process_computes_along_each_has_as_many_batches(photographs: LabelledImages) -> None:
    held = hold(photographs, HOW, quiet=True)
    for images in (held, photographs):
        shares = [list(evaluation_batches(images, Delivery(HOW, 5, PLACE, rank, 5, 0, True))) for rank in range(5)]
        assert [len(share) for share in shares] == [6] * 5
        assert [len(share[-1].images) for share in shares] == [1, 0, 0, 0, 0]
        assert {share[-1].images.shape[1:] for share in shares} == {(3, 32, 32)}


def test_images_are_held_where_all_parts_in_all_processes_of_a_machine_take_little_room() -> None:
    assert fits_in_memory(10_000, HOW)
    most = 2_000_000_000 // (3 * 32 * 32)
    assert (fits_in_memory(most, HOW), fits_in_memory(most + 1, HOW)) == (True, False)
    assert (fits_in_memory(most // 4, HOW, 4), fits_in_memory(most // 2, HOW, 4)) == (True, False)


def test_more_images_in_a_batch_than_there_are_is_refused(photographs: LabelledImages, tmp_path: Path) -> None:
    with pytest.raises(ResnetlabError, match="has 26 training images\ngive 1 to 26"):
        training_batches(photographs, Delivery(HOW, 27, PLACE), EVERYTHING, seed=0)

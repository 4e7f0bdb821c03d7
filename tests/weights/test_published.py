"""Published weights compute in our networks what they compute in their authors', and bring what is known of them."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import local_server as servers
import pytest
import torch
import torchvision
from library_networks import lively
from torch import Tensor, nn
from torchvision.transforms.v2 import functional as images_as

from data_files import PUBLISHED_NET, needs_real_files
from resnetlab import create_model
from resnetlab.core.errors import DownloadError, ResnetlabError, UnknownNameError
from resnetlab.specs import ZOO
from resnetlab.specs.card import ModelCard
from resnetlab.specs.classes import CIFAR10
from resnetlab.weights import libraries, list_pretrained, load_checkpoint, published
from resnetlab.weights.download import Patience, fetch
from resnetlab.weights.libraries import torchvision_model
from resnetlab.weights.published import CIFAR_FILES, find_published, pretrained_model
from twins import assert_same_bits_in_evaluation, enliven

SHARED = sorted(ZOO.keys() & set(torchvision.models.list_models(module=torchvision.models)))
SMALL = ("resnet18", "regnet_x_400mf", "regnet_y_400mf", "densenet121", "efficientnet_b0")
Publish = Callable[[str, object], None]


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


@pytest.fixture
def publish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publish]:
    """Put something at the address of published weights: a server of this machine answers in their servers' place."""
    served: dict[str, str] = {}

    def fetch_here(url: str, sha256: str) -> Path:
        assert url.startswith("https://")
        assert f"-{sha256}." in url
        here = served[url]
        return fetch(here, here.rpartition("-")[2].partition(".")[0], tmp_path, patience=Patience(silence=10))

    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(published, "fetch", fetch_here)
    monkeypatch.setattr(libraries, "fetch", fetch_here)
    with servers.local_server() as server:

        def put(url: str, content: object) -> None:
            stream = io.BytesIO()
            torch.save(content, stream)
            digits = hashlib.sha256(stream.getvalue()).hexdigest()[:8]
            served[url] = server.serve(f"/net-{digits}.pth", stream.getvalue(), servers.cut_after(100_000))

        yield put


def as_published(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """DenseNets as the published file spells them: `denselayer1.norm.1`."""
    return {re.sub(r"(denselayer\d+\.(?:norm|conv))(\d)\.", r"\1.\2.", key): state[key] for key in state}


def assert_same_logits(ours: nn.Module, theirs: nn.Module, side: int = 64) -> None:
    assert not ours.training
    assert_same_bits_in_evaluation(ours, theirs, torch.randn(2, 3, side, side))


def card_of(model: nn.Module) -> ModelCard:
    assert isinstance(model.card, ModelCard)
    return model.card


@pytest.mark.parametrize("name", [pytest.param(n, marks=[] if n in SMALL else [pytest.mark.full]) for n in SHARED])
def test_torchvisions_weights_compute_torchvisions_logits_bit_for_bit(publish: Publish, name: str) -> None:
    theirs, weights = lively("torchvision", name), torchvision.models.get_model_weights(name).DEFAULT
    publish(weights.url, as_published(theirs.state_dict()))
    ours = create_model(name, pretrained=True)
    assert_same_logits(ours, theirs)
    assert card_of(ours).spec == ours.spec == ZOO[name]
    assert card_of(ours).source == f"torchvision {weights.name}"
    assert card_of(ours).classes == tuple(weights.meta["categories"])


def test_every_network_that_torchvision_shares_with_the_zoo_has_weights() -> None:
    assert len(SHARED) == 22
    assert all(list_pretrained(name) for name in SHARED)


WITHOUT_FEATURES = [reference for reference in list_pretrained() if "akamaster" not in reference]


@pytest.mark.parametrize("reference", WITHOUT_FEATURES)
def test_images_are_prepared_as_torchvision_prepares_them(reference: str) -> None:
    name, _, tag = reference.partition("@")
    image = torch.rand(3, 300, 260)
    told = find_published(name, tag).card.preprocessing
    assert told is not None
    resized = images_as.resize(image, [told.resize], images_as.InterpolationMode(told.interpolation), antialias=True)
    cut = images_as.center_crop(resized, [told.size])
    expected = torchvision.models.get_model_weights(name)[tag].transforms()(image)
    torch.testing.assert_close(images_as.normalize(cut, list(told.mean), list(told.std)), expected)


def test_the_default_of_resnet50_is_torchvisions_second_and_a_tag_takes_another() -> None:
    second, first = find_published("resnet50"), find_published("resnet50", "IMAGENET1K_V1")
    assert (second.url, second.sha256) == ("https://download.pytorch.org/models/resnet50-11ad3fa6.pth", "11ad3fa6")
    assert (first.url, first.sha256) == ("https://download.pytorch.org/models/resnet50-0676ba61.pth", "0676ba61")
    assert find_published("resnet50", "DEFAULT") == second
    assert list_pretrained("resnet50") == ["resnet50@IMAGENET1K_V1", "resnet50@IMAGENET1K_V2"]


def test_weights_without_a_head_are_not_offered() -> None:
    assert "IMAGENET1K_FEATURES" in [one.name for one in torchvision.models.VGG16_Weights]
    assert list_pretrained("vgg16") == ["vgg16@IMAGENET1K_V1"]


def test_another_number_of_classes_gets_a_fresh_head_and_keeps_all_else(publish: Publish) -> None:
    theirs = lively("torchvision", "resnet18")
    publish(torchvision.models.ResNet18_Weights.DEFAULT.url, theirs.state_dict())
    ours = create_model("resnet18", 10, pretrained="IMAGENET1K_V1", drop_path=0.1)
    state = theirs.state_dict()
    assert all(
        torch.equal(tensor, state[key]) for key, tensor in ours.state_dict().items() if not key.startswith("fc.")
    )
    assert ours.get_parameter("fc.weight").shape == (10, 512)
    assert ours.get_parameter("fc.weight").std() > 0
    card = card_of(ours)
    assert card.spec is not None
    assert (card.spec.name, card.classes, card.is_trained) == ("resnet18[num_classes=10,drop_path=0.1]", None, False)
    assert card.assumptions == (
        "all but the last layer is from torchvision IMAGENET1K_V1; the last layer is as drawn",
    )


def test_fields_as_texts_of_a_reference_do_the_same(publish: Publish) -> None:
    publish(torchvision.models.ResNet18_Weights.DEFAULT.url, lively("torchvision", "resnet18").state_dict())
    model = pretrained_model("resnet18", "DEFAULT", num_classes="7", zero_init_last="true")
    assert model(torch.zeros(1, 3, 64, 64)).shape == (1, 7)


def test_what_only_matters_in_training_leaves_the_weights(publish: Publish) -> None:
    theirs = lively("torchvision", "resnet18")
    publish(torchvision.models.ResNet18_Weights.DEFAULT.url, theirs.state_dict())
    fields: dict[str, Any] = {"drop_path": 0.1, "head_dropout": 0.2, "zero_init_last": True, "init": "xavier"}
    assert_same_logits(create_model("resnet18", 1000, 3, pretrained=True, **fields), theirs)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "depths": ({"depths": (2, 2, 2, 1)}, "depths=(2, 2, 2, 1) makes another network of resnet50"),
    "width": ({"width": 32}, "width=32 makes another network"),
    "shortcut": ({"shortcut": "A"}, "shortcut=A makes another network"),
    "stride_in": ({"stride_in": "1x1"}, "stride_in=1x1 makes another network"),
    "in_channels": ({"in_channels": 1}, "in_channels=1 does not fit published weights, which take 3 channels"),
}


@pytest.mark.parametrize("field", REFUSED)
def test_another_network_than_the_weights_belong_to_is_refused(field: str) -> None:
    fields, message = REFUSED[field]
    with pytest.raises(ResnetlabError, match=re.escape(message)):
        create_model("resnet50", pretrained=True, **fields)


def test_names_without_weights_and_weights_without_a_name_are_told_apart() -> None:
    with pytest.raises(ResnetlabError, match=r"plain34 has no published weights.*\nthese have: resnet18, resnet34"):
        create_model("plain34", pretrained=True)
    with pytest.raises(UnknownNameError, match=r"'IMAGENET1K_V3'.*\nall of them: IMAGENET1K_V1, IMAGENET1K_V2"):
        create_model("resnet50", pretrained="IMAGENET1K_V3")
    with pytest.raises(UnknownNameError, match="unknown model 'resnet51'"):
        create_model("resnet51", pretrained=True)
    assert list_pretrained("plain34") == []


def test_without_a_network_the_message_tells_what_to_do_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # where nothing listens
    with pytest.raises(DownloadError) as failure:
        create_model("resnet50", pretrained=True)
    first, *rest = str(failure.value).splitlines()
    assert first.startswith("https://download.pytorch.org/models/resnet50-11ad3fa6.pth cannot be downloaded: ")
    assert rest == [
        f"the file may be put by hand at {tmp_path}/hub/checkpoints/resnet50-11ad3fa6.pth",
        "its SHA-256 must begin with 11ad3fa6",
    ]


@pytest.mark.parametrize("name", ["resnet20", "resnet32", pytest.param("resnet1202", marks=pytest.mark.full)])
def test_cifar_networks_read_their_authors_names(publish: Publish, name: str) -> None:
    trained = enliven(create_model(name), torch.randn(4, 3, 32, 32))
    renamed = {f"module.{key.replace('fc.', 'linear.')}": value for key, value in trained.state_dict().items()}
    publish(find_published(name).url, {"state_dict": renamed, "best_prec1": 91.73})
    ours = create_model(name, pretrained="akamaster")
    assert_same_logits(ours, trained, side=32)
    assert card_of(ours).classes == CIFAR10
    assert card_of(ours).licence == "BSD-2-Clause"
    assert list_pretrained(name) == [f"{name}@akamaster"]


def test_the_addresses_of_cifar_weights_carry_their_depth_and_hash() -> None:
    assert list(CIFAR_FILES) == [f"resnet{depth}" for depth in (20, 32, 44, 56, 110, 1202)]
    assert all(re.fullmatch(rf"{name}-[0-9a-f]{{8}}\.th", file) for name, file in CIFAR_FILES.items())
    assert len({find_published(name).sha256 for name in CIFAR_FILES}) == 6


@pytest.mark.parametrize("net", [pytest.param(PUBLISHED_NET, marks=needs_real_files, id="resnet20")])
def test_the_really_published_file_comes_through_breaks_and_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, net: Path
) -> None:
    content, weights = net.read_bytes(), find_published("resnet20")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with servers.local_server() as server:
        url = server.serve("/resnet20-12fca82f.th", content, servers.cut_after(1_000_000), servers.silent_after(0))
        hurry = Patience(silence=0.3, pause=0.01)
        monkeypatch.setattr(published, "fetch", lambda _, sha256: fetch(url, sha256, tmp_path, patience=hurry))
        model = create_model("resnet20", pretrained=True)
    assert weights.sha256 == hashlib.sha256(content).hexdigest()[:8]
    assert server.asked["/resnet20-12fca82f.th"] == [None, "bytes=1000000-", "bytes=1000000-"]
    from_file = load_checkpoint(net)  # whose accuracy is measured elsewhere
    assert_same_logits(model, from_file, side=32)
    assert (card_of(model).preprocessing, card_of(model).classes) == (
        card_of(from_file).preprocessing,
        card_of(from_file).classes,
    )


@pytest.mark.parametrize("name", ["resnet18", "densenet121"])
def test_torchvisions_own_network_is_given_with_its_card(publish: Publish, name: str) -> None:
    theirs, weights = lively("torchvision", name), torchvision.models.get_model_weights(name).DEFAULT
    publish(weights.url, as_published(theirs.state_dict()))
    model, card = torchvision_model(name, "IMAGENET1K_V1")
    assert type(model) is type(theirs)
    assert_same_logits(model, theirs)
    assert card == find_published(name).card


def test_what_torchvision_does_not_have_is_said() -> None:
    with pytest.raises(UnknownNameError, match="unknown network of torchvision 'resnet20'"):
        torchvision_model("resnet20")
    with pytest.raises(UnknownNameError, match="all of them: IMAGENET1K_V1"):
        torchvision_model("resnet18", "IMAGENET1K_V2")
    with pytest.raises(ResnetlabError, match="no head"):
        torchvision_model("vgg16", "IMAGENET1K_FEATURES")
    assert torchvision_model("resnet18", None)[1] == ModelCard()

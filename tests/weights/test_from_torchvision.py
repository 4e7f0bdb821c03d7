"""Weights that do not fit are refused by name, and change nothing; published spellings of a name are all read."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import torch
import torchvision
from torch import Tensor, nn

from resnetlab import create_model
from resnetlab.core.errors import WeightsError
from resnetlab.specs.parts import Stem
from resnetlab.weights import from_torchvision

State = dict[str, Tensor]


def resnet() -> nn.Module:
    return create_model("resnet18", width=8, num_classes=4)


def without(state: State, *keys: str) -> State:
    return {key: tensor for key, tensor in state.items() if key not in keys}


SPOILED: dict[str, tuple[Callable[[State], dict[str, object]], str]] = {
    "missing": (lambda state: without(state, "fc.bias", "bn1.weight"), "missing: bn1.weight, fc.bias"),
    "unexpected": (lambda state: {**state, "fc2.bias": torch.zeros(4)}, "unexpected: fc2.bias"),
    "of another shape": (
        lambda state: {**state, "fc.weight": torch.zeros(5, 64), "fc.bias": torch.tensor(1.0)},
        "of another shape: fc.weight (5×64, here 4×64), fc.bias (a number, here 4)",
    ),
    "without values": (
        lambda state: {**state, "fc.bias": torch.zeros(4, device="meta")},
        "of another shape: fc.bias (4 without values, here 4)",
    ),
    "no tensor": (lambda state: {**state, "fc.bias": [0.0] * 4}, "of another shape: fc.bias (list, here 4)"),
    "several at once": (
        lambda state: {**without(state, "fc.bias"), "head.bias": torch.zeros(4)},
        "missing: fc.bias; unexpected: head.bias",
    ),
}


@pytest.mark.parametrize("fault", SPOILED)
def test_weights_that_do_not_fit_are_listed_and_nothing_is_loaded(fault: str) -> None:
    spoil, listed = SPOILED[fault]
    model, before = resnet(), resnet().state_dict()
    model.load_state_dict(before)
    with pytest.raises(WeightsError, match=re.escape(f"nothing was loaded\n{listed}")) as refusal:
        from_torchvision(model, spoil(resnet().state_dict()))  # type: ignore[arg-type]  # on purpose
    assert "these weights do not fit resnet18[num_classes=4,width=8]" in str(refusal.value)
    assert all(torch.equal(tensor, before[key]) for key, tensor in model.state_dict().items())


def test_many_tensors_at_fault_are_counted_by_part_and_all_listed_in_a_note() -> None:
    """A traceback shows notes; on a command line the message is what can be read."""
    model, other = create_model("resnet34", width=8, num_classes=4), resnet().state_dict()
    wanted = [key for key in model.state_dict() if key not in other and "num_batches" not in key]
    with pytest.raises(WeightsError) as refusal:
        from_torchvision(model, other)
    told, (note,) = str(refusal.value), refusal.value.__notes__
    assert f"missing: {len(wanted)}, as {wanted[0]}; in layer1.2" in told
    assert len(told.splitlines()) == 2
    assert len(told) < 400
    assert note == f"missing: {', '.join(wanted)}"
    parts = re.findall(r"layer\S+ \((\d+)\)", told)
    assert sum(map(int, parts)) == len(wanted)


def test_a_network_without_memory_is_not_filled_in_silence() -> None:
    with torch.device("meta"):
        model = resnet()
    with pytest.raises(WeightsError, match="on the meta device, without memory"):
        from_torchvision(model, resnet().state_dict())


def test_counts_of_batches_may_be_missing_as_in_old_files() -> None:
    model, state = resnet(), resnet().state_dict()
    from_torchvision(model, {key: tensor for key, tensor in state.items() if "num_batches" not in key})
    assert torch.equal(model.get_parameter("fc.weight"), state["fc.weight"])


def published_densenet_names(state: State) -> State:
    """As the published file has them: `denselayer1.norm.1`, where the module says `norm1`."""
    return {re.sub(r"(denselayer\d+\.(?:norm|conv))(\d)\.", r"\1.\2.", key): state[key] for key in state}


def test_both_spellings_of_densenets_names_are_read_but_not_together() -> None:
    theirs = torchvision.models.DenseNet(4, (1, 1), num_init_features=8, num_classes=3).state_dict()
    published = published_densenet_names(theirs)
    assert published.keys() != theirs.keys()
    stem = Stem(8, kernel=7, stride=2, max_pool=True)
    first, second = (create_model("densenet121", 3, growth=4, depths="1/1", stem=stem) for _ in range(2))
    from_torchvision(first, theirs)
    from_torchvision(second, published)
    pairs = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)
    with pytest.raises(WeightsError, match=r"given twice: features\.denseblock1"):
        from_torchvision(first, theirs | published)

"""Precision and memory format are what the device does fast, and say why."""

from __future__ import annotations

import pytest
import torch

from resnetlab import create_model
from resnetlab.core.errors import ResnetlabError
from resnetlab.training.precision import choose_channels_last, choose_precision, has_fast_bfloat16


@pytest.mark.parametrize(
    ("capabilities", "chosen"),
    [({"avx512_bf16": True}, "bf16"), ({"amx_bf16": True}, "bf16"), ({"avx2": True}, "fp32"), ({}, "fp32")],
)
def test_a_processor_trains_in_bfloat16_where_it_has_instructions_for_it(
    capabilities: dict[str, object], chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: capabilities, raising=False)
    assert choose_precision("cpu").precision == chosen
    assert has_fast_bfloat16("cpu") is (chosen == "bf16")
    assert not has_fast_bfloat16("mps")


def test_what_is_asked_for_is_taken_and_float16_on_a_processor_refused() -> None:
    assert choose_precision("cpu", "fp32").reason == "as asked"
    assert choose_channels_last("cpu", "off") == (False, "as asked")
    with pytest.raises(ResnetlabError, match="--precision fp16"):
        choose_precision("cpu", "fp16")


def test_channels_lie_first_where_a_processor_would_write_past_its_memory() -> None:
    for channels, stride, last in ((4, 2, False), (4, 1, True), (8, 2, True)):
        model = torch.nn.Sequential(torch.nn.Conv2d(channels, 16, 1, stride))
        assert choose_channels_last("cpu", model=model)[0] is last
        assert choose_channels_last("cuda", model=model)[0]
    assert choose_channels_last("cpu", "on", create_model("preact_resnet18", width=4)) == (True, "as asked")
    assert not choose_channels_last("cpu", "auto", create_model("preact_resnet18", width=4))[0]
    assert choose_channels_last("cpu", "auto", create_model("preact_resnet18"))[0]


def test_autocast_computes_convolutions_in_the_chosen_numbers_and_leaves_parameters() -> None:
    layer = torch.nn.Conv2d(3, 4, 3)
    with choose_precision("cpu", "bf16").autocast():
        assert layer(torch.zeros(1, 3, 8, 8)).dtype == torch.bfloat16
    assert layer.weight.dtype == torch.float32

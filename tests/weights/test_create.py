"""What commands take as a model reference is no name for `create_model`, which says the call that is meant."""

from __future__ import annotations

import re

import pytest

from resnetlab import create_model
from resnetlab.core.errors import ResnetlabError, UnknownNameError

MEANT = {
    "resnet20@x.pth": "write load_checkpoint('x.pth'), or load_weights(create_model('resnet20'), 'x.pth')",
    "folder/net.safetensors": "write load_checkpoint('folder/net.safetensors')",
    "resnet50@IMAGENET1K_V2": "write create_model('resnet50', pretrained='IMAGENET1K_V2')",
    "resnet20[shortcut=B]": "write create_model('resnet20', field=value)",
    "resnet20[drop_path=0.1]@akamaster": "write create_model('resnet20', field=value, pretrained='akamaster')",
}


@pytest.mark.parametrize("reference", MEANT)
def test_a_reference_is_answered_with_the_call_that_is_meant(reference: str) -> None:
    with pytest.raises(ResnetlabError, match=re.escape(MEANT[reference]) + "$") as refusal:
        create_model(reference)
    assert repr(reference) in str(refusal.value)


def test_a_name_that_is_none_is_answered_with_those_that_are_near() -> None:
    with pytest.raises(UnknownNameError, match="did you mean resnet50"):
        create_model("rsnet50")

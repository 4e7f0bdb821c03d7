"""A run that goes on elsewhere says what differs there."""

from __future__ import annotations

from importlib import metadata

from resnetlab.actions.runs.folder import environment_remark, run_environment


def test_the_same_place_is_not_worth_a_word() -> None:
    assert environment_remark(run_environment("cuda:0"), run_environment("cuda:1")) is None


def test_another_device_and_another_torchvision_are_named() -> None:
    now = run_environment("cpu")
    said = environment_remark(now | {"device": "cuda", "torchvision": "0.1"}, now)
    version = metadata.version("torchvision")
    assert said == (
        f"going on, but not to the same bits: torchvision 0.1 then, {version} now; device cuda then, cpu now"
    )


def test_what_an_older_version_did_not_write_down_is_passed_over() -> None:
    now = run_environment("cpu")
    older = {name: value for name, value in now.items() if name not in ("device", "torchvision")}
    assert environment_remark(older, now) is None

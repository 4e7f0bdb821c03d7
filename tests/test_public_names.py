"""What is public is public on purpose, and importing the package waits for nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

import resnetlab

PUBLIC = [
    "BasicBlock",
    "BottleneckBlock",
    "ResidualBlock",
    "ResnetlabError",
    "__version__",
    "audit",
    "batchnorm_effect_demo",
    "build",
    "check_residual_gradient",
    "create_model",
    "diagnose",
    "evaluate",
    "finetune",
    "inspect_data",
    "layer_activation_stats",
    "list_models",
    "predict",
    "report",
    "resnet101",
    "resnet152",
    "resnet18",
    "resnet34",
    "resnet50",
    "run_lab",
    "train",
    "vanishing_gradient_demo",
]


def test_the_public_names_are_these() -> None:
    assert sorted(resnetlab.__all__) == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_is_there_and_says_what_it_does(name: str) -> None:
    found = getattr(resnetlab, name)
    assert isinstance(found, str) or found.__doc__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'resnet19'"):
        resnetlab.resnet19  # noqa: B018  # asking for it is the test


def test_torch_is_imported_only_when_it_is_needed() -> None:
    code = "import resnetlab; resnetlab.list_models(); import sys; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_rooms_that_the_readme_names_are_there_after_one_import() -> None:
    code = "import sys, resnetlab; assert 'torch' not in sys.modules; assert resnetlab.analysis.__doc__"
    code += "; assert resnetlab.weights.__doc__"
    subprocess.run([sys.executable, "-c", code], check=True)

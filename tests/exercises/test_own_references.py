"""What checks compute by themselves, to spare imports, is what the library computes; none loads a compiler."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from scipy import stats

from resnetlab.analysis import lesioned
from resnetlab.exercises.course.lesion_study.check import CHECK
from resnetlab.exercises.course.shortcut_ablation.check import CHECK as ABLATION
from resnetlab.exercises.course.shortcut_ablation.measured import MEASURED
from resnetlab.exercises.filling import parameter_count, shapes_only
from resnetlab.exercises.given import blocks_of, residual_network
from resnetlab.exercises.observation import drawn
from resnetlab.weights import create_model

CASE = {"seed": 3}


@pytest.mark.parametrize("kind", ["basic", "bottleneck"])
def test_the_reference_of_lesions_is_that_of_the_analysis(kind: str) -> None:
    network = residual_network(CASE, kind, (3, 2), width=4).eval()
    images, labels = drawn(CASE, "images", 48, 3, 6, 6), torch.arange(48) % 3

    def error() -> float:
        with torch.no_grad():
            return float((network(images).argmax(1) != labels).double().mean())

    whole, added = error(), {}
    for name, block in blocks_of(network):
        if block.downsample is None:
            with lesioned(network, [name]):
                added[name] = error() - whole
    assert len(added) >= 3
    assert CHECK.library().lesion_study(network, images, labels) == pytest.approx(added)


@pytest.mark.parametrize("others", [("B",), ("B", "C", "plain")])
def test_the_reference_of_intervals_is_scipys_paired_test(others: tuple[str, ...]) -> None:
    seeds = range(len(MEASURED["A"]))
    found = ABLATION.library().ablate(lambda option, seed: MEASURED[option][seed], "A", others, seeds)
    for option in others:
        test = stats.ttest_rel(MEASURED[option], MEASURED["A"])
        assert found[option][1:3] == pytest.approx(test.confidence_interval(1 - 0.05 / len(others)))


def test_networks_of_full_size_are_counted_without_memory() -> None:
    with shapes_only():
        network = create_model("resnet50")
    assert parameter_count(network) == 25_557_032
    assert all(parameter.is_meta for parameter in network.parameters())


def test_a_whole_network_is_judged_without_loading_a_compiler() -> None:
    code = (
        "import sys, torch; from resnetlab.exercises.examiner import prepare\n"
        "prepare('resnet50', seed=0, trials=1)\n"
        "print(sorted({'torch._dynamo', 'torchvision', 'sympy'} & {*sys.modules}))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"

"""The page of a network on a hub tells what its folder holds, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from resnetlab import create_model
from resnetlab.specs.papers import HE_2015
from resnetlab.weights import load_checkpoint, save
from resnetlab.weights.hub_page import bibtex, write_model_card


def front_matter(page: str) -> dict[str, Any]:
    head = page.split("---\n")[1]
    told = yaml.safe_load(head)
    assert isinstance(told, dict)
    return told


def test_the_page_tells_what_the_run_folder_holds(run_folder: Path) -> None:
    page = write_model_card(run_folder, "me/net")
    head = front_matter(page)
    assert (head["library_name"], head["license"], head["pipeline_tag"]) == (
        "resnetlab",
        "apache-2.0",
        "image-classification",
    )
    (entry,) = head["model-index"]
    (result,) = entry["results"]
    assert result["dataset"]["name"] == "cifar10"
    assert {metric["type"]: metric["value"] for metric in result["metrics"]} == {
        "accuracy": 91.73,
        "loss": 0.31,
        "calibration_error": 4.5,
    }
    parameters = sum(parameter.numel() for parameter in load_checkpoint(run_folder).parameters())
    for told in (
        "# resnet20[width=4,depths=1/1/1]",
        f"| parameters | {parameters:,} |",
        "## Measured on 10000 images of cifar10",
        "| top-1 accuracy, % | 91.73 |",
        "| top1 | 47.25 |",  # the last line of the training's table
        "![training curve](plots/training_curve.png)",
        'load_from_hub("me/net")',
        "airplane, automobile, bird",
        "std (0.229, 0.224, 0.225)",
        "Weights: trained for this test.",
        bibtex(HE_2015),
    ):
        assert told in page


def test_the_page_of_a_bare_network_claims_nothing(tmp_path: Path) -> None:
    save(create_model("resnet20"), tmp_path)
    page = write_model_card(tmp_path)
    assert not {"license", "metrics", "model-index"} & front_matter(page).keys()
    assert "as drawn: this network is untrained" in page
    assert "Measured" not in page
    assert "## Classes" not in page


def test_a_licence_that_the_hub_does_not_list_is_given_in_words(tmp_path: Path) -> None:
    save(create_model("resnet20"), tmp_path, licence="ask the author", source="somebody")
    head = front_matter(write_model_card(tmp_path))
    assert (head["license"], head["license_name"]) == ("other", "ask the author")


def test_the_entry_for_a_bibliography_is_the_papers() -> None:
    entry = bibtex(replace(HE_2015, key="key"))
    assert entry.startswith("@misc{key,\n")
    assert f"title = {{{{{HE_2015.title}}}}}" in entry
    assert f"url = {{{HE_2015.address}}}" in entry
    assert entry.count("{") == entry.count("}")

"""What a trained network is worth is counted as scikit-learn counts it, on one process and on two alike."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from evaluation_cases import CLASSES, IMAGES, all_images, batches, counted
from sklearn.metrics import confusion_matrix, log_loss, top_k_accuracy_score
from torch import nn

from resnetlab.actions.judging.evaluation import Evaluation
from resnetlab.actions.runs.evaluation import Mirrored, count_scores, write_scores
from training.on_ranks import on_ranks


def test_scores_are_those_of_scikit_learn() -> None:
    whole, found = all_images(), count_scores(nn.Identity(), batches(), CLASSES, "cpu")
    logits, labels = whole.images.double(), whole.labels.numpy()
    names = np.arange(CLASSES)
    assert found.n == IMAGES
    assert found.top1 == pytest.approx(100 * (logits.argmax(1).numpy() == labels).mean(), abs=1e-9)
    assert found.top5 == pytest.approx(100 * top_k_accuracy_score(labels, logits.numpy(), k=5, labels=names), abs=1e-9)
    assert found.loss == pytest.approx(log_loss(labels, logits.softmax(1).numpy(), labels=names), rel=1e-5)
    assert np.array_equal(found.confusion, confusion_matrix(labels, logits.argmax(1).numpy(), labels=names))


def test_two_processes_count_what_one_counts(tmp_path: Path) -> None:
    alone = asdict(count_scores(nn.Identity(), batches(), CLASSES, "cpu"))
    for found in on_ranks(Path(counted.__code__.co_filename), "counted", tmp_path):
        assert found["n"] == IMAGES
        assert (found["top1"], found["top5"], found["confusion"]) == (alone["top1"], alone["top5"], alone["confusion"])
        assert found["loss"] == pytest.approx(alone["loss"], rel=1e-6)
        assert found["calibration_error"] == pytest.approx(alone["calibration_error"], rel=1e-4)


def test_a_mirrored_network_averages_what_it_gives_for_both_sides_of_an_image() -> None:
    images = torch.arange(12.0).view(1, 3, 2, 2)
    left = nn.Sequential(nn.Conv2d(3, 1, (2, 1), bias=False), nn.Flatten())  # one logit for each column
    assert not torch.equal(left(images)[0, 0], left(images)[0, 1])
    mirrored = Mirrored(left)(images)
    assert torch.equal(mirrored, left(images).mean().expand(1, 2))


def test_a_network_is_left_in_its_modes() -> None:
    network = nn.Sequential(nn.Identity(), nn.Dropout(0.9))
    network[0].eval()
    count_scores(network, batches(), CLASSES, "cpu")
    assert [module.training for module in network.modules()] == [True, False, True]


def test_eval_json_holds_what_a_page_and_other_programs_read(tmp_path: Path) -> None:
    scores = count_scores(nn.Identity(), batches(), CLASSES, "cpu")
    names = tuple("abcdefg")
    write_scores(Evaluation("resnet20", "digits", "test", scores, names, (), (), {}, tmp_path))
    written = json.loads((tmp_path / "eval.json").read_text())
    assert (written["n"], written["top1"], written["split"]) == (IMAGES, scores.top1, "test")
    assert [sum(row) for row in written["confusion"]] == [one["n"] for one in written["per_class"]]
    assert [file.name for file in tmp_path.iterdir()] == ["eval.json"]

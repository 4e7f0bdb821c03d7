"""Recipes say what their sources say, and name networks and data that there are."""

from __future__ import annotations

import subprocess
import sys

import pytest

from resnetlab.actions.networks.references import find_model
from resnetlab.core.errors import UnknownNameError
from resnetlab.specs.augmentation import Augmentation
from resnetlab.training.recipes import RECIPES, Recipe, find_recipe


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_recipe_names_a_network_of_the_zoo_and_tells_source_figure_and_cost(recipe: Recipe) -> None:
    assert find_model(recipe.model.partition("@")[0]).name
    assert recipe.source
    assert recipe.expected
    assert recipe.cost
    assert recipe.name in recipe.command


def test_he_2015_trains_64000_steps_and_drops_at_32000_and_48000() -> None:
    config = find_recipe("he2015").config
    assert config.steps == 64_000
    assert [drop * config.steps for drop in config.schedule.drops] == [32_000, 48_000]
    assert (config.optim.lr, config.optim.momentum, config.optim.weight_decay) == (0.1, 0.9, 1e-4)
    assert (config.augment.crop_padding, config.augment.flip, config.batch_size) == (4, "random", 128)
    assert 50_000 * config.validation == 5_000


def test_wrn_drops_by_five_at_60_120_and_160() -> None:
    config = find_recipe("wrn").config
    assert [round(drop * config.epochs) for drop in config.schedule.drops] == [60, 120, 160]
    assert config.schedule.factor == 0.2
    assert config.optim.nesterov


def test_the_tutorial_s_is_that_of_the_founding_notebook() -> None:
    config = find_recipe("tutorial").config
    assert (config.optim.name, config.optim.lr, config.optim.momentum, config.optim.weight_decay) == (
        "sgd",
        0.1,
        0.9,
        5e-4,
    )
    assert (config.schedule.name, config.epochs, config.batch_size) == ("cosine", 200, 128)
    assert config.augment == Augmentation()


def test_imagenet_s_drops_by_ten_at_30_and_60_of_90_epochs_as_torchvision_does() -> None:
    config = find_recipe("imagenet90").config
    assert [round(drop * config.epochs) for drop in config.schedule.drops] == [30, 60]
    assert (config.epochs, config.batch_size, config.schedule.factor, config.size) == (90, 256, 0.1, 224)
    assert (config.optim.lr, config.optim.momentum, config.optim.weight_decay) == (0.1, 0.9, 1e-4)
    assert (config.augment.crop_scale, config.augment.flip) == ((0.08, 1.0), "random")


# Wightman et al. 2021, Table 2: epochs, side, learning rate, strength of RandAugment, stochastic depth
OF_TABLE_2 = {"rsb-a3": (100, 160, 8e-3, 6, None), "rsb-a2": (300, 224, 5e-3, 7, 0.05)}


@pytest.mark.parametrize("name", OF_TABLE_2)
def test_resnet_strikes_back_as_in_its_table_2(name: str) -> None:
    config = find_recipe(name).config
    augment, optim = config.augment, config.optim
    assert OF_TABLE_2[name] == (
        *(config.epochs, config.size, optim.lr),
        *(augment.randaugment_magnitude, config.drop_path),
    )
    assert (optim.name, optim.weight_decay, optim.decay_norms, config.batch_size) == ("lamb", 0.02, False, 2048)
    assert (augment.mixup, augment.cutmix, augment.randaugment) == (0.1, 1.0, 2)
    assert (config.loss, config.label_smoothing, config.schedule.name) == ("binary", 0.0, "cosine")
    assert config.schedule.warmup_epochs == 5


def test_an_unknown_recipe_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean rsb-a"):
        find_recipe("rsb-a4")


def test_reading_recipes_waits_for_no_torch() -> None:
    code = (
        "import sys, resnetlab.training.recipes, resnetlab.actions.runs.train_settings; print('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"

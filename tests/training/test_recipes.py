"""Recipes say what their sources say, and name networks and data that there are."""

from __future__ import annotations

import subprocess
import sys

import pytest

from resnetlab.actions.references import find_model
from resnetlab.core.errors import UnknownNameError
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


def test_an_unknown_recipe_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean rsb-a"):
        find_recipe("rsb-a4")


def test_reading_recipes_waits_for_no_torch() -> None:
    code = "import sys, resnetlab.training.recipes, resnetlab.actions.train_settings; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"

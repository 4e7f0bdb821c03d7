"""Recipes: one file for each family, one row for each recipe."""

from resnetlab.core.errors import UnknownNameError
from resnetlab.training.recipes.cifar import HE_2015, HE_2015_DEEP, HE_2016, WRN
from resnetlab.training.recipes.digits import DIGITS
from resnetlab.training.recipes.fast import FAST
from resnetlab.training.recipes.finetuning import FINETUNE
from resnetlab.training.recipes.imagenet import IMAGENET90, RSB_A2, RSB_A3
from resnetlab.training.recipes.recipe import Recipe
from resnetlab.training.recipes.tutorial import TUTORIAL

RECIPES = {
    recipe.name: recipe
    for recipe in (DIGITS, FINETUNE, TUTORIAL, FAST, HE_2015, HE_2015_DEEP, HE_2016, WRN, IMAGENET90, RSB_A3, RSB_A2)
}


def find_recipe(name: str) -> Recipe:
    """The recipe of this name.

    Raises:
        UnknownNameError: there is none.
    """
    if name not in RECIPES:
        raise UnknownNameError("recipe", name, RECIPES)
    return RECIPES[name]


__all__ = ["RECIPES", "Recipe", "find_recipe"]

"""Which claims there are, in the order a reader meets them, and how one is found."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path

from resnetlab.core.errors import ResnetlabError, UnknownNameError
from resnetlab.experiments.base import Claim
from resnetlab.experiments.tiers import Tier

SLUGS = (
    "degradation",
    "skip_rescues_depth",
    "vanishing_gradients",
    "gradient_at_least_one",
    "skip_or_init",
    "identity_is_easy",
    "shortcut_options",
    "bottleneck_cost",
    "size_tables",
    "receptive_field",
    "conv_bias_redundant",
    "freeze_early_layers",
    "layer_responses",
    "lesion_one_block",
    "lesion_many_blocks",
    "path_lengths",
    "bn_identity_bias",
    "shattered_gradients",
    "bn_learning_rate",
    "bn_smooths_landscape",
    "bn_gradient_flow",
    "bn_regularises",
    "bn_covariate_shift",
    "normalizer_free",
    "preactivation",
    "shortcut_variants",
    "skip_smooths_landscape",
    "compile_fusion",
    "stochastic_depth",
    "thousand_layers",
    "width_or_depth",
    "vgg_or_resnet",
)


def find_claim(locator: str) -> Claim:
    """The claim of this slug, or of this file.

    Args:
        locator: a slug of the ledger, or the path of a Python file that defines `CLAIM`.

    Raises:
        UnknownNameError: no such claim.
        ResnetlabError: the file is missing or defines no claim.
    """
    if locator.endswith(".py"):
        return _claim_from_file(Path(locator))
    if locator not in SLUGS:
        raise UnknownNameError("claim", locator, SLUGS, "all of them: resnetlab lab list")
    claim: Claim = importlib.import_module(f"resnetlab.experiments.claims.{locator}").CLAIM
    return claim


def claims_of(tier: Tier) -> list[Claim]:
    """The ledger's claims that run in a tier."""
    return [claim for claim in map(find_claim, SLUGS) if tier in claim.tiers]


def registered_parts(tier: Tier) -> int:
    """m of the ledger's rule: how many parts a tier decides, whichever of them are run."""
    return sum(tier in part.tiers for claim in claims_of(tier) for part in claim.parts)


def source_of(locator: str) -> str:
    """The text of the claim's file: part of what a cached result depends on."""
    if locator.endswith(".py"):
        return Path(locator).read_text(encoding="utf-8")
    return (Path(__file__).parent / "claims" / f"{locator}.py").read_text(encoding="utf-8")


def _claim_from_file(path: Path) -> Claim:
    if not path.is_file():
        raise ResnetlabError(f"no claim file at {path}\ngive a slug of `resnetlab lab list`, or the path of a file")
    name = f"resnetlab_claim_{path.stem}"
    specification = importlib.util.spec_from_file_location(name, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module  # dataclasses look their module up while it is executed
    try:
        specification.loader.exec_module(module)
    except ResnetlabError:
        raise
    except ModuleNotFoundError as error:
        raise ResnetlabError(
            f"{path} needs a module {error.name!r}\na claim is one file: install what it imports"
        ) from error
    except Exception as error:  # whatever a user's file does wrong, it is named and the command ends
        raise ResnetlabError(f"{path} cannot be read as a claim: {type(error).__name__}: {error}") from error
    claim = getattr(module, "CLAIM", None)
    if not isinstance(claim, Claim):
        raise ResnetlabError(f"{path} defines no CLAIM\nsee examples/my_claim.py for the shape of one")
    return claim

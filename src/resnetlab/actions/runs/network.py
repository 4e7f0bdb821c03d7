"""The network that `train` begins with: as its reference names it, with an output for each of the data's classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import torch
from torch import nn

from resnetlab.actions.networks.new_head import keep_head
from resnetlab.actions.networks.own_network import as_own_network
from resnetlab.actions.networks.references import find_model, resolve_model
from resnetlab.actions.runs.train_settings import TrainSettings
from resnetlab.analysis.untouched import weightless_copy
from resnetlab.core.errors import ResnetlabError
from resnetlab.nn import build
from resnetlab.nn.late_numbers import Draw, make_without_numbers
from resnetlab.specs import ZOO
from resnetlab.training.distributed import connected_ranks
from resnetlab.training.freezing import Freezing

DEEP = 110  # layers, from which on He et al. 2015, §4.2, begin with a low rate
DEEP_REMARK = f"for {DEEP} layers and more the paper warms up: --recipe he2015-deep"
OF_THE_DATA = ("num_classes", "in_channels")


@dataclass(frozen=True, eq=False)
class StartingNetwork:
    """What a training begins with.

    Args:
        module: the network, its frozen parts frozen.
        remarks: what was assumed of it, a sentence each.
        freezing: which parts, and until when.
        drawn: gives the numbers of its parameters one by one, where it is on the meta device.
    """

    module: nn.Module
    remarks: tuple[str, ...] = ()
    freezing: Freezing = field(default_factory=Freezing)
    drawn: Draw | None = None


def network_to_train(asked: TrainSettings, classes: Sequence[str], channels: int) -> StartingNetwork:
    """The network, freshly drawn by the seed where the reference names no weights.

    A row of the zoo gets as many outputs as the data has classes, and as many channels as its images have. Where many
    processes are to share it out it comes without numbers.

    Raises:
        ResnetlabError: the reference says another number of classes or channels than the data has, names weights that
            tell other classes, or a network that is none of ours.
    """
    reference = str(asked.model)
    torch.manual_seed(asked.seed)
    row = reference.partition("[")[0].strip()
    if row not in ZOO:
        resolved = resolve_model(reference, untrained=True)
        resolved.module.float()  # some weights are saved in 64 bits
        ours = as_own_network(resolved)  # what is none of ours could not be kept at the end
        module, remarks = keep_head(replace(resolved, module=ours), classes)
        if asked.drop_path is not None:
            raise ResnetlabError(f"--drop-path changes networks of the zoo, and {reference} is none\nleave it out")
        return StartingNetwork(module.train(), remarks)
    wanted = {"num_classes": len(classes), "in_channels": channels}
    spec = find_model(reference)
    for name in OF_THE_DATA:
        if f"{name}=" in reference and getattr(spec, name) != wanted[name]:
            raise ResnetlabError(
                f"--model {reference} says another {name} than the data has: {wanted[name]}\nleave it out there"
            )
    changes = wanted | ({} if asked.drop_path is None else {"drop_path": asked.drop_path})
    remarks = (DEEP_REMARK,) if asked.recipe == "he2015" and spec.weighted_layers >= DEEP else ()
    make = partial(build, spec.with_fields(**changes))
    if asked.shard and connected_ranks() > 1:
        module, drawn = make_without_numbers(make)
        return StartingNetwork(module, remarks, drawn=drawn)
    return StartingNetwork(make(), remarks)


def refuse_what_cannot_be_trained(model: nn.Module, images: tuple[int, int, int, int], outputs: int) -> None:
    """Let a copy without memory see a batch of zeros, so that what does not fit is told before any image is read.

    Args:
        model: any.
        images: (N, C, H, W) of a process's part of a batch.
        outputs: that it should have.

    Raises:
        InputSizeError: the images are too small; the message gives the smallest legal size.
        ResnetlabError: a batch norm would see one value of a channel, the channels differ, or the outputs do.
    """
    count, channels, height, width = images
    twin = weightless_copy(model).train()
    try:
        logits = twin(torch.zeros(images, device="meta"))
    except ResnetlabError:
        raise
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):
            raise
        raise ResnetlabError(
            f"batch norm has one value of each channel to take a variance of: {count} image of {height}×{width} pixels"
            " at a time\ngive --batch-size 2 or more for each process and each part of --accumulate"
        ) from error
    except RuntimeError as error:
        why = " ".join(str(error).split())[:160]
        raise ResnetlabError(
            f"the network cannot take images of {channels}×{height}×{width}: {why}\n"
            "give another --size, or a network with as many channels as the images have"
        ) from error
    if logits.shape != (count, outputs):
        raise ResnetlabError(
            f"the network gives {tuple(logits.shape[1:])} numbers for each image, and the data has {outputs} classes\n"
            "give it as many outputs, or take resnetlab finetune, which puts a new head on it"
        )

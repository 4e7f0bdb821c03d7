"""How many images a part may look at, so that it ends in minutes for a large network too."""

from __future__ import annotations

from resnetlab.actions.diagnosing.diagnosis import Subject
from resnetlab.core.errors import ResnetlabError
from resnetlab.pages.numbers import number

MULTIPLY_ADDS_A_SECOND = 1e11  # of one core, as measured for many networks (docs/log.md)
MULTIPLY_ADDS = 1e13  # for one part: a minute or two of two cores
TOLD = 20.0  # seconds from which a user is told beforehand
FEWEST = 16


def affordable(subject: Subject, passes: float, most: int, multiply_adds: float = MULTIPLY_ADDS) -> tuple[int, str]:
    """How many of the subject's images a part looks at, and a sentence where cost makes it fewer.

    Where it takes long, that is told before it begins.

    Args:
        subject: whose network is run.
        passes: forward passes for each image that the part takes; a pass back counts as one or two.
        most: images that the part wants.
        multiply_adds: that it may spend.
    """
    from resnetlab.analysis.complexity import count_macs

    wanted = min(most, len(subject.images))
    try:
        macs = count_macs(subject.model, tuple(subject.images.shape[1:]))
    except ResnetlabError:  # a network that cannot be counted is looked at as asked
        return wanted, ""
    images = min(wanted, max(FEWEST, int(multiply_adds / (passes * max(macs, 1)))))
    seconds = passes * images * macs / MULTIPLY_ADDS_A_SECOND
    if seconds > TOLD and subject.images.device.type == "cpu":
        subject.say(f"this takes about {seconds:.0f} s of one core, for {images} images")
    if images == wanted:
        return wanted, ""
    billions = number(macs / 1e9)
    return images, (
        f"Only {images} of {wanted} images were looked at: {billions} thousand million multiply-adds for each, in "
        "each of many passes, take long"
    )

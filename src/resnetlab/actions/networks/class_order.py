"""Whether a network and a data set speak of the same classes: by their names, never by their number alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from resnetlab.core.errors import ResnetlabError
from resnetlab.core.terminal import first_few, on_one_line

MOST_NAMES = 4  # told in a message


def match_classes(
    model_classes: Sequence[str] | None, data_classes: Sequence[str], outputs: int
) -> tuple[list[int], str | None]:
    """For each class of the data, the network's output that stands for it; and a remark where that is not plain.

    Names are compared without regard to case, and hyphens and underscores count as blanks.

    Args:
        model_classes: names in the order of the network's outputs, where they are known.
        data_classes: names in the order of the data's labels.
        outputs: of the network.

    Raises:
        ResnetlabError: they are not the same classes.
    """
    if model_classes is None:
        if len(data_classes) != outputs:
            raise ResnetlabError(
                f"the network has {outputs} outputs, and the data has {len(data_classes)} classes\n"
                "give a network of as many, or the right data"
            )
        return list(range(outputs)), "the network names no classes: its outputs are taken in the order of the data's"
    ours, theirs = [_plain(name) for name in model_classes], [_plain(name) for name in data_classes]
    if ours == theirs:
        return list(range(outputs)), None
    if sorted(ours) != sorted(theirs):
        raise ResnetlabError(
            f"network and data differ in their classes: {_only(model_classes, theirs, 'the network')}; "
            f"{_only(data_classes, ours, 'the data')}\n"
            "give data of the same classes, or the network's names by --classes"
        )
    if len(set(ours)) < len(ours):
        raise ResnetlabError(
            "network and data have the same classes in different orders, and some share a name\n"
            "put the data's classes into the network's order"
        )
    place = {name: number for number, name in enumerate(ours)}
    return [place[name] for name in theirs], "the network has the data's classes in another order: matched by name"


@dataclass(frozen=True)
class Places:
    """Where a network's outputs are for the classes of data.

    Args:
        order: for each class of the data the network's output; then the outputs that no class of the data has.
        names: of the classes in that order.
        remark: what is not plain about it; None where nothing is.
    """

    order: list[int]
    names: tuple[str, ...]
    remark: str | None


def place_classes(model_classes: Sequence[str] | None, data_classes: Sequence[str], outputs: int) -> Places:
    """As `match_classes`, but the data may lack classes of a network that names its own.

    Args:
        model_classes, data_classes, outputs: as of `match_classes`.

    Raises:
        ResnetlabError: the data has a class that the network does not have.
    """
    ours, theirs = (list(map(_plain, names)) for names in (model_classes or (), data_classes))
    some = len(theirs) < len(ours) and all(ours.count(name) == theirs.count(name) == 1 for name in theirs)
    if model_classes is None or not some:
        order, remark = match_classes(model_classes, data_classes, outputs)
        return Places(order, tuple(data_classes), remark)
    order = [ours.index(name) for name in theirs]
    others = [number for number in range(outputs) if number not in set(order)]
    remark = (
        f"the data has {len(order)} of the network's {outputs} classes, matched by name; "
        "the network may take an image for any of its own"
    )
    return Places(order + others, (*data_classes, *(model_classes[number] for number in others)), remark)


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").replace("-", " ").casefold().split())


def _only(names: Sequence[str], others: Sequence[str], whose: str) -> str:
    """The first few names that only one side has, and how many more there are."""
    alone = [on_one_line(name) for name in names if _plain(name) not in set(others)]
    if not alone:
        return f"{whose} has {len(names)}, none of its own"
    return f"only {whose} has {first_few(alone, MOST_NAMES)}"

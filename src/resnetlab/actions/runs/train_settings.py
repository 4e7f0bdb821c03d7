"""What `train` is asked for: defaults, then the recipe's, then a file's, then the user's own; without PyTorch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any, TypeVar

import tyro

from resnetlab.actions.networks.settings import MOST_SEED
from resnetlab.core.devices import DeviceName
from resnetlab.core.errors import ResnetlabError
from resnetlab.specs.plain import to_plain
from resnetlab.specs.plain_changes import changed_by
from resnetlab.training.config import Config, OnOff, Precision
from resnetlab.training.recipes import find_recipe

Folder = Annotated[Path | None, tyro.conf.arg(metavar="FOLDER")]


@dataclass(frozen=True, kw_only=True)
class TrainSettings(Config):
    """How a network is trained, on what, where, and where to.

    Args:
        model: model reference: resnet20, resnet20[shortcut=B], my/file.py:factory; None takes the recipe's.
        data: data reference: digits, cifar10, cifar100, fashion_mnist, imagefolder:PATH, imagenet:PATH; None takes the
            recipe's.
        recipe: whose values hold where nothing else is said: digits, tutorial, fast, he2015, he2015-deep, he2016, wrn,
            imagenet90, rsb-a3, rsb-a2, finetune.
        config: a file like a run's config.yaml, whose values hold before the recipe's.
        seed: of weights, order, augmentation and whatever else is drawn.
        device: where the network computes.
        precision: of the numbers; auto takes bf16 or fp16 where the device is fast in it, see `resnetlab doctor`.
        channels_last: whether images lie in memory pixel by pixel.
        compile: the network is compiled by torch.compile before the first step.
        workers: processes that read images where they do not fit into memory; None: as many as cores, up to 8.
        sync_norms: batch statistics are those of the global batch where many processes train.
        shard: parameters are shared out among many processes (FSDP2) instead of copied to each.
        skip_unreadable: leave out images that cannot be read, and tell how many; else they are an error.
        overfit_batches: train on so many batches only, unchanged, to see whether the network can learn them.
        max_time: stop and save after this time, as 90s, 30m or 2h.
        save_every: steps from one checkpoint to the next; None: one after each epoch.
        probe: steps from one look at every layer's signal and gradient to the next; None for none.
        tensorboard: write for TensorBoard too.
        output: folder of the run; runs/<command>/<time>-<name> if not given.
        exist_ok: replace the files of an earlier run in the output folder.
        quiet: show no progress.
    """

    model: str | None = None
    data: str | None = None
    recipe: str | None = None
    config: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    seed: int = 0
    device: DeviceName = "auto"
    precision: Precision = "auto"
    channels_last: OnOff = "auto"
    compile: bool = False
    workers: int | None = None
    sync_norms: bool = False
    shard: bool = False
    skip_unreadable: bool = False
    overfit_batches: int | None = None
    max_time: str | None = None
    save_every: int | None = None
    probe: int | None = None
    tensorboard: bool = False
    output: Folder = None
    exist_ok: bool = False
    quiet: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("overfit_batches", "save_every", "probe"):
            value = getattr(self, name)
            _refuse(name, value, value is None or value >= 1, "1 or more")
        _refuse("workers", self.workers, self.workers is None or 0 <= self.workers <= 256, "0 to 256")
        _refuse("seed", self.seed, 0 <= self.seed <= MOST_SEED, f"a whole number from 0 to {MOST_SEED}")
        self.most_seconds  # noqa: B018, refuses what it cannot read
        if isinstance(self.output, str):
            object.__setattr__(self, "output", Path(self.output))

    @property
    def most_seconds(self) -> float | None:
        """`max_time` in seconds.

        Raises:
            ResnetlabError: it is no time.
        """
        if self.max_time is None:
            return None
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", self.max_time.strip())
        _refuse("max_time", self.max_time, found is not None, "a time, as 90s, 30m or 2h")
        assert found is not None
        return float(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[found[2]]

    def as_plain(self) -> dict[str, Any]:
        """What config.yaml holds: all that decides what comes out, and where it was computed."""
        plain = {field.name: to_plain(getattr(self, field.name)) for field in fields(self)}
        return {name: value for name, value in plain.items() if name not in OF_THIS_CALL}


OF_THIS_CALL = ("config", "output", "exist_ok", "quiet", "max_time")
"""Settings that belong to one call of the command, not to the run."""
FREE_AT_RESUME = ("device", "workers", "tensorboard", "save_every")
"""Settings of a run that may be others when it goes on, for they change none of its numbers on the same device."""

AnySettings = TypeVar("AnySettings", bound=TrainSettings)


def settings_with_recipe(
    kind: type[AnySettings], recipe: str | None, config: Path | None, default_recipe: str | None = None
) -> AnySettings:
    """The settings that hold where the user says nothing: defaults, changed by the recipe, changed by a file.

    Args:
        kind: of settings.
        recipe: its name, where the user gave one.
        config: a YAML file, where the user gave one.
        default_recipe: taken where neither names one.

    Raises:
        UnknownNameError: no such recipe, or no such key in the file.
        ResnetlabError: the file cannot be read, or a value in it is impossible.
    """
    told = read_config(config) if config is not None else {}
    name = recipe or told.get("recipe") or default_recipe
    settings = kind(recipe=name, config=config)
    if name is not None:
        row = find_recipe(str(name))
        of_recipe = {field.name: getattr(row.config, field.name) for field in fields(Config)}
        settings = replace(settings, **of_recipe, model=row.model, data=row.data)
    return changed_by(settings, with_epochs({k: value for k, value in told.items() if k != "recipe"}), str(config))


def settings_from(kind: type[AnySettings], default_recipe: str | None = None, **given: Any) -> AnySettings:
    """Settings from Python: what is given, over what its recipe and its file say.

    Args:
        kind: of settings.
        default_recipe: taken where none is given.
        **given: fields of the settings; a part, as `optim`, whole or as a dict of what differs.

    Raises:
        ResnetlabError: as of `settings_with_recipe`.
    """
    config = given.get("config")
    base = settings_with_recipe(kind, given.get("recipe"), Path(config) if config else None, default_recipe)
    return changed_settings(base, given)


def changed_settings(base: AnySettings, given: Mapping[str, Any]) -> AnySettings:
    """Settings with other values in some fields; a part, as `optim`, whole or as a dict of what differs.

    Raises:
        UnknownNameError: no such field.
        ResnetlabError: a value is impossible.
    """
    given = with_epochs(given)
    known = {field.name for field in fields(base)}
    whole = {key: value for key, value in given.items() if key in known and not isinstance(value, Mapping)}
    return changed_by(replace(base, **whole), {key: given[key] for key in given.keys() - whole.keys()}, "")


def with_epochs(given: Mapping[str, Any]) -> dict[str, Any]:
    """What is given, and no steps where it names epochs alone: those of a recipe would outdo them.

    >>> with_epochs({"epochs": 2}), with_epochs({"epochs": 2, "steps": 10})
    ({'epochs': 2, 'steps': None}, {'epochs': 2, 'steps': 10})
    """
    return {"steps": None, **given} if "epochs" in given else dict(given)


def read_config(path: Path) -> dict[str, Any]:
    """The keys and values of a YAML file.

    Raises:
        ResnetlabError: it is not there, or no YAML of keys and values.
    """
    import yaml

    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ResnetlabError(
            f"--config {path} cannot be read: {error}\ngive a file like a run's config.yaml"
        ) from error
    except (yaml.YAMLError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ResnetlabError(f"--config {path} is no YAML: {reason}\nmake one with --print-config") from error
    if not isinstance(told, dict):
        raise ResnetlabError(f"--config {path} holds no keys and values\nmake one with --print-config")
    return {str(key): value for key, value in told.items()}


def config_text(settings: TrainSettings) -> str:
    """config.yaml: what `--config` reads again."""
    import yaml

    return str(yaml.safe_dump(settings.as_plain(), sort_keys=False, allow_unicode=True))


def refuse_changes(stored: TrainSettings, asked: TrainSettings) -> None:
    """Pass where a run can go on with these settings to the same numbers.

    Raises:
        ResnetlabError: names what differs.
    """
    there, here = _one_by_one(stored.as_plain()), _one_by_one(asked.as_plain())
    names = [name for name in dict.fromkeys((*there, *here)) if name not in FREE_AT_RESUME]
    differ = [name for name in names if there.get(name) != here.get(name)]
    if differ:
        said = "; ".join(
            f"{name}: {_short(there.get(name))} then, {_short(here.get(name))} now" for name in differ[:4]
        )
        raise ResnetlabError(
            f"--resume goes on with what the run began with, and {said}\nleave it out, or start a new run"
        )


def _one_by_one(plain: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Settings under their whole names, as "optim.lr"."""
    found: dict[str, Any] = {}
    for name, value in plain.items():
        found |= _one_by_one(value, f"{before}{name}.") if isinstance(value, Mapping) else {f"{before}{name}": value}
    return found


def _short(value: object) -> str:
    return str(value)[:60]


def _refuse(name: str, value: object, legal: bool, allowed: str) -> None:
    if not legal:
        raise ResnetlabError(f"--{name.replace('_', '-')} {value} is impossible\ngive {allowed}")

"""The page of a network on the hub, made from what its run folder tells."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from torch import Tensor

from resnetlab.core.errors import CheckpointError
from resnetlab.specs.card import ModelCard
from resnetlab.specs.model import ModelSpec
from resnetlab.specs.papers import Paper
from resnetlab.specs.preprocessing import Preprocessing
from resnetlab.weights.description import DESCRIPTION, WEIGHTS, read_card
from resnetlab.weights.reading import read_checkpoint

EVALUATION, TRAINING = "eval.json", "summary.csv"
NAMED_LICENCES = ("apache-2.0", "bsd-2-clause", "bsd-3-clause", "cc-by-4.0", "cc-by-nc-4.0", "cc0-1.0", "mit")
"""Those of the hub's own list that weights of residual networks usually have; others are called "other" there."""
SHOWN_CLASSES = 20
METRICS = {
    "top1": ("accuracy", "top-1 accuracy, %"),
    "top5": ("top5_accuracy", "top-5 accuracy, %"),
    "loss": ("loss", "cross-entropy, nats"),
    "calibration_error": ("calibration_error", "expected calibration error, %"),
}
"""Numbers of `eval.json`: how the hub calls them, and what they are."""
VERSION = metadata.version("resnetlab")


def write_model_card(folder: Path | str, repo_id: str = "user/repo") -> str:
    """The README.md of a network on the hub, as text.

    Args:
        folder: a run folder, or what `save` wrote: `model.safetensors` and `model.json`; from `eval.json` and
            `summary.csv` beside them come the numbers.
        repo_id: where it will be.

    Raises:
        CheckpointError: the folder holds no network of resnetlab, or a damaged one.
    """
    place = Path(folder)
    if not (place / WEIGHTS).is_file() or not (place / DESCRIPTION).is_file():
        raise CheckpointError(
            f"{place} does not hold {WEIGHTS} and {DESCRIPTION}\nsave it: resnetlab.weights.save(model, folder)"
        )
    tensors: Mapping[str, Tensor] = read_checkpoint(place / WEIGHTS)
    card = read_card(place / WEIGHTS, tensors)
    if card is None or card.spec is None:
        raise CheckpointError(f"{place / DESCRIPTION} names no network\nsave the network again")
    evaluation = _read_evaluation(place / EVALUATION)
    numbers = sum(tensor.numel() for name, tensor in tensors.items() if _is_parameter(name))
    sections = (
        _front_matter(card, card.spec, evaluation),
        _network(card.spec, card, numbers),
        _numbers(evaluation, place),
        _figures(place),
        _use(repo_id),
        _images(card.preprocessing),
        _classes(card),
        _origin(card),
        _paper(card.spec.source.paper),
    )
    return "\n\n".join(section for section in sections if section) + "\n"


def bibtex(paper: Paper) -> str:
    """The paper's entry for a bibliography."""
    fields = {
        "title": f"{{{paper.title}}}",
        "author": paper.authors,
        "year": str(paper.year),
        "howpublished": paper.venue,
        "url": paper.address,
    }
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    return f"@misc{{{paper.key},\n{lines}\n}}"


def _is_parameter(name: str) -> bool:
    return not name.endswith(("running_mean", "running_var", "num_batches_tracked"))


def _read_evaluation(file: Path) -> dict[str, Any]:
    """What an evaluation wrote; empty where there was none."""
    if not file.is_file():
        return {}
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{file} cannot be read: {error}\nevaluate the network again, or remove it") from error
    return told if isinstance(told, dict) else {}


def _measured(told: Mapping[str, Any]) -> dict[str, float]:
    """The metrics among what was told, by their names there."""
    found = {name: told.get(name) for name in METRICS}
    return {name: value for name, value in found.items() if isinstance(value, int | float) and math.isfinite(value)}


def _front_matter(card: ModelCard, spec: ModelSpec, evaluation: Mapping[str, Any]) -> str:
    """The head that the hub reads; JSON values are YAML too."""
    row = spec.name.partition("[")[0]
    entries: dict[str, Any] = {
        "library_name": "resnetlab",
        "pipeline_tag": "image-classification",
        "tags": ["resnetlab", "residual-network", "image-classification", row],
    }
    if card.licence:
        named = card.licence.lower() in NAMED_LICENCES
        entries |= {"license": card.licence.lower()} if named else {"license": "other", "license_name": card.licence}
    if measured := _measured(evaluation):
        data = str(evaluation.get("data", "not told"))
        values = [
            {"type": METRICS[name][0], "name": METRICS[name][1], "value": value} for name, value in measured.items()
        ]
        result = {
            "task": {"type": "image-classification"},
            "dataset": {"type": data, "name": data},
            "metrics": values,
        }
        entries |= {
            "metrics": [METRICS[name][0] for name in measured],
            "model-index": [{"name": spec.name, "results": [result]}],
        }
    lines = (f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in entries.items())
    return "\n".join(("---", *lines, "---"))


def _network(spec: ModelSpec, card: ModelCard, parameters: int) -> str:
    paper = spec.source.paper
    rows = [
        ("network", f"`{spec.name}`"),
        ("described in", f"[{paper.title}]({paper.address}), {spec.source}"),
        ("weighted layers", str(spec.depth)),
        ("parameters", f"{parameters:,}"),
        ("input", f"{spec.in_channels} × {spec.input_size} × {spec.input_size}"),
        ("classes", str(spec.num_classes)),
        ("licence of the weights", card.licence or "not told"),
    ]
    departs = "".join(f"\n- departs from the paper: {deviation}" for deviation in spec.deviations)
    return f"# {spec.name}\n\n{_table(('', ''), rows)}" + (f"\n{departs}" if departs else "")


def _numbers(evaluation: Mapping[str, Any], folder: Path) -> str:
    """What was measured: by the evaluation, and in the last line of the training's table."""
    tables: list[tuple[str, Mapping[str, object]]] = []
    if measured := _measured(evaluation):
        counted = f"{evaluation['n']} images of " if "n" in evaluation else ""
        on = f" on {counted}{evaluation['data']}" if "data" in evaluation else ""
        tables.append((f"## Measured{on}", {METRICS[name][1]: value for name, value in measured.items()}))
    if (folder / TRAINING).is_file():
        with (folder / TRAINING).open(encoding="utf-8", newline="") as stream:
            *_, last = [{}, *csv.DictReader(stream)]
        tables.append(("## At the end of training", last))
    return "\n\n".join(
        f"{title}\n\n" + _table(("", "value"), ((str(name), _short(value)) for name, value in values.items()))
        for title, values in tables
        if values
    )


def figures_of(folder: Path) -> list[Path]:
    """The figures of a run, in its folder and in `plots`."""
    return sorted(
        file for place in (folder, folder / "plots") for kind in ("*.png", "*.svg") for file in place.glob(kind)
    )


def _figures(folder: Path) -> str:
    shown = [figure.relative_to(folder) for figure in figures_of(folder) if figure.suffix == ".png"]
    return "\n\n".join(f"![{figure.stem.replace('_', ' ')}]({figure.as_posix()})" for figure in shown)


def _short(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _use(repo_id: str) -> str:
    return f"""## Use

```python
from resnetlab.weights import load_from_hub

model = load_from_hub("{repo_id}")  # in evaluation mode; model.card has classes and preprocessing
```
It needs `pip install 'resnetlab[hub]'`; these files were written by resnetlab {VERSION}."""


def _images(images: Preprocessing | None) -> str:
    if images is None:
        return ""
    return (
        "## Images\n\n"
        f"The shorter side is brought to {images.resize} pixels ({images.interpolation}), the centre square of "
        f"{images.size} is cut, values are scaled to [0, 1], then (value − mean) / std, with mean {images.mean} and "
        f"std {images.std}."
    )


def _classes(card: ModelCard) -> str:
    if card.classes is None:
        return ""
    more = f", … ({len(card.classes)} in all)" if len(card.classes) > SHOWN_CLASSES else ""
    return f"## Classes\n\n{', '.join(card.classes[:SHOWN_CLASSES])}{more}"


def _origin(card: ModelCard) -> str:
    lines = [f"Weights: {card.source}." if card.source else "The weights are as drawn: this network is untrained."]
    lines += [f"- assumed: {assumption}" for assumption in card.assumptions]
    return "## Origin\n\n" + "\n".join(lines)


def _paper(paper: Paper) -> str:
    return f"## Cite\n\n```bibtex\n{bibtex(paper)}\n```"


def _table(head: tuple[str, str], rows: Iterable[tuple[str, str]]) -> str:
    lines = (head, ("---", "---"), *rows)
    return "\n".join(f"| {name} | {value} |" for name, value in lines)

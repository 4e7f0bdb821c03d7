"""report.html of a run: all that stands in its folder, on one page, with every figure in plots/."""

from __future__ import annotations

import json
import shlex
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from resnetlab.actions.runs.records import read_lines, read_summary
from resnetlab.actions.runs.watch import next_commands
from resnetlab.core.files import write_content
from resnetlab.core.terminal import json_text
from resnetlab.pages.numbers import duration, number
from resnetlab.pages.training_page import ClassRow, KeyNumber, TrainingPage, render_training

if TYPE_CHECKING:  # Matplotlib takes its time, which a training need not wait for before it begins
    from matplotlib.figure import Figure

    from resnetlab.pages.svg import Drawing

FACTS = "run.json"
MOST_CLASSES = 30  # rows of a table beside a figure
LAST_KEPT = "the last network is kept, not the best"  # begins a remark where a run should have kept the best


@dataclass(frozen=True)
class RunFacts:
    """What the page says of a run beside what its other files hold.

    Args:
        model: reference of the network.
        data: reference of the data.
        command: "train" or "finetune".
        epochs: that were asked for.
        counts: what was counted before training, by name: images of each part, parameters, those that are trained.
        choices: what was chosen for this machine, by name, with the reason: precision, memory format.
        remarks: what had to be assumed, a sentence each.
        whole_folder: of data that the run itself has split, the hash of its files' names; see `data.splits`.
    """

    model: str
    data: str
    command: str
    epochs: int
    counts: Mapping[str, int]
    choices: Mapping[str, str]
    remarks: tuple[str, ...] = ()
    whole_folder: str = ""


def write_facts(folder: Path, facts: RunFacts) -> None:
    """Put the facts into the run's folder as run.json."""
    write_content(folder / FACTS, f"{json_text(asdict(facts))}\n".encode())


def write_report(folder: Path) -> Path:
    """The path of the page, written from the files of the run; written again, it is the same.

    Args:
        folder: of a run; run.json has to be there. eval.json gives the confusion matrix, probes.jsonl what was probed.
    """
    facts = RunFacts(**json.loads((folder / FACTS).read_text(encoding="utf-8")))
    epochs = read_summary(folder / "summary.csv")
    drawings = _drawings(folder, epochs)
    for slug, drawing in drawings.items():
        for suffix, content in (("svg", drawing.svg.encode()), ("png", drawing.png)):
            write_content(folder / "plots" / f"{slug}.{suffix}", content)
    page = render_training(_page(folder, facts, epochs), drawings)
    write_content(folder / "report.html", page)
    return folder / "report.html"


def _drawings(folder: Path, epochs: list[dict[str, Any]]) -> dict[str, Drawing]:
    from resnetlab.pages.confusion import confusion_figure
    from resnetlab.pages.svg import drawn
    from resnetlab.pages.training_figures import probe_figures, training_figures

    figures: dict[str, Figure] = {}
    if epochs:
        steps = [row for row in read_lines(folder / "metrics.jsonl") if row["kind"] == "step"]
        figures |= training_figures(epochs, [row for row in steps if row["step"] <= epochs[-1]["step"]])
    probes = list(read_lines(folder / "probes.jsonl"))
    if probes:
        figures |= probe_figures(probes)
    scores = _json(folder / "eval.json")
    if scores:
        figures["confusion"] = confusion_figure(scores["confusion"], scores["classes"])
    return {slug: drawn(figure, slug) for slug, figure in figures.items()}


def _page(folder: Path, facts: RunFacts, epochs: list[dict[str, Any]]) -> TrainingPage:
    scores, environment = _json(folder / "eval.json"), _json(folder / "env.json")
    config = (folder / "config.yaml").read_text(encoding="utf-8") if (folder / "config.yaml").is_file() else ""
    return TrainingPage(
        title=f"{facts.model} on {facts.data}",
        lead=" ".join(_lead(facts, epochs, scores, (yaml.safe_load(config) or {}).get("keep", "last"))),
        numbers=tuple(_numbers(facts, epochs, scores)),
        evaluated=f"{scores['n']:,} {scores['split']} images" if scores else "",
        classes=_classes(scores)[:MOST_CLASSES] if scores else (),
        classes_in_all=len(scores["classes"]) if scores else 0,
        remarks=tuple(facts.remarks),
        facts=_facts(facts, environment),
        commands=_commands(folder, facts, epochs, environment),
        config=config,
        environment=_flat(environment),
        version=environment.get("versions", {}).get("resnetlab", ""),
    )


def _lead(facts: RunFacts, epochs: list[dict[str, Any]], scores: Mapping[str, Any], keep: str) -> Iterator[str]:
    """What came out, in sentences; `keep` says which network the run keeps, "last" or "best"."""
    done = epochs[-1]["epoch"] if epochs else 0
    took = f" in {duration(sum(row['seconds'] for row in epochs))}" if epochs else ""
    whole = f"{done:,} epoch{'s' * (done != 1)}{took}"
    yield f"{whole}." if done >= facts.epochs else f"Not finished: {whole}, of {facts.epochs:,}."
    if scores:
        yield f"The network recognises {scores['top1']:.2f} % of {scores['n']:,} {scores['split']} images."
    best = _best(epochs)
    kept_last = keep == "last" or any(LAST_KEPT in remark for remark in scores.get("remarks", ()))
    if best and scores and not kept_last:
        yield f"It is that of epoch {best['epoch']:,}, the best on the validation images."
    elif best and scores and best["epoch"] == done:
        yield "It is that of the last epoch, which was the best on the validation images."
    elif best and scores:
        yield f"It is that of the last epoch; the best on the validation images was epoch {best['epoch']:,}."


def _best(epochs: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The epoch that was the best on the validation images."""
    best = [row for row in epochs if row["best"] and row["validation_top1"] is not None]
    return best[-1] if best else None


def _numbers(facts: RunFacts, epochs: list[dict[str, Any]], scores: Mapping[str, Any]) -> Iterator[KeyNumber]:
    if scores:
        on = f"{scores['split']} images"
        yield KeyNumber(f"{scores['top1']:.2f} %", f"Top-1, {on}", f"of {scores['n']:,}")
        if scores["top5"] is not None:
            yield KeyNumber(f"{scores['top5']:.2f} %", f"Top-5, {on}", "the class is among the five likeliest")
        yield KeyNumber(f"{scores['loss']:.4f}", f"Loss, {on}", "mean cross-entropy, nats")
        error = f"{scores['calibration_error']:.2f} %"
        yield KeyNumber(error, "Calibration error", "how far confidence and accuracy are apart")
    best = _best(epochs)
    if best:
        yield KeyNumber(
            f"{best['validation_top1']:.2f} %", "Top-1, validation", f"the best, of epoch {best['epoch']:,}"
        )
    if epochs:
        yield KeyNumber(f"{epochs[-1]['train_loss']:.4f}", "Loss, training", "mean of the last epoch")
        yield KeyNumber(duration(sum(row["seconds"] for row in epochs)), "Time", "of all epochs, evaluation included")
    speeds = [row["images_per_second"] for row in epochs if row["images_per_second"] is not None]
    if speeds:
        speed = f"{statistics.median(speeds):,.0f} images/s"
        yield KeyNumber(speed, "Speed", "median of the epochs, evaluation left out")


def _classes(scores: Mapping[str, Any]) -> tuple[ClassRow, ...]:
    """The worst first; those without images at the end."""
    names, rows = scores["classes"], []
    for at, counts in enumerate(scores["confusion"]):
        n = sum(counts)
        others = [(count, -other) for other, count in enumerate(counts) if count and other != at]
        taken = f"{names[-max(others)[1]]} ({max(others)[0]:,})" if others else ""
        rows.append(ClassRow(names[at], n, 100 * counts[at] / n if n else None, taken))
    return tuple(sorted(rows, key=lambda row: 101.0 if row.top1 is None else row.top1))


def _facts(facts: RunFacts, environment: Mapping[str, Any]) -> dict[str, str]:
    """Beside the title."""
    told = {"With": ", ".join(f"{count:,} {name}" for name, count in facts.counts.items())}
    told |= {name[:1].upper() + name[1:]: choice for name, choice in facts.choices.items()}
    if environment:
        cores = environment["cores"]
        told["On"] = f"{environment['processor']}, {cores} core{'s' * (cores != 1)}, {environment['system']}"
        told["Began"] = environment["time"].replace("T", " ").replace("+00:00", " UTC")
        told["By"] = environment["command"]
    return told


def _commands(
    folder: Path, facts: RunFacts, epochs: list[dict[str, Any]], environment: Mapping[str, Any]
) -> dict[str, str]:
    unfinished = not epochs or epochs[-1]["epoch"] < facts.epochs
    run = shlex.quote(str(folder))
    commands = {"The same training again": f"resnetlab {facts.command} --config {run}/config.yaml"}
    if unfinished:
        commands["Go on where it stopped"] = next_commands(folder, facts.data, interrupted=facts.command)[0]
    count, see = next_commands(folder, facts.data)
    return commands | {"Count its mistakes on other images": count, "See what it sees in images": see}


def _flat(values: Mapping[str, Any]) -> dict[str, str]:
    """One row for each value, those of a mapping under their own names."""
    rows: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            rows |= _flat(value)
        else:
            rows[name] = value if isinstance(value, str) else number(value)
    return rows


def _json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}

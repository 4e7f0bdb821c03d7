"""A training's plan on a terminal."""

from __future__ import annotations

from rich.table import Table

from resnetlab.actions.runs.rehearsal import Plan
from resnetlab.core.terminal import plain_table
from resnetlab.pages.numbers import duration


def plan_table(plan: Plan) -> Table:
    """A row for each thing that is worth knowing before it begins."""
    images = ", ".join(f"{count:,} {name}" for name, count in plan.images.items())
    rows = {
        "network": f"{plan.model}: {plan.parameters:,} parameters, {plan.trained:,} of them trained",
        "images": f"{plan.data}: {images}",
        "steps": f"{plan.steps:,} in {plan.epochs:,} epochs, {plan.batch_size:,} images each",
        "learning rate": f"{plan.lr:g} at its highest, for the batch of {plan.batch_size:,}",
        **plan.choices,
        "time": f"{duration(plan.seconds)} here, evaluations left out ({duration(plan.seconds_per_step)} a step)",
    }
    table = plain_table("", "", whole=("",))
    for name, words in rows.items():
        table.add_row(name, words)
    return table

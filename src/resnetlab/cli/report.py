"""`resnetlab report`: the quick tier, then the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from resnetlab.cli.lab import finish
from resnetlab.experiments.settings import LabSettings


@dataclass(frozen=True)
class Report(LabSettings):
    """Put every claim of the quick tier to the test on real embedded data, and write one page of evidence.

    It takes two to four minutes on two cores and downloads nothing. Runs are kept, so a repeated or interrupted report
    does only what is missing.
    """

    json: bool = False
    """print the results as JSON."""

    EXAMPLES: ClassVar = (
        "resnetlab report",
        "resnetlab report --output evidence --jobs 2",
        "resnetlab report --data digits --json",
    )

    def __call__(self) -> int:
        from resnetlab.experiments.lab import report

        return finish(report(**self.options()), self.json)

"""`resnetlab doctor`: what this machine offers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Doctor:
    """Tell about this machine: versions, what speed paths are on, what data is at hand, where results are kept."""

    json: bool = False
    """print it as JSON."""

    EXAMPLES: ClassVar = (
        "resnetlab doctor",
        "resnetlab doctor --json",
        "resnetlab doctor --help",
    )

    def __call__(self) -> int:
        from resnetlab.actions.doctor import examine
        from resnetlab.core.terminal import plain_table, show

        findings = examine()
        if self.json:
            print(json.dumps([vars(finding) for finding in findings], ensure_ascii=False, indent=2))
        else:
            table = plain_table("", "", "")
            for finding in findings:
                mark = {True: "✓", False: "✗", None: " "}[finding.good]
                table.add_row(mark, finding.topic, f"{finding.found}\n{finding.remedy}".strip())
            show(table)
        return 1 if any(finding.good is False and finding.needed for finding in findings) else 0

"""From one text."""

FIRST, SECOND, THIRD = ["A", "B", "C"]

"""Computed."""

LETTERS = "abc"
FIRST = LETTERS[0]
SECOND = LETTERS[1] + "."
THIRD = f"({LETTERS[-1]})"

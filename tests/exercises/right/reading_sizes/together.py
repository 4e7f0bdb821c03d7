"""In one line."""

FIRST, SECOND, THIRD = "bca"

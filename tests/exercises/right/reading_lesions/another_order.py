"""In another order."""

FIRST = "a"
THIRD = "b"
SECOND = "c"

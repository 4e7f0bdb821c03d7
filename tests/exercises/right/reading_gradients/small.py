"""As asked."""

FIRST = "a"
SECOND = "b"
THIRD = "c"

"""The alphabet backwards."""

THIRD, SECOND, FIRST = sorted("cba")

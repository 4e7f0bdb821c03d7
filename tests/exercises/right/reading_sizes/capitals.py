"""Capitals and spaces."""

FIRST = "B"
SECOND = " c "
THIRD = "A"

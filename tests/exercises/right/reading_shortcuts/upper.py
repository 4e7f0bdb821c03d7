"""In capitals, as it is written on paper."""

FIRST = "C)"
SECOND = "B)"
THIRD = "A)"

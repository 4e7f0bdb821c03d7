"""In capitals, unpacked from a text."""

FIRST, SECOND, THIRD = tuple("BAC")

"""As they are printed in a book."""

FIRST = "A"
SECOND = "C."
THIRD = "(B)"

"""With brackets, spaces and a dot."""

THIRD = "(c)"
FIRST = " b "
SECOND = "a."

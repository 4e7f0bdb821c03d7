"""With the dot and the brackets of a list."""

CHOICES = {1: "b.", 2: "(c)", 3: "a)"}
FIRST = CHOICES[1]
SECOND = CHOICES[2]
THIRD = CHOICES[3]

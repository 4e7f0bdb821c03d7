"""Each question looked up by its letter."""

CHOICES = {"a": "FIRST", "b": "THIRD", "c": "SECOND"}
FIRST, SECOND, THIRD = sorted(CHOICES, key=lambda letter: ("FIRST", "SECOND", "THIRD").index(CHOICES[letter]))

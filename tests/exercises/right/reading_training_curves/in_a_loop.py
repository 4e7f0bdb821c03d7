"""By name, in a loop."""

for question, letter in zip(("FIRST", "SECOND", "THIRD"), "bac", strict=True):
    globals()[question] = letter

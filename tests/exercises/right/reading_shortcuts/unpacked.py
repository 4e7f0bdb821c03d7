"""Unpacked."""

FIRST, SECOND, THIRD = ["c", "b", "a"]

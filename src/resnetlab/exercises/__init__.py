"""Exercises that grade themselves: a course of small tasks, and what says in seconds which mistake an answer makes."""

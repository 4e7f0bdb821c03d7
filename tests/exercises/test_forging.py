"""A report that an answer writes itself is told as forged, and ends nobody's grading."""

from __future__ import annotations

import pytest

from resnetlab.exercises.course import file_name
from resnetlab.exercises.workshop import Workshop

pytestmark = pytest.mark.xdist_group("exercises")
NAME = "convolution_by_unfold"
FORGED = {
    # what a report says, in Python: `cases` are those that were asked for, and `say` writes a line that counts
    "no case": "say({'case': -1})",
    "a grade as a fault": "say({'fault': {'slug': 'passed', 'message': ''}})",
    "a formula as a fault": "say({'fault': {'slug': '=HYPERLINK(1)', 'message': ''}})",
    "an error that is none": "report({'error': ['type', 'text', 'where', 'line'], 'seen': []})",
    "a huge number": "report({'error': None, 'seen': [['y', 'output', {'value': 10**400}]]})",
    "lists in lists": "report({'error': None, 'seen': [['y', 'output', nested]]})",
    "a shape that is a number": "report({'error': None, 'seen': [['y', 'output', {'shape': 2, 'data': ZEROS}]]})",
}
FORGER = """
import json, os, sys

ZEROS = 'A' * 22 + '=='  # two numbers of 64 bits


def convolution(x, weight, bias, stride, padding):
    frame = sys._getframe()
    while 'word' not in frame.f_locals:
        frame = frame.f_back
    word, cases = frame.f_locals['word'], frame.f_locals['request'].cases
    nested = {'value': 1}
    for _ in range(400):
        nested = {'items': [nested]}

    def say(what):
        os.write(3, (word + ' ' + json.dumps(what) + chr(10)).encode())

    def report(seen):
        for number in range(len(cases)):
            say({'case': number, 'seen': seen})

    SAID
    say({'end': True})
    os._exit(0)
"""


@pytest.mark.parametrize("what", FORGED)
def test_a_report_that_is_forged_is_told_as_such(what: str, workshop: Workshop) -> None:
    """The word before each line can be found in the frames of what calls an answer."""
    result = workshop.check(NAME, FORGER.replace("SAID", FORGED[what]).encode(), file_name(NAME))
    assert (result.passed, result.mistake, result.where) == (False, "forged", "run"), result

"""What is printed can be printed: names of any bytes, JSON that others read, no bar where nobody looks."""

from __future__ import annotations

import json
import os
import sys

import pytest

from resnetlab.core.memory import keep_large_blocks
from resnetlab.core.terminal import json_text, on_one_line, progress_bar

NAMES = {
    "plain name.jpg": "plain name.jpg",
    "naïve ☃ 日本.jpg": "naïve ☃ 日本.jpg",
    "two\nlines": r"two\nlines",
    "tab\t\x1b[31mred": r"tab\t\x1b[31mred",
    os.fsdecode(b"caf\xe9"): r"caf\udce9",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_printed_on_one_line(name: str) -> None:
    assert on_one_line(name) == NAMES[name]
    on_one_line(name).encode("utf-8")


@pytest.mark.parametrize("value", [{}, [], {"a": [1, 2], "b": {"c": None}}, [{"a": "ü"}, 2], {"name": list(NAMES)}])
def test_json_is_utf_8_and_comes_back_as_it_was(value: object) -> None:
    assert json.loads(json_text(value).encode("utf-8")) == value


def test_json_has_a_line_for_each_entry() -> None:
    assert json_text({"a": [1, 2], "ü": 3}).splitlines() == ["{", '  "a": [1, 2],', '  "ü": 3', "}"]


def test_progress_shows_nothing_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("working", 3) as advance:
        advance(3)
    assert capsys.readouterr() == ("", "")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's way of handing out memory")
def test_the_c_library_is_told_to_keep_large_blocks() -> None:
    assert keep_large_blocks()

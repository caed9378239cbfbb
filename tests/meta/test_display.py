"""The demo's live picture: whole ids, and nothing beyond the edge, on narrow and wide terminals."""

import io
import re

import display as screen
import pytest

DEVICE = {"id": "demo-00017", "version": "2.0.0", "progress": 100, "online": True}


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(params=[60, 79, 80, 100, 120])
def columns(request, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(request.param))
    monkeypatch.setenv("TERM", "xterm")
    return request.param


def plain(text):
    return re.sub(r"\033\[[\d;]*m", "", text)


def test_two_devices_fit_a_line_with_their_ids_and_what_they_do(columns):
    for state in screen.STATES:
        line = plain(screen.fleet_block(screen.Display(Terminal()), [dict(DEVICE, state=state)] * 2, None)[0]).rstrip()
        assert len(line) <= columns, (state, line)
        assert line.count("demo-00017") == 2
        assert line.count("100%" if state == "downloading" else screen.STATES[state][0]) == 2


def test_a_batch_fits_a_line(columns):
    batch = {"planned": 12, "state": "running", "succeeded": 10, "failed": 0, "rolled_back": 0, "updating": 0}
    assert len(plain(screen.batch_line(screen.Display(Terminal()), 1, batch))) <= columns


def test_a_long_note_breaks_between_words_below_its_beginning(columns):
    terminal = Terminal()
    screen.Display(terminal).note("word " * 30)
    first, *rest = plain(terminal.getvalue()).splitlines()
    assert first.startswith("   · word") and rest
    for line in (first, *rest):
        assert len(line) <= columns and set(line[5:].split()) == {"word"}

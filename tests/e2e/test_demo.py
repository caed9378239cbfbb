"""The demo is a test: the story that `make demo` tells ends as told."""

import subprocess

import programs
import pytest


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """One run of `make demo DEMO=ci`, without set-up and build."""
    folder = tmp_path_factory.mktemp("demo") / "run"
    command = ["/usr/bin/python3", programs.ROOT / "scripts" / "demo.py", "--mode", "ci", "--folder", folder]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=500)


def test_the_demo_ends_as_told(demo):
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "20 of 20 devices on 2.0.0; the bad release stopped after its first batch" in demo.stdout


def test_without_a_terminal_the_demo_prints_plain_text(demo):
    assert "\033" not in demo.stdout and "\r" not in demo.stdout

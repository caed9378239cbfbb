"""The demo is a test: the story that `make demo` tells ends as told."""

import subprocess

import demo as story
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


def test_devices_suffer_on_the_way(demo):
    for accident in ("loses power in the download", "loses power while boot swaps the images", "loses its connection"):
        assert accident in demo.stdout


# What each chapter would find if the fleet had ended otherwise
FLEET = [{"id": f"demo-{number}", "version": "2.0.0", "error": None, "reason": None} for number in range(story.DEVICES)]
HALTED = {"id": "R-2", "version": "3.0.0", "status": "halted", "stop_reason": "", "failures": [],
          "batches": [{"offered": 4}, {"offered": 0}]}


@pytest.mark.parametrize(
    "devices, rollout, words",
    [
        ([*FLEET[1:], dict(FLEET[0], version="3.0.0")], HALTED, "devices per version"),
        (FLEET[1:], HALTED, "devices per version"),
        (FLEET, dict(HALTED, status="completed"), "the rollout of 3.0.0 is completed"),
        (FLEET, dict(HALTED, batches=[{"offered": 4}, {"offered": 1}]), "beyond its first batch"),
        (FLEET, HALTED, None),
    ],
)
def test_the_demo_fails_unless_the_fleet_ended_as_told(monkeypatch, tmp_path, capsys, devices, rollout, words):
    monkeypatch.setattr(story.Demo, "devices", lambda self: devices)
    monkeypatch.setattr(story.Demo, "rollout", lambda self, identifier: rollout)
    for chapter in ("sign", "publish", "start_rollout", "watch"):
        monkeypatch.setattr(story.Demo, chapter, lambda *_: None)
    monkeypatch.setattr(story.Demo, "tell", story.Demo.bad_release)
    monkeypatch.setattr(story.signal, "signal", lambda *_: None)
    monkeypatch.setattr("sys.argv", ["demo.py", "--mode", "ci", "--folder", str(tmp_path / "run")])
    assert story.main() == (1 if words else 0)
    assert (words or "") in capsys.readouterr().err

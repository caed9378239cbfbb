"""What was acknowledged is there after kill -9.

The load program (tests/e2e/durability/load.c) reports through the real engine and the real store and writes a line after
each acknowledgement. This process keeps those lines outside, kills the program at random moments, starts it again on the
same folder, and in the end looks for every acknowledged report in the database. It shows that nobody is answered before
the commit; what a commit survives beyond the process is SQLite's matter (WAL, synchronous=FULL).

Replay: UD_SEED=<printed seed> python3 -m pytest tests/e2e/test_durability.py
"""

import os
import random
import select
import signal
import sqlite3
import subprocess
import time

import programs

KILLS = 25
DEVICES = 64
THREADS = 16


def read_until_kill(process, moment):
    """Lines of acknowledgements until `moment`, then everything that was written before the process died."""
    output = b""
    descriptor = process.stdout.fileno()
    while time.monotonic() < moment:
        if select.select([descriptor], [], [], max(0, moment - time.monotonic()))[0]:
            part = os.read(descriptor, 1 << 16)
            assert part, "the load program ended by itself: " + process.stderr.read().decode()
            output += part
    process.send_signal(signal.SIGKILL)
    output += process.stdout.read()
    assert process.wait() == -signal.SIGKILL
    complete = output[: output.rfind(b"\n") + 1]
    return {tuple(map(int, line.split())) for line in complete.splitlines()}


def stored_reports(folder):
    """(device, number) of every report that left an event, and each device's newest version, read from the database."""
    database = sqlite3.connect(folder / "fleet.db")
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    names = {number: int(name[1:]) for number, name in database.execute("SELECT number, id FROM device")}
    events = database.execute("SELECT device, text FROM event WHERE kind = 'firmware'")
    reports = {(names[device], int(text.split(",")[0].rsplit(".", 1)[1])) for device, text in events}
    newest = {
        names[device]: int(version.rsplit(".", 1)[1])
        for device, version in database.execute("SELECT device, version FROM report WHERE version IS NOT NULL")
    }
    database.close()
    return reports, newest


def test_every_acknowledged_report_survives_kill_9(tmp_path):
    seed = int(os.environ.get("UD_SEED", random.randrange(1 << 32)))
    print("seed", seed)
    chance = random.Random(seed)
    acknowledged = set()
    first = 1
    for _ in range(KILLS):
        process = subprocess.Popen(
            [programs.BIN / "ud_durability_load", str(tmp_path), str(DEVICES), str(THREADS), str(first)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        acknowledged |= read_until_kill(process, time.monotonic() + chance.uniform(0.05, 0.5))
        process.stderr.close()
        process.stdout.close()
        first = 1 + max((number for _, number in acknowledged), default=0)

    reports, newest = stored_reports(tmp_path)
    lost = acknowledged - reports
    assert not lost, f"seed {seed}: {len(lost)} of {len(acknowledged)} acknowledged reports are gone: {sorted(lost)[:5]}"
    for device, number in acknowledged:
        assert newest[device] >= number, f"seed {seed}: device {device} is behind its report {number}"
    assert len(acknowledged) > KILLS * DEVICES / 4, "the load program hardly ran"
    print(len(acknowledged), "acknowledged reports over", KILLS, "kills, none lost")

"""What was acknowledged is there after kill -9.

The load program (tests/e2e/durability/load.c) reports through the real engine and the real store and writes a line after
each acknowledgement. This process keeps those lines outside, kills the program at random moments, looks after each kill
for what was acknowledged in a copy of the database, and starts the program again on the same folder. A device reports one
thing after another: its newest version in the database must be the last one acknowledged, or a later one; and the first
reports of each run, as many as a device's events may come in a row, must have left their events. It shows that nobody is
answered before the commit; what a commit survives beyond the process is SQLite's matter (WAL, synchronous=FULL).

Replay: UD_SEED=<printed seed> python3 -m pytest tests/e2e/test_durability.py
"""

import os
import random
import select
import shutil
import signal
import sqlite3
import subprocess
import time

import programs

KILLS = 25
DEVICES = 64
THREADS = 16
EVENTS = 64  # UD_DEVICE_EVENT_COUNT_MAX; each run begins with as many


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


def stored_reports(folder, copy):
    """(device, number) of every report that left an event, and each device's newest version, read from a copy of the
    database with its log, so that the recovery of the original is left to the program itself."""
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for name in ("fleet.db", "fleet.db-wal"):
        if (folder / name).exists():
            shutil.copy(folder / name, copy / name)
    database = sqlite3.connect(copy / "fleet.db")
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
    logged = set()
    first = 1
    folder = tmp_path / "data"
    folder.mkdir()
    for _ in range(KILLS):
        process = subprocess.Popen(
            [programs.BIN / "ud_durability_load", str(folder), str(DEVICES), str(THREADS), str(first)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        lines = read_until_kill(process, time.monotonic() + chance.uniform(0.05, 0.5))
        process.stderr.close()
        process.stdout.close()
        acknowledged |= lines
        logged |= {(device, number) for device, number in lines if number < first + EVENTS}
        first = 1 + max((number for _, number in acknowledged), default=0)

        events, newest = stored_reports(folder, tmp_path / "copy")
        lost = {(device, number) for device, number in acknowledged if newest[device] < number} | (logged - events)
        assert not lost, f"seed {seed}: {len(lost)} of {len(acknowledged)} acknowledged reports are gone: {sorted(lost)[:5]}"

    assert len(acknowledged) > KILLS * DEVICES / 4, "the load program hardly ran"
    print(len(acknowledged), "acknowledged reports over", KILLS, "kills,", len(logged), "of them with events, none lost")

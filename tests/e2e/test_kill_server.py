"""What the whole server acknowledged over HTTP is there after kill -9: every report, every registration.

Devices report a growing version as fast as they are answered and note each answer outside the server. One of them kills
the server at the very moment it is answered: an answer that had not waited for the commit of its window is found out.
The server starts again on the same folder, and no device may be behind what was acknowledged.

Replay: UD_SEED=<printed seed> python3 -m pytest tests/e2e/test_kill_server.py
"""

import http.client
import os
import random
import signal
import threading

from device_client import Device

KILLS = 12
DEVICES = 12


class Reporter(threading.Thread):
    """One device that reports 1.0.N, N growing, until the server dies; kills `process` at its last report, if it has one."""

    def __init__(self, device, number, last, process):
        super().__init__()
        self.device = device
        self.number = number
        self.acknowledged = number
        self.last = last
        self.process = process

    def run(self):
        while True:
            self.number += 1
            try:
                answer = self.device.check_in(version=f"1.0.{self.number}")
            except (OSError, http.client.HTTPException):
                return
            if self.number == self.last:
                self.process.send_signal(signal.SIGKILL)
            assert answer.status == 200, answer.data
            self.acknowledged = self.number


def test_what_was_acknowledged_over_http_survives_kill_9(server):
    seed = int(os.environ.get("UD_SEED", random.randrange(1 << 32)))
    print("seed", seed)
    chance = random.Random(seed)
    claim_key = server.api("POST", "/claim-keys", {"name": "line-1"})["key"]
    acknowledged = {}
    devices = {}
    for kill in range(KILLS):
        new = Device(server, f"gw-{kill}-new", claim_key)
        for device in [Device(server, f"gw-{kill}-{index}", claim_key) for index in range(DEVICES // KILLS)] + [new]:
            assert device.register().status == 200
            devices[device.name] = device
            acknowledged[device.name] = 0
        killer = chance.choice(sorted(devices))
        reporters = []
        for name, device in devices.items():
            last = acknowledged[name] + chance.randint(3, 30) if name == killer else None
            reporters.append(Reporter(device, acknowledged[name], last, server.program.process))
        for reporter in reporters:
            reporter.start()
        for reporter in reporters:
            reporter.join()
            acknowledged[reporter.device.name] = reporter.acknowledged
        server.program.kill()
        server.start()
        page = server.api("GET", "/devices?limit=200")
        stored = {item["id"]: int((item["version"] or "0.0.0").rsplit(".", 1)[1]) for item in page["items"]}
        behind = {name: (number, stored.get(name)) for name, number in acknowledged.items()
                  if number > stored.get(name, -1)}
        assert not behind, f"seed {seed}: acknowledged but not stored: {behind}"
    assert sum(acknowledged.values()) > KILLS * DEVICES, "the devices hardly reported"
    print(sum(acknowledged.values()), "acknowledged reports over", KILLS, "kills, none lost")

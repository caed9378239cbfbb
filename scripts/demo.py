#!/usr/bin/python3
"""The story of a fleet that updates itself, told by the real programs.

    scripts/demo.py               tells it and leaves the portal open until Ctrl-C
    scripts/demo.py --mode ci     tells it, checks its end, exits non-zero if it went otherwise

updraftd runs on an empty folder, updraft-sim runs devices with the real boot and agent code. All of it stays in
build/demo (--folder says elsewhere); the programs end with the demo.
"""

import argparse
import collections
import fcntl
import json
import pathlib
import shutil
import signal
import sys
import time

import display as screen
import programs

ROOT = programs.ROOT
FIRMWARE = ROOT / "tests" / "vectors" / "firmware" / "own-feature"
DEVICES = 20
HARDWARE = "demo-r1"
CHECKIN_INTERVAL_S = 2
FAILING = b"UPDRAFT-SIM:SELFTEST=FAIL"  # updraft-sim fails the self-test of an image that carries this
GOOD_BATCHES = "2,6,rest"
BAD_BATCHES = "4,rest"
ACCIDENTS = {"power_cut": "loses power", "connection_lost": "loses its connection", "dead": "IS LOST"}
MOMENTS = {"downloading": "in the download, at {progress} %", "staged": "while boot swaps the images"}
WAIT_S = 180
POLL_S = 0.25


class Unexpected(Exception):
    """The story went otherwise."""


class Demo:
    def __init__(self, folder):
        self.folder = folder
        self.display = screen.Display()
        self.server = None
        self.fleet = None
        self.cli = programs.Cli(folder / "home")

    # ---- what is asked of the server, all through the command line ------------------------------------------------

    def devices(self):
        return sorted(self.cli.json("device", "list", "--limit", 200)["items"], key=lambda device: device["id"])

    def rollout(self, identifier):
        return self.cli.json("rollout", "show", identifier)

    def watch(self, identifier, is_done, what):
        """Draws the fleet until is_done(devices, rollout); what stays is how the batches ended."""
        deadline = time.monotonic() + WAIT_S
        while True:
            rollout = self.rollout(identifier) if identifier else None
            devices = self.devices()
            self.tell_accidents()
            done = is_done(devices, rollout)
            self.display.live(
                screen.fleet_block(self.display, devices, rollout), screen.fleet_sentence(devices, rollout), last=done
            )
            if done:
                self.display.clear()
                for index, batch in enumerate(rollout["batches"] if rollout else []):
                    self.display.say(" " + screen.batch_line(self.display, index, batch))
                return
            if not self.fleet.running:
                raise Unexpected(f"updraft-sim ended:\n{self.fleet.tail()}")
            if time.monotonic() > deadline:
                raise Unexpected(f"after {WAIT_S} s still not: {what}")
            time.sleep(POLL_S)

    def tell_accidents(self):
        """What befell simulated devices since the last look."""
        for line in self.fleet.new_lines():
            event = json.loads(line) if line.startswith("{") else {}
            words = ACCIDENTS.get(event.get("event"))
            if words:
                moment = MOMENTS.get(event["state"], event["state"]).format(**event)
                self.display.note(f"{event['device']} {words} {moment}", "⚡", "yellow")

    # ---- the chapters -----------------------------------------------------------------------------------------------

    def start_server(self):
        self.display.chapter(1, "A server on an empty folder")
        portal = ROOT / "portal" / "dist"
        self.server = programs.Server(
            self.folder / "server",
            portal=portal if portal.is_dir() else None,
            arguments=["--checkin-interval", CHECKIN_INTERVAL_S],
        )
        self.display.note(f"updraftd is ready: devices at {self.server.device}, people at {self.server.url}")
        self.cli.login(self.server)
        self.display.note("signed in as admin with the password that it printed once")

    def make_key(self):
        self.display.chapter(2, "A signing key that never leaves this folder")
        self.cli.json("key", "new", "--out", self.folder / "signing.pem")
        self.cli.json("key", "public", self.folder / "signing.pem", "--out", self.folder / "signing.pub.pem")
        self.cli.json("key", "register", "demo", self.folder / "signing.pub.pem")
        self.display.note("the server knows the public half: it refuses every image that this key did not sign")

    def sign(self, version, payload):
        """A signed image of the payload."""
        raw = self.folder / f"firmware-{version}.bin"
        image = self.folder / f"firmware-{version}.img"
        raw.write_bytes(payload)
        self.cli.json("image", "sign", "--key", self.folder / "signing.pem", "--version", version, "--hardware", HARDWARE, raw, image)
        self.display.note(f"signed {image.name}: {image.stat().st_size:,} bytes for {HARDWARE}")
        return image

    def start_fleet(self):
        self.display.chapter(3, f"{DEVICES} devices leave the factory with 1.0.0")
        factory = self.sign("1.0.0", (FIRMWARE / "old.bin").read_bytes())
        claim = self.cli.json("claim-key", "new", "demo-line")["key"]
        self.fleet = programs.Program(
            "updraft-sim", "--server", self.server.device, "--claim-key", claim, "--devices", DEVICES,
            "--image", factory, "--key", self.folder / "signing.pub.pem", "--prefix", "demo-", "--json",
            log_path=self.folder / "updraft-sim.log",
        )
        self.watch(
            None,
            lambda devices, _: sum(device["online"] and device["version"] == "1.0.0" for device in devices) == DEVICES,
            f"{DEVICES} devices on 1.0.0",
        )
        self.display.note(f"{DEVICES} of {DEVICES} registered with the claim key of their product line", "✓", "green")

    def publish(self, image):
        release = self.cli.json("release", "upload", image)
        self.display.note(f"uploaded as release {release['version']}, {release['image_digest'][:12]}…")
        return release

    def start_rollout(self, release, batches, *options):
        rollout = self.cli.json("rollout", "start", release["id"], "--batches", batches, *options)
        planned = ", ".join(str(batch["planned"]) for batch in rollout["batches"])
        self.display.note(f"rollout {rollout['id']}: batches of {planned} devices")
        return rollout["id"]

    def good_release(self):
        self.display.chapter(4, "2.0.0 goes out in batches; some devices lose power or connection on the way")
        release = self.publish(self.sign("2.0.0", (FIRMWARE / "new.bin").read_bytes()))
        identifier = self.start_rollout(release, GOOD_BATCHES)
        self.watch(
            identifier,
            lambda devices, rollout: rollout["status"] != "running" and settled(devices),
            "the rollout of 2.0.0 has ended",
        )
        self.expect(identifier, "completed")
        self.expect_versions({"2.0.0": DEVICES})
        self.display.note(f"{DEVICES} of {DEVICES} downloaded, verified, swapped, tried and confirmed 2.0.0", "✓", "green")

    def bad_release(self):
        self.display.chapter(5, "3.0.0 fails its self-test; the rollout stops itself")
        payload = (FIRMWARE / "old.bin").read_bytes() + FAILING
        release = self.publish(self.sign("3.0.0", payload))
        identifier = self.start_rollout(release, BAD_BATCHES, "--failure-limit", "20", "--min-sample", "2")
        self.watch(
            identifier,
            lambda devices, rollout: rollout["status"] != "running" and settled(devices),
            "the rollout of 3.0.0 was halted and its devices are back on 2.0.0",
        )
        rollout = self.expect(identifier, "halted")
        self.expect_versions({"2.0.0": DEVICES})
        first, rest = rollout["batches"][0], rollout["batches"][1:]
        if first["offered"] == 0 or any(batch["offered"] for batch in rest):
            raise Unexpected("the bad release went beyond its first batch")
        self.display.note(f"halted: {rollout['stop_reason']}", "✓", "green")
        reasons = {device["error"]: device["reason"] for device in self.devices()}
        for failure in rollout["failures"]:
            self.display.note(f"{failure['count']} × {reasons.get(failure['label'], failure['label'])}", "↩", "yellow")
        return rollout

    def expect(self, identifier, status):
        rollout = self.rollout(identifier)
        if rollout["status"] != status:
            raise Unexpected(f"the rollout of {rollout['version']} is {rollout['status']}: {rollout['stop_reason']}")
        return rollout

    def expect_versions(self, expected):
        found = collections.Counter(device["version"] for device in self.devices())
        if found != expected:
            raise Unexpected(f"devices per version: {dict(found)} instead of {expected}")

    def show_end(self, rollout):
        self.display.chapter(6, "The end")
        devices = self.devices()
        rows = [("version", "devices", "failed", "reverted")]
        for version in sorted({device["version"] for device in devices} | {rollout["version"]}):
            took = [batch for batch in rollout["batches"]] if version == rollout["version"] else []
            rows.append((
                version,
                str(sum(device["version"] == version for device in devices)),
                str(sum(batch["failed"] for batch in took)),
                str(sum(batch["rolled_back"] for batch in took)),
            ))
        for index, row in enumerate(rows):
            line = f"   {row[0]:<10}{row[1]:>9}{row[2]:>9}{row[3]:>10}"
            self.display.say(self.display.paint(line, "dim") if index == 0 else line)

    def tell(self):
        for chapter in (self.start_server, self.make_key, self.start_fleet, self.good_release):
            chapter()
        self.show_end(self.bad_release())

    def stay_open(self):
        paint = self.display.paint
        self.display.say("")
        self.display.say(f"   portal    {paint(self.server.url, 'bold', 'cyan')}")
        self.display.say(f"   sign in   admin / {self.server.password}")
        self.display.say(f"   logs      {self.server.program.log_path}")
        self.display.say(f"             {self.fleet.log_path}")
        self.display.say("")
        self.display.say(paint("   The fleet stays alive. Ctrl-C ends it.", "dim"))
        while self.fleet.running and self.server.program.running:
            time.sleep(0.2)

    def stop(self):
        for program in (self.fleet, self.server):
            if program is not None:
                program.stop()


def settled(devices):
    """Nothing is under way on any device."""
    return all(device["state"] not in ("downloading", "updating") for device in devices)


def end_orderly(*_):
    raise KeyboardInterrupt


def claim_folder(folder):
    """Empties the folder; SystemExit if another demo uses it. The lock lasts until the returned file is closed."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = open(folder.with_suffix(".lock"), "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SystemExit(f"demo: another demo runs in {folder}; end it first, or choose another --folder") from None
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return lock


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mode", choices=["watch", "ci"], default="watch")
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "build" / "demo", help="emptied first")
    arguments = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end_orderly)
    lock = claim_folder(arguments.folder)
    demo = Demo(arguments.folder)
    try:
        demo.tell()
        demo.display.say("")
        demo.display.note(f"{DEVICES} of {DEVICES} devices on 2.0.0; the bad release stopped after its first batch", "✓", "green")
        if arguments.mode == "watch":
            demo.stay_open()
    except (Unexpected, AssertionError, programs.Problem) as error:
        print(f"demo: {error}\ndemo: logs are in {arguments.folder}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        demo.display.say("")
        return 0 if arguments.mode == "watch" else 130
    finally:
        demo.stop()
        lock.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

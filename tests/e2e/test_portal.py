"""The portal in Debian's Chromium on the real server: a person signs in, sees a device change state, halts a rollout.

The device is a script, so that each state stays until the browser has shown it.
"""

import subprocess

import programs
import pytest
from device_client import Device

ROOT = programs.ROOT
SCRIPTS = ROOT / "tests" / "e2e" / "portal"
DIST = ROOT / "portal" / "dist"
HARDWARE = "hw"
BROWSER_S = 60

# device-state of api/device.cddl
DOWNLOADING, VERIFYING, CONFIRMED = 2, 3, 6


@pytest.fixture
def server(start_server):
    assert (DIST / "index.html").exists(), "the portal is not built; run make setup"
    started = start_server(portal=DIST)
    started.sign_in()
    return started


@pytest.fixture(scope="session")
def node():
    """The Node.js that builds the portal."""
    found = subprocess.run(["sh", "-c", ". scripts/node-env.sh && command -v node"], cwd=ROOT, capture_output=True, text=True)
    return found.stdout.strip()


@pytest.fixture
def browse(start_program, node):
    """browse(script, *arguments) -> the running script of tests/e2e/portal."""

    def start(script, *arguments):
        return start_program("node", SCRIPTS / script, *arguments, path=node)

    return start


@pytest.fixture
def release(server, cli, tmp_path):
    """2.0.0, signed by a registered key and uploaded."""
    key, public, raw, image = (tmp_path / name for name in ("key.pem", "key.pub.pem", "payload.bin", "payload.img"))
    raw.write_bytes(bytes(index * 7 % 251 for index in range(20000)))
    cli.json("key", "new", "--out", key)
    cli.json("key", "public", key, "--out", public)
    cli.json("key", "register", "test", public)
    cli.json("image", "sign", "--key", key, "--version", "2.0.0", "--hardware", HARDWARE, raw, image)
    return cli.json("release", "upload", image)


def register(server, name):
    """A device that is registered and has checked in once."""
    claim_key = server.api("POST", "/claim-keys", {"name": f"line-{name}"})["key"]
    device = Device(server, name, claim_key, HARDWARE)
    assert device.register().status == 200
    assert device.check_in().status == 200
    return device


def start_rollout(server, release):
    return server.api("POST", "/rollouts", {"release": release["id"], "batches": [{"percent": 100}]})


def test_a_person_signs_in_visits_every_page_and_signs_out(server, browse):
    person = browse("sign_in.mjs", server.url, server.password)
    person.expect(r"refused: .*do not match", BROWSER_S)
    person.expect(r"^signed out$", BROWSER_S)
    assert len([line for line in person.log if line.startswith("visited ")]) == 5


def test_a_person_sees_a_device_change_state_without_a_reload(server, release, browse):
    device = register(server, "walker")
    person = browse("watch_device.mjs", server.url, server.password, "walker", "idle", "downloading", "updating", "success")
    person.expect(r"^saw idle 1\.0\.0 -$", BROWSER_S)

    start_rollout(server, release)
    offer = device.check_in().json
    assert offer["version"] == "2.0.0"
    about = {"update_id": offer["update_id"]}
    device.check_in(state=DOWNLOADING, progress=42, **about)
    person.expect(r"^saw downloading 1\.0\.0>2\.0\.0 42$", BROWSER_S)
    device.check_in(state=VERIFYING, progress=10, **about)
    person.expect(r"^saw updating 1\.0\.0>2\.0\.0 10$", BROWSER_S)
    device.check_in(state=CONFIRMED, version="2.0.0", image_digest=release["image_digest"], **about)
    person.expect(r"^saw success 2\.0\.0 -$", BROWSER_S)
    person.expect(r"^done$", BROWSER_S)


def test_a_person_halts_a_rollout_and_no_further_device_is_offered_it(server, release, browse):
    devices = [register(server, f"waiter-{number}") for number in range(3)]
    rollout = start_rollout(server, release)
    assert devices[0].check_in().json["action"] == 1

    person = browse("halt_rollout.mjs", server.url, server.password, rollout["id"], "Smoke in the lab")
    person.expect(r"asks: No further device receives 2\.0\.0\. 2 devices stay on 1\.0\.0\. 1 device already updating", BROWSER_S)
    person.expect(r"^halted$", BROWSER_S)

    after = server.api("GET", f"/rollouts/{rollout['id']}")
    assert (after["status"], after["stop"]) == ("halted", "person")
    assert "Smoke in the lab" in after["stop_reason"]
    assert devices[1].check_in().json["action"] == 0

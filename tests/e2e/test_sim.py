"""updraft-sim: the real agent and boot, against a server of a hundred lines (tests/sim/tiny_server.py).

What firmware does is decided by its content; what a device does then is read from the check-ins that arrive.
"""

import collections
import json
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "sim"))

import programs  # noqa: E402
import tiny_server  # noqa: E402

ERRORS = [
    line.split('"')[1] for line in (ROOT / "api" / "errors.def").read_text().splitlines() if line.startswith("UD_ERROR(")
]
WAITING, DOWNLOADING, TRIAL, CONFIRMED, REVERTED, FAILED, REFUSED = 1, 2, 5, 6, 7, 8, 9
SAFE_MODE = 6  # boot_reason
SLOT_A, SLOT_B = ("--rom-fixed", "0x08020000"), ("--rom-fixed", "0x08080000")


@pytest.fixture
def tiny():
    server = tiny_server.TinyServer()
    yield server
    server.close()


@pytest.fixture
def images(tmp_path, cli):
    """images(version, marker, key) signs a firmware of 30 KB; the key pair is made when it is first named. `options` are more
    of `updraft image sign`.
    """

    def sign(version, marker=b"", key="key", options=()):
        pem, public = tmp_path / f"{key}.pem", tmp_path / f"{key}.pub.pem"
        if not pem.exists():
            cli.json("key", "new", "--out", pem)
            cli.json("key", "public", pem, "--out", public)
        raw, image = tmp_path / f"{version}.bin", tmp_path / f"{version}.img"
        raw.write_bytes(bytes(i * i % 251 for i in range(30000)) + version.encode() + marker)
        cli.json("image", "sign", "--key", pem, "--version", version, "--hardware", "sim-board", *options, raw, image)
        return image

    return sign


@pytest.fixture
def start_fleet(tmp_path, tiny, images, start_program):
    def start(devices, *options, linked=()):
        first = images("1.0.0", options=linked)
        return start_program(
            "updraft-sim", "--server", tiny.address, "--claim-key", "claim", "--image", first, "--speed", 0,
            "--key", tmp_path / "key.pub.pem", "--devices", devices, "--json", *options,
        )

    return start


def objects(program, kind):
    entries = [json.loads(line) for line in list(program.log) if line.startswith("{")]
    return [entry for entry in entries if entry["type"] == kind]


def outcomes(tiny):
    """(state, error) of every final report, counted."""
    return collections.Counter(
        (message[5], ERRORS[message.get(8, 0)]) for message in tiny.checkins if message[5] >= CONFIRMED
    )


def test_a_fleet_updates_through_power_cuts_and_lost_connections(tiny, images, start_fleet):
    tiny.publish(tiny_server.Release(images("2.0.0"), 5))
    fleet = start_fleet(
        12, "--faults", "cut-download=4,cut-swap=4,drop=4", "--until", "version=2.0.0,count=12", "--timeout", 60
    )
    programs.wait_for(lambda: fleet.process.poll() is not None, "the fleet is on 2.0.0", timeout_s=70)
    assert fleet.process.returncode == 0, fleet.tail()
    struck = collections.Counter((event["event"], event["in"]) for event in objects(fleet, "event"))
    assert struck["power_cut", "application"] == 4
    assert struck["power_cut", "boot"] == 4
    assert struck["connection_lost", "application"] == 4
    assert objects(fleet, "summary")[-1]["versions"]["2.0.0"] == {"count": 12, "confirmed": 12}


@pytest.mark.parametrize(
    "marker, reason",
    [("SELFTEST=FAIL", "self_test_failed"), ("CRASH", "crashed"), ("NOCONTACT", "no_contact")],
)
def test_bad_firmware_reverts_and_says_why(tiny, images, start_fleet, marker, reason):
    tiny.publish(tiny_server.Release(images("2.0.0", b"UPDRAFT-SIM:" + marker.encode()), 5))
    fleet = start_fleet(3, "--faults", "none", "--contact-timeout", 2)
    programs.wait_for(lambda: len(tiny.terminal) == 3, "all devices reported an outcome", timeout_s=60)
    assert outcomes(tiny) == {(REVERTED, reason): 3}
    versions = [message[3] for message in tiny.checkins if message[5] == REVERTED]
    assert versions == ["1.0.0"] * 3
    assert fleet.running


def test_a_fleet_that_overwrites_updates_through_power_cuts(tiny, images, start_fleet):
    tiny.publish(tiny_server.Release(images("2.0.0"), 5))
    fleet = start_fleet(
        8, "--install", "overwrite", "--faults", "cut-download=3,cut-swap=3", "--until", "version=2.0.0,count=8",
        "--timeout", 60,
    )
    programs.wait_for(lambda: fleet.process.poll() is not None, "the fleet is on 2.0.0", timeout_s=70)
    assert fleet.process.returncode == 0, fleet.tail()
    assert collections.Counter(event["event"] for event in objects(fleet, "event"))["power_cut"] == 6
    assert {message[19][3] for message in tiny.checkins} == {2}


def test_without_a_way_back_bad_firmware_stays_and_says_why(tiny, images, start_fleet):
    tiny.publish(tiny_server.Release(images("2.0.0", b"UPDRAFT-SIM:SELFTEST=FAIL"), 5))
    start_fleet(3, "--install", "overwrite", "--faults", "none")
    programs.wait_for(lambda: len(tiny.terminal) == 3, "all devices reported an outcome", timeout_s=60)
    assert outcomes(tiny) == {(FAILED, "self_test_failed"): 3}
    told = [message for message in tiny.checkins if message[5] == FAILED]
    assert {(message[3], message[12]) for message in told} == {("2.0.0", SAFE_MODE)}


def test_direct_xip_goes_from_slot_to_slot(tiny, images, start_fleet):
    tiny.publish(tiny_server.Release(images("2.0.0", options=SLOT_B), 5, slot=1))
    fleet = start_fleet(6, "--install", "xip", "--faults", "cut-download=3", "--timeout", 90, linked=SLOT_A)
    confirmed = lambda version: {m[1] for m in tiny.checkins if m[3] == version and m[5] == CONFIRMED}  # noqa: E731
    programs.wait_for(lambda: len(confirmed("2.0.0")) == 6, "the fleet is on 2.0.0", timeout_s=60)
    tiny.publish(tiny_server.Release(images("3.0.0", options=SLOT_A), 6, slot=0))
    programs.wait_for(lambda: len(confirmed("3.0.0")) == 6, "the fleet is on 3.0.0", timeout_s=60)
    slots = {(message[3], message[17], tuple(message[18])) for message in tiny.checkins}
    addresses = (0x08020000, 0x08080000)
    assert slots == {("1.0.0", 0, addresses), ("2.0.0", 1, addresses), ("3.0.0", 0, addresses)}
    assert fleet.running


@pytest.mark.parametrize("slot, state", [(0, REFUSED), (None, FAILED)])
def test_a_build_for_the_slot_that_runs_is_refused(tiny, images, start_fleet, slot, state):
    tiny.publish(tiny_server.Release(images("2.0.0", options=SLOT_A), 5, slot=slot))
    start_fleet(2, "--install", "xip", "--faults", "none", linked=SLOT_A)
    programs.wait_for(lambda: len(tiny.terminal) == 2, "all devices reported an outcome", timeout_s=30)
    assert outcomes(tiny) == {(state, "wrong_slot"): 2}


def test_encrypted_images_are_decrypted_into_slot_a_and_back(tmp_path, cli, tiny, images, start_fleet):
    secret, public = tmp_path / "device.pem", tmp_path / "device.pub.pem"
    cli.json("key", "new", "--out", secret)
    cli.json("key", "public", secret, "--out", public)
    bad = images("2.0.0", b"UPDRAFT-SIM:SELFTEST=FAIL", options=("--encrypt", public))
    assert b"UPDRAFT-SIM" not in bad.read_bytes()
    tiny.publish(tiny_server.Release(bad, 5))
    fleet = start_fleet(4, "--faults", "cut-download=2,cut-swap=2", "--timeout", 90, "--decrypt-key", secret)
    programs.wait_for(lambda: len(tiny.terminal) == 4, "all devices reported an outcome", timeout_s=60)
    assert outcomes(tiny) == {(REVERTED, "self_test_failed"): 4}
    tiny.publish(tiny_server.Release(images("3.0.0", options=("--encrypt", public)), 6))
    programs.wait_for(lambda: len(tiny.terminal) == 4, "the fleet is on 3.0.0", timeout_s=60)
    assert outcomes(tiny)[CONFIRMED, "ok"] == 4
    assert fleet.running


def test_devices_without_the_key_refuse_encrypted_images(tmp_path, cli, tiny, images, start_fleet):
    secret, public = tmp_path / "device.pem", tmp_path / "device.pub.pem"
    cli.json("key", "new", "--out", secret)
    cli.json("key", "public", secret, "--out", public)
    tiny.publish(tiny_server.Release(images("2.0.0", options=("--encrypt", public)), 5))
    start_fleet(2, "--faults", "none")
    programs.wait_for(lambda: len(tiny.terminal) == 2, "all devices reported an outcome", timeout_s=30)
    assert outcomes(tiny) == {(FAILED, "image_encrypted"): 2}


def test_a_first_image_linked_for_the_wrong_slot_is_named(images, start_fleet):
    fleet = start_fleet(1, "--install", "xip", linked=SLOT_B)
    programs.wait_for(lambda: fleet.process.poll() is not None, "it ended")
    assert fleet.process.returncode == 2
    assert "--rom-fixed 0x08020000" in fleet.tail()


def test_an_image_of_a_stranger_is_refused(tiny, images, start_fleet):
    tiny.publish(tiny_server.Release(images("2.0.0", key="stranger"), 5))
    start_fleet(2, "--faults", "none")
    programs.wait_for(lambda: len(tiny.terminal) == 2, "all devices reported an outcome", timeout_s=30)
    assert outcomes(tiny) == {(REFUSED, "image_key_unknown"): 2}


def test_a_signal_ends_it_with_a_summary(start_fleet):
    fleet = start_fleet(5)
    programs.wait_for(lambda: objects(fleet, "status"), "the fleet runs")
    assert fleet.stop() == 0
    assert sum(objects(fleet, "summary")[-1]["states"].values()) == 5


def test_the_same_seed_strikes_the_same_devices(tiny, images, start_fleet):
    release = tiny_server.Release(images("2.0.0"), 5)
    struck = []
    for _ in range(2):
        tiny.publish(release)
        fleet = start_fleet(
            10, "--seed", 7, "--faults", "cut-download=2", "--until", "version=2.0.0,count=10", "--timeout", 60
        )
        programs.wait_for(lambda: fleet.process.poll() is not None, "the fleet is on 2.0.0", timeout_s=70)
        struck.append({event["device"] for event in objects(fleet, "event") if event["event"] == "power_cut"})
    assert struck[0] == struck[1]
    assert len(struck[0]) == 2


def sim(*arguments):
    return subprocess.run(
        [str(programs.BIN / "updraft-sim"), *map(str, arguments)], capture_output=True, text=True, timeout=20
    )


def test_the_help_shows_options_and_examples():
    done = sim("--help")
    assert done.returncode == 0
    for word in ("--server", "--faults", "Examples", "updraft-sim --server 127.0.0.1:8480"):
        assert word in done.stdout


@pytest.mark.parametrize(
    "arguments, words",
    [
        ((), "--server, --image and --key are needed"),
        (("--devices", "0"), "give a number from 1 to 100000"),
        (("--devices", "many"), "give a number from 1 to 100000"),
        (("--devices", "-1"), "give a number from 1 to 100000"),
        (("--server", "nowhere"), "give HOST:PORT"),
        (("--prefix", "a b"), "letters, digits"),
        (("--install", "magic"), "give swap, overwrite or xip"),
        (("--until", "count=3"), "give version=V"),
        (("--key", "/nonexistent.pem"), "/nonexistent.pem"),
        (("--key", "/dev/null"), "empty, too large, or not a file"),
        (("surplus",), "surplus"),
    ],
)
def test_bad_options_are_named(arguments, words):
    done = sim(*arguments)
    assert done.returncode not in (0, 139)
    assert words in done.stderr


def test_an_image_that_no_given_key_verifies_is_named(tmp_path, images):
    image = images("1.0.0", key="one")
    images("1.0.1", key="other")
    done = sim("--server", "127.0.0.1:1", "--key", tmp_path / "other.pub.pem", "--image", image)
    assert done.returncode == 12
    assert "No registered key" in done.stderr

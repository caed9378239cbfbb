"""The command line's verbs that talk to a server: what a person types, sees, and gets as exit code."""

import json
import os
import pty
import re
import select
import stat
import subprocess
import threading

import contract
import programs
import pytest

HARDWARE = "hw"

# api/errors.def
EXIT_USAGE, EXIT_NOT_FOUND, EXIT_AUTH, EXIT_CONFLICT, EXIT_NETWORK = 2, 3, 4, 5, 6
EXIT_FILE, EXIT_IMAGE, EXIT_SIGNATURE, EXIT_KEY, EXIT_HALTED = 9, 10, 12, 13, 14


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Keys, and images of 1.0.0 and 2.0.0."""
    folder = tmp_path_factory.mktemp("images")
    cli = programs.Cli(folder / "home")
    payload = folder / "payload.bin"
    payload.write_bytes(bytes(index * 7 % 251 for index in range(20000)))
    cli.json("key", "new", "--out", folder / "key.pem")
    cli.json("key", "public", folder / "key.pem", "--out", folder / "key.pub.pem")
    for version in ("1.0.0", "2.0.0"):
        arguments = ["--key", folder / "key.pem", "--version", version, "--hardware", HARDWARE]
        cli.json("image", "sign", *arguments, payload, folder / f"{version}.img")
    return folder


def fails(done, exit_code, *words):
    """The command ended with that code and its message names what is wrong."""
    assert done.returncode == exit_code, done.stderr
    for word in words:
        assert str(word) in done.stderr
    assert done.stderr.startswith("updraft: ")


def released(cli, images, version="2.0.0"):
    if not cli.json("key", "list")["items"]:
        cli.json("key", "register", "test-key", images / "key.pub.pem")
    return cli.json("release", "upload", images / f"{version}.img")


def enrol(cli, server, count):
    key = cli.json("claim-key", "new", "line")["key"]
    devices = [contract.Device(server, f"d-{number}", key, hardware=HARDWARE) for number in range(count)]
    for device in devices:
        device.check_in()
    return devices


# ---- login -----------------------------------------------------------------------------------------------------------


def test_login_keeps_a_token_that_only_its_owner_may_read(server, tmp_path):
    cli = programs.Cli(tmp_path / "home")
    done = cli.run("login", "--server", server.url + "/", "--password-stdin", stdin=server.password + "\n")
    assert done.returncode == 0 and "admin" in done.stdout
    file = cli.home / ".config" / "updraft" / "session.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    token = json.loads(file.read_text())["token"]
    assert token not in done.stdout and server.password not in file.read_text()
    assert cli.json("whoami")["account"] == "admin"
    assert cli.run("logout").returncode == 0
    assert not file.exists()
    fails(cli.run("whoami"), EXIT_AUTH, "updraft login")
    server.token = token
    with pytest.raises(programs.Problem, match="unauthenticated"):
        server.api("GET", "/me")


def test_login_asks_on_the_terminal_without_showing_the_password(server, tmp_path):
    cli = programs.Cli(tmp_path / "home")
    master, terminal = pty.openpty()
    process = subprocess.Popen(
        [programs.BIN / "updraft", "login", "--server", server.url],
        stdin=terminal, stdout=terminal, stderr=terminal, env=cli.environment, start_new_session=True,
        preexec_fn=lambda: __import__("fcntl").ioctl(0, __import__("termios").TIOCSCTTY, 0),
    )
    os.close(terminal)
    seen = b""

    def read_until(word):
        nonlocal seen
        while word not in seen:
            ready, _, _ = select.select([master], [], [], 20)
            assert ready, f"no {word} in {seen}"
            seen += os.read(master, 4096)

    read_until(b"Password of admin: ")
    os.write(master, server.password.encode() + b"\n")
    read_until(b"Role")
    assert process.wait(20) == 0
    os.close(master)
    assert server.password.encode() not in seen


def test_a_wrong_password_is_told(server, tmp_path):
    cli = programs.Cli(tmp_path / "home")
    done = cli.run("login", "--server", server.url, "--password-stdin", stdin="wrong\n")
    fails(done, EXIT_AUTH, "user name or the password is wrong", "unauthenticated")
    assert not (cli.home / ".config" / "updraft" / "session.json").exists()


def test_login_without_password_or_server_is_told(server, tmp_path):
    cli = programs.Cli(tmp_path / "home")
    fails(cli.run("login", "--server", server.url, "--password-stdin", stdin=""), EXIT_USAGE, "no password")
    fails(cli.run("login", "--password-stdin", stdin="x\n"), EXIT_USAGE, "--server")
    fails(cli.run("login", "--server", "localhost:1", "--password-stdin", stdin="x\n"), EXIT_USAGE, "localhost:1", "http://")


def test_a_server_that_is_not_there_is_told_with_its_address(tmp_path):
    cli = programs.Cli(tmp_path / "home")
    done = cli.run("login", "--server", "http://127.0.0.1:1", "--password-stdin", stdin="x\n")
    fails(done, EXIT_NETWORK, "http://127.0.0.1:1", "is updraftd running")


def test_the_device_address_is_not_mistaken_for_the_operators(server, tmp_path):
    cli = programs.Cli(tmp_path / "home")
    done = cli.run("login", "--server", f"http://{server.device}", "--password-stdin", stdin="x\n")
    assert done.returncode != 0 and done.stderr.startswith("updraft: ")


def test_the_environment_comes_before_the_file(server, cli):
    server.sign_in()
    cli.environment.update(UPDRAFT_SERVER=server.url, UPDRAFT_TOKEN=server.token, HOME="/nonexistent",
                           XDG_CONFIG_HOME="/nonexistent")
    assert cli.json("whoami")["account"] == "admin"
    cli.environment["UPDRAFT_TOKEN"] = "nobody"
    fails(cli.run("whoami"), EXIT_AUTH)


def test_a_token_is_not_sent_to_another_server(server, cli):
    cli.environment["UPDRAFT_SERVER"] = "http://127.0.0.1:1"
    fails(cli.run("whoami"), EXIT_AUTH, "nobody is signed in at http://127.0.0.1:1")


def test_a_session_that_ended_is_told(server, cli):
    server.token = json.loads((cli.home / ".config" / "updraft" / "session.json").read_text())["token"]
    server.api("DELETE", "/session")
    fails(cli.run("device", "list"), EXIT_AUTH, "unauthenticated")


def test_errors_are_json_when_asked(server, cli):
    done = cli.run("rollout", "show", "R-99", "--json")
    assert done.returncode == EXIT_NOT_FOUND
    error = json.loads(done.stdout)["error"]
    assert (error["code"], error["detail"]) == ("not_found", "there is no rollout R-99")
    assert error["request"] in done.stderr


# ---- keys and releases -----------------------------------------------------------------------------------------------


def test_keys_are_registered_and_listed(server, cli, images):
    done = cli.run("key", "register", "test-key", images / "key.pub.pem")
    assert done.returncode == 0 and "test-key" in done.stdout
    assert "test-key" in cli.run("key", "list").stdout
    fails(cli.run("key", "register", "test-key", images / "key.pub.pem"), EXIT_CONFLICT)
    (images / "note.txt").write_text("no key")
    fails(cli.run("key", "register", "other", images / "note.txt"), EXIT_KEY, "note.txt")


def test_of_a_private_key_only_the_public_half_is_sent(server, cli, images):
    made = cli.json("key", "register", "test-key", images / "key.pem")
    assert len(made["key_hash"]) == 64


@pytest.mark.parametrize("kind, options", [("rsa-2048", []), ("rsa-3072", []), ("ed25519", []), ("ed25519", ["--pure"])])
def test_keys_of_every_kind_of_devices_are_registered_and_their_images_released(server, cli, images, tmp_path, kind, options):
    cli.json("key", "new", "--type", kind, "--out", tmp_path / "key.pem")
    made = cli.json("key", "register", "other-kind", tmp_path / "key.pem")
    assert made["type"] == kind
    assert made["key_hash"] == cli.run("key", "public", tmp_path / "key.pem", "--hash").stdout.strip()
    assert re.search(rf"other-kind +{kind} ", cli.run("key", "list").stdout)
    sign = ["image", "sign", "-k", tmp_path / "key.pem", "-v", "3.0.0", "--hardware", HARDWARE, *options]
    cli.json(*sign, images / "payload.bin", tmp_path / "3.img")
    release = cli.json("release", "upload", tmp_path / "3.img")
    assert release["key_hash"] == made["key_hash"] and release["encrypted"] is False
    assert all(artifact["descriptor"] for artifact in release["artifacts"])


def test_a_key_that_no_device_verifies_is_refused_by_its_kind(server, cli, tmp_path):
    cli.json("key", "new", "--type", "ecdsa-p384", "--out", tmp_path / "key.pem")
    fails(cli.run("key", "register", "big", tmp_path / "key.pem"), EXIT_KEY, "P-384", "no device")
    assert cli.json("key", "list")["items"] == []


def test_an_encrypted_release_is_marked(server, cli, images, tmp_path):
    cli.json("key", "register", "test-key", images / "key.pub.pem")
    cli.json("key", "new", "--out", tmp_path / "device.pem")
    sign = ["image", "sign", "-k", images / "key.pem", "-v", "3.0.0", "--hardware", HARDWARE, "-E", tmp_path / "device.pem"]
    cli.json(*sign, images / "payload.bin", tmp_path / "3.img")
    done = cli.run("release", "upload", tmp_path / "3.img")
    assert done.returncode == 0 and "encrypted: its signature is good" in done.stdout
    assert cli.json("release", "list")["items"][0]["encrypted"] is True
    assert re.search(r"F-1 +3\.0\.0 .* encrypted ", cli.run("release", "list").stdout)
    data = bytearray((tmp_path / "3.img").read_bytes())
    data[100] ^= 1
    (tmp_path / "bad.img").write_bytes(data)
    fails(cli.run("release", "upload", tmp_path / "bad.img"), EXIT_SIGNATURE, "descriptor")


def test_an_image_for_the_factory_is_no_release(server, cli, images, tmp_path):
    cli.json("key", "register", "test-key", images / "key.pub.pem")
    cli.json("key", "new", "--out", tmp_path / "device.pem")
    sign = ["image", "sign", "-k", images / "key.pem", "-v", "3.0.0", "--hardware", HARDWARE, "-E", tmp_path / "device.pem"]
    made = cli.json(*sign, "--clear", images / "payload.bin", tmp_path / "factory.img")
    assert made["clear"] is True
    done = cli.run("release", "upload", tmp_path / "factory.img")
    assert done.returncode != 0 and "--clear" in done.stderr
    assert cli.json("release", "list")["items"] == []


def test_a_claim_key_is_shown_once_and_listed_without(server, cli):
    done = cli.run("claim-key", "new", "line", "--approve")
    key = re.search(r"udclaim-\S+", done.stdout).group(0)
    assert "once" in done.stdout
    listed = cli.run("claim-key", "list")
    assert "line" in listed.stdout and key not in listed.stdout


def test_a_release_is_uploaded_and_listed(server, cli, images):
    assert "no release yet" in cli.run("release", "list").stdout
    cli.json("key", "register", "test-key", images / "key.pub.pem")
    done = cli.run("release", "upload", images / "2.0.0.img", "--notes", "Mends sleep")
    assert done.returncode == 0 and "F-1 2.0.0 for hw" in done.stdout and "signed off-line" in done.stdout
    again = cli.run("release", "upload", images / "2.0.0.img")
    assert again.returncode == 0 and "released before" in again.stdout
    table = cli.run("release", "list").stdout
    assert re.search(r"F-1 +2\.0\.0 +hw .* Mends sleep", table)
    assert cli.json("release", "list")["items"][0]["version"] == "2.0.0"


def test_an_image_nobody_knows_the_key_of_is_refused(server, cli, images):
    fails(cli.run("release", "upload", images / "2.0.0.img"), EXIT_SIGNATURE, "image_key_unknown", "registered")


def test_what_is_no_image_is_refused(server, cli, images, tmp_path):
    fails(cli.run("release", "upload", images / "payload.bin"), EXIT_IMAGE, "image_magic")
    fails(cli.run("release", "upload", tmp_path / "none.img"), EXIT_FILE, "none.img")
    fails(cli.run("release", "upload", tmp_path), EXIT_FILE, tmp_path)
    (tmp_path / "empty.img").touch()
    fails(cli.run("release", "upload", tmp_path / "empty.img"), EXIT_FILE, "empty")


def test_an_image_above_the_limit_is_refused_before_it_is_sent(server, cli, tmp_path):
    with open(tmp_path / "huge.img", "wb") as file:
        file.truncate(600_000_000)
    fails(cli.run("release", "upload", tmp_path / "huge.img"), EXIT_USAGE, "too_large", "600000000")


# ---- devices ---------------------------------------------------------------------------------------------------------


def test_devices_are_listed_filtered_and_shown(server, cli):
    assert "No device" in cli.run("device", "list").stdout
    devices = enrol(cli, server, 3)
    table = cli.run("device", "list").stdout
    assert re.search(r"d-1 +online +default +hw +1\.0\.0 +Idle", table)
    assert "d-1" not in cli.run("device", "list", "--search", "d-2").stdout
    assert cli.json("device", "list", "--running", "9.9.9")["total"] == 0
    assert "2 of 3 devices" in cli.run("device", "list", "--limit", "2").stdout
    shown = cli.run("device", "show", "d-1").stdout
    assert "Why is it not updating?" in shown and "What happened" in shown
    assert "Abnormal resets" not in shown and "Went back because" not in shown
    devices[1].check_in(boot_reason=2, revert_reason=45, failed_starts=[1, 4])
    shown = cli.run("device", "show", "d-1").stdout
    assert re.search(r"^Went back because +crashed$", shown, re.MULTILINE)
    assert re.search(r"^Trial starts used +1$", shown, re.MULTILINE) and re.search(r"^Abnormal resets +4$", shown, re.MULTILINE)
    assert cli.json("device", "show", "d-1")["device"]["id"] == "d-1"
    fails(cli.run("device", "show", "none"), EXIT_NOT_FOUND, "none")
    fails(cli.run("device", "list", "--state", "odd"), EXIT_USAGE, "odd", "rolled_back")


def test_long_lists_are_read_page_by_page(server, cli):
    enrol(cli, server, 203)
    items = cli.json("device", "list", "--limit", "1000")["items"]
    assert len({device["id"] for device in items}) == 203


def test_a_device_is_moved_held_and_approved(server, cli):
    assert cli.run("group", "new", "lab", "--description", "On the bench").returncode == 0
    fails(cli.run("group", "new", "lab"), EXIT_CONFLICT, "exists")
    key = cli.json("claim-key", "new", "line", "--group", "lab", "--approve")["key"]
    contract.Device(server, "d-1", key)
    assert re.search(r"lab +1 +On the bench", cli.run("group", "list").stdout)
    assert cli.json("device", "set", "d-1", "--approve", "--hold")["device"]["hold"] is True
    shown = cli.run("device", "set", "d-1", "--group", "default", "--release").stdout
    assert re.search(r"Group +default", shown) and re.search(r"Held +no", shown)
    fails(cli.run("device", "set", "d-1"), EXIT_USAGE, "nothing to change")
    fails(cli.run("device", "set", "d-1", "--hold", "--release"), EXIT_USAGE, "contradict")
    fails(cli.run("device", "set", "none", "--hold"), EXIT_NOT_FOUND)
    fails(cli.run("device", "set", "d-1", "--group", "nowhere"), EXIT_NOT_FOUND)


# ---- rollouts --------------------------------------------------------------------------------------------------------


def test_a_rollout_is_started_listed_shown_and_stopped(server, cli, images):
    enrol(cli, server, 10)
    released(cli, images)
    done = cli.run("rollout", "start", "2.0.0", "--batches", "20%,3,rest", "--failure-limit", "2")
    assert done.returncode == 0 and "R-1" in done.stdout
    rollout = cli.json("rollout", "show", "R-1")
    assert [batch["planned"] for batch in rollout["batches"]] == [2, 3, 5]
    assert re.search(r"R-1 +2\.0\.0 +hw .*running", cli.run("rollout", "list").stdout)
    assert "paused" in cli.run("rollout", "pause", "R-1", "--reason", "Trade fair").stdout
    assert cli.json("rollout", "resume", "R-1")["status"] == "running"
    assert "halted" in cli.run("rollout", "halt", "R-1", "--reason", "Crashes").stdout
    fails(cli.run("rollout", "pause", "R-9"), EXIT_NOT_FOUND, "R-9")
    fails(cli.run("rollout", "start", "9.9.9"), EXIT_NOT_FOUND, "9.9.9")


@pytest.mark.parametrize("batches", ["", "0%", "101%", "1.5", "ten", "10%,,rest", "rest", "10%,rest,5", "10%;20%", "-1"])
def test_batches_that_make_no_sense_are_refused_before_anything_is_sent(cli, batches):
    fails(cli.run("rollout", "start", "2.0.0", "--batches", batches), EXIT_USAGE, "10%,40%,rest")


@pytest.mark.parametrize("option, value", [("--failure-limit", "many"), ("--failure-limit", "101"), ("--success", "-1"),
                                           ("--soak", "1h"), ("--retries", "x")])
def test_numbers_that_make_no_sense_are_refused(cli, option, value):
    fails(cli.run("rollout", "start", "2.0.0", option, value), EXIT_USAGE, value)


def update(device, outcome):
    """One check-in, and the whole update if one is offered, ending in `outcome` (6 confirmed, 7 reverted)."""
    offer = device.check_in()
    if offer["action"] != 1:
        return
    about = {"update_id": offer["update_id"]}
    device.check_in(state=2, progress=50, **about)
    if outcome == 6:
        device.state.update(version=offer["version"], image_digest=offer["image_digest"])
        device.check_in(state=6, **about)
    else:
        why = contract.error_number("self_test_failed")
        device.check_in(state=7, error=why, revert_reason=why, revert_digest=offer["image_digest"], **about)


def run_fleet(devices, outcome, stop):
    """Devices that check in again and again, until `stop`; a server that is away for a while is no matter."""
    while not stop.is_set():
        for device in devices:
            try:
                update(device, outcome)
            except OSError:
                pass
        stop.wait(0.1)


@pytest.fixture
def fleet_of(cli, server, images):
    """fleet_of(outcome): ten devices that end updates so, and a release to give them."""
    stop = threading.Event()
    threads = []

    def start(outcome):
        devices = enrol(cli, server, 10)
        released(cli, images)
        threads.append(threading.Thread(target=run_fleet, args=(devices, outcome, stop), daemon=True))
        threads[-1].start()

    yield start
    stop.set()
    for thread in threads:
        thread.join(20)


def test_watch_follows_a_rollout_to_its_good_end(cli, fleet_of):
    fleet_of(6)
    cli.json("rollout", "start", "2.0.0", "--batches", "20%,rest")
    done = cli.run("rollout", "watch", "R-1", timeout_s=60)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[-1].startswith("R-1 completed: batch 2 of 2 passed, 8 of 8 updated")
    assert "\033" not in done.stdout


def test_watch_ends_with_its_own_code_when_a_rollout_is_halted(cli, fleet_of):
    fleet_of(7)
    done = cli.run("rollout", "start", "2.0.0", "--batches", "20%,rest", "--retries", "0", "--watch", timeout_s=60)
    fails(done, EXIT_HALTED, "R-1", "halted")
    rollout = cli.json("rollout", "show", "R-1")
    assert (rollout["status"], rollout["stop"]) == ("halted", "failure_limit")
    assert rollout["batches"][1]["offered"] == 0
    assert [failure["label"] for failure in rollout["failures"]] == ["self_test_failed"]
    shown = cli.run("rollout", "show", "R-1").stdout
    assert "failed: The new firmware's self-test failed; the device went back to the previous image, if it keeps one.\n" in shown
    assert "  8 waiting for their batch\n" in shown
    assert re.search(r"^  batch 1  \[x+\.*\] halted  0 of 2 updated, [12] rolled back", shown, re.MULTILINE)
    assert re.search(r"^  batch 2  \[\.+\] waiting 0 of 8 updated$", shown, re.MULTILINE)


def test_watch_prints_an_object_for_each_change_as_json(cli, fleet_of):
    fleet_of(6)
    cli.json("rollout", "start", "2.0.0")
    done = cli.run("rollout", "watch", "R-1", "--json", timeout_s=60)
    changes = [json.loads(line) for line in done.stdout.splitlines()]
    revisions = [change["revision"] for change in changes]
    assert done.returncode == 0 and changes[-1]["status"] == "completed"
    assert revisions == sorted(set(revisions))


def test_watch_waits_for_a_server_that_restarts(cli, server, fleet_of):
    fleet_of(6)
    cli.json("rollout", "start", "2.0.0")
    cli.json("rollout", "pause", "R-1")
    process = subprocess.Popen([programs.BIN / "updraft", "rollout", "watch", "R-1"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, env=cli.environment)
    assert "paused" in process.stdout.readline()
    server.stop()
    server.start()
    cli.json("rollout", "resume", "R-1")
    try:
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.communicate()


# ---- help ------------------------------------------------------------------------------------------------------------

VERBS = [
    "login", "logout", "whoami", "password", "key register", "key list", "claim-key new", "claim-key list", "release upload",
    "release list", "device list", "device show", "device set", "group new", "group list", "rollout start", "rollout list", "rollout show", "rollout watch",
    "rollout pause", "rollout resume", "rollout halt",
]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_with_an_example(tmp_path, verb):
    done = programs.Cli(tmp_path / "home").run(*verb.split(), "--help")
    assert done.returncode == 0
    assert f"updraft {verb}" in done.stdout.partition("Examples:")[2]
    assert all(len(line) <= 110 for line in done.stdout.splitlines())

"""The device door of the real server: registration, tokens, check-ins, artifacts; many at once; ends and restarts."""

import hashlib
import os
import signal
import socket
import sqlite3
import threading

import programs
import pytest
from device_client import CBOR, Device, ask


@pytest.fixture
def claim_key(server):
    return server.api("POST", "/claim-keys", {"name": "line-1"})["key"]


@pytest.fixture
def device(server, claim_key):
    made = Device(server, "gw-1", claim_key)
    assert made.register().status == 200
    return made


def put_artifact(server, data):
    """Places a file where an upload would; returns its address."""
    digest = hashlib.sha256(data).hexdigest()
    (server.data / "artifacts" / digest).write_bytes(data)
    return f"/v1/artifacts/{digest}"


def test_a_registered_device_checks_in_and_is_told_when_to_come_back(server, device):
    answer = device.check_in()
    assert answer.status == 200 and answer.json["action"] == 0 and answer.json["next_s"] > 0
    assert server.api("GET", "/devices?q=gw-1")["items"][0]["hardware"] == "hw"


def test_registration_is_idempotent_for_the_same_identity(server, device):
    again = Device(server, "gw-1", device.claim_key)
    again.nonce, again.secret = device.nonce, device.secret
    assert again.register().json["status"] == 0
    assert again.check_in().status == 200


def test_another_secret_under_the_same_id_waits_for_a_person(server, device):
    thief = Device(server, "gw-1", device.claim_key)
    answer = thief.register()
    assert answer.status == 200 and answer.json["status"] == 2 and "token" not in answer.json
    assert device.check_in().status == 200


def test_the_credential_gives_a_new_token(device):
    old = device.token
    answer = device.renew()
    assert answer.status == 200 and answer.json["token"] != old
    assert device.check_in().status == 200


def test_a_retired_device_stays_out(device):
    assert device.post("/v1/retire", device.credential()).json == {}
    assert device.check_in().json["action"] == 5  # decommission
    assert device.renew().code == "retired"


def cbor(value):
    """Enough of RFC 8949 for a check-in."""

    def head(major, number):
        for limit, info, size in ((24, None, 0), (2**8, 24, 1), (2**16, 25, 2), (2**32, 26, 4)):
            if number < limit:
                first = number if info is None else info
                return bytes([major << 5 | first]) + (number.to_bytes(size, "big") if size else b"")
        raise ValueError(number)

    if isinstance(value, int):
        return head(0, value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    return head(5, len(value)) + b"".join(cbor(key) + cbor(item) for key, item in value.items())


def test_cbor_is_answered_in_cbor(server, device):
    message = cbor({1: "gw-1", 2: "hw", 3: "1.0.0", 4: device.image, 5: 0, 9: device.epoch, 10: 1})
    answer = device.post("/v1/checkin", message, device.headers(CBOR))
    assert answer.status == 200 and answer.headers["Content-Type"] == CBOR
    assert answer.data[0] >> 5 == 5  # a map
    retired = device.post("/v1/retire", cbor({1: "gw-1", 2: device.secret}), {"Content-Type": CBOR})
    assert retired.data == b"\xa0"


def test_an_artifact_comes_whole_and_in_parts(server, device):
    data = os.urandom(100_000)
    path = put_artifact(server, data)
    whole = device.get(path)
    assert whole.status == 200 and whole.data == data and whole.headers["Accept-Ranges"] == "bytes"
    assert whole.headers["ETag"] == f'"{hashlib.sha256(data).hexdigest()}"' and "immutable" in whole.headers["Cache-Control"]
    for value, first, last in (("0-0", 0, 0), ("4096-8191", 4096, 8191), ("99999-", 99999, 99999),
                               ("-10", 99990, 99999), ("50000-999999999", 50000, 99999)):
        part = device.get(path, Range=f"bytes={value}")
        assert part.status == 206 and part.data == data[first : last + 1], value
        assert part.headers["Content-Range"] == f"bytes {first}-{last}/100000"


def test_ranges_that_are_none_give_the_whole(server, device):
    data = os.urandom(1000)
    path = put_artifact(server, data)
    for value in ("rows=0-1", "bytes=0-1,5-6", "bytes=5-2", "bytes=x", "bytes"):
        answer = device.get(path, Range=value)
        assert answer.status == 200 and answer.data == data, value


def test_head_tells_the_size_without_the_bytes(server, device):
    path = put_artifact(server, b"x" * 5000)
    answer = device.get(path, method="HEAD")
    assert answer.status == 200 and answer.data == b"" and answer.headers["Content-Length"] == "5000"


def test_a_cache_may_ask_whether_it_changed(server, device):
    path = put_artifact(server, b"x" * 5000)
    tag = device.get(path).headers["ETag"]
    assert device.get(path, If_None_Match=tag).status == 304
    assert device.get(path, If_Range=tag, Range="bytes=0-9").status == 206
    assert device.get(path, If_Range='"other"', Range="bytes=0-9").status == 200


def test_artifacts_may_be_made_public(start_server):
    server = start_server(arguments=["--public-artifacts"])
    path = put_artifact(server, b"abc")
    answer = ask(server.device, "GET", path)
    assert answer.data == b"abc" and answer.headers["Cache-Control"].startswith("public")


def test_many_devices_at_once_are_all_served(server, claim_key):
    failures = []

    def live(number):
        device = Device(server, f"many-{number}", claim_key)
        try:
            assert device.register().status == 200
            for _ in range(5):
                assert device.check_in().status == 200
        except Exception as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads = [threading.Thread(target=live, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert server.api("GET", "/fleet/summary")["devices"] == 40


def test_a_device_tells_why_and_how_often_its_starts_failed(server, device):
    reverted, crashed, safe_mode = 2, 45, 6
    device.check_in(boot_reason=reverted, revert_reason=crashed, failed_starts=[2, 7])
    server.program.kill()
    server.start()
    shown = server.api("GET", "/devices/gw-1")
    assert (shown["boot_reason"], shown["revert_reason"]) == ("reverted", "crashed")
    assert (shown["trial_attempts"], shown["abnormal_resets"]) == (2, 7)
    device.check_in(boot_reason=safe_mode, failed_starts=[0, 2**32 - 1])
    shown = server.api("GET", "/devices/gw-1")
    assert (shown["boot_reason"], shown["trial_attempts"], shown["abnormal_resets"]) == ("safe_mode", 0, 255)


def test_what_was_answered_survives_a_kill(server, claim_key):
    devices = [Device(server, f"kept-{number}", claim_key) for number in range(20)]
    for device in devices:
        assert device.register().status == 200
    server.program.kill()
    server.start()
    for device in devices:
        assert device.check_in().status == 200, device.name


def test_a_request_under_way_is_finished_when_the_server_is_asked_to_end(server, device):
    host, port = server.device.split(":")
    body = str(device.checkin_message()).replace("'", '"').encode()
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        head = "".join(f"{name}: {value}\r\n" for name, value in device.headers().items())
        connection.sendall((f"POST /v1/checkin HTTP/1.1\r\nHost: h\r\n{head}Content-Length: {len(body)}\r\n"
                            "Expect: 100-continue\r\n\r\n").encode())
        assert b"100 Continue" in connection.recv(4096)
        server.program.process.send_signal(signal.SIGTERM)
        server.program.expect("event=stopping")
        connection.sendall(body)
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
    assert server.program.process.wait(15) == 0


def test_start_up_errors_say_what_and_end_with_their_code(start_server, tmp_path, start_program):
    server = start_server()
    newer = tmp_path / "newer"
    newer.mkdir()
    with sqlite3.connect(newer / "fleet.db") as database:
        application = sqlite3.connect(server.data / "fleet.db").execute("PRAGMA application_id").fetchone()[0]
        database.execute(f"PRAGMA application_id = {application}")
        database.execute("PRAGMA user_version = 1000")
    cases = [
        (["--data", tmp_path / "other", "--device-listen", server.device, "--operator-listen", "127.0.0.1:0"],
         9, rf"cannot listen on {server.device}: The address is in use"),
        (["--data", "/proc/updraft"], 9, r"cannot make the data folder /proc/updraft: No such file or directory\. The file"),
        (["--data", newer], 8, r"newer/fleet\.db: its schema is newer than this program\. The database was written by a newer"),
        (["--data", server.data, "--device-listen", "127.0.0.1:0", "--operator-listen", "127.0.0.1:0"],
         5, r"Another updraftd works in \S+; stop it or give another --data folder\.$"),
        (["--data", tmp_path / "bad", "--device-listen", "localhost"], 2, r"cannot listen on localhost: .* write ADDR:PORT"),
        (["--data", tmp_path / "away", "--device-listen", "192.0.2.1:0"], 2, r"no address of this machine"),
        (["--data", tmp_path / "p", "--portal", tmp_path / "none"], 9, r"cannot read the portal"),
        ([], 2, r"--data is missing"),
        (["--data"], 2, r"--data needs a value"),
        (["--threads", "0"], 2, r"--threads takes a number from 1 to 64"),
        (["--sudo"], 2, r'no option "--sudo"'),
    ]
    for arguments, status, message in cases:
        program = start_program("updraftd", *arguments)
        program.expect(message)
        assert program.process.wait(10) == status, arguments


def test_a_folder_that_may_not_be_written_is_told(tmp_path, start_program):
    """Root gives up what lets it write everywhere."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    give_up = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    program = start_program("updraftd", *give_up[1:], *give_up and [programs.BIN / "updraftd"], "--data", closed,
                            path="/usr/bin/setpriv" if give_up else None)
    program.expect(r"closed/fleet\.lock: Permission denied\. The file cannot be written")
    assert program.process.wait(10) == 9


def test_help_and_version_are_for_people(start_program):
    start_program("updraftd", "--help").expect("--data /var/lib/updraft")
    start_program("updraftd", "--version").expect(r"updraftd \d+\.\d+\.\d+")


def test_the_portal_is_served_with_a_strict_policy(start_server, tmp_path):
    folder = tmp_path / "portal"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Updraft</title>")
    (folder / "assets" / "app-1.js").write_text("plain")
    (folder / "assets" / "app-1.js.br").write_text("brotli")
    (folder / "assets" / "app-1.js.gz").write_text("gzip")
    (folder / "secret.br").write_text("no plain form")
    (tmp_path / "outside").write_text("no")
    server = start_server(portal=folder)

    def get(path, **headers):
        return ask(server.operator, "GET", path, None, {name.replace("_", "-"): value for name, value in headers.items()})

    for path in ("/", "/devices/gw-1", "/index.html", "/../outside", "/%2e%2e/outside", "/assets", "/secret"):
        page = get(path)
        assert page.status == 200 and b"Updraft" in page.data, path
        assert "script-src 'self'" in page.headers["Content-Security-Policy"]
        assert page.headers["Cache-Control"] == "no-cache"
    assert get("/", If_None_Match=page.headers["ETag"]).status == 304
    for accepted, body, encoding in (("gzip, br", b"brotli", "br"), ("gzip", b"gzip", "gzip"), ("br;q=0", b"plain", None),
                                     ("identity", b"plain", None), ("brx", b"plain", None)):
        asset = get("/assets/app-1.js", Accept_Encoding=accepted)
        assert (asset.data, asset.headers["Content-Encoding"]) == (body, encoding), accepted
        assert "immutable" in asset.headers["Cache-Control"] and asset.headers["Vary"] == "Accept-Encoding"
    assert get("/assets/none.js").code == "not_found"
    assert get("/api/v1/none").status in (401, 404)
    assert ask(server.operator, "POST", "/").code == "method_not_allowed"


def test_health_and_readiness_are_told(server):
    assert ask(server.operator, "GET", "/healthz").status == 200
    assert ask(server.operator, "GET", "/readyz").status == 200

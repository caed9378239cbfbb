"""The operator API of the real server: what it takes, what it refuses, and that a refusal costs nothing."""

import http.client
import json
import os
import socket
import subprocess
import threading

import contract
import programs
import pytest

HARDWARE = "hw"
VECTORS = contract.ROOT / "tests" / "vectors" / "mcuboot"


@pytest.fixture
def api(server):
    return contract.Api(server)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Signed images and their keys, made once by the command line."""
    folder = tmp_path_factory.mktemp("images")
    cli = programs.Cli(folder / "home")
    payload = folder / "payload.bin"
    payload.write_bytes(bytes(index * 7 % 251 for index in range(20000)))
    for name in ("known", "stranger"):
        cli.json("key", "new", "--out", folder / f"{name}.pem")
        cli.json("key", "public", folder / f"{name}.pem", "--out", folder / f"{name}.pub.pem")

    def sign(name, key, version, *options):
        image = folder / f"{name}.img"
        arguments = ["--key", folder / f"{key}.pem", "--version", version, *options, payload, image]
        cli.json("image", "sign", *arguments)
        return image

    sign("one", "known", "1.0.0", "--hardware", HARDWARE)
    sign("two", "known", "2.0.0", "--hardware", HARDWARE)
    sign("forged", "stranger", "2.0.0", "--hardware", HARDWARE)
    return folder


def register_key(api, images, name="known"):
    return api.call("POST", "/keys", {"name": name, "public_pem": (images / f"{name}.pub.pem").read_text()})


def upload(api, data, query=""):
    return api.send("POST", f"/releases{query}", data, {"Content-Type": "application/octet-stream"})


def artifact_files(server):
    return sorted(path.name for path in (server.data / "artifacts").iterdir())


def logged(server, code):
    """The server's log has a line with that error code."""
    return programs.wait_for(lambda: any(code in line for line in list(server.program.log)), f"the log tells {code}")


# ---- signing in ------------------------------------------------------------------------------------------------------


def test_a_program_signs_in_with_a_bearer_token_and_out_again(server):
    api = contract.Api(server)
    me = api.call("GET", "/me")
    assert (me["account"], me["role"]) == ("admin", "admin")
    assert "csrf" not in me and "token" not in me
    api.call("DELETE", "/session")
    assert api.problem("GET", "/me")[:2] == (401, "unauthenticated")


def browser(server):
    """(api, csrf): a session by cookie, as the portal has it."""
    api = contract.Api(server, sign_in=False)
    _, headers, session = api.send("POST", "/session", {"user": "admin", "password": server.password})
    cookie = headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/" in cookie
    assert "token" not in session
    api.headers = {"Cookie": cookie.partition(";")[0]}
    return api, session["csrf"]


def test_a_browser_changes_things_only_with_its_csrf_value(server):
    api, csrf = browser(server)
    assert api.call("GET", "/me")["csrf"] == csrf
    group = {"name": "field"}
    assert api.problem("POST", "/groups", group)[:2] == (403, "csrf")
    assert api.problem("POST", "/groups", group, {"X-CSRF-Token": csrf[:-1] + "x"})[:2] == (403, "csrf")
    foreign = {"X-CSRF-Token": csrf, "Origin": "http://evil.example"}
    assert api.problem("POST", "/groups", group, foreign)[:2] == (403, "csrf")
    assert [item["name"] for item in api.call("GET", "/groups")["items"]].count("field") == 0
    own = {"X-CSRF-Token": csrf, "Origin": server.url}
    assert api.call("POST", "/groups", group, own)["name"] == "field"
    logged(server, "csrf")


def test_a_page_of_another_origin_cannot_sign_anybody_in(server):
    api = contract.Api(server, sign_in=False)
    body = {"user": "admin", "password": server.password}
    assert api.problem("POST", "/session", body, {"Origin": "http://evil.example"})[:2] == (403, "csrf")


def test_a_wrong_password_and_an_unknown_user_are_told_the_same(server):
    api = contract.Api(server, sign_in=False)
    wrong = api.problem("POST", "/session", {"user": "admin", "password": "wrong"})
    unknown = api.problem("POST", "/session", {"user": "nobody", "password": "wrong"})
    assert wrong[:2] == unknown[:2] == (401, "unauthenticated")
    assert wrong[2]["detail"] == unknown[2]["detail"]
    logged(server, "unauthenticated")


def test_guessing_passwords_is_slowed_down_and_says_for_how_long(server):
    api = contract.Api(server, sign_in=False)
    answers = [api.send("POST", "/session", {"user": "eve", "password": f"guess {turn}"}) for turn in range(7)]
    assert [status for status, _, _ in answers[:5]] == [401] * 5
    status, headers, problem = answers[-1]
    assert (status, problem["code"]) == (429, "too_many")
    assert int(headers["Retry-After"]) >= 1
    assert contract.Api(server).call("GET", "/me")["account"] == "admin"


def test_a_token_of_nobody_is_refused_everywhere(server):
    api = contract.Api(server, sign_in=False)
    api.headers = {"Authorization": "Bearer " + "x" * 43}
    for path in ("/me", "/devices", "/fleet/summary", "/releases", "/rollouts", "/events", "/keys", "/stream"):
        assert api.problem("GET", path)[:2] == (401, "unauthenticated")


# ---- forms of requests -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body, code, field",
    [
        (b"{", "malformed", None),
        (b"[]", "malformed", None),
        (b'{"name":"a","name":"b"}', "malformed", None),
        (b'{"name":"a"', "malformed", None),
        (b"{}", "invalid_argument", "name"),
        (b'{"name":1}', "invalid_argument", "name"),
        (b'{"name":"a b"}', "invalid_argument", "name"),
        (b'{"name":""}', "invalid_argument", "name"),
        (b'{"name":"' + b"a" * 65 + b'"}', "invalid_argument", "name"),
        (b'{"name":"a","colour":"red"}', "invalid_argument", "colour"),
        (b'{"name":"a","description":"\\u001b[31m"}', "invalid_argument", "description"),
    ],
)
def test_a_bad_body_is_refused_with_its_field(api, body, code, field):
    status, found, problem = api.problem("POST", "/groups", body, {"Content-Type": "application/json"})
    assert (status, found, problem.get("field")) == (400, code, field)


def test_a_body_above_the_limit_is_refused(api):
    body = b'{"name":"a","description":"' + b"x" * 70000 + b'"}'
    assert api.problem("POST", "/groups", body, {"Content-Type": "application/json"})[:2] == (413, "too_large")


def test_another_content_type_is_unsupported(api):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert api.problem("POST", "/groups", b"name=a", headers)[:2] == (415, "unsupported")


def test_wrong_query_values_are_refused_by_name(api):
    for query, field in (("limit=0", "limit"), ("limit=201", "limit"), ("offset=-1", "offset"), ("state=odd", "state"),
                         ("online=1", "online")):
        status, code, problem = api.problem("GET", f"/devices?{query}")
        assert (status, code, problem["field"]) == (400, "invalid_argument", field)


@pytest.mark.parametrize(
    "method, path, body, name",
    [
        ("GET", "/devices/none", None, "none"),
        ("GET", "/devices/none/events", None, "none"),
        ("GET", "/releases/F-99", None, "F-99"),
        ("GET", "/rollouts/R-99", None, "R-99"),
        ("POST", "/rollouts/R-99/halt", {}, "R-99"),
        ("POST", "/rollouts", {"release": "F-99"}, "release"),
        ("POST", "/rollouts", {"release": "9.9.9"}, "9.9.9"),
    ],
)
def test_what_is_not_there_is_told_by_name(api, method, path, body, name):
    status, code, problem = api.problem(method, path, body)
    assert (status, code) == (404, "not_found")
    assert name in problem["detail"]


def raw(server, method, path, headers=None, body=None):
    connection = http.client.HTTPConnection(server.operator, timeout=20)
    connection.request(method, path, body=body, headers=headers or {})
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer, data


def test_unknown_paths_and_methods_are_told(server):
    answer, data = raw(server, "GET", "/api/v1/nothing")
    assert (answer.status, json.loads(data)["code"]) == (404, "not_found")
    answer, data = raw(server, "PUT", "/api/v1/groups")
    assert (answer.status, json.loads(data)["code"]) == (405, "method_not_allowed")
    assert "POST" in answer.getheader("Allow")


def test_answers_are_kept_by_no_cache(server, api):
    _, headers, _ = api.send("GET", "/me")
    assert headers["Cache-Control"] == "no-store"


# ---- groups, keys, claim keys ----------------------------------------------------------------------------------------


def test_groups_are_made_once(api):
    made = api.call("POST", "/groups", {"name": "field", "description": "In the field"})
    assert made == {"name": "field", "description": "In the field", "devices": 0}
    assert api.problem("POST", "/groups", {"name": "field"})[:2] == (409, "exists")


def test_a_private_key_is_never_taken(api, images):
    body = {"name": "secret", "public_pem": (images / "known.pem").read_text()}
    status, code, problem = api.problem("POST", "/keys", body)
    assert (status, code, problem["field"]) == (422, "key_format", "public_pem")
    assert "private" in problem["detail"]
    assert api.call("GET", "/keys")["items"] == []


def test_what_is_no_key_is_told(api):
    assert api.problem("POST", "/keys", {"name": "x", "public_pem": "hello"})[:2] == (422, "key_format")


def test_a_key_is_listed_by_the_hash_that_images_carry(api, images):
    key = register_key(api, images)
    assert api.call("GET", "/keys")["items"] == [key]
    assert api.problem("POST", "/keys", {"name": "known", "public_pem": (images / "stranger.pub.pem").read_text()})[
        :2
    ] == (409, "exists")


def test_a_claim_key_is_shown_once(server, api):
    made = api.call("POST", "/claim-keys", {"name": "line", "approve": True})
    assert len(made["key"]) > 30
    listed = api.call("GET", "/claim-keys")["items"]
    assert [item["name"] for item in listed] == ["line"] and "key" not in listed[0]
    database = b"".join(path.read_bytes() for path in server.data.rglob("*") if path.is_file())
    assert made["key"].encode() not in database


# ---- devices ---------------------------------------------------------------------------------------------------------


def enrol(api, server, *names, **options):
    key = api.call("POST", "/claim-keys", {"name": f"line-{names[0]}", **options})["key"]
    return [contract.Device(server, name, key) for name in names]


def test_a_device_is_listed_filtered_and_shown(server, api):
    one, two = enrol(api, server, "d-one", "d-two")
    one.check_in()
    two.check_in()
    page = api.call("GET", "/devices?q=one")
    assert (page["total"], page["items"][0]["id"], page["items"][0]["version"]) == (1, "d-one", "1.0.0")
    assert api.call("GET", "/devices?version=1.0.0")["total"] == 2
    assert api.call("GET", "/devices?version=9.9.9")["total"] == 0
    assert api.call("GET", "/devices?limit=1&offset=1")["items"][0]["id"] in ("d-one", "d-two")
    detail = api.call("GET", "/devices/d-one")
    assert detail["device"]["id"] == "d-one" and detail["checks"]
    assert api.call("GET", "/devices/d-one/events")["items"]
    assert api.call("GET", "/fleet/summary")["devices"] == 2


def test_a_device_moves_is_held_and_retired(server, api):
    enrol(api, server, "d-one")
    api.call("POST", "/groups", {"name": "lab"})
    assert api.call("PATCH", "/devices/d-one", {"group": "lab", "hold": True})["device"]["group"] == "lab"
    assert api.call("GET", "/devices/d-one")["device"]["hold"] is True
    assert api.call("PATCH", "/devices/d-one", {"hold": False})["device"]["hold"] is False
    assert api.problem("PATCH", "/devices/d-one", {})[:2] == (400, "invalid_argument")
    assert api.problem("PATCH", "/devices/d-one", {"retired": False})[:2] == (400, "invalid_argument")
    api.call("PATCH", "/devices/d-one", {"retired": True})


def test_a_pending_device_is_approved(server, api):
    enrol(api, server, "d-one", approve=True)
    assert api.call("GET", "/devices/d-one")["device"]["pending"] is True
    assert api.call("PATCH", "/devices/d-one", {"approved": True})["device"]["pending"] is False


# ---- uploads ---------------------------------------------------------------------------------------------------------


def test_a_signed_image_becomes_a_release(server, api, images):
    key = register_key(api, images)
    data = (images / "one.img").read_bytes()
    status, _, release = upload(api, data, "?notes=First%20one")
    assert status == 201
    assert (release["version"], release["hardware"], release["notes"]) == ("1.0.0", HARDWARE, "First one")
    assert release["key_hash"] == key["key_hash"]
    assert [artifact["chunk_size"] for artifact in release["artifacts"]] == [512, 1024, 4096, 16384]
    assert all(artifact["descriptor"] for artifact in release["artifacts"])
    names = {release["file_digest"], *(artifact["digest"] for artifact in release["artifacts"])}
    assert set(artifact_files(server)) == names
    assert api.call("GET", f"/releases/{release['id']}") == release


def test_the_same_image_again_is_the_same_release(server, api, images):
    register_key(api, images)
    data = (images / "one.img").read_bytes()
    first = upload(api, data)
    second = upload(api, data)
    assert (first[0], second[0]) == (201, 200)
    assert first[2]["id"] == second[2]["id"]
    assert len(api.call("GET", "/releases")["items"]) == 1
    assert len(artifact_files(server)) == 5


def test_an_image_of_imgtool_needs_a_hardware_id_and_has_no_descriptor(api):
    api.call("POST", "/keys", {"name": "imgtool", "public_pem": (VECTORS / "keys" / "ec_a_pub.pem").read_text()})
    data = (VECTORS / "img" / "d-v1-ec256.bin").read_bytes()
    status, _, problem = upload(api, data)
    assert (status, problem["code"], problem["field"]) == (400, "invalid_argument", "hardware")
    status, _, release = upload(api, data, "?hardware=acme-r2")
    assert (status, release["hardware"]) == (201, "acme-r2")
    assert not any(artifact["descriptor"] for artifact in release["artifacts"])


def test_bad_images_are_refused_for_their_own_reason_and_leave_nothing(server, api, images):
    register_key(api, images)
    good = (images / "one.img").read_bytes()
    changed = bytearray(good)
    changed[5000] ^= 1
    torn = bytearray(good)
    torn[-1] ^= 1
    cases = {
        "image_key_unknown": (images / "forged.img").read_bytes(),
        "image_truncated": good[:10000],
        "image_hash": bytes(changed),
        "image_magic": b"\x7fELF" + good[4:],
        "image_descriptor": bytes(torn),
    }
    for code, data in cases.items():
        status, _, problem = upload(api, data)
        assert (status, problem["code"]) == (422, code)
        assert artifact_files(server) == []
        logged(server, code)
    assert api.call("GET", "/releases")["items"] == []


def test_an_empty_upload_is_refused(server, api, images):
    register_key(api, images)
    assert upload(api, b"")[2]["code"] in ("image_magic", "image_truncated")
    assert artifact_files(server) == []


def test_a_form_is_not_an_image(api):
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert api.problem("POST", "/releases", b"--x--", headers)[:2] == (415, "unsupported")


def head_only(server, headers):
    """Sends only the head of an upload; (status, code, connection closed by the server)."""
    host, port = server.operator.rsplit(":", 1)
    lines = ["POST /api/v1/releases HTTP/1.1", f"Host: {server.operator}", *headers, "", ""]
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall("\r\n".join(lines).encode())
        data = b""
        while True:
            part = connection.recv(65536)
            if not part:
                break
            data += part
    head, _, body = data.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["code"]


def test_an_upload_is_refused_by_its_head_alone(server, api):
    bearer = api.headers["Authorization"]
    size = "Content-Length: 50000000"
    assert head_only(server, [size]) == (401, "unauthenticated")
    assert head_only(server, [size, "Authorization: Bearer nobody"]) == (401, "unauthenticated")
    big = "Content-Length: 300000000"
    assert head_only(server, [big, f"Authorization: {bearer}", "Expect: 100-continue"]) == (413, "too_large")
    assert artifact_files(server) == []
    logged(server, "too_large")


def test_a_chunked_upload_is_cut_at_the_limit(server, api):
    """Without a Content-Length the limit counts what comes; nothing of it stays."""
    host, port = server.operator.rsplit(":", 1)
    head = (f"POST /api/v1/releases HTTP/1.1\r\nHost: {server.operator}\r\nTransfer-Encoding: chunked\r\n"
            f"Authorization: {api.headers['Authorization']}\r\n\r\n")
    piece = b"100000\r\n" + b"\0" * 0x100000 + b"\r\n"
    answer = b""
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(head.encode())
        try:
            for _ in range(70):
                connection.sendall(piece)
        except OSError:
            pass
        try:
            answer = connection.recv(65536)
        except OSError:
            pass
    assert answer == b"" or b" 413 " in answer.splitlines()[0]
    programs.wait_for(lambda: artifact_files(server) == [], "the draft is gone")
    logged(server, "too_large")


def test_an_upload_that_breaks_off_leaves_nothing(server, api):
    host, port = server.operator.rsplit(":", 1)
    head = (f"POST /api/v1/releases HTTP/1.1\r\nHost: {server.operator}\r\nContent-Length: 1000000\r\n"
            f"Authorization: {api.headers['Authorization']}\r\n\r\n")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(head.encode() + b"\0" * 300000)
        programs.wait_for(lambda: artifact_files(server) != [], "the draft is there")
    programs.wait_for(lambda: artifact_files(server) == [], "the draft is gone")


def test_a_draft_of_a_server_that_died_is_removed_at_the_next_start(server):
    api = contract.Api(server)
    host, port = server.operator.rsplit(":", 1)
    head = (f"POST /api/v1/releases HTTP/1.1\r\nHost: {server.operator}\r\nContent-Length: 1000000\r\n"
            f"Authorization: {api.headers['Authorization']}\r\n\r\n")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(head.encode() + b"\0" * 300000)
        programs.wait_for(lambda: artifact_files(server) != [], "the draft is there")
        server.program.kill()
    assert artifact_files(server) != []
    server.start()
    assert artifact_files(server) == []


@pytest.fixture
def small_disk(tmp_path):
    """A file system of a few megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "none", str(folder)]).returncode != 0:
        pytest.skip("mounting a small file system needs root; the unit test of intake fills a limit instead")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_while_uploading_is_told_and_costs_nothing(small_disk, images):
    server = programs.Server(small_disk / "server")
    try:
        api = contract.Api(server)
        register_key(api, images)
        status, _, problem = upload(api, b"\0" * 20_000_000)
        assert (status, problem["code"]) == (507, "storage_full")
        assert artifact_files(server) == []
        logged(server, "storage_full")
        assert upload(api, (images / "one.img").read_bytes())[0] == 201
    finally:
        server.stop()


# ---- rollouts --------------------------------------------------------------------------------------------------------


@pytest.fixture
def fleet(server, api, images):
    """Ten devices on 1.0.0 and a release 2.0.0."""
    register_key(api, images)
    devices = enrol(api, server, *(f"d-{number}" for number in range(10)))
    for device in devices:
        device.check_in()
    return devices, upload(api, (images / "two.img").read_bytes())[2]


def test_a_rollout_starts_by_version_and_pauses_resumes_and_halts(api, fleet):
    _, release = fleet
    plan = {"release": "2.0.0", "batches": [{"percent": 20}, {"count": 3}], "failure_limit_percent": 50}
    rollout = api.call("POST", "/rollouts", plan)
    assert (rollout["release"], rollout["status"], rollout["from"]) == (release["id"], "running", "1.0.0")
    assert [batch["planned"] for batch in rollout["batches"]] == [2, 3, 5]
    path = f"/rollouts/{rollout['id']}"
    assert api.call("POST", f"{path}/pause", {"reason": "Trade fair"})["status"] == "paused"
    assert api.call("POST", f"{path}/resume")["status"] == "running"
    halted = api.call("POST", f"{path}/halt", {"reason": "Crashes"})
    assert (halted["status"], halted["stop"]) == ("halted", "person")
    assert "Crashes" in halted["stop_reason"]
    assert api.problem("POST", f"{path}/pause", {"why": "x"})[2]["field"] == "why"
    assert [item["id"] for item in api.call("GET", "/rollouts?active=true")["items"]] == [rollout["id"]]
    assert api.call("GET", path)["id"] == rollout["id"]


def test_the_same_idempotency_key_starts_one_rollout(server, api, fleet):
    plan = {"release": fleet[1]["id"]}
    first = api.call("POST", "/rollouts", plan, {"Idempotency-Key": "once"})
    second = api.call("POST", "/rollouts", plan, {"Idempotency-Key": "once"})
    assert first["id"] == second["id"]
    assert len(api.call("GET", "/rollouts")["items"]) == 1
    server.stop()
    server.start()
    third = api.call("POST", "/rollouts", plan, {"Idempotency-Key": "once"})
    assert third["id"] == first["id"]
    assert api.problem("POST", "/rollouts", plan, {"Idempotency-Key": "x" * 65})[:2] == (400, "invalid_argument")


@pytest.mark.parametrize(
    "change, field",
    [
        ({"batches": []}, "batches"),
        ({"batches": [{"percent": 10, "count": 1}]}, "batches"),
        ({"batches": [{"percent": 101}]}, "batches"),
        ({"failure_limit_percent": -1}, "failure_limit_percent"),
        ({"retries_max": 11}, "retries_max"),
        ({"progress_timeout_s": 9}, "progress_timeout_s"),
        ({"forced": "yes"}, "forced"),
        ({"speed": "fast"}, "speed"),
        ({"release": 2}, "release"),
    ],
)
def test_a_plan_that_contradicts_itself_starts_nothing(api, fleet, change, field):
    status, code, problem = api.problem("POST", "/rollouts", {"release": fleet[1]["id"], **change})
    assert (status, code, problem["field"]) == (400, "invalid_argument", field)
    assert api.call("GET", "/rollouts")["items"] == []


def test_what_happened_is_listed_newest_first_and_in_pages(api, fleet):
    page = api.call("GET", "/events?limit=5")
    numbers = [event["number"] for event in page["items"]]
    assert numbers == sorted(numbers, reverse=True) and len(numbers) == 5
    rest = api.call("GET", f"/events?limit=200&before={page['next']}")
    assert all(event["number"] < numbers[-1] for event in rest["items"])


# ---- the stream ------------------------------------------------------------------------------------------------------


class Stream:
    """Server-sent events of /stream, read by a thread."""

    def __init__(self, server, api, query="", headers=None):
        self.events = []
        self.ended = False
        self.connection = http.client.HTTPConnection(server.operator, timeout=40)
        self.connection.request("GET", f"/api/v1/stream{query}", headers={**api.headers, **(headers or {})})
        self.answer = self.connection.getresponse()
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        event = {}
        try:
            for line in self.answer:
                text = line.decode().rstrip("\n")
                if text == "" and event:
                    self.events.append(event)
                    event = {}
                elif text and not text.startswith(":"):
                    name, _, value = text.partition(": ")
                    event[name] = value
        except (OSError, ValueError, http.client.HTTPException):
            pass
        self.ended = True

    def expect(self, condition, what):
        return programs.wait_for(lambda: next((found for found in list(self.events) if condition(found)), None), what)

    def close(self):
        sock = self.connection.sock
        if sock is not None:
            sock.shutdown(socket.SHUT_RDWR)
        self.connection.close()


def test_the_stream_tells_what_changes_as_the_contract_says(server, api):
    (device,) = enrol(api, server, "d-one")
    stream = Stream(server, api, "?devices=d-one")
    assert stream.answer.status == 200
    assert stream.answer.getheader("Content-Type").startswith("text/event-stream")
    first = stream.expect(lambda event: event["event"] == "change", "a first event")
    changes = json.loads(first["data"])
    contract.check_schema({"$ref": "#/components/schemas/Changes"}, changes, "a change event")
    assert int(first["id"]) == changes["revision"]
    seen = len(stream.events)
    device.state["version"] = "1.5.0"
    device.check_in()

    def tells_version(event):
        return any(row["version"] == "1.5.0" for row in json.loads(event["data"]).get("devices", []))

    told = stream.expect(tells_version, "the new version")
    assert int(told["id"]) > int(first["id"]) and len(stream.events) > seen
    stream.close()
    contract.Api.seen.add("streamChanges")


def test_a_stream_goes_on_where_it_left_off(server, api):
    enrol(api, server, "d-one")
    stream = Stream(server, api)
    last = stream.expect(lambda event: True, "a first event")["id"]
    stream.close()
    again = Stream(server, api, headers={"Last-Event-ID": last})
    event = again.expect(lambda event: True, "an event")
    assert event["event"] == "change" and int(event["id"]) >= int(last)
    again.close()


def test_a_stream_ends_with_its_session(server):
    api = contract.Api(server)
    stream = Stream(server, api)
    stream.expect(lambda event: True, "a first event")
    api.call("DELETE", "/session")
    programs.wait_for(lambda: stream.ended, "the stream ends")


def test_a_stream_watches_at_most_sixty_devices(server, api):
    many = ",".join(f"d-{number}" for number in range(61))
    status, code, problem = api.problem("GET", f"/stream?devices={many}")
    assert (status, code, problem["field"]) == (400, "invalid_argument", "devices")


def test_a_stream_survives_a_restart_of_the_server_by_coming_back(server, api):
    stream = Stream(server, api)
    last = stream.expect(lambda event: True, "a first event")["id"]
    server.stop()
    programs.wait_for(lambda: stream.ended, "the stream ends")
    server.start()
    again = Stream(server, api, headers={"Last-Event-ID": str(int(last) + 1000)})
    event = again.expect(lambda event: True, "an event")
    assert event["event"] in ("reset", "change")
    again.close()

"""Hostile clients and hostile circumstances: what the server must bear without losing, leaking or serving anything wrong."""

import json
import select
import socket
import sqlite3

import contract
import programs
import pytest
from device_client import Device, ask


@pytest.fixture
def claim_key(server):
    return server.api("POST", "/claim-keys", {"name": "line-1"})["key"]


# ---- the disk ----------------------------------------------------------------------------------------------------------


def test_a_database_that_was_moved_away_acknowledges_nothing(server, claim_key):
    assert Device(server, "before", claim_key).register().status == 200
    away = server.folder / "away"
    away.mkdir()
    files = list(server.data.glob("fleet.db*"))
    for file in files:
        file.rename(away / file.name)
    assert Device(server, "meanwhile", claim_key).register().status == 500
    assert ask(server.operator, "GET", "/readyz").status == 503
    for file in files:
        (away / file.name).rename(file)
    programs.wait_for(lambda: ask(server.operator, "GET", "/readyz").status == 200, "the database is found again")
    assert Device(server, "after", claim_key).register().status == 200
    server.program.kill()
    server.start()
    assert {row["id"] for row in server.api("GET", "/devices")["items"]} == {"before", "after"}


def test_nothing_it_keeps_is_for_every_user_of_the_machine_to_read(start_server, tmp_path):
    folder = tmp_path / "server0" / "data"
    folder.mkdir(parents=True, mode=0o755)
    server = start_server()
    assert server.data == folder and server.program.running
    assert {file.name: oct(file.stat().st_mode) for file in folder.rglob("*") if file.stat().st_mode & 0o007} == {}


# ---- requests ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [".", ".."])
def test_no_device_is_called_what_urls_lose(server, claim_key, name):
    answer = Device(server, name, claim_key).register()
    assert (answer.status, answer.code, answer.json["field"]) == (400, "invalid_argument", "device_id")
    assert Device(server, "...", claim_key).register().status == 200


@pytest.mark.parametrize(
    "accepted, encoding",
    [("br", "br"), ("gzip, br", "br"), ("br;q=0", None), ("br; q=0.0, gzip;q=0", None), ("br;q=0.1", "br"), ("br;q", "br"), ("br;", "br"),
     ("brx", None), (";q=1", None), ("", None), (",,,", None)],
)
def test_weights_of_encodings_end_with_their_header(portal, accepted, encoding):
    answer = ask(portal, "GET", "/", headers={"Accept-Encoding": accepted})
    assert (answer.status, answer.headers["Content-Encoding"]) == (200, encoding)


@pytest.fixture(scope="module")
def portal(tmp_path_factory):
    """The operators' address of a server whose portal is one page, plain and in brotli."""
    folder = tmp_path_factory.mktemp("portal")
    (folder / "index.html").write_text("plain")
    (folder / "index.html.br").write_text("brotli")
    server = programs.Server(tmp_path_factory.mktemp("server"), portal=folder)
    yield server.operator
    server.stop()


# ---- people --------------------------------------------------------------------------------------------------------------


def send_raw(address, data, source="127.0.0.1"):
    """A connection from `source` on which `data` was sent; its answer is still to be read."""
    host, port = address.split(":")
    connection = socket.create_connection((host, int(port)), timeout=20, source_address=(source, 0))
    connection.sendall(data)
    return connection


def is_any_refused(connections):
    answered, _, _ = select.select(connections, [], [], 1)
    return any(connection.recv(12, socket.MSG_PEEK) == b"HTTP/1.1 503" for connection in answered)


def test_trying_passwords_keeps_no_upload_out(server):
    body = json.dumps({"user": "nobody", "password": "guess"}).encode()
    guess = b"POST /api/v1/session HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    guesses = []
    for number in range(60):
        other = body.replace(b"nobody", b"nobody%02d" % number)
        guesses.append(send_raw(server.operator, guess % len(other) + other, f"127.0.1.{number + 1}"))
    programs.wait_for(lambda: is_any_refused(guesses), "as many guesses wait as may")
    answer = ask(server.operator, "POST", "/api/v1/releases", b"no image" * 100, {"Authorization": f"Bearer {server.token}"})
    assert answer.status == 422, answer.data
    server.program.kill()  # without waiting for the guesses
    for connection in guesses:
        connection.close()


# What each role may not do; whatever is not named here, a viewer may.
BODIES = {
    "PATCH /devices/{id}": {"hold": True},
    "POST /session/password": {},
    "POST /groups": {"name": "field"},
    "POST /keys": {"name": "key", "public_pem": ""},
    "POST /claim-keys": {"name": "line-9"},
    "POST /releases": None,
    "POST /rollouts": {"release": "F-1"},
    "POST /rollouts/{id}/pause": {},
    "POST /rollouts/{id}/resume": {},
    "POST /rollouts/{id}/halt": {},
}
FOR_ADMINS = {"POST /keys", "POST /claim-keys"}
FOR_ALL = {"POST /session/password"}


@pytest.fixture(scope="module")
def roles(tmp_path_factory):
    """(server, {role: token}): accounts of other roles, put into the database by hand, with the admin's password."""
    server = programs.Server(tmp_path_factory.mktemp("roles"))
    server.stop()
    database = sqlite3.connect(server.data / "fleet.db")
    for name, number in (("viewer", 1), ("operator", 2)):
        database.execute("INSERT INTO account SELECT ?, password_hash, ? FROM account WHERE name = 'admin'", (name, number))
    database.commit()
    database.close()
    server.start()
    yield server, {name: server.sign_in(name)["token"] for name in ("viewer", "operator", "admin")}
    server.stop()


def public_key(folder):
    cli = programs.Cli(folder)
    cli.json("key", "new", "--out", folder / "key.pem")
    cli.json("key", "public", folder / "key.pem", "--out", folder / "key.pub.pem")
    return (folder / "key.pub.pem").read_text()


def status_of(server, operation, headers, pem):
    method, path = operation.split(" ")
    body = BODIES.get(operation)
    body = {**body, "public_pem": pem} if body and "public_pem" in body else body
    connection = send_raw(server.operator, b"".join((
        f"{method} /api/v1{path.replace('{id}', 'none')} HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n".encode(),
        "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode(),
        b"" if body is None else b"Content-Length: %d\r\n" % len(json.dumps(body)),
        b"\r\n", b"" if body is None else json.dumps(body).encode())))
    with connection:
        return int(connection.recv(12)[9:])


def test_every_operation_asks_who_asks_and_whether_they_may(roles, tmp_path):
    server, tokens = roles
    pem = public_key(tmp_path)
    document = contract.document()["paths"].items()
    operations = {f"{method.upper()} {path}" for path, item in document for method in item if method != "parameters"}
    operations -= {"POST /session", "DELETE /session"}
    assert set(BODIES) <= operations and all(operation in BODIES or operation.startswith("GET ") for operation in operations)
    for operation in sorted(operations):
        for nobody in ({}, {"Authorization": "Bearer none"}, {"Authorization": "Basic YTpi"}, {"Cookie": "updraft_session="}):
            assert status_of(server, operation, nobody, pem) in (401, 403), f"{operation} by {nobody}"
        for role, token in tokens.items():
            status = status_of(server, operation, {"Authorization": f"Bearer {token}"}, pem)
            refused = role == "viewer" and operation in BODIES.keys() - FOR_ALL or role == "operator" and operation in FOR_ADMINS
            assert (status == 403) == refused and status != 401 and status < 500, f"{operation} by {role}: {status}"


def test_nobody_is_told_of_a_body_what_they_may_not_send(roles):
    server, tokens = roles
    for path in ("groups", "keys", "claim-keys", "rollouts", "rollouts/R-1/halt", "releases?notes=%ff"):
        for token, status in (("none", 401), (tokens["viewer"], 403), (tokens["admin"], 415)):
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "multipart/form-data"}
            assert ask(server.operator, "POST", f"/api/v1/{path}", b"no json", headers).status == status, path
    unknown = json.dumps({"release": "9.9.9"})
    for role, status in (("viewer", 403), ("operator", 404)):
        headers = {"Authorization": f"Bearer {tokens[role]}", "Content-Type": "application/json"}
        assert ask(server.operator, "POST", "/api/v1/rollouts", unknown, headers).status == status


def test_a_browsers_session_changes_nothing_without_its_csrf_value(roles, tmp_path):
    server, _ = roles
    body = json.dumps({"user": "admin", "password": server.password})
    cookie = ask(server.operator, "POST", "/api/v1/session", body, {"Content-Type": "application/json"}).headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    for operation in [*BODIES, "DELETE /session"]:
        assert status_of(server, operation, {"Cookie": cookie.partition(";")[0]}, "") == 403, operation

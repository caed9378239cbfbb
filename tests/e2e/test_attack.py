"""Hostile clients and hostile circumstances: what the server must bear without losing, leaking or serving anything wrong."""

import json
import select
import socket

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


def send_raw(address, data):
    """A connection on which `data` was sent; its answer is still to be read."""
    host, port = address.split(":")
    connection = socket.create_connection((host, int(port)), timeout=20)
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
        guesses.append(send_raw(server.operator, guess % len(other) + other))
    programs.wait_for(lambda: is_any_refused(guesses), "as many guesses wait as may")
    answer = ask(server.operator, "POST", "/api/v1/releases", b"no image" * 100, {"Authorization": f"Bearer {server.token}"})
    assert answer.status == 422, answer.data
    server.program.kill()  # without waiting for the guesses
    for connection in guesses:
        connection.close()

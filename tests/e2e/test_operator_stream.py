"""The live stream of the operator API."""

import http.client
import json
import socket
import threading

import contract
import programs
import pytest
from contract import enrol


@pytest.fixture
def api(server):
    return contract.Api(server)


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
    for devices in (many, "d-1,%ff"):
        status, code, problem = api.problem("GET", f"/stream?devices={devices}")
        assert (status, code, problem["field"]) == (400, "invalid_argument", "devices")


def test_the_head_of_a_stream_is_all_that_head_gets(server, api):
    host, port = server.operator.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(f"HEAD /api/v1/stream HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {server.token}\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 200 ") and b"text/event-stream" in answer and answer.endswith(b"\r\n\r\n")


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

"""What devices may do wrong: each gets a clear problem, is logged, and loses nothing."""

import socket

import programs
import pytest
from device_client import CBOR, JSON, Device, ask


@pytest.fixture
def claim_key(server):
    return server.api("POST", "/claim-keys", {"name": "line-1"})["key"]


@pytest.fixture
def device(server, claim_key):
    made = Device(server, "gw-1", claim_key)
    assert made.register().status == 200
    return made


@pytest.fixture(autouse=True)
def nothing_is_lost(server, device):
    """Whatever a test did: the good device still checks in, and the server's log has a line for each problem."""
    yield
    assert device.check_in().status == 200
    assert server.program.running


def assert_logged(server, answer):
    server.program.expect(rf"event=request id={answer.json['request']} .*code={answer.code}")


def test_a_wrong_claim_key(server, device):
    stranger = Device(server, "gw-2", "udclaim-wrong")
    answer = stranger.register()
    assert (answer.status, answer.code) == (401, "claim_key_unknown")
    assert_logged(server, answer)
    assert server.api("GET", "/fleet/summary")["devices"] == 1


def test_no_claim_key(server):
    answer = Device(server, "gw-2").register()
    assert answer.status in (400, 401) and answer.code in ("invalid_argument", "claim_key_unknown")
    assert_logged(server, answer)


def test_a_check_in_without_a_token(server, device):
    answer = device.post("/v1/checkin", device.checkin_message(), {"Content-Type": JSON})
    assert (answer.status, answer.code) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert_logged(server, answer)


def test_tokens_that_are_none_of_ours(server, device):
    head, claims, signature = device.token.split(".")
    other_head = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"  # {"alg":"none","typ":"JWT"}
    flipped = ("A" if signature[10] != "A" else "B").join((signature[:10], signature[11:]))
    for token in ("x", "..", f"{head}.{claims}.", f"{head}.{claims}", f"{other_head}.{claims}.", f"{head}.{claims}.{flipped}",
                  f"{head}.{claims[:-2]}.{signature}", f"{device.token}.", f"{device.token}=", "a" * 2000):
        headers = {**device.headers(), "Authorization": f"Bearer {token}"}
        answer = device.post("/v1/checkin", device.checkin_message(), headers)
        assert (answer.status, answer.code) == (401, "unauthenticated"), token
        assert_logged(server, answer)


def test_the_token_of_another_device(server, device, claim_key):
    other = Device(server, "gw-2", claim_key)
    other.register()
    answer = device.post("/v1/checkin", device.checkin_message(), other.headers())
    assert (answer.status, answer.code) == (401, "unauthenticated") and answer.json["field"] == "device_id"


def test_an_expired_token_opens_nothing_but_renewal(start_server):
    server = start_server(arguments=["--token-lifetime", "1"])
    server.sign_in()
    device = Device(server, "gw-9", server.api("POST", "/claim-keys", {"name": "line-1"})["key"])
    assert device.register().status == 200
    answer = programs.wait_for(lambda: (lambda got: got if got.status != 200 else None)(device.check_in()), "it expires")
    assert (answer.status, answer.code) == (401, "token_expired")
    assert_logged(server, answer)
    assert device.get("/v1/artifacts/" + "0" * 64).code == "token_expired"
    assert device.renew().status == 200
    assert device.check_in().status == 200


def test_the_token_of_a_data_folder_that_was_lost(server, device, start_server):
    other = start_server()
    other.sign_in()
    answer = ask(other.device, "POST", "/v1/checkin", b"{}", device.headers())
    assert answer.code == "unauthenticated"


def test_a_device_the_server_does_not_know(server, device):
    stranger = Device(server, "gw-unknown")
    answer = stranger.renew()
    assert (answer.status, answer.code) == (404, "device_unknown")
    assert_logged(server, answer)


def test_a_wrong_credential(server, device):
    answer = device.post("/v1/token", {"device_id": "gw-1", "secret": "00" * 32})
    assert answer.status == 401
    assert_logged(server, answer)


def test_a_report_for_an_update_that_was_never_offered(server, device):
    answer = device.check_in(state=6, update_id=4711, version="9.9.9")
    assert (answer.status, answer.code) == (409, "update_unknown")
    assert_logged(server, answer)
    assert "update_unknown" in [event["kind"] for event in server.api("GET", "/devices/gw-1/events")["items"]]
    assert server.api("GET", "/devices/gw-1")["device"]["version"] == "9.9.9"  # what it says of itself counts all the same
    assert device.check_in().status == 200


def test_a_repeated_report_is_answered_again_and_counts_once(server, device):
    message = device.checkin_message()
    first, second = (device.post("/v1/checkin", message) for _ in range(2))
    assert first.status == second.status == 200
    events = [event["kind"] for event in server.api("GET", "/devices/gw-1/events")["items"]]
    assert events.count("registered") == 1


def test_bytes_that_are_no_cbor(server, device):
    for data in (b"", b"\x00", b"\xff", b"\xa1", b"\xbf\x01\x01\xff", b"\xa1\x18\x01\x00", b"\xa1\x01" * 300, b"\x9b" + b"\xff" * 8,
                 b"\x81" * 1000):
        answer = device.post("/v1/checkin", data, device.headers(CBOR))
        assert (answer.status, answer.code) == (400, "malformed"), data[:8]
        assert_logged(server, answer)


def test_text_that_is_no_json(server, device):
    for data in (b"", b"{", b"[]", b"null", b'"x"', b'{"device_id":"a","device_id":"b"}', b"{} {}", b"\xff\xfe", b"[" * 3000,
                 b'{"device_id":"\x00"}'):
        answer = device.post("/v1/checkin", data)
        assert (answer.status, answer.code) == (400, "malformed"), data[:20]
        assert_logged(server, answer)


def test_fields_out_of_range_are_named(server, device):
    for field, value in (("state", 11), ("state", -1), ("state", "idle"), ("progress", 101), ("sequence", 2**32), ("epoch", 1.5),
                         ("image_digest", "00"), ("image_digest", "zz" * 32), ("version", "1.0"), ("version", "x" * 25),
                         ("hardware", ""), ("hardware", "a\nb"), ("slot_addresses", [1]), ("capabilities", []),
                         ("device_id", "a/b"), ("device_id", "x" * 65), ("failed_starts", 1)):
        answer = device.check_in(**{field: value})
        assert (answer.status, answer.code, answer.json["field"]) == (400, "invalid_argument", field), value
        assert_logged(server, answer)


def test_a_missing_field_is_named(server, device):
    message = device.checkin_message()
    del message["epoch"]
    answer = device.post("/v1/checkin", message)
    assert (answer.code, answer.json["field"]) == ("invalid_argument", "epoch")


def test_a_form_that_is_neither_json_nor_cbor(server, device):
    for content_type in ("text/plain", "application/jsonx", "application/cbor-seq", "multipart/form-data; boundary=x"):
        answer = device.post("/v1/checkin", b"{}", {**device.headers(), "Content-Type": content_type})
        assert (answer.status, answer.code) == (415, "unsupported"), content_type


def test_a_message_too_large(server, device):
    assert device.post("/v1/checkin", b" " * 6144).code == "malformed"
    answer = device.post("/v1/checkin", b" " * 6145)
    assert (answer.status, answer.code) == (413, "too_large")
    assert_logged(server, answer)


def test_a_range_beyond_the_end(server, device):
    name = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    (server.data / "artifacts" / name).write_bytes(b"abc")
    for value in ("3-", "100-200", "-0"):
        answer = device.get(f"/v1/artifacts/{name}", Range=f"bytes={value}")
        assert (answer.status, answer.code) == (416, "range_not_satisfiable"), value
        assert answer.headers["Content-Range"] == "bytes */3"
        assert_logged(server, answer)


def test_artifacts_that_are_none(server, device):
    for name in ("0" * 64, "0" * 63, "..%2f..%2fetc%2fpasswd", "%00", "x" * 3000, "%ff"):
        answer = device.get(f"/v1/artifacts/{name}")
        assert (answer.status, answer.code) in ((404, "not_found"), (400, "malformed")), name
        assert_logged(server, answer)


def test_an_artifact_without_a_token(server, device):
    answer = ask(server.device, "GET", "/v1/artifacts/" + "0" * 64)
    assert (answer.status, answer.code) == (401, "unauthenticated")


def test_addresses_and_methods_that_are_none(server, device):
    assert device.get("/").code == "not_found"
    assert device.get("/api/v1/devices").code == "not_found"
    answer = device.get("/v1/checkin")
    assert answer.code == "method_not_allowed" and answer.headers["Allow"] == "POST"
    answer = device.post("/v1/artifacts/" + "0" * 64, {})
    assert answer.code == "method_not_allowed" and answer.headers["Allow"] == "GET, HEAD"


def send_raw(server, data):
    host, port = server.device.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(data)
        received = b""
        while True:
            part = connection.recv(65536)
            if not part:
                return received
            received += part


def test_requests_that_are_no_http(server, device):
    for data, status in ((b"hello\r\n", b"400"), (b"\x16\x03\x01\x00\xa5\x01\x00\n", b"400"), (b"GET / HTTP/3.0\r\n\r\n", b"505"),
                         (b"POST /v1/checkin HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", b"400"),
                         (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"400"), (b"GET /" + b"a" * 5000, b"414"),
                         (b"GET / HTTP/1.1\r\nHost: h\r\n" + b"A: b\r\n" * 100 + b"\r\n", b"431")):
        answer = send_raw(server, data)
        assert answer.startswith(b"HTTP/1.1 " + status), answer[:100]
        assert b"application/problem+json" in answer and b"Connection: close" in answer


def test_names_cannot_forge_lines_of_the_log(server, device):
    device.get("/v1/%0aevent=forged")
    ask(server.device, "GET", "/v1/x?event=forged")
    device.check_in(hardware="a\u2028event=forged")
    Device(server, "gw-3", "k\nevent=forged").register()
    assert server.program.search(r"^event=forged") is None

"""Uploads: judged by their head, streamed to disk, refused for their own reason, and nothing left behind."""

import json
import os
import resource
import socket
import subprocess

import contract
import programs
import pytest
from contract import logged, register_key, upload

VECTORS = contract.ROOT / "tests" / "vectors" / "mcuboot"


@pytest.fixture
def api(server):
    return contract.Api(server)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return contract.make_images(tmp_path_factory.mktemp("images"))


def artifact_files(server):
    return sorted(path.name for path in (server.data / "artifacts").iterdir())


def test_a_signed_image_becomes_a_release(server, api, images):
    key = register_key(api, images)
    data = (images / "one.img").read_bytes()
    status, _, release = upload(api, data, "?notes=First%20one")
    assert status == 201
    assert (release["version"], release["hardware"], release["notes"]) == ("1.0.0", "hw", "First one")
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
    big = "Content-Length: 600000000"
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
            for _ in range(520):
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


def test_a_limit_on_file_sizes_is_a_full_disk_and_not_the_end(server, api, images):
    """As with LimitFSIZE= of systemd: the write fails, the server goes on."""
    register_key(api, images)
    process = server.program.process.pid
    before = resource.prlimit(process, resource.RLIMIT_FSIZE, (5_000_000, resource.RLIM_INFINITY))
    status, _, problem = upload(api, b"\0" * 20_000_000)
    assert (status, problem["code"]) == (507, "storage_full")
    assert artifact_files(server) == []
    resource.prlimit(process, resource.RLIMIT_FSIZE, before)
    assert upload(api, (images / "one.img").read_bytes())[0] == 201

"""Memory: what one upload can make the server hold, however it is sent and whatever becomes of it."""

import http.client
import os
import re
import socket

import programs
from device_client import Device


def memory_kb(server, name):
    with open(f"/proc/{server.program.process.pid}/status", encoding="ascii") as file:
        return int(re.search(rf"{name}:\s+(\d+) kB", file.read()).group(1))


UPLOAD_SIZE = 300 * 1024 * 1024


def upload(address, path, headers):
    """Sends 300 MB however the server likes it; the first line of the answer, if one came."""
    host, port = address.split(":")
    block = bytes(1024 * 1024)
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall((f"POST {path} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n").encode())
        try:
            for _ in range(UPLOAD_SIZE // len(block)):
                if "chunked" in headers:
                    connection.sendall(b"%x\r\n" % len(block))
                connection.sendall(block)
                if "chunked" in headers:
                    connection.sendall(b"\r\n")
            if "chunked" in headers:
                connection.sendall(b"0\r\n\r\n")
        except OSError:
            pass
        try:
            return connection.recv(4096).split(b"\r\n")[0].decode()
        except OSError:
            return ""


def release_big_image(server, folder):
    """Signs 300 MB and has them released; the status of the answer."""
    cli = programs.Cli(folder / "home")
    cli.json("key", "new", "--out", folder / "key.pem")
    cli.json("key", "public", folder / "key.pem", "--out", folder / "pub.pem")
    with open(folder / "payload", "wb") as payload:
        payload.truncate(UPLOAD_SIZE)
    arguments = ["--key", folder / "key.pem", "--version", "1.0.0", "--hardware", "hw"]
    cli.json("image", "sign", *arguments, folder / "payload", folder / "image")
    server.api("POST", "/keys", {"name": "big", "public_pem": (folder / "pub.pem").read_text()})
    connection = http.client.HTTPConnection(server.operator, timeout=120)
    with open(folder / "image", "rb") as image:
        connection.request("POST", "/api/v1/releases", image, {"Authorization": f"Bearer {server.token}",
                                                               "Content-Length": str(os.path.getsize(folder / "image"))})
        return connection.getresponse().status


def test_a_300_mb_upload_raises_memory_by_less_than_16_mb(server, tmp_path):
    device = Device(server, "gw-1", server.api("POST", "/claim-keys", {"name": "line-1"})["key"])
    assert device.register().status == 200
    length = f"Content-Length: {UPLOAD_SIZE}\r\n"
    chunked = "Transfer-Encoding: chunked\r\n"
    octets = "Content-Type: application/octet-stream\r\n"
    stranger, person = "", f"Authorization: Bearer {server.token}\r\n"
    with open(f"/proc/{server.program.process.pid}/clear_refs", "w", encoding="ascii") as file:
        file.write("5")  # the high-water mark begins anew: signing in took memory for the password hash
    before = memory_kb(server, "VmRSS")
    answers = []
    for framing in (length, chunked):
        for who in (stranger, person):
            answers.append(upload(server.operator, "/api/v1/releases", framing + octets + who))
        token = f"Authorization: Bearer {device.token}\r\nContent-Type: application/json\r\n"
        answers.append(upload(server.device, "/v1/checkin", framing + token))
    print(answers, before, memory_kb(server, "VmHWM"))
    assert [answer.split(" ")[1] for answer in answers] == ["401", "422", "413"] * 2
    assert release_big_image(server, tmp_path) == 201
    assert memory_kb(server, "VmHWM") - before < 16 * 1024
    assert device.check_in().status == 200

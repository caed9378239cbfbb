"""A device door in a hundred lines: what updraft-sim needs to be tested alone.

It registers everyone, offers one image to everyone and keeps every check-in. The real server is tests/e2e's matter; this one
can misbehave on demand and has no opinion about fleets.
"""

import hashlib
import http.server
import re
import struct
import threading

HASH, KEY_HASH, SIGNATURE = 0x10, 0x01, 0x22
COUNTER, HARDWARE = 0x50, 0x55A0


def encode(value):
    """CBOR of unsigned integers, byte and text strings, booleans and maps."""
    if isinstance(value, bool):
        return bytes([0xF5 if value else 0xF4])
    if isinstance(value, dict):
        return head(5, len(value)) + b"".join(encode(key) + encode(value[key]) for key in sorted(value))
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    return head(0, value)


def head(major, number):
    for limit, code, form in ((24, number, ""), (1 << 8, 24, ">B"), (1 << 16, 25, ">H"), (1 << 32, 26, ">I")):
        if number < limit:
            return bytes([major << 5 | code]) + (struct.pack(form, number) if form else b"")
    raise ValueError(number)


def decode(data, at=0):
    """One value and where it ends."""
    major, code = data[at] >> 5, data[at] & 31
    size = {24: 1, 25: 2, 26: 4, 27: 8}.get(code, 0) if major != 7 else 0
    number = int.from_bytes(data[at + 1 : at + 1 + size], "big") if size else code
    at += 1 + size
    if major in (2, 3):
        text = data[at : at + number]
        return (text if major == 2 else text.decode()), at + number
    if major == 4:
        items = []
        for _ in range(number):
            item, at = decode(data, at)
            items.append(item)
        return items, at
    if major == 5:
        result = {}
        for _ in range(number):
            key, at = decode(data, at)
            result[key], at = decode(data, at)
        return result, at
    if major == 7:
        return code == 21, at
    return (number if major == 0 else -1 - number), at


def raw_signature(der):
    """r and s, 32 bytes each, of an ECDSA signature in DER."""
    r_size = der[3]
    r, s = der[4 : 4 + r_size], der[6 + r_size :]
    return int.from_bytes(r, "big").to_bytes(32, "big") + int.from_bytes(s, "big").to_bytes(32, "big")


class Release:
    """A signed image file as an offer and an artifact."""

    def __init__(self, path, update_id, chunk_size=4096, slot=0):
        data = path.read_bytes()
        _, _, header, protected, payload, _ = struct.unpack_from("<IIHHII", data)
        major, minor, revision, _ = struct.unpack_from("<BBHI", data, 20)
        self.version = f"{major}.{minor}.{revision}"
        tlvs, at = {}, header + payload
        for _ in range(2 if protected else 1):
            end = at + struct.unpack_from("<HH", data, at)[1]
            at += 4
            while at < end:
                kind, size = struct.unpack_from("<HH", data, at)
                tlvs[kind] = data[at + 4 : at + 4 + size]
                at += 4 + size
        image, block = data[:at], data[at:]
        records, digest = [], bytes(32)
        for start in reversed(range(0, len(image), chunk_size)):
            records.append(digest + image[start : start + chunk_size])
            digest = hashlib.sha256(records[-1]).digest()
        self.artifact = b"".join(reversed(records))
        self.name = hashlib.sha256(self.artifact).hexdigest()
        self.offer = {
            1: 2, 2: 1, 3: update_id, 4: self.version, 5: 0, 6: len(image), 7: len(self.artifact), 8: tlvs[HASH],
            9: tlvs[KEY_HASH], 10: raw_signature(tlvs[SIGNATURE]), 11: bytes.fromhex(self.name), 13: chunk_size,
            14: digest, 15: self.descriptor(block, chunk_size),
            18: int.from_bytes(tlvs.get(COUNTER, b""), "little"), 21: tlvs[HARDWARE].decode(),
        }
        if slot is not None:
            self.offer[17] = slot

    @staticmethod
    def descriptor(block, chunk_size):
        for entry in range(struct.unpack_from("<H", block, 6)[0]):
            at = 12 + 100 * entry
            if struct.unpack_from("<I", block, at)[0] == chunk_size:
                return block[at + 36 : at + 100]
        raise ValueError("no descriptor for this chunk size")


class TinyServer:
    def __init__(self):
        self.lock = threading.Lock()
        self.release = None
        self.terminal = set()  # devices that reported an outcome of the present release
        self.checkins = []
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                message, _ = decode(body)
                self.answer(200, encode(owner.take(self.path, message)))

            def do_GET(self):
                release = owner.release
                if release is None or self.path != f"/v1/artifacts/{release.name}":
                    self.answer(404, b"")
                    return
                first, last = map(int, re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"]).groups())
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {first}-{last}/{len(release.artifact)}")
                self.send_header("Content-Length", str(last + 1 - first))
                self.end_headers()
                self.wfile.write(release.artifact[first : last + 1])

            def answer(self, status, body):
                self.send_response(status)
                self.send_header("Content-Type", "application/cbor")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 1024

            def handle_error(self, *_):
                """Devices lose power and connections; that is what they are here for."""

        self.http = Server(("127.0.0.1", 0), Handler)
        self.address = "127.0.0.1:%d" % self.http.server_address[1]
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def publish(self, release):
        with self.lock:
            self.release, self.terminal = release, set()

    def take(self, path, message):
        """The answer to a message; the state of an update is what the device says."""
        with self.lock:
            if path in ("/v1/register", "/v1/token"):
                return {1: 0, 2: "token-" + message[1], 3: 86400, 4: 1}
            self.checkins.append(message)
            device, state, release = message[1], message[5], self.release
            if release is not None and message.get(6) == release.offer[3] and state >= 6:
                self.terminal.add(device)
            if release is None or device in self.terminal or message[3] == release.version:
                return {1: 2, 2: 0}
            return release.offer

    def close(self):
        self.http.shutdown()
        self.http.server_close()

"""A device as a script: speaks the device door in JSON or CBOR, well or badly, without the real agent."""

import hashlib
import http.client
import json
import secrets

JSON = "application/json"
CBOR = "application/cbor"


class Answer:
    """Status, headers and body of one answer; `problem` is the decoded problem+json."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.data = response.read()

    @property
    def json(self):
        return json.loads(self.data)

    @property
    def code(self):
        assert self.headers["Content-Type"] == "application/problem+json", self.data
        assert self.json["status"] == self.status and self.json["type"] == f"urn:updraft:error:{self.json['code']}"
        return self.json["code"]


def ask(address, method, path, body=None, headers=None, timeout_s=20):
    connection = http.client.HTTPConnection(address, timeout=timeout_s)
    try:
        connection.request(method, path, body, headers or {})
        return Answer(connection.getresponse())
    finally:
        connection.close()


class Device:
    """One identity. Every call returns an Answer."""

    def __init__(self, server, name, claim_key=None, hardware="hw"):
        self.server = server
        self.name = name
        self.claim_key = claim_key
        self.hardware = hardware
        self.nonce = secrets.token_bytes(16)
        self.secret = secrets.token_bytes(32)
        self.image = hashlib.sha256(b"running").digest()
        self.epoch = secrets.randbelow(2**32)
        self.sequence = 0
        self.token = None

    def headers(self, content_type=JSON):
        headers = {"Content-Type": content_type}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        return headers

    def post(self, path, message, headers=None):
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        return ask(self.server.device, "POST", path, body, headers or self.headers())

    def get(self, path, method="GET", **headers):
        return ask(self.server.device, method, path, None,
                   {**self.headers(), **{name.replace("_", "-"): value for name, value in headers.items()}})

    def register(self, **changes):
        message = {"device_id": self.name, "hardware": self.hardware, "nonce": self.nonce.hex(),
                   "secret": self.secret.hex(), "claim_key": self.claim_key}
        answer = self.post("/v1/register", {name: value for name, value in {**message, **changes}.items() if value})
        if answer.status == 200:
            self.token = answer.json.get("token")
        return answer

    def credential(self):
        return {"device_id": self.name, "secret": self.secret.hex()}

    def renew(self):
        answer = self.post("/v1/token", self.credential())
        if answer.status == 200:
            self.token = answer.json.get("token")
        return answer

    def checkin_message(self, **changes):
        self.sequence += 1
        return {"device_id": self.name, "hardware": self.hardware, "version": "1.0.0", "image_digest": self.image.hex(),
                "state": 0, "epoch": self.epoch, "sequence": self.sequence, **changes}

    def check_in(self, **changes):
        return self.post("/v1/checkin", self.checkin_message(**changes))

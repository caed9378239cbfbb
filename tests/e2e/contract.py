"""The operator API's contract as a judge: every answer of the real server is checked against api/openapi.yaml.

    api = contract.Api(server)
    api.call("POST", "/groups", {"name": "field"})      the decoded answer; Problem when it is one
"""

import copy
import functools
import json
import pathlib
import re

import jsonschema
import programs
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]


@functools.cache
def document():
    return yaml.safe_load((ROOT / "api" / "openapi.yaml").read_text(encoding="utf-8"))


@functools.cache
def strict_document():
    """The same, but an answer may hold nothing that is not described. ClaimKey is the part of a larger answer."""
    strict = copy.deepcopy(document())
    for name, schema in strict["components"]["schemas"].items():
        if schema.get("type") == "object" and name != "ClaimKey":
            schema["additionalProperties"] = False
    return strict


@functools.cache
def operations():
    """[(method, pattern of the path, operation)]"""
    found = []
    for path, item in document()["paths"].items():
        pattern = re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)) + r"\Z")
        for method, operation in item.items():
            if method != "parameters":
                found.append((method.upper(), pattern, operation))
    return found


@functools.cache
def error_number(code):
    """How devices name an error: its position in api/errors.def."""
    text = (ROOT / "api" / "errors.def").read_text(encoding="utf-8")
    return re.findall(r'^UD_ERROR\(\w+, "(\w+)"', text, re.MULTILINE).index(code)


def find_operation(method, path):
    bare = path.partition("?")[0]
    for wanted, pattern, operation in operations():
        if wanted == method and pattern.match(bare):
            return operation
    raise AssertionError(f"api/openapi.yaml has no {method} {bare}")


def check_schema(schema, value, what):
    resolver = jsonschema.RefResolver("", strict_document())
    errors = list(jsonschema.Draft202012Validator(schema, resolver=resolver).iter_errors(value))
    assert not errors, f"{what} is not as api/openapi.yaml says: {errors[0].message} at {list(errors[0].absolute_path)}"


def response_of(operation, status):
    responses = operation["responses"]
    response = responses.get(str(status)) or (responses["default"] if status >= 400 else None)
    assert response is not None, f"{operation['operationId']} may not answer {status}"
    if "$ref" in response:
        response = document()["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
    return response


def check_answer(method, path, status, content_type, data):
    """The decoded answer; AssertionError when status, content type or shape are not the contract's."""
    operation = find_operation(method, path)
    content = response_of(operation, status).get("content")
    if content is None:
        assert data == b"", f"{method} {path} answers {status} with a body"
        return operation["operationId"], None
    kind = (content_type or "").partition(";")[0]
    assert kind in content, f"{method} {path} answers {status} as {kind}, not {list(content)}"
    value = json.loads(data)
    check_schema(content[kind]["schema"], value, f"{method} {path} -> {status}")
    if status >= 400:
        assert value["status"] == status
        assert value["type"] == f"urn:updraft:error:{value['code']}"
    return operation["operationId"], value


class Api:
    """Calls a server as a program (bearer token) or a browser (cookie and CSRF value) does."""

    seen = set()  # operations that were answered well, over all tests of a run

    def __init__(self, server, *, sign_in=True):
        self.server = server
        self.headers = {}
        if sign_in:
            session = self.call("POST", "/session", {"user": "admin", "password": server.password, "bearer": True})
            self.headers = {"Authorization": f"Bearer {session['token']}"}

    def send(self, method, path, body=None, headers=None):
        """(status, headers, decoded answer), checked."""
        sent = {**self.headers, **(headers or {})}
        status, answered, data = programs.request(method, f"{self.server.url}/api/v1{path}", body, sent)
        operation, value = check_answer(method, path, status, answered.get("Content-Type"), data)
        if status < 400:
            Api.seen.add(operation)
        return status, answered, value

    def call(self, method, path, body=None, headers=None):
        status, _, value = self.send(method, path, body, headers)
        if status >= 400:
            raise programs.Problem(status, value)
        return value

    def problem(self, method, path, body=None, headers=None):
        """(status, code, problem) of a call that must be refused."""
        status, _, value = self.send(method, path, body, headers)
        assert status >= 400, f"{method} {path} was not refused: {value}"
        return status, value["code"], value


class Device:
    """A device that speaks JSON over the device door; only as much as the operator's tests need."""

    def __init__(self, server, identifier, claim_key, *, hardware="hw", version="1.0.0"):
        self.server = server
        self.state = {"device_id": identifier, "hardware": hardware, "version": version, "image_digest": "11" * 32}
        self.epoch = 1
        self.sequence = 0
        secret = f"{abs(hash(identifier)) % 2**64:064x}"
        answer = self.post("/v1/register", {**self.state, "nonce": secret[:32], "secret": secret, "claim_key": claim_key})
        self.token = answer.get("token")

    def post(self, path, body, token=None):
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        url = f"http://{self.server.device}{path}"
        status, _, data = programs.request("POST", url, json.dumps(body).encode(), headers)
        assert status < 300, f"{path}: {status} {data!r}"
        return json.loads(data)

    def check_in(self, state=0, **fields):
        """Reports; the offer."""
        self.sequence += 1
        report = {"epoch": self.epoch, "sequence": self.sequence, "state": state}
        return self.post("/v1/checkin", {**self.state, **report, **fields}, self.token)


def enrol(api, server, *names, **options):
    """Devices that registered with a claim key of their own; `options` are the claim key's."""
    key = api.call("POST", "/claim-keys", {"name": f"line-{names[0]}", **options})["key"]
    return [Device(server, name, key) for name in names]


def make_images(folder):
    """Signed images and their keys in `folder`: one.img, two.img by known.pem, forged.img by stranger.pem."""
    cli = programs.Cli(folder / "home")
    payload = folder / "payload.bin"
    payload.write_bytes(bytes(index * 7 % 251 for index in range(20000)))
    for name in ("known", "stranger"):
        cli.json("key", "new", "--out", folder / f"{name}.pem")
        cli.json("key", "public", folder / f"{name}.pem", "--out", folder / f"{name}.pub.pem")
    for name, key, version in (("one", "known", "1.0.0"), ("two", "known", "2.0.0"), ("forged", "stranger", "2.0.0")):
        arguments = ["--key", folder / f"{key}.pem", "--version", version, "--hardware", "hw"]
        cli.json("image", "sign", *arguments, payload, folder / f"{name}.img")
    return folder


def register_key(api, images, name="known"):
    return api.call("POST", "/keys", {"name": name, "public_pem": (images / f"{name}.pub.pem").read_text()})


def upload(api, data, query=""):
    """(status, headers, answer) of an upload."""
    return api.send("POST", f"/releases{query}", data, {"Content-Type": "application/octet-stream"})


def logged(server, code):
    """Waits until the server's log has a line with that error code."""
    return programs.wait_for(lambda: any(f"code={code}" in line for line in list(server.program.log)), f"the log tells {code}")

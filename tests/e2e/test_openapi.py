"""api/openapi.yaml and the real server say the same: every operation, every field of every body, every parameter."""

import json

import contract
import programs
import pytest

HARDWARE = "hw"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    started = programs.Server(tmp_path_factory.mktemp("openapi"))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def api(server):
    return contract.Api(server)


def resolve(schema):
    while "$ref" in schema:
        schema = contract.document()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def json_bodies():
    """(method, path, schema of the body) of every operation that takes JSON."""
    for path, item in contract.document()["paths"].items():
        for method, operation in item.items():
            content = operation.get("requestBody", {}).get("content", {}) if method != "parameters" else {}
            if "application/json" in content:
                yield method.upper(), path.replace("{id}", "x"), resolve(content["application/json"]["schema"])


def body_fields():
    return [(method, path, name) for method, path, schema in json_bodies() for name in schema["properties"]]


def query_parameters():
    return [
        (path.replace("{id}", "x"), parameter["name"])
        for path, item in contract.document()["paths"].items()
        for parameter in item.get("get", {}).get("parameters", [])
        if parameter["in"] == "query" and resolve(parameter["schema"]).get("type") in ("integer", "boolean")
    ]


def test_the_document_is_openapi_with_one_name_for_each_operation():
    names = [operation["operationId"] for _, _, operation in contract.operations()]
    assert contract.document()["openapi"].startswith("3.1")
    assert len(names) == len(set(names)) and len(names) >= 25


def test_every_reference_leads_somewhere():
    text = json.dumps(contract.document())
    for part in text.split('"$ref": "')[1:]:
        place = contract.document()
        for step in part.partition('"')[0].removeprefix("#/").split("/"):
            place = place[step]


@pytest.mark.parametrize("method, path, field", body_fields())
def test_the_server_knows_each_described_field_and_judges_its_type(api, method, path, field):
    status, code, problem = api.problem(method, path, {field: {"odd": 1}})
    assert (status, code, problem["field"]) == (400, "invalid_argument", field)
    assert "there is no field" not in problem["detail"]


@pytest.mark.parametrize("method, path, schema", [pytest.param(*body, id=f"{body[0]} {body[1]}") for body in json_bodies()])
def test_the_server_refuses_a_field_that_is_not_described(api, method, path, schema):
    assert schema["additionalProperties"] is False
    status, code, problem = api.problem(method, path, {"no_such_field": 1})
    assert (status, code, problem["field"]) == (400, "invalid_argument", "no_such_field")


@pytest.mark.parametrize("method, path, schema", [pytest.param(*body, id=f"{body[0]} {body[1]}") for body in json_bodies()])
def test_the_server_asks_for_each_required_field(api, method, path, schema):
    for field in schema.get("required", [])[:1]:
        status, code, problem = api.problem(method, path, {})
        assert (status, code, problem["field"]) == (400, "invalid_argument", field)


@pytest.mark.parametrize("path, name", query_parameters())
def test_the_server_judges_each_described_parameter(api, path, name):
    status, code, problem = api.problem("GET", f"{path}?{name}=odd")
    assert (status, code, problem["field"]) == (400, "invalid_argument", name)


@pytest.mark.parametrize("method, path", [(method, path.replace("{id}", "x")) for path, item in contract.document()["paths"].items() for method in item if method != "parameters"])
def test_the_server_refuses_a_parameter_that_is_not_described(api, method, path):
    for query in ("no_such=1", "no_such", "&&no_such=", "%6eo_such=1"):
        status, code, problem = api.problem(method.upper(), f"{path}?{query}")
        assert (status, code) == (400, "invalid_argument")
        assert problem["field"] == query.strip("&").partition("=")[0]
        assert "known are:" in problem["detail"]


def make_image(folder):
    cli = programs.Cli(folder / "home")
    payload, image = folder / "payload.bin", folder / "image.img"
    payload.write_bytes(bytes(range(256)) * 40)
    cli.json("key", "new", "--out", folder / "key.pem")
    cli.json("key", "public", folder / "key.pem", "--out", folder / "key.pub.pem")
    cli.json("image", "sign", "--key", folder / "key.pem", "--version", "2.0.0", "--hardware", HARDWARE, payload, image)
    return (folder / "key.pub.pem").read_text(), image.read_bytes()


def test_every_operation_answers_as_described(server, tmp_path):
    """One walk through the whole API; contract.Api judges each answer. The stream has tests of its own."""
    api = contract.Api(server)
    seen = contract.Api.seen
    public, image = make_image(tmp_path)
    api.call("GET", "/me")
    api.call("POST", "/groups", {"name": "lab", "description": ""})
    api.call("GET", "/groups")
    api.call("POST", "/keys", {"name": "walk", "public_pem": public})
    api.call("GET", "/keys")
    key = api.call("POST", "/claim-keys", {"name": "walk", "group": "lab"})["key"]
    api.call("GET", "/claim-keys")
    device = contract.Device(server, "walker", key, hardware=HARDWARE)
    device.check_in(battery=50, link=2, signal=-70, capabilities={"chunk_size_max": 4096, "slot_size": 1048576})
    release = api.call("POST", "/releases", image, {"Content-Type": "application/octet-stream"})
    api.call("GET", "/releases")
    api.call("GET", f"/releases/{release['id']}")
    rollout = api.call("POST", "/rollouts", {"release": "2.0.0", "batches": [{"percent": 100}]})["id"]
    offer = device.check_in()
    device.check_in(state=2, update_id=offer["update_id"], progress=40)
    assert api.call("GET", "/devices/walker")["device"]["state"] == "downloading"
    for action in ("pause", "resume", "halt"):
        api.call("POST", f"/rollouts/{rollout}/{action}", {})
    api.call("GET", "/rollouts")
    api.call("GET", f"/rollouts/{rollout}")
    api.call("GET", "/fleet/summary")
    api.call("GET", "/devices")
    api.call("PATCH", "/devices/walker", {"hold": True})
    api.call("GET", "/devices/walker/events")
    api.call("GET", "/events")
    api.call("POST", "/session/password", {"password": server.password, "new_password": "another password"})
    api.call("DELETE", "/session")
    names = {operation["operationId"] for _, _, operation in contract.operations()}
    assert names - seen - {"streamChanges"} == set()

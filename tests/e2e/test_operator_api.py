"""The operator API of the real server: what it takes, what it refuses, and that a refusal costs nothing."""

import contextlib
import http.client
import json
import sqlite3

import contract
import pytest
from contract import enrol, logged, register_key, upload


@pytest.fixture
def api(server):
    return contract.Api(server)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return contract.make_images(tmp_path_factory.mktemp("images"))


# ---- signing in ------------------------------------------------------------------------------------------------------


def test_a_program_signs_in_with_a_bearer_token_and_out_again(server):
    api = contract.Api(server)
    me = api.call("GET", "/me")
    assert (me["account"], me["role"]) == ("admin", "admin")
    assert "csrf" not in me and "token" not in me
    api.call("DELETE", "/session")
    assert api.problem("GET", "/me")[:2] == (401, "unauthenticated")


def browser(server):
    """(api, csrf): a session by cookie, as the portal has it."""
    api = contract.Api(server, sign_in=False)
    _, headers, session = api.send("POST", "/session", {"user": "admin", "password": server.password})
    cookie = headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/" in cookie
    assert "token" not in session
    api.headers = {"Cookie": cookie.partition(";")[0]}
    return api, session["csrf"]


def test_a_browser_changes_things_only_with_its_csrf_value(server):
    api, csrf = browser(server)
    assert api.call("GET", "/me")["csrf"] == csrf
    group = {"name": "field"}
    assert api.problem("POST", "/groups", group)[:2] == (403, "csrf")
    assert api.problem("POST", "/groups", group, {"X-CSRF-Token": csrf[:-1] + "x"})[:2] == (403, "csrf")
    foreign = {"X-CSRF-Token": csrf, "Origin": "http://evil.example"}
    assert api.problem("POST", "/groups", group, foreign)[:2] == (403, "csrf")
    assert [item["name"] for item in api.call("GET", "/groups")["items"]].count("field") == 0
    own = {"X-CSRF-Token": csrf, "Origin": server.url}
    assert api.call("POST", "/groups", group, own)["name"] == "field"
    logged(server, "csrf")


def test_a_page_of_another_origin_cannot_sign_anybody_in(server):
    api = contract.Api(server, sign_in=False)
    body = {"user": "admin", "password": server.password}
    assert api.problem("POST", "/session", body, {"Origin": "http://evil.example"})[:2] == (403, "csrf")


def test_a_wrong_password_and_an_unknown_user_are_told_the_same(server):
    api = contract.Api(server, sign_in=False)
    wrong = api.problem("POST", "/session", {"user": "admin", "password": "wrong"})
    unknown = api.problem("POST", "/session", {"user": "nobody", "password": "wrong"})
    assert wrong[:2] == unknown[:2] == (401, "unauthenticated")
    assert wrong[2]["detail"] == unknown[2]["detail"]
    logged(server, "unauthenticated")


def test_guessing_passwords_is_slowed_down_and_says_for_how_long(server):
    api = contract.Api(server, sign_in=False)
    answers = [api.send("POST", "/session", {"user": "eve", "password": f"guess {turn}"}) for turn in range(7)]
    assert [status for status, _, _ in answers[:5]] == [401] * 5
    status, headers, problem = answers[-1]
    assert (status, problem["code"]) == (429, "too_many")
    assert int(headers["Retry-After"]) >= 1
    assert contract.Api(server).call("GET", "/me")["account"] == "admin"


def test_a_token_of_nobody_is_refused_everywhere(server):
    api = contract.Api(server, sign_in=False)
    api.headers = {"Authorization": "Bearer " + "x" * 43}
    for path in ("/me", "/devices", "/fleet/summary", "/releases", "/rollouts", "/events", "/keys", "/stream"):
        assert api.problem("GET", path)[:2] == (401, "unauthenticated")


def test_an_expired_session_is_refused_like_none_at_all(server, api):
    """Its end is moved into the past in the database: nobody waits twelve hours for a test."""
    server.stop()
    with contextlib.closing(sqlite3.connect(server.data / "fleet.db")) as database:
        assert database.execute("UPDATE session SET expires_ms = 1000").rowcount > 0
        database.commit()
    server.start()
    assert api.problem("GET", "/me")[:2] == (401, "unauthenticated")
    assert api.problem("POST", "/groups", {"name": "late"})[:2] == (401, "unauthenticated")
    logged(server, "unauthenticated")


# ---- forms of requests -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body, code, field",
    [
        (b"{", "malformed", None),
        (b"[]", "malformed", None),
        (b'{"name":"a","name":"b"}', "malformed", None),
        (b'{"name":"a"', "malformed", None),
        (b"{}", "invalid_argument", "name"),
        (b'{"name":1}', "invalid_argument", "name"),
        (b'{"name":"a b"}', "invalid_argument", "name"),
        (b'{"name":""}', "invalid_argument", "name"),
        (b'{"name":"' + b"a" * 65 + b'"}', "invalid_argument", "name"),
        (b'{"name":"a","colour":"red"}', "invalid_argument", "colour"),
        (b'{"name":"a","description":"\\u001b[31m"}', "invalid_argument", "description"),
    ],
)
def test_a_bad_body_is_refused_with_its_field(api, body, code, field):
    status, found, problem = api.problem("POST", "/groups", body, {"Content-Type": "application/json"})
    assert (status, found, problem.get("field")) == (400, code, field)


def test_a_body_above_the_limit_is_refused(api):
    body = b'{"name":"a","description":"' + b"x" * 70000 + b'"}'
    assert api.problem("POST", "/groups", body, {"Content-Type": "application/json"})[:2] == (413, "too_large")


def test_another_content_type_is_unsupported(api):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert api.problem("POST", "/groups", b"name=a", headers)[:2] == (415, "unsupported")


def test_wrong_query_values_are_refused_by_name(api):
    for query, field in (("limit=0", "limit"), ("limit=201", "limit"), ("offset=-1", "offset"), ("state=odd", "state"),
                         ("online=1", "online"), ("limit=abc", "limit"), ("state=%ff", "state"), ("group=%ff", "group"),
                         ("version=%0a", "version"), ("q=%zz", "q")):
        status, code, problem = api.problem("GET", f"/devices?{query}")
        assert (status, code, problem["field"]) == (400, "invalid_argument", field)


@pytest.mark.parametrize(
    "method, path, body, name",
    [
        ("GET", "/devices/none", None, "none"),
        ("GET", "/devices/none/events", None, "none"),
        ("GET", "/releases/F-99", None, "F-99"),
        ("GET", "/rollouts/R-99", None, "R-99"),
        ("POST", "/rollouts/R-99/halt", {}, "R-99"),
        ("POST", "/rollouts", {"release": "F-99"}, "release"),
        ("POST", "/rollouts", {"release": "9.9.9"}, "9.9.9"),
    ],
)
def test_what_is_not_there_is_told_by_name(api, method, path, body, name):
    status, code, problem = api.problem(method, path, body)
    assert (status, code) == (404, "not_found")
    assert name in problem["detail"]
    if path.count("/") > 1:
        kind = path.split("/")[1].removesuffix("s")
        assert problem["detail"] == f"there is no {kind} {name}"


def raw(server, method, path, headers=None, body=None):
    connection = http.client.HTTPConnection(server.operator, timeout=20)
    connection.request(method, path, body=body, headers=headers or {})
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer, data


def test_unknown_paths_and_methods_are_told(server):
    answer, data = raw(server, "GET", "/api/v1/nothing")
    assert (answer.status, json.loads(data)["code"]) == (404, "not_found")
    answer, data = raw(server, "PUT", "/api/v1/groups")
    assert (answer.status, json.loads(data)["code"]) == (405, "method_not_allowed")
    assert "POST" in answer.getheader("Allow")


def test_answers_are_kept_by_no_cache(server, api):
    _, headers, _ = api.send("GET", "/me")
    assert headers["Cache-Control"] == "no-store"


# ---- groups, keys, claim keys ----------------------------------------------------------------------------------------


def test_groups_are_made_once(api):
    made = api.call("POST", "/groups", {"name": "field", "description": "In the field"})
    assert made == {"name": "field", "description": "In the field", "devices": 0}
    assert api.problem("POST", "/groups", {"name": "field"})[:2] == (409, "exists")


def test_a_private_key_is_never_taken(api, images):
    body = {"name": "secret", "public_pem": (images / "known.pem").read_text()}
    status, code, problem = api.problem("POST", "/keys", body)
    assert (status, code, problem["field"]) == (422, "key_format", "public_pem")
    assert "private" in problem["detail"]
    assert api.call("GET", "/keys")["items"] == []


def test_what_is_no_key_is_told(api):
    assert api.problem("POST", "/keys", {"name": "x", "public_pem": "hello"})[:2] == (422, "key_format")


def test_a_key_is_listed_by_the_hash_that_images_carry(api, images):
    key = register_key(api, images)
    assert api.call("GET", "/keys")["items"] == [key]
    assert api.problem("POST", "/keys", {"name": "known", "public_pem": (images / "stranger.pub.pem").read_text()})[
        :2
    ] == (409, "exists")


def test_a_claim_key_is_shown_once(server, api):
    made = api.call("POST", "/claim-keys", {"name": "line", "approve": True})
    assert len(made["key"]) > 30
    listed = api.call("GET", "/claim-keys")["items"]
    assert [item["name"] for item in listed] == ["line"] and "key" not in listed[0]
    database = b"".join(path.read_bytes() for path in server.data.rglob("*") if path.is_file())
    assert made["key"].encode() not in database


# ---- devices ---------------------------------------------------------------------------------------------------------


def test_a_device_is_listed_filtered_and_shown(server, api):
    one, two = enrol(api, server, "d-one", "d-two")
    one.check_in()
    two.check_in()
    page = api.call("GET", "/devices?q=one")
    assert (page["total"], page["items"][0]["id"], page["items"][0]["version"]) == (1, "d-one", "1.0.0")
    assert api.call("GET", "/devices?version=1.0.0")["total"] == 2
    assert api.call("GET", "/devices?version=9.9.9")["total"] == 0
    assert api.call("GET", "/devices?limit=1&offset=1")["items"][0]["id"] in ("d-one", "d-two")
    detail = api.call("GET", "/devices/d-one")
    assert detail["device"]["id"] == "d-one" and detail["checks"]
    assert api.call("GET", "/devices/d-one/events")["items"]
    assert api.call("GET", "/fleet/summary")["devices"] == 2


def test_a_device_moves_is_held_and_retired(server, api):
    enrol(api, server, "d-one")
    api.call("POST", "/groups", {"name": "lab"})
    assert api.call("PATCH", "/devices/d-one", {"group": "lab", "hold": True})["device"]["group"] == "lab"
    assert api.call("GET", "/devices/d-one")["device"]["hold"] is True
    assert api.call("PATCH", "/devices/d-one", {"hold": False})["device"]["hold"] is False
    assert api.problem("PATCH", "/devices/d-one", {})[:2] == (400, "invalid_argument")
    assert api.problem("PATCH", "/devices/d-one", {"retired": False})[:2] == (400, "invalid_argument")
    api.call("PATCH", "/devices/d-one", {"retired": True})


def test_a_pending_device_is_approved(server, api):
    enrol(api, server, "d-one", approve=True)
    assert api.call("GET", "/devices/d-one")["device"]["pending"] is True
    assert api.call("PATCH", "/devices/d-one", {"approved": True})["device"]["pending"] is False


# ---- rollouts --------------------------------------------------------------------------------------------------------


@pytest.fixture
def fleet(server, api, images):
    """Ten devices on 1.0.0 and a release 2.0.0."""
    register_key(api, images)
    devices = enrol(api, server, *(f"d-{number}" for number in range(10)))
    for device in devices:
        device.check_in()
    return devices, upload(api, (images / "two.img").read_bytes())[2]


def test_a_rollout_starts_by_version_and_pauses_resumes_and_halts(api, fleet):
    _, release = fleet
    plan = {"release": "2.0.0", "batches": [{"percent": 20}, {"count": 3}], "failure_limit_percent": 50}
    rollout = api.call("POST", "/rollouts", plan)
    assert (rollout["release"], rollout["status"], rollout["from"]) == (release["id"], "running", "1.0.0")
    assert [batch["planned"] for batch in rollout["batches"]] == [2, 3, 5]
    path = f"/rollouts/{rollout['id']}"
    assert api.call("POST", f"{path}/pause", {"reason": "Trade fair"})["status"] == "paused"
    assert api.call("POST", f"{path}/resume")["status"] == "running"
    halted = api.call("POST", f"{path}/halt", {"reason": "Crashes"})
    assert (halted["status"], halted["stop"]) == ("halted", "person")
    assert "Crashes" in halted["stop_reason"]
    status, _, problem = api.problem("POST", f"{path}/pause")
    assert (status, problem["code"]) == (409, "conflict")
    assert problem["detail"] == f"{rollout['id']} is halted; a rollout can be paused while it is running."
    assert api.problem("POST", f"{path}/pause", {"why": "x"})[2]["field"] == "why"
    assert [item["id"] for item in api.call("GET", "/rollouts?active=true")["items"]] == [rollout["id"]]
    assert api.call("GET", path)["id"] == rollout["id"]


@pytest.mark.parametrize("state, outcome", [(6, "succeeded"), (7, "rolled_back")])
def test_a_report_that_comes_again_counts_once(api, fleet, state, outcome):
    """The answer was lost: the device sends the very same bytes again, thrice."""
    devices, release = fleet
    rollout = api.call("POST", "/rollouts", {"release": release["id"], "batches": [{"percent": 100}], "retries_max": 0})
    device = devices[0]
    offer = device.check_in()
    report = {"update_id": offer["update_id"], "state": state}
    if state == 6:
        report |= {"version": "2.0.0", "image_digest": release["image_digest"]}
    first = device.check_in(**report)
    for _ in range(3):
        device.sequence -= 1
        assert device.check_in(**report)["action"] == first["action"]
    batch = api.call("GET", f"/rollouts/{rollout['id']}")["batches"][0]
    assert (batch["offered"], batch[outcome]) == (1, 1)
    kinds = [event["kind"] for event in api.call("GET", f"/devices/{device.state['device_id']}/events")["items"]]
    assert kinds.count(outcome) == 1


def test_the_same_idempotency_key_starts_one_rollout(server, api, fleet):
    plan = {"release": fleet[1]["id"]}
    first = api.call("POST", "/rollouts", plan, {"Idempotency-Key": "once"})
    second = api.call("POST", "/rollouts", plan, {"Idempotency-Key": "once"})
    assert first["id"] == second["id"]
    assert len(api.call("GET", "/rollouts")["items"]) == 1
    server.stop()
    server.start()
    third = api.call("POST", "/rollouts", plan, {"Idempotency-Key": "once"})
    assert third["id"] == first["id"]
    assert api.problem("POST", "/rollouts", plan, {"Idempotency-Key": "x" * 65})[:2] == (400, "invalid_argument")


@pytest.mark.parametrize(
    "change, field",
    [
        ({"batches": []}, "batches"),
        ({"batches": [{"percent": 10, "count": 1}]}, "batches"),
        ({"batches": [{"percent": 101}]}, "batches"),
        ({"failure_limit_percent": -1}, "failure_limit_percent"),
        ({"retries_max": 11}, "retries_max"),
        ({"progress_timeout_s": 9}, "progress_timeout_s"),
        ({"forced": "yes"}, "forced"),
        ({"speed": "fast"}, "speed"),
        ({"release": 2}, "release"),
    ],
)
def test_a_plan_that_contradicts_itself_starts_nothing(api, fleet, change, field):
    status, code, problem = api.problem("POST", "/rollouts", {"release": fleet[1]["id"], **change})
    assert (status, code, problem["field"]) == (400, "invalid_argument", field)
    assert api.call("GET", "/rollouts")["items"] == []


def test_what_happened_is_listed_newest_first_and_in_pages(api, fleet):
    page = api.call("GET", "/events?limit=5")
    numbers = [event["number"] for event in page["items"]]
    assert numbers == sorted(numbers, reverse=True) and len(numbers) == 5
    rest = api.call("GET", f"/events?limit=200&before={page['next']}")
    assert all(event["number"] < numbers[-1] for event in rest["items"])

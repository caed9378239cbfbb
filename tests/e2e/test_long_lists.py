"""Lists longer than a page: five thousand releases and rollouts, as years of daily ones leave them in the store."""

import sqlite3

import contract
import pytest

MANY = 5000


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return contract.make_images(tmp_path_factory.mktemp("images"))


@pytest.fixture
def api(server, images):
    """A server whose store holds one release and one completed rollout, MANY times."""
    api = contract.Api(server)
    contract.register_key(api, images)
    contract.enrol(api, server, "d-1")[0].check_in()
    release = contract.upload(api, (images / "two.img").read_bytes())[2]
    api.call("POST", "/rollouts", {"release": release["id"]})
    server.stop()
    with sqlite3.connect(server.data / "fleet.db") as store:
        for table, change in (("release", "image_digest = randomblob(32), version = '2.0.' || number"), ("rollout", "status = 3")):
            columns = [row[1] for row in store.execute(f"PRAGMA table_info({table})")][1:]
            store.execute(
                f"WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY}) "
                f"INSERT INTO {table} SELECT i, {', '.join(columns)} FROM n, {table} WHERE number = 1"
            )
            store.execute(f"UPDATE {table} SET {change} WHERE number > 1")
        store.execute("INSERT INTO batch SELECT number, 0, 3, 1, 0, -1 FROM rollout WHERE number > 1")
    store.close()
    server.start()
    return contract.Api(server)


def all_pages(api, path):
    items = []
    while True:
        page = api.call("GET", f"{path}?limit=200&offset={len(items)}")
        assert page["offset"] == len(items)
        items += page["items"]
        if len(items) == page["total"]:
            return items


def test_thousands_of_releases_and_rollouts_are_listed(server, api, cli):
    for path, letter in (("/releases", "F"), ("/rollouts", "R")):
        assert [item["id"] for item in all_pages(api, path)] == [f"{letter}-{number}" for number in range(MANY, 0, -1)]
        assert len(api.call("GET", path)["items"]) == 50
        assert api.problem("GET", f"{path}?limit=201")[:2] == (400, "invalid_argument")
    assert [item["id"] for item in api.call("GET", "/rollouts?active=true")["items"]] == ["R-1"]
    for noun in ("release", "rollout"):
        assert len(cli.json(noun, "list")["items"]) == MANY
        assert len(cli.json(noun, "list", "--limit", "3")["items"]) == 3
        assert f"3 of {MANY} {noun}s; --limit shows more." in cli.run(noun, "list", "-n", "3").stdout


def test_a_release_of_long_ago_is_started_by_its_version(api):
    assert api.call("POST", "/rollouts", {"release": "2.0.77"})["release"] == "F-77"

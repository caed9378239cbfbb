"""Signing in while strangers try passwords, and other passwords."""

import http.client
import json
import threading

import contract


def sign_in(server, source, user, password):
    """Status of one attempt that comes from the address `source`."""
    connection = http.client.HTTPConnection(server.operator, timeout=60, source_address=(source, 0))
    body = json.dumps({"user": user, "password": password})
    connection.request("POST", "/api/v1/session", body, {"Content-Type": "application/json"})
    status = connection.getresponse().status
    connection.close()
    return status


def test_a_flood_of_guesses_from_one_address_keeps_nobody_else_out(server):
    over = threading.Event()
    seen = []

    def guess(number):
        for turn in range(100000):
            if over.is_set():
                return
            seen.append(sign_in(server, "127.0.0.1", f"user-{number}-{turn}", "guess"))

    strangers = [threading.Thread(target=guess, args=(number,), daemon=True) for number in range(48)]
    try:
        for stranger in strangers:
            stranger.start()
        assert [sign_in(server, "127.0.0.2", "admin", server.password) for _ in range(20)] == [200] * 20
    finally:
        over.set()
        for stranger in strangers:
            stranger.join(60)
    assert 429 in seen and set(seen) <= {401, 429}
    assert sign_in(server, "127.0.0.1", "admin", server.password) == 200  # the address is free again


NEW = "correct horse battery"


def test_another_password_counts_from_then_on_and_ends_the_other_sessions(server):
    mine, other = contract.Api(server), contract.Api(server)
    assert mine.call("POST", "/session/password", {"password": server.password, "new_password": NEW}) is None
    assert mine.call("GET", "/me")["account"] == "admin"
    assert other.problem("GET", "/me")[:2] == (401, "unauthenticated")
    assert sign_in(server, "127.0.0.1", "admin", server.password) == 401
    assert sign_in(server, "127.0.0.1", "admin", NEW) == 200
    server.stop()
    server.start()
    assert sign_in(server, "127.0.0.1", "admin", NEW) == 200


def test_a_wrong_present_password_changes_nothing_and_guessing_it_is_slowed_down(server):
    api = contract.Api(server)
    wrong = [api.problem("POST", "/session/password", {"password": f"no {turn}", "new_password": NEW}) for turn in range(7)]
    assert [problem[:2] for problem in wrong[:5]] == [(400, "invalid_argument")] * 5
    assert wrong[0][2]["field"] == "password" and wrong[-1][:2] == (429, "too_many")
    assert api.problem("POST", "/session/password", {"password": server.password, "new_password": "short"})[2]["field"] == "new_password"
    assert sign_in(server, "127.0.0.2", "admin", server.password) == 200
    anybody = contract.Api(server, sign_in=False)
    assert anybody.problem("POST", "/session/password", {"password": server.password, "new_password": NEW})[0] == 401


def test_the_command_line_changes_the_password(server, cli):
    assert cli.json("password", "--password-stdin", stdin=f"{server.password}\n{NEW}\n") == {"changed": True}
    assert cli.run("whoami").returncode == 0
    assert sign_in(server, "127.0.0.1", "admin", NEW) == 200
    refused = cli.run("password", "--password-stdin", stdin=f"wrong\n{NEW}2\n")
    assert refused.returncode != 0 and "the present password is wrong" in refused.stderr
    assert "standard input holds no password" in cli.run("password", "--password-stdin", stdin=f"{NEW}\n").stderr


def test_who_has_the_files_gives_a_lost_admin_another_password(server, start_program):
    api = contract.Api(server)
    busy = start_program("updraftd", "--data", server.data, "--reset-admin")
    assert busy.process.wait(20) != 0
    server.stop()
    reset = start_program("updraftd", "--data", server.data, "--reset-admin")
    password = reset.expect(r"Password: (\S+)").group(1)
    assert reset.process.wait(20) == 0
    server.start()
    assert sign_in(server, "127.0.0.1", "admin", server.password) == 401
    assert sign_in(server, "127.0.0.1", "admin", password) == 200
    assert api.problem("GET", "/me")[:2] == (401, "unauthenticated")

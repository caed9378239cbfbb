"""Signing in while strangers try passwords."""

import http.client
import json
import threading


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

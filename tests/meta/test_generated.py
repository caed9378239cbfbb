"""What is generated is what the repository holds."""

import subprocess
import sys

import generate
import pytest


@pytest.mark.parametrize("path", generate.generated())
def test_a_generated_file_is_up_to_date(path):
    assert (generate.ROOT / path).read_text() == generate.generated()[path], "run scripts/generate.py"


def test_numbers_follow_the_order_of_the_list():
    entries = generate.read_errors('/* head */\nUD_ERROR(A, "a", 200, 0, "A.")\n\n/* two */\nUD_ERROR(B, "b", 400, 2, "B.")\n')
    assert [(family, number, fields["code"]) for family, number, fields in entries] == [
        ("success", 0, "a"),
        ("two", 1, "b"),
    ]


def test_an_entry_of_another_form_is_refused():
    with pytest.raises(SystemExit):
        generate.read_errors('/* head */\nUD_ERROR(A, a, 200, 0, "A.")\n')


def test_each_row_of_the_agents_machine_is_on_an_arrow():
    rows = "    RULE(IDLE, DUE, CHECK_IN, CHECKING),\n    RULE(ANY,  DONE,NONE,     CHECKING),\n    RULE(IDLE, BLANK, SAVE, CHECKING),\n"
    assert generate.machine_diagram(rows).splitlines()[3:-1] == [
        "    idle --> checking : due / check in, blank / save",
        "    any --> checking : done",
    ]


def test_a_row_of_the_machine_of_another_form_is_refused():
    with pytest.raises(SystemExit):
        generate.machine_diagram("    RULE(IDLE, DUE, CHECK_IN, CHECKING),\n    RULE(IDLE, DUE),\n")


def test_the_crypto_vectors_are_what_their_generator_makes():
    subprocess.run([sys.executable, "-B", generate.ROOT / "tests/vectors/crypto/generate.py", "--check"], check=True)

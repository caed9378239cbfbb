"""What every end-to-end test may ask for: a server on an empty folder, a signed-in command line.

    def test_x(server, cli): ...                 one server, signed in, stopped at the end
    def test_y(start_server): start_server(...)  as many as wanted, with options
"""

import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
sys.dont_write_bytecode = True

import programs  # noqa: E402


@pytest.fixture
def start_server(tmp_path):
    """start_server(**options of programs.Server) -> Server; all are stopped, and a failed test shows their logs."""
    servers = []

    def start(**options):
        servers.append(programs.Server(tmp_path / f"server{len(servers)}", **options))
        return servers[-1]

    yield start
    for server in servers:
        status = server.stop()
        print(f"--- updraftd on {server.operator}, exit {status}:\n{server.program.tail(200)}")


@pytest.fixture
def server(start_server):
    """A fresh server; the admin is signed in for server.api()."""
    started = start_server()
    started.sign_in()
    return started


@pytest.fixture
def cli(tmp_path, request):
    """The command line in a home folder of its own, signed in if the test also has a server."""
    command = programs.Cli(tmp_path / "home")
    if "server" in request.fixturenames:
        command.login(request.getfixturevalue("server"))
    return command


@pytest.fixture
def start_program(tmp_path):
    """start_program(name, *arguments) -> Program, ended at the end of the test, its log shown when the test fails."""
    started = []

    def start(name, *arguments, **options):
        log_path = tmp_path / f"{name}{len(started)}.log"
        started.append(programs.Program(name, *arguments, log_path=log_path, **options))
        return started[-1]

    yield start
    for program in started:
        status = program.stop()
        print(f"--- {program.name}, exit {status}:\n{program.tail(200)}")

"""Starts, asks and stops Updraft's programs; shared by the demo and the end-to-end tests.

Nothing here sleeps for luck: what takes time is polled with a deadline, and a program that dies is told with its log.
"""

import collections
import ctypes
import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
# UPDRAFT_BIN: programs of another build, for example one with sanitizers
BIN = pathlib.Path(os.environ.get("UPDRAFT_BIN", ROOT / "build" / "host" / "bin"))


def wait_for(condition, what, timeout_s=30, interval_s=0.05):
    """The first true value of condition(); AssertionError with `what` at the deadline."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"after {timeout_s} s still not: {what}")
        time.sleep(interval_s)


PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


def end_with_parent():
    """In the child: the kernel asks it to end when whoever started it is gone, however that happened."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Program:
    """A running program; its output (stdout and stderr together) is kept in `log` and in the file `log_path`."""

    def __init__(self, name, *arguments, log_path, environment=None, path=None):
        self.name = name
        self.log_path = pathlib.Path(log_path)
        self.log = collections.deque(maxlen=20000)
        self.fresh = collections.deque(maxlen=20000)
        program = pathlib.Path(path or BIN / name)
        if not program.exists():
            raise AssertionError(f"{program} is not built; run make build")
        self.command = [str(program), *map(str, arguments)]
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=dict(os.environ, **(environment or {})),
            start_new_session=True,
            preexec_fn=end_with_parent,
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        with open(self.log_path, "a", encoding="utf-8") as file:
            for line in self.process.stdout:
                self.log.append(line.rstrip("\n"))
                self.fresh.append(line.rstrip("\n"))
                file.write(line)
                file.flush()

    def tail(self, count=40):
        return "\n".join(list(self.log)[-count:])

    def new_lines(self):
        """The lines printed since the last call (the newest of them, if they were very many)."""
        return [self.fresh.popleft() for _ in range(len(self.fresh))]

    def search(self, pattern):
        """The first match of the pattern in the output so far, or None."""
        for line in list(self.log):
            match = re.search(pattern, line)
            if match:
                return match
        return None

    def expect(self, pattern, timeout_s=20):
        """Waits for a line that matches; tells the output when the program ends or the time is over."""

        def look():
            match = self.search(pattern)
            if match is None and self.process.poll() is not None:
                self.reader.join(5)
                match = self.search(pattern)
                if match is None:
                    raise AssertionError(
                        f"{self.name} ended with {self.process.returncode} before it printed {pattern!r}:\n{self.tail()}"
                    )
            return match

        try:
            return wait_for(look, f"{self.name} prints {pattern!r}", timeout_s)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.tail()}") from None

    @property
    def running(self):
        return self.process.poll() is None

    def stop(self, timeout_s=10):
        """Asks the program to end (SIGTERM), insists after the time-out; returns its exit status."""
        if self.running:
            self.process.terminate()
            try:
                self.process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                self.process.kill()
        status = self.process.wait()
        self.reader.join(5)
        return status

    def kill(self):
        """Ends it as a power cut would (SIGKILL)."""
        self.process.kill()
        self.process.wait()
        self.reader.join(5)


class Problem(Exception):
    """An answer of the server that is an error; `body` is its problem+json."""

    def __init__(self, status, body):
        super().__init__(f"{status} {body}")
        self.status = status
        self.body = body
        self.code = body.get("code") if isinstance(body, dict) else None


def request(method, url, body=None, headers=None, timeout_s=30):
    """(status, headers, bytes) of one HTTP request; `body` is bytes, or an object to be sent as JSON."""
    headers = dict(headers or {})
    if body is not None and not isinstance(body, (bytes, bytearray)):
        body = json.dumps(body).encode()
        headers.setdefault("Content-Type", "application/json")
    sent = urllib.request.Request(url, data=body, method=method, headers=headers)
    try:
        with urllib.request.urlopen(sent, timeout=timeout_s) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


class Server:
    """updraftd on a data folder of its own and free loopback ports."""

    def __init__(self, folder, *, portal=None, device_port=0, operator_port=0, arguments=(), environment=None):
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.portal = portal
        self.ports = (device_port, operator_port)
        self.arguments = list(arguments)
        self.environment = environment
        self.password = None
        self.token = None
        self.program = None
        self.start()

    def start(self):
        """Starts it, and waits until it is ready. A restart keeps data and ports."""
        options = ["--data", self.data, "--device-listen", f"127.0.0.1:{self.ports[0]}",
                   "--operator-listen", f"127.0.0.1:{self.ports[1]}", *self.arguments]
        if self.portal is not None:
            options += ["--portal", self.portal]
        first = not self.data.exists()
        self.program = Program("updraftd", *options, log_path=self.folder / "updraftd.log", environment=self.environment)
        self.device = self.program.expect(r"device\S*\s.*?(127\.0\.0\.1:\d+)").group(1)
        self.operator = self.program.expect(r"operator\S*\s.*?(127\.0\.0\.1:\d+)").group(1)
        self.ports = tuple(int(address.rsplit(":", 1)[1]) for address in (self.device, self.operator))
        if first:
            self.password = self.program.expect(r"[Pp]assword\W+(\S+)").group(1)
        wait_for(self.is_healthy, "updraftd answers /healthz")

    def is_healthy(self):
        try:
            return request("GET", f"{self.url}/healthz", timeout_s=5)[0] == 200
        except OSError:
            return False

    @property
    def url(self):
        return f"http://{self.operator}"

    def sign_in(self, user="admin", password=None):
        """Signs in as a program does and keeps the token for api()."""
        self.token = None
        session = self.api("POST", "/session", {"user": user, "password": password or self.password, "bearer": True})
        self.token = session["token"]
        return session

    def api(self, method, path, body=None, headers=None):
        """One call of the operator API; the decoded answer, or Problem."""
        if self.token:
            headers = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        status, _, data = request(method, f"{self.url}/api/v1{path}", body, headers)
        try:
            decoded = json.loads(data) if data else None
        except ValueError:
            decoded = data.decode(errors="replace")
        if status >= 400:
            raise Problem(status, decoded)
        return decoded

    def stop(self):
        return self.program.stop()


class Cli:
    """The operator's command line with a home folder of its own."""

    def __init__(self, home):
        self.home = pathlib.Path(home)
        self.home.mkdir(parents=True, exist_ok=True)
        self.environment = dict(os.environ, HOME=str(self.home), XDG_CONFIG_HOME=str(self.home / ".config"), NO_COLOR="1")

    def run(self, *arguments, stdin=None, timeout_s=60):
        """The finished process: returncode, stdout, stderr."""
        return subprocess.run(
            [str(BIN / "updraft"), *map(str, arguments)],
            input=stdin if stdin is not None else "",
            capture_output=True,
            text=True,
            timeout=timeout_s,
            env=self.environment,
        )

    def json(self, *arguments, stdin=None, timeout_s=60):
        """What the command prints with --json, decoded; AssertionError with its words if it fails."""
        done = self.run(*arguments, "--json", stdin=stdin, timeout_s=timeout_s)
        if done.returncode != 0:
            raise AssertionError(f"updraft {' '.join(map(str, arguments))}: exit {done.returncode}: {done.stderr or done.stdout}")
        return json.loads(done.stdout) if done.stdout.strip() else None

    def login(self, server):
        return self.json("login", "--server", server.url, "--user", "admin", "--password-stdin", stdin=server.password + "\n")

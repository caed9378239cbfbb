#!/usr/bin/python3
"""Runs every test of the repository and counts them; the last line is "N passed, N failed".

    scripts/test.py            all runners
    scripts/test.py NAME...    only those (scripts/test.py --list shows the names)

Two steps run at a time, so that one computes while the other waits. A step begins when those it comes after have ended, and
tells what came of it when it has ended itself.

A runner that crashes or hangs counts as one failure. One that needs what this machine cannot get now (a network) ends with
status 77 and is named as not run; with CI=true such a runner fails, unless its tool is not to be had in every release of
Debian. Whole logs are in build/log/.
"""

import argparse
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
NOT_RUN = 77
LANES = 2  # steps at a time
LOGS = ROOT / "build" / "log"
PYTHON = "/usr/bin/python3"
CTEST = (
    "ctest --test-dir build/{preset} --no-tests=error --output-on-failure -j 2"
    " --test-output-size-passed 10000000 --test-output-size-failed 10000000"
    " --output-junit {report}"
)

TSAN = f"TSAN_OPTIONS='halt_on_error=1 suppressions={ROOT}/tests/tsan.supp' UPDRAFT_BIN={ROOT}/build/tsan/bin "


class Runner:
    """One step: a shell command, the steps it comes after, where its JUnit report goes (or None: the step itself is the test),
    seconds.
    """

    def __init__(self, name, command, *, after=(), junit=False, timeout=1500, everywhere=True):
        self.name = name
        self.after = after
        self.report = LOGS / f"{name}.xml" if junit else None
        self.command = command.format(report=self.report) if junit else command
        self.timeout = timeout
        self.everywhere = everywhere  # False: there are releases of Debian without its tool


def runners():
    """All steps; each comes after such as stand before it: what it needs, or what writes where it writes."""
    pytest = PYTHON + " -m pytest -q -p no:cacheprovider --junitxml={report}"
    in_portal = ". scripts/node-env.sh && cd portal && "
    in_portal_tests = "npm test -- --reporter=default --reporter=junit --outputFile.junit={report}"
    of_doors = " tests/e2e/test_device_door.py tests/e2e/test_operator_api.py"
    steps = [
        Runner("mcu-sources", "scripts/mcu-sources.sh"),
        Runner("build-host", "scripts/build.sh host", after=["mcu-sources"]),
        Runner("portal-types", in_portal + "npm run --silent check"),
        Runner("portal", in_portal + in_portal_tests, after=["portal-types"], junit=True),
        Runner("e2e", pytest + " tests/e2e", after=["build-host"], junit=True),
        Runner("unit", CTEST.replace("{preset}", "host"), after=["build-host"], junit=True),
        Runner("build-asan", "scripts/build.sh asan", after=["mcu-sources"]),
        Runner("unit-asan", CTEST.replace("{preset}", "asan") + " -LE slow", after=["build-asan"], junit=True),
        Runner("size", PYTHON + " scripts/size.py --check", after=["mcu-sources"]),
        Runner("glitch", PYTHON + " tests/glitch/run.py && " + PYTHON + " tests/glitch/run.py --mutants", after=["size"]),
        Runner("lint", PYTHON + " scripts/lint.py --deep", after=["build-host"]),
        Runner("build-tsan", "scripts/build.sh tsan updraftd updraft", after=["mcu-sources"]),
        Runner("e2e-tsan", TSAN + pytest + of_doors, after=["build-tsan"], junit=True),
        Runner("fuzz", "scripts/fuzz.sh --runs 20000", after=["mcu-sources"]),
        Runner("prove", "scripts/prove.sh", everywhere=False),
        Runner("meta", pytest + " tests/meta", junit=True),
    ]
    return steps if (ROOT / "portal" / "package.json").exists() else [step for step in steps if "portal" not in step.name]


class Run:
    """A step that was begun. What it prints goes into its log."""

    def __init__(self, step):
        self.step = step
        self.log_path = LOGS / f"{step.name}.log"
        if step.report is not None:
            step.report.unlink(missing_ok=True)
        self.begin = time.monotonic()
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                ["sh", "-c", step.command],
                cwd=ROOT,
                env=dict(os.environ, CMOCKA_MESSAGE_OUTPUT="stdout", PYTHONDONTWRITEBYTECODE="1"),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def seconds(self):
        return time.monotonic() - self.begin

    def is_over(self):
        return self.process.poll() is not None or self.seconds > self.step.timeout

    def end(self):
        """Exit status of the command, or None when it had to be ended; nothing it started is left running."""
        status = self.process.poll()
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        return status


def count_cmocka(output):
    """A cmocka program holds many tests: (passed, failed) from its closing lines, None if there are none."""
    passed = re.findall(r"^\[  PASSED  \] (\d+) test", output, re.MULTILINE)
    failed = re.findall(r"^\[  FAILED  \] (\d+) test", output, re.MULTILINE)
    if not passed and not failed:
        return None
    return sum(map(int, passed)), sum(map(int, failed))


def count_case(case):
    """(passed, failed, skipped) of one test case of a JUnit report."""
    if case.find("skipped") is not None:
        return 0, 0, 1
    broken = case.find("failure") is not None or case.find("error") is not None
    inner = count_cmocka(case.findtext("system-out") or "")
    if inner is None:
        return (0, 1, 0) if broken else (1, 0, 0)
    passed, failed = inner
    return passed, max(failed, 1 if broken else 0), 0


def count(runner, status):
    """(passed, failed, skipped) of a runner that ended with `status`."""
    if runner.report is None:
        return (1, 0, 0) if status == 0 else (0, 1, 0)
    try:
        cases = list(ElementTree.parse(runner.report).iter("testcase"))
    except (OSError, ElementTree.ParseError):
        return 0, 1, 0
    passed, failed, skipped = (sum(column) for column in zip((0, 0, 0), *map(count_case, cases)))
    if failed == 0 and (status != 0 or passed == 0):
        failed = 1
    return passed, failed, skipped


def tell(run):
    """Ends a step, prints its line (and its log if it failed), returns (passed, failed)."""
    step, status, seconds = run.step, run.end(), run.seconds
    lines = run.log_path.read_text(errors="replace").rstrip().splitlines()
    if status == NOT_RUN and (os.environ.get("CI") != "true" or not step.everywhere):
        print(f"{step.name:<14}not run: {''.join(lines[-1:])}", flush=True)
        return 0, 0
    passed, failed, skipped = count(step, status)
    notes = f", {skipped} skipped" if skipped else ""
    if status is None:
        notes += f", ended after {step.timeout} s"
    print(f"{step.name:<14}{passed:>6} passed, {failed} failed{notes} ({seconds:.0f} s)", flush=True)
    if failed:
        print("\n".join("    " + line for line in lines[-120:]))
        print(f"    again: {step.command}\n    whole log: {os.path.relpath(run.log_path, ROOT)}", flush=True)
    return passed, failed


def run_all(steps, lanes=LANES):
    """Runs the steps, tells each when it has ended, returns the sums of what passed and what failed."""
    waiting, runs, results = list(steps), [], []
    try:
        while waiting or runs:
            unfinished = {step.name for step in waiting} | {run.step.name for run in runs}
            ready = [step for step in waiting if unfinished.isdisjoint(step.after)]
            for step in ready[: lanes - len(runs)]:
                waiting.remove(step)
                runs.append(Run(step))
            over = [run for run in runs if run.is_over()]
            runs = [run for run in runs if run not in over]
            results += map(tell, over)
            if not over:
                time.sleep(0.05)
    finally:
        for run in runs:
            run.end()
    return tuple(map(sum, zip(*results)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="run only these")
    parser.add_argument("--list", action="store_true", help="show the names")
    arguments = parser.parse_args()
    steps = runners()
    if arguments.list:
        print("\n".join(f"{step.name:<14}{step.command}" for step in steps))
        return 0
    unknown = set(arguments.names) - {step.name for step in steps}
    if unknown:
        parser.error(f"no such runner: {', '.join(sorted(unknown))} (see --list)")
    if shutil.which("cmake") is None:
        parser.error("cmake is missing; run scripts/setup.sh first")
    LOGS.mkdir(parents=True, exist_ok=True)
    passed, failed = run_all([step for step in steps if not arguments.names or step.name in arguments.names])
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

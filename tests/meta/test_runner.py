"""scripts/test.py counts honestly: what fails, crashes, hangs or cannot run is a failure."""

import importlib.util
import pathlib

import lint
import programs
import pytest

SPEC = importlib.util.spec_from_file_location("runner", lint.ROOT / "scripts" / "test.py")
runner = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(runner)

REPORT = "<testsuite>%s</testsuite>"
PASSED = '<testcase name="a"/>'
FAILED = '<testcase name="b"><failure message="no"/></testcase>'
SKIPPED = '<testcase name="c"><skipped/></testcase>'
CMOCKA = '<testcase name="d">%s<system-out>[  PASSED  ] 7 test(s).\n%s</system-out></testcase>'


@pytest.fixture
def logs(tmp_path, monkeypatch):
    monkeypatch.setattr(runner, "LOGS", tmp_path)
    return tmp_path


def count(logs, report, status=0):
    step = runner.Runner("x", "true {report}", junit=True)
    if report is not None:
        step.report.write_text(report)
    return runner.count(step, status)


@pytest.mark.parametrize(
    "report, status, expected",
    [
        (REPORT % (PASSED + FAILED + SKIPPED), 1, (1, 1, 1)),
        (REPORT % PASSED, 0, (1, 0, 0)),
        (REPORT % (CMOCKA % ("", "")), 0, (7, 0, 0)),
        (REPORT % (CMOCKA % ("<failure/>", "[  FAILED  ] 2 test(s), listed below:")), 8, (7, 2, 0)),
        (REPORT % (CMOCKA % ("<failure/>", "")), 8, (7, 1, 0)),
    ],
)
def test_a_report_is_counted(logs, report, status, expected):
    assert count(logs, report, status) == expected


@pytest.mark.parametrize(
    "report, status",
    [(None, 0), ("<testsuite", 0), (REPORT % "", 0), (REPORT % PASSED, 3), (REPORT % PASSED, None)],
    ids=["no report", "broken report", "nothing ran", "the runner crashed", "the runner hung"],
)
def test_a_runner_that_could_not_run_is_a_failure(logs, report, status):
    assert count(logs, report, status)[1] == 1


def test_a_step_without_report_counts_as_one(logs, capsys):
    assert runner.run(runner.Runner("good", "true")) == (1, 0)
    assert runner.run(runner.Runner("bad", "echo why; false")) == (0, 1)
    assert "why" in capsys.readouterr().out


def test_a_step_that_lacks_what_it_needs_is_named_as_not_run_but_fails_in_ci(logs, capsys, monkeypatch):
    step = runner.Runner("offline", "echo no network; exit 77")
    monkeypatch.setenv("CI", "false")
    assert runner.run(step) == (0, 0)
    assert "not run: no network" in capsys.readouterr().out
    monkeypatch.setenv("CI", "true")
    assert runner.run(step) == (0, 1)


def is_alive(pid):
    try:
        return ") Z " not in pathlib.Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def test_a_step_that_hangs_is_ended_with_all_that_it_started(logs, capsys):
    child = logs / "child"
    step = runner.Runner("hang", f"sleep 60 & echo $! > {child}; wait", timeout=0.5)
    assert runner.run(step) == (0, 1)
    assert "ended after" in capsys.readouterr().out
    programs.wait_for(lambda: not is_alive(child.read_text().strip()), "the background process is gone", 10)

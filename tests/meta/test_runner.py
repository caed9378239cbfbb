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
    assert runner.run_all([runner.Runner("good", "true"), runner.Runner("bad", "echo why; false")]) == (1, 1)
    assert "why" in capsys.readouterr().out


def test_a_step_that_lacks_what_it_needs_is_named_as_not_run_but_fails_in_ci(logs, capsys, monkeypatch):
    step = runner.Runner("offline", "echo no network; exit 77")
    monkeypatch.setenv("CI", "false")
    assert runner.run_all([step]) == (0, 0)
    assert "not run: no network" in capsys.readouterr().out
    monkeypatch.setenv("CI", "true")
    assert runner.run_all([step]) == (0, 1)


@pytest.mark.parametrize("broken", ["", "; false"], ids=["that passed", "that failed"])
def test_a_step_begins_when_one_that_it_comes_after_has_ended(logs, broken):
    first = runner.Runner("first", f"sleep 0.2; touch {logs}/made{broken}")
    second = runner.Runner("second", f"test -e {logs}/made", after=["first"])
    assert runner.run_all([first, second]) == ((1, 1) if broken else (2, 0))


def test_a_step_does_not_wait_for_one_that_is_not_to_run(logs):
    assert runner.run_all([runner.Runner("second", "true", after=["first"])]) == (1, 0)


def test_two_steps_run_at_a_time(logs):
    command = f"touch {logs}/%s; until test -e {logs}/%s; do sleep 0.05; done"
    meeting = [runner.Runner("a", command % ("a", "b"), timeout=20), runner.Runner("b", command % ("b", "a"), timeout=20)]
    assert runner.run_all(meeting) == (2, 0)


@pytest.mark.parametrize("lanes", [1, 2])
def test_no_more_steps_run_at_a_time_than_there_are_lanes(logs, lanes):
    command = f"touch {logs}/%s.here; sleep 0.2; test $(ls {logs}/*.here | wc -l) -le {lanes}; s=$?; rm {logs}/%s.here; exit $s"
    assert runner.run_all([runner.Runner(name, command % (name, name)) for name in "abcd"], lanes) == (4, 0)


def test_what_two_steps_print_is_told_one_after_the_other(logs, capsys):
    command = "echo %s began; sleep 0.2; echo %s ends; false"
    runner.run_all([runner.Runner(name, command % (name, name)) for name in ("one", "two")])
    told = [line.strip() for line in capsys.readouterr().out.splitlines() if "began" in line or "ends" in line]
    told = [line for line in told if not line.startswith("again")]
    assert sorted((told[:2], told[2:])) == [["one began", "one ends"], ["two began", "two ends"]]


def test_each_step_comes_after_such_as_stand_before_it():
    known = set()
    for step in runner.runners():
        assert known.issuperset(step.after), step.name
        known.add(step.name)


def is_alive(pid):
    try:
        return ") Z " not in pathlib.Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def test_a_step_that_hangs_is_ended_with_all_that_it_started(logs, capsys):
    child = logs / "child"
    step = runner.Runner("hang", f"sleep 60 & echo $! > {child}; wait", timeout=0.5)
    assert runner.run_all([step]) == (0, 1)
    assert "ended after" in capsys.readouterr().out
    programs.wait_for(lambda: not is_alive(child.read_text().strip()), "the background process is gone", 10)


def test_nothing_is_left_running_when_the_run_is_broken_off(logs, monkeypatch):
    child = logs / "child"
    long = runner.Runner("long", f"sleep 60 & echo $! > {child}; wait")
    short = runner.Runner("short", f"until test -s {child}; do sleep 0.05; done", timeout=20)
    monkeypatch.setattr(runner, "tell", lambda run: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        runner.run_all([long, short])
    programs.wait_for(lambda: not is_alive(child.read_text().strip()), "the background process is gone", 10)

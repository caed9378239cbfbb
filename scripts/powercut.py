#!/usr/bin/python3
"""Cuts the power everywhere: all rounds of ROUNDS over all cases of tests/powercut, on every core, in about an hour.

    scripts/powercut.py                  begins, or goes on where the last run stopped; ends with a table
    scripts/powercut.py --minutes 20     begins no case after so long
    scripts/powercut.py --share 8        tries one cut of eight of what a whole run tries
    scripts/powercut.py --case NAME      only cases whose name (MODE/LAYOUT@WORD/STORY) begins so
    scripts/powercut.py --docs           writes the table of what is done into docs/testing.md

What is done is kept in build/powercut/, a line for each command and the code that ran it: changed code begins anew, changed
comments and lines do not. The same command always does the same; each failure is told with the one command that shows it again.
The exit status is 1 if anything failed, 2 if something is left to be done.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
KEPT = ROOT / "build" / "powercut"
DOCS = ROOT / "docs" / "testing.md"
MARKS = ("<!-- powercut: made by scripts/powercut.py --docs -->", "<!-- powercut: end -->")

# Of each layout's name what comes before its word: by what a life costs, a third of a millisecond to six.
SMALL = r"(page-512|page-1k|page-2k|sector-4k|uneven|journal-16k|2k-and-nor-4k)"
MIDDLE = r"(sector-8k|sector-16k|journal-512)"
LARGE = r"(sector-64k|sector-128k|sector-256k|128k-and-nor-4k|4k-and-nor-64k)"
UNDOING = r"(revert|crash|crash-loop|reject|return|rollback-reject|reject-encrypted)$"

# name, cases (a regular expression), arguments, how many: all of them, one in so many (--sample), about so many (--cuts)
ROUNDS = (
    ("each cut", rf"/smallest@|/{SMALL}@8/", "", "--sample", 1),
    ("a part of the cuts", rf"/{SMALL}@(?!8/)|-zero@", "", "--cuts", 1000),
    ("a part of the cuts", rf"/{MIDDLE}@", "", "--cuts", 600),
    ("a part of the cuts", rf"/{LARGE}@", "", "--cuts", 300),
    ("each word", rf"/(smallest|{SMALL})@", "--detail 1", "--cuts", 300),
    ("a lane refuses", rf"/(smallest|{SMALL})@", "--lane 1", "--cuts", 200),
    ("a lane refuses", rf"/(smallest|{SMALL})@", "--lane 2", "--cuts", 200),
    ("a lane refuses", rf"/({MIDDLE}|{LARGE})@(8|32)/", "--lane 1", "--cuts", 50),
    ("a lane refuses", rf"/({MIDDLE}|{LARGE})@(1|4|16)/", "--lane 2", "--cuts", 50),
    ("a fault, then a cut", r"/(smallest|page-2k)@|/page-2k-zero@", "--faults 2000", "--sample", 500),
    ("every pair", r"/smallest@32/|xip/smallest@16/", "--depth 2", "--sample", 1),
    ("pairs", rf"/(smallest@(?!32)|{SMALL}@)", "--depth 2", "--cuts", 2000),
    ("pairs", rf"/({MIDDLE}|{LARGE})@(8|32)/", "--depth 2", "--cuts", 100),
    ("pairs in two phases", rf"/(smallest|page-2k|sector-4k|uneven)@\d+/{UNDOING}", "--depth 2 --apart 1", "--cuts", 10000),
)
JOURNAL = (
    ("journal, each cut", "", "--sample", 1),
    ("journal, every pair", "--case 8 --depth 2", "--sample", 2),
    ("journal, a fault, then a cut", "--case 8 --faults 400", "--sample", 100),
    ("journal, a cut, a fault, a cut", "--case once --depth 2 --late 8", "--sample", 20),
)
COUNTS = re.compile(
    r"(\d+) cuts tried, (\d+) faults struck, (\d+) states reached, (\d+) run to the end, (\d+) cuts left to other seeds, "
    r"(\d+) failures; .* erased (\d+), (\d+), (\d+), (\d+) times at most"
)
FIELDS = ("cuts", "faults", "states", "runs", "left", "failures")


def list_cases(cuts):
    return subprocess.run([cuts, "--list"], capture_output=True, text=True, check=True).stdout.split()


def amount(how, number, share):
    """The arguments that say how many cuts are tried, when all in all it is one of `share`."""
    number = number * share if how == "--sample" else max(1, number // share)
    return [] if (how, number) == ("--sample", 1) else [how, str(number)]


def plan(programs, arguments):
    """(program, case or None, round, arguments) of every command."""
    names = [name for name in list_cases(programs["cuts"]) if name.startswith(arguments.case)]
    for title, pattern, options, *tried in ROUNDS:
        for name in names:
            if re.search(pattern, name):
                yield "cuts", name, title, ["--case", name, *options.split(), *amount(*tried, arguments.share)]
    for title, options, *tried in JOURNAL if not arguments.case else ():
        yield "journal_model", None, title, [*options.split(), *amount(*tried, arguments.share)]


def mixed(commands):
    """In an order of chance, always the same: a run that is stopped has seen some of everything."""
    return sorted(commands, key=lambda command: hashlib.sha256(" ".join(command[3]).encode()).digest())


def run(program, arguments):
    """Runs one command to its end; gives its counts and what it said of failures."""
    began = subprocess.Popen([program, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    with began.stdout:
        told = began.stdout.read()
    _, status, used = os.wait4(began.pid, 0)
    began.returncode = os.waitstatus_to_exitcode(status)
    result = dict.fromkeys(FIELDS, 0) | {"erases": [0, 0, 0, 0], "seconds": round(used.ru_utime + used.ru_stime, 2)}
    counted = False
    for match in COUNTS.finditer(told):
        counted = True
        for field, number in zip(FIELDS, match.groups()):
            result[field] += int(number)
        result["erases"] = [max(pair) for pair in zip(result["erases"], map(int, match.groups()[6:]))]
    result["said"] = [line for line in told.splitlines() if "FAILED" in line][:5]
    if (began.returncode != 0 or not counted) and not result["failures"]:
        result["failures"] = 1
        result["said"].append(f"it ended with {began.returncode}: {told.strip()[-200:]}")
    return result


def spaced(number):
    return f"{number:,}".replace(",", " ")


def add_up(results):
    total = {field: sum(result[field] for result in results) for field in FIELDS}
    total["erases"] = [max(column) for column in zip([0, 0, 0, 0], *(result["erases"] for result in results))]
    return total


def table(results, order):
    """The tables layout x story of each mode: lives run to their end, all alignments and rounds together."""
    cells = {}
    for result in sorted(results, key=lambda result: order.get(result["case"], 0)):
        if result["case"]:
            mode, geometry, story = result["case"].split("/")
            cells.setdefault(mode, {}).setdefault(geometry.split("@")[0], {}).setdefault(story, []).append(result)
    for mode, layouts in cells.items():
        stories = [name.split("/")[2] for name in order if name.startswith(f"{mode}/smallest@")]
        stories = list(dict.fromkeys(stories))
        yield f"Mode `{mode}`, lives cut short and run to their end:", ""
        yield "| layout | " + " | ".join(stories) + " |", "|---|" + "---:|" * len(stories)
        for layout, row in layouts.items():
            texts = []
            for story in stories:
                total = add_up(row.get(story, []))
                failed = f", **{total['failures']} failed**" if total["failures"] else ""
                texts.append(spaced(total["runs"]) + failed if story in row else "-")
            yield ("| " + " | ".join([layout, *texts]) + " |",)
        yield ("",)


def summary(results, left, share):
    """One row for each round, and what all of it means."""
    done = {result["round"] for result in results}
    titles = [title for title in dict.fromkeys(entry[0] for entry in (*ROUNDS, *JOURNAL)) if title in done]
    yield "| round | commands | cuts | faults | states | run to the end | failures | erases: journal, A, B, identity |"
    yield "|---|---:|---:|---:|---:|---:|---:|---|"
    for title in [*titles, None]:
        chosen = [result for result in results if title in (None, result["round"])]
        total = add_up(chosen)
        numbers = [spaced(number) for number in (len(chosen), *(total[f] for f in ("cuts", "faults", "states", "runs")))]
        erases = ", ".join(map(str, total["erases"]))
        name = title or "**all**"
        yield "| " + " | ".join([name, *numbers, str(total["failures"]), erases]) + " |"
    yield ""
    yield (
        f"{spaced(len(results))} commands done, {spaced(left)} left, "
        f"{spaced(round(sum(result['seconds'] for result in results)))} s of one core in all; "
        + ("each as a whole run has it." if share == 1 else f"one cut in {share} of what a whole run tries.")
    )


def report(results, order, left, share):
    lines = [line for group in table(results, order) for line in group]
    return "\n".join([*lines, *summary(results, left, share)])


def write_docs(text):
    before, _, rest = DOCS.read_text().partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    DOCS.write_text(f"{before}{MARKS[0]}\n\n{text}\n\n{MARKS[1]}{after}")


def hash_code(program):
    """Of what runs: without what only a debugger reads."""
    with tempfile.NamedTemporaryFile() as bare:
        subprocess.run(("objcopy", "--strip-all", "--remove-section=.note.gnu.build-id", program, bare.name), check=True)
        return hashlib.sha256(pathlib.Path(bare.name).read_bytes()).hexdigest()[:16]


class Ledger:
    """What is done, by the program's own hash and the command."""

    def __init__(self, programs):
        self.hashes = {name: hash_code(path) for name, path in programs.items()}
        KEPT.mkdir(parents=True, exist_ok=True)
        self.path = KEPT / "done.jsonl"
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        self.done = {entry["key"]: entry for entry in map(json.loads, lines)}

    def key(self, command):
        return " ".join([self.hashes[command[0]], command[0], *command[3]])

    def add(self, command, result):
        entry = {"key": self.key(command), "case": command[1], "round": command[2], **result}
        self.done[entry["key"]] = entry
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")

    def results(self, commands):
        return [self.done[self.key(command)] for command in commands if self.key(command) in self.done]


def progress(ledger, commands, began):
    results = ledger.results(commands)
    total = add_up(results)
    minutes = (time.monotonic() - began) / 60
    print(
        f"{len(results)}/{len(commands)} commands, {spaced(total['cuts'])} cuts, {spaced(total['runs'])} lives, "
        f"{total['failures']} failures, {minutes:.0f} min",
        flush=True,
    )


def work(ledger, programs, commands, arguments):
    """Runs what is not done yet on all cores until the time is over."""
    began = time.monotonic()
    shown = began
    waiting = [command for command in commands if ledger.key(command) not in ledger.done]
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        running = {}
        while waiting or running:
            over = time.monotonic() - began > arguments.minutes * 60
            waiting = [] if over else waiting
            while waiting and len(running) < arguments.jobs:
                command = waiting.pop(0)
                running[pool.submit(run, programs[command[0]], command[3])] = command
            ready, _ = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
            for future in ready:
                command = running.pop(future)
                ledger.add(command, future.result())
                for line in future.result()["said"]:
                    print(line, flush=True)
            if time.monotonic() - shown > arguments.show:
                shown = time.monotonic()
                progress(ledger, commands, began)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--share", type=int, default=1)
    parser.add_argument("--case", default="")
    parser.add_argument("--docs", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--show", type=float, default=20, help="seconds between two lines of progress")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "host")
    arguments = parser.parse_args()
    programs = {name: arguments.build / "tests" / name for name in ("cuts", "journal_model")}
    ledger = Ledger(programs)
    order = {name: place for place, name in enumerate(list_cases(programs["cuts"]))}
    commands = mixed(plan(programs, arguments))
    if not commands:
        parser.error(f"no case begins with '{arguments.case}'; {programs['cuts']} --list shows them")
    if not arguments.docs:
        work(ledger, programs, commands, arguments)
    results = ledger.results(commands)
    text = report(results, order, len(commands) - len(results), arguments.share)
    print(text)
    if arguments.docs:
        write_docs(text)
    failures = sum(result["failures"] for result in results)
    print(f"{failures} failures")
    return 1 if failures else 2 if len(results) < len(commands) else 0


if __name__ == "__main__":
    sys.exit(main())

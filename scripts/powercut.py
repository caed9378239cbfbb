#!/usr/bin/python3
"""Cuts the power everywhere: all rounds of ROUNDS over all cases of tests/powercut, on every core, in about an hour.

    scripts/powercut.py                  begins, or goes on where the last run stopped; ends with a table
    scripts/powercut.py --minutes 20     begins no case after so long
    scripts/powercut.py --share 8        tries one cut of eight of what a whole run tries
    scripts/powercut.py --case NAME      only cases whose name (MODE/LAYOUT@WORD/STORY) begins so
    scripts/powercut.py --docs           writes the table of what is done into docs/testing.md

What is done is kept in build/powercut/, a line for each command and the very program that ran it: a changed program begins
anew. The same command always does the same; each failure is told with the one command that shows it again.
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
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
KEPT = ROOT / "build" / "powercut"
DOCS = ROOT / "docs" / "testing.md"
MARKS = ("<!-- powercut: made by scripts/powercut.py --docs -->", "<!-- powercut: end -->")

SMALL = r"(smallest|page-512|page-1k|page-2k|sector-4k|uneven|journal-16k|2k-and-nor-4k)@"
MIDDLE = r"(sector-8k|sector-16k|journal-512)@"
LARGE = r"(sector-64k|sector-128k|sector-256k|128k-and-nor-4k|4k-and-nor-64k)@"
UNDOING = r"/(revert|crash|crash-loop|reject)$"

# name, cases (a regular expression), arguments, one cut in so many is tried
ROUNDS = (
    ("each cut", SMALL, "", 1),
    ("each cut", MIDDLE, "", 3),
    ("each cut", LARGE, "", 25),
    ("each word", SMALL, "--detail 1", 12),
    ("a lane refuses", SMALL, "--lane 1", 8),
    ("a lane refuses", SMALL, "--lane 2", 8),
    ("a fault, then a cut", r"smallest@|page-2k@", "--faults 2000", 60),
    ("every pair", r"smallest@32/", "--depth 2", 1),
    ("pairs", r"smallest@(4|8|16)/", "--depth 2", 20),
    ("pairs in two phases", rf"(smallest|page-2k|sector-4k|uneven)@.*{UNDOING}", "--depth 2 --apart 1", 30),
)
JOURNAL = (
    ("journal, each cut", "", 1),
    ("journal, every pair", "--case 8 --depth 2", 2),
    ("journal, a fault, then a cut", "--case 8 --faults 400", 100),
    ("journal, a cut, a fault, a cut", "--case once --depth 2 --late 8", 20),
)
COUNTS = re.compile(
    r"(\d+) cuts tried, (\d+) faults struck, (\d+) states reached, (\d+) run to the end, (\d+) cuts left to other seeds, "
    r"(\d+) failures; .* erased (\d+), (\d+), (\d+), (\d+) times at most"
)
FIELDS = ("cuts", "faults", "states", "runs", "left", "failures")


def list_cases(cuts):
    return subprocess.run([cuts, "--list"], capture_output=True, text=True, check=True).stdout.split()


def plan(programs, arguments):
    """(program, case or None, round, arguments) of every command."""
    names = [name for name in list_cases(programs["cuts"]) if name.startswith(arguments.case)]
    for title, pattern, options, sample in ROUNDS:
        for name in names:
            if re.search(pattern, name):
                sampled = ["--sample", str(sample * arguments.share)] if sample * arguments.share > 1 else []
                yield "cuts", name, title, ["--case", name, *options.split(), *sampled]
    for title, options, sample in JOURNAL if not arguments.case else ():
        sampled = ["--sample", str(sample * arguments.share)] if sample * arguments.share > 1 else []
        yield "journal_model", None, title, [*options.split(), *sampled]


def mixed(commands):
    """In an order of chance, always the same: a run that is stopped has seen some of everything."""
    return sorted(commands, key=lambda command: hashlib.sha256(" ".join(command[3]).encode()).digest())


def run(program, arguments):
    """Runs one command to its end; gives its counts and what it said of failures."""
    began = time.monotonic()
    done = subprocess.run([program, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    result = dict.fromkeys(FIELDS, 0) | {"erases": [0, 0, 0, 0], "seconds": round(time.monotonic() - began, 2)}
    counted = False
    for match in COUNTS.finditer(done.stdout):
        counted = True
        for field, number in zip(FIELDS, match.groups()):
            result[field] += int(number)
        result["erases"] = [max(pair) for pair in zip(result["erases"], map(int, match.groups()[6:]))]
    result["said"] = [line for line in done.stdout.splitlines() if "FAILED" in line][:5]
    if (done.returncode != 0 or not counted) and not result["failures"]:
        result["failures"] = 1
        result["said"].append(f"it ended with {done.returncode}: {done.stderr.strip()[-200:]}")
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
        f"{spaced(round(sum(result['seconds'] for result in results)))} s in all; "
        + ("each as a whole run has it." if share == 1 else f"one cut in {share} of what a whole run tries.")
    )


def report(results, order, left, share):
    lines = [line for group in table(results, order) for line in group]
    return "\n".join([*lines, *summary(results, left, share)])


def write_docs(text):
    before, _, rest = DOCS.read_text().partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    DOCS.write_text(f"{before}{MARKS[0]}\n\n{text}\n\n{MARKS[1]}{after}")


class Ledger:
    """What is done, by the program's own hash and the command."""

    def __init__(self, programs):
        self.hashes = {name: hashlib.sha256(path.read_bytes()).hexdigest()[:16] for name, path in programs.items()}
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

#!/usr/bin/python3
"""Builds the bootloaders of tests/powercut/peer, has each tell its stories under every power cut, and prints the tables.

    scripts/powercut-peer.sh MCUBOOT_DIR           builds in build/peer, runs on all cores (minutes), prints
    scripts/powercut-peer.sh MCUBOOT_DIR --docs    writes the tables into docs/testing.md, too
    scripts/powercut-peer.sh MCUBOOT_DIR --kept    runs nothing: tables of the last run

Kinds of failure of MCUboot were looked into, each, at one commit (JUDGED); any other is counted as not judged.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent.parent
BUILD = ROOT / "build" / "peer"
DOCS = ROOT / "docs" / "testing.md"
KEPT = BUILD / "score.json"
MARKS = ("<!-- peer: made by scripts/powercut-peer.sh --docs -->", "<!-- peer: end -->")

OURS = "updraft-swap"
PEERS = (OURS, "mcuboot-scratch", "mcuboot-move", "mcuboot-offset")
KINDS = ("between", "mixed", "turning", "unstable", "unreadable")
COLUMNS = ("between operations", "torn, bits mixed", "torn, turns at a start", "torn, unstable", "torn, unreadable")

# Torn bits are drawn: other draws of them, each cut inside an operation at fewer words.
DRAWS = range(2, 5)
DRAWN = ("mixed", "unstable")

# Why, by what a failure says; line numbers are those of this commit.
JUDGED_COMMIT = "2d4bacc3c15ebb6f91c28807fe6eb38b4ba98f77"
JUDGED = (
    (
        r"assertion rc == 0, swap_(scratch\.c:491|move\.c:327|offset\.c:400)",
        "A word of slot A's trailer is unreadable: `swap_status_source()` asserts that `boot_read_swap_state()` succeeds.",
    ),
    (
        r"assertion rc == 0, swap_scratch\.c:495",
        "The end of the scratch area is unreadable, where a trailer may stand, since an erase, a copy or a trailer there was cut: "
        "`swap_status_source()` asserts that it can be read.",
    ),
    (
        r"assertion rc == 0, swap_(move\.c:333|offset\.c:405)",
        "A word of slot B's trailer is unreadable, which was torn when the application asked for the update, or when the swap "
        "erased it: `swap_status_source()` asserts that it can be read.",
    ),
    (
        r"boot_go finds nothing to start \(Failed reading boot status",
        "A status record is unreadable: `swap_read_status_bytes()` gives up at it, `boot_prepare_image_for_update()` "
        "(loader.c:1447) then leaves the half-done swap alone, and slot A holds no whole image.",
    ),
    (
        r"the (old|new) image runs \(Failed reading boot status",
        "A status record is unreadable while slot A is still, or again, whole (loader.c:1447): that image starts, but no swap is "
        "begun or resumed as long as the record stands there.",
    ),
    (
        r"boot_go finds nothing to start \(Failed reading image headers.* unreadable$",
        "Erase or copy of a slot's first sector was cut: `boot_prepare_image_for_update()` (loader.c:1421) stops at a header that "
        "cannot be read, before it reads the status that says where to go on.",
    ),
    (
        r"boot_go finds nothing to start \(Failed reading image headers.* (turning|unstable)$",
        "`image_ok` of slot A, torn at the end of a revert, reads as set at one start and as unset at a later one: "
        "`boot_swap_type_multi()` takes that for another revert, and the offset algorithm moves what is not where it looks.",
    ),
    (
        r"after its end the (update|revert) was undone",
        "`image_ok` of slot A reads as set at one start and as unset at the next: `boot_set_next()` and `swap_set_image_ok()` "
        "leave alone what reads as set.",
    ),
    (
        r"assertion 0, loader\.c:1330 \(panic!\)",
        "`copy_done` of slot A reads as set at one start and as unset at the next: `swap_set_copy_done()` programs the torn word "
        "once more, which this flash refuses, and `boot_complete_partial_swap()` panics.",
    ),
)


def spaced(number):
    return f"{number:,}".replace(",", " ")


def run(command):
    print("+", " ".join(map(str, command)), file=sys.stderr, flush=True)
    subprocess.run(command, cwd=ROOT, check=True, stdout=sys.stderr)


def build(mcuboot):
    run(["cmake", "-S", ".", "-B", BUILD, "-G", "Ninja", f"-DUD_MCUBOOT={mcuboot}"])
    run(["ninja", "-C", BUILD, *(f"peer_{name}" for name in PEERS)])


def commit_of(mcuboot):
    """The commit, with a word on changes in what is built; None where git knows nothing."""
    git = ["git", "-C", mcuboot]
    top = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    if top.returncode != 0:
        return None
    changes = subprocess.run(
        [*git, "status", "--porcelain", "--", "boot/bootutil"], capture_output=True, text=True, check=False
    )
    return top.stdout.strip() + (" with changes" if changes.stdout else "")


def score(name, options):
    """The lines of JSON that one program prints."""
    program = BUILD / "tests" / f"peer_{name}"
    done = subprocess.run([program, *options], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1) or done.stderr:
        raise SystemExit(f"{program} ended with {done.returncode}: {done.stderr}")
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return [{**line, "peer": name, "options": options} for line in lines]


def score_all(jobs):
    rounds = [(name, ["--detail", "1", "--case", case]) for name in PEERS for case in cases(name)]
    rounds += [(name, ["--seed", str(seed)]) for name in PEERS for seed in DRAWS]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        lines = [line for result in pool.map(lambda one: score(*one), rounds) for line in result]
    return [[line for line in lines if ("--detail" in line["options"]) == detailed] for detailed in (True, False)]


def cases(name):
    program = BUILD / "tests" / f"peer_{name}"
    return subprocess.run([program, "--list"], capture_output=True, text=True, check=True).stdout.split()


def scores(lines):
    return [line for line in lines if "operations" in line]


def cell(lines, kind):
    lives, failures, deaths = (sum(line[kind][place] for line in lines) for place in range(3))
    if failures == 0:
        return f"{spaced(lives)}: 0"
    return f"{spaced(lives)}: **{spaced(failures)}** ({spaced(deaths)})"


def table_of_lives(lines):
    yield "| bootloader | sector@word | " + " | ".join(COLUMNS) + " | at operations |"
    yield "|---|---|" + "---:|" * len(COLUMNS) + "---:|"
    geometries = list(dict.fromkeys(line["case"].split("/")[0] for line in scores(lines)))
    for name in PEERS:
        for geometry in [*geometries, None]:
            rows = [line for line in scores(lines) if line["peer"] == name and geometry in (None, line["case"].split("/")[0])]
            places = sum(line["unreadable"][3] for line in rows)
            cells = [cell(rows, kind) for kind in KINDS]
            yield "| " + " | ".join(
                [name, geometry or "all", *cells, f"{spaced(places)} of {spaced(sum(line['operations'] for line in rows))}"]
            ) + " |"


def table_of_draws(lines):
    yield "| bootloader | " + " | ".join(COLUMNS[KINDS.index(kind)] for kind in DRAWN) + " |"
    yield "|---|" + "---:|" * len(DRAWN)
    for name in PEERS:
        rows = [line for line in scores(lines) if line["peer"] == name]
        yield "| " + " | ".join([name, *(cell(rows, kind) for kind in DRAWN)]) + " |"


def table_of_costs(lines):
    yield "| bootloader | sector@word | operations | bytes written | erases | of one sector |"
    yield "|---|---|---:|---:|---:|---:|"
    for line in scores(lines):
        if line["case"].endswith("/upgrade"):
            numbers = (line["operations"], line["written"], line["erases_in_all"], line["erases"])
            yield f"| {line['peer']} | {line['case'].split('/')[0]} | " + " | ".join(map(spaced, numbers)) + " |"


def why(line, commit):
    """Why it failed, if someone looked into it."""
    said = f"{line['failure']} {line['kind']}"
    found = [sentence for pattern, sentence in JUDGED if re.search(pattern, said)]
    return found[0] if found and commit == JUDGED_COMMIT and line["peer"] != OURS else "not judged"


def replay_of(line):
    seed = "" if "--detail" in line["options"] else " " + " ".join(line["options"])
    detail = " --detail 1" if "--detail" in line["options"] else ""
    return f"`peer_{line['peer']} --case {line['case']}{detail}{seed} --replay {line['path']}`"


def table_of_failures(lines, commit):
    groups = {}
    for line in lines:
        if "failure" in line and ("--detail" in line["options"] or line["kind"] in DRAWN):
            groups.setdefault(why(line, commit), []).append(line)
    yield "| failures | of which dead | with words | why | one of them, in `build/peer/tests` |"
    yield "|---:|---:|---|---|---|"
    for sentence, group in sorted(groups.items(), key=lambda item: -sum(line["count"] for line in item[1])):
        total = sum(line["count"] for line in group)
        dead = sum(line["count"] for line in group if not re.search("image runs|undone", line["failure"]))
        kinds = ", ".join(kind for kind in KINDS if any(line["kind"] == kind for line in group))
        yield f"| {spaced(total)} | {spaced(dead)} | {kinds} | {sentence} | {replay_of(group[0])} |"
    if not groups:
        yield "| 0 | 0 | | | |"


def report(detailed, drawn, commit):
    known = commit or "of a commit that is not known"
    yield f"MCUboot {known}. Upgrade and revert together; lives: failures (of which dead: the last of 16 starts starts nothing):"
    yield ""
    yield from table_of_lives(detailed)
    yield ""
    yield f"{len(DRAWS)} other draws of the torn bits, all geometries, at fewer words of each operation:"
    yield ""
    yield from table_of_draws(drawn)
    yield ""
    yield "Kinds of failure, of both tables:"
    yield ""
    yield from table_of_failures([*detailed, *drawn], commit)
    yield ""
    yield "An undisturbed update, from the request to the start after the confirmation:"
    yield ""
    yield from table_of_costs(detailed)


def write_docs(text):
    before, _, rest = DOCS.read_text().partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    DOCS.write_text(f"{before}{MARKS[0]}\n\n{text}\n\n{MARKS[1]}{after}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mcuboot", type=pathlib.Path)
    parser.add_argument("--docs", action="store_true")
    parser.add_argument("--kept", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    mcuboot = arguments.mcuboot.resolve()
    if not arguments.kept:
        build(mcuboot)
        KEPT.write_text(json.dumps([commit_of(mcuboot), *score_all(arguments.jobs)]))
    commit, detailed, drawn = json.loads(KEPT.read_text())
    text = "\n".join(report(detailed, drawn, commit))
    print(text)
    if arguments.docs:
        write_docs(text)
    ours = [line for line in (*detailed, *drawn) if line["peer"] == OURS and "failure" in line]
    return 1 if ours else 0


if __name__ == "__main__":
    sys.exit(main())

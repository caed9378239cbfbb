#!/usr/bin/python3
"""Skips instructions of the bootloader, one at a time, and expects that no image boots that must not.

    tests/glitch/run.py             what is run at each change: minutes
    tests/glitch/run.py --whole     every program, core, layout, story and kind of bad image; goes on where it stopped
    tests/glitch/run.py --mutants   plants weaknesses (mutants.toml), and expects each of them to be found

Builds the bootloader for each core with board.c for a port (program.py), and runs it in an emulator (glitch.c, thumb.c) over
images that must not boot (images.py). Exit status: 0, 1 an image booted (or a mutant was not found), 77 if the sources of the
crypto backend are not to be had.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import dataclasses
import functools
import hashlib
import itertools
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib

import images
from program import HERE, LAYOUTS, OUT, ROOT, Layout, Shape, Wrong, build, build_emulator, build_libraries, run

CPUS = ("cortex-m4", "cortex-m0plus", "cortex-m3", "cortex-m33")
SHAPES = {
    "swap": Shape("swap"),
    "swap, small crypto": Shape("swap", crypto="small"),
    "overwrite": Shape("overwrite"),
    "direct XIP": Shape("xip"),
    "swap, RSA-2048": Shape("swap", "rsa_2048"),
    "swap, Ed25519": Shape("swap", "ed25519"),
    "swap, Ed25519 pure": Shape("swap", "ed25519_pure"),
    "swap, ECIES": Shape("swap", encrypted=True),
}
FIRST_KIND = "content changed, hash mended"
ERASED = b"\xff"
DONE = OUT / "done"
MARKS = ("<!-- glitch: begin -->", "<!-- glitch: end -->")  # in docs/testing.md

# Functions that compute for long, and do not decide: remembered by their inputs. Skips inside them are counted on their own.
COSTLY = (
    "scalar_mult", "m256_inv", "m256_mul", "m256_prep", "m256_done", "u256_from_bytes",  # P-256, core/crypto/mcu
    "multiply_points", "invert", "multiply_mod",  # P-256, core/crypto/small
    "br_i31_montymul", "br_i31_decode_mod", "br_i31_to_monty", "br_i31_from_monty",  # RSA
    "add_points", "power", "multiply",  # Ed25519
)  # fmt: skip

KINDS = {
    "once": "one skip",
    "inside": "one skip inside arithmetic",
    "each-time": "an instruction skipped each time",
}


# ---- stories: what lies in the slots, and what the board does with it when nobody disturbs it -----------------------------------


@dataclasses.dataclass(frozen=True)
class Story:
    name: str
    bad_in_b: bool
    staged: bool  # slot A is confirmed, and slot B staged
    expected: str


RUNNING = Story("bad in slot A, nothing else", False, False, "recover")
STAGED = Story("good in slot A, bad one staged", True, True, "booted")
RESCUE = Story("bad in slot A, good in slot B", False, False, "booted")
STORIES = (RUNNING, STAGED, RESCUE)


def about(shape, slot):
    """How an image for that slot differs from a plain one for slot A."""
    if shape.mode == "xip":
        return {"slot": slot, "flags": images.ROM_FIXED}
    flags = {"flags": images.AES128} if shape.encrypted else {}
    return {**flags, "nonce": 1} if slot == images.SLOT_B else flags


def cover(shape, slot):
    """How it is encrypted: in slot A an image lies decrypted."""
    return {"wrapped": images.wrapped_key(), "decrypted": slot == images.SLOT_A} if shape.encrypted else {}


def slot_b_of(shape):
    return images.SLOT_B + (images.STAGING if shape.mode == "swap" else 0)


@functools.cache
def good_in(shape, slot, runs_in=None):
    """The good image of that slot, as it lies in `runs_in` (None: where it is)."""
    content = images.content(**about(shape, slot))
    return images.image(images.SCHEMES[shape.scheme], content, **cover(shape, runs_in or slot))


@functools.cache
def bad_in(shape, story):
    slot = images.SLOT_B if story.bad_in_b else images.SLOT_A
    return images.bad(images.SCHEMES[shape.scheme], **cover(shape, slot), **about(shape, slot))


def put(flash, address, data):
    offset = address - images.FLASH
    return flash[:offset] + data + flash[offset + len(data) :]


# ---- running ------------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def scratch():
    """A folder for one call of the emulator: others run at the same time, some of them on the same flash."""
    (OUT / "run").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=OUT / "run") as folder:
        yield pathlib.Path(folder)


def emulate(stem, shape, flash, expected, *options, residue=0):
    """What the emulator printed."""
    trusted = images.pokes(images.SCHEMES[shape.scheme]) if expected != "reset" else {}  # stage.c trusts nobody
    with scratch() as own:
        (own / "flash").write_bytes(flash)
        command = [OUT / "glitch", "--symbols", stem.with_suffix(".sym"), "--flash", own / "flash"]
        command += ["--program", stem.with_suffix(".bin"), "--expect", expected, "--residue", hex(residue)]
        for name, value in trusted.items():
            command += ["--poke", f"{name}={value.hex()}"]
        for name in COSTLY:
            command += ["--costly", name]
        for slot in (images.SLOT_A, images.SLOT_B):  # where an image came to
            runs_in = slot if shape.mode == "xip" else images.SLOT_A
            path = own / f"{slot:x}"
            path.write_bytes(good_in(shape, slot, runs_in))
            command += ["--good", f"{runs_in:#x}={path}"]
        return run([*command, *options], accepted=(0, 1))


def after(stem, shape, flash, expected):
    """The flash after an unharmed run."""
    with scratch() as own:
        emulate(stem, shape, flash, expected, "--save", own / "saved")
        return (own / "saved").read_bytes()


def prepare(stem, stage, shape, story, bad):
    """The flash that the story begins with. In any case a good image is seen to boot."""
    flash = ERASED * images.FLASH_SIZE
    confirmed = after(stem, shape, put(flash, images.SLOT_A, good_in(shape, images.SLOT_A)), "booted")
    if story.staged:
        return after(stage, shape, put(confirmed, slot_b_of(shape), bad), "reset")
    if story is RESCUE:
        flash = put(flash, slot_b_of(shape), good_in(shape, images.SLOT_B))
    return put(flash, images.SLOT_A, bad)


@dataclasses.dataclass(frozen=True)
class Job:
    cpu: str
    program: str
    layout: Layout
    story: Story
    kind: str
    options: tuple

    def __str__(self):
        return f"{self.cpu}, {self.program}, {self.layout.name}, {self.story.name}, {self.kind}"


def residue_of(layout, shape, story):
    """What registers and RAM hold at the reset."""
    slot = slot_b_of(shape) if story.bad_in_b else images.SLOT_A
    return layout.residue if layout.residue is not None else slot + images.ENTRY | 1


def do(job, stem, stage, end):
    """What the emulator printed for it; remembered, so that a long run can go on. None: not yet done, and `end` is over."""
    shape = SHAPES[job.program]
    bad = bad_in(shape, job.story)[job.kind]
    inputs = [stem.with_suffix(".bin"), stage.with_suffix(".bin"), OUT / "glitch"]
    digest = hashlib.sha256(repr(job).encode() + bad + b"".join(path.read_bytes() for path in inputs)).hexdigest()[:24]
    done = DONE / digest
    if not done.exists() and time.monotonic() >= end:
        return None
    if not done.exists():
        flash = prepare(stem, stage, shape, job.story, bad)
        residue = residue_of(job.layout, shape, job.story)
        printed = emulate(stem, shape, flash, job.story.expected, *job.options, residue=residue)
        done.with_suffix(".new").write_text(printed)
        done.with_suffix(".new").rename(done)
    return done.read_text()


def counts_of(printed):
    """Counts by kind of run and outcome, and the lines that name a way into an image."""
    counts, ways = {}, []
    for line in printed.splitlines():
        words = line.split()
        if words[0] in KINDS:
            counts[words[0]] = collections.Counter({name: int(value) for name, value in zip(words[1::2], words[2::2])})
        elif words[0] == "JUMPED":
            ways.append(line)
    return counts, ways


# ---- what is run -----------------------------------------------------------------------------------------------------------------

M4, M0 = ("cortex-m4",), ("cortex-m0plus",)
SWAP = ("swap",)
QUICK = tuple(name for name, shape in SHAPES.items() if not shape.scheme.startswith("ed25519") and name != "swap")
FIRST = (FIRST_KIND,)
FORGED = ("content changed", "another key", "unsigned", "signature of zeros", "signature with s = n", "revoked key")
REVOKED = ("revoked key",)
UNFIT = ("low security counter", "wrong hardware", "not bootable")  # but signed
P256 = tuple(name for name, shape in SHAPES.items() if shape.scheme == "ecdsa_p256")
BACKENDS = ("swap", "swap, small crypto")
NASTY = LAYOUTS[1:2]  # as linked, RAM full of the image's address
HOSTILE = tuple(layout for layout in LAYOUTS if layout.residue is None)
FAST = (HOSTILE[0], HOSTILE[2])  # in HOSTILE[1], order 2, a thousand skips after the signature check hang: minutes
FROM_LOOK = ("--from", "ud_boot_inspect")
FROM_JUDGE = ("--from", "ud_image_verify_content")
# Each skip, without a limit: it would take the first and the last call of a copy, and not the one between that decides.
SIGNED = ("--after", "ud_ecdsa_p256_verify")


def rows(*, cpus, programs, layouts=NASTY, stories=(RUNNING,), kinds=None, options):
    """Jobs for all combinations; `kinds` None: all there are."""
    for cpu, program, layout, story in itertools.product(cpus, programs, layouts, stories):
        for kind in kinds or bad_in(SHAPES[program], story):
            yield Job(cpu, program, layout, story, kind, options)


def short_plan():
    yield from rows(cpus=M4, programs=SWAP, kinds=FIRST, options=("--limit", 2))
    yield from rows(cpus=M4, programs=SWAP, kinds=FORGED, options=("--limit", 2, *FROM_JUDGE))
    yield from rows(cpus=M4, programs=SWAP, kinds=UNFIT, options=SIGNED)
    yield from rows(cpus=M4, programs=BACKENDS, layouts=FAST, kinds=REVOKED, options=SIGNED)
    yield from rows(cpus=M0, programs=BACKENDS, kinds=REVOKED, options=SIGNED)
    yield from rows(cpus=M4, programs=SWAP, stories=(STAGED, RESCUE), kinds=FIRST, options=("--limit", 2, *FROM_JUDGE))
    yield from rows(cpus=M4, programs=QUICK, kinds=FIRST, options=("--limit", 2, *FROM_JUDGE))
    yield from rows(cpus=M0, programs=SWAP, layouts=LAYOUTS[3:4], kinds=FIRST, options=("--limit", 2, *FROM_JUDGE))


def whole_plan():
    every = tuple(SHAPES)
    yield from rows(cpus=CPUS, programs=every, kinds=FIRST, options=("--limit", 2, *FROM_LOOK))
    yield from rows(cpus=CPUS, programs=SWAP, layouts=LAYOUTS, kinds=FIRST, options=("--limit", 2))
    yield from rows(cpus=CPUS, programs=SWAP, options=("--limit", 2, *FROM_JUDGE))
    yield from rows(cpus=CPUS, programs=every, stories=(STAGED, RESCUE), kinds=FIRST, options=("--limit", 2, *FROM_JUDGE))
    yield from rows(cpus=CPUS, programs=P256, layouts=HOSTILE, kinds=REVOKED + UNFIT, options=SIGNED)
    inside = ("--limit", 0, "--inside", 2, "--inside-every", 8, "--each-time", 16)
    yield from rows(cpus=M4, programs=every, kinds=FIRST, options=inside)
    yield from rows(cpus=M4, programs=SWAP, stories=(STAGED, RESCUE), options=("--limit", 2, *FROM_LOOK))
    yield from rows(cpus=CPUS, programs=SWAP, options=("--limit", 8, *FROM_LOOK))


def build_all(pool, jobs):
    """The programs of the jobs, by core and name: their layouts, and the program that stages."""
    for cpu in dict.fromkeys(job.cpu for job in jobs):
        build_libraries(cpu)
    layouts = collections.defaultdict(dict)
    for job in jobs:
        layouts[job.cpu, job.program][job.layout] = True
    built = {key: pool.submit(build, key[0], SHAPES[key[1]], tuple(used)) for key, used in layouts.items()}
    return {key: result.result() for key, result in built.items()}


def run_jobs(jobs, minutes):
    """What came of each job, in order: (job, what the emulator printed, or None if time was over)."""
    DONE.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + 60 * minutes

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        programs = build_all(pool, jobs)
        results = []
        for job in jobs:
            stems, stage = programs[job.cpu, job.program]
            results.append(pool.submit(do, job, stems[job.layout], stage, end))
        for job, result in zip(jobs, results):
            yield job, result.result()


HEAD = ("program", "core", "what", "layouts", "runs", "instructions", "skips", "recovered", "reset", "faulted", "hung", "booted", "jumps")
COLUMNS = ("points", "recover", "reset", "fault", "hang", "booted", "jumped")


def table_of(groups):
    """Markdown; `groups` has the counts of the runs by program, core and kind of skip. `booted`: an image that is authentic."""
    lines = [HEAD, ("---",) * 3 + ("---:",) * (len(HEAD) - 3)]
    for (program, cpu, name), group in groups.items():
        total = sum((counts for _, counts in group), collections.Counter())
        layouts = len({job.layout for job, _ in group})
        most = max(counts["instructions"] for _, counts in group)
        lines.append((program, cpu, KINDS[name], layouts, len(group), most, *(total[column] for column in COLUMNS)))
    return "".join("| " + " | ".join(map(str, line)) + " |\n" for line in lines)


def run_all(plan, minutes, command, docs):
    groups, ways, left = collections.defaultdict(list), [], 0
    jobs = list(plan)
    for job, output in run_jobs(jobs, minutes):
        counts, found = counts_of(output or "")
        left += output is None
        ways += [f"{job}: {way}" for way in found]
        for name, count in counts.items():
            if count["points"]:
                groups[job.program, job.cpu, name].append((job, count))
    # An instruction that is skipped each time is more than one glitch: such ways are told, not refused.
    wrong = [way for way in ways if "JUMPED each-time" not in way]
    skips = sum(count["points"] for (_, _, name), group in groups.items() if name != "each-time" for _, count in group)
    said = f"{len(jobs) - left} runs, {left} left; {skips} single skips, {len(wrong)} of them boot an image that must not."
    table = table_of(groups)
    print("\n".join([*ways, table + said]))
    if docs:
        write_docs(f"`{command}`, {compiler_name()}:\n\n{table}\n{said}\n")
    return 1 if wrong else 0


def compiler_name():
    return run(["arm-none-eabi-gcc", "--version"]).splitlines()[0]


def write_docs(text):
    path = ROOT / "docs" / "testing.md"
    before, rest = path.read_text().split(MARKS[0])
    path.write_text(before + MARKS[0] + "\n\n" + text + "\n" + MARKS[1] + rest.split(MARKS[1])[1])


# ---- mutants ------------------------------------------------------------------------------------------------------------------


def plant(mutant, folder):
    """A copy of the changed files in `folder`; gives their paths."""
    shutil.rmtree(folder, ignore_errors=True)
    for change in mutant["change"]:
        target = folder / change["file"]
        text = (target if target.exists() else ROOT / change["file"]).read_text()
        if text.count(change["text"]) != 1:
            raise Wrong(f"{mutant['name']}: its text is not in {change['file']} exactly once; mend mutants.toml")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text.replace(change["text"], change["instead"]))
    return sorted({change["file"] for change in mutant["change"]})


def run_mutants():
    listed = tomllib.loads((HERE / "mutants.toml").read_text())["mutant"]
    build_libraries(CPUS[0])
    shape = SHAPES["swap"]

    def look(mutant):
        folder = OUT / "mutants" / mutant["name"]
        stems, stage = build(CPUS[0], shape, NASTY, name=mutant["name"], root=folder, replaced=plant(mutant, folder))
        story = next(story for story in STORIES if story.name == mutant.get("story", RUNNING.name))
        flash = prepare(stems[NASTY[0]], stage, shape, story, bad_in(shape, story)[mutant["kind"]])
        options = ("--after", mutant["after"]) if "after" in mutant else ("--limit", 2, "--from", mutant["from"])
        printed = emulate(stems[NASTY[0]], shape, flash, story.expected, *options, residue=residue_of(NASTY[0], shape, story))
        return counts_of(printed)[1]

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        found = list(pool.map(look, listed))
    for mutant, ways in zip(listed, found):
        print(f"{mutant['name']}: {ways[0] if ways else 'NOT FOUND'}")
    print(f"{sum(map(bool, found))} mutants found, {sum(not ways for ways in found)} not")
    return 0 if all(found) else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--minutes", type=float, default=1000, help="begin no further run after that time")
    parser.add_argument("--docs", action="store_true", help="write the table into docs/testing.md")
    parser.add_argument("--mutants", action="store_true")
    arguments = parser.parse_args()
    sources = subprocess.run(["scripts/mcu-sources.sh"], cwd=ROOT, check=False)
    if sources.returncode != 0:
        return sources.returncode
    try:
        build_emulator()
        if arguments.mutants:
            return run_mutants()
        plan = whole_plan() if arguments.whole else short_plan()
        command = "tests/glitch/run.py" + " --whole" * arguments.whole
        return run_all(plan, arguments.minutes, command, arguments.docs)
    except Wrong as wrong:
        print(f"glitch: {wrong}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())

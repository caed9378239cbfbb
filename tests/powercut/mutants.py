#!/usr/bin/python3
"""Plants bugs in a copy of the journal, the swap and the boot, and expects the power-cut proofs to find each of them.

    tests/powercut/mutants.py            all mutants; the last line counts them
    tests/powercut/mutants.py NAME...    only those

A proof that cannot fail proves nothing. Each mutant of mutants.toml is built apart from the project's own build, and must
make the proof named with it fail. The unchanged copy must pass all of them.
"""

import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PARTS = ("agent", "api", "boot", "core", "include", "ports", "scripts", "tests/powercut", "tests/support")
FILES = ("CMakeLists.txt", "tests/CMakeLists.txt")
LIST = ROOT / "tests" / "powercut" / "mutants.toml"
WORKERS = os.cpu_count() or 1  # each in a copy of its own
CONFIGURE = ("cmake", "-S", ".", "-B", "build", "-G", "Ninja", "-DCMAKE_C_FLAGS=-w")  # a bug may leave something unused


def build(copy, program):
    """Compiles what changed since the last time, and links."""
    if not (copy / "build").exists():
        subprocess.run(CONFIGURE, cwd=copy, stdout=subprocess.DEVNULL, check=True)
    subprocess.run(("cmake", "--build", "build", "--target", program), cwd=copy, stdout=subprocess.DEVNULL, check=True)


def passes(copy, proof):
    build(copy, proof[0])
    command = [str(copy / "build" / "tests" / proof[0]), *proof[1:]]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def plant(copy, mutant):
    """Makes the changes; gives the original texts by file, or None where a text is not there exactly once."""
    originals = {}
    for change in mutant["change"]:
        path = copy / change["file"]
        text = path.read_text()
        originals.setdefault(path, text)
        if text.count(change["text"]) != 1:
            print(f"{mutant['name']}: its text is not in {change['file']} exactly once; mend {LIST.name}")
            return None
        path.write_text(text.replace(change["text"], change["instead"]))
    return originals


def copy_parts(copy):
    for part in PARTS:
        shutil.copytree(ROOT / part, copy / part)
    for file in FILES:
        shutil.copy2(ROOT / file, copy / file)


def try_proofs(listed, mutants):
    """The proofs that fail on unchanged code."""
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder)
        copy_parts(copy)
        proofs = [listed["proof"][proof] for proof in sorted({mutant["proof"] for mutant in mutants})]
        return [" ".join(proof) for proof in proofs if not passes(copy, proof)]


def try_mutants(listed, mutants):
    """The names of those that were not found."""
    survivors = []
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder)
        copy_parts(copy)
        for mutant in mutants:
            originals = plant(copy, mutant)
            proof = listed["proof"][mutant["proof"]]
            found = originals is not None and not passes(copy, proof)
            for path, text in (originals or {}).items():
                path.write_text(text)
            print(f"{mutant['name']}: {'found' if found else 'NOT FOUND'} by {' '.join(proof)}", flush=True)
            survivors += [] if found else [mutant["name"]]
    return survivors


def main():
    listed = tomllib.loads(LIST.read_text())
    mutants = [mutant for mutant in listed["mutant"] if not sys.argv[1:] or mutant["name"] in sys.argv[1:]]
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        unchanged = pool.submit(try_proofs, listed, mutants)
        parts = [pool.submit(try_mutants, listed, mutants[first::WORKERS]) for first in range(WORKERS)]
        broken = unchanged.result()
        survivors = [name for part in parts for name in part.result()]
    for proof in broken:
        print(f"fails with unchanged code: {proof}")
    print(f"{len(mutants) - len(survivors)} mutants found, {len(survivors)} not")
    return 1 if survivors or broken or not mutants else 0


if __name__ == "__main__":
    sys.exit(main())

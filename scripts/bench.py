#!/usr/bin/python3
"""Builds and runs the benchmarks: every program that a CMakeLists.txt of tests/bench puts into build/host/bench.

Speed is measured here and never asserted by a test. scripts/bench.py NAME... runs only those.
"""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BENCHMARKS = ROOT / "build" / "host" / "bench"


def main():
    names = sys.argv[1:] or sorted(path.name for path in BENCHMARKS.glob("*") if path.is_file())
    if not names:
        print("there are no benchmarks in tests/bench")
        return 0
    failed = []
    for name in names:
        print(f"== {name}", flush=True)
        if subprocess.run([BENCHMARKS / name], cwd=ROOT, stdin=subprocess.DEVNULL).returncode != 0:
            failed.append(name)
    if failed:
        print("failed:", " ".join(failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

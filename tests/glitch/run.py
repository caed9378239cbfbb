#!/usr/bin/python3
"""Skips instructions of the bootloader, one at a time, and expects that no image boots that must not.

    tests/glitch/run.py                 what is run at each change, on the first core: one kind of bad image whole, others sampled
    tests/glitch/run.py --whole         each core, every kind of image whole, and half of the arithmetic; hours
    tests/glitch/run.py --crypto small  with that backend of core/crypto only, not with each
    tests/glitch/run.py --mutants       plants weaknesses (mutants.toml), and expects each of them to be found

Builds the bootloader for each core of CPUS as scripts/size.py does, with board.c for a port, and runs it in an emulator
(glitch.c, thumb.c). Exit status: 0, 1 an image booted (or a mutant was not found), 77 if the sources of the crypto backend
are not to be had.
"""

import argparse
import collections
import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import images  # noqa: E402

OUT = ROOT / "build" / "glitch"
HERE = ROOT / "tests" / "glitch"
SKELETON = ROOT / "ports" / "skeleton"
MBEDTLS = ROOT / ".cache" / "mcu" / "mbedtls"
TOOL = "arm-none-eabi-"
CPUS = ("cortex-m4", "cortex-m0plus")
SEED = 20
FIRST = ("cortex-m4", "content changed, hash mended")
RUNS = {"once": "one skip", "arithmetic": "one skip in arithmetic", "each-time": "an instruction skipped each time"}
OUTCOMES = ("recover", "reset", "fault", "hang", "jumped")

# Of each backend of core/crypto the bulk arithmetic: hashing blocks, and the steps of ECDSA on their way through the numbers.
BULK = {
    "mcu": (
        "mbedtls_internal_sha256_process", "u256_set32", "u256_add", "u256_sub", "u256_cmov", "u256_diff", "u288_muladd",
        "u256_from_bytes", "m256_set32", "m256_add_p", "m256_sub_p", "m256_mul", "m256_mul_p", "m256_prep", "m256_done", "m256_inv",
        "m256_to_bytes.constprop.0", "point_to_affine", "point_double", "point_add", "scalar_mult",
    ),
    "small": (
        "ud_sha256_take_block", "subtract", "add_multiple", "add_mod", "subtract_mod", "multiply_mod", "invert", "load_number",
        "compute", "multiply_points",
    ),
}  # fmt: skip

# Loops that fill, copy or look at one byte after the other.
FILL = ("memset", "memmove", "memcpy", "mbedtls_platform_zeroize", "ud_sha256_update", "row_read")


class Wrong(Exception):
    """A message for people; the run fails."""


def run(command, *, cwd=ROOT, accepted=(0,)):
    result = subprocess.run(list(map(str, command)), cwd=cwd, text=True, capture_output=True, check=False)
    if result.returncode not in accepted:
        raise Wrong(f"{' '.join(map(str, command[:4]))} ... failed ({result.returncode}):\n{result.stdout}{result.stderr}")
    return result.stdout


# ---- building -----------------------------------------------------------------------------------------------------------------


def build_emulator():
    OUT.mkdir(parents=True, exist_ok=True)
    flags = ["-std=c11", "-O3", "-flto", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-I."]
    run(["cc", *flags, *(HERE / f"{name}.c" for name in ("glitch", "thumb", "thumb16", "thumb32")), "-o", OUT / "glitch"])


def build_libraries(cpu):
    run(["scripts/build.sh", f"arm-{cpu}", "skeleton_boot", *(f"ud_{crypto}_backend" for crypto in BULK)])


def build_program(cpu, crypto, root=ROOT, name="boot", replaced=()):
    """Links the bootloader with board.c; `replaced` are files of `root` to be taken instead of those in the libraries."""
    stem = OUT / f"{name}-{crypto}-{cpu}"
    others = ["skeleton", *(f"ud_{other}_backend" for other in BULK if other != crypto)]
    libraries = sorted((ROOT / "build" / f"arm-{cpu}").rglob("*.a"))
    libraries = [path for path in libraries if not any(other in path.name for other in others)]
    common = [
        TOOL + "gcc", f"-mcpu={cpu}", "-mthumb", "-Os", "-std=c11", "-ffunction-sections", "-fdata-sections", "-fno-common",
        f"-I{root}", f"-I{ROOT}", f"-I{ROOT}/core/crypto/mcu", f"-I{MBEDTLS}/include", f"-I{MBEDTLS}/3rdparty/p256-m/p256-m",
        '-DMBEDTLS_CONFIG_FILE="core/crypto/mcu/mbedtls_config.h"',
    ]  # fmt: skip
    sources = [HERE / "board.c", *(SKELETON / f"{part}.c" for part in ("start", "string", "boot_main"))]
    sources = [source for source in sources if str(source.relative_to(ROOT)) not in replaced]
    objects = []
    for source in [*sources, *(root / path for path in replaced)]:
        objects.append(stem.with_name(f"{stem.name}-{source.stem}.o"))
        own = ["-fno-builtin", "-fno-tree-loop-distribute-patterns"] if source.name == "string.c" else []
        run([*common, *own, "-c", source, "-o", objects[-1]])
    run([
        *common, "-nostartfiles", "--specs=nano.specs", "-Wl,--gc-sections", f"-L{SKELETON}", "-Tboot.ld", *objects,
        "-Wl,--start-group", *libraries, "-Wl,--end-group", "-o", stem.with_suffix(".elf"),
    ])  # fmt: skip
    run([TOOL + "objcopy", "-O", "binary", stem.with_suffix(".elf"), stem.with_suffix(".bin")])
    stem.with_suffix(".sym").write_text(run([TOOL + "nm", "-S", stem.with_suffix(".elf")]))
    return stem


# ---- running ------------------------------------------------------------------------------------------------------------------


def emulate(stem, crypto, image, pokes, *options):
    """What the emulator printed; `image` is written beside the program."""
    path = stem.with_name(f"{stem.name}-{os.getpid()}-{threading.get_ident()}.img")
    path.write_bytes(image)
    command = [OUT / "glitch", "--symbols", stem.with_suffix(".sym"), "--program", stem.with_suffix(".bin"), "--image", path]
    for name, value in {**images.BOARD, **pokes}.items():
        command += ["--poke", f"{name}={value.hex()}"]
    for name in BULK[crypto]:
        command += ["--bulk", name]
    for name in FILL:
        command += ["--fill", name]
    try:
        return run([*command, *options], accepted=(0, 1))
    finally:
        path.unlink()


def counts_of(printed):
    """Counts by kind of run and outcome, and the lines that name a way into an image."""
    counts, ways = {}, []
    for line in printed.splitlines():
        words = line.split()
        if words[0] in RUNS:
            counts[words[0]] = collections.Counter({name: int(value) for name, value in zip(words[1::2], words[2::2])})
        elif words[0] == "JUMPED":
            ways.append(line)
    return counts, ways


def options_of(cpu, kind, whole):
    """Everything, or what fits into a minute: one kind of image whole on one core, of the others a share that begins elsewhere."""
    index = list(images.BAD).index(kind)
    if whole:
        return ["--arithmetic", 2, "--seed", index]
    if (cpu, kind) == FIRST:
        return ["--every-fill", 128, "--no-repeated", "--seed", SEED]
    return ["--every", 61, "--every-fill", 16, "--no-repeated", "--seed", SEED + index]


def prepare(cpu, crypto, **options):
    """The linked program, seen to boot a good image."""
    stem = build_program(cpu, crypto, **options)
    emulate(stem, crypto, *images.GOOD, "--expect", "jumped")
    return stem


def run_all(whole, backends):
    total, failed = collections.defaultdict(collections.Counter), []
    jobs = []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for cpu in CPUS if whole else CPUS[:1]:
            build_libraries(cpu)
            for crypto in backends:
                stem = prepare(cpu, crypto)
                for kind, bad in images.BAD.items():
                    what = f"{cpu}, crypto {crypto}, {kind}"
                    jobs.append((cpu, crypto, what, pool.submit(emulate, stem, crypto, *bad, *options_of(cpu, kind, whole))))
        for cpu, crypto, what, job in jobs:
            counts, ways = counts_of(job.result())
            failed += [f"{what}: {way}" for way in ways]
            for name, count in counts.items():
                total[cpu, crypto, name] += count
            if whole:
                print(f"{what}: " + "; ".join(f"{name} {dict(count)}" for name, count in counts.items()), flush=True)
    for (cpu, crypto, name), count in total.items():
        told = ", ".join(f"{outcome} {count[outcome]}" for outcome in OUTCOMES)
        print(f"{cpu}, crypto {crypto}, {RUNS[name]}: {count['points']} of them: {told}")
    # An instruction that is skipped each time is more than one glitch: such ways are told, not refused.
    wrong = [way for way in failed if "JUMPED each time" not in way]
    print("\n".join(failed))
    print(f"{sum(count['points'] for count in total.values())} runs, {len(wrong)} single skips boot an image that must not")
    return 1 if wrong else 0


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
    cpu, crypto = CPUS[0], "mcu"
    build_libraries(cpu)

    def is_found(mutant):
        folder = OUT / "mutants" / mutant["name"]
        stem = prepare(cpu, crypto, root=folder, name=mutant["name"], replaced=plant(mutant, folder))
        options = ["--every-fill", 1000, "--no-repeated", "--from", mutant["from"]]
        _, ways = counts_of(emulate(stem, crypto, *images.BAD[mutant["kind"]], *options))
        return ways

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        found = list(pool.map(is_found, listed))
    for mutant, ways in zip(listed, found):
        print(f"{mutant['name']}: {ways[0] if ways else 'NOT FOUND'}")
    print(f"{sum(map(bool, found))} mutants found, {sum(not ways for ways in found)} not")
    return 0 if all(found) else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--mutants", action="store_true")
    parser.add_argument("--crypto", choices=BULK)
    arguments = parser.parse_args()
    sources = subprocess.run(["scripts/mcu-sources.sh"], cwd=ROOT, check=False)
    if sources.returncode != 0:
        return sources.returncode
    try:
        build_emulator()
        return run_mutants() if arguments.mutants else run_all(arguments.whole, [arguments.crypto] if arguments.crypto else list(BULK))
    except Wrong as wrong:
        print(f"glitch: {wrong}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())

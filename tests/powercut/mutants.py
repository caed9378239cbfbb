"""Plants bugs in a copy of the journal, the swap and the boot, and expects the power-cut proofs to find each of them.

    tests/powercut/mutants.py            all mutants; the last line counts them
    tests/powercut/mutants.py NAME...    only those

A proof that cannot fail proves nothing. Each mutant is one replaced text, built apart from the project's own build, and
must make one of the programs named with it fail. The unchanged copy must pass.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PARTS = ("core", "boot", "include", "api", "ports/posix", "tests/powercut")

MODEL = ("journal_model", "--case", "8", "--sample", "2")
PAIRS = ("journal_model", "--case", "8", "--depth", "2", "--sample", "60")
FAULTS = ("journal_model", "--case", "8", "--faults", "4000", "--sample", "60")
UNDONE = ("journal_model", "--case", "8", "--replay", "c98.7,c1.9")  # a row torn, its erase cut and undone: one pair of many
LATE = ("journal_model", "--case", "once", "--depth", "2", "--sample", "30", "--late", "8")
BOOT = ("boot_cuts", "--case", "page-2048x8", "--sample", "6")

# name: file, text, replacement, the proof that must fail
MUTANTS = {
    "row without CRC": (
        "core/slot/journal.c",
        "head_good && ud_get_u32le(row->bytes + CRC_OFFSET) == ud_crc32(0, row->bytes, CRC_OFFSET)",
        "head_good",
        MODEL,
    ),
    "one lane only": (
        "core/slot/journal.c",
        "bool second = lane_take(journal, UD_JOURNAL_LANES - 1 - first_lane, after);",
        "bool second = false;",
        FAULTS,
    ),
    "torn rows left alone at opening": (
        "core/slot/journal.c",
        "newer || (exists && (loose >> kind & 1))",
        "!newer && exists && (loose >> kind & 1)",
        PAIRS,
    ),
    "lanes that disagree left alone at opening": (
        "core/slot/journal.c",
        "newer || (exists && (loose >> kind & 1))",
        "newer",
        FAULTS,
    ),
    "torn row erased before it is superseded": (
        "core/slot/journal.c",
        "UD_JOURNAL_LANES - 1 - survey->newest_lane, after",
        "survey->newest_lane, after",
        UNDONE,
    ),
    "new sequence does not pass torn rows": (
        "core/slot/journal.c",
        "if (row->sequence >= journal->next_sequence) {",
        "if (row->quality == ROW_VALID && row->sequence >= journal->next_sequence) {",
        PAIRS,
    ),
    "rotation forgets the present rows": (
        "core/slot/journal.c",
        "== UD_OK && put_rows(journal, lane, 0)",
        "== UD_OK && put_rows(journal, lane, journal->next_sequence - 2)",
        FAULTS,
    ),
    "rotation erases the full sector first": (
        "core/slot/journal.c",
        "for (uint32_t step = 1; step < count; step++) {",
        "for (uint32_t step = 0; step < count; step++) {",
        FAULTS,
    ),
    "progress before the copy": (
        "boot/swap.c",
        "    ud_err_t err = ud_copy_unit(port, source, target);",
        "    ud_err_t err = UD_OK;\n    if (record->hole % 3 != 1) {\n        err = ud_copy_unit(port, source, target);\n    }",
        MODEL,
    ),
    "no progress rows": (
        "boot/swap.c",
        "noted = noted && ud_slot_record_put(journal, record) == UD_OK;",
        "noted = noted && true;",
        MODEL,
    ),
    "a move begins without a firm row": (
        "boot/swap.c",
        "bool noted = ud_slot_record_put(journal, record) == UD_OK;",
        "bool noted = true;",
        LATE,
    ),
    "confirmed before the move is done": (
        "boot/boot.c",
        "    boot->moved = true;\n    if (boot->config->mode->move",
        "    boot->moved = true;\n    ud_slot_record_t early = boot->record;\n    early.install = UD_INSTALL_NONE;\n"
        "    early.state = UD_SLOT_CONFIRMED;\n    ud_err_t none = ud_slot_record_put(&boot->journal, &early);\n"
        "    (void)none;\n    if (boot->config->mode->move",
        BOOT,
    ),
    "attempt not recorded": (
        "boot/boot.c",
        "    if (put(boot) != UD_OK) {\n        boot->record.reason = UD_ERR_JOURNAL_WORN;",
        "    if (false) {\n        boot->record.reason = UD_ERR_JOURNAL_WORN;",
        BOOT,
    ),
    "slot A not verified": (
        "boot/inspect.c",
        "    if (verdict != UD_VERDICT_VALID || found->size > ud_slot_image_size_max(config->mode->slots, port)) {\n        return;\n    }",
        "    found->reason = UD_OK;\n    verdict = UD_VERDICT_VALID;",
        BOOT,
    ),
}
HOST = tuple(f"core/crypto/{name}.c" for name in ("aes_ctr", "ed25519", "equal", "hkdf", "key", "openssl", "rsa_pss"))
SOURCES = {
    "journal_model": ("tests/powercut/journal_model.c", "tests/powercut/explore.c", "boot/copy.c", "boot/swap.c"),
    "boot_cuts": ("tests/powercut/boot_cuts.c", "tests/powercut/harness.c", "tests/powercut/explore.c") + HOST,
}
FOLDERS = {"journal_model": (), "boot_cuts": ("boot", "core/image")}
COMPILE = ("cc", "-O1", "-std=c11", "-D_DEFAULT_SOURCE", "-w")
SHARED = ("core/base", "core/slot", "ports/posix")


def sources_of(copy, program):
    found = {copy / name for name in SOURCES[program]}
    for folder in SHARED + FOLDERS[program]:
        found |= set((copy / folder).glob("*.c"))
    return sorted(found)


def build(copy, program):
    """Compiles what changed since the last time, and links."""
    objects = []
    for source in sources_of(copy, program):
        target = source.with_suffix(".o")
        if not target.exists() or target.stat().st_mtime_ns <= source.stat().st_mtime_ns:
            subprocess.run([*COMPILE, f"-I{copy}", "-c", "-o", str(target), str(source)], check=True)
        objects.append(str(target))
    subprocess.run(["cc", "-o", str(copy / program), *objects, "-lcrypto"], check=True)


def fails(copy, proof):
    """True if the proof found something; a mutant that hangs is found too."""
    build(copy, proof[0])
    try:
        run = subprocess.run([str(copy / proof[0]), *proof[1:]], capture_output=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        return True
    return run.returncode != 0


def main():
    wanted = sys.argv[1:] or list(MUTANTS)
    survivors = []
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder)
        for part in PARTS:
            shutil.copytree(ROOT / part, copy / part)
        for proof in sorted({MUTANTS[name][3] for name in wanted}):
            if fails(copy, proof):
                print(f"the unchanged code fails: {' '.join(proof)}")
                return 1
        for name in wanted:
            file, text, replacement, proof = MUTANTS[name]
            original = (copy / file).read_text()
            if original.count(text) != 1:
                print(f"{name}: its text is not in {file} exactly once; mend tests/powercut/mutants.py")
                return 1
            (copy / file).write_text(original.replace(text, replacement))
            found = fails(copy, proof)
            (copy / file).write_text(original)
            print(f"{name}: {'found' if found else 'NOT FOUND'} by {' '.join(proof)}", flush=True)
            survivors += [] if found else [name]
    print(f"{len(wanted) - len(survivors)} mutants found, {len(survivors)} not")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())

"""Builds what tests/glitch runs: the emulator, and the bootloader in each shape, for each core, in each layout."""

import dataclasses
import pathlib
import random
import re
import subprocess

import images

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
OUT = ROOT / "build" / "glitch"
HERE = ROOT / "tests" / "glitch"
MBEDTLS = ROOT / ".cache" / "mcu" / "mbedtls"
BACKENDS = ("mcu", "small")
SKELETON = ROOT / "ports" / "skeleton"
TOOL = "arm-none-eabi-"


class Wrong(Exception):
    """A message for people; the run fails."""


def run(command, *, cwd=ROOT, accepted=(0,)):
    result = subprocess.run(list(map(str, command)), cwd=cwd, text=True, capture_output=True, check=False)
    if result.returncode not in accepted:
        raise Wrong(f"{' '.join(map(str, command[:4]))} ... failed ({result.returncode}):\n{result.stdout}{result.stderr}")
    return result.stdout


@dataclasses.dataclass(frozen=True)
class Shape:
    """A product's choices."""

    mode: str
    scheme: str = "ecdsa_p256"
    encrypted: bool = False
    crypto: str = "mcu"  # backend of core/crypto

    def macros(self):
        size = len(images.SCHEMES[self.scheme].public(images.OWN_KEY))
        return [
            f"-DBOARD_MODE=ud_boot_{self.mode}", f"-DBOARD_SLOTS=ud_slot_{self.mode}", f"-DBOARD_SCHEME=ud_scheme_{self.scheme}",
            f"-DBOARD_KEY_SIZE={size}", f"-DBOARD_CIPHER={'&ud_boot_ecies_p256' if self.encrypted else 'NULL'}",
        ]  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Layout:
    """Where code and data lie, and what registers and RAM hold at the reset: `residue`, or where the bad image begins."""

    name: str
    order: int | None = None  # seed of the order of functions and constants, and of gaps between them; None: the linker's
    stack_bytes: int = 0x8000  # from the start of RAM to the stack's end
    residue: int | None = 0  # None: the address of the bad image's program


LAYOUTS = (
    Layout("as linked, RAM of zeros"),
    Layout("as linked, RAM full of the image's address", residue=None),
    Layout("order 1, RAM of ones", 1, 0x7FE8, 0xFFFFFFFF),
    Layout("order 2, RAM full of the image's address", 2, 0x7F00, None),
    Layout("order 3, RAM of 5A", 3, 0x7C08, 0x5A5A5A5A),
    Layout("order 4, RAM full of the image's address", 4, 0x7DF8, None),
)

MEMORY = """MEMORY
{
    FLASH (rx) : ORIGIN = 0x08000000, LENGTH = 32K
    RAM (rw)   : ORIGIN = 0x20000000, LENGTH = %d
}
INCLUDE sections.ld
"""
ALL = {kind: f"*({kind} {kind}.*)" for kind in (".text", ".rodata")}
SYMBOLS = {".text": "Tt", ".rodata": "Rr"}  # as nm names their kinds


def build_emulator():
    OUT.mkdir(parents=True, exist_ok=True)
    flags = ["-std=c11", "-O3", "-flto", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-I."]
    sources = (HERE / f"{name}.c" for name in ("glitch", "memo", "symbols", "thumb", "thumb16", "thumb32"))
    run(["cc", *flags, *sources, "-o", OUT / "glitch"])


def compiler(cpu, shape, root):
    return [
        TOOL + "gcc", f"-mcpu={cpu}", "-mthumb", "-Os", "-std=c11", "-ffunction-sections", "-fdata-sections", "-fno-common",
        f"-I{root}", f"-I{ROOT}", f"-I{ROOT}/core/crypto/mcu", f"-I{MBEDTLS}/include", f"-I{MBEDTLS}/3rdparty/p256-m/p256-m",
        '-DMBEDTLS_CONFIG_FILE="core/crypto/mcu/mbedtls_config.h"', *shape.macros(),
    ]  # fmt: skip


def shuffled(text, symbols, seed):
    """sections.ld with functions and constants in another order, gaps between them."""
    chance = random.Random(seed)
    for kind, line in ALL.items():
        if text.count(line) != 1:
            raise Wrong(f"{line} is not in ports/skeleton/sections.ld exactly once: mend tests/glitch/program.py")
        names = sorted({words[3] for words in map(str.split, symbols.splitlines()) if words[2:3] and words[2] in SYMBOLS[kind]})
        chance.shuffle(names)
        rows = [f"*({kind}.{name}) . += {4 * chance.randrange(4)};" for name in names]
        text = text.replace(line, "\n".join([*rows, line]))
    return text


def link(cpu, shape, layout, objects, stem, *, root=ROOT, base=None):
    """`base` is the same program as the linker orders it."""
    folder = stem.with_name(stem.name + ".ld")
    folder.mkdir(exist_ok=True)
    sections = (SKELETON / "sections.ld").read_text()
    if layout.order is not None:
        sections = shuffled(sections, base.with_suffix(".sym").read_text(), layout.order)
    (folder / "sections.ld").write_text(sections)
    (folder / "glitch.ld").write_text(MEMORY % layout.stack_bytes)
    others = ["skeleton", *(f"ud_{backend}_backend" for backend in BACKENDS if backend != shape.crypto)]
    libraries = sorted((ROOT / "build" / f"arm-{cpu}").rglob("*.a"))
    libraries = [path for path in libraries if not any(other in path.name for other in others)]
    run([
        *compiler(cpu, shape, root), "-nostartfiles", "--specs=nano.specs", "-Wl,--gc-sections", f"-L{folder}", "-Tglitch.ld",
        *objects, "-Wl,--start-group", *libraries, "-Wl,--end-group", "-o", stem.with_suffix(".elf"),
    ])  # fmt: skip
    run([TOOL + "objcopy", "-O", "binary", stem.with_suffix(".elf"), stem.with_suffix(".bin")])
    stem.with_suffix(".sym").write_text(run([TOOL + "nm", "-S", stem.with_suffix(".elf")]))
    return stem


def compile_all(cpu, shape, stem, main, root=ROOT, replaced=()):
    """Objects of the board and of `main`; `replaced` are files of `root` that take the place of those in the libraries."""
    sources = [HERE / "board.c", *(SKELETON / f"{part}.c" for part in ("start", "string")), main]
    sources = [source for source in sources if str(source.relative_to(ROOT)) not in replaced]
    objects = []
    for source in [*sources, *(root / path for path in replaced)]:
        objects.append(stem.with_name(f"{stem.name}-{source.stem}.o"))
        own = ["-fno-builtin", "-fno-tree-loop-distribute-patterns"] if source.name == "string.c" else []
        run([*compiler(cpu, shape, root), *own, "-c", source, "-o", objects[-1]])
    return objects


def build_libraries(cpu):
    run(["scripts/build.sh", f"arm-{cpu}", "skeleton_boot", *(f"ud_{backend}_backend" for backend in BACKENDS)])


def stem_of(cpu, shape, name):
    cipher = "-ecies" if shape.encrypted else ""
    return OUT / re.sub(r"[^\w-]", "_", f"{name}-{shape.mode}-{shape.scheme}{cipher}-{shape.crypto}-{cpu}")


def build(cpu, shape, layouts=LAYOUTS[:1], *, name="boot", root=ROOT, replaced=()):
    """The bootloader in those layouts, and the program that stages."""
    stem = stem_of(cpu, shape, name)
    objects = compile_all(cpu, shape, stem, SKELETON / "boot_main.c", root, replaced)
    stage = stem.with_name(stem.name + "-stage")
    link(cpu, shape, LAYOUTS[0], compile_all(cpu, shape, stage, HERE / "stage.c"), stage)
    places = {None: link(cpu, shape, LAYOUTS[0], objects, stem, root=root)}
    for layout in layouts:
        if layout.order not in places:
            own = stem.with_name(f"{stem.name}-{layout.order}")
            places[layout.order] = link(cpu, shape, layout, objects, own, root=root, base=stem)
    return {layout: places[layout.order] for layout in layouts}, stage

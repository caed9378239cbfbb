#!/usr/bin/python3
"""Links what runs on a device for each Cortex-M core, and says what it costs: flash, static RAM, worst stack.

    scripts/size.py                  build, measure, print the tables, hold them against the budgets of scripts/size.toml
    scripts/size.py --write          also write them into docs/size.md
    scripts/size.py --check          also fail if docs/size.md says otherwise (only for the compiler that it was written with)
    scripts/size.py --functions ROW  the largest functions of the rows whose name contains ROW, on a Cortex-M4
    scripts/size.py --stack ROW      the deepest path of calls, likewise

Counted as flash: code, constants and initial data of everything that is linked, the C library's and the compiler's functions
and the product's configuration with one key included; not the port (drivers, start-up, main), which is the board's. Of that
a program's own is boot/, or agent/ and core/proto, and the configuration. The rest is of core/, and of the compiler.
Static RAM is .data and .bss of the whole program, without the port's. Worst stack begins in main(). Compiled with -Os and
--gc-sections, without optimisation at link time, with the small string functions of ports/skeleton.
Exit status: 0, 1 over a budget or otherwise wrong, 77 if the sources of the crypto backend are not to be had.
"""

import argparse
import collections
import concurrent.futures
import fnmatch
import itertools
import pathlib
import re
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUT = ROOT / "build" / "size"
DOCS = ROOT / "docs" / "size.md"
SKELETON = ROOT / "ports" / "skeleton"
TOOL = "arm-none-eabi-"
BEGIN, END = "<!-- scripts/size.py --write: begin -->", "<!-- end -->"
UNBOUNDED = "dynamic"
OBJECT_LIBRARIES = ["ud_slot_mcuboot"]  # a row that links them names their sources
BACKENDS = ("mcu", "small")  # of core/crypto: the default, and the one of the rows with SMALL in their name
SMALL = ", small crypto"

# Room for every row; where a board has it is not measured here.
MEMORY = """MEMORY
{
    FLASH (rx) : ORIGIN = 0x08000000, LENGTH = 256K
    RAM (rw)   : ORIGIN = 0x20000000, LENGTH = 64K
}
INCLUDE sections.ld
"""

Row = collections.namedtuple("Row", "name program source objects")
Cost = collections.namedtuple("Cost", "flash own ram stack")


class Wrong(Exception):
    """A message for people; the run fails."""


# ---- rows -------------------------------------------------------------------------------------------------------------


def keys_source(scheme, size):
    return f"""
static const uint8_t public_key[{size}] = {{1}};
static const ud_trusted_key_t keys[] = {{{{.scheme = &ud_scheme_{scheme}, .public_key = public_key, .key_hash = {{1}}}}}};
"""


def boot_source(mode, scheme, size, encrypted):
    decrypt = "\nstatic const uint8_t private_key[32] = {1};" if encrypted else ""
    field = ".cipher = &ud_boot_ecies_p256, .decryption_key = private_key," if encrypted else ""
    return f"""#include "ports/skeleton/port.h"
{keys_source(scheme, size)}{decrypt}
const ud_boot_config_t ud_skeleton_boot = {{
    .mode = &ud_boot_{mode}, .keys = keys, .key_count = 1, .hardware = "skeleton-r1", {field}
}};
"""


NO_TRANSPORT = """
static ud_err_t begin(void *state, ud_port_t *port, const ud_request_t *request, uint8_t *buffer, size_t size)
{
    (void)state, (void)port, (void)request, (void)buffer, (void)size;
    return UD_ERR_NETWORK;
}
static ud_err_t poll(void *state, ud_port_t *port, uint8_t *buffer, size_t size, size_t want, size_t *fill,
                     ud_answer_t *answer)
{
    (void)state, (void)port, (void)buffer, (void)size, (void)want, (void)fill, (void)answer;
    return UD_ERR_NETWORK;
}
static void end(void *state, ud_port_t *port) { (void)state, (void)port; }
static bool was_stale(const void *state) { (void)state; return false; }
static const ud_transport_t ud_transport_none = {begin, poll, end, was_stale};
"""


MCUBOOT = """#include "core/slot/mcuboot.h"
const ud_mcuboot_t ud_mcuboot = {.swap = &ud_mcuboot_offset, .max_align = 8, .sectors_max = 128};
"""


def agent_source(transport, size, encrypted, slots):
    private = "static const uint8_t private_key[32] = {1};" if encrypted else ""
    field = ".verify_encrypted = ud_image_verify_encrypted, .decryption_key = private_key," if encrypted else ""
    return f"""#include "core/image/encrypted.h"
#include "ports/skeleton/port.h"
{keys_source("ecdsa_p256", size)}{private}{NO_TRANSPORT if transport == "none" else ""}{MCUBOOT if slots == "mcuboot" else ""}
const ud_agent_config_t ud_skeleton_agent = {{
    .device_id = "skeleton-0001", .hardware = "skeleton-r1", .server = "updates.example.com",
    .transport = &ud_transport_{transport}, .keys = keys, .key_count = 1, .slots = &ud_slot_{slots},
    .running = UD_AREA_SLOT_A, .chunk_size_max = UD_CHUNK_SIZE_DEFAULT, {field}
}};
"""


def is_of_other_backend(path, row):
    """True for what belongs to the backend of core/crypto that the row does not have."""
    other = BACKENDS[0 if SMALL in row.name else 1]
    return f"ud_{other}_backend" in str(path)


def rows_of(data):
    rows = list(default_rows(data))
    small = [row._replace(name=row.name + SMALL) for row in rows if row.name in data["small_crypto"]]
    return rows + small


def default_rows(data):
    schemes = data["schemes"]
    for mode, scheme, encrypted in itertools.product(data["boot"]["modes"], schemes, data["boot"]["encrypted"]):
        if encrypted and mode in data["boot"].get("plain_only", []):
            continue
        name = f"boot, {mode}, {scheme}" + (", ECIES" if encrypted else "")
        yield Row(name, "boot", boot_source(mode, scheme, schemes[scheme], encrypted), ())
    for agent in data["agent"]:
        source = agent_source(agent["transport"], schemes["ecdsa_p256"], agent["encrypted"], agent["slots"])
        yield Row(agent["name"], "app", source, agent.get("objects", ()))


# ---- building ---------------------------------------------------------------------------------------------------------


def run(command, **options):
    result = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=False, **options)
    if result.returncode != 0:
        raise Wrong(f"{' '.join(map(str, command[:3]))} ... failed:\n{result.stdout}{result.stderr}")
    return result.stdout


def build_libraries(cpu):
    run(["scripts/build.sh", f"arm-{cpu}", "skeleton_boot", "skeleton_app", *OBJECT_LIBRARIES, *(f"ud_{name}_backend" for name in BACKENDS)])
    folder = ROOT / "build" / f"arm-{cpu}"
    return [path for path in sorted(folder.rglob("*.a")) if "skeleton" not in path.name]


def link(cpu, row, libraries):
    """The linked row: (path of the ELF file, path of its map, its own call graph)."""
    folder = OUT / cpu
    folder.mkdir(parents=True, exist_ok=True)
    libraries = [path for path in libraries if not is_of_other_backend(path, row)]
    stem = folder / re.sub(r"[^a-z0-9]+", "-", row.name.lower())
    source = stem.with_suffix(".c")
    source.write_text(row.source)
    stem.with_suffix(".ld").write_text(MEMORY)
    common = [TOOL + "gcc", f"-mcpu={cpu}", "-mthumb", "-Os", "-std=c11", "-ffunction-sections", "-fdata-sections"]
    run([*common, "-Wall", "-Wextra", "-Werror", "-I.", "-fcallgraph-info=su", "-c", source, "-o", stem.with_suffix(".o")])
    objects = ROOT / "build" / f"arm-{cpu}" / "ports" / "skeleton"
    own = [objects / f"CMakeFiles/skeleton_{row.program}.dir/{name}.c.obj" for name in ("start", "string", row.program + "_main")]
    own += [ROOT / "build" / f"arm-{cpu}" / path for path in row.objects]
    run([
        *common, "-nostartfiles", "--specs=nano.specs", "-Wl,--gc-sections", f"-Wl,-Map={stem}.map", f"-L{SKELETON}",
        f"-T{stem}.ld", *own, stem.with_suffix(".o"), "-Wl,--start-group", *libraries,
        objects / "libud_port_skeleton.a", "-Wl,--end-group", "-o", stem.with_suffix(".elf"),
    ])  # fmt: skip
    return stem


# ---- flash and RAM ------------------------------------------------------------------------------------------------------

START = re.compile("ud_skeleton_(start|halt)$")  # called by the processor
PORT_FILES = re.compile(r"ud_port_skeleton|/start\.c\.obj|_main\.c\.obj")
OWN_FILES = re.compile(r"(^|/)(boot|agent|core/proto)/libud_\w+\.a|/build/size/")


def sections_of(map_path):
    """(section, size, file) of each piece of the linked program, from the linker's map."""
    text = map_path.read_text()
    text = text[text.index("Linker script and memory map") : text.index("/DISCARD/")]
    for name, size, file in re.findall(r"^ (\.\S+)\s+0x[0-9a-f]+\s+0x([0-9a-f]+) (\S+)$", text, re.MULTILINE):
        if int(size, 16) > 0:
            yield name, int(size, 16), file


def measure_memory(stem):
    flash = own = ram = 0
    for name, size, file in sections_of(stem.with_suffix(".map")):
        kind = name.split(".")[1]
        if kind in ("text", "rodata", "data") and not PORT_FILES.search(file):
            flash += size
            own += size if OWN_FILES.search(file) else 0
        if kind in ("data", "bss") and "ud_port_skeleton" not in file and not name.endswith(".buffer"):
            ram += size
    return flash, own, ram


# ---- stack --------------------------------------------------------------------------------------------------------------


def read_graph(paths):
    """frames: function -> bytes; calls: function -> callees; pointers: function -> source places of calls by pointer."""
    frames, calls, pointers = {}, collections.defaultdict(set), collections.defaultdict(set)
    for path in paths:
        text = path.read_text()
        for title, size, kind in re.findall(r'node: { title: "([^"]+)" label: "[^"]*?\\n(\d+) bytes \(([^)]+)\)', text):
            if UNBOUNDED in kind and "bounded" not in kind:
                raise Wrong(f"{title}: the size of its frame is not known at compile time")
            frames[title] = int(size)
        for source, target, place in re.findall(
            r'edge: { sourcename: "([^"]+)" targetname: "([^"]+)"(?: label: "([^"]*)")?', text
        ):
            if target == "__indirect_call":
                pointers[source].add(place)
            else:
                calls[source].add(target)
    return frames, calls, pointers


def name_of(title):
    """The function's name in the source: without its file, and without what the compiler's cloning added."""
    return re.sub(r"\.(isra|constprop|part|cold)\.\d+|\.(isra|constprop|part|cold)", "", title.rsplit(":", 1)[-1])


def key_of(title):
    """(file, function) as the linker's map has them; of a global function the file is not known: ""."""
    file, _, function = title.rpartition(":")
    return pathlib.Path(file).name, function


def is_meant(title, wanted):
    """True if one of `wanted` ("file.c:function", or "function" for a global one; "*" is any) is that function."""
    file, function = title.rpartition(":")[0], name_of(title)
    pairs = (name.rpartition(":")[::2] for name in wanted)
    return any(file.endswith(meant_file) and fnmatch.fnmatchcase(function, meant) for meant_file, meant in pairs)


def linked_functions(stem):
    keys = set()
    for name, _, file in sections_of(stem.with_suffix(".map")):
        function = name.split(".", 2)[-1]
        keys |= {("", function), (re.sub(r".*[(/]|\.obj\)?$|\.o$", "", file), function)}
    return keys


def meant_at(place, data):
    """The functions that may be called through the pointer at "file:line:column", as is_meant() takes them. A table of the same
    file says itself what is in it; a member or parameter is looked up in [calls].
    """
    path, line, column = place.rsplit(":", 2)
    file = str(pathlib.Path(path).relative_to(ROOT))
    source = (ROOT / file).read_text()
    lines = source.splitlines()
    text = lines[int(line) - 1][int(column) - 1 :] + " ".join(lines[int(line) : int(line) + 2])
    text = re.sub(r"^UD_\w+\(", "", text)  # the compiler names the macro around the call
    table = re.search(r"\b(\w+)\[.*?\](?:\.\w+)?\(", text)
    member = re.search(r"(?:->|\.)(\w+)\(", text)
    if table and not (member and member.start() < table.start()):
        body = re.search(rf"\b{table.group(1)}\[[^=;]*= {{(.*?)^}};", source, re.DOTALL | re.MULTILINE)
        if body:
            return [f"{file}:{word}" for word in set(re.findall(r"\b[a-z]\w*\b", body.group(1)))]
    called = (member or re.search(r"(\w+)\(", text)).group(1)
    meant = data["calls"].get(f"{file}:{called}", data["calls"].get(called))
    if meant is None:
        raise Wrong(f'{place}: who is called through "{called}"? Add it to [calls] of scripts/size.toml')
    return meant


class Disassembly:
    """Frames and calls of functions that came without a call graph: the compiler's own library."""

    def __init__(self, elf):
        self.bodies = {}
        for name, body in re.findall(
            r"^[0-9a-f]+ <([^>]+)>:\n((?:.+\n?)*)", run([TOOL + "objdump", "-d", "--no-show-raw-insn", elf]), re.MULTILINE
        ):
            self.bodies[name] = body

    def frame(self, name):
        body = self.bodies[name]
        size = 0
        for registers in re.findall(r"\t(?:push|stmdb\tsp!,).*{([^}]*)}", body):
            size += 4 * sum(
                int(part.split("-")[1][1:]) - int(part.split("-")[0][1:]) + 1 if "-" in part else 1
                for part in registers.replace(" ", "").split(",")
            )
        size += sum(int(number) for number in re.findall(r"\tsub(?:\.w|w)?\tsp, (?:sp, )?#(\d+)", body))
        return size + sum(int(number) for number in re.findall(r"\tstr\.?w?\t\w+, \[sp, #-(\d+)\]!", body))

    def calls(self, name):
        targets = set(re.findall(r"\tb(?:l|\.w|\.n)?\t[0-9a-f]+ <([^>+]+)>", self.bodies[name]))
        return targets - {name}


def measure_stack(stem, row, cpu, data):
    """(bytes, the path of functions) of the deepest way down from main()."""
    folder = ROOT / "build" / f"arm-{cpu}"
    graphs = [path for path in folder.rglob("*.ci") if not re.search(r"skeleton_\w+\.dir/product", str(path))]
    graphs = [path for path in graphs if not is_of_other_backend(path, row)]
    graphs = [path for path in graphs if "skeleton_" not in str(path) or f"skeleton_{row.program}" in str(path)]
    frames, calls, pointers = read_graph([*graphs, stem.with_suffix(".ci")])
    code = Disassembly(stem.with_suffix(".elf"))
    linked = linked_functions(stem)

    def behind(place):
        meant = meant_at(place, data)
        return [title for title in frames if key_of(title) in linked and is_meant(title, meant)]

    deepest, open_path = {}, []

    def descend(title):
        name = title.rsplit(":", 1)[-1]
        if title in open_path:
            raise Wrong(f"{row.name}: recursion: {' -> '.join([*map(name_of, open_path), name])}")
        if title not in deepest:
            open_path.append(title)
            if title in frames:
                targets = set(calls[title]).union(*(behind(place) for place in pointers[title]))
                frame = frames[title]
            elif name in code.bodies:
                targets, frame = code.calls(name), code.frame(name)
            else:
                targets, frame = (), 0
            below = max((descend(target) for target in sorted(targets)), default=(0, ()))
            open_path.pop()
            deepest[title] = (frame + below[0], ((name_of(title), frame), *below[1]))
        return deepest[title]

    found = descend("main")
    listed = [name for names in data["calls"].values() for name in names]
    strange = (title for title in frames if key_of(title) in linked and title not in deepest and not START.search(title))
    unknown = sorted(title for title in strange if not is_meant(title, listed))
    if unknown:
        raise Wrong(f"{row.name}: linked, but called by nobody that is known: {', '.join(unknown)}; complete [calls]")
    return found


# ---- tables -------------------------------------------------------------------------------------------------------------


def measure(cpu, row, libraries, data):
    stem = link(cpu, row, libraries)
    flash, own, ram = measure_memory(stem)
    stack, _ = measure_stack(stem, row, cpu, data)
    return Cost(flash, own, ram, stack)


def budget_of(row, data):
    return next((budget for budget in data["budget"] if budget["of"] in row.name), None)


def over_budget(row, cost, data):
    """What of the row is above its limit, one sentence each."""
    budget = budget_of(row, data) or {"limit": {}}
    for what, limit in budget["limit"].items():
        if getattr(cost, what) > limit:
            yield f"{row.name}: {what} {getattr(cost, what)} bytes, more than the {limit} of scripts/size.toml"


def table_of(rows, costs, data):
    """Markdown: flash on each core, and RAM, stack and plan of the Cortex-M4."""
    heads = [cpu.replace("cortex-m", "M").replace("0plus", "0+") for cpu in data["cpus"]]
    yield "| program | " + " | ".join(f"flash {head}" for head in heads) + " | M4: own + core | static RAM | stack M4 (worst core) | plan for M4 |"
    yield "|---|" + "--:|" * (len(heads) + 3) + "---|"
    for row in rows:
        cost = costs[data["gated"], row.name]
        worst = max(costs[cpu, row.name].stack for cpu in data["cpus"])
        plan = (budget_of(row, data) or {}).get("design", {})
        told = ", ".join(f"{what} {value:,}{'' if getattr(cost, what) <= value else ' (missed)'}" for what, value in plan.items())
        flash = " | ".join(f"{costs[cpu, row.name].flash:,}" for cpu in data["cpus"])
        parts = f"{cost.own:,} + {cost.flash - cost.own:,}"
        yield f"| {row.name} | {flash} | {parts} | {cost.ram:,} | {cost.stack:,} ({worst:,}) | {told} |"


def compiler():
    return run([TOOL + "gcc", "--version"]).splitlines()[0]


def block_of(lines):
    return "\n".join([BEGIN, "", f"Compiler: {compiler()}.", "", *lines, "", END])


def documented():
    return re.search(re.escape(BEGIN) + ".*?" + re.escape(END), DOCS.read_text(), re.DOTALL).group(0)


def check_documented(block):
    if compiler() not in documented():
        print(f"not run: the comparison with docs/size.md, which was written with another compiler than {compiler()}")
    elif documented() != block:
        raise Wrong("docs/size.md says otherwise: run scripts/size.py --write and commit it")


def show_functions(wanted, rows, data):
    libraries = build_libraries("cortex-m4")
    for row in (row for row in rows if wanted in row.name):
        stem = link("cortex-m4", row, libraries)
        parts, pieces = collections.Counter(), collections.Counter()
        for name, size, file in sections_of(stem.with_suffix(".map")):
            if name.split(".")[1] in ("text", "rodata", "data") and not PORT_FILES.search(file):
                member = re.sub(r".*[(/]|\.c\.obj|\.o|\)", "", file)
                parts[member] += size
                pieces[f"{member} {name}"] += size
        print(f"{row.name}: {parts.total()} bytes")
        print("\n".join(f"{size:8} {name}" for name, size in parts.most_common()))
        print("\n".join(f"{size:8} {name}" for name, size in pieces.most_common(60)))


def show_stack(wanted, rows, data):
    libraries = build_libraries("cortex-m4")
    for row in (row for row in rows if wanted in row.name):
        total, path = measure_stack(link("cortex-m4", row, libraries), row, "cortex-m4", data)
        print(f"{row.name}: {total} bytes")
        print("\n".join(f"{size:8} {name}" for name, size in path))


def measure_all(rows, data):
    costs = {}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        libraries = dict(zip(data["cpus"], pool.map(build_libraries, data["cpus"])))
        jobs = {(cpu, row.name): pool.submit(measure, cpu, row, libraries[cpu], data) for cpu in data["cpus"] for row in rows}
        for key, job in jobs.items():
            costs[key] = job.result()
    return costs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--cpu", action="append", help="only this core, for a quick look")
    parser.add_argument("--functions", metavar="ROW")
    parser.add_argument("--stack", metavar="ROW")
    arguments = parser.parse_args()
    sources = subprocess.run(["scripts/mcu-sources.sh"], cwd=ROOT, check=False)
    if sources.returncode != 0:
        return sources.returncode
    data = tomllib.loads((ROOT / "scripts" / "size.toml").read_text())
    data["cpus"] = arguments.cpu or data["cpus"]
    rows = list(rows_of(data))
    try:
        if arguments.functions or arguments.stack:
            show = show_functions if arguments.functions else show_stack
            show(arguments.functions or arguments.stack, rows, data)
            return 0
        costs = measure_all(rows, data)
        lines = list(table_of(rows, costs, data))
        print("\n".join(lines))
        if arguments.write:
            DOCS.write_text(DOCS.read_text().replace(documented(), block_of(lines)))
        if arguments.check:
            check_documented(block_of(lines))
    except Wrong as wrong:
        print(f"size: {wrong}", file=sys.stderr)
        return 1
    broken = [sentence for row in rows for sentence in over_budget(row, costs[data["gated"], row.name], data)]
    print("\n".join(broken) or "within the budgets")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

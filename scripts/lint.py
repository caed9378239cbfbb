#!/usr/bin/python3
"""Form as a test: include rules, names, sizes, banned calls, format.

    scripts/lint.py           rules of this file and clang-format (seconds)
    scripts/lint.py --deep    also cppcheck and clang-tidy over build/host (make build first)
    scripts/lint.py --fix     format all C files in place

Each rule is a function from a tree ({path: text}) to findings, so that a test can plant a violation and see it caught.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CLANG_FORMAT = "clang-format-19"
SKIPPED_FOLDERS = {".git", ".cache", "build", "node_modules", "dist", "coverage", "__pycache__", ".pytest_cache", "corpus"}
BINARY_SUFFIXES = {".bin", ".png", ".woff2", ".ico", ".der", ".img", ".gz", ".pyc"}

FUNCTION_LINES_MAX = 60
FILE_LINES_MAX = {".c": 600, ".h": 600, ".py": 600, ".sh": 300, ".sql": 600, ".css": 600, ".ts": 250, ".tsx": 250}
LINE_COLUMNS_MAX = 130  # clang-format keeps code within 120; it leaves comments alone
FOLDER_DEPTH_MAX = 4

# Written by a generator at each build, never committed.
GENERATED = {"portal/src/shared/api/schema.ts"}

# Files of core that only programs on a host link: keys in PEM files, the OpenSSL backend.
HOST_ONLY = ["core/crypto/openssl", "core/crypto/key", "core/image/openssl"]

# What only builds for a device compile (presets arm-*), or hosts that have its sources (scripts/mcu-sources.sh), or nobody:
# tests/proof/eva is for scripts/prove.sh, tests/glitch for its own run.py, the rest for scripts/powercut-peer.sh.
DEVICE_ONLY = ["ports/skeleton", "core/crypto/mcu", "tests/proof/eva", "tests/glitch", "tests/powercut/peer/mcuboot",
               "tests/powercut/peer/ram"]

# Debts that may only shrink: path (or path:function) -> lines it is allowed to have. Empty is best.
RATCHET = {}

# ---- who may include whom: the first row whose folder matches a file is its rule; tests may include everything --------

FREESTANDING = {"stdbool.h", "stddef.h", "stdint.h", "limits.h", "string.h", "stdnoreturn.h", "inttypes.h"}
OUTSIDE_WORLD = {
    "sys/socket.h", "netinet/", "arpa/", "netdb.h", "sys/un.h", "poll.h", "sys/epoll.h", "event2/", "openssl/",
    "sqlite3.h", "libpq", "pthread.h", "threads.h", "time.h", "sys/time.h", "unistd.h", "signal.h", "curl/",
}

# (folder, own code it may include, system headers: a set of all that are allowed, or None for any)
LAYERS = [
    ("core/base", ["core/base", "api/errors.def"], FREESTANDING),
    *[(path, ["core/base", "core/crypto", "core/image"], None) for path in HOST_ONLY],
    ("core/crypto/mcu", ["core/base", "core/crypto"], None),  # third-party headers, never committed
    ("core/proto", ["core/base", "core/crypto", "core/image", "core/proto"], FREESTANDING),
    ("core", ["core/base", "core/image", "core/slot", "core/crypto", "core/delta", "include/updraft/port.h"], FREESTANDING),
    ("include/updraft/agent", ["core", "include/updraft/port.h", "include/updraft/config.h", "agent"], FREESTANDING),
    ("include/updraft", ["core", "include/updraft/port.h", "include/updraft/config.h"], FREESTANDING),
    ("boot", ["core/base", "core/image", "core/slot", "core/crypto", "core/delta", "include/updraft/port.h",
              "include/updraft/boot.h", "boot"], FREESTANDING),
    ("agent", ["core", "include/updraft/port.h", "include/updraft/config.h", "include/updraft/agent.h", "agent"], FREESTANDING),
    ("ports", ["core", "include/updraft", "ports"], None),
    ("sim", ["core", "include/updraft", "boot", "agent", "ports", "sim"], None),
    ("cli", ["core", "cli"], None),
    ("server/domain", ["core", "server/domain"], None),
    ("server/store", ["core", "server/domain", "server/store"], None),
    ("server/io", ["core", "server/domain", "server/io"], None),
    ("server/door", ["core", "server/domain", "server/io", "server/door"], None),
    ("server", ["core", "server"], None),
]

# Doors do not include each other: server/door/<door>_*.{c,h} or server/door/<door>/. Other files there are for all of them.
DOORS_FOLDER = "server/door"
DOORS = {"device", "operator", "ddi", "coap", "mqtt", "portal"}

BANNED_CALLS = {
    "strcpy": "snprintf", "strcat": "snprintf", "sprintf": "snprintf", "vsprintf": "vsnprintf", "gets": "fgets",
    "strtok": "a cursor (core/base/cursor.h)", "atoi": "a checked parser", "atol": "a checked parser",
    "alloca": "a fixed buffer", "system": "posix_spawn", "mktemp": "mkstemp", "rand": "the port's or OpenSSL's random",
}
HEAP_CALLS = ["malloc", "calloc", "realloc", "free", "strdup", "strndup"]
HEAPLESS_FOLDERS = ["core", "boot", "agent", "include"]
UNFINISHED_WORDS = ["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"]
PRIVATE_FOLDERS = ["home", "root", "work", "Users", "private"]


def in_folder(path, folder):
    return path == folder or path.startswith(folder + "/") or path.startswith(folder + ".")


def is_c(path):
    return path.endswith((".c", ".h"))


def blank_comments_and_strings(text):
    """The same text with comments and string contents blanked; line numbers stay."""

    def blank(match):
        found = match.group(0)
        if found.startswith("/"):
            return re.sub(r"[^\n]", " ", found)
        return found[0] + " " * (len(found) - 2) + found[-1]

    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', blank, text, flags=re.DOTALL)


def lines_matching(tree, wanted, pattern, *, code_only=True):
    """(path, line number, match) of every line of wanted files that the pattern is found in."""
    for path, text in tree.items():
        if not wanted(path):
            continue
        searched = blank_comments_and_strings(text) if code_only and is_c(path) else text
        for number, line in enumerate(searched.splitlines(), 1):
            for match in re.finditer(pattern, line):
                yield path, number, match


# ---- rules ----------------------------------------------------------------------------------------------------------


def includes(text):
    """(line number, "own" or "system", path) of each include of a C file."""
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', line)
        if match:
            yield (number, "own", match.group(1)) if match.group(1) else (number, "system", match.group(2))


def layer_of(path):
    return next((layer for layer in LAYERS if in_folder(path, layer[0])), None)


def rule_layers(tree):
    """A file includes own code only as its row of LAYERS allows."""
    for path, text in tree.items():
        layer = layer_of(path) if is_c(path) else None
        for number, kind, included in includes(text) if layer else ():
            if kind == "own" and not any(in_folder(included, allowed) for allowed in layer[1]):
                yield f"{path}:{number}: {layer[0]} may not include {included}"


def rule_system_headers(tree):
    """Device code sees no operating system; the domain sees neither sockets, SQL, threads nor the wall clock."""
    for path, text in tree.items():
        layer = layer_of(path) if is_c(path) else None
        for number, kind, included in includes(text) if layer else ():
            if kind != "system":
                continue
            if layer[2] is not None and included not in layer[2]:
                yield f"{path}:{number}: {layer[0]} is freestanding and may not include <{included}>"
            if layer[0] == "server/domain" and any(included.startswith(banned) for banned in OUTSIDE_WORLD):
                yield f"{path}:{number}: server/domain is pure and may not include <{included}>"


def door_of(path):
    """The door that a file belongs to, or None."""
    if not in_folder(path, DOORS_FOLDER):
        return None
    name = re.split(r"[/_.]", path[len(DOORS_FOLDER) + 1 :])[0]
    return name if name in DOORS else None


def rule_doors_stand_alone(tree):
    """No door includes another."""
    for path, text in tree.items():
        own = door_of(path)
        for number, kind, included in includes(text) if own and is_c(path) else ():
            if kind == "own" and door_of(included) not in (None, own):
                yield f"{path}:{number}: doors may not include each other ({included})"


def rule_include_paths(tree):
    """Own files are included by their path from the root of the repository."""
    for path, text in tree.items():
        for number, kind, included in includes(text) if is_c(path) else ():
            if kind == "own" and (".." in included or included not in tree):
                yield f'{path}:{number}: "{included}" is no path from the root of the repository'


def rule_header_guards(tree):
    """The guard of core/base/err.h is UD_BASE_ERR_H; public headers begin with UPDRAFT_."""
    for path, text in tree.items():
        if not path.endswith(".h"):
            continue
        parts = re.sub(r"[^A-Z0-9/]", "_", path.upper()).split("/")
        tails = ["_".join(parts[index:]) for index in range(len(parts))]
        allowed = ["UD_" + tail for tail in tails[:-1]]
        if in_folder(path, "include/updraft"):
            allowed = [tails[1]]
        if in_folder(path, "tests"):
            allowed += [prefix + tail for prefix in ("UD_TEST_", "UD_TESTS_") for tail in tails[1:]]
        found = re.findall(r"^#ifndef (\w+)\n#define (\w+)$", text, re.MULTILINE)
        if not found or found[0][0] != found[0][1] or found[0][0] not in allowed:
            yield f"{path}:1: the header guard must be {allowed[-1]}"


def functions(text):
    """(name, first line, lines of the body) of each function of a formatted C file."""
    lines = text.splitlines()
    begin = None
    for number, line in enumerate(lines):
        if line == "{":
            begin = number
        elif line == "}" and begin is not None:
            head = " ".join(lines[max(0, begin - 6) : begin])
            names = re.findall(r"(\w+)\s*\([^()]*(?:\([^()]*\)[^()]*)*\)\s*$", head)
            yield names[-1] if names else "?", begin + 1, number - begin - 1
            begin = None


def rule_function_size(tree):
    """A function fits a screen."""
    for path, text in tree.items():
        for name, number, size in functions(text) if path.endswith(".c") else ():
            if size > RATCHET.get(f"{path}:{name}", FUNCTION_LINES_MAX):
                yield f"{path}:{number}: {name}() has {size} lines, more than {FUNCTION_LINES_MAX}"


def rule_file_size(tree):
    """A file holds one idea."""
    for path, text in tree.items():
        limit = FILE_LINES_MAX.get(os.path.splitext(path)[1])
        size = text.count("\n")
        if limit and size > RATCHET.get(path, limit):
            yield f"{path}:1: {size} lines, more than {limit}"


def rule_ratchet(tree):
    """A debt that was paid leaves the ratchet."""
    for key in RATCHET:
        if key.split(":")[0] not in tree:
            yield f"scripts/lint.py:1: {key} is in RATCHET but not in the tree"


def rule_line_width(tree):
    for path, number, match in lines_matching(tree, is_c, rf"^.{{{LINE_COLUMNS_MAX + 1},}}$", code_only=False):
        yield f"{path}:{number}: {len(match.group(0))} columns, more than {LINE_COLUMNS_MAX}"


def rule_folder_depth(tree):
    for path in tree:
        if path.count("/") > FOLDER_DEPTH_MAX:
            yield f"{path}:1: {path.count('/')} folders deep, more than {FOLDER_DEPTH_MAX}"


def rule_banned_calls(tree):
    """Calls that a slip turns into a hole; tests, which run under sanitizers, may make them."""
    names = "|".join(BANNED_CALLS)

    def wanted(path):
        return is_c(path) and not in_folder(path, "tests")

    for path, number, match in lines_matching(tree, wanted, rf"(?<![\w.>])({names})\s*\("):
        yield f"{path}:{number}: {match.group(1)}() is banned; use {BANNED_CALLS[match.group(1)]}"


def rule_no_heap_on_device(tree):
    def wanted(path):
        on_device = is_c(path) and any(in_folder(path, folder) for folder in HEAPLESS_FOLDERS)
        return on_device and not any(in_folder(path, file) for file in HOST_ONLY)

    for path, number, match in lines_matching(tree, wanted, rf"(?<![\w.>])({'|'.join(HEAP_CALLS)})\s*\("):
        yield f"{path}:{number}: {match.group(1)}(): device code has no heap, the caller owns every buffer"


def rule_unfinished_words(tree):
    pattern = rf"\b({'|'.join(UNFINISHED_WORDS)})\b"
    for path, number, match in lines_matching(tree, lambda path: True, pattern, code_only=False):
        yield f"{path}:{number}: {match.group(1)}: finish it or leave its place empty"


def rule_private_paths(tree):
    pattern = rf"(?<![\w.$}}*~-])/({'|'.join(PRIVATE_FOLDERS)})/\w"
    for path, number, match in lines_matching(tree, lambda path: True, pattern, code_only=False):
        yield f"{path}:{number}: {match.group(0)}...: a path of one machine"


def rule_public_comments(tree):
    """Every public function of a header has a comment before it. Prototypes in one block share theirs; what is small enough
    to be static inline may be told by the head of its file.
    """
    for path, text in tree.items():
        if not path.endswith(".h") or in_folder(path, "tests"):
            continue
        covered = False
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip():
                covered = False
            elif line.rstrip().endswith("*/"):
                covered = True
            elif re.match(r"(?!typedef|static|#|\s|return)[\w *]*\bud_\w+\(", line) and not covered:
                yield f"{path}:{number}: a public function without a comment: {line.strip()}"


def rule_text_form(tree):
    """Text ends in a newline, without blanks at line ends, carriage returns or (in C) tabs."""
    for path, text in tree.items():
        if text and not text.endswith("\n"):
            yield f"{path}:{text.count(chr(10)) + 1}: no newline at the end of the file"
        if text.endswith("\n\n"):
            yield f"{path}:{text.count(chr(10))}: blank line at the end of the file"
        for number, line in enumerate(text.split("\n"), 1):
            if "\r" in line or (line != line.rstrip() and not path.endswith((".md", ".svg"))):
                yield f"{path}:{number}: blank or carriage return at the end of the line"
            if "\t" in line and is_c(path):
                yield f"{path}:{number}: tab"


RULES = {name[5:]: rule for name, rule in list(globals().items()) if name.startswith("rule_")}


# ---- the tree and the tools -----------------------------------------------------------------------------------------


def read_tree(root=ROOT):
    """{path from the root: text} of every text file that belongs to the repository."""
    tree = {}
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in SKIPPED_FOLDERS)
        for name in sorted(names):
            file = pathlib.Path(folder) / name
            path = file.relative_to(root).as_posix()
            if file.is_symlink() or file.suffix in BINARY_SUFFIXES or path.startswith("tests/vectors/") or path in GENERATED:
                continue
            try:
                tree[path] = file.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                tree[path] = "\r"  # rule_text_form names it
    return tree


def check(tree, names=None):
    """All findings of the named rules (or of all), as "path:line: what"."""
    return [finding for name in names or RULES for finding in RULES[name](tree)]


def run_tool(command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return done.returncode, (done.stdout + done.stderr).strip()


def c_files(tree):
    return [path for path in tree if is_c(path)]


def check_format(tree):
    files = c_files(tree)
    status, output = run_tool([CLANG_FORMAT, "--dry-run", "--Werror", *files]) if files else (0, "")
    found = sorted(set(re.findall(r"^(\S+?):\d+:\d+: error: code should be", output, re.MULTILINE)))
    if status != 0 and not found:
        return [output]
    return [f"{path}:1: not formatted; run make format" for path in found]


def compiled_files():
    """Our source files that build/host compiles, from the root of the repository."""
    commands = json.loads((ROOT / "build/host/compile_commands.json").read_text())
    files = {pathlib.Path(entry["file"]) for entry in commands}
    paths = (file.relative_to(ROOT).as_posix() for file in files if file.is_relative_to(ROOT))
    return sorted(path for path in paths if not in_folder(path, ".cache"))


def check_dead_files(tree):
    """Every C file is compiled by some target."""
    compiled = set(compiled_files())
    compiled |= {path for path in tree if any(in_folder(path, folder) for folder in DEVICE_ONLY)}
    return [f"{path}:1: no target compiles this file" for path in tree if path.endswith(".c") and path not in compiled]


def check_cppcheck():
    (ROOT / "build/cppcheck").mkdir(parents=True, exist_ok=True)
    sources = [path for path in compiled_files() if not in_folder(path, "tests")]
    command = ["cppcheck", "--quiet", "--error-exitcode=1", "--inline-suppr", "--enable=warning,portability", "-I", ".",
               "-D_DEFAULT_SOURCE", "-DUD_VERSION=\"x\"", "--std=c11", "--suppress=missingIncludeSystem", "-j", "2",
               # it knows neither that UD_ASSERT() ends the program nor that an out-parameter was written
               "--suppress=nullPointerOutOfMemory", "--suppress=uninitvar", "--suppress=normalCheckLevelMaxBranches", "--suppress=pointerSize", "--cppcheck-build-dir=build/cppcheck", "--template=gcc"]
    status, output = run_tool(command + sources)
    return output.splitlines() if status != 0 else []


def check_clang_tidy():
    sources = [path for path in compiled_files() if not in_folder(path, "tests")]
    halves = [sources[0::2], sources[1::2]]
    running = [
        subprocess.Popen(["clang-tidy", "--quiet", "--extra-arg=-Wno-unknown-warning-option", "-p", "build/host", *half], cwd=ROOT, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for half in halves if half
    ]
    outputs = [process.communicate()[0] for process in running]
    return sorted({line for output in outputs for line in output.splitlines() if re.search(r": (error|warning): ", line)})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deep", action="store_true", help="also cppcheck and clang-tidy")
    parser.add_argument("--fix", action="store_true", help="format all C files in place")
    arguments = parser.parse_args()
    tree = read_tree()
    if arguments.fix:
        subprocess.run([CLANG_FORMAT, "-i", *c_files(tree)], cwd=ROOT, check=True)
        return 0
    findings = check(tree) + check_format(tree)
    if arguments.deep:
        findings += check_dead_files(tree) + check_cppcheck() + check_clang_tidy()
    for finding in findings:
        print(finding)
    print(f"lint: {len(tree)} files, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())

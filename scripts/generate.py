#!/usr/bin/python3
"""Generates what other languages and people read of api/errors.def, of boot's tables of decisions and of the agent's machine.

    scripts/generate.py           write the files
    scripts/generate.py --check   only say which are out of date (exit 1)
"""

import argparse
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ENTRY = re.compile(
    r'^/\*\s*(?P<family>[^*]+?)\s*\*/$'
    r'|^UD_ERROR\(\s*(?P<name>\w+),\s*"(?P<code>\w+)",\s*(?P<http>\d+),\s*(?P<exit>\d+),\s*"(?P<text>[^"]*)"\s*\)$',
    re.MULTILINE,
)


def read_errors(definition):
    """[(family, number, fields)] in the order of the list; the number is what a device reports."""
    body = definition[definition.index("*/") + 2 :]
    family, entries = "success", []
    for match in ENTRY.finditer(body):
        if match["family"]:
            family = match["family"]
        else:
            entries.append((family, len(entries), match.groupdict()))
    if len(entries) != len(re.findall(r"^UD_ERROR\(", definition, re.MULTILINE)):
        raise SystemExit("api/errors.def: an entry is not of the form UD_ERROR(NAME, \"code\", http, exit, \"text\")")
    return entries


def errors_markdown(entries):
    lines = [
        "# Errors",
        "",
        "<!-- generated from api/errors.def by scripts/generate.py -->",
        "",
        "One list for every part of Updraft. **Code** stands in problem+json answers (`code`), in `--json` output and in the",
        "portal; **number** is what a device reports at its check-in; **HTTP** is the status of an answer that ends so;",
        "**exit** is the exit code of `updraft`.",
    ]
    family = None
    for entry_family, number, fields in entries:
        if entry_family != family:
            family = entry_family
            lines += ["", f"## {family[0].upper()}{family[1:]}", "", "| code | number | HTTP | exit | meaning |",
                      "|---|---|---|---|---|"]
        lines.append(f"| `{fields['code']}` | {number} | {fields['http']} | {fields['exit']} | {fields['text']} |")
    return "\n".join(lines) + "\n"


def errors_typescript(entries):
    fields = [fields for _, _, fields in entries]
    union = "\n".join(f"  | '{field['code']}'" for field in fields)
    texts = "\n".join(f"  {field['code']}: {quoted(field['text'])}," for field in fields)
    return (
        "// Generated from api/errors.def by scripts/generate.py; change it there.\n\n"
        "/** Stable names of errors, as in the `code` of a problem+json answer. */\n"
        f"export type ErrorCode =\n{union};\n\n"
        "/** One English sentence for people: what is wrong and what to do. */\n"
        f"export const errorTexts: Record<ErrorCode, string> = {{\n{texts}\n}};\n"
    )


def quoted(text):
    return json.dumps(text) if "'" in text else f"'{text}'"

# ---- boot's tables of decisions, as text in docs/device.md ----

MODES = ("swap", "overwrite", "xip")

# Facts in the order of a row (boot/policy.h), each with words for its possibilities.
FACTS = (
    ("STATE", {"UNKNOWN": "unknown", "CONFIRMED": "confirmed", "TRIAL": "on trial", "REJECTED": "rejected"}),
    ("INSTALL", {"IDLE": "nothing", "STAGED": "staged", "MOVING": "interrupted", "ADRIFT": "interrupted with a dead journal"}),
    ("CAUSE", {"POWER_ON": "power-on", "ORDERLY": "orderly", "ANNOUNCED": "announced", "ABNORMAL": "watchdog, fault"}),
    ("PATIENCE", {"PATIENCE": "yes", "NO_PATIENCE": "no"}),
    ("A", {"BAD": "bad", "LOW": "counter too low", "GOOD": "good"}),
    ("B", {"BAD": "bad", "LOW": "counter too low", "GOOD": "good", "KNOWN_BAD": "good but failed here before",
           "SPARE": "good at the staging offset", "AHEAD": "good and ahead", "BEHIND": "good and behind"}),
)
ACTIONS = {
    "BOOT": "starts it", "TRY": "records an attempt, starts it", "TRY_FREE": "starts it, no attempt used",
    "BOOT_SAFE": "starts it in safe mode", "INSTALL": "begins the install of B, decides again",
    "RESUME": "completes it, decides again", "REFUSE": "drops what is staged: `staged_refused` and why, decides again",
    "REVERT": "begins the return to B, decides again", "RESCUE": "makes B the one that runs: `rescued`, decides again",
    "DOUBT": "puts it on trial as it stands, decides again",
    "RECOVER": "`ud_port_recover`",
}
RULE = re.compile(r"\{\{([^{}]+)\},\s*UD_ACTION_(\w+)\}")


def possibilities(expression, defines):
    """The names of a set such as UD_FACT_GOOD | LOST; None: anything."""
    names = []
    for term in (term.strip() for term in expression.split("|")):
        if term.startswith("UD_ANY_"):
            return None
        if term.startswith("UD_FACT_"):
            names.append(term.removeprefix("UD_FACT_"))
        else:
            names += possibilities(defines[term], defines)
    return names


def read_policy(source):
    """[(cells, action)] of the table `rules` in one of boot's modes."""
    defines = dict(re.findall(r"^#define (\w+) \((.+)\)$", source, re.MULTILINE))
    table = source[source.index("ud_boot_rule_t rules[]") :]
    table = table[: table.index("\n};")]
    rows = []
    for facts, action in RULE.findall(table):
        cells = []
        for (_, words), expression in zip(FACTS, facts.split(","), strict=True):
            names = possibilities(expression, defines)
            cells.append("-" if names is None else " or ".join(words[name] for name in words if name in names))
        rows.append((cells, ACTIONS[action]))
    if len(rows) != table.count("UD_ACTION_"):
        raise SystemExit("boot: a row of the table of decisions is not of the form {{facts}, UD_ACTION_NAME}")
    return rows


def policy_markdown(mode):
    lines = ["| image that runs | to be done | reset | may fail once more | A | B | boot |", "|---|---|---|---|---|---|---|"]
    for cells, action in read_policy((ROOT / f"boot/{mode}.c").read_text()):
        lines.append("| " + " | ".join([*cells, action]) + " |")
    return "\n".join(lines)


def between(text, begin, end, body):
    """docs/device.md with `body` between two of its marks."""
    head, _, rest = text.partition(begin)
    _, found, tail = rest.partition(end)
    if not found:
        raise SystemExit(f"docs/device.md: the marks {begin} and {end} are gone")
    return f"{head}{begin}\n{body}\n{end}{tail}"


def with_policies(text):
    """docs/device.md with the present tables between its marks."""
    for mode in MODES:
        begin = f"<!-- decisions of {mode}, generated from boot/{mode}.c by scripts/generate.py -->"
        text = between(text, begin, f"<!-- end of {mode} -->", policy_markdown(mode))
    return text


# ---- the agent's machine, as a diagram in docs/device.md ----

AGENT_RULE = re.compile(r"^    RULE\((\w+), *(\w+), *(\w+), *(\w+)\),$", re.MULTILINE)


def machine_diagram(source):
    """A state diagram of the table `rules`: an arrow for each pair of states, with all that leads along it."""
    arrows = {}
    rows = AGENT_RULE.findall(source)
    if not rows or len(rows) != len(re.findall(r"^ +RULE\(", source, re.MULTILINE)):
        raise SystemExit("agent/machine.c: a row of the table is not of the form RULE(STATE, EVENT, ACTION, NEXT)")
    for state, event, action, following in rows:
        label = event if action == "NONE" else f"{event} / {action}"
        arrows.setdefault((state, following), []).append(label.lower().replace("_", " "))
    lines = [f"    {state.lower()} --> {following.lower()} : {', '.join(labels)}" for (state, following), labels in arrows.items()]
    return "\n".join(["```mermaid", "stateDiagram-v2", "    [*] --> unregistered", *lines, "```"])


def with_machine(text):
    """docs/device.md with the present diagram between its marks."""
    begin = "<!-- states of the agent, generated from agent/machine.c by scripts/generate.py -->"
    return between(text, begin, "<!-- end of the agent's states -->", machine_diagram((ROOT / "agent/machine.c").read_text()))


def generated():
    """{path: text} of every generated file."""
    entries = read_errors((ROOT / "api/errors.def").read_text())
    return {
        "docs/errors.md": errors_markdown(entries),
        "portal/src/shared/api/errors.ts": errors_typescript(entries),
        "docs/device.md": with_machine(with_policies((ROOT / "docs/device.md").read_text())),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing")
    arguments = parser.parse_args()
    stale = 0
    for path, text in generated().items():
        file = ROOT / path
        if file.exists() and file.read_text() == text:
            continue
        stale += 1
        if arguments.check:
            print(f"{path} is out of date; run scripts/generate.py")
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            print(f"wrote {path}")
    return 1 if arguments.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())

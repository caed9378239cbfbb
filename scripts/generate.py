"""Generates what other languages and people read of api/errors.def.

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


def generated():
    """{path: text} of every generated file."""
    entries = read_errors((ROOT / "api/errors.def").read_text())
    return {
        "docs/errors.md": errors_markdown(entries),
        "portal/src/shared/api/errors.ts": errors_typescript(entries),
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

"""The rules of scripts/lint.py: the tree keeps each, and each sees a planted violation."""

import lint
import pytest

TREE = lint.read_tree()


@pytest.mark.parametrize("rule", lint.RULES)
def test_the_tree_keeps(rule):
    assert lint.check(TREE, [rule]) == []


def test_the_tree_is_formatted():
    assert lint.check_format(TREE) == []


GUARDED = "#ifndef UD_BASE_X_H\n#define UD_BASE_X_H\n%s\n#endif\n"
LONG_BODY = "    f();\n" * (lint.FUNCTION_LINES_MAX + 1)

# rule, path, text that breaks it, a part of the finding
PLANTED = [
    ("layers", "boot/verify.c", '#include "core/proto/http1.h"\n', "may not include core/proto/http1.h"),
    ("layers", "agent/machine.c", '#include "boot/install.h"\n', "may not include boot/install.h"),
    ("layers", "boot/verify.c", '#include "include/updraft/agent.h"\n', "may not include include/updraft/agent.h"),
    ("layers", "core/base/x.c", '#include "core/slot/slot.h"\n', "may not include core/slot/slot.h"),
    ("layers", "server/domain/device.c", '#include "server/io/loop.h"\n', "may not include server/io/loop.h"),
    ("layers", "server/door/http.c", '#include "server/store/sqlite.h"\n', "may not include server/store/sqlite.h"),
    ("layers", "agent/machine.c", '#include "ports/posix/board.h"\n', "may not include ports/posix/board.h"),
    ("layers", "cli/main.c", '#include "server/domain/device.h"\n', "may not include server/domain/device.h"),
    ("system_headers", "core/slot/x.c", "#include <stdio.h>\n", "freestanding"),
    ("system_headers", "agent/x.c", "#include <unistd.h>\n", "freestanding"),
    ("system_headers", "server/domain/x.c", "#include <time.h>\n", "pure"),
    ("system_headers", "server/domain/x.c", "#include <pthread.h>\n", "pure"),
    ("doors_stand_alone", "server/door/ddi/x.c", '#include "server/door/operator/y.h"\n', "each other"),
    ("doors_stand_alone", "server/door/device_x.c", '#include "server/door/operator_json.h"\n', "each other"),
    ("include_paths", "core/base/x.c", '#include "../base/err.h"\n', "no path from the root"),
    ("include_paths", "core/base/x.c", '#include "err.h"\n', "no path from the root"),
    ("header_guards", "core/base/x.h", "#ifndef X_H\n#define X_H\n#endif\n", "UD_BASE_X_H"),
    ("header_guards", "include/updraft/x.h", GUARDED % "", "UPDRAFT_X_H"),
    ("function_size", "boot/x.c", "void long_one(void (*f)(void))\n{\n" + LONG_BODY + "}\n", "long_one() has 61"),
    ("file_size", "boot/x.c", "\n" * 601, "601 lines"),
    ("file_size", "portal/src/x.tsx", "\n" * 251, "251 lines"),
    ("line_width", "boot/x.c", "/*" + " " * lint.LINE_COLUMNS_MAX + "*/\n", "columns"),
    ("folder_depth", "a/b/c/d/e/x.c", "", "5 folders deep"),
    ("banned_calls", "cli/x.c", "    strcpy (to, from);\n", "strcpy() is banned"),
    ("banned_calls", "server/x.c", "    int x = atoi(text);\n", "atoi() is banned"),
    ("no_heap_on_device", "agent/x.c", "    void *p = malloc(3);\n", "no heap"),
    ("no_heap_on_device", "core/base/x.c", "    free(p);\n", "no heap"),
    ("unfinished_words", "docs/x.md", "TO" + "DO: write\n", "finish it"),
    ("private_paths", "docs/x.md", "see /ho" + "me/me/x\n", "one machine"),
    ("public_comments", "core/base/x.h", GUARDED % "\nvoid ud_x_do(int how);\n", "without a comment"),
    ("text_form", "docs/x.md", "no newline", "no newline at the end"),
    ("text_form", "scripts/x.sh", "true \n", "end of the line"),
    ("text_form", "cli/x.c", "\tint x;\n", "tab"),
]


@pytest.mark.parametrize("rule, path, text, finding", PLANTED)
def test_a_planted_violation_is_found(rule, path, text, finding):
    findings = lint.check({path: text}, [rule])
    assert len(findings) == 1 and finding in findings[0]


def test_a_stale_ratchet_entry_is_found(monkeypatch):
    monkeypatch.setattr(lint, "RATCHET", {"gone.c": 700})
    assert len(lint.check({}, ["ratchet"])) == 1


def test_every_rule_has_a_planted_violation():
    assert {rule for rule, *_ in PLANTED} | {"ratchet"} == set(lint.RULES)


ALLOWED = [
    ("doors_stand_alone", "server/door/device_x.c", '#include "server/door/device_y.h"\n#include "server/door/route.h"\n'),
    ("layers", "server/main.c", '#include "server/store/sqlite.h"\n'),
    ("layers", "tests/unit/boot/x.c", '#include "ports/posix/board.h"\n'),
    ("banned_calls", "cli/x.c", '/* strcpy(a, b) */ const char *s = "strcpy(a, b)";\n'),
    ("no_heap_on_device", "core/crypto/openssl.c", "    EVP_PKEY_free(key);\n"),
    ("no_heap_on_device", "agent/x.c", "    table->free(p);\n"),
    ("public_comments", "core/base/x.h", GUARDED % "\n/* Both. */\nvoid ud_x_a(void);\nvoid ud_x_b(void);\n"),
    ("function_size", "boot/x.c", "void just_fits(void)\n{\n" + LONG_BODY[9:] + "}\n"),
]


@pytest.mark.parametrize("rule, path, text", ALLOWED)
def test_what_is_allowed_is_not_found(rule, path, text):
    assert lint.check({path: text}, [rule]) == []


def test_misformatted_code_is_found(tmp_path):
    assert lint.run_tool([lint.CLANG_FORMAT, "--version"])[0] == 0
    file = tmp_path / "x.c"
    file.write_text("int  x ;\n")
    config = lint.ROOT / ".clang-format"
    status, _ = lint.run_tool([lint.CLANG_FORMAT, f"--style=file:{config}", "--dry-run", "--Werror", str(file)])
    assert status != 0

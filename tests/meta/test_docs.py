"""The documents lead somewhere: relative links exist, README's commands are targets of the Makefile."""

import pathlib
import re

import lint
import pytest

DOCUMENTS = sorted(path for path in lint.read_tree() if path.endswith(".md"))


def links(text):
    for target in re.findall(r"\]\(([^)\s]+)\)|src(?:set)?=\"([^\"]+)\"", re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
        target = target[0] or target[1]
        if not re.match(r"[a-z]+:", target) and not target.startswith("#"):
            yield target.split("#")[0]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_relative_link_leads_to_a_file(document):
    file = lint.ROOT / document
    gone = [link for link in links(file.read_text()) if not (file.parent / link).exists()]
    assert gone == []


def test_every_make_target_that_a_document_names_exists():
    targets = set(re.findall(r"^([a-z]+):", (lint.ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set()
    for document in DOCUMENTS:
        named |= set(re.findall(r"\bmake ([a-z]+)\b(?=`|$|\s*#|  )", (lint.ROOT / document).read_text(), re.MULTILINE))
    assert named <= targets and named


def test_decision_numbers_are_unique():
    numbers = [path.name[:4] for path in pathlib.Path(lint.ROOT / "docs/decisions").glob("*.md")]
    assert len(numbers) == len(set(numbers))


def test_the_limit_of_uploads_is_told_as_it_is():
    limits = (lint.ROOT / "server" / "domain" / "limits.h").read_text(encoding="utf-8")
    megabytes = re.search(r"#define UD_UPLOAD_SIZE_MAX \((\d+)u \* 1024u \* 1024u\)", limits).group(1)
    assert f"| at most {megabytes} MB | `too_large`" in (lint.ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert f"up to {megabytes} MB" in (lint.ROOT / "api" / "openapi.yaml").read_text(encoding="utf-8")

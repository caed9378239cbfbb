"""docs/porting.md: a copy of the skeleton becomes a board's bootloader and application by the lines that stand there."""

import re
import shutil
import subprocess

import lint
import pytest

SOURCES = lint.ROOT / ".cache" / "mcu" / "ready"


@pytest.fixture
def tree(tmp_path):
    """This repository without what was built, with ports of its own."""
    for path in lint.ROOT.iterdir():
        if path.name not in ("build", "ports", ".git"):
            (tmp_path / path.name).symlink_to(path)
    shutil.copytree(lint.ROOT / "ports", tmp_path / "ports")
    return tmp_path


@pytest.mark.skipif(not SOURCES.exists(), reason="scripts/mcu-sources.sh has not run")
def test_a_new_board_begins_as_the_document_says(tree):
    lines = re.search(r"(?:^    .*\n)*^    cp -r ports/skeleton .*\n(?:^    .*\n)*", (lint.ROOT / "docs/porting.md").read_text(), re.MULTILINE)
    get_sources, copy, *commands = [line.strip() for line in lines.group(0).splitlines()]
    assert get_sources == "scripts/mcu-sources.sh"
    subprocess.run(copy, shell=True, cwd=tree, check=True)
    with open(tree / "ports/myboard/port.c", "a") as port:
        port.write("const char ud_myboard_was_here;\n")
    for command in commands:
        done = subprocess.run(command, shell=True, cwd=tree, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    assert (tree / "build/arm-cortex-m4/bin/skeleton_boot.elf").exists()
    port = (tree / "build/arm-cortex-m4/ports/myboard/libud_port_skeleton.a").read_bytes()
    assert b"ud_myboard_was_here" in port

"""scripts/mcu-sources.sh takes only the files it was told to, and says clearly when it cannot; apt is a stand-in here."""

import hashlib
import os
import pathlib
import shutil
import subprocess

import pytest

import lint

GOOD = b"int good;\n"
APT = """#!/bin/sh
case "$*" in
*indextargets*) . /etc/os-release; echo "$VERSION_CODENAME main http://localhost/debian/" ;;
*"source --download-only"*) [ -f "$OFFERED" ] && : >thing_1.dsc ;;
esac
"""
DPKG_SOURCE = """#!/bin/sh
for folder; do :; done
mkdir -p "$folder/src" && cp "$OFFERED" "$folder/src/thing.c"
"""


@pytest.fixture
def tree(tmp_path):
    """A repository with one package of one file on the list, and a machine whose archive offers $OFFERED."""
    for folder in ("scripts", "bin"):
        (tmp_path / folder).mkdir()
    shutil.copy(lint.ROOT / "scripts" / "mcu-sources.sh", tmp_path / "scripts")
    digest = hashlib.sha256(GOOD).hexdigest()
    (tmp_path / "scripts" / "mcu-sources.txt").write_text(f"package thing here\n{digest}  thing/src/thing.c\n")
    for name, text in (("apt-get", APT), ("dpkg-source", DPKG_SOURCE)):
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    return tmp_path


def get(tree, offered=None, ci="false"):
    """The script's run when the archive offers these bytes, or nothing."""
    file = tree / "offered"
    file.unlink(missing_ok=True)
    if offered is not None:
        file.write_bytes(offered)
    environment = dict(os.environ, PATH=f"{tree}/bin:{os.environ['PATH']}", OFFERED=str(file), CI=ci)
    return subprocess.run(
        ["scripts/mcu-sources.sh"], cwd=tree, env=environment, text=True, capture_output=True, timeout=60, check=False
    )


def ready(tree):
    return (tree / ".cache" / "mcu" / "ready").exists()


needs_debian = pytest.mark.skipif(
    "ID=debian\n" not in pathlib.Path("/etc/os-release").read_text(), reason="takes source packages of Debian"
)


@needs_debian
def test_the_listed_file_is_taken_and_then_needs_no_network(tree):
    assert get(tree, GOOD).returncode == 0 and ready(tree)
    assert (tree / ".cache/mcu/thing/src/thing.c").read_bytes() == GOOD
    assert get(tree).returncode == 0 and ready(tree)


@needs_debian
def test_another_file_is_refused_by_name_with_what_to_do(tree):
    result = get(tree, b"int other;\n")
    assert result.returncode == 1 and not ready(tree)
    assert "thing/src/thing.c" in result.stderr and "--accept thing" in result.stderr


@needs_debian
def test_a_file_changed_in_the_cache_is_taken_anew_or_refused(tree):
    get(tree, GOOD)
    (tree / ".cache/mcu/thing/src/thing.c").write_bytes(b"int other;\n")
    assert get(tree).returncode == 77 and not ready(tree)
    assert get(tree, GOOD).returncode == 0 and ready(tree)


@needs_debian
def test_without_network_it_says_so_in_one_line_and_ci_fails(tree):
    result = get(tree)
    assert result.returncode == 77
    assert result.stdout.startswith("mcu-sources: not run: ") and result.stdout.count("\n") == 1
    assert get(tree, ci="true").returncode == 1

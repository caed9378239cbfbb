"""updraft key: keys of every kind, made, shown in every form, and locked with a passphrase."""

import hashlib
import os
import pty
import shutil
import stat
import subprocess

import programs
import pytest
import signing
from signing import EXISTS, FILE, KEY_FORMAT, KINDS, USAGE, VECTORS, refused


@pytest.fixture
def folder(tmp_path, cli):
    return signing.make_folder(cli, tmp_path)


# ---- keys -----------------------------------------------------------------------------------------------------------


def test_a_new_key_can_be_read_by_its_owner_alone(cli, tmp_path):
    made = cli.json("key", "new", "--out", tmp_path / "key.pem")
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600
    assert made["type"] == "ecdsa-p256" and len(made["key_hash"]) == 64


def test_a_key_is_never_overwritten(cli, folder):
    before = (folder / "key.pem").read_bytes()
    refused(cli.run("key", "new", "--out", folder / "key.pem"), EXISTS, "key.pem", "exists already")
    assert (folder / "key.pem").read_bytes() == before


def test_no_rubbish_is_left_when_a_key_cannot_be_written(cli, tmp_path):
    refused(cli.run("key", "new", "--out", tmp_path / "none" / "key.pem"), FILE, "No such file or directory")
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_the_public_key_is_printed_as_openssl_prints_it(cli, folder):
    printed = cli.run("key", "public", folder / "key.pem").stdout
    expected = subprocess.run(
        ["openssl", "pkey", "-in", folder / "key.pem", "-pubout"], capture_output=True, text=True, check=True
    ).stdout
    assert printed == expected == (folder / "pub.pem").read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_keys_of_every_kind_are_made_and_named(cli, tmp_path, kind):
    made = cli.json("key", "new", "--type", kind, "--out", tmp_path / "key.pem")
    assert made["type"] == kind and made["encrypted"] is False
    public = cli.json("key", "public", tmp_path / "key.pem", "--out", tmp_path / "pub.pem")
    assert public["type"] == kind and public["key_hash"] == made["key_hash"]
    command = ["openssl", "pkey", "-in", tmp_path / "key.pem", "-pubout"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == public["pem"]
    assert (tmp_path / "pub.pem").read_text() == public["pem"]
    assert cli.json("key", "public", tmp_path / "pub.pem")["key_hash"] == made["key_hash"]


@pytest.mark.parametrize("kind", ["x25519", "rsa-4096", "P256", ""])
def test_a_kind_that_is_not_made_is_named_with_those_that_are(cli, tmp_path, kind):
    refused(cli.run("key", "new", "--type", kind, "--out", tmp_path / "key.pem"), USAGE, f"'{kind}'", *KINDS)
    assert not (tmp_path / "key.pem").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_the_key_hash_is_that_of_the_key_in_der(cli, tmp_path, kind):
    """What images carry and imgtool's getpubhash prints: of RSA the key without its algorithm."""
    cli.json("key", "new", "--type", kind, "--out", tmp_path / "key.pem")
    form = ["rsa", "-RSAPublicKey_out"] if kind.startswith("rsa") else ["pkey", "-pubout"]
    command = ["openssl", *form, "-in", tmp_path / "key.pem", "-outform", "DER"]
    der = subprocess.run(command, capture_output=True, check=True).stdout
    for encoding in ("raw", "der"):
        cli.run("key", "public", tmp_path / "key.pem", "-e", encoding, "-o", tmp_path / "key.der")
        assert (tmp_path / "key.der").read_bytes() == der
    digest = hashlib.sha256(der)
    assert cli.run("key", "public", tmp_path / "key.pem", "--hash").stdout == digest.hexdigest() + "\n"
    cli.run("key", "public", tmp_path / "key.pem", "--hash", "--encoding", "raw", "-o", tmp_path / "hash")
    assert (tmp_path / "hash").read_bytes() == digest.digest()


@pytest.mark.parametrize("options, scheme", [([], "ed25519"), (["--pure"], "ed25519_pure")])
def test_a_key_in_c_is_a_row_of_a_products_table(cli, tmp_path, options, scheme):
    shutil.copy(VECTORS / "keys/ed_a_pub.pem", tmp_path / "key.pem")
    cli.run("key", "public", tmp_path / "key.pem", "--lang", "c", "--name-suffix", "_1", *options, "-o", tmp_path / "key.h")
    cli.run("key", "public", VECTORS / "keys/rsa2_a_pub.pem", "-e", "lang-c", "-o", tmp_path / "rsa.h")
    cli.run("key", "public", VECTORS / "keys/rsa2_a_pub.pem", "-e", "lang-c", "--hash", "-o", tmp_path / "hash.h")
    (tmp_path / "product.c").write_text(
        '#include "core/image/image.h"\n#include "key.h"\n#include "rsa.h"\n#include "hash.h"\n'
        "extern const ud_trusted_key_t keys[];\n"
        "const ud_trusted_key_t keys[] = {ED25519_1_KEY, RSA_2048_KEY};\n"
        "_Static_assert(sizeof ed25519_1_public_key == 32 && sizeof rsa_2048_public_key == 260, \"sizes\");\n"
        "_Static_assert(sizeof rsa_2048_public_key_hash == 32, \"size\");\n"
    )
    command = ["cc", "-std=c11", "-Wall", "-Werror", "-Wno-unused-const-variable", "-Wno-unused-variable", "-fsyntax-only", f"-I{programs.ROOT}"]
    done = subprocess.run([*command, tmp_path / "product.c"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"&ud_scheme_{scheme}," in (tmp_path / "key.h").read_text()


@pytest.mark.parametrize(
    "options, exit_code, words",
    [
        (["--encoding", "lang-rust"], USAGE, "lang-rust"),
        (["--lang", "rust"], USAGE, "'rust'"),
        (["-e", "lang-c", "--name-suffix", "a b"], USAGE, "'a b'"),
        (["--pure"], USAGE, "Ed25519"),
        (["-e", "lang-c"], KEY_FORMAT, "no device"),
    ],
)
def test_a_form_that_a_key_has_not_is_refused(cli, tmp_path, options, exit_code, words):
    cli.json("key", "new", "--type", "ecdsa-p384", "--out", tmp_path / "key.pem")
    refused(cli.run("key", "public", tmp_path / "key.pem", *options), exit_code, words)


@pytest.mark.parametrize("kind", ["P-521", "X25519", "RSA-1024"])
def test_a_key_of_a_foreign_kind_is_named(cli, folder, kind):
    form = {"P-521": ["EC", "-pkeyopt", "ec_paramgen_curve:P-521"], "RSA-1024": ["RSA", "-pkeyopt", "rsa_keygen_bits:1024"]}
    command = ["openssl", "genpkey", "-algorithm", *form.get(kind, [kind]), "-out", folder / "other.pem"]
    subprocess.run(command, capture_output=True, check=True)
    word = {"P-521": "secp521r1", "RSA-1024": "RSA, 1024 bits"}.get(kind, kind)
    refused(cli.run("key", "public", folder / "other.pem"), KEY_FORMAT, "other.pem", word)
    sign_it = ["image", "sign", "-k", folder / "other.pem", "-v", "1.0.0", "--hardware", "x", folder / "app.bin", folder / "out.bin"]
    refused(cli.run(*sign_it), KEY_FORMAT, "other.pem", word)
    refused(cli.run("image", "verify", "-k", folder / "other.pem", folder / "signed.bin"), KEY_FORMAT, "other.pem", word)


# ---- keys with a passphrase -----------------------------------------------------------------------------------------


def test_a_key_with_a_passphrase_signs_only_with_it(cli, folder):
    cli.environment["UPDRAFT_KEY_PASSPHRASE"] = "open sesame"
    made = cli.json("key", "new", "--password", "--out", folder / "locked.pem")
    assert made["encrypted"] is True
    assert (folder / "locked.pem").read_text().startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----")
    command = ["image", "sign", "-k", folder / "locked.pem", "-v", "1.0.0", "--hardware", "x", folder / "app.bin", folder / "out.bin"]
    assert cli.run(*command).returncode == 0
    cli.environment["UPDRAFT_KEY_PASSPHRASE"] = "open sesamf"
    refused(cli.run(*command), KEY_FORMAT, "locked.pem", "a passphrase that does not fit")
    del cli.environment["UPDRAFT_KEY_PASSPHRASE"]
    words = [programs.BIN / "updraft", *command]
    done = subprocess.run(words, env=cli.environment, start_new_session=True, capture_output=True, text=True, check=False)
    refused(done, USAGE, "no terminal", "passphrase", "UPDRAFT_KEY_PASSPHRASE")


def at_terminal(cli, arguments, answers):
    """Runs a command at a terminal of its own, which answers each "...: " with the next of the answers."""
    child, terminal = pty.fork()
    if child == 0:
        os.execve(programs.BIN / "updraft", ["updraft", *map(str, arguments)], cli.environment)
    seen = b""
    while True:
        try:
            part = os.read(terminal, 1000)
        except OSError:
            break
        seen += part
        if part.endswith(b": ") and answers:
            os.write(terminal, answers.pop(0).encode() + b"\n")
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), seen.decode()


def test_a_passphrase_is_asked_for_at_the_terminal_and_not_shown(cli, folder):
    new = ["key", "new", "--password", "--out", folder / "locked.pem"]
    status, seen = at_terminal(cli, new, ["open sesame", "open sesamf"])
    assert status == USAGE and "differ" in seen and not (folder / "locked.pem").exists()
    status, seen = at_terminal(cli, new, ["open sesame", "open sesame"])
    assert status == 0 and "encrypted" in seen and "sesame" not in seen
    status, seen = at_terminal(cli, ["key", "public", folder / "locked.pem"], ["open sesame"])
    assert status == 0 and "BEGIN PUBLIC KEY" in seen and "Passphrase of" in seen and "sesame" not in seen


def test_openssl_opens_a_key_with_its_passphrase(cli, tmp_path):
    cli.environment["UPDRAFT_KEY_PASSPHRASE"] = "open sesame"
    cli.json("key", "new", "-p", "-t", "ed25519", "--out", tmp_path / "locked.pem")
    command = ["openssl", "pkey", "-in", tmp_path / "locked.pem", "-passin", "pass:open sesame", "-noout"]
    assert subprocess.run(command, check=False).returncode == 0

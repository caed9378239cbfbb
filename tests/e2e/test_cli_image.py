"""updraft image: what a person at a terminal sees, with good input and with all the bad one there is."""

import json
import os
import pathlib
import shutil
import subprocess

import programs
import pytest
import signing
from signing import FILE, IMAGE_HASH, IMAGE_INVALID, IMAGE_SIGNATURE, KEY_FORMAT, KINDS, MANIFEST, USAGE, VECTORS, refused, sign

VERBS = [("key", "new"), ("key", "public"), ("image", "sign"), ("image", "verify"), ("image", "inspect")]


@pytest.fixture
def folder(tmp_path, cli):
    return signing.make_folder(cli, tmp_path)


# ---- good images ----------------------------------------------------------------------------------------------------


def test_what_is_signed_is_valid_under_the_public_key(cli, folder):
    done = cli.run("image", "verify", "--key", folder / "pub.pem", folder / "signed.bin")
    assert done.returncode == 0
    assert done.stdout.startswith(f"valid: {folder / 'signed.bin'}: version 2.0.0 for acme-gw-r2")
    assert done.stdout.count("\n") == 1


def test_an_image_tells_what_it_was_signed_with(cli, folder):
    out = folder / "full.bin"
    made = sign(cli, folder, out, "-s", "auto", "-H", "512", "--pad-header", "-d", "(0, 1.0.0), (1, 1.2.3+4)", "--depends", "(2, 0.0.1)")
    seen = cli.json("image", "inspect", out)
    assert seen["hash"] == made["hash"]
    assert seen["version"] == "2.0.0" and seen["hardware"] == "acme-gw-r2"
    assert seen["security_counter"] == 2 << 24
    assert seen["header_size"] == 512 and seen["payload_size"] == 5000
    assert [row["version"] for row in seen["dependencies"]] == ["1.0.0", "1.2.3+4", "0.0.1"]
    assert seen["descriptor"] == [512, 1024, 4096, 16384]
    assert seen["content"] == "intact"
    assert seen["file_size"] == out.stat().st_size > seen["image_size"]


def test_without_a_descriptor_the_file_is_the_image(cli, folder):
    made = sign(cli, folder, folder / "plain.bin", "--no-descriptor")
    assert (folder / "plain.bin").stat().st_size == made["image_size"]
    seen = cli.json("image", "verify", "-k", folder / "pub.pem", folder / "plain.bin")
    assert seen["valid"] is True and seen["descriptor"] is False


def test_openssl_agrees_about_hash_and_signature(cli, folder):
    """An independent reader: the last TLV is the signature, over all bytes before the open TLV area."""
    seen = cli.json("image", "inspect", folder / "signed.bin")
    image = (folder / "signed.bin").read_bytes()[: seen["image_size"]]
    signed_size = seen["header_size"] + seen["payload_size"] + seen["protected_size"]
    (folder / "content").write_bytes(image[:signed_size])
    (folder / "signature").write_bytes(image[signed_size + 4 + 36 + 36 + 4 :])
    command = ["openssl", "dgst", "-sha256", "-verify", folder / "pub.pem", "-signature", folder / "signature", folder / "content"]
    assert subprocess.run(command, capture_output=True, text=True, check=False).stdout == "Verified OK\n"


def test_a_key_of_imgtool_signs_and_verifies(cli, folder):
    shutil.copy(VECTORS / "keys/ec_a.pem", folder / "key.pem")
    sign(cli, folder, folder / "out.bin")
    assert cli.json("image", "verify", "--key", VECTORS / "keys/ec_a_pub.pem", folder / "out.bin")["valid"]


@pytest.mark.parametrize("vector", MANIFEST["vectors"], ids=lambda row: row["id"])
def test_an_image_of_imgtool_is_judged_as_its_manifest_says(cli, vector):
    decrypt = ["--decrypt-key", VECTORS / vector["enc_key"]] if "enc_key" in vector else []
    done = cli.run("image", "verify", "--key", VECTORS / vector["key"], *decrypt, VECTORS / vector["file"])
    assert done.returncode == (0 if vector["expect"] == "valid" else done.returncode or -1)
    assert done.stdout.startswith(vector["expect"] + ": ")
    assert done.stdout.count("\n") == 1


@pytest.mark.parametrize("name, scheme", [("v1-ec256", "ecdsa-p256"), ("v3-rsa2048", "rsa-2048"), ("v4-ed25519", "ed25519")])
def test_the_key_of_an_image_is_found_among_several(cli, name, scheme):
    keys = [word for key in ("ec_b", "ed_b", "ec_a", "rsa2_a", "ed_a") for word in ("-k", VECTORS / f"keys/{key}_pub.pem")]
    done = cli.run("image", "verify", *keys, VECTORS / f"img/d-{name}.bin")
    assert done.returncode == 0 and f", {scheme} key " in done.stdout
    assert cli.json("image", "inspect", VECTORS / f"img/d-{name}.bin")["signature"] == scheme
    done = cli.run("image", "verify", *keys[:4], VECTORS / f"img/d-{name}.bin")
    assert done.returncode == IMAGE_SIGNATURE and "none of the keys given" in done.stdout


# ---- encrypted images -----------------------------------------------------------------------------------------------

ENCRYPTED = VECTORS / "img/d-v6-ec256-enc.bin"


def test_an_encrypted_image_needs_the_key_that_decrypts_it(cli):
    command = ["image", "verify", "-k", VECTORS / "keys/ec_a_pub.pem"]
    done = cli.run(*command, ENCRYPTED)
    assert done.returncode == IMAGE_INVALID and "--decrypt-key" in done.stdout
    done = cli.run(*command, "--decrypt-key", VECTORS / "keys/ec_b.pem", ENCRYPTED)
    assert done.returncode == IMAGE_SIGNATURE and "cannot be unwrapped" in done.stdout
    done = cli.run(*command, "--decrypt-key", VECTORS / "keys/enc_ec.pem", ENCRYPTED)
    assert done.returncode == 0 and ", encrypted, ecdsa-p256 key" in done.stdout


@pytest.mark.parametrize("name, words", [("enc_ec_pub", "decrypting needs the private one"), ("ed_a", "encrypted for ECDSA P-256")])
def test_a_key_that_cannot_decrypt_is_named(cli, name, words):
    keys = VECTORS / "keys"
    done = cli.run("image", "verify", "-k", keys / "ec_a_pub.pem", "--decrypt-key", keys / f"{name}.pem", ENCRYPTED)
    refused(done, KEY_FORMAT, name, words)


def test_an_image_in_the_clear_does_not_mind_a_decryption_key(cli):
    command = ["image", "verify", "-k", VECTORS / "keys/ec_a_pub.pem", "--decrypt-key", VECTORS / "keys/enc_ec.pem"]
    assert cli.run(*command, VECTORS / "img/d-v1-ec256.bin").returncode == 0


@pytest.mark.parametrize("keylen", ["128", "256"])
@pytest.mark.parametrize("header", [[], ["-H", "512"]], ids=["header in front", "room in the input"])
def test_an_encrypted_image_for_slot_a_is_in_the_clear(cli, folder, keylen, header):
    """The same bytes as the encrypted one but for the payload, so that a swap can encrypt it."""
    app = bytes(range(250)) * 20 + b"the end"
    (folder / "app.bin").write_bytes((bytes(512) if header else b"") + app)
    encrypt = [*header, "-E", folder / "pub.pem", "--encrypt-keylen", keylen]
    assert sign_with(cli, folder, folder / "key.pem", *encrypt, "--clear").returncode == 0
    seen = cli.json("image", "inspect", folder / "out.bin")
    assert seen["encryption"] == f"ecies-p256-aes-{keylen}" and seen["content"] == "intact, in the clear"
    assert seen["descriptor"] is None and seen["file_size"] == seen["image_size"]
    whole = (folder / "out.bin").read_bytes()
    payload = whole[seen["header_size"] :][: seen["payload_size"]]
    assert payload == app + bytes(-len(app) % 16)
    verify = ["image", "verify", "-k", folder / "pub.pem"]
    for decrypt in [], ["--decrypt-key", folder / "key.pem"]:
        assert cli.json(*verify, *decrypt, folder / "out.bin")["clear"] is True
        for place in (100, seen["header_size"] + seen["payload_size"] + 10):
            (folder / "bad.bin").write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            assert cli.run(*verify, *decrypt, folder / "bad.bin").stdout.startswith("invalid: ")
    done = cli.run(*verify, "--decrypt-key", VECTORS / "keys/ec_b.pem", folder / "out.bin")
    assert done.returncode == IMAGE_SIGNATURE and "cannot be unwrapped" in done.stdout


def test_what_is_encrypted_is_not_told_to_be_in_the_clear(cli):
    keys = VECTORS / "keys"
    assert cli.json("image", "verify", "-k", keys / "ec_a_pub.pem", "--decrypt-key", keys / "enc_ec.pem", ENCRYPTED)["clear"] is False
    assert cli.json("image", "inspect", ENCRYPTED)["content"] == "unchecked"


# ---- images of every kind -------------------------------------------------------------------------------------------


SCHEMES = [
    ("ecdsa-p256", [], "ecdsa-p256"),
    ("ecdsa-p384", [], "ecdsa-p384"),
    ("rsa-2048", [], "rsa-2048"),
    ("rsa-3072", ["--sha", "256"], "rsa-3072"),
    ("ed25519", [], "ed25519"),
    ("ed25519", ["--sha", "512"], "ed25519-sha512"),
    ("ed25519", ["--pure"], "ed25519-pure"),
]


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """A key pair of each kind, for all tests that only use them: kind.pem, kind.pub.pem."""
    home = tmp_path_factory.mktemp("keys")
    command = programs.Cli(home / "home")
    for kind in KINDS:
        command.json("key", "new", "--type", kind, "--out", home / f"{kind}.pem")
        command.json("key", "public", home / f"{kind}.pem", "--out", home / f"{kind}.pub.pem")
    return home


def sign_with(cli, folder, key, *options, out="out.bin"):
    return cli.run("image", "sign", "-k", key, "-v", "1.2.3", "--hardware", "x", *options, folder / "app.bin", folder / out)


@pytest.mark.parametrize("kind, options, scheme", SCHEMES)
@pytest.mark.parametrize("encryption", [None, "128", "256"])
def test_an_image_of_every_kind_is_valid_and_no_changed_one_is(cli, folder, keys, kind, options, scheme, encryption):
    encrypt = ["-E", folder / "pub.pem", "--encrypt-keylen", encryption] if encryption else []
    decrypt = ["--decrypt-key", folder / "key.pem"] if encryption else []
    assert sign_with(cli, folder, keys / f"{kind}.pem", *options, *encrypt).returncode == 0
    verify = ["image", "verify", "-k", keys / f"{kind}.pub.pem", *decrypt]
    done = cli.run(*verify, folder / "out.bin")
    assert done.returncode == 0 and f" {scheme} key" in done.stdout, done.stdout + done.stderr
    seen = cli.json("image", "inspect", folder / "out.bin")
    assert seen["signature"] == scheme
    assert seen["encryption"] == (f"ecies-p256-aes-{encryption}" if encryption else "none")
    for_devices = scheme not in ("ecdsa-p384", "ed25519-sha512")
    assert seen["descriptor"] == ([512, 1024, 4096, 16384] if for_devices else None)
    whole = (folder / "out.bin").read_bytes()
    assert (bytes(range(250)) in whole) == (encryption is None)
    for place in (20, 33, seen["header_size"] + seen["payload_size"] + 10, seen["image_size"] - 1):
        (folder / "bad.bin").write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        done = cli.run(*verify, folder / "bad.bin")
        assert done.returncode != 0 and done.stdout.startswith("invalid: "), place


@pytest.mark.parametrize("kind", KINDS)
def test_the_full_public_key_serves_instead_of_its_hash(cli, folder, keys, kind):
    assert sign_with(cli, folder, keys / f"{kind}.pem", "--public-key-format", "full").returncode == 0
    assert cli.run("image", "verify", "-k", keys / f"{kind}.pub.pem", folder / "out.bin").returncode == 0
    names = [row["name"] for row in cli.json("image", "inspect", folder / "out.bin")["tlvs"]]
    assert "public-key" in names and "key-hash" not in names


def test_revoked_keys_are_named_by_file_or_hash(cli, folder, keys):
    hashes = [cli.run("key", "public", keys / f"{kind}.pub.pem", "--hash").stdout.strip() for kind in KINDS[:2]]
    done = sign_with(cli, folder, folder / "key.pem", "--revoke", keys / "ecdsa-p256.pub.pem", "--revoke", hashes[1])
    assert done.returncode == 0
    assert cli.json("image", "inspect", folder / "out.bin")["revoked_keys"] == hashes
    assert cli.run("image", "inspect", folder / "out.bin").stdout.count("Revokes key") == 2


def test_flags_addresses_and_tlvs_of_ones_own_are_inside(cli, folder, keys):
    options = ["--custom-tlv", "0xA0", "0x0102ff", "--custom-tlv", "433", "some text", "--non-bootable"]
    assert sign_with(cli, folder, folder / "key.pem", "-F", "0x8000", *options).returncode == 0
    seen = cli.json("image", "inspect", folder / "out.bin")
    assert seen["flags"] == ["non-bootable", "rom-fixed"] and seen["load_address"] == 0x8000
    own = {row["type"]: row["value"] for row in seen["tlvs"] if row["protected"]}
    assert own[0xA0] == "0102ff" and bytes.fromhex(own[433]) == b"some text"
    assert sign_with(cli, folder, folder / "key.pem", "--load-addr", "0x20000000").returncode == 0
    seen = cli.json("image", "inspect", folder / "out.bin")
    assert seen["flags"] == ["ram-load"] and seen["load_address"] == 0x20000000


@pytest.mark.parametrize(
    "options, erased, max_align, image_ok_at",
    [
        (["--pad"], 0xFF, 8, None),
        (["--test", "--align", "4"], 0xFF, 8, None),
        (["--confirm", "--align", "8"], 0xFF, 8, 24),
        (["--confirm", "--align", "16", "-R", "0"], 0, 16, 32),
        (["--confirm", "--align", "8", "--max-align", "32", "-M", "64"], 0xFF, 32, 64),
        (["--confirm", "--overwrite-only"], 0xFF, 8, None),
    ],
)
def test_a_padded_file_ends_with_mcuboots_trailer(cli, folder, options, erased, max_align, image_ok_at):
    """An independent reader, of what MCUboot documents about the trailer."""
    assert sign_with(cli, folder, folder / "key.pem", "-S", "0x8000", *options).returncode == 0
    data = (folder / "out.bin").read_bytes()
    assert len(data) == 0x8000
    magic = "77c295f360d2ef7f3552500f2cb67980" if max_align == 8 else f"{max_align:02x}002de15d29410b8d77679c110f1f8a"
    assert data[-16:].hex() == magic
    seen = cli.json("image", "inspect", folder / "out.bin")
    written = [index for index in range(0x7000, 0x8000 - 16) if data[index] != erased]
    assert written == ([0x8000 - image_ok_at] if image_ok_at else [])
    assert seen["trailer"] == {"max_align": max_align, "image_ok": image_ok_at is not None, "copy_done": False}
    assert cli.run("image", "verify", "-k", folder / "pub.pem", folder / "out.bin").returncode == 0


def test_a_padded_file_of_imgtool_shows_its_trailer(cli):
    assert cli.json("image", "inspect", VECTORS / "img/d-v5-ec256-confirmed.bin")["trailer"]["image_ok"] is True
    assert cli.json("image", "inspect", VECTORS / "img/d-v1-ec256.bin")["trailer"] is None


# ---- bad images -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "place, exit_code, words",
    [
        (0, IMAGE_INVALID, "not an MCUboot image"),
        (100, IMAGE_HASH, "does not match its content"),
        ("signature", IMAGE_SIGNATURE, "signature does not verify"),
        ("root", IMAGE_SIGNATURE, "descriptor"),
    ],
)
def test_a_changed_byte_makes_an_image_invalid(cli, folder, place, exit_code, words):
    data = bytearray((folder / "signed.bin").read_bytes())
    end = cli.json("image", "inspect", folder / "signed.bin")["image_size"]
    data[{"signature": end - 1, "root": end + 20}.get(place, place)] ^= 1
    (folder / "bad.bin").write_bytes(data)
    done = cli.run("image", "verify", "--key", folder / "pub.pem", folder / "bad.bin")
    assert done.returncode == exit_code
    assert done.stdout.startswith("invalid: ") and words in done.stdout and done.stdout.count("\n") == 1
    told = json.loads(cli.run("image", "verify", "--key", folder / "pub.pem", folder / "bad.bin", "--json").stdout)
    assert told["valid"] is False and words in told["message"]


def test_another_key_does_not_verify_but_one_of_several_does(cli, folder):
    other = VECTORS / "keys/ec_b_pub.pem"
    done = cli.run("image", "verify", "-k", other, folder / "signed.bin")
    signer = cli.json("image", "inspect", folder / "signed.bin")["key_hash"]
    assert done.returncode == IMAGE_SIGNATURE and f"none of the keys given; it names {signer[:16]}..." in done.stdout
    assert cli.run("image", "verify", "-k", other, "-k", folder / "pub.pem", folder / "signed.bin").returncode == 0


def test_an_image_is_not_signed_twice(cli, folder):
    done = cli.run("image", "sign", "-k", folder / "key.pem", "-v", "1.0.0", "--hardware", "x", folder / "signed.bin", folder / "twice.bin")
    refused(done, USAGE, "signed.bin", "an image already")
    assert not (folder / "twice.bin").exists()


# ---- bad files ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["sign", "verify", "inspect"])
@pytest.mark.parametrize("kind", ["missing", "folder", "empty", "pipe", "huge"])
def test_an_unreadable_file_is_named_with_the_reason(cli, folder, verb, kind):
    path = folder / kind
    if kind == "folder":
        path.mkdir()
    elif kind == "empty":
        path.touch()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "huge":
        with open(path, "wb") as file:
            file.truncate(513 * 1024 * 1024)
    arguments = {
        "sign": ["-k", folder / "key.pem", "-v", "1.0.0", "--hardware", "x", path, folder / "out.bin"],
        "verify": ["-k", folder / "pub.pem", path],
        "inspect": [path],
    }[verb]
    word = {"missing": "No such file", "folder": "folder", "empty": "empty", "pipe": "regular", "huge": "bytes"}[kind]
    refused(cli.run("image", verb, *arguments), USAGE if kind == "huge" else FILE, path, word)
    assert not (folder / "out.bin").exists()


def test_a_file_without_permission_is_named(folder):
    """Root gives up what lets it read everything."""
    (folder / "app.bin").chmod(0)
    give_up = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    command = [*give_up, programs.BIN / "updraft", "image", "inspect", folder / "app.bin"]
    refused(subprocess.run(command, capture_output=True, text=True, check=False), FILE, "app.bin", "Permission denied")


@pytest.mark.parametrize(
    "name, words",
    [("ec_a_pub.pem", "a public key"), ("../manifest.json", "no PEM block")],
)
def test_a_key_that_cannot_sign_is_named(cli, folder, name, words):
    done = cli.run("image", "sign", "-k", VECTORS / "keys" / name, "-v", "1.0.0", "--hardware", "x", folder / "app.bin", folder / "out.bin")
    refused(done, KEY_FORMAT, pathlib.Path(name).name, words)


def test_a_failed_signing_leaves_the_old_file(cli, folder):
    before = (folder / "signed.bin").read_bytes()
    done = cli.run("image", "sign", "-k", folder / "pub.pem", "-v", "1.0.0", "--hardware", "x", folder / "app.bin", folder / "signed.bin")
    assert done.returncode == KEY_FORMAT
    assert (folder / "signed.bin").read_bytes() == before


# ---- bad options ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options, words",
    [
        (["--version", "1.2."], "'1.2.'"),
        (["--version", "1.2+3"], "'1.2+3'"),
        (["--version", ""], "''"),
        (["--version", "1.2.300000"], "1.2.300000"),
        (["--version", "01.2.3"], "01.2.3"),
        (["--hardware", ""], "--hardware"),
        (["--hardware", "x" * 33], "32 bytes"),
        (["--hardware", "tab\there"], "tab?here"),
        (["-s", "-1"], "'-1'"),
        (["-s", "4294967296"], "4294967295"),
        (["-s", "high"], "'high'"),
        (["-H", "16"], "from 32 to 65535"),
        (["-H", "34"], "multiple of 4"),
        (["-H", "512"], "--pad-header"),
        (["-d", "0, 1.0.0"], "(0, 1.0.0)"),
        (["-d", "(256, 1.0.0)"], "(256, 1.0.0)"),
        (["-d", "(0, 1.0.0)(1"], "(0, 1.0.0)(1"),
        (["--depends", "(0, 1.0.0)"] * 5, "more than 4"),
        (["--align", "3"], "'3'"),
        (["--align", "64"], "from 1 to 32"),
        (["--align", "32", "--max-align", "16"], "below --align of 32"),
        (["--max-align", "4"], "from 8 to 32"),
        (["-M", "0"], "from 1 to"),
        (["-R", "0x55"], "0 or 0xff"),
        (["--pad"], "--pad needs --slot-size"),
        (["--test"], "--test needs --slot-size"),
        (["--confirm"], "--confirm needs --slot-size"),
        (["--pad", "-S", "0x8004"], "multiple of 8"),
        (["-F", "0x100000000"], "from 0 to 4294967295"),
        (["-F", "0", "-L", "0"], "exclude each other"),
        (["--sha", "384"], "ECDSA P-256 signs with 256"),
        (["--sha", "big"], "'big'"),
        (["--pure"], "Ed25519"),
        (["--public-key-format", "half"], "hash or full"),
        (["--encrypt-keylen", "256"], "without --encrypt"),
        (["--clear"], "--clear without --encrypt"),
        (["--save-enctlv"], "--save-enctlv without --encrypt"),
        (["--encrypt-keylen", "192", "-E", "x"], "128 or 256"),
        (["-E", "x.pem", "-F", "0"], "exclude each other"),
        (["--custom-tlv", "0x50", "x"], "0x50"),
        (["--custom-tlv", "0x55A1", "x"], "0x55A1"),
        (["--custom-tlv", "0x55A2", "x"], "Updraft's own"),
        (["--custom-tlv", "0x55A3", "x"], "Updraft's own"),
        (["--custom-tlv", "0x100A0", "x"], "0x100A0"),
        (["--custom-tlv", "0xA0", "0x1"], "even number"),
        (["--custom-tlv", "0xA0", "0x"], "'0x'"),
        (["--custom-tlv", "0xA0", ""], "''"),
        (["--custom-tlv", "0xA0", "x", "--custom-tlv", "160", "y"], "160 is given twice"),
        ([word for tag in range(0xA0, 0xB1) for word in ("--custom-tlv", hex(tag), "x")], "more than 16"),
        (["--custom-tlv", "0xA0", "x" * 65000, "--custom-tlv", "0xA1", "x" * 65000], "65535"),
        (["--revoke", "0" * 64] * 9, "more than 8"),
        (["--colour"], "--colour"),
        (["--pad-header=yes"], "takes no value"),
    ],
)
def test_a_wrong_option_is_named_with_its_value(cli, folder, options, words):
    command = ["image", "sign", "-k", folder / "key.pem", "-v", "1.0.0", "--hardware", "x", *options]
    done = cli.run(*command, folder / "app.bin", folder / "out.bin")
    refused(done, USAGE, words)
    assert not (folder / "out.bin").exists()


def test_an_option_of_two_words_needs_both(cli, folder):
    command = ["image", "sign", folder / "app.bin", folder / "out.bin", "--custom-tlv", "0xA0"]
    refused(cli.run(*command), USAGE, "--custom-tlv TAG VALUE")


@pytest.mark.parametrize("option, name, words", [("-E", "rsa-2048.pub", "for ECDSA P-256"), ("--revoke", "none", "No such file")])
def test_a_key_that_an_option_cannot_use_is_named(cli, folder, keys, option, name, words):
    done = sign_with(cli, folder, folder / "key.pem", option, keys / f"{name}.pem")
    refused(done, FILE if name == "none" else KEY_FORMAT, f"{name}.pem", words)


def test_a_key_does_not_revoke_itself(cli, folder):
    refused(sign_with(cli, folder, folder / "key.pem", "--revoke", folder / "pub.pem"), USAGE, "the key that signs")


def test_a_hex_file_is_not_taken_for_a_binary(cli, folder):
    (folder / "app.hex").write_text(":00000001FF\n")
    done = cli.run("image", "sign", "-k", folder / "key.pem", "-v", "1.0.0", "--hardware", "x", folder / "app.hex", folder / "out.bin")
    refused(done, USAGE, "app.hex", "objcopy")


def test_a_slot_must_hold_image_and_trailer(cli, folder):
    size = cli.json("image", "inspect", folder / "signed.bin")["image_size"]
    trailer = 128 * 3 * 8 + 4 * 8 + 16
    sign(cli, folder, folder / "fits.bin", "-S", str(size + trailer + 8), "--align", "8")
    command = ["image", "sign", "-k", folder / "key.pem", "-v", "2.0.0", "--hardware", "acme-gw-r2", "-S", str(size + trailer - 8), "--align", "8"]
    done = cli.run(*command, folder / "app.bin", folder / "no.bin")
    refused(done, IMAGE_INVALID, str(trailer), "--slot-size")
    assert not (folder / "no.bin").exists()


FLAGS_AND_MAGIC = 4 * 8 + 16


@pytest.mark.parametrize(
    "options, trailer",
    [
        (["--overwrite-only", "--align", "8", "-M", "1000"], 2 * 8 + 16),
        (["--encrypt", "--align", "4", "-M", "10"], 10 * 3 * 4 + 2 * 16 + FLAGS_AND_MAGIC),
        (["--encrypt", "--encrypt-keylen", "256", "-M", "10"], 10 * 3 + 2 * 32 + FLAGS_AND_MAGIC),
        (["--encrypt", "--save-enctlv", "-M", "10"], 10 * 3 + 2 * 120 + FLAGS_AND_MAGIC),
        (["--encrypt", "--save-enctlv", "--encrypt-keylen", "256", "-M", "10"], 10 * 3 + 2 * 136 + FLAGS_AND_MAGIC),
        (["--encrypt", "--overwrite-only"], 2 * 8 + 16),
    ],
)
def test_the_trailer_has_room_for_what_mcuboot_keeps_there(cli, folder, options, trailer):
    """Keys of encrypted images, or their TLVs of 113 and 129 bytes, in whole fields of 8; overwriting has neither swap nor keys."""
    options = [word for option in options for word in ([option, folder / "pub.pem"] if option == "--encrypt" else [option])]
    refused(sign_with(cli, folder, folder / "key.pem", "-S", "4096", *options), IMAGE_INVALID, f"a trailer of {trailer};")


@pytest.mark.parametrize("short, whole", [("7", "7.0.0"), ("1.2", "1.2.0")])
def test_a_short_version_is_filled_up_with_zeros(cli, folder, short, whole):
    assert sign_with(cli, folder, folder / "key.pem", "--version", short, "-d", f"(1, {short})").returncode == 0
    seen = cli.json("image", "inspect", folder / "out.bin")
    assert seen["version"] == whole and seen["dependencies"] == [{"image": 1, "version": whole}]


@pytest.mark.parametrize("missing", ["--key", "--version", "--hardware"])
def test_a_missing_option_is_named(cli, folder, missing):
    given = {"--key": folder / "key.pem", "--version": "1.0.0", "--hardware": "x"}
    del given[missing]
    words = [word for pair in given.items() for word in pair]
    refused(cli.run("image", "sign", *words, folder / "app.bin", folder / "out.bin"), USAGE, missing, "missing")


def test_a_file_where_none_is_taken_says_which_option_takes_it(cli, tmp_path):
    refused(cli.run("key", "new", tmp_path / "k.pem"), USAGE, "too many arguments", f"--out {tmp_path / 'k.pem'}")


@pytest.mark.parametrize("words", [["imag"], ["image", "sing"], ["image", "verify"], ["key", "public", "a", "b"]])
def test_a_wrong_command_says_what_would_be_right(cli, words):
    refused(cli.run(*words), USAGE, "updraft:")


def test_an_error_in_json_mode_is_json(cli, tmp_path):
    done = cli.run("image", "inspect", tmp_path / "none.bin", "--json")
    assert done.returncode == FILE
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "file_read" and "none.bin" in error["detail"]


# ---- help -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_every_command_explains_itself_with_an_example(cli, verb):
    done = cli.run(*verb, "--help")
    assert done.returncode == 0 and done.stderr == ""
    for word in ("Usage: updraft " + " ".join(verb), "--json", "--help", "Examples:"):
        assert word in done.stdout


def test_help_lists_every_command(cli):
    listed = cli.run("--help").stdout
    assert all(" ".join(verb) in listed for verb in VERBS)
    assert cli.run("--version").stdout.startswith("updraft ")


def test_no_colours_are_written_into_a_file(cli, folder):
    cli.environment.pop("NO_COLOR")
    assert "\033" not in cli.run("image", "verify", "-k", folder / "pub.pem", folder / "signed.bin").stdout


def test_control_characters_of_a_file_name_do_not_reach_the_terminal(cli, folder):
    done = cli.run("image", "inspect", folder / "\033[2Jevil")
    assert done.returncode == FILE and "\033" not in done.stderr and "?[2Jevil" in done.stderr

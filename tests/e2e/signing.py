"""What the tests of keys and of images share: a refusal's form, a key's file, a signed image."""

import json
import pathlib

VECTORS = pathlib.Path(__file__).resolve().parents[1] / "vectors" / "mcuboot"
MANIFEST = json.loads((VECTORS / "manifest.json").read_text())
IMAGE_INVALID, IMAGE_HASH, IMAGE_SIGNATURE, KEY_FORMAT = 10, 11, 12, 13
USAGE, EXISTS, FILE = 2, 5, 9
KINDS = ["ecdsa-p256", "ecdsa-p384", "rsa-2048", "rsa-3072", "ed25519"]


def make_folder(cli, folder):
    """Puts into a folder a key pair, a firmware binary of 5000 bytes and a signed image of it."""
    cli.json("key", "new", "--out", folder / "key.pem")
    cli.json("key", "public", folder / "key.pem", "--out", folder / "pub.pem")
    (folder / "app.bin").write_bytes(bytes(range(250)) * 20)
    sign(cli, folder, folder / "signed.bin")
    return folder


def sign(cli, folder, out, *options, source="app.bin"):
    return cli.json(
        "image", "sign", "--key", folder / "key.pem", "--version", "2.0.0", "--hardware", "acme-gw-r2", *options,
        folder / source, out,
    )


def refused(done, code, *words):
    """The command failed with this exit code, said these words on standard error, and changed nothing there."""
    assert done.returncode == code, done.stderr
    for word in words:
        assert str(word) in done.stderr
    assert done.stdout == ""

"""Whole updates by every kind of signature that devices verify, and encrypted: real server, real agent, real boot."""

import programs
import pytest


def sign(cli, folder, version, *options):
    raw, image = folder / f"{version}.bin", folder / f"{version}.img"
    raw.write_bytes(bytes(i * i % 251 for i in range(20000)) + version.encode())
    words = ["--key", folder / "key.pem", "--version", version, "--hardware", "sim-board", *options, raw, image]
    cli.json("image", "sign", *words)
    return image


@pytest.mark.parametrize("kind", ["rsa-2048", "rsa-3072", "ed25519", "ecdsa-p256"])
@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
def test_a_fleet_is_updated(start_server, cli, start_program, tmp_path, kind, encrypted):
    server = start_server(arguments=("--checkin-interval", "1"))
    server.sign_in()
    cli.login(server)
    cli.json("key", "new", "--type", kind, "--out", tmp_path / "key.pem")
    cli.json("key", "public", tmp_path / "key.pem", "--out", tmp_path / "key.pub.pem")
    cli.json("key", "register", "fleet", tmp_path / "key.pub.pem")
    cli.json("key", "new", "--out", tmp_path / "device.pem")
    claim = cli.json("claim-key", "new", "line")["key"]
    fleet = start_program(
        "updraft-sim", "--server", server.device, "--claim-key", claim, "--image", sign(cli, tmp_path, "1.0.0"),
        "--key", tmp_path / "key.pub.pem", "--decrypt-key", tmp_path / "device.pem", "--devices", 2, "--speed", 0,
        "--until", "version=2.0.0,count=2", "--timeout", 90,
    )
    programs.wait_for(lambda: len(cli.json("device", "list")["items"]) == 2, "two devices have registered")
    options = ["--encrypt", tmp_path / "device.pem"] if encrypted else []
    release = cli.json("release", "upload", sign(cli, tmp_path, "2.0.0", *options))
    assert release["encrypted"] is encrypted
    cli.json("rollout", "start", "2.0.0", "--batches", "100%")
    programs.wait_for(lambda: fleet.process.poll() is not None, "the fleet ended", timeout_s=90)
    assert fleet.process.returncode == 0
    programs.wait_for(lambda: cli.json("rollout", "show", "R-1")["status"] == "completed", "the rollout is completed")

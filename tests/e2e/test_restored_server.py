"""A server that comes back from an older backup does not know the updates that its devices are in the middle of.

The devices find out by the answer to their next report (409 update_unknown), drop those updates, and take the next
rollout. Nobody touches them.
"""

import shutil

import programs

DEVICES = 6
INTERVAL = ("--checkin-interval", "1")


def make_image(cli, folder, version, payload):
    raw, image = folder / f"{version}.raw", folder / f"{version}.img"
    raw.write_bytes(payload)
    cli.json("image", "sign", "--key", folder / "key.pem", "--version", version, "--hardware", "sim-board", raw, image)
    return image


def devices_that(server, is_meant):
    return [device for device in server.api("GET", "/devices?limit=100")["items"] if is_meant(device)]


def test_devices_in_the_middle_of_an_update_recover_by_themselves(start_server, start_program, tmp_path):
    server = start_server(arguments=INTERVAL)
    server.sign_in()
    cli = programs.Cli(tmp_path / "home")
    cli.login(server)
    cli.json("key", "new", "--out", tmp_path / "key.pem")
    cli.json("key", "public", tmp_path / "key.pem", "--out", tmp_path / "key.pub.pem")
    cli.json("key", "register", "test", tmp_path / "key.pub.pem")
    first = make_image(cli, tmp_path, "1.0.0", bytes(range(256)) * 16)
    second = make_image(cli, tmp_path, "2.0.0", bytes(range(256)) * 512)
    claim_key = cli.json("claim-key", "new", "line")["key"]
    fleet = start_program(
        "updraft-sim", "--server", server.device, "--claim-key", claim_key, "--devices", DEVICES, "--image", first,
        "--key", tmp_path / "key.pub.pem", "--speed", 20000, "--faults", "none", "--json",
        "--until", f"version=2.0.0,count={DEVICES}", "--timeout", 120)
    programs.wait_for(lambda: len(devices_that(server, lambda device: device["version"] == "1.0.0")) == DEVICES, "all registered")
    release = cli.json("release", "upload", second)["id"]

    server.stop()
    shutil.copytree(server.data, tmp_path / "backup")
    server.start()
    server.sign_in()
    cli.login(server)
    cli.json("rollout", "start", release, "--batches", "100%")
    programs.wait_for(lambda: len(devices_that(server, lambda device: device["state"] == "downloading")) == DEVICES, "all download")

    server.program.kill()
    shutil.rmtree(server.data)
    shutil.copytree(tmp_path / "backup", server.data)
    server.start()
    server.sign_in()
    cli.login(server)
    server.program.expect("event=request .*status=409 .*code=update_unknown", 60)
    cli.json("rollout", "start", release, "--batches", "100%")
    assert fleet.process.wait(120) == 0
    programs.wait_for(lambda: len(devices_that(server, lambda device: device["state"] == "success")) == DEVICES, "all succeeded")

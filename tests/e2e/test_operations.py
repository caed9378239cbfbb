"""docs/operations.md: the commands in it do what it says."""

import json
import os
import re
import subprocess

import contract
import programs

DOCUMENT = contract.ROOT / "docs" / "operations.md"


def commands():
    """The lines of the document's sh blocks, in order."""
    blocks = re.findall(r"^```sh\n(.*?)^```", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line]


def test_the_commands_of_the_operations_page_work_in_their_order(server, tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "password.txt").write_text(server.password + "\n")
    (folder / "app.bin").write_bytes(bytes(range(256)) * 64)
    environment = dict(os.environ, HOME=str(tmp_path), XDG_CONFIG_HOME=str(tmp_path / "config"), NO_COLOR="1",
                       PATH=f"{programs.BIN}:{os.environ['PATH']}")
    # a rollout wants devices: they come with the claim key that the page makes
    output = {}
    for command in commands():
        if command.startswith("updraft rollout start"):
            key = re.search(r"udclaim-\S+", output["updraft claim-key new gateways"]).group(0)
            contract.Device(server, "gw-1", key, hardware="acme-gw-r2").check_in()
        if command.startswith("curl"):
            environment["UPDRAFT_TOKEN"] = json.loads((tmp_path / "config" / "updraft" / "session.json").read_text())["token"]
        line = command.replace("http://127.0.0.1:8481", server.url)
        done = subprocess.run(["sh", "-euc", line], cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        output[command] = done.stdout
    assert "2.0.0" in output["updraft release list"]
    assert json.loads(next(text for command, text in output.items() if command.startswith("curl")))["devices"] == 1
    assert len(output) >= 12

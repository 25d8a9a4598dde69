# SPDX-License-Identifier: Apache-2.0
"""The commands of docs/kafka.md, as they stand there."""

import contextlib
import os
import re
import signal
import subprocess

import pytest

from engine import BINARY, ROOT


def test_the_commands_of_the_kafka_page(tmp_path):
    for name in ("tools", "functions"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "build/release/bin").mkdir(parents=True)
    (tmp_path / "build/release/bin/pelton").symlink_to(BINARY)
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs/kafka_orders.yaml").write_text((ROOT / "configs/kafka_orders.yaml").read_text())
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "docs/kafka.md").read_text(), re.S)
    script = "set -e\nshopt -s expand_aliases\n" + "\n".join(blocks)
    environment = {k: v for k, v in os.environ.items() if k != "KAFKA_BROKERS"}
    shell = subprocess.Popen(["bash", "-c", script], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             text=True, env=environment, start_new_session=True)
    try:
        out, errors = shell.communicate(timeout=120)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGKILL)
        subprocess.run(["tools/kafka", "down"], cwd=tmp_path, check=True)
    if shell.returncode == 3 and not os.environ.get("CI"):
        pytest.skip("no Kafka broker can be had here: " + errors.strip())
    log = (tmp_path / "build/engine.log").read_text()
    assert shell.returncode == 0, (out, errors, log)
    # Before the replay: four bills, two dead letters; after it: five and one.
    assert out.count('"order":"o-1"') == 2 and out.count('"order":"o-3"') == 1, out
    assert "not an order" in out and "KeyError" in out
    assert "1 of 1 dead letters" in out, out
    assert "stopped" in log

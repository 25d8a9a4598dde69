# SPDX-License-Identifier: Apache-2.0
"""The commands of README.md, docs/kafka.md and docs/databases.md."""

import contextlib
import json
import os
import re
import signal
import subprocess
import tempfile

import pytest

from engine import BINARY, ROOT, wait_until

README = (ROOT / "README.md").read_text()


def clone(folder, built=("tools/setup", "tools/build")):
    """A folder that looks like a clone in which everything is installed and built."""
    for tool in (ROOT / "tools").iterdir():
        (folder / "tools").mkdir(parents=True, exist_ok=True)
        if f"tools/{tool.name}" not in built:
            (folder / "tools" / tool.name).symlink_to(tool)
    for name in built:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    (folder / "functions").symlink_to(ROOT / "functions")
    (folder / "build/release/bin").mkdir(parents=True)
    (folder / "build/release/bin/pelton").symlink_to(BINARY)
    (folder / "configs").mkdir()
    for config in (ROOT / "configs").glob("*.yaml"):
        (folder / "configs" / config.name).write_text(config.read_text())
    return folder


def blocks_of(heading):
    """The indented blocks below a heading of the README: lists of lines."""
    text = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [re.sub("^    ", "", block, flags=re.M).strip().splitlines()
            for block in re.findall(r"(?:^    .*\n)+", re.sub(r"```.*?```", "", text, flags=re.S), re.M)]


class Shell:
    """Types lines as a user in that folder does, with the aliases of before."""

    def __init__(self, folder):
        self.folder = folder
        self.aliases = [line for block in blocks_of("Quick start") for line in block if line.startswith("alias ")]
        self.engine = None

    def popen(self, line, **options):
        script = "\n".join(["shopt -s expand_aliases", *self.aliases, line])
        return subprocess.Popen(["bash", "-c", script], cwd=self.folder, text=True, start_new_session=True, **options)

    def type(self, line, code=0):
        with self.popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as shell:
            out, errors = shell.communicate(timeout=60)
        assert shell.returncode == code, (line, shell.returncode, out, errors)
        return out

    @contextlib.contextmanager
    def running(self, line):
        """The engine of that line, in a terminal of its own."""
        with open(self.folder / "log", "wb") as log:
            self.engine = self.popen(line, stdout=log, stderr=log)
        try:
            wait_until(lambda: '"msg":"ready"' in (self.folder / "log").read_text(), "the engine is ready")
            yield
            os.killpg(self.engine.pid, signal.SIGTERM)
            assert self.engine.wait(40) == 0, (self.folder / "log").read_text()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.engine.pid, signal.SIGKILL)


def test_the_thumbnails_of_the_readme(tmp_path):
    shell = Shell(clone(tmp_path))
    (run, test), commands = blocks_of("Quick start")
    assert run.startswith("tools/run ") and test.startswith("tools/test ")
    said = {}
    with shell.running(run):
        for line in commands:
            if line.startswith("ls "):
                wait_until(lambda line=line: len(shell.type(line).split()) == 4, "four thumbnails")
            if "dead-letters list" in line:
                wait_until(lambda line=line: "2 of 2 dead letters" in shell.type(line), "two dead letters")
            said[line] = shell.type(line, code=1 if " replay " in line else 0)
    named = {word: out for line, out in said.items() for word in ("ls", "status", "list", "show", "replay") if f"{word} " in line}
    assert named["ls"].split() == ["large.jpg", "logo.png", "photo.jpg", "turned.jpg"]
    assert "running, ready" in named["status"] and "make-thumbnails" in named["status"]
    assert "text.jpg is not a picture" in named["list"]
    assert "dead letter make-thumbnails/2/1" in named["show"]
    assert "0 done, 2 failed again" in named["replay"]


def test_the_config_of_the_readme(tmp_path):
    shell = Shell(clone(tmp_path / "clone"))
    (shell.folder / "functions").unlink()
    (shell.folder / "functions").mkdir()
    (config,), (function,) = (re.findall(rf"```{kind}\n(.*?)```", README, re.S) for kind in ("yaml", "python"))
    (shell.folder / "pelton.yaml").write_text(config)
    (shell.folder / "functions/watch.py").write_text(function)
    ((run, *commands),) = blocks_of("A config")
    assert run.startswith("pelton run pelton.yaml")
    with shell.running(run):
        produced, consumed = (shell.type(line) for line in commands)
        (file,) = wait_until(lambda: [f for f in (shell.folder / "alerts").iterdir() if not f.name.startswith(".")], "a file")
        written = json.loads(file.read_text())
    assert produced == "1 event is durable in readings\n"
    alert = json.loads(consumed)
    assert alert["key"] == "boiler-1" and alert["data"] == {"device": "boiler-1", "alert": "too hot"}
    assert written == alert["data"]


@pytest.mark.parametrize("page, config, said", [
    ("databases.md", "configs/orders_changes.yaml", '{"order":7,"receipt":"12.50"}'),
    ("database_sinks.md", "configs/billing_db.yaml", "6.25"),
])
def test_the_commands_of_the_pages_about_databases(tmp_path, page, config, said):
    clone(tmp_path, built=())
    # Not below pytest's folder, which the server's user must not enter.
    with tempfile.TemporaryDirectory(prefix="pelton-postgres-") as folder:
        os.chmod(folder, 0o755)
        blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / page).read_text(), re.S)
        script = re.sub(r"(tools/postgres \w+)", rf"\1 --dir {folder}/server", "\n".join(blocks))
        assert config in script
        try:
            done = subprocess.run(["bash", "-c", "set -e\nshopt -s expand_aliases\n" + script], cwd=tmp_path, capture_output=True,
                                  text=True, check=False, timeout=120)
        finally:
            subprocess.run([ROOT / "tools/postgres", "down", "--dir", folder + "/server"], check=False)
    if "needs PostgreSQL" in done.stderr and not os.environ.get("CI"):
        pytest.skip("no PostgreSQL server can be had here: " + done.stderr.strip())
    assert done.returncode == 0, done.stdout + done.stderr
    assert said in done.stdout, done.stdout


def test_the_commands_of_the_kafka_page(tmp_path):
    clone(tmp_path, built=())
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "docs/kafka.md").read_text(), re.S)
    assert any("configs/kafka_orders.yaml" in block for block in blocks)
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

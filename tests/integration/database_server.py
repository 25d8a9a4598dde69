# SPDX-License-Identifier: Apache-2.0
"""What tests with a real database server have in common: the server, one a test file and in a folder of its own, with databases of the tests' own; and
what the engines that read them show."""

import os
import shutil
import subprocess
import tempfile

import pytest

from engine import ROOT, wait_until


class DatabaseServer:
    """Started by a tool of the repository."""

    tool = ""  # its name in tools/
    settings = ()  # of every such server

    def __init__(self, *settings):
        # Not below pytest's folder, which the server's user must not enter.
        self.folder = tempfile.mkdtemp(prefix=f"pelton-{self.tool}-")
        os.chmod(self.folder, 0o755)
        self.options = [option for setting in (*self.settings, *settings) for option in ("--set", setting)]
        self.databases = 0
        self.url = self.run("up", *self.options)

    def run(self, *command, data=None):
        done = subprocess.run([ROOT / "tools" / self.tool, command[0], "--dir", self.folder, *command[1:]],
                              capture_output=True, text=True, input=data, check=False, timeout=120)
        if done.returncode == 3 and not os.environ.get("CI"):
            shutil.rmtree(self.folder)
            pytest.skip("no server can be had here: " + done.stderr.strip())
        assert done.returncode == 0, (command, data, done.stdout, done.stderr)
        return done.stdout.rstrip("\n")

    def up(self):
        assert self.run("up") == self.url

    def kill(self):
        self.run("kill")

    def stop(self):
        self.run("stop")

    def down(self):
        self.run("down")

    def next_name(self):
        self.databases += 1
        return f"test_{self.databases}"


def connector(engine):
    return engine.status()["connectors"][0]


def changes(engine):
    events = engine.consume("changes")
    for event in events:
        event["headers"] = dict(event["headers"])
    return events


def wait_for(engine, count, seconds=60):
    wait_until(lambda: connector(engine)["events"] >= count, f"{count} events", seconds)
    return changes(engine)


def wait_for_error(engine, code):
    wait_until(lambda: code in connector(engine)["last_error"], code, 30)
    return connector(engine)

# SPDX-License-Identifier: Apache-2.0
"""A real PostgreSQL server for tests: one a test file, in a folder of its own, with databases of the tests' own; and engines that read them."""

import os
import shutil
import subprocess
import tempfile

import pytest

from engine import ROOT, Engine, wait_until


class Server:
    def __init__(self, *settings):
        # Not below pytest's folder, which the server's user must not enter.
        self.folder = tempfile.mkdtemp(prefix="pelton-postgres-")
        os.chmod(self.folder, 0o755)
        self.options = [option for setting in ("fsync=off", *settings) for option in ("--set", setting)]
        self.databases = 0
        self.address = self._tool("up", *self.options)

    def _tool(self, *command, data=None):
        done = subprocess.run([ROOT / "tools/postgres", command[0], "--dir", self.folder, *command[1:]],
                              capture_output=True, text=True, input=data, check=False, timeout=120)
        if done.returncode == 3 and not os.environ.get("CI"):
            shutil.rmtree(self.folder)
            pytest.skip("no PostgreSQL server can be had here: " + done.stderr.strip())
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout.strip()

    def up(self):
        assert self._tool("up") == self.address

    def kill(self):
        self._tool("kill")

    def stop(self):
        self._tool("stop")

    def down(self):
        self._tool("down")

    def psql(self, sql, database="pelton"):
        # The script comes by standard input: it may be long.
        return self._tool("psql", "-d", database, "-v", "ON_ERROR_STOP=1", "-qAt", data=sql)

    def database(self):
        self.databases += 1
        name = f"test_{self.databases}"
        self.psql(f"CREATE DATABASE {name}")
        return Database(self, name)


class Database:
    def __init__(self, server, name):
        self.server = server
        self.name = name
        self.slot_name = "slot_of_" + name  # slots of all databases share their names
        self.url = server.address.rsplit("/", 1)[0] + "/" + name

    def sql(self, sql):
        return self.server.psql(sql, self.name)

    def rows(self, sql):
        return [line.split("|") for line in self.sql(sql).splitlines()]

    def slot(self, column):
        return self.sql(f"SELECT {column} FROM pg_replication_slots WHERE slot_name = '{self.slot_name}'")


# ---- fixtures: of a module, of a test


def server():
    one = Server()
    yield one
    one.down()


def database(server):
    return server.database()


def config(database, options="tables: [public.*]", more=""):
    return f"""version: 1
engine: {{ data: ./data, free_space: 1MiB }}
streams: {{ changes: {{ partitions: 2 }} }}
connectors:
  shop: {{ postgres: {{ url: "{database.url}", slot: {database.slot_name}, {options} }}, to: changes }}
{more}"""


def engine_for(folder, database, options="tables: [public.*]", more=""):
    return Engine(folder, config(database, options, more))


def connector(engine):
    return engine.status()["connectors"][0]


def wait_running(engine):
    wait_until(lambda: connector(engine)["state"] == "running", "the source reads", 30)


def changes(engine):
    events = engine.consume("changes")
    for event in events:
        event["headers"] = dict(event["headers"])
    return events


def wait_for(engine, count, seconds=60):
    wait_until(lambda: connector(engine)["events"] >= count, f"{count} events", seconds)
    return changes(engine)


def place(event):
    """Of a change in the history of the server."""
    return int(event["id"].split("/")[2], 16), int(event["headers"]["index"])


def wait_for_error(engine, code):
    wait_until(lambda: code in connector(engine)["last_error"], code, 30)
    return connector(engine)

# SPDX-License-Identifier: Apache-2.0
"""A real MariaDB server for tests: one a test file, in a folder of its own, with databases of the tests' own; and engines that read them."""

import os
import shutil
import subprocess
import tempfile

import pytest

from engine import ROOT, Engine, wait_until


class Server:
    def __init__(self, *settings):
        # Not below pytest's folder, which the server's user must not enter.
        self.folder = tempfile.mkdtemp(prefix="pelton-mariadb-")
        os.chmod(self.folder, 0o755)
        self.options = [option for setting in ("innodb-flush-log-at-trx-commit=2", *settings) for option in ("--set", setting)]
        self.databases = 0
        self.url = self._tool("up", *self.options)

    def _tool(self, *command, data=None):
        done = subprocess.run([ROOT / "tools/mariadb", command[0], "--dir", self.folder, *command[1:]],
                              capture_output=True, text=True, input=data, check=False, timeout=120)
        if done.returncode == 3 and not os.environ.get("CI"):
            shutil.rmtree(self.folder)
            pytest.skip("no MariaDB server can be had here: " + done.stderr.strip())
        assert done.returncode == 0, (command, data, done.stdout, done.stderr)
        return done.stdout.rstrip("\n")

    def up(self):
        assert self._tool("up") == self.url

    def kill(self):
        self._tool("kill")

    def stop(self):
        self._tool("stop")

    def down(self):
        self._tool("down")

    def sql(self, sql, database="pelton"):
        # The script comes by standard input: it may be long.
        return self._tool("sql", "-D", database, "-BN", data=sql)

    def database(self):
        self.databases += 1
        name = f"test_{self.databases}"
        self.sql(f"CREATE DATABASE {name}")
        return Database(self, name)


class Database:
    def __init__(self, server, name):
        self.server = server
        self.name = name
        self.url = server.url

    def sql(self, sql):
        return self.server.sql(sql, self.name)

    def rows(self, sql):
        return [line.split("\t") for line in self.sql(sql).splitlines()]


# ---- fixtures: of a module, of a test


def server():
    one = Server()
    yield one
    one.down()


def database(server):
    return server.database()


def config(database, options="", tables="*"):
    return f"""version: 1
engine: {{ data: ./data, free_space: 1MiB }}
streams: {{ changes: {{ partitions: 2 }} }}
connectors:
  shop: {{ mysql: {{ url: "{database.url}", tables: ["{database.name}.{tables}"]{", " if options else ""}{options} }}, to: changes }}
"""


def engine_for(folder, database, options="", tables="*"):
    return Engine(folder, config(database, options, tables))


def connector(engine):
    return engine.status()["connectors"][0]


def wait_running(engine):
    """Until changes are read: what is in the tables has been read before."""
    wait_until(lambda: connector(engine)["state"] == "running" and connector(engine)["lag_seconds"] is not None, "the source reads", 60)


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
    return int(event["headers"]["gtid"].split("-")[2]), int(event["headers"]["index"])


def wait_for_error(engine, code):
    wait_until(lambda: code in connector(engine)["last_error"], code, 30)
    return connector(engine)

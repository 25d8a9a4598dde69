# SPDX-License-Identifier: Apache-2.0
"""A real PostgreSQL server for tests: one a test file, in a folder of its own, with databases of the tests' own; and engines that read them."""

import pathlib

from database_server import DatabaseServer, changes, connector, wait_for, wait_for_error  # noqa: F401 (of the tests)
from engine import Engine, wait_until


class Server(DatabaseServer):
    tool = "postgres"
    settings = ("fsync=off",)

    def processes(self):
        pid = int((pathlib.Path(self.folder) / "data/postmaster.pid").read_text().split()[0])
        return [pid, *(int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]

    def psql(self, sql, database="pelton"):
        # The script comes by standard input: it may be long.
        return self.run("psql", "-d", database, "-v", "ON_ERROR_STOP=1", "-qAt", data=sql)

    def database(self):
        name = self.next_name()
        self.psql(f"CREATE DATABASE {name}")
        return Database(self, name)


class Database:
    def __init__(self, server, name):
        self.server = server
        self.name = name
        self.slot_name = "slot_of_" + name  # slots of all databases share their names
        self.url = server.url.rsplit("/", 1)[0] + "/" + name

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


def wait_running(engine):
    wait_until(lambda: connector(engine)["state"] == "running", "the source reads", 30)


def place(event):
    """Of a change in the history of the server."""
    return int(event["id"].split("/")[2], 16), int(event["headers"]["index"])

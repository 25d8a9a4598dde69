# SPDX-License-Identifier: Apache-2.0
"""A real MariaDB server for tests: one a test file, in a folder of its own, with databases of the tests' own; and engines that read them."""

import pathlib

from database_server import DatabaseServer, changes, connector, wait_for, wait_for_error  # noqa: F401 (of the tests)
from engine import Engine, wait_until


class Server(DatabaseServer):
    tool = "mariadb"
    settings = ("innodb-flush-log-at-trx-commit=2",)

    def processes(self):
        return [int((pathlib.Path(self.folder) / "pid").read_text())]

    def sql(self, sql, database="pelton"):
        # The script comes by standard input: it may be long.
        return self.run("sql", "-D", database, "-BN", data=sql)

    def database(self):
        name = self.next_name()
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


def wait_running(engine):
    """Until changes are read: what is in the tables has been read before."""
    wait_until(lambda: connector(engine)["state"] == "running" and connector(engine)["lag_seconds"] is not None, "the source reads", 60)


def place(event):
    """Of a change in the history of the server."""
    return int(event["headers"]["gtid"].split("-")[2]), int(event["headers"]["index"])

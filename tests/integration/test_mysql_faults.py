# SPDX-License-Identifier: Apache-2.0
"""Logs, servers and rights that the source `mysql` must not continue with, or that come and go."""

import subprocess

import pytest

import mariadb_server
from engine import BINARY, Engine, wait_until
from mariadb_server import Server, changes, config, connector, engine_for, wait_for, wait_for_error, wait_running


server = pytest.fixture(scope="module")(mariadb_server.server)
database = pytest.fixture(mariadb_server.database)


def purge(database):
    """A log that a connection still reads, or that the server could need after a crash, is not removed at once."""
    for _ in range(2):
        database.sql("FLUSH BINARY LOGS")

    def only_one():
        logs = database.rows("SHOW BINARY LOGS")
        database.sql(f"PURGE BINARY LOGS TO '{logs[-1][0]}'")
        return len(logs) == 1

    wait_until(only_one, "the logs are removed", 30)


@pytest.mark.parametrize("positions", ["gtid", "file"])
def test_a_purged_log_stops_the_source_or_is_replaced_by_a_snapshot(tmp_path, database, positions):
    database.sql("CREATE TABLE t (id int PRIMARY KEY)")
    engine = engine_for(tmp_path, database, f"positions: {positions}")
    with engine:
        wait_running(engine)
        database.sql("INSERT INTO t VALUES (1)")
        wait_for(engine, 1)
    database.sql("INSERT INTO t VALUES (2)")
    purge(database)
    database.sql("INSERT INTO t VALUES (3)")
    with engine:
        assert wait_for_error(engine, "E7226")["state"] == "failed"
        assert not engine.ready() and len(changes(engine)) == 1
    engine.config.write_text(config(database, f"positions: {positions}, snapshot: when_needed"))
    with engine:
        events = wait_for(engine, 3)
        assert sorted((e["key"], e["headers"]["op"]) for e in events) == [("1", "c"), ("1", "r"), ("2", "r"), ("3", "r")]
        assert "E7226" in connector(engine)["last_error"]
        wait_running(engine)
        database.sql("INSERT INTO t VALUES (4)")
        wait_for(engine, 4)


def test_rotated_logs_that_are_there_are_read(tmp_path, database):
    database.sql("CREATE TABLE t (id int PRIMARY KEY)")
    engine = engine_for(tmp_path, database)
    with engine:
        wait_running(engine)
        database.sql("INSERT INTO t VALUES (1); FLUSH BINARY LOGS; INSERT INTO t VALUES (2)")
        wait_for(engine, 2)
    database.sql("FLUSH BINARY LOGS; INSERT INTO t VALUES (3); FLUSH BINARY LOGS; INSERT INTO t VALUES (4)")
    with engine:
        assert sorted(e["key"] for e in wait_for(engine, 2)) == ["1", "2", "3", "4"]


def test_a_log_that_begins_anew_stops_the_source(tmp_path):
    server = Server()
    try:
        database = server.database()
        database.sql("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)")
        engine = engine_for(tmp_path, database, "snapshot: never")
        with engine:
            wait_running(engine)
            database.sql("INSERT INTO t VALUES (2)")
            wait_for(engine, 1)
        server.sql("RESET MASTER")
        database.sql("INSERT INTO t VALUES (3)")
        with engine:
            assert wait_for_error(engine, "E7227")["state"] == "failed"
        # Also once the number up to which the log was read has been given again.
        for number in range(4, 20):
            database.sql(f"INSERT INTO t VALUES ({number})")
        with engine:
            assert "started over" in wait_for_error(engine, "E7227")["last_error"]
            wait_until(lambda: connector(engine)["state"] == "failed", "it stops")
            assert [e["key"] for e in changes(engine)] == ["2"]
        engine.config.write_text(config(database, "snapshot: when_needed"))
        with engine:
            wait_until(lambda: len({e["key"] for e in changes(engine)}) == 19, "a new snapshot")
            wait_running(engine)
            database.sql("INSERT INTO t VALUES (20)")
            wait_until(lambda: any(e["key"] == "20" for e in changes(engine)), "the change")
    finally:
        server.down()


def test_numbers_of_another_server_that_are_lower_count(tmp_path, database):
    """As of a ring of servers, or behind a failover, without gtid_strict_mode."""
    database.sql("CREATE TABLE t (id int PRIMARY KEY)")
    with engine_for(tmp_path, database) as engine:
        wait_running(engine)
        database.sql("SET SESSION server_id = 7; SET SESSION gtid_seq_no = 1; INSERT INTO t VALUES (1); SET SESSION server_id = 1;"
                     "INSERT INTO t VALUES (2)")
        assert sorted(e["key"] for e in wait_for(engine, 2)) == ["1", "2"]


def test_idle_tables_move_the_position(tmp_path, server, database):
    other = server.database()
    other.sql("CREATE TABLE t (id int)")
    database.sql("CREATE TABLE t (id int PRIMARY KEY)")
    with engine_for(tmp_path, database) as engine:
        wait_running(engine)
        other.sql("INSERT INTO t SELECT seq FROM seq_1_to_1000")
        newest = server.sql("SELECT @@gtid_binlog_pos")
        wait_until(lambda: connector(engine)["position"] == newest, "the position follows", 30)
        assert connector(engine)["lag_seconds"] == 0


def test_changes_that_are_logged_as_statements_stop_the_source(tmp_path, database):
    database.sql("CREATE TABLE t (id int PRIMARY KEY)")
    with engine_for(tmp_path, database) as engine:
        wait_running(engine)
        database.sql("INSERT INTO t VALUES (1); SET SESSION binlog_format = STATEMENT; INSERT INTO t VALUES (2);"
                     "SET SESSION binlog_format = ROW; INSERT INTO t VALUES (3)")
        found = wait_for_error(engine, "E7230")
        wait_until(lambda: connector(engine)["state"] == "failed", "it stops")
        assert "INSERT INTO t VALUES (2)" in found["last_error"]
        assert [e["key"] for e in changes(engine)] == ["1"], "nothing behind the gap"


def test_logs_that_cannot_be_read(tmp_path, server, database):
    database.sql("CREATE TABLE t (id int PRIMARY KEY)")
    server.sql("SET GLOBAL binlog_format = MIXED")
    try:
        with engine_for(tmp_path, database) as engine:
            assert "binlog_format is MIXED" in wait_for_error(engine, "E7225")["last_error"]
            assert connector(engine)["state"] == "failed"
            server.sql("SET GLOBAL binlog_format = ROW")
            wait_running(engine)
    finally:
        server.sql("SET GLOBAL binlog_format = ROW")
    silent = Server("skip-log-bin")
    try:
        other = silent.database()
        other.sql("CREATE TABLE t (id int PRIMARY KEY)")
        with engine_for(tmp_path / "b", other) as engine:
            assert "log_bin" in wait_for_error(engine, "E7225")["last_error"]
    finally:
        silent.down()


def user(database, name, *rights):
    database.sql(f"CREATE USER {name}@'127.0.0.1' IDENTIFIED BY 'p@ss'; " + "".join(f"GRANT {right} TO {name}@'127.0.0.1';" for right in rights))
    database.url = database.url.replace("pelton:pelton@", f"{name}:p%40ss@")


def test_a_user_with_few_rights_is_enough(tmp_path, database):
    database.sql("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)")
    user(database, "reader", "REPLICATION SLAVE, REPLICATION CLIENT ON *.*", f"SELECT ON {database.name}.*")
    with engine_for(tmp_path, database) as engine:
        wait_running(engine)
        database.sql("INSERT INTO t VALUES (2)")
        assert sorted(e["key"] for e in wait_for(engine, 2)) == ["1", "2"]


def test_what_is_wrong_is_named(tmp_path, database):
    database.sql("CREATE TABLE t (id int PRIMARY KEY)")
    url = database.url
    with engine_for(tmp_path / "a", database, tables="missing") as engine:
        assert wait_for_error(engine, "E7228")["state"] == "failed"
    user(database, "nothing")
    with engine_for(tmp_path / "b", database) as engine:
        wait_for_error(engine, "E7228")
    database.url = url
    user(database, "no_replica", f"SELECT ON {database.name}.*")
    with engine_for(tmp_path / "c", database) as engine:
        assert "REPLICATION SLAVE" in wait_for_error(engine, "E7223")["last_error"]
    database.url = url.replace("pelton:pelton", "pelton:wrong")
    with engine_for(tmp_path / "d", database) as engine:
        assert wait_for_error(engine, "E7222")["state"] == "failed"
        assert "wrong" not in connector(engine)["last_error"]
    database.url = url
    with engine_for(tmp_path / "e", database, "server_id: 1") as engine:
        wait_for_error(engine, "E7229")
    with engine_for(tmp_path / "f", database, "tls: {}") as engine:
        wait_until(lambda: connector(engine)["last_error"], "a server without TLS")


@pytest.mark.parametrize("options, code", [
    ("url: \"mysql://u@h\"", "E7229"), ("url: \"postgresql://u@h\", tables: [a.b]", "E7220"), ("url: \"mysql://h:1\", tables: [a.b]", "E7220"),
    ("url: \"mysql://u@h:0\", tables: [a.b]", "E7220"), ("url: \"mysql://u@h/db\", tables: [a.b]", "E7220"),
    ("url: \"mysql://u@h\", tables: [orders]", "E7229"), ("url: \"mysql://u@h\", tables: [a.b], snapshot: sometimes", ""),
    ("url: \"mysql://u@h\", tables: [a.b], server_id: -1", "E1009")])
def test_wrong_options_are_refused_with_their_place(tmp_path, options, code):
    engine = Engine(tmp_path, f"""version: 1
engine: {{ data: ./data }}
streams: {{ changes: {{}} }}
connectors:
  shop: {{ mysql: {{ {options} }}, to: changes }}
""")
    done = subprocess.run([BINARY, "validate", engine.config], capture_output=True, text=True, check=False)
    assert done.returncode == 3 and code in done.stderr and ":5:" in done.stderr, done.stderr

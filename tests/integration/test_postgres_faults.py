# SPDX-License-Identifier: Apache-2.0
"""Slots, servers and tables that the source `postgres` must not continue with, or that come and go."""

import pytest

import postgres_server
from engine import wait_until
from postgres_server import Server, changes, config, connector, engine_for, place, wait_for, wait_for_error, wait_running


server = pytest.fixture(scope="module")(postgres_server.server)
database = pytest.fixture(postgres_server.database)


def test_a_gap_is_closed_by_a_snapshot_when_it_is_needed(tmp_path, database):
    database.sql("CREATE TABLE t (id int PRIMARY KEY)")
    engine = engine_for(tmp_path, database, "tables: [t], snapshot: when_needed")
    with engine:
        wait_running(engine)
        database.sql("INSERT INTO t VALUES (1)")
        wait_for(engine, 1)
    wait_until(lambda: database.slot("active") == "f", "the slot is free")
    database.sql(f"SELECT pg_drop_replication_slot('{database.slot_name}'); INSERT INTO t VALUES (2)")
    with engine:
        wait_for(engine, 2)
        assert "E7085" in connector(engine)["last_error"] and connector(engine)["state"] == "running"
        database.sql("INSERT INTO t VALUES (3)")
        events = wait_for(engine, 3)
        assert sorted((e["key"], e["headers"]["op"]) for e in events) == [("1", "c"), ("1", "r"), ("2", "r"), ("3", "c")]


def test_a_slot_that_was_dropped_or_moved_stops_the_source(tmp_path, database):
    database.sql("CREATE TABLE t (id int PRIMARY KEY)")
    engine = engine_for(tmp_path, database)
    with engine:
        wait_running(engine)
        database.sql("INSERT INTO t VALUES (1)")
        wait_for(engine, 1)
    wait_until(lambda: database.slot("active") == "f", "the slot is free")
    database.sql("INSERT INTO t VALUES (2)")
    database.sql(f"SELECT pg_replication_slot_advance('{database.slot_name}', pg_current_wal_lsn())")
    with engine:
        found = wait_for_error(engine, "E7086")
        assert found["state"] == "failed" and not engine.ready()
    database.sql(f"SELECT pg_drop_replication_slot('{database.slot_name}')")
    with engine:
        assert wait_for_error(engine, "E7085")["state"] == "failed"
        assert database.slot("count(*)") == "0", "none is created in its place"


def test_a_publication_that_was_dropped_stops_the_source(tmp_path, database):
    """The server reads each change with the publications of its time: creating it again does not help."""
    database.sql("CREATE TABLE t (id int PRIMARY KEY)")
    with engine_for(tmp_path, database, "tables: [t]") as engine:
        wait_running(engine)
        database.sql("INSERT INTO t VALUES (1)")
        wait_for(engine, 1)
        database.sql(f"DROP PUBLICATION {database.slot_name}; INSERT INTO t VALUES (2)")
        assert "a publication did not exist" in wait_for_error(engine, "E7085")["last_error"]
        assert len(changes(engine)) == 1


def test_a_slot_whose_changes_the_server_has_removed(tmp_path, server, database):
    database.sql("CREATE TABLE t (id int PRIMARY KEY)")
    engine = engine_for(tmp_path, database)
    with engine:
        wait_running(engine)
    wait_until(lambda: database.slot("active") == "f", "the slot is free")
    try:
        server.psql("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'; SELECT pg_reload_conf()")
        for i in range(4):
            database.sql(f"INSERT INTO t VALUES ({i}); SELECT pg_switch_wal()")
        database.sql("CHECKPOINT")
        assert database.slot("wal_status") == "lost"
        with engine:
            assert wait_for_error(engine, "E7088")["state"] == "failed"
        engine.config.write_text(config(database, "tables: [public.*], snapshot: when_needed"))
        with engine:
            assert sorted(e["key"] for e in wait_for(engine, 4)) == ["0", "1", "2", "3"]
    finally:
        server.psql("ALTER SYSTEM RESET max_slot_wal_keep_size; SELECT pg_reload_conf()")


def test_a_second_engine_waits_for_the_slot(tmp_path, database):
    database.sql("CREATE TABLE t (id int PRIMARY KEY)")
    with engine_for(tmp_path / "a", database, "tables: [t], snapshot: never") as first:
        wait_running(first)
        second = engine_for(tmp_path / "b", database, "tables: [t], snapshot: never").start()
        assert wait_for_error(second, "E7084")["state"] == "backing_off"
        before = database.sql("SELECT pg_current_wal_lsn()")
        database.sql("INSERT INTO t VALUES (1)")
        wait_for(first, 1)
        # Otherwise the second engine gets the row as well: its data folder does not know it.
        wait_until(lambda: database.slot(f"confirmed_flush_lsn > '{before}'") == "t", "the row is acknowledged")
        first.stop()
        wait_running(second)
        database.sql("INSERT INTO t VALUES (2)")
        assert [e["key"] for e in wait_for(second, 1)] == ["2"]


def test_tables_come_and_go(tmp_path, database):
    """A table that is dropped is read up to its end; a new one that matches is read from the next connection on."""
    database.sql("CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id);"
                 "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (100)")
    engine = engine_for(tmp_path, database, "tables: [a, p, \"more.*\"]")
    with engine:
        wait_running(engine)
        database.sql("INSERT INTO p VALUES (1)")
        assert [e["subject"] for e in wait_for(engine, 1)] == ["public.p"], "not the partition"
    database.sql("INSERT INTO a VALUES (1); DROP TABLE a; CREATE SCHEMA more; CREATE TABLE more.b (id int PRIMARY KEY)")
    with engine:
        wait_running(engine)
        database.sql("INSERT INTO more.b VALUES (1)")
        wait_for(engine, 2)
        assert [e["subject"] for e in sorted(changes(engine), key=place)] == ["public.p", "public.a", "more.b"]
        assert "E7090: table a does not exist" in connector(engine)["last_error"]


def test_a_user_with_few_rights_is_enough(tmp_path, server, database):
    database.sql(f"CREATE TABLE t (id int PRIMARY KEY); CREATE ROLE reader_{database.name} LOGIN REPLICATION;"
                 f"CREATE PUBLICATION mine FOR TABLE t; SELECT pg_create_logical_replication_slot('{database.slot_name}', 'pgoutput')")
    database.url = database.url.replace("pelton@", f"reader_{database.name}@")
    with engine_for(tmp_path, database, "publications: mine, create: false, snapshot: never") as engine:
        wait_running(engine)
        database.sql("INSERT INTO t VALUES (1)")
        assert [e["key"] for e in wait_for(engine, 1)] == ["1"]


def test_a_server_without_logical_replication(tmp_path):
    server = Server("wal_level=replica")
    try:
        database = server.database()
        database.sql("CREATE TABLE t (id int PRIMARY KEY)")
        with engine_for(tmp_path, database) as engine:
            assert wait_for_error(engine, "E7089")["state"] == "failed"
    finally:
        server.down()


def test_what_is_wrong_is_named(tmp_path, server, database):
    database.sql("CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE nokey (v int)")
    with engine_for(tmp_path / "a", database, "tables: [missing]") as engine:
        wait_for_error(engine, "E7090")
    with engine_for(tmp_path / "b", database, "tables: [nokey]") as engine:
        wait_for_error(engine, "E7095")
        database.sql("INSERT INTO nokey VALUES (1); UPDATE nokey SET v = 2")
    with engine_for(tmp_path / "c", database, "tables: [t], create: false") as engine:
        wait_for_error(engine, "E7085")
    database.sql("CREATE ROLE guest LOGIN")
    database.url = database.url.replace("pelton@", "guest@")
    with engine_for(tmp_path / "d", database, "tables: [t]") as engine:
        assert wait_until(lambda: [c for c in ("E7082", "E7083") if c in connector(engine)["last_error"]], "no rights")
    database.url = database.url.replace("guest@", "nobody-there@")
    with engine_for(tmp_path / "e", database, "tables: [t]") as engine:
        wait_for_error(engine, "E7082")


def test_rows_that_a_policy_hides_are_not_left_out_silently(tmp_path, database):
    database.sql("CREATE TABLE t (id int PRIMARY KEY, o text); INSERT INTO t VALUES (1, 'visitor'), (2, 'other');"
                 "ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (o = current_user);"
                 "CREATE ROLE visitor LOGIN REPLICATION; GRANT SELECT ON t TO visitor; CREATE PUBLICATION shop FOR TABLE t;"
                 f"SELECT pg_create_logical_replication_slot('{database.slot_name}', 'pgoutput')")
    database.url = database.url.replace("pelton@", "visitor@")
    with engine_for(tmp_path, database, "tables: [t], create: false, publications: [shop]") as engine:
        assert "row-level security" in wait_for_error(engine, "E7083")["last_error"]
        assert changes(engine) == []
        database.sql("ALTER ROLE visitor BYPASSRLS")
        assert sorted(e["key"] for e in wait_for(engine, 2)) == ["1", "2"]

# SPDX-License-Identifier: Apache-2.0
"""The source `postgres` of the built binary with a real server: every committed change once, across kill -9 of both."""

import json
import os
import signal
import threading

import pytest

import postgres_server
from engine import wait_until
from postgres_server import changes, connector, engine_for, place, wait_for, wait_running


server = pytest.fixture(scope="module")(postgres_server.server)
database = pytest.fixture(postgres_server.database)


def test_each_change_becomes_an_event(tmp_path, database):
    database.sql("CREATE TABLE orders (id int PRIMARY KEY, item text, price numeric(10, 2), paid bool)")
    with engine_for(tmp_path, database) as engine:
        wait_running(engine)
        database.sql("INSERT INTO orders VALUES (1, 'wheel', 12.50, false)")
        database.sql("BEGIN; UPDATE orders SET paid = true WHERE id = 1; UPDATE orders SET id = 2; COMMIT")
        database.sql("DELETE FROM orders; TRUNCATE orders")
        database.sql("BEGIN; INSERT INTO orders VALUES (9); ROLLBACK")
        events = sorted(wait_for(engine, 6), key=place)
        assert [(e["type"].split(".")[2], e["key"], e["data"]) for e in events] == [
            ("insert", "1", {"id": 1, "item": "wheel", "price": "12.50", "paid": False}),
            ("update", "1", {"id": 1, "item": "wheel", "price": "12.50", "paid": True}),
            ("delete", "1", {"id": 1}),
            ("insert", "2", {"id": 2, "item": "wheel", "price": "12.50", "paid": True}),
            ("delete", "2", {"id": 2}),
            ("truncate", "public.orders", {})]
        first = events[0]
        assert first["source"] == "postgres:shop" and first["subject"] == "public.orders"
        assert {name: first["headers"][name] for name in ("schema", "table", "op", "index")} == \
            {"schema": "public", "table": "orders", "op": "c", "index": "0"}
        assert len({e["headers"]["xid"] for e in events[1:4]}) == 1, "one transaction"
        assert len({e["id"] for e in events}) == 6


def test_kill_9_of_the_engine_neither_loses_nor_repeats(tmp_path, database):
    database.sql("CREATE TABLE t (id serial PRIMARY KEY, v int)")
    engine = engine_for(tmp_path, database)
    engine.start()
    wait_running(engine)
    stop = threading.Event()

    def load():
        while not stop.is_set():
            database.sql("INSERT INTO t (v) SELECT generate_series(1, 300); INSERT INTO t (v) VALUES (0);"
                         "UPDATE t SET v = v + 1 WHERE id % 100 = 0; DELETE FROM t WHERE id % 97 = 0")

    thread = threading.Thread(target=load)
    thread.start()
    try:
        for round_ in range(4):
            before = connector(engine)["events"]
            wait_until(lambda: connector(engine)["events"] > before + 500, "events")
            engine.kill()
            engine.start()
    finally:
        stop.set()
        thread.join()
    table = dict(database.rows("SELECT id, v FROM t"))
    database.sql("INSERT INTO t (v) VALUES (-1)")
    wait_until(lambda: any(e["data"].get("v") == -1 for e in changes(engine)), "the last change")
    table[database.sql("SELECT max(id) FROM t")] = "-1"
    events = changes(engine)
    engine.kill()
    assert len({e["id"] for e in events}) == len(events), "an event twice"
    assert replayed(events) == table


def replayed(events):
    """The table that the events describe."""
    rows = {}
    for event in sorted(events, key=place):
        if event["headers"]["op"] == "d":
            del rows[event["key"]]
        else:
            rows[event["key"]] = str(event["data"]["v"])
    return rows


def test_kill_9_within_a_large_transaction(tmp_path, database):
    database.sql("CREATE TABLE t (id int PRIMARY KEY, v text)")
    engine = engine_for(tmp_path, database)
    engine.start()
    wait_running(engine)
    count = 60_000
    database.sql(f"INSERT INTO t SELECT i, repeat('x', 200) FROM generate_series(1, {count}) i")
    wait_until(lambda: connector(engine)["events"] > 5000, "a part of it")
    engine.kill()
    engine.start()
    wait_until(lambda: sum(p["end"] for p in engine.status()["streams"][0]["partitions"]) >= count, "all of it", 120)
    database.sql("INSERT INTO t VALUES (0, 'last')")
    wait_until(lambda: sum(p["end"] for p in engine.status()["streams"][0]["partitions"]) > count, "one more")
    keys = [e["key"] for e in changes(engine)]
    assert len(keys) == count + 1 and len(set(keys)) == count + 1
    assert engine.peak_bytes() < 300 << 20


def test_the_server_is_killed_and_comes_back(tmp_path, server, database):
    database.sql("CREATE TABLE t (id int PRIMARY KEY, v int)")
    with engine_for(tmp_path, database) as engine:
        wait_running(engine)
        for round_ in range(2):
            database.sql(f"INSERT INTO t SELECT i, 0 FROM generate_series({round_ * 1000}, {round_ * 1000 + 999}) i")
            server.kill()
            wait_until(lambda: connector(engine)["state"] == "backing_off", "the source waits")
            assert "E7081" in connector(engine)["last_error"]
            server.up()
            wait_running(engine)
        database.sql("INSERT INTO t VALUES (-1, 0)")
        keys = [e["key"] for e in wait_for(engine, 2001)]
        assert sorted(map(int, keys)) == list(range(-1, 2000))


def test_the_server_stops_in_order_and_forgets_what_is_stored(tmp_path, server, database):
    """A server that stops waits for its readers; an idle table does not hold its log."""
    database.sql("CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE other (v text)")
    with engine_for(tmp_path, database, "tables: [t]") as engine:
        wait_running(engine)
        database.sql("INSERT INTO other SELECT repeat('x', 1000) FROM generate_series(1, 20000)")
        wait_until(lambda: int(database.slot("pg_current_wal_lsn() - confirmed_flush_lsn")) < 2 << 20, "the slot follows", 30)
        server.stop()
        server.up()
        wait_running(engine)
        database.sql("INSERT INTO t VALUES (1)")
        assert [e["key"] for e in wait_for(engine, 1)] == ["1"]


def test_values_that_the_server_does_not_send_are_no_nulls(tmp_path, database):
    database.sql("CREATE TABLE t (id int PRIMARY KEY, v int, big text); ALTER TABLE t ALTER big SET STORAGE EXTERNAL")
    with engine_for(tmp_path, database) as engine:
        wait_running(engine)
        database.sql("INSERT INTO t VALUES (1, 1, repeat('x', 100000)); UPDATE t SET v = 2")
        database.sql("ALTER TABLE t REPLICA IDENTITY FULL; UPDATE t SET v = 3; UPDATE t SET big = NULL")
        events = sorted(wait_for(engine, 4), key=place)
        assert events[1]["data"] == {"id": 1, "v": 2} and json.loads(events[1]["headers"]["unchanged"]) == ["big"]
        assert len(events[2]["data"]["big"]) == 100_000, "the old row had it"
        assert events[3]["data"]["big"] is None and "unchanged" not in events[3]["headers"]
        assert {e["key"] for e in events} == {"1"}


def test_definitions_change_between_and_within_transactions(tmp_path, database):
    database.sql("CREATE TABLE t (id int PRIMARY KEY, a text)")
    with engine_for(tmp_path, database) as engine:
        wait_running(engine)
        database.sql("INSERT INTO t VALUES (1, 'x'); ALTER TABLE t ADD b int DEFAULT 7; INSERT INTO t VALUES (2, 'y', 8)")
        database.sql("BEGIN; INSERT INTO t VALUES (3, 'z', 9); ALTER TABLE t RENAME a TO \"Größe\"; ALTER TABLE t DROP b;"
                     "INSERT INTO t VALUES (4, 'ü'); COMMIT; ALTER TABLE t ALTER \"Größe\" TYPE int USING 0; UPDATE t SET id = id")
        events = sorted(wait_for(engine, 4), key=place)
        assert [e["data"] for e in events[:4]] == [{"id": 1, "a": "x"}, {"id": 2, "a": "y", "b": 8}, {"id": 3, "a": "z", "b": 9},
                                                   {"id": 4, "Größe": "ü"}]
        events = sorted(wait_for(engine, 8), key=place)
        assert [e["data"] for e in events[4:]] == [{"id": i, "Größe": 0} for i in (1, 2, 3, 4)]


VALUES = [
    ("smallint", "-32768", -32768), ("bigint", "9223372036854775807", 9223372036854775807), ("bool", "true", True),
    ("real", "'1.5'", 1.5), ("double precision", "'NaN'", "NaN"), ("double precision", "'-Infinity'", "-Infinity"),
    ("numeric", "'123456789012345678901234567890.12345'", "123456789012345678901234567890.12345"), ("numeric", "'NaN'", "NaN"),
    ("numeric[]", "'{1.50,NaN,NULL}'", ["1.50", "NaN", None]), ("money", "-1234.5", "-1234.50"), ("text", "'a\"b\\ü'", 'a"b\\ü'),
    ("char(3)", "'a'", "a  "), ("json", "'{\"a\": [1, null]}'", {"a": [1, None]}), ("jsonb", "'\"x\"'", "x"),
    ("bytea", "'\\x00ff10'", "AP8Q"), ("uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    ("date", "'0044-03-15 BC'", "-0043-03-15"), ("date", "'infinity'", "infinity"), ("timestamp", "'2026-11-28 10:00:00.5'",
                                                                                    "2026-11-28T10:00:00.5"),
    ("timestamptz", "'2026-11-28 12:00:00+02'", "2026-11-28T10:00:00Z"), ("timestamptz", "'294276-12-31 23:59:59+00'",
                                                                          "+294276-12-31T23:59:59Z"),
    ("interval", "'1 year 2 months 3 days 04:05:06.7'", "P1Y2M3DT4H5M6.7S"), ("time", "'10:11:12.5'", "10:11:12.5"),
    ("int[]", "'{{1,2},{3,NULL}}'", [[1, 2], [3, None]]), ("text[]", "'{\"a,b\",NULL,\"NULL\"}'", ["a,b", None, "NULL"]),
    ("bytea[]", "ARRAY['\\x00'::bytea]", ["AA=="]), ("jsonb[]", "ARRAY['{\"a\":1}'::jsonb]", [{"a": 1}]),
    ("inet", "'10.0.0.1/8'", "10.0.0.1/8"), ("bit(4)", "B'1010'", "1010"), ("int4range", "'[1,5)'", "[1,5)"),
    ("tsvector", "'a b'", "'a' 'b'"), ("point", "'(1,2)'", "(1,2)"), ("mood", "'sad'", "sad"), ("mood[]", "'{sad,happy}'", ["sad", "happy"]),
    ("positive", "7", 7), ("pair", "ROW(1, 'a \"b\"')", {"x": 1, "y": 'a "b"'}), ("pair[]", "ARRAY[ROW(1, NULL)::pair]",
                                                                                [{"x": 1, "y": None}]),
    ("int4multirange", "'{[1,3),[5,7)}'", "{[1,3),[5,7)}"), ("box[]", "'{(1,1),(0,0)}'", ["(1,1),(0,0)"]), ("text", "NULL", None),
]


def test_values_of_every_type(tmp_path, database):
    database.sql("CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE DOMAIN positive AS int CHECK (VALUE > 0);"
                 "CREATE TYPE pair AS (x int, y text)")
    columns = ", ".join(f"c{i} {kind}" for i, (kind, _, _) in enumerate(VALUES))
    database.sql(f"CREATE TABLE t (id int PRIMARY KEY, {columns})")
    with engine_for(tmp_path, database) as engine:
        wait_running(engine)
        database.sql(f"INSERT INTO t VALUES (1, {', '.join(value for _, value, _ in VALUES)})")
        data = wait_for(engine, 1)[0]["data"]
        for i, (kind, value, expected) in enumerate(VALUES):
            assert data[f"c{i}"] == expected, (kind, value)


def test_debeziums_document_and_tombstones(tmp_path, database):
    database.sql("CREATE TABLE t (id int, part int, v text, PRIMARY KEY (id, part))")
    with engine_for(tmp_path, database, "tables: [t], envelope: debezium, tombstones: true, decimals: number") as engine:
        wait_running(engine)
        database.sql("INSERT INTO t VALUES (1, 2, 'a'); DELETE FROM t")
        events = sorted(wait_for(engine, 3), key=place)
        first = events[0]
        assert json.loads(first["key"]) == {"id": 1, "part": 2}
        assert first["data"]["op"] == "c" and first["data"]["before"] is None
        assert first["data"]["after"] == {"id": 1, "part": 2, "v": "a"}
        assert first["data"]["source"]["table"] == "t" and first["data"]["source"]["db"] == database.name
        assert events[1]["data"]["op"] == "d" and events[1]["data"]["before"] == {"id": 1, "part": 2}
        assert events[2]["type"] == "pelton.postgres.tombstone" and events[2].get("data") is None


def test_a_snapshot_comes_before_the_changes(tmp_path, database):
    database.sql("CREATE TABLE a (id int PRIMARY KEY, v text); INSERT INTO a SELECT i, E'x\\t\\n\\\\' || i FROM generate_series(1, 3) i;"
                 "CREATE TABLE b (x int, y text, z int GENERATED ALWAYS AS (x * 2) STORED, PRIMARY KEY (y, x));"
                 "INSERT INTO b VALUES (1, 'ü')")
    with engine_for(tmp_path, database) as engine:
        wait_running(engine)
        database.sql("UPDATE a SET v = NULL WHERE id = 2")
        events = wait_for(engine, 5)
        read = [e for e in events if e["headers"]["op"] == "r"]
        assert sorted((e["subject"], e["key"]) for e in read) == [("public.a", "1"), ("public.a", "2"), ("public.a", "3"),
                                                                  ("public.b", '[1,"ü"]')]
        assert next(e["data"] for e in read if e["key"] == "1") == {"id": 1, "v": "x\t\n\\1"}
        assert next(e["data"] for e in read if e["subject"] == "public.b") == {"x": 1, "y": "ü"}
        assert len({e["id"] for e in events}) == 5 and read[0]["type"] == "pelton.postgres.read"
        assert [e["data"] for e in events if e["headers"]["op"] == "u"] == [{"id": 2, "v": None}]
        engine.kill()
        engine.start()
        database.sql("DELETE FROM a WHERE id = 1")
        wait_until(lambda: [e for e in changes(engine) if e["headers"]["op"] == "d"], "the delete")
        assert len(changes(engine)) == 6, "no second snapshot"


def test_a_snapshot_does_not_hold_up_changes_of_definitions(tmp_path, database):
    database.sql("CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1); CREATE TABLE b (id int PRIMARY KEY, v text);"
                 "INSERT INTO b SELECT i, repeat('x', 2000) FROM generate_series(1, 20000) i")
    with engine_for(tmp_path, database) as engine:
        wait_until(lambda: connector(engine)["events"] > 1, "the second table is read")
        os.kill(engine.process.pid, signal.SIGSTOP)
        database.sql("SET lock_timeout = '10s'; ALTER TABLE a ADD v int")
        os.kill(engine.process.pid, signal.SIGCONT)
        database.sql("INSERT INTO a VALUES (2, 3)")
        wait_until(lambda: any(e["data"] == {"id": 2, "v": 3} for e in changes(engine)), "the change")


def test_a_snapshot_continues_after_kill_9(tmp_path, database):
    count = 40_000
    database.sql(f"CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t SELECT i, 0 FROM generate_series(1, {count}) i;"
                 "CREATE TABLE nokey (id int, v int); ALTER TABLE nokey REPLICA IDENTITY FULL; INSERT INTO nokey VALUES (1, 1)")
    engine = engine_for(tmp_path, database)
    engine.start()
    wait_until(lambda: connector(engine)["events"] > 1000, "a part of it")
    engine.kill()
    database.sql(f"UPDATE t SET v = 1 WHERE id % 1000 = 0; DELETE FROM t WHERE id % 1000 = 1; INSERT INTO t VALUES ({count + 1}, 0)")
    engine.start()
    database.sql("INSERT INTO t VALUES (0, 0)")
    wait_until(lambda: any(e["key"] == "0" and e["headers"]["op"] == "c" for e in changes(engine)), "the last change", 120)
    rows = {}
    for partition in (0, 1):
        for event in engine.consume("changes", "--partition", str(partition)):
            if event["subject"] == "public.nokey":
                continue
            if dict(event["headers"])["op"] == "d":
                rows.pop(event["key"], None)
            else:
                rows[event["key"]] = str(event["data"]["v"])
    engine.kill()
    assert rows == dict(database.rows("SELECT id, v FROM t"))


@pytest.mark.parametrize("mode, expected", [("never", ["2"]), ("only", ["1"])])
def test_snapshots_by_option(tmp_path, database, mode, expected):
    database.sql("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)")
    with engine_for(tmp_path, database, f"tables: [t], snapshot: {mode}") as engine:
        wait_running(engine)
        if mode == "only":
            wait_for(engine, 1)
        database.sql("INSERT INTO t VALUES (2)")
        assert [e["key"] for e in wait_for(engine, 1)] == expected
        assert database.slot("count(*)") == ("0" if mode == "only" else "1")

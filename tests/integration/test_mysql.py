# SPDX-License-Identifier: Apache-2.0
"""The source `mysql` of the built binary with a real MariaDB server: every committed change once, across kill -9 of both."""

import base64
import json
import os
import signal
import threading

import pytest

import mariadb_server
from engine import ROOT, Engine, wait_until
from mariadb_server import changes, connector, engine_for, place, wait_for, wait_running


server = pytest.fixture(scope="module")(mariadb_server.server)
database = pytest.fixture(mariadb_server.database)


def test_each_change_becomes_an_event(tmp_path, database):
    database.sql("CREATE TABLE orders (id int PRIMARY KEY, item text, price decimal(10, 2), paid bool)")
    with engine_for(tmp_path, database) as engine:
        wait_running(engine)
        database.sql("INSERT INTO orders VALUES (1, 'wheel', 12.50, false)")
        database.sql("BEGIN; UPDATE orders SET paid = true WHERE id = 1; UPDATE orders SET id = 2; COMMIT")
        database.sql("DELETE FROM orders; TRUNCATE orders")
        database.sql("BEGIN; INSERT INTO orders VALUES (9, '', 0, 0); ROLLBACK")
        events = sorted(wait_for(engine, 6), key=place)
        assert [(e["type"].split(".")[2], e["key"], e["data"]) for e in events] == [
            ("insert", "1", {"id": 1, "item": "wheel", "price": "12.50", "paid": 0}),
            ("update", "1", {"id": 1, "item": "wheel", "price": "12.50", "paid": 1}),
            ("delete", "1", {"id": 1, "item": "wheel", "price": "12.50", "paid": 1}),
            ("insert", "2", {"id": 2, "item": "wheel", "price": "12.50", "paid": 1}),
            ("delete", "2", {"id": 2, "item": "wheel", "price": "12.50", "paid": 1}),
            ("truncate", f"{database.name}.orders", {})]
        first = events[0]
        assert first["source"] == "mysql:shop" and first["subject"] == f"{database.name}.orders"
        assert {name: first["headers"][name] for name in ("schema", "table", "op", "index")} == \
            {"schema": database.name, "table": "orders", "op": "c", "index": "0"}
        assert len({e["headers"]["gtid"] for e in events[1:4]}) == 1, "one transaction"
        assert len({e["id"] for e in events}) == 6
        assert connector(engine)["position"].startswith("0-1-")


def replayed(events):
    """The table that the events describe; a partition has the events of a key in order."""
    rows = {}
    for event in events:
        if dict(event["headers"])["op"] == "d":
            rows.pop(event["key"], None)
        else:
            rows[event["key"]] = str(event["data"]["v"])
    return rows


def by_partition(engine):
    return [event for partition in (0, 1) for event in engine.consume("changes", "--partition", str(partition))]


def test_kill_9_of_the_engine_neither_loses_nor_repeats(tmp_path, database):
    database.sql("CREATE TABLE t (id int PRIMARY KEY AUTO_INCREMENT, v int)")
    engine = engine_for(tmp_path, database)
    engine.start()
    wait_running(engine)
    stop = threading.Event()

    def load():
        while not stop.is_set():
            database.sql("INSERT INTO t (v) SELECT seq FROM seq_1_to_300; INSERT INTO t (v) VALUES (0);"
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
    database.sql("INSERT INTO t (v) VALUES (-1)")
    table = dict(database.rows("SELECT id, v FROM t"))
    wait_until(lambda: any(e["data"].get("v") == -1 for e in changes(engine)), "the last change")
    events = changes(engine)
    engine.kill()
    assert len({e["id"] for e in events}) == len(events), "an event twice"
    assert replayed(sorted(events, key=place)) == table


def test_kill_9_within_a_large_transaction(tmp_path, database):
    database.sql("CREATE TABLE t (id int PRIMARY KEY, v text)")
    engine = engine_for(tmp_path, database)
    engine.start()
    wait_running(engine)
    count = 60_000
    database.sql(f"INSERT INTO t SELECT seq, repeat('x', 200) FROM seq_1_to_{count}")
    wait_until(lambda: connector(engine)["events"] > 5000, "a part of it")
    engine.kill()
    engine.start()
    wait_until(lambda: sum(p["end"] for p in engine.status()["streams"][0]["partitions"]) >= count, "all of it", 120)
    database.sql("INSERT INTO t VALUES (0, 'last')")
    wait_until(lambda: sum(p["end"] for p in engine.status()["streams"][0]["partitions"]) > count, "one more")
    keys = [e["key"] for e in changes(engine)]
    assert len(keys) == count + 1 and len(set(keys)) == count + 1
    assert engine.peak_bytes() < 300 << 20


@pytest.mark.parametrize("positions", ["gtid", "file"])
def test_the_server_is_killed_and_comes_back(tmp_path, server, database, positions):
    database.sql("CREATE TABLE t (id int PRIMARY KEY, v int)")
    with engine_for(tmp_path, database, f"positions: {positions}") as engine:
        wait_running(engine)
        for round_ in range(2):
            database.sql(f"INSERT INTO t SELECT seq, 0 FROM seq_{round_ * 1000}_to_{round_ * 1000 + 999}")
            server.kill()
            wait_until(lambda: connector(engine)["state"] == "backing_off", "the source waits")
            assert "E7221" in connector(engine)["last_error"]
            server.up()
            wait_running(engine)
            database.sql("FLUSH BINARY LOGS")
        database.sql("INSERT INTO t VALUES (-1, 0)")
        keys = [e["key"] for e in wait_for(engine, 2001)]
        assert sorted(map(int, keys)) == list(range(-1, 2000))


VALUES = [
    ("tinyint", "-128", -128), ("tinyint unsigned", "255", 255), ("smallint unsigned", "65535", 65535), ("mediumint", "-8388608", -8388608),
    ("mediumint unsigned", "16777215", 16777215), ("int unsigned", "4294967295", 4294967295), ("bigint", "-9223372036854775808", -(2**63)),
    ("bigint unsigned", "18446744073709551615", 2**64 - 1), ("int(5) zerofill", "42", 42), ("decimal(6,2) zerofill", "1.5", "1.50"), ("bool", "true", 1),
    ("float", "0.1", 0.1), ("float", "-1.5e-10", -1.5e-10), ("double", "0.1", 0.1), ("double", "1e300", 1e300), ("double(10,2)", "1.5", 1.5),
    ("decimal(30,10)", "'-12345678901234567890.0123456789'", "-12345678901234567890.0123456789"), ("decimal(5,0)", "-7", "-7"),
    ("decimal(4,4)", "0.0123", "0.0123"), ("decimal(65,30)", "1", "1." + "0" * 30),
    ("bit(1)", "b'1'", 1), ("bit(64)", "~0", 2**64 - 1), ("bit(12)", "b'101010101010'", 2730),
    ("char(5)", "'ab'", "ab"), ("char(5) CHARACTER SET latin1", "'é€'", "é€"), ("varchar(20) CHARACTER SET latin1", "'Größe'", "Größe"),
    ("varchar(20) CHARACTER SET utf8mb4", "'\U0001F600ü'", "\U0001F600ü"), ("varchar(300)", "repeat('ä', 300)", "ä" * 300),
    ("char(100) CHARACTER SET utf8mb4", "repeat('ü', 100)", "ü" * 100), ("varchar(10) CHARACTER SET ucs2", "'Aü'", "Aü"),
    ("varchar(10) CHARACTER SET sjis", "'日本'", "日本"), ("varchar(10) CHARACTER SET koi8r", "'мир'", "мир"),
    ("text", "'a\"b\\\\ü'", 'a"b\\ü'), ("longtext", "repeat('x', 100000)", "x" * 100000), ("tinytext CHARACTER SET latin1", "'é'", "é"),
    ("binary(4)", "x'61000000'", b"a\0\0\0"), ("binary(4)", "x'00000000'", b"\0\0\0\0"), ("varbinary(10)", "x'00FF00'", b"\0\xff\0"),
    ("blob", "x'00ff10'", b"\0\xff\x10"), ("longblob", "''", b""),
    ("enum('small','it''s','ü')", "'it''s'", "it's"), ("enum('a','b') CHARACTER SET latin1", "'b'", "b"),
    ("set('a','b','c','d','e','f','g','h','i')", "'i,a'", "a,i"), ("set('x')", "''", ""),
    ("date", "'2026-11-28'", "2026-11-28"), ("date", "'0000-00-00'", "0000-00-00"), ("date", "'9999-12-31'", "9999-12-31"),
    ("time", "'-838:59:59'", "-838:59:59"), ("time(6)", "'-00:00:00.000001'", "-00:00:00.000001"), ("time(3)", "'-10:11:12.5'", "-10:11:12.500"),
    ("time(1)", "'01:02:03.9'", "01:02:03.9"), ("time(2)", "'-01:02:03.99'", "-01:02:03.99"),
    ("datetime", "'2026-11-28 10:00:00'", "2026-11-28T10:00:00"), ("datetime(6)", "'1000-01-01 00:00:00.000001'", "1000-01-01T00:00:00.000001"),
    ("datetime(3)", "'0000-00-00 00:00:00'", "0000-00-00T00:00:00.000"), ("datetime", "'2026-00-00 00:00:00'", "2026-00-00T00:00:00"),
    ("timestamp", "'2026-11-28 10:00:00'", "2026-11-28T10:00:00Z"), ("timestamp(4)", "'2001-02-03 04:05:06.7891'", "2001-02-03T04:05:06.7891Z"),
    ("timestamp NULL", "'0000-00-00 00:00:00'", "0000-00-00T00:00:00Z"), ("year", "2026", 2026), ("year", "0", 0), ("year", "1901", 1901),
    ("json", "'{\"a\": [1, null, \"ü\"]}'", {"a": [1, None, "ü"]}), ("json", "'\"x\"'", "x"),
    ("point", "ST_GeomFromText('POINT(1 2)', 4326)", {"srid": 4326, "wkb": base64.b64encode(
        bytes.fromhex("0101000000000000000000f03f0000000000000040")).decode()}),
    ("inet6", "'2001:db8::1'", "2001:db8::1"), ("inet6", "'ff00::'", "ff00::"), ("inet4", "'10.0.0.1'", "10.0.0.1"),
    ("uuid", "'123e4567-e89b-12d3-a456-426655440000'", "123e4567-e89b-12d3-a456-426655440000"),
    ("uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    ("uuid", "'01890f5e-7c1a-7f3e-8b1a-000000000000'", "01890f5e-7c1a-7f3e-8b1a-000000000000"),
    ("varchar(1000) COMPRESSED", "repeat('ab', 400)", "ab" * 400), ("text COMPRESSED CHARACTER SET latin1", "'é'", "é"),
    ("int AS (id * 2) VIRTUAL", None, 2), ("int AS (id + 1) PERSISTENT", None, 2), ("text", "NULL", None),
]


def expected(value):
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def check_values(data, why):
    wrong = [(kind, value, data.get(f"c{i}", "missing")) for i, (kind, value, want) in enumerate(VALUES)
             if data.get(f"c{i}", "missing") != expected(want)]
    assert not wrong, (why, wrong)


@pytest.mark.parametrize("metadata", ["NO_LOG", "FULL"])
def test_values_of_every_type_are_the_same_from_snapshot_and_log(tmp_path, server, database, metadata):
    columns = ", ".join(f"c{i} {kind}" for i, (kind, _, _) in enumerate(VALUES))
    names = ", ".join(f"c{i}" for i, (_, value, _) in enumerate(VALUES) if value is not None)
    values = ", ".join(value for _, value, _ in VALUES if value is not None)
    database.sql(f"CREATE TABLE t (id int PRIMARY KEY, {columns})")
    insert = f"SET time_zone = '+00:00', sql_mode = ''; INSERT INTO t (id, {names}) VALUES (1, {values})"
    server.sql(f"SET GLOBAL binlog_row_metadata = {metadata}")
    try:
        database.sql(insert)
        with engine_for(tmp_path, database) as engine:
            wait_running(engine)
            database.sql("DELETE FROM t")
            database.sql(insert)
            events = wait_for(engine, 3)
            check_values(next(e["data"] for e in events if e["headers"]["op"] == "r"), "snapshot")
            check_values(next(e["data"] for e in events if e["headers"]["op"] == "d"), "delete")
            check_values(next(e["data"] for e in events if e["headers"]["op"] == "c"), "insert")
    finally:
        server.sql("SET GLOBAL binlog_row_metadata = NO_LOG")


def test_debeziums_document_and_tombstones(tmp_path, database):
    database.sql("CREATE TABLE t (id int, part int, v text, PRIMARY KEY (id, part))")
    with engine_for(tmp_path, database, "envelope: debezium, tombstones: true, decimals: number") as engine:
        wait_running(engine)
        database.sql("INSERT INTO t VALUES (1, 2, 'a'); DELETE FROM t")
        events = sorted(wait_for(engine, 3), key=place)
        first = events[0]
        assert json.loads(first["key"]) == {"id": 1, "part": 2}
        assert first["data"]["op"] == "c" and first["data"]["before"] is None
        assert first["data"]["after"] == {"id": 1, "part": 2, "v": "a"}
        source = first["data"]["source"]
        assert source["table"] == "t" and source["db"] == database.name and source["gtid"] == first["headers"]["gtid"]
        assert source["file"].startswith("binlog.") and source["server_id"] == 1
        assert events[1]["data"]["op"] == "d" and events[1]["data"]["before"] == {"id": 1, "part": 2, "v": "a"}
        assert events[2]["type"] == "pelton.mysql.tombstone" and events[2].get("data") is None


def test_minimal_images_and_compressed_logs(tmp_path, server, database):
    database.sql("CREATE TABLE t (id int PRIMARY KEY, a text, b text)")
    server.sql("SET GLOBAL binlog_row_image = MINIMAL, GLOBAL log_bin_compress = ON, GLOBAL log_bin_compress_min_len = 10")
    try:
        with engine_for(tmp_path, database) as engine:
            wait_running(engine)
            database.sql("INSERT INTO t VALUES (1, repeat('x', 500), 'b'); UPDATE t SET b = 'c'; DELETE FROM t")
            events = sorted(wait_for(engine, 3), key=place)
            assert [e["data"] for e in events] == [{"id": 1, "a": "x" * 500, "b": "b"}, {"id": 1, "b": "c"}, {"id": 1}]
            assert json.loads(events[1]["headers"]["unchanged"]) == ["a"]
            assert {e["key"] for e in events} == {"1"}
    finally:
        server.sql("SET GLOBAL binlog_row_image = FULL, GLOBAL log_bin_compress = OFF")


def test_a_snapshot_comes_before_the_changes(tmp_path, database):
    database.sql("CREATE TABLE a (id int PRIMARY KEY, v text); INSERT INTO a SELECT seq, concat('x\\t\\n\\\\', seq) FROM seq_1_to_3;"
                 "CREATE TABLE b (x int, y varchar(10), PRIMARY KEY (y, x)); INSERT INTO b VALUES (1, 'ü')")
    with engine_for(tmp_path, database) as engine:
        wait_running(engine)
        database.sql("UPDATE a SET v = NULL WHERE id = 2")
        events = wait_for(engine, 5)
        read = [e for e in events if e["headers"]["op"] == "r"]
        assert sorted((e["subject"].split(".")[1], e["key"]) for e in read) == [("a", "1"), ("a", "2"), ("a", "3"), ("b", '[1,"ü"]')]
        assert next(e["data"] for e in read if e["key"] == "1") == {"id": 1, "v": "x\t\n\\1"}
        assert len({e["id"] for e in events}) == 5 and read[0]["type"] == "pelton.mysql.read"
        assert [e["data"] for e in events if e["headers"]["op"] == "u"] == [{"id": 2, "v": None}]
        engine.kill()
        engine.start()
        database.sql("DELETE FROM a WHERE id = 1")
        wait_until(lambda: [e for e in changes(engine) if e["headers"]["op"] == "d"], "the delete")
        assert len(changes(engine)) == 6, "no second snapshot"


def test_a_snapshot_under_load_continues_after_kill_9(tmp_path, server, database):
    count = 40_000
    database.sql(f"CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t SELECT seq, 0 FROM seq_1_to_{count}")
    stop = threading.Event()

    def load():
        n = count
        while not stop.is_set():
            n += 1
            database.sql(f"UPDATE t SET v = v + 1 WHERE id % 1000 = {n % 1000}; DELETE FROM t WHERE id = {n % 7919}; INSERT INTO t VALUES ({n}, 0)")

    thread = threading.Thread(target=load)
    thread.start()
    engine = engine_for(tmp_path, database)
    try:
        engine.start()
        wait_until(lambda: connector(engine)["events"] > 1000, "a part of it")
        engine.kill()
        engine.start()
        wait_running(engine)
    finally:
        stop.set()
        thread.join()
    server.kill()
    server.up()
    database.sql("INSERT INTO t VALUES (0, 0)")
    wait_until(lambda: any(e["key"] == "0" and e["headers"]["op"] == "c" for e in changes(engine)), "the last change", 120)
    rows = replayed(by_partition(engine))
    engine.kill()
    assert rows == dict(database.rows("SELECT id, v FROM t"))


@pytest.mark.parametrize("mode, expected", [("never", ["2"]), ("only", ["1"])])
def test_snapshots_by_option(tmp_path, database, mode, expected):
    database.sql("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)")
    with engine_for(tmp_path, database, f"snapshot: {mode}") as engine:
        if mode == "only":
            wait_for(engine, 1)
        else:
            wait_running(engine)
        database.sql("INSERT INTO t VALUES (2)")
        assert [e["key"] for e in wait_for(engine, 1)] == expected


def test_definitions_change_between_changes(tmp_path, database):
    """The log has no names here (binlog_row_metadata = NO_LOG): the connector follows the statements."""
    database.sql("CREATE TABLE t (id int PRIMARY KEY, a text)")
    engine = engine_for(tmp_path, database)
    with engine:
        wait_running(engine)
    database.sql("INSERT INTO t VALUES (1, 'x'); ALTER TABLE t ADD b int unsigned DEFAULT 7 AFTER id; INSERT INTO t VALUES (2, 4294967295, 'q');"
                 "ALTER TABLE t CHANGE a `Größe` varchar(10) CHARACTER SET latin1, DROP COLUMN b; INSERT INTO t VALUES (3, 'ü');"
                 "RENAME TABLE t TO u; INSERT INTO u VALUES (4, 'é');"
                 "CREATE TABLE v (x bigint unsigned, e enum('a','b') NOT NULL, j json, PRIMARY KEY (x)); INSERT INTO v VALUES (18446744073709551615, 'b', '[1]');"
                 "ALTER TABLE v RENAME COLUMN x TO y; UPDATE v SET e = 'a'; CREATE TABLE w LIKE v; INSERT INTO w SELECT * FROM v; DROP TABLE v;"
                 "ALTER TABLE u DROP PRIMARY KEY, ADD PRIMARY KEY (`Größe`); DELETE FROM u WHERE id = 4")
    with engine:
        events = sorted(wait_for(engine, 8), key=place)
        assert [(e["subject"].split(".")[1], e["key"], e["data"]) for e in events] == [
            ("t", "1", {"id": 1, "a": "x"}), ("t", "2", {"id": 2, "b": 4294967295, "a": "q"}), ("t", "3", {"id": 3, "Größe": "ü"}),
            ("u", "4", {"id": 4, "Größe": "é"}), ("v", str(2**64 - 1), {"x": 2**64 - 1, "e": "b", "j": [1]}),
            ("v", str(2**64 - 1), {"y": 2**64 - 1, "e": "a", "j": [1]}), ("w", str(2**64 - 1), {"y": 2**64 - 1, "e": "a", "j": [1]}),
            ("u", "é", {"id": 4, "Größe": "é"})]


def test_the_parts_of_an_alter_take_effect_together(tmp_path, database):
    """Nothing but names tells the columns apart: followed wrongly, their values would be swapped."""
    database.sql("CREATE TABLE t (id int, a int, b int, PRIMARY KEY (ID))")
    engine = engine_for(tmp_path, database)
    with engine:
        wait_running(engine)
    database.sql("INSERT INTO t VALUES (1, 10, 20); ALTER TABLE t CHANGE a b int, CHANGE b a int; INSERT INTO t (id, a, b) VALUES (2, 20, 10);"
                 "ALTER TABLE t RENAME COLUMN b TO a, RENAME COLUMN a TO b; ALTER TABLE t ADD COLUMN IF NOT EXISTS a int; INSERT INTO t VALUES (3, 10, 20);"
                 "CREATE TABLE u LIKE t; INSERT INTO u VALUES (4, 10, 20); ALTER TABLE u CHANGE a period int; INSERT INTO u VALUES (5, 10, 20);"
                 "CREATE TABLE v (period int, a int, PRIMARY KEY (PERIOD)); INSERT INTO v VALUES (6, 10); ALTER TABLE v CHANGE a c int")
    with engine:
        events = sorted(wait_for(engine, 6), key=place)
        assert [(e["key"], e["data"]) for e in events] == [
            ("1", {"id": 1, "a": 10, "b": 20}), ("2", {"id": 2, "b": 10, "a": 20}), ("3", {"id": 3, "a": 10, "b": 20}),
            ("4", {"id": 4, "a": 10, "b": 20}), ("5", {"id": 5, "period": 10, "b": 20}), ("6", {"period": 6, "a": 10})]


def test_what_was_rolled_back_does_not_come(tmp_path, database):
    """The server logs the rows of such transactions, because a temporary table was created in them."""
    database.sql("CREATE TABLE t (id int PRIMARY KEY, v varchar(500)); CREATE SEQUENCE s")
    temporary = "CREATE TEMPORARY TABLE q (a int)"
    with engine_for(tmp_path, database) as engine:
        wait_running(engine)
        database.sql(f"BEGIN; INSERT INTO t VALUES (1, ''); {temporary}; INSERT INTO t VALUES (2, ''); ROLLBACK; SELECT NEXTVAL(s)")
        database.sql(f"BEGIN; INSERT INTO t VALUES (3, ''); {temporary}; SAVEPOINT `s t`; INSERT INTO t VALUES (4, ''); ROLLBACK TO `s t`;"
                     "INSERT INTO t VALUES (5, ''); COMMIT")
        # Larger than what is held back.
        large = "SELECT seq, repeat('x', 500) FROM seq_{0}0000_to_{0}9999 UNION ALL SELECT seq + 1000000, repeat('x', 500) FROM seq_{0}00000_to_{0}69999"
        database.sql(f"BEGIN; INSERT INTO t VALUES (6, ''); {temporary}; SAVEPOINT s; INSERT INTO t {large.format(1)}; ROLLBACK TO s;"
                     "INSERT INTO t VALUES (7, ''); COMMIT")
        database.sql(f"BEGIN; {temporary}; INSERT INTO t {large.format(2)}; ROLLBACK; INSERT INTO t VALUES (8, '')")
        assert [e["key"] for e in sorted(wait_for(engine, 5), key=place)] == ["3", "5", "6", "7", "8"]
        assert engine.peak_bytes() < 250 << 20


def test_a_snapshot_does_not_hold_up_changes_of_definitions(tmp_path, database):
    rows = 20_000
    database.sql("CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a VALUES (1); CREATE TABLE b (id int PRIMARY KEY, v varchar(2000));"
                 f"INSERT INTO b SELECT seq, repeat('x', 2000) FROM seq_1_to_{rows}")
    with engine_for(tmp_path, database) as engine:
        wait_until(lambda: connector(engine)["events"] > 1, "the second table is read")
        os.kill(engine.process.pid, signal.SIGSTOP)
        database.sql("SET SESSION lock_wait_timeout = 10; ALTER TABLE a ADD v int")
        os.kill(engine.process.pid, signal.SIGCONT)
        wait_running(engine)
        database.sql("INSERT INTO a VALUES (2, 3)")
        wait_until(lambda: any(e["data"] == {"id": 2, "v": 3} for e in changes(engine)), "the change")


def test_the_example_config(tmp_path, server):
    server.sql("CREATE TABLE orders (id int PRIMARY KEY, total decimal(10, 2), paid bool)")
    text = (ROOT / "configs/shop_changes.yaml").read_text().replace("../functions", str(ROOT / "functions"))
    engine = Engine(tmp_path, text.replace("${env:SHOP_DATABASE_URL}", server.url))
    with engine:
        wait_running(engine)
        server.sql("INSERT INTO orders VALUES (7, 12.50, false), (8, 1, false); UPDATE orders SET paid = true WHERE id = 7")
        wait_until(lambda: engine.consume("receipts"), "a receipt", 60)
        assert [e["data"] for e in engine.consume("receipts")] == [{"order": 7, "receipt": "12.50"}]

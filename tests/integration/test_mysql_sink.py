# SPDX-License-Identifier: Apache-2.0
"""The sink `mysql` of the built binary with a real MariaDB server: every event a row, once, across kill -9 of both."""

import json
import random

import pytest

import mariadb_server
from mariadb_server import wait_for_error
from table_sink import (  # noqa: F401 (the tests of both)
    engine_for, event, numbers, reasons, test_a_changed_table_takes_the_letters_that_it_refused, test_a_database_that_has_gone_back_holds_the_sink,
    test_a_seek_writes_again_and_a_replay_once, test_a_server_that_hangs_does_not_hold_a_stop, test_deadlocks_are_tried_again,
    test_kill_9_of_the_engine_neither_loses_nor_repeats_a_row, test_kill_9_of_the_server_neither_loses_nor_repeats_a_row, write)

server = pytest.fixture(scope="module")(mariadb_server.server)
database = pytest.fixture(mariadb_server.database)


def test_fields_go_to_the_columns_of_their_names(tmp_path, database):
    database.sql("""CREATE TABLE bills (id bigint unsigned PRIMARY KEY, n decimal(30, 5), b bool, t varchar(20), j json, raw varbinary(9), at datetime(3), ts timestamp NULL,
        d date, tm time, e enum('good', 'bad'), bits bit(4), f double, twice int AS (b * 2) STORED, dflt varchar(9) DEFAULT 'default', `the ``odd``` text)""")
    with engine_for(tmp_path, database) as engine:
        line = {"id": 7, "b": True, "t": "it's \\ \U0001F600", "j": {"a": [1, None]}, "raw": "AAH/", "at": "2026-11-28T10:00:00.5+01:00", "ts": "2026-11-28T10:00:00Z",
                "d": "2026-11-28", "tm": "-10:00:00", "e": "good", "bits": 5, "f": 0.1, "the `odd`": [1]}
        text = json.dumps({"data": line}).replace('"id": 7', '"id": 18446744073709551615, "n": 1234567890123456789012345.12345')
        engine.run("produce", "bills", "--ndjson", data=text + "\n")
        engine.wait_settled("out")
        assert reasons(engine) == []
    assert database.rows("SELECT id, n, b, hex(t), j, hex(raw), at, ts, d, tm, e, bits + 0, f, twice, dflt, `the ``odd``` FROM bills") == [[
        "18446744073709551615", "1234567890123456789012345.12345", "1", "it's \\ \U0001F600".encode().hex().upper(), '{"a": [1, null]}', "0001FF", "2026-11-28 09:00:00.500",
        "2026-11-28 10:00:00", "2026-11-28", "-10:00:00", "good", "5", "0.1", "2", "default", "[1]"]]


def test_what_a_row_has_wrong_is_a_dead_letter_and_its_neighbours_are_written(tmp_path, database):
    database.sql("""CREATE TABLE parents (id int PRIMARY KEY);
        CREATE TABLE bills (id int PRIMARY KEY, total decimal(5, 2) NOT NULL CHECK (total <> 13), name varchar(5), e enum('a'), parent int, FOREIGN KEY (parent) REFERENCES parents (id));
        DELIMITER //
        CREATE TRIGGER refuse BEFORE INSERT ON bills FOR EACH ROW IF NEW.name = 'no' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not this one'; END IF//""")
    bad = {"cannot be null": {"id": 1000, "total": None}, "doesn't have a default": {"id": 1001}, "Incorrect integer": {"id": "x", "total": 1}, "Out of range": {"id": 1002, "total": 1e9},
           "`bills.total` failed": {"id": 1003, "total": 13}, "too long": {"id": 1004, "total": 1, "name": "too long"}, "not this one": {"id": 1005, "total": 1, "name": "no"},
           "Duplicate entry": {"id": 5, "total": 1}, "foreign key": {"id": 1006, "total": 1, "parent": 1}, "truncated": {"id": 1007, "total": 1, "e": "b"}}
    with engine_for(tmp_path, database, partitions=1) as engine:
        events = [event({"id": i, "total": 1}) for i in range(6, 200)] + [event(data) for data in bad.values()]
        random.Random(7).shuffle(events)
        write(engine, [event({"id": i, "total": 1}) for i in range(6)] + events)
        texts = reasons(engine)
        assert len(texts) == len(bad) and all("E7244" in text for text in texts), texts
        for words in bad:
            assert sum(words in text for text in texts) == 1, (words, texts)
    assert numbers(database) == (200, 200)


def test_what_is_missing_holds_the_sink(tmp_path, database):
    with engine_for(tmp_path, database) as engine:
        assert wait_for_error(engine, "E7241")["state"] == "failed"
        engine.produce("bills", [event({"id": 1})])
        database.sql("CREATE TABLE bills (id int) ENGINE = Aria")
        assert "Aria" in wait_for_error(engine, "E7242")["last_error"]
        database.sql("ALTER TABLE bills ENGINE = InnoDB")
        engine.wait_settled("out")
        assert engine.letters() == []
    assert numbers(database) == (1, 1)


def test_upserts_and_tombstones(tmp_path, database):
    database.sql("CREATE TABLE bills (id bigint, part varchar(9), total int, note varchar(9) DEFAULT 'none', PRIMARY KEY (id, part))")
    with engine_for(tmp_path, database, "mode: upsert, delete: tombstone") as engine:
        large = 9007199254740993
        key = json.dumps([large, "a"])
        write(engine, [event({"id": large, "part": "a", "total": 1}, key), event({"id": large, "part": "a", "note": "kept"}, key), event({"id": large - 1, "part": "a", "total": 2}, "x")])
        assert database.rows("SELECT * FROM bills ORDER BY id") == [[str(large - 1), "a", "2", "none"], [str(large), "a", "1", "kept"]]
        write(engine, [event(None, key), event(None, '{"part": "b"}')])
        assert database.rows("SELECT id FROM bills") == [[str(large - 1)]]
        assert len(engine.letters()) == 1


def test_values_and_keys_that_the_server_would_take_as_others_are_dead_letters(tmp_path, database):
    database.sql("""CREATE TABLE bills (id int PRIMARY KEY, e enum('10', '20'), s set('x', 'y'), b bit(8));
        INSERT INTO bills (id) VALUES (0), (1), (2)""")
    with engine_for(tmp_path, database, "mode: upsert, delete: tombstone", partitions=1) as engine:
        write(engine, [event({"id": 10, "e": 20, "s": "x,y", "b": 65}), event({"id": 11, "e": "10", "b": "7"})])
        assert reasons(engine) == []
        write(engine, [event({"id": 20 + i, **data}) for i, data in enumerate([{"e": 1}, {"e": "2"}, {"s": 3}, {"s": "1"}, {"b": "A"}, {"b": "true"}])])
        assert len(engine.letters()) == 6 and all("E7245" in text for text in reasons(engine))
        write(engine, [event(None, key) for key in ("abc", "1abc", "", "0x1", " +2")])
        texts = [text for text in reasons(engine) if "E7244" in text]
        assert len(texts) == 4 and sum('"1abc" is not a number' in text for text in texts) == 1
    assert database.rows("SELECT id, e, s, b + 0 FROM bills WHERE id >= 10 ORDER BY id") == [["10", "20", "x,y", "65"], ["11", "10", "NULL", "7"]]
    assert database.rows("SELECT id FROM bills WHERE id < 10 ORDER BY id") == [["0"], ["1"]], "only the row of the key that is a number"


def test_a_statement_that_takes_too_long_is_tried_again(tmp_path, database):
    database.sql("CREATE TABLE bills (id int); CREATE TRIGGER slow BEFORE INSERT ON bills FOR EACH ROW SET @slept = SLEEP(5)")
    with engine_for(tmp_path, database, "timeout: 1s") as engine:
        engine.produce("bills", [event({"id": 1})])
        assert "max_statement_time" in wait_for_error(engine, "E7221")["last_error"]
        database.sql("DROP TRIGGER slow")
        engine.wait_settled("out")
        assert engine.letters() == []
    assert numbers(database) == (1, 1)


def test_a_server_that_is_read_only_holds_the_sink(tmp_path, database, server):
    database.sql(f"CREATE TABLE bills (id int); CREATE USER plain@'127.0.0.1' IDENTIFIED BY 'plain'; GRANT ALL ON {database.name}.* TO plain@'127.0.0.1'")
    with engine_for(tmp_path, database, url=database.url.replace("pelton:pelton", "plain:plain")) as engine:
        write(engine, [event({"id": 1})])
        database.sql("SET GLOBAL read_only = 1")
        engine.produce("bills", [event({"id": 2})])
        wait_for_error(engine, "E7249")
        database.sql("SET GLOBAL read_only = 0")
        engine.wait_settled("out")
        assert engine.letters() == []
    assert numbers(database) == (2, 2)


def test_the_table_is_created_and_takes_large_rows(tmp_path, database):
    with engine_for(tmp_path, database, "create: { id: int, item: longtext }, key: id, mode: upsert", more="batch: { events: 1000, bytes: 8MiB }") as engine:
        write(engine, [event({"id": i, "item": "x'\\" * 300_000}) for i in range(20)])
        write(engine, [event({"id": 20, "item": "x" * (17 << 20)})])
        assert engine.letters() == []
    assert database.rows("SELECT count(*), min(length(item)), max(length(item)) FROM bills") == [["21", "900000", str(17 << 20)]]

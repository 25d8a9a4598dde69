# SPDX-License-Identifier: Apache-2.0
"""The sink `mysql` of the built binary with a real MariaDB server: every event a row, once, across kill -9 of both."""

import json
import random
import threading

import pytest

import mariadb_server
from engine import Engine, wait_until
from mariadb_server import connector, wait_for_error

server = pytest.fixture(scope="module")(mariadb_server.server)
database = pytest.fixture(mariadb_server.database)


def engine_for(folder, database, options="", more="", partitions=2, url=""):
    return Engine(folder, f"""version: 1
engine: {{ data: ./data, free_space: 1MiB, shutdown_timeout: 10s }}
streams: {{ bills: {{ partitions: {partitions} }} }}
connectors:
  out:
    mysql: {{ url: "{url or database.url}", table: {database.name}.bills, {options} }}
    from: bills
    retry: {{ attempts: 2, backoff: {{ first: 10ms }} }}
    {more}
""")


def event(data, key=None, **more):
    return {"data": data, **({} if key is None else {"key": str(key)}), **more}


def write(engine, events):
    engine.produce("bills", events)
    engine.wait_settled("out")


def numbers(database):
    """Of the rows, how many and how many different ones."""
    return tuple(int(n) for n in database.rows("SELECT count(*), count(DISTINCT id) FROM bills")[0])


def reasons(engine):
    return [engine.run("dead-letters", "show", letter["id"]).stdout for letter in engine.letters()]


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


def test_kill_9_of_the_engine_neither_loses_nor_repeats_a_row(tmp_path, database):
    database.sql("CREATE TABLE bills (place serial, id int, item text)")
    engine = engine_for(tmp_path, database, "columns: { id: data.id, item: data.item }", more="batch: { events: 200 }")
    engine.start()
    count = 20_000
    engine.produce("bills", [event({"id": i, "item": "x" * 100}, i % 50) for i in range(count)])
    for _ in range(5):
        before = numbers(database)[0]
        wait_until(lambda: numbers(database)[0] > before + 300 or engine.lag("out") == 0, "rows")
        engine.kill()
        engine.start()
    engine.wait_settled("out")
    engine.kill()
    assert numbers(database) == (count, count)
    assert database.sql("SELECT count(*) FROM (SELECT id, lag(id) OVER (PARTITION BY id % 50 ORDER BY place) AS was FROM bills) o WHERE id < was") == "0", "order"


def test_kill_9_of_the_server_neither_loses_nor_repeats_a_row(tmp_path, database, server):
    database.sql("CREATE TABLE bills (id int, item text)")
    engine = engine_for(tmp_path, database, more="batch: { events: 200 }")
    engine.start()
    count = 10_000
    engine.produce("bills", [event({"id": i, "item": "x" * 100}, i % 50) for i in range(count)])
    for _ in range(2):
        before = numbers(database)[0]
        wait_until(lambda: numbers(database)[0] > before + 300 or engine.lag("out") == 0, "rows")
        server.kill()
        wait_until(lambda: connector(engine)["state"] == "backing_off" or engine.lag("out") == 0, "the sink notices")
        server.up()
    engine.wait_settled("out")
    assert engine.letters() == [] and engine.binding("out")["failed_attempts"] == 0
    engine.kill()
    assert numbers(database) == (count, count)


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


def test_a_seek_writes_again_and_a_replay_once(tmp_path, database):
    database.sql("CREATE TABLE bills (id int, CONSTRAINT small CHECK (id <> 3))")
    with engine_for(tmp_path, database, partitions=1) as engine:
        write(engine, [event({"id": i}) for i in range(5)])
        assert len(engine.letters()) == 1 and numbers(database) == (4, 4)
        engine.run("offsets", "seek", "out", "--to-earliest", "--yes")
        engine.wait_settled("out")
        assert numbers(database) == (8, 4), "somebody wanted them again"
        database.sql("ALTER TABLE bills DROP CONSTRAINT small")
        engine.run("dead-letters", "replay", engine.letters()[0]["id"])
        wait_until(lambda: engine.letters() == [], "the letter is gone")
    assert numbers(database) == (9, 5)


def test_the_table_is_created_and_takes_large_rows(tmp_path, database):
    with engine_for(tmp_path, database, "create: { id: int, item: longtext }, key: id, mode: upsert", more="batch: { events: 1000, bytes: 8MiB }") as engine:
        write(engine, [event({"id": i, "item": "x'\\" * 300_000}) for i in range(40)])
        assert engine.letters() == []
    assert database.rows("SELECT count(*), min(length(item)) FROM bills") == [["40", "900000"]]


def test_deadlocks_are_tried_again(tmp_path, database):
    database.sql("CREATE TABLE bills (id int PRIMARY KEY, v int); INSERT INTO bills SELECT seq, 0 FROM seq_1_to_200")
    with engine_for(tmp_path, database, "mode: upsert", more="batch: { events: 50 }", partitions=1) as engine:
        stop = threading.Event()

        def others():
            while not stop.is_set():
                updates = "; ".join(f"UPDATE bills SET v = v WHERE id = {i}" for i in random.sample(range(1, 201), 20))
                try:
                    database.sql(f"START TRANSACTION; {updates}; COMMIT")
                except AssertionError:  # the deadlock was its own
                    pass

        thread = threading.Thread(target=others)
        thread.start()
        for _ in range(5):
            write(engine, [event({"id": i, "v": 1}, i) for i in random.sample(range(1, 201), 200)])
        stop.set()
        thread.join()
        assert engine.letters() == [] and engine.binding("out")["failed_attempts"] == 0
    assert database.sql("SELECT count(*) FROM bills WHERE v = 1") == "200"
